"""What a search for a ground state returns: a state optimised, and measured on fresh walkers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import CheckpointError
from physml.sampling import Estimate
from physml.train import FitResult, checkpoint, fingerprint
from physml.train.precision import in_default_precision, in_precision_of
from physml.train.program import program
from physml.types import Field
from physml.vmc import report
from physml.vmc.amplitude import first_params, log_psi_of
from physml.vmc.measurement import Measurement
from physml.vmc.measurement_file import load_measurement, save_measurement
from physml.vmc.plots import overview
from physml.vmc.signed_log import at_params
from physml.vmc.systems.system import QuantumSystem, Reference, check_system
from physml.vmc.wavefunctions.settings import WavefunctionSettings, wavefunction_of
from physml.vmc.wavefunctions.slater import Slater


def reference_of(
    system: QuantumSystem, wavefunction: nn.Module | WavefunctionSettings | str
) -> Reference | None:
    """The energy that a wave function of a system is to be held against, if one is known.

    That of a bare Slater determinant whose Hartree–Fock energy is known is this, exactly, since it
    can never reach the ground state; of any other wave function the system's ``reference``.

    >>> import physml as pm
    >>> gas = pm.vmc.ElectronGas(rs=2.0)
    >>> pm.vmc.reference_of(gas, pm.vmc.Slater(gas)).source
    'Hartree–Fock, exact for this state'
    """
    slater = isinstance(wavefunction_of(wavefunction, system), Slater)
    if slater and system.hartree_fock_energy is not None:
        return Reference(system.hartree_fock_energy, 0.0, "Hartree–Fock, exact for this state")
    return system.reference


class GroundState:
    """An optimised state of a system, measured.

    Attributes:
        system: whose ground state it approximates.
        wavefunction: the linen module.
        params: the wave function's parameters.
        measurement: energy, local energies and walkers after the optimisation.
        history: each scalar of the optimisation at each step, ``(steps,)``.
        result: the whole of the optimisation; None for a state that was loaded.
    """

    def __init__(
        self,
        system: QuantumSystem,
        wavefunction: nn.Module | WavefunctionSettings | str,
        params: Any,
        measurement: Measurement,
        *,
        history: Mapping[str, np.ndarray] | None = None,
        result: FitResult | None = None,
    ) -> None:
        self.system = system
        self.wavefunction = wavefunction_of(wavefunction, system)
        self.params = params
        self.measurement = measurement
        trained = {} if result is None else result.history
        self.history = dict(trained if history is None else history)
        self.result = result

    def __repr__(self) -> str:
        """The energy with its error bar, its imaginary part, and what was left out of it."""
        missing, imaginary = self.measurement.not_finite, self.measurement.imaginary
        out = f", {missing} local energies not finite" if missing else ""
        beside = "" if imaginary is None else f", imaginary part {imaginary}"
        return f"GroundState({self.system.name}: {self.energy} hartree{beside}{out})"

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

    def numbers(self) -> dict[str, Any]:
        """Energies with their error bars, and what they are held against, as plain data."""
        return report.numbers(self)

    def words(self) -> dict[str, str]:
        """Energies with their error bars, and what they are held against, for a reader."""
        return report.words(self)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why not to trust the energy or its bar, a sentence each; none where nothing is odd."""
        return report.doubts(self)

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

    def save(self, directory: str | Path) -> Path:
        """Save parameters and measurement, verified by digest, to be read by ``GroundState.load``.

        Returns:
            The directory.

        Raises:
            CheckpointError: where a state stands already, or none can be written.
        """
        directory = Path(directory)
        if checkpoint.steps(directory):
            raise CheckpointError(
                f"{directory}: already holds a state; expected a new directory: choose another or "
                "remove it"
            )
        try:
            directory.mkdir(parents=True, exist_ok=True)
            save_measurement(directory, self.measurement, self.history)
        except OSError as error:
            raise CheckpointError(f"{directory}: could not be written ({error})") from error
        known = _fingerprint(self.system, self.wavefunction, self.params)
        checkpoint.save(directory, 0, self.params, fingerprint=known)
        return directory

    @classmethod
    def load(
        cls,
        directory: str | Path,
        system: QuantumSystem,
        wavefunction: nn.Module | WavefunctionSettings | str,
    ) -> GroundState:
        """Read a saved state of the same system and wave function.

        Args:
            directory: that ``save`` wrote.
            system: whose state it is.
            wavefunction: as ``ground_state`` takes it: a module, ``WavefunctionSettings``, a name.

        Raises:
            CheckpointError: when it is missing, damaged, or of a wave function of other shapes.
            FingerprintError: when ψ or the local energy is not that of the system and the wave
                function: another coupling, activation, ansatz.

        >>> import tempfile, physml as pm
        >>> trap, network = pm.vmc.HarmonicOscillator(), pm.MLP((4,))
        >>> state = pm.ground_state(trap, network, walkers=16, steps=1, measurements=8)
        >>> place = state.save(tempfile.mkdtemp() + "/trap")
        >>> pm.GroundState.load(place, trap, network).energy == state.energy
        True
        """
        directory = Path(directory)
        check_system(system, "GroundState.load")
        wavefunction = wavefunction_of(wavefunction, system)
        found = checkpoint.verified(directory, 0)
        measured, history = load_measurement(directory)
        with in_precision_of(found, f"the state in {directory}"):
            like = first_params(system, wavefunction, jax.random.key(0))
            params = checkpoint.read(found, like, way=checkpoint.SAVED)
            fingerprint.check(
                _fingerprint(system, wavefunction, params),
                found.fingerprint,
                f"the state in {directory}",
                "Load it with the system and the wave function that it was saved with",
            )
        return cls(system, wavefunction, in_default_precision(params), measured, history=history)

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
        overview(path, self.system, self.history, self.measurement, reference=self.reference)
        return Path(path)


@jax.default_matmul_precision(None)  # of products: it decides on digits, not on what it is
def _fingerprint(system: QuantumSystem, wavefunction: nn.Module, params: Any) -> dict[str, Any]:
    """Of ψ and the local energy at one walker, but not of the parameters."""
    dtype = jnp.result_type(*jax.tree.leaves(params)).type(0).real.dtype
    walker = jnp.zeros(system.shape, dtype)
    log_psi = log_psi_of(system, wavefunction)
    programs = {
        "ψ": program(log_psi.amplitude, params, walker)[0],
        "the local energy": program(
            lambda params, x: system.local_energy(at_params(log_psi, params), x), params, walker
        )[0],
    }
    return fingerprint.of_programs(programs, {"the walker": list(system.shape)})
