"""Moves of what sites hold: one site takes another value, or a unit goes from site to site."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError

Proposal = Callable[[Array, Array], Array]


def change(values: Sequence[float]) -> Proposal:
    """Give a random site another of its values, each as likely.

    Args:
        values: what a site may hold, in any order.

    Returns:
        ``(key, sites (N, 1)) -> sites``, as likely as the way back.

    Raises:
        ConfigurationError: for fewer than two values, or one that comes twice.

    >>> import jax, jax.numpy as jnp
    >>> from physml.sampling.site_moves import change
    >>> int(jnp.sum(change((0.0, 1.0, 2.0))(jax.random.key(0), jnp.zeros((5, 1))) > 0))
    1
    """
    levels = _levels(values)

    def propose(key: Array, sites: Array) -> Array:
        key_site, key_value = jax.random.split(key)
        site = jax.random.randint(key_site, (), 0, sites.shape[0])
        known = jnp.asarray(levels, sites.dtype)
        here = jnp.argmin(jnp.abs(known - sites[site, 0]))
        further = jax.random.randint(key_value, (), 1, len(levels))
        return sites.at[site, 0].set(known[(here + further) % len(levels)])

    return propose


def transfer(values: Sequence[float]) -> Proposal:
    """Carry a unit from a random site to another; the sum over sites stays.

    A move that a site has no room for leaves all as it is.

    Args:
        values: what a site may hold, evenly spaced; a unit is their distance.

    Returns:
        ``(key, sites (N, 1)) -> sites``, as likely as the way back.

    Raises:
        ConfigurationError: for fewer than two values, or those not evenly spaced.

    >>> import jax, jax.numpy as jnp
    >>> from physml.sampling.site_moves import transfer
    >>> moved = transfer((0.0, 1.0, 2.0))(jax.random.key(0), jnp.ones((5, 1)))
    >>> sorted(moved[:, 0].tolist())
    [0.0, 1.0, 1.0, 1.0, 2.0]
    """
    levels = _levels(values)
    unit = levels[1] - levels[0]
    if not np.allclose(np.diff(levels), unit):
        raise ConfigurationError(f"values: expected them evenly spaced, got {tuple(values)}")

    def propose(key: Array, sites: Array) -> Array:
        key_from, key_to = jax.random.split(key)
        n = sites.shape[0]
        giver = jax.random.randint(key_from, (), 0, n)
        taker = (giver + jax.random.randint(key_to, (), 1, n)) % n
        room = (sites[giver, 0] > levels[0] + unit / 2) & (sites[taker, 0] < levels[-1] - unit / 2)
        return jnp.where(room, sites.at[giver].add(-unit).at[taker].add(unit), sites)

    return propose


def _levels(values: Sequence[float]) -> np.ndarray:
    levels = np.unique(np.asarray(values, float))
    if len(levels) < 2 or len(levels) != len(values):
        raise ConfigurationError(f"values: expected two or more, all different, got {values}")
    return levels
