"""Parameters near to others: many networks begin where what is wrong of them does not show."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def nearby(params: Any, scale: float) -> Any:
    """Each real number moved by a normal one times the scale, always the same ones.

    >>> import jax.numpy as jnp
    >>> nearby({"a": jnp.zeros(2), "n": jnp.array(3)}, 0.1)["n"].item()
    3
    """
    random = np.random.default_rng(3)

    def one(leaf: Any) -> Any:
        leaf = jnp.asarray(leaf)
        if not jnp.issubdtype(leaf.dtype, jnp.inexact):
            return leaf
        return leaf + jnp.asarray(scale * random.normal(size=leaf.shape), leaf.dtype)

    return jax.tree.map(one, params)
