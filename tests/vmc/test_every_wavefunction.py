"""What all wave functions by name share: one number a walker, both precisions, errors, equality."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.signed_log import SignedLog

PAIR, SPINS = pm.QuantumDot(n_up=1, n_down=1), pm.vmc.IsingChain(sites=4)
SMALL = {
    "network": {"network": pm.networks.NetworkSettings(width=4, depth=1)},
    "slater": {},
    "rbm": {"density": 2},
    "gaussian-rbm": {"hidden": 2},
    "slater-rbm": {"hidden": 2},
}
NAMES = pm.vmc.WavefunctionSettings.names()
every_wavefunction = pytest.mark.parametrize("name", NAMES)


def system_of(name):
    return SPINS if name == "rbm" else PAIR


def small(name):
    settings = pm.vmc.WavefunctionSettings(name=name, **SMALL.get(name, {"width": 4, "depth": 1}))
    return settings.build(system_of(name))


def walker_of(system, dtype=float):
    ones = np.ones(system.shape) if system is SPINS else np.linspace(-0.5, 0.8, 4).reshape(2, 2)
    return jnp.asarray(ones, dtype)


def log_of(value):
    return value.log if isinstance(value, SignedLog) else value


@every_wavefunction
@pytest.mark.parametrize("bits", [32, 64])
def test_a_walker_gives_one_number_in_its_precision(name, bits, key):
    """Also of many walkers at once; parameters have the precision of the mode."""
    with jax.enable_x64(bits == 64):
        psi, system, float_type = small(name), system_of(name), jnp.dtype(f"float{bits}")
        x = walker_of(system, float_type)
        value, params = jax.eval_shape(psi.init_with_output, key, x)
        assert log_of(value).shape == () and log_of(value).dtype == float_type
        assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {float_type}
        many = jax.eval_shape(jax.vmap(psi.apply, (None, 0)), params, jnp.stack([x] * 3))
        assert log_of(many).shape == (3,)


@every_wavefunction
def test_wave_functions_built_alike_are_one_static_argument(name):
    assert small(name) == small(name)
    assert hash(small(name)) == hash(small(name))


@pytest.mark.parametrize("name", ["network", "slater-jastrow", "rbm", "message-passing"])
def test_a_key_decides_the_first_parameters_and_all_is_finite(name, key):
    psi, x = small(name), walker_of(system_of(name))
    draw = jax.jit(psi.init_with_output)
    (value, first), (_, again), (_, other) = draw(key, x), draw(key, x), draw(jax.random.key(7), x)
    assert np.isfinite(log_of(value))
    same = lambda a, b: jax.tree.all(jax.tree.map(np.array_equal, a, b))
    assert same(first, again) and not same(first, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({"name": name, option: 0}, rf"wavefunction.{option}: expected a positive integer")
            for name in NAMES
            for option in ("width", "depth", "determinants", "hidden", "density")
            if option in pm.vmc.WavefunctionSettings.named(name).__annotations__
        ),
        (
            {"name": "network", "network": pm.networks.NetworkSettings(width=0)},
            r"wavefunction: network.width: expected a positive integer",
        ),
    ],
    ids=str,
)
def test_sizes_are_refused_by_name(options, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        pm.vmc.WavefunctionSettings(**options).build(PAIR)
