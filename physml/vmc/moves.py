"""How a system's walkers move: the sampler by its name, strides, jumps between far nuclei."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, UnknownNameError
from physml.sampling import (
    OneElectronMoves,
    langevin,
    metropolis,
    metropolis_one_electron,
    spin_metropolis,
)
from physml.sampling.jumps import hop, swap, with_jumps
from physml.types import Sampler
from physml.vmc.signed_log import LogPsi, SignedLog
from physml.vmc.systems.nuclei import crossings, shares
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.rank_one import one_electron_moves

_ONE_ELECTRON = "metropolis-one-electron"
_SAMPLERS: dict[str, Callable[..., Sampler]] = {
    "metropolis": metropolis,
    _ONE_ELECTRON: metropolis_one_electron,
    "langevin": langevin,
}


def moves_of(
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


def starts_of(system: QuantumSystem) -> Callable[[Array], np.ndarray] | None:
    """Labels of first walkers by how they share electrons among nuclei; None of one nucleus."""
    if system.places is None or system.electrons is None or len(system.places) < 2:
        return None
    return partial(shares, positions=system.places, n_up=system.electrons.n_up)


def _cheap_moves(system: QuantumSystem, wavefunction: nn.Module) -> OneElectronMoves | None:
    """A wave function's own moves, unless the system's ansatz makes another ψ of it."""
    point = jax.ShapeDtypeStruct(system.shape, jnp.result_type(float))
    value, _ = jax.eval_shape(wavefunction.init_with_output, jax.random.key(0), point)
    return one_electron_moves(wavefunction) if isinstance(value, SignedLog) else None
