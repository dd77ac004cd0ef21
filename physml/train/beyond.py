"""What lies just beyond the end of training: no NaN, and no loss that underflow hid."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import NonFiniteError
from physml.train import diagnosis
from physml.train.state import TrainState
from physml.types import Objective, Sampler


def look_beyond(
    advance: Callable[[TrainState, Array], tuple[Any, ...]],
    objective: Objective,
    sampler: Sampler,
    state: TrainState,
    phase: str,
    *,
    never_lost: bool,
) -> None:
    """Two more steps, thrown away: the loss where training ended, and thrice the next step on.

    An optimizer that looks before it steps stops short of where the loss is no number, by less
    than its last step, and would return what it found there as if it were a minimum.

    Args:
        advance: ``(state, count) -> (state, buffers, advanced, finite, ended)``, heeding no rule.
        objective: the cost.
        sampler: where batches come from.
        state: where training ended.
        phase: of the fit, for messages.
        never_lost: whether the loss was 0 at each step.

    Raises:
        NonFiniteError: where the loss at the end is no number.
    """
    after, buffers, _, finite, _ = advance(state, jnp.int32(1))
    if not np.isfinite(buffers["loss"][0]):
        where = diagnosis.culprit(objective, sampler, state)
        raise NonFiniteError(diagnosis.refusal(f"the last step ({phase})", "", where))
    if never_lost and buffers["loss"][0] == 0:
        largest = diagnosis.largest_residual(objective, sampler, state)
        if largest > 0:
            warnings.warn(
                f"{phase}: the loss is 0, and residuals are not: they are up to {largest:.2g}, and "
                "their squares are too small for a number. Divide them by their size",
                stacklevel=3,
            )
    if finite:
        # In numpy, where nothing is compiled.
        def beyond(here: Array, there: Array) -> Array:
            start, end = np.asarray(here), np.asarray(there)
            return jax.device_put((start + 3 * (end - start)).astype(start.dtype), here.sharding)

        further = state._replace(params=jax.tree.map(beyond, state.params, after.params))
        finite = np.isfinite(advance(further, jnp.int32(1))[1]["loss"][0])
    if not finite:
        where = diagnosis.culprit(objective, sampler, state)
        warnings.warn(
            f"{phase}: training ended beside parameters where the loss is not finite"
            f"{'' if where is None else f' ({where})'}; what it found there need be no minimum. "
            "Check the equation where it divides or takes a root, or start elsewhere",
            stacklevel=3,
        )
