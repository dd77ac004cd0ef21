"""The posterior of a Gaussian process: means, bars, samples, derivatives.

u ~ GP(m, k),   y = L u + σ ε,   cov(Lu(x), Mu(y)) = L_x M_y k(x, y)
mean of u(z):       m(z) + k_L(z)ᵀ (K + Σ)⁻¹ (y − Lm)
covariance:         k(z, z′) − k_L(z)ᵀ (K + Σ)⁻¹ k_L(z′)
ln p(y) = −½ [(y − Lm)ᵀ (K + Σ)⁻¹ (y − Lm) + ln det (K + Σ) + n ln 2π]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.generator import generator
from physml.errors import ConfigurationError, ShapeError
from physml.learn.bayes.covariance import (
    covariances,
    data_of,
    factored,
    shape_of,
    solved,
    whitened,
)
from physml.learn.bayes.linear_operator import (
    Family,
    applied,
    check_linear,
    check_smooth,
    pairwise,
)
from physml.learn.bayes.observed import Observed
from physml.learn.bayes.prior_mean import mean_values
from physml.learn.metrics.shapes import finite
from physml.train.error_bars import Interval
from physml.types import Field, LocalOperator, ManyPoints

_CHUNK = 1024

# Of the largest value, that observations without noise may be missed by.
_MISSED = 1e-6


class LeftOut(NamedTuple):
    """Each observation as the others predict it, its noise included.

    Attributes:
        mean: ``(n,)``.
        standard_deviation: ``(n,)``.
        log_density: ``ln p(yᵢ | the others)``, ``(n,)``.
    """

    mean: np.ndarray
    standard_deviation: np.ndarray
    log_density: np.ndarray


class GaussianProcess(ManyPoints):
    """The posterior of a function; a ``Result``. Made by ``gaussian_process``.

    Attributes:
        observed: what was.
        hyperparameters: of the kernel, found by ``most_likely_process``; empty of a given one.
        log_evidence: ``ln p(y)``, with its ``−½ n ln 2π``.
        jitter: what was added to the correlations of the observations for their rounding.
        starts: the log evidence that each start came to; empty of a given kernel.
    """

    def __init__(
        self,
        family: Family,
        observed: tuple[Observed, ...],
        hyperparameters: Any,
        mean: Field | None,
        starts: Any = (),
    ) -> None:
        self.observed = observed
        self.hyperparameters = hyperparameters
        self.starts = np.asarray(starts)
        self.kernel = family(hyperparameters)
        self._family = family
        self._mean = mean
        self._shape = shape_of(observed)
        self._data = data_of(observed, mean_values(mean, observed))
        self._factor = factored(family, self._shape, hyperparameters, self._data)
        self._values = np.asarray(self._data.values)
        self._weights = solved(self._factor, self._values)
        half = whitened(self._factor, self._values[:, None])
        log_scale = np.log(self._factor.scale) + np.log(np.diag(self._factor.lower))
        n = len(self._values)
        self.log_evidence = float(
            -0.5 * np.sum(half**2) - log_scale.sum() - 0.5 * n * np.log(2 * np.pi)
        )
        self.jitter = self._factor.jitter
        self._check_met()

    @property
    def field(self) -> Field:
        """The posterior mean of one point ``(d,)``, which operators differentiate."""
        ends = np.cumsum([len(one.values) for one in self.observed])[:-1]
        weights = [jnp.asarray(part) for part in np.split(self._weights, ends)]

        def mean(z: Array) -> Array:
            total = jnp.zeros((), z.dtype) if self._mean is None else self._mean(z)
            for operator, points, weight in zip(
                self._shape.operators, self._data.points, weights, strict=True
            ):
                right = jax.vmap(lambda x, L=operator: applied(L, lambda b: self.kernel(z, b))(x))
                total = total + jnp.sum(right(points) * weight)
            return total

        return mean

    def __call__(self, points: Any, operator: LocalOperator | None = None) -> np.ndarray:
        """The posterior mean, of ``L u`` if an operator is given.

        Args:
            points: ``(m, d)``.
            operator: ``(u, x) -> ()``, linear in u.

        Returns:
            ``(m,)``.

        Raises:
            ShapeError: points of another dimension.
            NonFiniteError: a NaN or an infinity.
            ConfigurationError: an operator that is not linear, or takes derivatives that functions
                of the kernel do not have.
        """
        self._check_operator(operator, points)

        def value(some: Array) -> np.ndarray:
            prior: Any = 0.0
            if self._mean is not None:
                prior = np.asarray(jax.vmap(applied(operator, self._mean))(some))
            return prior + self._columns(operator, some) @ self._weights

        return self._in_chunks(points, value)

    def derivative(self, operator: Callable[[Field], Any], points: Any) -> np.ndarray:
        """A derivative of the posterior mean at many points; ``Solution.derivative`` of a problem.

        Args:
            operator: ``u -> ∂u``, such as ``pm.gradient`` or ``lambda u: pm.partial(u, 0)``.
            points: ``(m, d)``.

        Returns:
            ``(m,)`` + the shape of its value at one point.

        Raises:
            ShapeError, NonFiniteError, ConfigurationError: see ``__call__``; each component of a
                value is an operator by itself.
        """
        some = self._points(points)
        shape = jax.eval_shape(
            operator(self.field), jax.ShapeDtypeStruct(some.shape[1:], some.dtype)
        ).shape
        for i in range(math.prod(shape)):
            self._check_operator(_Component(operator, i), points)
        value = jax.jit(jax.vmap(operator(self.field)))
        return self._in_chunks(points, lambda some: np.asarray(value(some)))

    def standard_deviation(self, points: Any, operator: LocalOperator | None = None) -> np.ndarray:
        """The posterior deviation of u, or of ``L u``, without the noise of an observation.

        A difference of two variances is known to the rounding of the larger one: a bar is
        ``√(nε)`` of the prior's at least, some 1e-7 of it.

        Args:
            points: ``(m, d)``.
            operator: ``(u, x) -> ()``, linear in u.

        Returns:
            ``(m,)``.

        Raises:
            ShapeError, NonFiniteError, ConfigurationError: see ``__call__``.
        """
        self._check_operator(operator, points)
        least = len(self._values) * np.finfo(float).eps

        def deviation(some: Array) -> np.ndarray:
            prior = np.asarray(pairwise(self._family, operator, self.hyperparameters, some, some))
            known = np.sum(whitened(self._factor, self._columns(operator, some).T) ** 2, axis=0)
            return np.sqrt(np.maximum(prior - known, least * prior))

        return self._in_chunks(points, deviation)

    def interval(
        self,
        points: Any,
        level: float = 0.9,
        *,
        operator: LocalOperator | None = None,
        noise: float = 0.0,
    ) -> Interval:
        """``mean ± t √(variance + σ²)`` with the normal quantile t, at each point by itself.

        Args:
            points: ``(m, d)``.
            level: the probability inside.
            operator: see ``standard_deviation``.
            noise: ``σ`` of a new observation; 0 for the function itself.

        Raises:
            ConfigurationError: a level outside (0, 1), a noise below 0; see ``standard_deviation``.
        """
        if not 0 < level < 1:
            raise ConfigurationError(f"level: expected a probability in (0, 1), got {level}")
        if not (np.ndim(noise) == 0 and 0 <= noise < np.inf):
            raise ConfigurationError(f"noise: expected a deviation ≥ 0, got {noise}")
        from scipy.special import ndtri  # here, since scipy takes long to load

        centre = self(points, operator)
        width = ndtri(0.5 + 0.5 * level) * np.hypot(
            self.standard_deviation(points, operator), noise
        )
        return Interval(centre - width, centre + width)

    def covariance(self, points: Any, operator: LocalOperator | None = None) -> np.ndarray:
        """The posterior covariance of u, or of ``L u``, between all pairs of points, ``(m, m)``.

        Raises:
            ShapeError, NonFiniteError, ConfigurationError: see ``standard_deviation``.
        """
        self._check_operator(operator, points)
        some = self._points(points)
        rows = (operator,)
        prior = covariances(self._family, rows, rows, self.hyperparameters, (some,), (some,))
        half = whitened(self._factor, self._columns(operator, some).T)
        return np.asarray(prior) - half.T @ half

    def sample(
        self, key: Array, points: Any, count: int, operator: LocalOperator | None = None
    ) -> np.ndarray:
        """Functions drawn from the posterior, at some points.

        Args:
            key: a random key.
            points: ``(m, d)``.
            count: how many.
            operator: ``(u, x) -> ()``, linear in u.

        Returns:
            ``(count, m)``.

        Raises:
            ShapeError, NonFiniteError, ConfigurationError: see ``standard_deviation``.
        """
        count = as_whole("count", count, least=1)
        values, vectors = np.linalg.eigh(self.covariance(points, operator))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return self(points, operator) + generator(key).normal(size=(count, len(values))) @ root.T

    def left_out(self) -> LeftOut:
        """Each observation predicted by all others, in closed form.

        ``yᵢ − μᵢ = αᵢ/Aᵢᵢ``, ``σᵢ² = 1/Aᵢᵢ`` with ``A = (K + Σ)⁻¹``, ``α = A (y − Lm)``; the
        hyperparameters stay those of all observations.

        Source: Rasmussen and Williams (2006), eq. 5.12.
        """
        inverse = np.diag(solved(self._factor, np.eye(len(self._values))))
        away, deviation = self._weights / inverse, 1 / np.sqrt(inverse)
        truth = np.concatenate([one.values for one in self.observed])
        log_density = -0.5 * (away / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)
        return LeftOut(truth - away, deviation, log_density)

    def numbers(self) -> dict[str, Any]:
        """Log evidence, jitter, hyperparameters, how many observations; plain data."""
        found = {
            name: np.asarray(value).tolist() for name, value in dict(self.hyperparameters).items()
        }
        return {
            "log_evidence": self.log_evidence,
            "observations": len(self._values),
            "jitter": self.jitter,
            "hyperparameters": found,
            "compile_seconds": 0.0,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told = {
            "log evidence": f"{self.log_evidence:.6g} of {len(self._values)} observations",
            "jitter": f"{self.jitter:.2g} of each variance",
        }
        for name, value in dict(self.hyperparameters).items():
            told[name] = ", ".join(f"{one:.4g}" for one in np.ravel(np.asarray(value)))
        return told

    def plot(self, path: str | Path, points: Any = None, level: float = 0.9) -> Path:
        """Save a figure of mean and interval along one coordinate, with the values observed.

        Args:
            path: a file whose ending names the format.
            points: ``(m, d)``, along one coordinate; over the observed ones if None.
            level: of the band.

        Raises:
            ConfigurationError: unless exactly one coordinate varies.
            MissingDependencyError: without matplotlib.
        """
        from physml.learn.bayes.plot_process import plot_process

        return plot_process(path, self, points, level)

    def save(self, directory: str | Path) -> Path:
        """Keep it in a directory: what was observed and the hyperparameters, no functions.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        from physml.learn.bayes.saved_process import save

        return save(self, directory)

    @classmethod
    def load(
        cls, directory: str | Path, kernel: Any, *, operators: Any = (None,), mean: Any = None
    ) -> GaussianProcess:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            kernel: the one that was given, or the family of ``most_likely_process``.
            operators: of each ``Observed``, in their order.
            mean: of the prior, if there was one.

        Raises:
            CheckpointError: it is missing or altered, or holds another number of observations.
            FingerprintError: these functions give another evidence, mean or deviation.
        """
        from physml.learn.bayes.saved_process import load

        return load(directory, kernel, tuple(operators), mean)

    def _columns(self, operator: LocalOperator | None, points: Array) -> np.ndarray:
        """``cov(Lu(z), yᵢ)``, ``(m, n)``."""
        return np.asarray(
            covariances(
                self._family,
                (operator,),
                self._shape.operators,
                self.hyperparameters,
                (points,),
                self._data.points,
            )
        )

    def _points(self, points: Any) -> Array:
        dimension = self.observed[0].points.shape[1]
        numbers = finite("points", points)
        if numbers.ndim != 2 or numbers.shape[1] != dimension:
            raise ShapeError(f"points: expected (m, {dimension}), got {numbers.shape}")
        return jnp.asarray(numbers)

    def _check_operator(self, operator: LocalOperator | None, points: Any) -> None:
        if operator is not None:
            some = np.asarray(self._points(points))
            check_linear(operator, some)
            check_smooth(self._family, self.hyperparameters, operator, some)

    def _in_chunks(self, points: Any, value: Callable[[Array], np.ndarray]) -> np.ndarray:
        table = self._points(points)
        parts = [value(table[i : i + _CHUNK]) for i in range(0, len(table), _CHUNK)]
        return np.concatenate(parts)

    def _check_met(self) -> None:
        """Refuse observations that contradict one another and have no noise to do so."""
        missed = np.abs(self.jitter * self._factor.scale**2 * self._weights)
        allowed = 30 * np.sqrt(self.jitter) * self._factor.scale
        allowed = np.maximum(allowed, _MISSED * np.abs(self._values).max())
        if np.any(missed > allowed):
            worst = int(np.argmax(missed - allowed))
            raise ConfigurationError(
                f"observed: value {worst} of {len(missed)} is missed by {missed[worst]:.3g}, since "
                "observations without noise contradict one another (two values at one point) or "
                "functions of this kernel are much smoother than the values: give their noise, or "
                "a shorter length scale"
            )


@dataclass(frozen=True)
class _Component:
    """One number of an operator's value at a point; equal of equal ones, and compiled once."""

    operator: Callable[[Field], Any]
    number: int

    def __call__(self, u: Field, x: Array) -> Array:
        return jnp.ravel(self.operator(u)(x))[self.number]
