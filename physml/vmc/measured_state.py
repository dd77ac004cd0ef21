"""What a search for a ground state returns: a state optimised, and measured on fresh walkers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flax.linen as nn
import numpy as np

from physml.sampling import Estimate
from physml.train import FitResult
from physml.types import Field
from physml.vmc.amplitude import log_psi_of
from physml.vmc.measure import Measurement
from physml.vmc.plots import overview
from physml.vmc.signed_log import at_params
from physml.vmc.systems.system import QuantumSystem, Reference
from physml.vmc.wavefunctions.slater import Slater


def reference_of(system: QuantumSystem, wavefunction: nn.Module) -> Reference | None:
    """The energy that a wave function of a system is to be held against, if one is known.

    That of a bare Slater determinant whose Hartree–Fock energy is known is this, exactly, since it
    can never reach the ground state; of any other wave function the system's ``reference``.

    >>> import physml as pm
    >>> gas = pm.vmc.ElectronGas(rs=2.0)
    >>> pm.vmc.reference_of(gas, pm.vmc.Slater(gas)).source
    'Hartree–Fock, exact for this state'
    """
    if isinstance(wavefunction, Slater) and system.hartree_fock_energy is not None:
        return Reference(system.hartree_fock_energy, 0.0, "Hartree–Fock, exact for this state")
    return system.reference


class GroundState:
    """An optimised state of a system, measured.

    Attributes:
        system: whose ground state it approximates.
        wavefunction: the linen module.
        result: parameters, history and times of the optimisation.
        measurement: energy, local energies and walkers after it.
    """

    def __init__(
        self,
        system: QuantumSystem,
        wavefunction: nn.Module,
        result: FitResult,
        measurement: Measurement,
    ) -> None:
        self.system = system
        self.wavefunction = wavefunction
        self.result = result
        self.measurement = measurement

    def __repr__(self) -> str:
        """The energy with its error bar, its imaginary part, and what was left out of it."""
        missing, imaginary = self.measurement.not_finite, self.measurement.imaginary
        out = f", {missing} local energies not finite" if missing else ""
        beside = "" if imaginary is None else f", imaginary part {imaginary}"
        return f"GroundState({self.system.name}: {self.energy} hartree{beside}{out})"

    @property
    def params(self) -> Any:
        """The wave function's parameters."""
        return self.result.params

    @property
    def energy(self) -> Estimate:
        """The energy in hartree with its blocked error bar, from fresh walkers, unclipped."""
        return self.measurement.energy

    @property
    def reference(self) -> Reference | None:
        """What the energy is to be held against, with its own error and source."""
        return reference_of(self.system, self.wavefunction)

    @property
    def energy_per_particle(self) -> Estimate:
        """The energy divided by the number of particles, as extensive systems are compared."""
        n = self.system.shape[0]
        total = self.energy
        return total._replace(
            mean=total.mean / n, error=total.error / n, variance=total.variance / n**2
        )

    @property
    def variance(self) -> float:
        """The variance ``⟨|E_L − Ē|²⟩`` in hartree², of an eigenstate zero."""
        return self.energy.variance

    @property
    def log_psi(self) -> Field:
        """``walker (N, d) -> log ψ``, of which ``psi_ratio`` knows the sign."""
        return at_params(log_psi_of(self.system, self.wavefunction), self.params)

    def save_samples(self, path: str | Path) -> Path:
        """Save walkers (bohr) and local energies (hartree) as npz, without pickle.

        Where local energies are not finite, the first walker with one is ``first_not_finite``.

        Args:
            path: the file; its folder is made.

        Returns:
            The path.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        measured = self.measurement
        arrays = {"walkers": measured.walkers, "local_energies": measured.local_energies}
        if measured.first_not_finite is not None:
            arrays["first_not_finite"] = measured.first_not_finite
        with path.open("wb") as file:  # given a name, numpy would append .npz to it
            np.savez(file, allow_pickle=False, **arrays)
        return path

    def plot(self, path: str | Path) -> Path:
        """Save a figure: energy against step, one-body density, and distances.

        In a periodic cell: energy against step, pair correlation, structure factor.

        Args:
            path: a file whose ending names the format.

        Returns:
            The path.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        overview(path, self.system, self.result, self.measurement)
        return Path(path)
