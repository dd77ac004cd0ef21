"""Find a ground state: walkers, energy and the one loop, then a measurement on fresh walkers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, NonFiniteError, SamplingError, UnknownNameError
from physml.optim import natural_gradient
from physml.sampling import (
    Estimate,
    OneElectronMoves,
    langevin,
    metropolis,
    metropolis_one_electron,
    spin_metropolis,
)
from physml.sampling.jumps import hop, swap, with_jumps
from physml.train import FitResult, Run, fit
from physml.train.callbacks import Callback
from physml.train.precision import in_default_precision
from physml.train.warm_start import warm_start
from physml.types import Field, Optimizer, Sampler
from physml.vmc.energy import energy
from physml.vmc.measure import FEWEST_MEASUREMENTS, Measurement, measure
from physml.vmc.plots import overview
from physml.vmc.ratio_check import check_ratios
from physml.vmc.signed_log import LogPsi, Psi, SignedLog, at_params
from physml.vmc.systems.nuclei import crossings, shares
from physml.vmc.systems.system import QuantumSystem, Reference, check_system, first_walkers
from physml.vmc.wavefunctions.rank_one import one_electron_moves
from physml.vmc.wavefunctions.rbm import RBM
from physml.vmc.wavefunctions.slater import Slater
from physml.vmc.wavefunctions.symmetry import check_symmetry

# Walkers at which an operator is looked at before anything is trained.
_FEW = 16


def log_psi_of(system: QuantumSystem, wavefunction: nn.Module) -> Psi:
    """``(params, walker) -> log ψ`` of a wave function or a plain network in a system.

    A module that returns a ``SignedLog`` is a wave function as it stands; a plain number is a
    network, to which the system's ansatz is applied.
    """
    return Psi(partial(amplitude, system, wavefunction))


def amplitude(
    system: QuantumSystem, wavefunction: nn.Module, params: Any, x: Array
) -> Array | SignedLog:
    """What a wave function says at a walker: log ψ of a network in the ansatz, or a SignedLog."""

    def network(y: Array) -> Any:
        return wavefunction.apply(params, y)

    if isinstance(jax.eval_shape(network, x), jax.ShapeDtypeStruct):
        return system.ansatz(network, x)
    value: SignedLog = network(x)
    return value


def ground_state(
    system: QuantumSystem,
    wavefunction: nn.Module,
    *,
    optimizer: Optimizer | None = None,
    sampler: Literal["metropolis", "metropolis-one-electron", "langevin"] = "metropolis",
    walkers: int = 1024,
    sweeps: int = 10,
    steps: int = 300,
    measurements: int = 200,
    params: Any = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> GroundState:
    """Minimise the energy of a wave function, then measure it on fresh walkers.

    Args:
        system: ``System(hamiltonian, shape)``, one of the library's, or another class that
            derives from ``QuantumSystem``.
        wavefunction: a linen module from a walker ``(N, d)`` to log ψ or a ``SignedLog``.
        optimizer: any optax transformation without a line search; if not given
            ``natural_gradient(0.1)``, and for a system with a ``proposal``
            ``natural_gradient(0.05, max_norm=0.2)``: ratios of ψ on a lattice have no bound, and
            one long step makes them infinite.
        sampler: ``metropolis``, whose moves are of all particles at once; ``langevin``, whose moves
            follow the drift; or ``metropolis-one-electron``, cheap for a wave function that has
            rank-one updates. A system with a ``proposal``, such as a chain of spins, has moves of
            its own; the ``stride(walkers)`` of one with nuclei shortens those of the two Metropolis
            samplers near them, and where nuclei are too far apart for an electron to cross, each
            batch ends with a jump from one to another and an exchange of two opposite spins.
        walkers: in training and measurement.
        sweeps: Metropolis moves of every walker between steps.
        steps: optimizer steps.
        measurements: steps of the measurement afterwards.
        params: where to start, such as those of ``pretrain``; random if not given.
        key: random key; ``jax.random.key(0)`` if not given.
        run: a run directory for metrics, checkpoints and resume.
        callbacks: see ``fit``.

    Returns:
        The state, with its energy and error bar in hartree.

    Raises:
        ConfigurationError: fewer than 2 walkers or 8 measurements; a wave function of electrons
            that is not antisymmetric, or in a cell not periodic; an RBM with the translations
            of another lattice; a Hamiltonian that takes ``exp(log_psi(x') - log_psi(x))`` of a
            ψ with a sign, in place of ``psi_ratio``; an object that is no ``QuantumSystem``.
        ShapeError: wave function and system do not fit, or the parameters another wave function.
        NoValueError: for an optimizer that needs the loss at fixed samples.
        NonFiniteError, SamplingError: see ``fit`` and ``measure``; what is trained and measured
            by then is ``kept`` by an error of the measurement.

    >>> import physml as pm
    >>> trap = pm.HarmonicOscillator()
    >>> state = pm.ground_state(trap, pm.MLP((8,)), walkers=128, steps=60, measurements=50)
    >>> abs(state.energy.mean - 0.5) < 0.01
    True
    """
    if walkers < 2:
        raise ConfigurationError(f"walkers: expected at least 2, got {walkers}")
    if measurements < FEWEST_MEASUREMENTS:
        raise ConfigurationError(
            f"measurements: expected at least {FEWEST_MEASUREMENTS}, got {measurements}"
        )
    check_system(system, "ground_state")
    key = jax.random.key(0) if key is None else key
    _, key_fit, key_measure = jax.random.split(key, 3)
    key_check = jax.random.fold_in(key, 3)
    fresh = first_params(system, wavefunction, key)
    params = fresh if params is None else warm_start(params, fresh)
    log_psi = log_psi_of(system, wavefunction)
    _check_lattice(system, wavefunction)
    check_symmetry(system, partial(amplitude, system, wavefunction), params, key_check)
    few = first_walkers(system, key_check, _FEW)
    check_ratios(system.local_energy, log_psi, params, few, name=system.name)

    def initial(key: Array) -> Array:
        return first_walkers(system, key, walkers)

    moves, bounded = _moves(system, wavefunction, log_psi, initial, sampler, sweeps)
    result = fit(
        energy(log_psi, system.local_energy),
        moves(burn_in=50),
        _natural_gradient_of(system) if optimizer is None else optimizer,
        params,
        steps=steps,
        key=key_fit,
        run=run,
        callbacks=callbacks,
    )
    try:
        measured = measure(
            log_psi,
            result.params,
            system.local_energy,
            moves,
            key=key_measure,
            steps=measurements,
            bounded=bounded,
            groups=_starts(system),
        )
    except (NonFiniteError, SamplingError) as error:
        partly = error.kept
        known = isinstance(partly, Measurement)
        error.kept = GroundState(system, wavefunction, result, partly) if known else result
        raise
    return GroundState(system, wavefunction, result, measured)


def reference_of(system: QuantumSystem, wavefunction: nn.Module) -> Reference | None:
    """The energy that a wave function of a system is to be held against, if one is known.

    That of a bare Slater determinant whose Hartree–Fock energy is known is this, exactly, since it
    can never reach the ground state; of any other wave function the system's ``reference``.

    >>> import physml as pm
    >>> gas = pm.ElectronGas(rs=2.0)
    >>> pm.vmc.reference_of(gas, pm.Slater(gas)).source
    'Hartree–Fock, exact for this state'
    """
    if isinstance(wavefunction, Slater) and system.hartree_fock_energy is not None:
        return Reference(system.hartree_fock_energy, 0.0, "Hartree–Fock, exact for this state")
    return system.reference


def _natural_gradient_of(system: QuantumSystem) -> Optimizer:
    """The optimizer of a system where none is given."""
    if system.proposal is None:
        return natural_gradient(0.1)
    return natural_gradient(0.05, max_norm=0.2)


def first_params(system: QuantumSystem, wavefunction: nn.Module, key: Array) -> Any:
    """The parameters from which ``ground_state`` with this key starts."""
    init = jax.jit(wavefunction.init)
    drawn = init(jax.random.split(key, 3)[0], system.length * jnp.ones(system.shape))
    return in_default_precision(drawn)


def _check_lattice(system: QuantumSystem, wavefunction: nn.Module) -> None:
    """Refuse translations that are not those of the system's lattice."""
    lattice = system.lattice
    if lattice is None or not isinstance(wavefunction, RBM) or not wavefunction.translations:
        return
    shifted = (math.prod(lattice),) if wavefunction.lattice is None else wavefunction.lattice
    if shifted != lattice:
        raise ConfigurationError(
            f"RBM: expected the translations of {system.name}'s lattice {lattice}, got those of "
            f"{shifted}; use RBM(translations=True, lattice={lattice})"
        )


def _moves(
    system: QuantumSystem,
    wavefunction: nn.Module,
    log_psi: LogPsi,
    initial: Callable[[Array], Array],
    sampler: str,
    sweeps: int,
) -> tuple[Callable[..., Sampler], bool]:
    """What makes the system's sampler, and whether its walkers have nowhere to spread to."""
    propose = system.proposal
    if sampler not in _SAMPLERS:
        raise UnknownNameError("sampler", sampler, _SAMPLERS)
    if propose is not None:
        if sampler != "metropolis":
            raise ConfigurationError(
                f"sampler: expected metropolis, since {system.name} has moves of its own, got "
                f"{sampler}"
            )
        return partial(spin_metropolis, log_psi, initial, propose=propose, sweeps=sweeps), True
    psi: LogPsi | OneElectronMoves = log_psi
    if sampler == _ONE_ELECTRON:
        psi = _cheap_moves(system, wavefunction) or log_psi
    cell = system.cell
    wrap = None if cell is None else cell.wrap
    moves = partial(
        _SAMPLERS[sampler], psi, initial, sweeps=sweeps, width=0.5 * system.length, wrap=wrap
    )
    if system.stride is not None and sampler != "langevin":
        moves = partial(moves, stride=system.stride)
    return between_nuclei(system, moves, log_psi), cell is not None


def between_nuclei(
    system: QuantumSystem,
    moves: Callable[..., Sampler],
    log_psi: Callable[[Any, Array], Array],
) -> Callable[..., Sampler]:
    """Moves with jumps between nuclei too far apart for an electron to get across by itself."""
    if system.places is None or system.electrons is None or system.cell is not None:
        return moves
    vectors = crossings(system.places)
    if not len(vectors):
        return moves
    both = min(system.electrons.n_up, system.electrons.n_down) > 0
    jumps = [hop(vectors), swap(system.electrons.n_up)] if both else [hop(vectors)]
    return with_jumps(moves, log_psi, jumps)


def _starts(system: QuantumSystem) -> Callable[[Array], np.ndarray] | None:
    """Labels of first walkers by how they share electrons among nuclei; None of one nucleus."""
    if system.places is None or system.electrons is None or len(system.places) < 2:
        return None
    return partial(shares, positions=system.places, n_up=system.electrons.n_up)


def _cheap_moves(system: QuantumSystem, wavefunction: nn.Module) -> OneElectronMoves | None:
    """A wave function's own moves, unless the system's ansatz makes another ψ of it."""
    point = jax.ShapeDtypeStruct(system.shape, jnp.result_type(float))
    value, _ = jax.eval_shape(wavefunction.init_with_output, jax.random.key(0), point)
    return one_electron_moves(wavefunction) if isinstance(value, SignedLog) else None


_ONE_ELECTRON = "metropolis-one-electron"
_SAMPLERS: dict[str, Callable[..., Sampler]] = {
    "metropolis": metropolis,
    _ONE_ELECTRON: metropolis_one_electron,
    "langevin": langevin,
}


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
