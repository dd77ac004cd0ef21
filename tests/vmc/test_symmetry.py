"""What a wave function of electrons must be is measured before a run, and its violation named."""

from __future__ import annotations

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import physml as pm
from physml.vmc.ground_state import amplitude
from physml.vmc.wavefunctions.symmetry import check_symmetry

GAS = pm.ElectronGas(n_up=7, n_down=7, rs=2.0)
POLARISED = pm.ElectronGas(n_up=7, n_down=0, dimension=3, rs=1.0, twist=(0.1, 0.2, 0.3))
LIH = pm.Molecule(name="LiH")


def check(system, wavefunction):
    params = wavefunction.init(jax.random.key(0), system.length * jnp.ones(system.shape))
    psi = partial(amplitude, system, wavefunction)
    check_symmetry(system, psi, params, jax.random.key(1))


class Altered(nn.Module):
    """A wave function times ``e^{change(x)}``."""

    inner: nn.Module
    change: str

    @nn.compact
    def __call__(self, x):
        """``log|ψ|`` and the sign."""
        log, sign = self.inner(x)
        factor = {
            "first electron": 0.3 * jnp.cos(2 * jnp.pi * x[0, 1] / GAS.cell.lengths[1]),
            "no period": jnp.sum(jnp.cos(x[:, 2])),
        }
        return pm.SignedLog(log + factor[self.change], sign)


@pytest.mark.parametrize(
    ("system", "wavefunction"),
    [
        (GAS, pm.Slater(GAS)),
        (GAS, pm.MessagePassing(GAS, width=4)),
        (POLARISED, pm.SlaterJastrow(POLARISED)),
        (LIH, pm.MessagePassing(LIH, width=4, determinants=2)),
        (pm.QuantumDot(), pm.MLP((4,))),
        (pm.TrappedBosons(), pm.MLP((4,))),
    ],
    ids=lambda value: getattr(value, "name", None) or type(value).__name__,
)
def test_what_is_right_passes(system, wavefunction):
    check(system, wavefunction)


@pytest.mark.parametrize("x64", [True, False])
def test_single_precision_passes_too(x64):
    with jax.enable_x64(x64):
        check(GAS, pm.MessagePassing(GAS, width=4))


def test_a_network_without_a_sign_is_refused_for_electrons_of_one_spin():
    dot = pm.QuantumDot(n_up=3, n_down=3)
    with pytest.raises(
        pm.errors.ConfigurationError,
        match=r"quantum-dot: expected ψ to be multiplied by -1 when two electrons with spin up "
        r"change places, but it is not: \|ψ'/ψ − \(-1\)\| = [12]",
    ):
        pm.ground_state(dot, pm.MLP((4,)), steps=1)


def test_what_tells_one_electron_from_another_is_refused():
    with pytest.raises(pm.errors.ConfigurationError, match="spin up change places"):
        check(GAS, Altered(pm.Slater(GAS), "first electron"))


def test_what_has_not_the_period_of_the_cell_is_refused():
    length = f"{GAS.cell.lengths[2]:.4g}"
    with pytest.raises(pm.errors.ConfigurationError, match=rf"{length} bohr along axis 2"):
        check(GAS, Altered(pm.Slater(GAS), "no period"))


def test_the_twist_is_asked_for():
    """Plane waves of another twist have another phase across the cell."""
    other = pm.ElectronGas(n_up=7, n_down=0, dimension=3, rs=1.0, twist=(0.1, 0.2, 0.35))
    with pytest.raises(pm.errors.ConfigurationError, match="along axis 2"):
        check(POLARISED, pm.Slater(other))


def test_several_numbers_are_no_amplitude():
    with pytest.raises(pm.errors.ShapeError, match=r"got shape \(2,\)"):
        check(pm.QuantumDot(n_up=3, n_down=1), pm.MLP((4,), outputs=2))
