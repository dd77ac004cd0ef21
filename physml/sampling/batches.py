"""Samplers of batches: fixed, or drawn anew on a schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.as_numbers import check_unmasked
from physml.as_whole import as_whole
from physml.types import Batch, Sampler


class BatchState(NamedTuple):
    """Steps taken and the batch in use, as far as it was drawn."""

    steps: Array
    batch: Batch


def fixed(batch: Batch) -> Sampler:
    """The same batch at every step.

    Args:
        batch: any pytree of arrays.

    Returns:
        A sampler whose batch is data: an argument of ``fit``'s program, no part of its state.

    Raises:
        ShapeError: for masked entries.

    >>> import jax.numpy as jnp, physml as pm
    >>> sampler = pm.fixed({"data": jnp.zeros(3)})
    """
    check_unmasked("batch", batch)
    return Sampler(_nothing_drawn, Partial(_kept, batch))


def _nothing_drawn(key: Array, params: Any) -> BatchState:
    """One function for all fixed batches, so that fits of several share a program."""
    del key, params
    with jax.ensure_compile_time_eval():  # a constant of the program, as stored runs know it
        return BatchState(jnp.zeros((), jnp.int32), ())


def drawn(
    draw: Callable[[Array, Any], Batch],
    *,
    every: int | None,
    redraw: Callable[[Array, Any], Batch] | None = None,
) -> Sampler:
    """A batch drawn at the start and again every so many steps.

    Args:
        draw: ``(key, params) -> batch``.
        every: steps between draws, counted from step 0; None draws at the start alone.
        redraw: how later batches are drawn, if not like the first.

    Returns:
        A sampler whose batch is constant between draws.

    Raises:
        ConfigurationError: for a period below 1.

    >>> import jax, physml as pm
    >>> sampler = pm.drawn(lambda key, params: jax.random.normal(key, (8, 2)), every=10)
    """
    if every is not None:
        every = as_whole("every", every, least=1)
    again = draw if redraw is None else redraw

    def init(key: Array, params: Any) -> BatchState:
        return BatchState(jnp.zeros((), jnp.int32), draw(key, params))

    def sample(
        key: Array, state: BatchState, params: Any
    ) -> tuple[BatchState, Batch, dict[str, Array]]:
        if every is None:
            return BatchState(state.steps + 1, state.batch), state.batch, {}
        due = (state.steps > 0) & (state.steps % every == 0)
        # Parameters in single precision get their points so, whatever the precision of the draw.
        batch = jax.lax.cond(
            due,
            lambda: jax.tree.map(
                lambda new, old: new.astype(old.dtype), again(key, params), state.batch
            ),
            lambda: state.batch,
        )
        return BatchState(state.steps + 1, batch), batch, {}

    return Sampler(init, sample)


def with_data(sampler: Sampler, data: Mapping[str, Batch]) -> Sampler:
    """The batches of a sampler, dicts by name, with the same data beside them at every step.

    Args:
        sampler: whose batches are dicts.
        data: samples by name; under a name that the sampler's batches have, too, they come after
            those that are drawn.

    Returns:
        A sampler with the state of the first.
    """

    def sample(
        draw: Callable[..., Any], data: Mapping[str, Batch], key: Array, state: Any, params: Any
    ) -> tuple[Any, Batch, dict[str, Array]]:
        state, batch, metrics = draw(key, state, params)
        return state, _joined(batch, data), metrics

    return Sampler(sampler.init, Partial(sample, sampler.sample, dict(data)))


def _joined(drawn: Mapping[str, Batch], data: Mapping[str, Batch]) -> dict[str, Batch]:
    both = {
        name: jax.tree.map(lambda *parts: jnp.concatenate(parts), drawn[name], data[name])
        for name in drawn.keys() & data.keys()
    }
    return {**drawn, **data, **both}


def _kept(
    batch: Batch, key: Array, state: BatchState, params: Any
) -> tuple[BatchState, Batch, dict[str, Array]]:
    del key, params
    return state._replace(steps=state.steps + 1), batch, {}
