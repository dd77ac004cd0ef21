"""Find a ground state: walkers, energy and the one loop, then a measurement on fresh walkers."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.optim import OptimizerSettings, natural_gradient
from physml.train import Rule, RuleSettings, Run, fit, key_for
from physml.train.callbacks import Callback, Every
from physml.train.devices import over_devices
from physml.train.measured import measured_of
from physml.train.progress import lines
from physml.train.warm_start import warm_start
from physml.types import Optimizer, Sampler
from physml.vmc.amplitude import amplitude, first_params, log_psi_of
from physml.vmc.energy import energy
from physml.vmc.measure import FEWEST_MEASUREMENTS
from physml.vmc.measure import measure as measure_afresh
from physml.vmc.measured_state import GroundState
from physml.vmc.measurement import Measurement
from physml.vmc.memory_needed import check_walkers
from physml.vmc.moves import moves_of, starts_of
from physml.vmc.ratio_check import check_ratios
from physml.vmc.sampler_settings import SamplerSettings
from physml.vmc.signed_log import at_params
from physml.vmc.systems.lattice import LatticeSystem, check_rows
from physml.vmc.systems.system import QuantumSystem, check_system, first_walkers
from physml.vmc.wavefunctions.rbm import RBM
from physml.vmc.wavefunctions.settings import WavefunctionSettings, wavefunction_of
from physml.vmc.wavefunctions.symmetry import check_symmetry

# Walkers at which an operator is looked at before anything is trained.
_FEW = 16

# Where a system has moves of its own: ratios of ψ have no bound there.
SHORT_STEPS: Mapping[str, Any] = {"learning_rate": 0.05, "max_norm": 0.2}


def ground_state(
    system: QuantumSystem,
    wavefunction: nn.Module | WavefunctionSettings | str,
    *,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    sampler: str | SamplerSettings | Callable[..., Sampler] = "metropolis",
    walkers: int = 1024,
    sweeps: int = 10,
    steps: int = 300,
    measurements: int = 200,
    params: Any = None,
    key: Array | None = None,
    until: Rule | RuleSettings | str | None = None,
    measure: Mapping[str, Every] | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    devices: int = 1,
) -> GroundState:
    """Minimise the energy of a wave function, then measure it on fresh walkers.

    Args:
        system: ``System(local_energy, shape)``, one of the library's, or another class that
            derives from ``QuantumSystem``.
        wavefunction: a linen module from a walker ``(N, d)`` to log ψ or a ``SignedLog``;
            ``WavefunctionSettings``, or a name that these offer, such as "slater-jastrow".
        optimizer: any optax transformation without a line search, ``OptimizerSettings``, or a name
            that these offer, such as "adam"; if not given
            ``natural_gradient(0.1)``, and for a system with a ``proposal``
            ``natural_gradient(0.05, max_norm=0.2)``: ratios of ψ on a lattice have no bound, and
            one long step makes them infinite.
        sampler: ``metropolis``, whose moves are of all particles at once; ``langevin``, whose moves
            follow the drift; ``hamiltonian``, whose moves are trajectories of ten leapfrogs; or
            ``metropolis-one-electron``, cheap for a wave function that has
            rank-one updates. A system with a ``proposal``, such as a chain of spins, has moves of
            its own; the ``stride(walkers)`` of one with nuclei shortens those of the two Metropolis
            samplers near them, and where nuclei are too far apart for an electron to cross, each
            batch ends with a jump from one to another and an exchange of two opposite spins. Or a
            function in place of a name, such as ``pm.langevin`` or ``partial(pm.sampling.
            hamiltonian, leapfrogs=5)``: ``(log_density, initial, *, adapt, burn_in) -> Sampler``,
            which is given ``sweeps``, ``width``, ``wrap``, ``stride`` and ``propose`` where it
            takes them; a periodic cell asks for ``wrap``, and a ``proposal`` for ``propose``.
        walkers: in training and measurement.
        sweeps: Metropolis moves of every walker between steps.
        steps: optimizer steps.
        measurements: steps of the measurement afterwards.
        params: where to start, such as those of ``pretrain``; random if not given.
        key: random key; ``jax.random.key(0)`` if not given.
        until: a rule that may end the optimisation, see ``fit``.
        measure: further metrics of it, ``{name: every(k, f)}`` with ``f`` a function of log ψ, a
            function of one walker; see ``fit``.
        run: a run directory for metrics, checkpoints and resume, of the measurement too.
        callbacks: see ``fit``; those that are lines of progress are called in the measurement too.
        progress: see ``fit``.
        devices: how many share the walkers, see ``over_devices``.

    Returns:
        The state, with its energy and error bar in hartree.

    Raises:
        ConfigurationError: fewer than 2 walkers or 8 measurements; a wave function of electrons
            that is not antisymmetric, or in a cell not periodic; an RBM with the translations
            of another lattice; rows of a lattice's H that leave its configurations or are not
            those of a Hermitian matrix; a local energy that takes ``exp(log_psi(x') - log_psi(x))``
            of a ψ with a sign, in place of ``psi_ratio``; an object that is no ``QuantumSystem``;
            more devices than there are.
        ShapeError: wave function and system do not fit, or the parameters another wave function;
            walkers that the devices cannot share evenly.
        NoValueError: for an optimizer that needs the loss at fixed samples.
        NonFiniteError, SamplingError, InterruptedRunError: see ``fit`` and ``measure``; what is
            trained and measured by then is ``kept`` by whatever ends the measurement, Ctrl-C too.

    >>> import physml as pm
    >>> trap = pm.vmc.HarmonicOscillator()
    >>> state = pm.ground_state(trap, pm.MLP((8,)), walkers=128, steps=60, measurements=50)
    >>> abs(state.energy.mean - 0.5) < 0.01
    True
    """
    walkers = as_whole("walkers", walkers, least=2)
    measurements = as_whole("measurements", measurements, least=FEWEST_MEASUREMENTS)
    check_system(system, "ground_state")
    check_walkers(system, walkers, measurements=measurements)
    wavefunction = wavefunction_of(wavefunction, system)
    key = jax.random.key(0) if key is None else key
    key_check = key_for(key, "check")
    fresh = first_params(system, wavefunction, key)
    params = fresh if params is None else warm_start(params, fresh)
    log_psi = log_psi_of(system, wavefunction)
    _check_lattice(system, wavefunction)
    check_symmetry(system, partial(amplitude, system, wavefunction), params, key_check)
    few = first_walkers(system, key_check, _FEW)
    if isinstance(system, LatticeSystem):
        check_rows(system, few)
    check_ratios(system.local_energy, log_psi, params, few, name=system.name)

    def initial(key: Array) -> Array:
        return first_walkers(system, key, walkers)

    moves, bounded = moves_of(system, wavefunction, log_psi, initial, sampler, sweeps)
    result = fit(
        energy(log_psi, system.local_energy),
        over_devices(moves(burn_in=50), devices),
        _natural_gradient_of(system) if optimizer is None else optimizer,
        params,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        measure=measured_of(measure, partial(at_params, log_psi)),
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    try:
        measured = measure_afresh(
            log_psi,
            result.params,
            system.local_energy,
            moves,
            key=key_for(key, "measure"),
            steps=measurements,
            bounded=bounded,
            groups=starts_of(system),
            devices=devices,
            run=run,
            # What else is called knows the metrics of training.
            callbacks=lines(callbacks),
            progress=progress,
        )
    except BaseException as error:
        kept: Any = result
        if isinstance(partly := getattr(error, "kept", None), Measurement):
            kept = GroundState(system, wavefunction, result.params, partly, result=result)
        with contextlib.suppress(AttributeError):  # an exception of one's own with slots
            error.kept = kept  # type: ignore[attr-defined]
        raise
    return GroundState(system, wavefunction, result.params, measured, result=result)


def _natural_gradient_of(system: QuantumSystem) -> Optimizer:
    """The optimizer of a system where none is given."""
    if system.proposal is None:
        return natural_gradient(0.1)
    return natural_gradient(**SHORT_STEPS)


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
