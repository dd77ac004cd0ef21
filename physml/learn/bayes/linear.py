"""Bayesian linear regression, its prior and its noise by the evidence.

y = Xθ + ε,   θ ~ N(0, τ² I),   ε ~ N(0, σ² I);   α = 1/τ², β = 1/σ²
θ | y ~ N(θ*, Σ),   Σ = (β XᵀX + α I)⁻¹,   θ* = β Σ Xᵀ y
ln p(y) = −½ [yᵀ C⁻¹ y + ln det C + n ln 2π],   C = σ² I + τ² X Xᵀ
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.generator import generator
from physml.errors import ConfigurationError, ConvergenceError, ShapeError
from physml.learn.linear.linear_model import as_design
from physml.learn.metrics.shapes import finite
from physml.train.error_bars import Interval

# Where the ratio λ = α/β is sought, in parts of the largest squared singular value.
_LEAST, _LARGEST = 1e-16, 1e12

# By how much of −2 ln p a target a maximum is one: towards no noise the evidence is flat.
_FLAT = 1e-8


@dataclass(frozen=True, eq=False)
class BayesianLinearModel:
    """The posterior of ``f(x) = x·θ``.

    Attributes:
        coefficients: ``θ*``, ``(p,)``.
        covariance: ``Σ``, ``(p, p)``.
        root: ``R`` of ``Σ = RᵀR``, ``(p, p)``, with which a small variance beside large ones is no
            difference of those.
        noise: ``σ = β^(−½)``, of a target.
        prior: ``τ = α^(−½)``, of a coefficient.
        log_evidence: ``ln p(y)``, with its ``−½ n ln 2π``.
        determined: ``γ = Σ_i s_i²/(s_i² + α/β)``, how many coefficients the data determine.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    root: np.ndarray
    noise: float
    prior: float
    log_evidence: float
    determined: float

    def predict(self, inputs: Any) -> np.ndarray:
        """The posterior mean ``x·θ*``, ``(m,)``.

        Args:
            inputs: ``(m, p)``.

        Raises:
            ShapeError: of another number of inputs.
            NonFiniteError: a NaN or an infinity.
        """
        return as_design(inputs, len(self.coefficients)) @ self.coefficients

    def standard_deviation(self, inputs: Any) -> np.ndarray:
        """``√(xᵀ Σ x)``, ``(m,)``, without the noise of a target; see ``predict``."""
        X = as_design(inputs, len(self.coefficients))
        return np.linalg.norm(X @ self.root.T, axis=1)

    def interval(self, inputs: Any, level: float = 0.9, *, observed: bool = False) -> Interval:
        """``x·θ* ± t √(xᵀ Σ x)``, or of new targets ``± t √(xᵀ Σ x + σ²)``, t the normal quantile.

        Args:
            inputs: ``(m, p)``.
            level: the probability inside.
            observed: whether it is that of new targets.

        Raises:
            ConfigurationError: a level outside (0, 1).
            ShapeError, NonFiniteError: see ``predict``.
        """
        if not 0 < level < 1:
            raise ConfigurationError(f"level: expected a probability in (0, 1), got {level}")
        from scipy.special import ndtri  # here, since scipy takes long to load

        extra = self.noise if observed else 0.0
        width = ndtri(0.5 + 0.5 * level) * np.hypot(self.standard_deviation(inputs), extra)
        return Interval(self.predict(inputs) - width, self.predict(inputs) + width)

    def sample(self, key: Array, inputs: Any, count: int) -> np.ndarray:
        """Functions drawn from the posterior, ``(count, m)``; see ``predict``.

        Raises:
            ConfigurationError: a count that is no whole number above 0.
        """
        X = as_design(inputs, len(self.coefficients))
        count = as_whole("count", count, least=1)
        z = generator(key).normal(size=(count, len(self.root)))
        return (self.coefficients + z @ self.root) @ X.T


def bayesian_regression(
    inputs: Any, targets: Any, *, noise: float | None = None, prior: float | None = None
) -> BayesianLinearModel:
    """Linear regression with error bars; noise and prior, if not given, by the largest evidence.

    There is no intercept: a column of ones is one, with the prior of the others. Features of unlike
    size have unlike priors, see ``Scaler``. By the singular values of X, in float64.

    Args:
        inputs: ``X``, ``(n, p)``; features such as ``monomials(x, degree)``.
        targets: ``y``, ``(n,)``.
        noise: ``σ > 0``, the deviation of a target.
        prior: ``τ > 0``, the deviation of a coefficient.

    Raises:
        ShapeError: other shapes.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a deviation that is not above 0.
        ConvergenceError: an evidence without a maximum: targets that the inputs do not explain at
            all, or explain without any error.

    Source: MacKay (1992), doi:10.1162/neco.1992.4.3.415; Bishop (2006), sec. 3.5.

    >>> import numpy as np, physml as pm
    >>> random = np.random.default_rng(0)
    >>> x = pm.learn.monomials(random.uniform(-1, 1, (200, 1)), 3)
    >>> y = x @ [1.0, 0.5, -2.0] + 0.1 * random.normal(size=200)
    >>> model = pm.learn.bayesian_regression(x, y)
    >>> bool(0.08 < model.noise < 0.12), model.interval([[1.0, 1.0, 1.0]]).low.shape
    (True, (1,))
    """
    X, y = as_design(inputs), finite("targets", targets)
    if y.shape != X.shape[:1]:
        raise ShapeError(f"targets: expected one a sample, ({len(X)},), got {y.shape}")
    for name, value in (("noise", noise), ("prior", prior)):
        if value is not None and not (np.ndim(value) == 0 and 0 < value < np.inf):
            raise ConfigurationError(f"{name}: expected a finite deviation > 0, got {value}")
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    seen = U.T @ y
    rest = max(float(np.sum((y - U @ seen) ** 2)), 0.0)
    n = len(y)
    if noise is not None and prior is not None:
        ratio = (noise / prior) ** 2
    else:
        ratio = _most_likely_ratio(seen, rest, S, n, noise, prior)
    if noise is None:
        energy = rest + float(np.sum(seen**2 * ratio / (ratio + S**2)))
        noise = float(np.sqrt(energy / n)) if prior is None else float(np.sqrt(ratio) * prior)
    prior = float(noise / np.sqrt(ratio)) if prior is None else prior
    gain = S / (S**2 + ratio)
    # Directions that no sample shows keep the prior's deviation.
    axes = np.concatenate([Vt, np.linalg.svd(Vt)[2][len(S) :]])
    deviations = np.append(noise / np.sqrt(S**2 + ratio), np.full(len(axes) - len(S), prior))
    root = deviations[:, None] * axes
    log_det = n * np.log(noise**2) + np.sum(np.log1p(S**2 / ratio))
    energy = rest + float(np.sum(seen**2 * ratio / (ratio + S**2)))
    log_evidence = -0.5 * (energy / noise**2 + log_det + n * np.log(2 * np.pi))
    return BayesianLinearModel(
        Vt.T @ (gain * seen),
        root.T @ root,
        root,
        float(noise),
        float(prior),
        float(log_evidence),
        float(np.sum(S**2 / (S**2 + ratio))),
    )


def _most_likely_ratio(
    seen: np.ndarray,
    rest: float,
    S: np.ndarray,
    n: int,
    noise: float | None,
    prior: float | None,
) -> float:
    """``λ = α/β`` of the largest evidence, the free ones of noise and prior at their best."""
    from scipy.optimize import brentq  # here, since scipy takes long to load

    top = float(S.max(initial=0.0)) ** 2

    def terms(log_ratio: float) -> tuple[float, float]:
        """``−2 ln p`` up to a constant, and its derivative along ``ln λ``."""
        ratio = np.exp(log_ratio)
        h = ratio / (ratio + S**2)
        energy = rest + np.sum(seen**2 * h)
        bend = np.sum(seen**2 * h * (1 - h))
        value, slope = np.sum(np.log1p(S**2 / ratio)), -np.sum(1 - h)
        if noise is not None:
            return value + energy / noise**2, slope + bend / noise**2
        if prior is not None:
            variance = ratio * prior**2
            return value + energy / variance + n * log_ratio, slope + (bend - energy) / variance + n
        return value + n * np.log(energy), slope + n * bend / energy

    if not (top > 0 and np.sum(seen**2) > 0):
        raise ConvergenceError(
            "bayesian_regression: the targets have no part along the inputs, so that no evidence "
            "tells the prior: give noise= and prior="
        )
    if noise is None and n > len(S) and rest <= 1e-24 * np.sum(seen**2):
        raise ConvergenceError(
            f"bayesian_regression: {n} targets are met without error by {len(S)} combinations of "
            "the inputs, so that no evidence tells the noise: give noise=, or fewer features"
        )
    places = np.log(top) + np.linspace(np.log(_LEAST), np.log(_LARGEST), 400)
    found = [terms(place) for place in places]
    minima = [
        (min(found[i][0], found[i + 1][0]), i)
        for i in range(len(places) - 1)
        if found[i][1] < 0 <= found[i + 1][1]
    ]
    ends = min(found[0][0], found[-1][0])
    if not minima or min(minima)[0] > ends - _FLAT * n:
        where = (
            "the noise alone explains the targets"
            if found[-1][0] <= found[0][0]
            else "the inputs alone explain the targets, without noise"
        )
        raise ConvergenceError(
            f"bayesian_regression: the evidence has no maximum: {where}; give prior= or noise=, or "
            "more data"
        )
    i = min(minima)[1]
    return float(
        np.exp(brentq(lambda place: terms(place)[1], places[i], places[i + 1], xtol=1e-14))
    )
