"""When collocation points are drawn anew, and which of many candidates are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError


class Redraw(NamedTuple):
    """When points are drawn anew, and which of the candidates are kept.

    Attributes:
        every: steps between draws, counted from step 0.
        oversampling: candidates for each point kept.
        choose: ``(key, magnitudes (m,), count) -> indices (count,)``.
        size: ``(d,) -> ()``, the magnitude of a candidate; that of the residual if None.
    """

    every: int
    oversampling: int
    choose: Callable[[Array, Array, int], Array]
    size: Callable[[Array], Array] | None = None


def by_residual(
    every: int, *, exponent: float = 1.0, floor: float = 1.0, oversampling: int = 8
) -> Redraw:
    """Draw points where the residual is large: ``p ∝ |r|ᵏ / mean|r|ᵏ + c`` (RAD).

    Args:
        every: steps between draws.
        exponent: ``k``; 0 is uniform, large values concentrate.
        floor: ``c``; large values are uniform.
        oversampling: candidates for each point kept.

    Returns:
        A schedule for ``solve(..., redraw=...)``.

    Raises:
        ConfigurationError: for a period or oversampling below 1, a negative exponent or floor.

    Source: Wu, Zhu, Tan, Kartha and Lu (2023), doi:10.1016/j.cma.2022.115671.

    >>> import physml as pm
    >>> pm.sampling.by_residual(every=25).every
    25
    """
    every = as_whole("by_residual: every", every, least=1)
    oversampling = as_whole("by_residual: oversampling", oversampling, least=1)
    if not (exponent >= 0 and floor >= 0):
        raise ConfigurationError(
            f"by_residual: expected exponent ≥ 0 and floor ≥ 0, got {exponent}, {floor}"
        )
    return Redraw(every, oversampling, partial(_weighted, exponent=exponent, floor=floor))


def by_importance(
    density: Callable[[Array], Array], *, every: int, oversampling: int = 8
) -> Redraw:
    """Draw points where a given density is large: ``p ∝ ρ(z)``, whatever the residual.

    Candidates are uniform and none is kept twice: the points follow ``ρ`` where it is well below
    ``oversampling`` times its mean, and are more even where it is not.

    Args:
        density: ``ρ ≥ 0`` of a point, ``(d,) -> ()``, up to a factor.
        every: steps between draws.
        oversampling: candidates for each point kept.

    Returns:
        A schedule for ``solve(..., redraw=...)``.

    Raises:
        ConfigurationError: for a period or oversampling below 1, or a density that is no function.

    >>> import jax.numpy as jnp, physml as pm
    >>> near_zero = pm.sampling.by_importance(lambda z: jnp.exp(-10 * jnp.sum(z**2)), every=25)
    >>> float(near_zero.size(jnp.zeros(2)))
    1.0
    """
    if not callable(density):
        raise ConfigurationError(
            f"by_importance: density: expected a function of a point, got {density!r}"
        )
    every = as_whole("by_importance: every", every, least=1)
    oversampling = as_whole("by_importance: oversampling", oversampling, least=1)
    return Redraw(every, oversampling, partial(_weighted, exponent=1.0, floor=0.0), density)


def _weighted(key: Array, magnitudes: Array, count: int, *, exponent: float, floor: float) -> Array:
    weight = magnitudes**exponent
    mean = jnp.mean(weight)
    # Where the magnitude vanishes everywhere, no point is better than another.
    weight = jnp.where(mean > 0, weight / mean, 1.0) + floor
    chances = weight / jnp.sum(weight)
    return jax.random.choice(key, len(magnitudes), (count,), replace=False, p=chances)


def uniformly(every: int) -> Redraw:
    """Draw all points anew every so many steps.

    >>> import physml as pm
    >>> pm.sampling.uniformly(every=1).oversampling
    1
    """
    every = as_whole("uniformly: every", every, least=1)
    return Redraw(every, 1, lambda key, magnitudes, count: jnp.arange(count))
