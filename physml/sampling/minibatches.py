"""Minibatches of data in epochs, each of which takes every datum once, in an order of its own."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_numbers import check_unmasked
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.sampling.shuffle import items_at
from physml.types import Batch, Sampler


class MinibatchState(NamedTuple):
    """Where in the data a sampler is: neither data nor their order, which the key knows."""

    key: Array
    epoch: Array
    position: Array


def minibatches(data: Batch, *, size: int) -> Sampler:
    """Batches of ``size`` data, shuffled without replacement: each datum once an epoch.

    Epochs follow one another without a gap: where ``size`` does not divide the number ``n`` of
    data, the batch that ends an epoch takes the rest of its data and the first of the next epoch's,
    and may have a datum twice. So every batch has one size, and none of the data is left out. Where
    ``size`` is ``n``, each batch is the data as they stand, in their order.

    Args:
        data: a pytree of arrays with one leading axis, of ``n`` data, such as ``(images, labels)``
            or ``{"data": (points, values)}``.
        size: data in a batch, at most ``n``.

    Returns:
        A sampler whose batches are like the data, with leading axis ``size``, and whose metric is
        ``epoch``, how many are complete. The data are arguments of ``fit``'s program, no part of
        its state, which is a key and two numbers.

    Raises:
        ShapeError: no arrays, leading axes of different lengths, masked or no numbers.
        ConfigurationError: a size below 1 or above ``n``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.sampling.minibatches({"x": jnp.arange(6), "y": jnp.ones((6, 2))}, size=3)
    >>> state = sampler.init(jax.random.key(0), None)
    >>> state, first, _ = sampler.sample(jax.random.key(1), state, None)
    >>> state, second, _ = sampler.sample(jax.random.key(2), state, None)
    >>> sorted([*first["x"].tolist(), *second["x"].tolist()]), first["y"].shape
    ([0, 1, 2, 3, 4, 5], (3, 2))
    """
    data, n = _checked(data)
    size = as_whole("size", size)
    if not 1 <= size <= n:
        raise ConfigurationError(
            f"size: expected from 1 to {n}, as many as there are data, got {size}"
        )
    return Sampler(_first, Partial(partial(_next, n, size), data))


def _first(key: Array, params: Any) -> MinibatchState:
    del params
    return MinibatchState(key, jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))


def _next(
    n: int, size: int, data: Batch, key: Array, state: MinibatchState, params: Any
) -> tuple[MinibatchState, Batch, dict[str, Array]]:
    del key, params
    if size == n:  # whole epochs, in their order: weights one a sample stay with their samples
        return state._replace(epoch=state.epoch + 1), data, {"epoch": state.epoch}
    place = state.position + jnp.arange(size, dtype=jnp.int32)
    here = items_at(jax.random.fold_in(state.key, state.epoch), place % n, n)
    if n % size:  # a batch may reach into the next epoch
        beyond = items_at(jax.random.fold_in(state.key, state.epoch + 1), place % n, n)
        here = jnp.where(place < n, here, beyond)
    batch = jax.tree.map(lambda leaf: jnp.take(leaf, here, axis=0), data)
    end = state.position + size
    after = MinibatchState(state.key, state.epoch + end // n, end % n)
    return after, batch, {"epoch": state.epoch}


def _checked(data: Batch) -> tuple[Batch, int]:
    """The data as arrays of jax, and how many there are."""
    check_unmasked("data", data)
    leaves = jax.tree.leaves(data)
    for leaf in leaves:
        kind = getattr(leaf, "dtype", np.asarray(leaf).dtype)
        if not (jnp.issubdtype(kind, jnp.number) or jnp.issubdtype(kind, jnp.bool_)):
            raise ShapeError(f"data: expected arrays of numbers, got {kind}")
    lengths = {np.shape(leaf)[0] if np.shape(leaf) else None for leaf in leaves}
    if len(lengths) != 1 or None in lengths or 0 in lengths:
        shapes = ", ".join(str(np.shape(leaf)) for leaf in leaves)
        raise ShapeError(
            "data: expected arrays with one leading axis, of the data, of one length, got shapes "
            f"{shapes or 'of none'}"
        )
    return jax.tree.map(jnp.asarray, data), int(lengths.pop())  # type: ignore[arg-type]
