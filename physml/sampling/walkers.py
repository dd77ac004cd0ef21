"""Walkers of any shape: pytrees of arrays with one leading axis, of which each is a point."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError

Walkers = Any
"""A pytree of arrays with a leading axis of walkers: ``(n, N, d)``, or any other shape."""


def as_walkers(drawn: Walkers) -> Walkers:
    """Arrays of jax with types of their own: a number's weak one would compile each step twice."""
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.result_type(x)), drawn)


def count_of(walkers: Walkers) -> int:
    """How many walkers there are.

    Raises:
        ShapeError: arrays without a leading axis of walkers, the same of each.
    """
    shapes = [jnp.shape(x) for x in jax.tree.leaves(walkers)]
    counts = {shape[0] if shape else None for shape in shapes}
    if len(counts) != 1 or None in counts or 0 in counts:
        raise ShapeError(
            "walkers: expected arrays with one leading axis of walkers, of one length, got shapes "
            f"{', '.join(map(str, shapes)) or 'of none'}"
        )
    return int(counts.pop())  # type: ignore[arg-type]


def real_type_of(walkers: Walkers) -> Any:
    """The widest precision among walkers that move by lengths.

    Raises:
        ShapeError: arrays without an axis of walkers, or not of real floating-point numbers.
    """
    count_of(walkers)
    types = [jnp.result_type(x) for x in jax.tree.leaves(walkers)]
    for dtype in types:
        if not jnp.issubdtype(dtype, jnp.floating):
            raise ShapeError(
                f"walkers: expected real floating-point numbers, got {dtype}; spins and other "
                "whole numbers have samplers of their own, and a complex walker is two real ones"
            )
    return jnp.result_type(*types)


def noise_like(key: Array, walkers: Walkers) -> Walkers:
    """Independent normal numbers of the shapes and types of walkers."""
    leaves, structure = jax.tree.flatten(walkers)
    keys = [key] if len(leaves) == 1 else list(jax.random.split(key, len(leaves)))
    drawn = [jax.random.normal(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(structure, drawn)


def plus(walkers: Walkers, factor: Array, moves: Walkers) -> Walkers:
    """``x + c m`` in the precision of the walkers; ``c`` is a number, or one for each, ``(n,)``."""

    def moved(x: Array, move: Array) -> Array:
        each = factor.reshape((-1,) + (1,) * (x.ndim - 1)) if factor.ndim else factor
        return x + each.astype(x.dtype) * move

    return jax.tree.map(moved, walkers, moves)


def sum_of_each(numbers: Walkers) -> Array:
    """The sum over all numbers of each walker, ``(n,)``."""
    sums = [jnp.sum(x, axis=tuple(range(1, x.ndim))) for x in jax.tree.leaves(numbers)]
    return sum(sums[1:], sums[0])
