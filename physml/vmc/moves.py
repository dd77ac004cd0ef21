"""How a system's walkers move: the sampler by name or function, strides, jumps between nuclei."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.sampling import OneElectronMoves, metropolis_one_electron
from physml.sampling.jumps import hop, swap, with_jumps
from physml.types import Sampler
from physml.vmc.log_density import log_density
from physml.vmc.sampler_settings import SamplerSettings
from physml.vmc.signed_log import LogPsi, SignedLog
from physml.vmc.systems.nuclei import crossings, shares
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.rank_one import one_electron_moves


def moves_of(
    system: QuantumSystem,
    wavefunction: nn.Module,
    log_psi: LogPsi,
    initial: Callable[[Array], Array],
    sampler: str | SamplerSettings | Callable[..., Sampler],
    sweeps: int,
) -> tuple[Callable[..., Sampler], bool]:
    """What makes the system's sampler, and whether its walkers have nowhere to spread to."""
    make = _chosen(sampler, system)
    density: Any = log_density(log_psi)
    if system.proposal is not None:
        options = {"sweeps": sweeps, "propose": system.proposal}
        return partial(make, density, initial, **_taken(make, options)), True
    if metropolis_one_electron in (make, getattr(make, "func", None)):
        density = _cheap_moves(system, wavefunction) or density
    cell = system.cell
    options = {"sweeps": sweeps, "width": 0.5 * system.length, "stride": system.stride}
    options["wrap"] = None if cell is None else cell.wrap
    moves = partial(make, density, initial, **_taken(make, options))
    return between_nuclei(system, moves, log_psi), cell is not None


def _chosen(
    sampler: str | SamplerSettings | Callable[..., Sampler], system: QuantumSystem
) -> Callable[..., Sampler]:
    """The function that a name stands for, or the one given; refused if it cannot serve a system.

    Raises:
        UnknownNameError: for another name.
        ConfigurationError: for a function without an option that the system cannot do without.
    """
    own = system.proposal is not None
    named = SamplerSettings.chosen(sampler)
    if isinstance(named, SamplerSettings):
        return named.build(system)
    make: Any = sampler
    needed = ["adapt", "burn_in"]
    needed += ["propose"] if own else []
    needed += ["wrap"] if system.cell is not None and not own else []
    missing = [name for name in needed if not callable(make) or not _takes(make, name)]
    if missing:
        raise ConfigurationError(
            f"sampler: expected a name or a function (log_density, initial, *, "
            f"{', '.join(needed)}, ...) -> Sampler for {system.name}, got {make!r} without "
            f"{', '.join(missing)}"
        )
    chosen: Callable[..., Sampler] = make
    return chosen


def _takes(make: Callable[..., Sampler], option: str) -> bool:
    parameters = inspect.signature(make).parameters.values()
    return any(p.name == option or p.kind is p.VAR_KEYWORD for p in parameters)


def _taken(make: Callable[..., Sampler], options: dict[str, Any]) -> dict[str, Any]:
    """The options that a function takes and that are not bound already; None says nothing."""
    bound = make.keywords if isinstance(make, partial) else {}
    return {
        name: value
        for name, value in options.items()
        if value is not None and name not in bound and _takes(make, name)
    }


def between_nuclei(
    system: QuantumSystem,
    moves: Callable[..., Sampler],
    log_psi: LogPsi,
) -> Callable[..., Sampler]:
    """Moves with jumps between nuclei too far apart for an electron to get across by itself."""
    if system.places is None or system.electrons is None or system.cell is not None:
        return moves
    vectors = crossings(system.places)
    if not len(vectors):
        return moves
    both = min(system.electrons.n_up, system.electrons.n_down) > 0
    jumps = [hop(vectors), swap(system.electrons.n_up)] if both else [hop(vectors)]
    return with_jumps(moves, log_density(log_psi), jumps)


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
