"""What the overview of a ground state shows: the reference of its wave function, and positions."""

from __future__ import annotations

from contextlib import contextmanager
from unittest.mock import MagicMock

import numpy as np
import pytest

import physml as pm
from physml.sampling import Estimate
from physml.vmc import plots
from physml.vmc.measurement import Measurement


@pytest.fixture
def panels(monkeypatch):
    """The three axes of a figure that nobody draws."""
    axes = [MagicMock() for _ in range(3)]
    monkeypatch.setattr(plots, "figure", contextmanager(lambda *shape: iter([axes])))
    return axes


def state(system, wavefunction):
    walkers = np.random.default_rng(0).uniform(size=(2, 6, *system.shape))
    energy = Estimate(0.3, 0.01, 1.0, 1.0, 0.1, 48)
    measured = Measurement(energy, np.full((8, 6), 0.3), walkers, 0.5, 50, 0.0)
    return pm.GroundState(system, wavefunction, {}, measured)


def test_a_slater_state_is_shown_beside_its_hartree_fock_energy(panels):
    """As in the report: the correlated energy is none that it can reach."""
    gas = pm.vmc.ElectronGas(rs=2.0)
    for psi in (pm.vmc.Slater(gas), pm.SlaterJastrow(gas)):
        found = state(gas, psi)
        found.plot("gas.png")
        assert panels[0].axhline.call_args.args == (found.reference.energy,)
    assert gas.hartree_fock_energy > 0 > gas.reference.energy


def test_one_electron_in_a_cell_has_no_pairs(panels):
    gas = pm.vmc.ElectronGas(n_up=1, n_down=0)
    state(gas, pm.vmc.Slater(gas)).plot("gas.png")
    titles = [axis.set.call_args.kwargs["title"] for axis in panels]
    assert titles == ["electron-gas", "local energy", "structure factor"]


def test_particles_with_moves_of_their_own_are_no_spins(panels):
    """A proposal in a plane: densities; of one number a site: spin correlations."""
    own = {"proposal": lambda key, x: x, "walkers": lambda key, count: None}
    for shape, title in (((2, 2), "density"), ((4, 1), "spin correlation")):
        state(pm.System(lambda f, x: 0.0, shape, **own), pm.MLP((3,))).plot("state.png")
        assert panels[1].set.call_args.kwargs["title"] == title
