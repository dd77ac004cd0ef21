"""How a system's walkers move: by a name, or by any function that samples a density."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError
from physml.vmc.amplitude import log_psi_of
from physml.vmc.moves import moves_of

TRAP = pm.vmc.HarmonicOscillator()
GAS = pm.vmc.ElectronGas(n_up=1, n_down=1, dimension=2, rs=1.0)
SPINS = pm.vmc.IsingChain(sites=4)


def moves(system, sampler, psi=None):
    """What makes the sampler; nothing is drawn."""
    psi = pm.MLP((3,)) if psi is None else psi
    return moves_of(system, psi, log_psi_of(system, psi), None, sampler, 3)[0]


@pytest.mark.parametrize(
    ("system", "name", "function"),
    [
        (TRAP, "metropolis", pm.metropolis),
        (TRAP, "langevin", pm.langevin),
        (GAS, "langevin", pm.langevin),
        (pm.vmc.Atom(symbol="Be"), "metropolis", pm.metropolis),
        (SPINS, "metropolis", pm.sampling.spin_metropolis),
    ],
)
def test_a_function_is_what_its_name_stands_for(system, name, function):
    named, given = moves(system, name), moves(system, function)
    assert named.func is given.func is function
    assert {**named.keywords, "wrap": None} == {**given.keywords, "wrap": None}


def test_the_density_is_that_of_the_wave_function():
    density = moves(TRAP, pm.langevin).args[0]
    psi = pm.MLP((3,))
    x = jnp.ones((1, 1))
    params = psi.init(jax.random.key(0), x)
    np.testing.assert_allclose(density(params, x), 2 * log_psi_of(TRAP, psi)(params, x), rtol=1e-14)


def test_a_wave_function_with_cheap_moves_brings_them_to_the_function_too():
    psi = pm.vmc.Slater(GAS)
    for sampler in (
        "metropolis-one-electron",
        pm.sampling.metropolis_one_electron,
        partial(pm.sampling.metropolis_one_electron, width=0.2),
    ):
        assert isinstance(moves(GAS, sampler, psi).args[0], pm.sampling.OneElectronMoves)
    assert not isinstance(moves(GAS, "metropolis", psi).args[0], pm.sampling.OneElectronMoves)


def test_what_is_bound_stays():
    made = moves(TRAP, partial(pm.langevin, width=0.125))
    assert made.keywords["width"] == 0.125 and made.keywords["sweeps"] == 3


def bare(log_density, initial, *, adapt=True, burn_in=0):
    raise AssertionError("asked for nothing")


@pytest.mark.parametrize(
    ("system", "sampler", "message"),
    [
        (GAS, bare, "without wrap"),
        (SPINS, bare, "without propose"),
        (SPINS, pm.langevin, "without propose"),
        (TRAP, lambda log_density, initial: None, "without adapt, burn_in"),
        (TRAP, 3, "expected a name or a function .* got 3"),
    ],
)
def test_a_function_that_cannot_serve_is_refused(system, sampler, message):
    with pytest.raises(ConfigurationError, match=f"sampler: .*{message}"):
        moves(system, sampler)
    assert moves(TRAP, bare).func is bare


@pytest.mark.slow
def test_trajectories_find_a_ground_state():
    """The oscillator in two dimensions, ½ hartree for each: HMC samples what Metropolis does."""
    state = pm.ground_state(
        pm.vmc.HarmonicOscillator(dimension=2),
        pm.MLP((6,)),
        sampler=partial(pm.sampling.hamiltonian, leapfrogs=3),
        walkers=128,
        sweeps=2,
        steps=40,
        measurements=50,
    )
    assert abs(state.energy.mean - 1.0) < 5 * state.energy.error + 5e-3
    assert state.energy.converged and 0.4 < state.measurement.acceptance < 0.7


def test_a_measurement_by_log_psi_in_place_of_its_density_is_refused():
    log_psi = lambda params, x: -0.5 * jnp.sum(x**2)
    sampled = partial(pm.metropolis, log_psi, lambda key: jax.random.normal(key, (8, 1, 1)))
    with pytest.raises(ConfigurationError, match=r"moves: expected a sampler of ln\|ψ\|²"):
        pm.vmc.measure(log_psi, None, TRAP.local_energy, sampled, key=jax.random.key(0), steps=8)


@pytest.mark.parametrize(
    ("log_psi", "got"),
    [
        (lambda params, x: x[0], r"\(1,\)"),
        (lambda params, x: pm.vmc.SignedLog(x[0, 0], x[0, 0]), "SignedLog; .* as Psi"),
    ],
)
def test_a_wave_function_is_one_number(log_psi, got):
    sampler = pm.metropolis(pm.vmc.log_density(log_psi), lambda key: jnp.ones((3, 1, 1)))
    with pytest.raises(pm.errors.ShapeError, match=f"log ψ: expected one number .* got {got}"):
        sampler.sample(jax.random.key(0), sampler.init(jax.random.key(0), None), None)
