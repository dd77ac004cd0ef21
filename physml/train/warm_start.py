"""Parameters from elsewhere as the start of a fit."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from physml.errors import ShapeError


def warm_start(params: Any, fresh: Any) -> Any:
    """Parameters to start from, in the precision of the network's own.

    Args:
        params: a pytree of arrays.
        fresh: what the network's initialisation gives.

    Raises:
        ShapeError: where the two differ in structure or shapes.
    """
    given, expected = (
        jax.tree.map(lambda leaf: tuple(jnp.shape(leaf)), tree) for tree in (params, fresh)
    )
    if given != expected:
        raise ShapeError(
            f"params: expected those of the network, of shapes {expected}, got {given}; a warm "
            "start needs the same network"
        )
    return jax.tree.map(lambda leaf, like: jnp.asarray(leaf, like.dtype), params, fresh)
