"""Step lengths by looking at the loss along a direction, on fixed samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError

# Losses that are compiled side by side; 0.5 to this power is 0 long before.
_MOST = 2**16

LineSearch = Callable[[Callable[..., Array], Any, Any], Array]
"""``(value_fn, params, updates) -> step length``; the updates are those for length 1."""


def grid_line_search(*, shrink: float = 0.5, candidates: int = 16) -> LineSearch:
    """Take the best of ``η_k = shrinkᵏ``, ``k = 0 … candidates − 1``, or stay where all climb.

    The loss is also evaluated at length 0: where no candidate is below it the length is 0, so that
    on points redrawn since the last step a direction that does not help is refused. Where it is
    finite at no candidate the length is NaN, at which ``fit`` stops by a named error.

    Args:
        shrink: ratio of neighbouring lengths, in (0, 1).
        candidates: losses evaluated a step, beside the one at length 0.

    Returns:
        A function ``(value_fn, params, updates) -> η``, 0 for no decrease, NaN for no finite loss.

    Raises:
        ConfigurationError: for a ratio outside (0, 1) or fewer than one candidate.

    Source: Müller and Zeinhofer, Achieving high accuracy with PINNs via energy natural gradient
    descent (2023), arXiv:2302.13163.

    >>> import jax.numpy as jnp
    >>> search = grid_line_search()
    >>> float(search(lambda x: (x - 1.0) ** 2, jnp.array(0.0), jnp.array(4.0)))
    0.25
    >>> float(search(lambda x: (x - 1.0) ** 2, jnp.array(0.0), jnp.array(-4.0)))
    0.0
    """
    if not 0 < shrink < 1:
        raise ConfigurationError(f"shrink: expected a ratio in (0, 1), got {shrink}")
    candidates = as_whole("candidates", candidates, least=1, most=_MOST)

    def search(value_fn: Callable[..., Array], params: Any, updates: Any) -> Array:
        powers = shrink ** jnp.arange(candidates, dtype=jnp.result_type(float))
        # Length 0 stands first: argmin takes it where no candidate is strictly below.
        lengths = jnp.concatenate([jnp.zeros(1, powers.dtype), powers])

        def loss(length: Array) -> Array:
            return value_fn(optax.apply_updates(params, optax.tree.scale(length, updates)))

        losses = jax.lax.map(loss, lengths)
        finite = jnp.isfinite(losses)
        best = lengths[jnp.argmin(jnp.where(finite, losses, jnp.inf))]
        return jnp.where(jnp.any(finite[1:]), best, jnp.nan)

    return search
