"""Hyperparameters of a Gaussian process by the evidence: the most likely ones.

``ln p(y | h) = −½ [rᵀ (K + Σ)⁻¹ r + ln det (K + Σ) + n ln 2π]`` is maximised over ``ln h`` by
L-BFGS, its gradient by reverse mode through the Cholesky factor, from several starts. At the
rounding of a covariance without noise neither has a digit left, so that the search adds more jitter
than the process has that it ends with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.as_whole import as_whole
from physml.datasets.generator import generator
from physml.errors import ConfigurationError, ConvergenceError, UnknownNameError
from physml.learn.bayes.covariance import Data, Shape, correlations, data_of, shape_of
from physml.learn.bayes.gaussian_process import checked
from physml.learn.bayes.linear_operator import Family
from physml.learn.bayes.prior_mean import mean_values
from physml.learn.bayes.process import GaussianProcess
from physml.learn.metrics.shapes import finite
from physml.types import Field

# By which factor a hyperparameter may leave its start.
_FURTHEST = 1e6

# How much of the values, Observed by Observed, the jitter may explain where there is no noise. A
# kernel that is large enough would have it explain all of them.
_BY_JITTER = 1e-3

# Of the search, in units of that of a process: digits that the evidence and its slope keep.
_SEARCHED_WITH = 1e3

# The deviation of ln h among the starts.
_SPREAD = 1.0

# What a covariance that is not positive definite counts, far above any −ln p of data.
_IMPOSSIBLE = 1e20


def most_likely_process(
    kernel: Family,
    observed: Any,
    start: Mapping[str, Any],
    *,
    key: Array,
    starts: int = 4,
    mean: Field | None = None,
) -> GaussianProcess:
    """The Gaussian process whose hyperparameters make the observations most likely.

    Args:
        kernel: ``hyperparameters -> k``, a kernel for each dict of hyperparameters.
        observed: an ``Observed``, or several; ``noise="σ"`` says that the noise is the
            hyperparameter of that name.
        start: numbers > 0 by name, ``()`` or ``(d,)``, of the right order of magnitude: they move
            by their logarithms, by a factor of a million at most.
        key: a random key, of the other starts.
        starts: from how many the maximum is sought, the others drawn about ``start``; the best is
            taken, and ``starts`` of the result has the log evidence of each.
        mean: see ``gaussian_process``.

    Raises:
        ConfigurationError, ShapeError, NonFiniteError: see ``gaussian_process``; numbers that are
            not above 0.
        UnknownNameError: noise of a name that ``start`` lacks.
        ConvergenceError: a hyperparameter that the observations do not tell: the evidence grows
            without end with it, or to 0.

    Source: Rasmussen and Williams (2006), sec. 5.4.

    >>> import jax, numpy as np, physml as pm
    >>> jax.config.update("jax_enable_x64", True)
    >>> random = np.random.default_rng(0)
    >>> x = np.linspace(0, 6, 30)[:, None]
    >>> data = pm.learn.Observed(x, np.sin(x[:, 0]) + 0.1 * random.normal(size=30), noise="noise")
    >>> u = pm.learn.most_likely_process(lambda h: pm.learn.rbf(h["length"], deviation=h["size"]),
    ...     data, {"length": 1.0, "size": 1.0, "noise": 0.3}, key=jax.random.key(0), starts=2)
    >>> bool(0.05 < u.hyperparameters["noise"] < 0.2)
    True
    """
    start, starts = _positive(start), as_whole("starts", starts, least=1)
    if not callable(kernel):
        raise ConfigurationError(
            "kernel: expected a function of hyperparameters whose value is a kernel, got "
            f"{type(kernel).__name__}"
        )
    several = checked(kernel, start, observed, mean)
    for one in several:
        if isinstance(one.noise, str) and one.noise not in start:
            raise UnknownNameError("hyperparameter", one.noise, start)
    shape, data = shape_of(several), data_of(several, mean_values(mean, several))
    first, unravel = ravel_pytree(jax.tree.map(jnp.log, start))
    centre = np.asarray(first)
    drawn = _SPREAD * generator(key).normal(size=(starts - 1, centre.size))
    found = [
        _climb(kernel, shape, data, unravel, place, centre) for place in (centre, *(centre + drawn))
    ]
    best, value = min(found, key=lambda pair: pair[1])
    if not value < _IMPOSSIBLE:
        raise ConvergenceError(
            "start: no start has a positive definite covariance: give another start, or a noise"
        )
    _check_inside(unravel, best, centre)
    hyperparameters = jax.tree.map(np.asarray, jax.tree.map(jnp.exp, unravel(jnp.asarray(best))))
    return GaussianProcess(kernel, several, hyperparameters, mean, [-v for _, v in found])


def minus_log_evidence(family: Family, shape: Shape, data: Data, hyperparameters: Any) -> Array:
    """``−ln p(y | h)``; NaN where the covariance is not positive definite, or jitter explains."""
    C, s, jitter = correlations(family, shape, hyperparameters, data, jitter=_SEARCHED_WITH)
    lower = jnp.linalg.cholesky(C)
    half = jax.scipy.linalg.solve_triangular(lower, data.values / s, lower=True)
    log_scale = jnp.sum(jnp.log(s)) + jnp.sum(jnp.log(jnp.diagonal(lower)))
    found = 0.5 * jnp.sum(half**2) + log_scale + 0.5 * len(s) * jnp.log(2 * jnp.pi)
    return jnp.where(_explained(s, jitter, data) > _BY_JITTER, jnp.nan, found)


def _explained(s: Array, jitter: Array, data: Data) -> Array:
    """The deviation for which the jitter stands, in parts of the values; of zeros there is none."""
    parts, first = [], 0
    for points in data.points:
        of_one = slice(first, first + len(points))
        size = jnp.max(jnp.abs(data.values[of_one]))
        parts.append(jnp.where(size > 0, jnp.max(s[of_one]) / jnp.where(size > 0, size, 1.0), 0.0))
        first += len(points)
    return jnp.sqrt(jitter) * jnp.max(jnp.stack(parts))


@partial(jax.jit, static_argnums=(0, 1, 3))
def _value_and_gradient(
    family: Family, shape: Shape, data: Data, unravel: Any, flat: Array
) -> tuple[Array, Array]:
    def value(flat: Array) -> Array:
        return minus_log_evidence(family, shape, data, jax.tree.map(jnp.exp, unravel(flat)))

    return jax.value_and_grad(value)(flat)


def _climb(
    family: Family, shape: Shape, data: Data, unravel: Any, place: np.ndarray, centre: np.ndarray
) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize  # here, since scipy takes long to load

    best: list[Any] = [place, _IMPOSSIBLE, 0.0]  # where, the value, the size of the slope

    def both(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _value_and_gradient(family, shape, data, unravel, jnp.asarray(flat))
        if np.isfinite(value) and np.isfinite(slope).all():
            if float(value) < best[1]:
                best[:] = [flat.copy(), float(value), float(np.linalg.norm(slope))]
            return float(value), np.asarray(slope)
        # A cone about the best place: a line search interpolates, and a huge value leaves no step.
        away = flat - best[0]
        length = max(float(np.linalg.norm(away)), 1e-300)
        rise = 10 * (1 + best[2])
        return best[1] + rise * length, rise * away / length

    far = np.log(_FURTHEST)
    minimize(
        both,
        place,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(centre - far, centre + far, strict=True)),
        options={"maxiter": 300, "ftol": 1e-11, "gtol": 1e-6},
    )
    return best[0], best[1]


def _positive(start: Any) -> dict[str, np.ndarray]:
    if not isinstance(start, Mapping) or not start:
        raise ConfigurationError(
            f"start: expected numbers > 0 by name, such as {{'length': 1.0}}, got {start!r}"
        )
    numbers = {name: finite(f"start: {name}", value) for name, value in start.items()}
    for name, value in numbers.items():
        if not np.all(value > 0):
            raise ConfigurationError(f"start: {name}: expected numbers > 0, got {value.min()}")
    return numbers


def _check_inside(unravel: Any, best: np.ndarray, centre: np.ndarray) -> None:
    away = unravel(jnp.asarray(np.abs(best - centre)))
    far = [name for name, value in away.items() if np.max(value) > 0.999 * np.log(_FURTHEST)]
    if far:
        raise ConvergenceError(
            f"start: the evidence grows without end with {', '.join(far)}, a factor of "
            f"{_FURTHEST:.0e} away from the start and more: the observations do not tell it. Leave "
            "it out and fix its number in the kernel (noise=0 of an Observed), or observe more"
        )
