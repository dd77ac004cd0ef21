"""A fit with its error bars: of what it predicts, of new observations, of unknown numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, ShapeError
from physml.figures import figure
from physml.lazy_jacobian import Block, Jacobian
from physml.real_parts import real_type
from physml.train.fitted import Fitted, Predict
from physml.train.row_covariance import Covariance, products

_CHUNK = 1024


class Number(NamedTuple):
    """An unknown number and its standard error, of the same shape."""

    value: np.ndarray
    standard_error: np.ndarray

    def words(self) -> str:
        """``value ± standard error``, the latter to two digits."""
        pairs = zip(np.ravel(self.value), np.ravel(self.standard_error), strict=True)
        return ", ".join(f"{value:.5g} ± {error:.2g}" for value, error in pairs)


class Interval(NamedTuple):
    """Ends of an interval, each like the prediction at many points."""

    low: Any
    high: Any


class ErrorBars:
    """A fit with its error bars.

    Attributes:
        noise: the deviation of one observation of each term, in its own units; one a sample,
            ``(n,)`` or ``(n, m)``, where samples have weights of their own.
        damping: ``λ``; the prior has the precision ``λ/s²``.
        observations: ``n``, how many.
        determined: ``tr H``, how many numbers the observations determine.
        unknown_numbers: by name, with their standard errors.
    """

    def __init__(
        self,
        fitted: Fitted,
        covariance: Covariance,
        *,
        deviation: float,
        noise: Mapping[str, Any],
        estimated: bool,
        damping: float,
        observations: int,
        determined: float,
        of_each: tuple[str, ...] = (),
    ) -> None:
        self.noise = dict(noise)
        self.damping = damping
        self.observations = observations
        self.determined = determined
        self._fitted = fitted
        self._covariance = covariance
        self._deviation = deviation
        self._freedom = observations - determined if estimated else np.inf
        self._of_each = of_each
        self._observe = fitted.observe or dict.fromkeys(noise, fitted.predict)
        self.unknown_numbers = {
            name: self._number(value) for name, value in fitted.unknown_numbers.items()
        }

    def standard_deviation(self, points: Any) -> Any:
        """``√(∂u Σ ∂uᵀ)`` of the prediction: of the field, without the noise of an observation.

        Args:
            points: ``(m, d)``, or what ``predict`` takes with a leading axis.

        Returns:
            ``(m,)`` + the shape of a prediction, or a dict of such arrays.

        Raises:
            ShapeError: points that are not finite, masked, complex, or without a leading axis.
        """
        return self._in_shape(self._fitted.predict, points, self._deviations)

    def interval(self, points: Any, level: float = 0.9, *, observed: str | None = None) -> Interval:
        """``u* ± t √(∂u Σ ∂uᵀ)``, or of new observations ``u* ± t √(∂u Σ ∂uᵀ + σ²)``.

        ``t`` is Student's quantile of ``n − tr H`` degrees of freedom where the noise is estimated,
        the normal one where it is given. The level holds at each point, not for all at once.

        Args:
            points: ``(m, d)``, or what ``predict`` takes with a leading axis.
            level: the probability inside.
            observed: the term of which it is a new observation; the field itself if None.

        Returns:
            Its ends.

        Raises:
            ConfigurationError: a level outside (0, 1); a term without observations, or whose
                observations have each a noise of its own.
        """
        if not 0 < level < 1:
            raise ConfigurationError(f"level: expected a probability in (0, 1), got {level}")
        if observed is not None and observed not in self.noise:
            raise ConfigurationError(
                f"observed: expected a term with observations, {', '.join(self.noise)}, got "
                f"{observed!r}"
            )
        if observed in self._of_each:
            raise ConfigurationError(
                f"observed: expected a term with one noise for all observations, since that of a "
                f"new one is not known, got {observed!r}, whose samples have weights of their own; "
                "the interval of the field itself is observed=None"
            )
        predict = self._fitted.predict if observed is None else self._observe[observed]
        extra = 0.0 if observed is None else self.noise[observed]
        t = _quantile(0.5 + 0.5 * level, self._freedom)

        def end(sign: float, flat: Predict, points: Any) -> np.ndarray:
            deviation = np.hypot(self._deviations(flat, points), extra)
            return self._values(flat, points) + sign * t * deviation

        return Interval(*(self._in_shape(predict, points, partial(end, s)) for s in (-1.0, 1.0)))

    def sample(self, key: Array, points: Any, count: int) -> Any:
        """Fields drawn from the posterior, ``u* + ∂u δ`` with ``δ ~ N(0, Σ)``, linear in ``δ``.

        Args:
            key: a random key.
            points: ``(m, d)``, or what ``predict`` takes with a leading axis.
            count: how many.

        Returns:
            ``(count, m)`` + the shape of a prediction, or a dict of such arrays.
        """
        deltas = self._deviation * self._covariance.draws(key, count)

        def drawn(flat: Predict, points: Any) -> np.ndarray:
            change = products(self._rows(flat, points), deltas)
            start = self._values(flat, points)
            return np.moveaxis(start + change.reshape(count, *start.shape), 0, 1)

        made = self._in_shape(self._fitted.predict, points, drawn, (count,))
        return jax.tree.map(lambda leaf: np.moveaxis(leaf, 1, 0), made)

    def words(self) -> dict[str, str]:
        """Noise, what is determined, damping and the unknown numbers for a reader, a line each."""
        how = "estimated" if np.isfinite(self._freedom) else "given"
        noise = ", ".join(
            f"{name} {_range(value) if name in self._of_each else _words(value)}"
            for name, value in self.noise.items()
        )
        told = {
            f"noise ({how})": noise,
            "determined": f"{self.determined:.3g} numbers by {self.observations} observations",
            "damping": f"{self.damping:.2g}",
        }
        return told | {name: number.words() for name, number in self.unknown_numbers.items()}

    def __repr__(self) -> str:
        """The words, and what they leave out."""
        lines = [f"{name}: {value}" for name, value in self.words().items()]
        return "\n".join(["Error bars of one fit, local and linear", *lines])

    def plot(self, path: str | Path, points: Any, level: float = 0.9) -> Path:
        """Save a figure of bands, along the one coordinate in which the points differ.

        Of unknown numbers there is none: ``words`` tells them.

        Args:
            path: a file whose ending names the format.
            points: ``(m,)`` or ``(m, d)``.
            level: of the bands; a lighter one is that of new observations.

        Raises:
            ConfigurationError: unless exactly one coordinate varies.
            MissingDependencyError: without matplotlib.
        """
        table = np.asarray(points).reshape(len(points), -1)
        along = np.nonzero(np.ptp(table, axis=0) > 0)[0]
        if len(along) != 1:
            raise ConfigurationError(
                f"plot: expected points along one coordinate, got {len(along)} that vary; "
                "standard_deviation(points) gives the numbers of a map"
            )
        x = table[:, along[0]]
        order = np.argsort(x)
        with figure(path, 1, 2) as (axis, width):
            for term in (None, *(name for name in self.noise if name not in self._of_each)):
                low, high = self.interval(points, level, observed=term)
                for name, down, up in _columns(low, high):
                    if name in self.unknown_numbers:
                        continue  # the same everywhere, and of another size
                    title = name or "field" if term is None else f"new: {name or term}"
                    low_edge, high_edge = down[order], up[order]
                    shade = 0.4 if term is None else 0.15
                    axis.fill_between(x[order], low_edge, high_edge, alpha=shade, label=title)
                    width.semilogy(x[order], 0.5 * (high_edge - low_edge), label=title)
            axis.set(title=f"{level:.0%} bands", xlabel=f"coordinate {along[0]}")
            width.set(title="half width", xlabel=f"coordinate {along[0]}")
            axis.legend()
            width.legend()
        return Path(path)

    def _number(self, value: Any) -> Number:
        flat = _Flattened(lambda params, _: value(params))
        nothing = jnp.zeros(1)
        shape = np.shape(value(self._fitted.result.params))
        found = self._values(flat, nothing), self._deviations(flat, nothing)
        return Number(*(part.reshape(shape) for part in found))

    def _rows(self, flat: Predict, points: Any) -> Jacobian:
        block = Block(flat, points, jnp.ones((), real_type(self._fitted.result.params)))
        return Jacobian(self._fitted.result.params, (block,))

    def _deviations(self, flat: Predict, points: Any) -> np.ndarray:
        variance = self._covariance.variance(self._rows(flat, points))
        return self._deviation * np.sqrt(variance).reshape(_length(points), -1)

    def _values(self, flat: Predict, points: Any) -> np.ndarray:
        return np.asarray(_evaluated(flat, self._fitted.result.params, points), np.float64)

    def _in_shape(
        self, predict: Predict, points: Any, what: Any, extra: tuple[int, ...] = ()
    ) -> Any:
        """Call ``what(flat, points) -> (m, *extra, q)`` on parts of the points; give it shapes."""
        dtype = real_type(self._fitted.result.params)
        points = jax.tree.map(lambda leaf: jnp.asarray(as_numbers("points", leaf), dtype), points)
        m = _length(points)
        if not all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(points)):
            raise ShapeError("points: expected finite coordinates, got a NaN or an infinity")
        one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), points)
        shapes = jax.eval_shape(predict, self._fitted.result.params, one)
        leaves, tree = jax.tree.flatten(shapes)
        if any(jnp.issubdtype(leaf.dtype, jnp.complexfloating) for leaf in leaves):
            raise ConfigurationError(
                "posterior: expected real predictions, got complex ones; predict .real and .imag "
                "as two"
            )
        flat = _Flattened(predict)
        parts = [
            what(flat, jax.tree.map(lambda leaf, i=i: leaf[i : i + _CHUNK], points))
            for i in range(0, m, _CHUNK)
        ]
        ends = np.cumsum([int(np.prod(leaf.shape)) for leaf in leaves])[:-1]
        columns = np.split(np.concatenate(parts), ends, axis=-1)
        made = [
            column.reshape(m, *extra, *leaf.shape)
            for column, leaf in zip(columns, leaves, strict=True)
        ]
        return jax.tree.unflatten(tree, made)


@partial(jax.jit, static_argnums=0)
def _evaluated(flat: Predict, params: Any, points: Any) -> Array:
    return jax.vmap(lambda point: flat(params, point))(points)


def _quantile(probability: float, freedom: float) -> float:
    from scipy.special import ndtri, stdtrit  # here, since scipy takes long to load

    return float(ndtri(probability) if np.isinf(freedom) else stdtrit(freedom, probability))


@dataclass(frozen=True)
class _Flattened:
    """A prediction as one vector; equal for one prediction, so that it is compiled once."""

    predict: Predict

    def __call__(self, params: Any, point: Any) -> Array:
        return ravel_pytree(self.predict(params, point))[0]


def _length(points: Any) -> int:
    counts = {jnp.shape(leaf)[0] if jnp.ndim(leaf) else 0 for leaf in jax.tree.leaves(points)}
    if len(counts) != 1 or 0 in counts:
        raise ShapeError(
            "points: expected an array (m, d) of at least one point, or a tree with one leading "
            f"axis, got lengths {sorted(counts)}"
        )
    return int(counts.pop())


def _columns(low: Any, high: Any) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each number of a prediction with its name: the ends of its interval, ``(m,)``."""
    for path, down in jax.tree_util.tree_leaves_with_path(low):
        name = "".join(str(getattr(part, "key", part)) for part in path)
        up = high
        for part in path:
            up = up[part.key]
        tables = down.reshape(len(down), -1), np.asarray(up).reshape(len(down), -1)
        for i, pair in enumerate(zip(*(table.T for table in tables), strict=True)):
            yield (name if len(tables[0].T) == 1 else f"{name} {i}".strip()), *pair


def _range(value: Any) -> str:
    return f"{np.min(value):.3g} to {np.max(value):.3g}"


def _words(value: Any) -> str:
    return ", ".join(f"{one:.3g}" for one in np.ravel(value))
