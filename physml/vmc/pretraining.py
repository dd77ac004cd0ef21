"""Pre-training: orbitals of a wave function brought to Hartree–Fock's, before any energy is seen.

    C(θ) = ½ ⟨Σ_kij |φ_kj(x_i; θ) − φ_j^HF(x_i)|²⟩

over the determinants ``k`` and the electrons ``i`` and orbitals ``j`` of each spin, with half of
the walkers drawn from ``|ψ_θ|²`` and half from ``|Ψ_HF|²``: the one half is where a wave function
is, the other where it ought to be. The Jastrow factor stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.optim import OptimizerSettings
from physml.sampling import metropolis
from physml.train import FitResult, Rule, RuleSettings, Run, fit, key_for, least_squares
from physml.train.callbacks import Callback
from physml.types import Optimizer, Sampler
from physml.vmc.amplitude import first_params, log_psi_of
from physml.vmc.hartree_fock import HartreeFock, check_nuclei
from physml.vmc.log_density import log_density
from physml.vmc.memory_needed import check_walkers
from physml.vmc.moves import between_nuclei
from physml.vmc.signed_log import LogPsi
from physml.vmc.systems.electrons import told_electrons
from physml.vmc.systems.system import QuantumSystem, check_system, first_walkers
from physml.vmc.wavefunctions.neural_slater import NeuralSlater, orbital_matrices
from physml.vmc.wavefunctions.settings import WavefunctionSettings, wavefunction_of

_BURN_IN = 50


def pretrain(
    system: QuantumSystem,
    wavefunction: nn.Module | WavefunctionSettings | str,
    orbitals: HartreeFock,
    *,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    walkers: int = 512,
    sweeps: int = 10,
    steps: int = 500,
    key: Array | None = None,
    until: Rule | RuleSettings | str | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> FitResult:
    """Bring the orbitals of a wave function to those of Hartree–Fock.

    Args:
        system: an atom or a molecule.
        wavefunction: a ``MessagePassing``, a ``FermiNet`` or a ``PsiFormer`` of it, or the name of
            one, as of ``ground_state``.
        orbitals: of ``hartree_fock(system)``.
        optimizer: any optax transformation, or a name as of ``ground_state``; Adam if not given.
        walkers: half of them from either density.
        sweeps: Metropolis moves of every walker between steps.
        steps: optimizer steps.
        key: random key; ``jax.random.key(0)`` if not given. The first parameters are those of
            ``ground_state`` by the same key.
        until: a rule that may end it, see ``fit``.
        run: a run directory, where the phase is called ``pretrain``.
        callbacks: see ``fit``.
        progress: see ``fit``.

    Returns:
        The fit, whose ``params`` are those for ``ground_state(..., params=...)`` to start from.

    Raises:
        ConfigurationError: another wave function, orbitals of other spins, fewer than 2 walkers.
        ShapeError: orbitals of another number of electrons.
        NonFiniteError: see ``fit``.

    Source: Pfau, Spencer, Matthews and Foulkes (2020), doi:10.1103/PhysRevResearch.2.033429.
    """
    check_system(system, "pretrain")
    wavefunction = wavefunction_of(wavefunction, system)
    trained = _with_orbitals(wavefunction)
    walkers = as_whole("walkers", walkers, least=2)
    check_walkers(system, walkers)
    n_up = told_electrons(trained.system, "pretrain").n_up
    if orbitals.n_up != n_up:
        raise ConfigurationError(
            f"orbitals: expected those of {n_up} electrons with spin up, as {system.name} "
            f"has, got {orbitals.n_up}; use hartree_fock of the same system"
        )
    key = jax.random.key(0) if key is None else key
    log_psi = log_psi_of(system, wavefunction)

    def chain(log_psi: LogPsi, count: int) -> Sampler:
        moves = partial(
            metropolis,
            log_density(log_psi),
            lambda key: first_walkers(system, key, count),
            sweeps=sweeps,
            width=0.5 * system.length,
            stride=system.stride,
        )
        return between_nuclei(system, moves, log_psi)(burn_in=_BURN_IN)

    return fit(
        least_squares({"orbitals": _difference(trained, orbitals)}),
        _side_by_side(
            chain(log_psi, walkers // 2),
            chain(lambda params, x: orbitals(x).log, walkers - walkers // 2),
        ),
        optax.adam(3e-3) if optimizer is None else optimizer,
        first_params(system, wavefunction, key),
        steps=steps,
        key=key_for(key, "pretrain"),
        until=until,
        run=run,
        phase="pretrain",
        callbacks=callbacks,
        progress=progress,
    )


def check_pretraining(system: QuantumSystem, wavefunction: nn.Module) -> None:
    """Refuse what cannot be pre-trained, before anything is calculated.

    Raises:
        ConfigurationError: a system that is neither an ``Atom`` nor a ``Molecule``, or a wave
            function whose orbitals are not trained.
        MissingDependencyError: without pyscf.
    """
    _with_orbitals(wavefunction)
    check_nuclei(system)


def _with_orbitals(wavefunction: nn.Module) -> NeuralSlater:
    if not isinstance(wavefunction, NeuralSlater):
        raise ConfigurationError(
            "pretrain: expected a wave function whose orbitals are trained, message-passing, "
            f"ferminet or psiformer, got {type(wavefunction).__name__}"
        )
    return wavefunction


def _difference(wavefunction: NeuralSlater, orbitals: HartreeFock) -> Callable[[Any, Array], Array]:
    n_up = orbitals.n_up

    def row(params: Any, x: Array) -> Array:
        target = orbitals.orbitals(x)
        found = orbital_matrices(wavefunction, params, x)[:, :, : target.shape[1]]
        apart = found - target[None]
        spins = apart[:, :n_up, :n_up], apart[:, n_up:, : len(x) - n_up]
        return jnp.concatenate([spin.ravel() for spin in spins])

    return row


def _side_by_side(first: Sampler, second: Sampler) -> Sampler:
    """The walkers of two samplers as one batch of the term ``orbitals``."""

    def init(key: Array, params: Any) -> tuple[Any, Any]:
        keys = jax.random.split(key)
        return first.init(keys[0], params), second.init(keys[1], params)

    def sample(
        key: Array, state: tuple[Any, Any], params: Any
    ) -> tuple[tuple[Any, Any], dict[str, Array], dict[str, Array]]:
        keys = jax.random.split(key)
        one, walkers, seen = first.sample(keys[0], state[0], params)
        two, others, _ = second.sample(keys[1], state[1], params)
        return (one, two), {"orbitals": jnp.concatenate([walkers, others])}, seen

    return Sampler(init, sample)
