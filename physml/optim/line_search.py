"""Step lengths by looking at the loss along a direction, on fixed samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.errors import ConfigurationError

LineSearch = Callable[[Callable[..., Array], Any, Any], Array]
"""``(value_fn, params, updates) -> step length``; the updates are those for length 1."""


def grid_line_search(*, shrink: float = 0.5, candidates: int = 16) -> LineSearch:
    """Take the best of ``η_k = shrinkᵏ``, ``k = 0 … candidates − 1``.

    Args:
        shrink: ratio of neighbouring lengths, in (0, 1).
        candidates: losses evaluated a step.

    Returns:
        A function ``(value_fn, params, updates) -> η``.

    Raises:
        ConfigurationError: for a ratio outside (0, 1) or fewer than one candidate.

    Source: Müller and Zeinhofer, Achieving high accuracy with PINNs via energy natural gradient
    descent (2023), arXiv:2302.13163.

    >>> import jax.numpy as jnp
    >>> search = grid_line_search()
    >>> float(search(lambda x: (x - 1.0) ** 2, jnp.array(0.0), jnp.array(4.0)))
    0.25
    """
    if not 0 < shrink < 1:
        raise ConfigurationError(f"shrink: expected a ratio in (0, 1), got {shrink}")
    if candidates < 1:
        raise ConfigurationError(f"candidates: expected at least 1, got {candidates}")

    def search(value_fn: Callable[..., Array], params: Any, updates: Any) -> Array:
        lengths = shrink ** jnp.arange(candidates, dtype=jnp.result_type(float))

        def loss(length: Array) -> Array:
            return value_fn(optax.apply_updates(params, optax.tree.scale(length, updates)))

        losses = jax.lax.map(loss, lengths)
        return lengths[jnp.argmin(jnp.where(jnp.isfinite(losses), losses, jnp.inf))]

    return search
