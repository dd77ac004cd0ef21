"""The samples of a batch: how many they are, and what one of them looks like."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from physml.errors import ShapeError


def count(name: str, samples: Any) -> int:
    """How many samples a pytree of arrays holds along its leading axis.

    Args:
        name: of what they are samples, for messages.
        samples: a pytree with leading axis ``n``.

    Raises:
        ShapeError: no arrays, no samples, or arrays of different lengths.
    """
    counts = {leaf.shape[0] if jnp.ndim(leaf) else 0 for leaf in jax.tree.leaves(samples)}
    if len(counts) != 1 or 0 in counts:
        raise ShapeError(
            f"batch: {name}: expected arrays with one common leading axis of at least one "
            f"sample, got lengths {sorted(counts)}"
        )
    return int(counts.pop())


def shapes(params: Any, samples: Any) -> tuple[Any, Any]:
    """The shapes and types of parameters and of one sample."""
    return (
        jax.tree.map(lambda x: jax.ShapeDtypeStruct(jnp.shape(x), jnp.result_type(x)), params),
        jax.tree.map(lambda x: jax.ShapeDtypeStruct(jnp.shape(x)[1:], x.dtype), samples),
    )
