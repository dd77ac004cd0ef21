"""A ground state saved and read back: the same bits, and nothing of another one."""

from __future__ import annotations

import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import CheckpointError, FingerprintError
from physml.networks import NetworkSettings
from physml.vmc import WavefunctionSettings

SYSTEM = pm.vmc.DoubleWell()
NETWORK = pm.MLP((4,))


@pytest.fixture(scope="module")
def state():
    return pm.ground_state(SYSTEM, NETWORK, walkers=16, steps=2, measurements=8)


@pytest.fixture
def place(state, tmp_path):
    return state.save(tmp_path / "state")


def test_it_comes_back_to_the_same_bits(state, place, tmp_path):
    """Parameters, ψ, every number of the measurement, the history; it is plotted, too."""
    by_settings = WavefunctionSettings(name="network", network=NetworkSettings(width=4, depth=1))
    found = pm.GroundState.load(place, SYSTEM, by_settings)
    x = jnp.full(SYSTEM.shape, 0.3)
    assert found.log_psi(x) == state.log_psi(x)
    assert found.energy == state.energy
    for name, value in state.measurement._asdict().items():
        np.testing.assert_array_equal(getattr(found.measurement, name), value)
    assert list(found.history) == list(state.result.history)
    np.testing.assert_array_equal(found.history["energy"], state.result.history["energy"])
    assert found.result is None
    assert found.numbers()["steps"] == state.numbers()["steps"] == 2
    assert found.plot(tmp_path / "state.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("system", "network", "words"),
    [
        (pm.vmc.DoubleWell(quartic=0.7), NETWORK, "the local energy"),
        (SYSTEM, pm.MLP((4,), activation=jnp.sin), "ψ"),
        (pm.vmc.HarmonicOscillator(), NETWORK, "the local energy"),
    ],
)
def test_it_is_not_loaded_as_another(place, system, network, words):
    with pytest.raises(FingerprintError, match=words):
        pm.GroundState.load(place, system, network)


def test_another_shape_is_refused(place):
    with pytest.raises(CheckpointError, match="leaf"):
        pm.GroundState.load(place, SYSTEM, pm.MLP((5,)))


@pytest.mark.parametrize("name", ["measurement.json", "measurement.npz"])
def test_a_damaged_measurement_is_refused(place, name):
    """One number of the JSON altered, one byte of the arrays, or none there at all."""
    file = place / name
    if name.endswith("json"):
        document = json.loads(file.read_text())
        document["numbers"]["energy"]["mean"] -= 1.0
        file.write_text(json.dumps(document))
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    with pytest.raises(CheckpointError, match="no readable measurement"):
        pm.GroundState.load(place, SYSTEM, NETWORK)
    file.unlink()
    with pytest.raises(CheckpointError, match="no readable measurement"):
        pm.GroundState.load(place, SYSTEM, NETWORK)


def test_the_precision_of_products_is_no_part_of_it(place):
    """A command line multiplies by ``highest``, a script by the default."""
    with jax.default_matmul_precision("highest"):
        pm.GroundState.load(place, SYSTEM, NETWORK)


def test_a_second_state_does_not_take_its_place(state, place):
    with pytest.raises(CheckpointError, match="already holds a state"):
        state.save(place)


@pytest.mark.slow
def test_it_is_read_in_single_precision_with_a_word(state, place):
    """In a process without x64: seven digits of ψ, every digit of the measurement."""
    script = """
import sys, warnings
import jax.numpy as jnp, physml as pm
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    state = pm.GroundState.load(sys.argv[1], pm.vmc.DoubleWell(), pm.MLP((4,)))
print([str(w.message) for w in told if issubclass(w.category, pm.errors.PrecisionWarning)])
print(state.log_psi(jnp.full((1, 1), 0.3)).dtype, repr(state.energy.mean))
print(float(state.log_psi(jnp.full((1, 1), 0.3))))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(place)], capture_output=True, text=True, check=True
    )
    told, kind, value = ran.stdout.strip().splitlines()
    assert "saved in double precision" in told and "jax_enable_x64" in told
    assert kind == f"float32 {state.energy.mean!r}"
    np.testing.assert_allclose(float(value), state.log_psi(jnp.full((1, 1), 0.3)), rtol=1e-5)
