"""Walkers on their way at fixed parameters, by the loop of ``fit``: recorded, saved, gone on with.

A walk takes steps of a sampler in blocks. Step ``j`` of block ``b`` has the ``j``-th key that
``fold_in(key, b)`` splits into, so that a walk may stop at any step and go on with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ShapeError
from physml.train import checkpoint, key_of
from physml.train.state import TrainState

BLOCK = 25
"""Steps between two looks at the chains."""

APART = 5
"""Walkers are kept of every so many steps: those between tell little, and would fill memory."""


class Walk(NamedTuple):
    """How far walkers have come and what was seen of them, which a checkpoint holds whole.

    Attributes:
        chain: the sampler's state, the steps taken and the key.
        burn_in: steps of another walk before this one.
        local_energies: ``(steps, walkers)``, in hartree.
        acceptance: ``(steps,)``.
        walkers: ``(steps // 5, walkers, N, d)``, in bohr, or none of them.
        first_not_finite: ``(N, d)``, the first whose local energy is not finite; else NaN.
    """

    chain: TrainState
    burn_in: Any
    local_energies: Any
    acceptance: Any
    walkers: Any
    first_not_finite: Any

    @property
    def step(self) -> Any:
        """Steps taken."""
        return self.chain.step

    @property
    def params(self) -> Any:
        """None of its own: those at which the walkers walk are data."""
        return self.chain.params


Seen = Mapping[str, Any]
"""What one step shows, or its shapes and types: ``local_energies``, ``acceptance``, ``walkers``."""


def key_of_step(key: Array, step: Array, *, first: Array) -> Array:
    """The key of a step of a walk whose first block has the number ``first``."""
    within = jax.random.split(key_of(key, first + step // BLOCK), BLOCK)
    return within[step % BLOCK]


def at_start(chain: TrainState, seen: Seen, *, burn_in: int = 0) -> Walk:
    """A walk of no step yet.

    Args:
        chain: the state to start from.
        seen: shapes and types of what a step shows.
        burn_in: steps of another walk before it.

    Raises:
        ShapeError: of other than one local energy a walker.
    """
    local, walkers = seen["local_energies"], seen["walkers"]
    if local.shape != walkers.shape[:1]:
        raise ShapeError(f"local_energy: expected one number a walker, got shape {local.shape[1:]}")
    return Walk(
        chain,
        np.int32(burn_in),
        np.empty((0, *local.shape), local.dtype),
        np.empty((0,), seen["acceptance"].dtype),
        np.empty((0, *walkers.shape), walkers.dtype),
        np.full(walkers.shape[1:], np.nan, np.result_type(walkers.dtype, np.float32)),
    )


def read(found: checkpoint.Found, start: Walk, *, keep_walkers: bool) -> Walk:
    """The walk of a checkpoint.

    Args:
        found: the checkpoint.
        start: the walk of no step that it began as.
        keep_walkers: whether it kept walkers.

    Raises:
        CheckpointError: when it is of another structure, or cannot be read.
    """

    def outline(record: np.ndarray, count: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((count, *record.shape[1:]), record.dtype)

    like = start._replace(
        local_energies=outline(start.local_energies, found.step),
        acceptance=outline(start.acceptance, found.step),
        walkers=outline(start.walkers, found.step // APART if keep_walkers else 0),
    )
    walk: Walk = checkpoint.read(found, like)
    return Walk(walk.chain, *map(np.asarray, walk[1:]))


def cut(walk: Walk, steps: int) -> Walk:
    """What a walk had recorded after its first steps; its chain stays where it is."""
    if len(walk.local_energies) <= steps:
        return walk
    kept = walk._replace(
        local_energies=walk.local_energies[:steps],
        acceptance=walk.acceptance[:steps],
        walkers=walk.walkers[: steps // APART],
    )
    finite = np.isfinite(kept.local_energies).all()
    return (
        kept._replace(first_not_finite=np.full_like(walk.first_not_finite, np.nan))
        if finite
        else kept
    )


class Recorder:
    """Takes a walk further by a compiled program, and records what it shows.

    Attributes:
        walk: how far it has come.
    """

    def __init__(
        self,
        walk: Walk,
        advance: Callable[[TrainState, Array], tuple[Any, ...]],
        *,
        steps: int,
        keep_walkers: bool,
        look: Callable[[Array], None],
    ) -> None:
        """Make room for what will be seen.

        Args:
            walk: to go on from.
            advance: ``(chain, count) -> (chain, seen, advanced, finite, ended)``.
            steps: in all.
            keep_walkers: whether to keep walkers.
            look: called once, with walkers ``(n, N, d)`` of a step.
        """
        self.walk = walk
        self._advance, self._look, self._looked = advance, look, False
        self._keep_walkers = keep_walkers
        self._local_energies = _longer(walk.local_energies, steps)
        self._acceptance = _longer(walk.acceptance, steps)
        self._walkers = _longer(walk.walkers, steps // APART if keep_walkers else 0)

    def __call__(self, walk: Walk, count: Array) -> tuple[Any, ...]:
        """Up to ``count`` steps, none beyond a block, as ``loop`` takes them."""
        before = len(walk.local_energies)
        most = min(int(count), BLOCK - before % BLOCK)
        chain, buffers, advanced, _, _ = self._advance(walk.chain, jnp.int32(most))
        seen = {name: np.asarray(buffer)[: int(advanced)] for name, buffer in buffers.items()}
        local, walkers = seen["local_energies"], seen["walkers"]
        if not self._looked:
            self._look(jnp.asarray(walkers[-1]))
            self._looked = True
        first, bad = walk.first_not_finite, np.argwhere(~np.isfinite(local))
        if len(bad) and np.isnan(first).all():
            first = walkers[tuple(bad[0])].astype(first.dtype)
        kept = [x for i, x in enumerate(walkers, before + 1) if i % APART == 0]
        self.walk = Walk(
            chain,
            walk.burn_in,
            _filled_up(self._local_energies, before, local),
            _filled_up(self._acceptance, before, seen["acceptance"]),
            _filled_up(self._walkers, len(walk.walkers), kept if self._keep_walkers else []),
            first,
        )
        return self.walk, _so_far(self.walk, len(local)), len(local), True, False


def _longer(record: np.ndarray, count: int) -> np.ndarray:
    """A record with room for more; none of what is not touched takes memory."""
    longer = np.empty((max(count, len(record)), *record.shape[1:]), record.dtype)
    longer[: len(record)] = record
    return longer


def _filled_up(room: np.ndarray, before: int, new: Any) -> np.ndarray:
    """The part of a room in which a record stands; what stood there before is not touched."""
    after = before + len(new)
    if len(new):
        room[before:after] = new
    return room[:after]


def _so_far(walk: Walk, steps: int) -> dict[str, np.ndarray]:
    """The mean energy of all steps, as a metric of the last ones."""
    finite = np.isfinite(walk.local_energies)
    local = walk.local_energies.real
    mean = float(np.mean(local, where=finite)) if finite.any() else float("nan")
    return {"energy": np.full(steps, mean)}
