"""Error bars from the rows of a fit: Laplace's approximation to the posterior of its parameters.

The statistical model. Rows of observations are ``√(w_k/n_k) (predicted − observed)`` with normal,
independent noise; all of them have one deviation ``s``, hence an observation of term k the noise

    σ_k = s √(n_k/w_k)

which undoes the mean over samples, and weights of several terms of observations state their noise,
``w ∝ n/σ²``, weights of single samples theirs, ``w_i ∝ 1/σ_i²``. Every other term is a constraint,
whose rows have the deviation ``s`` too: an equation of weight ``w_E`` is obeyed but for white
noise, of the density ``s²/w_E`` in the mean over its domain, and more points of it are a better
quadrature and no more information. An exact equation is obeyed better than that: bars of unknown
numbers are too wide by as much as the weights leave the solution free to disobey. Less weight for
the observations makes them narrower. About ``θ*``

    θ ~ N(θ*, Σ),    Σ = s² (JᵀJ + λI)⁻¹,    u(z) ~ N(u*(z), ∂u Σ ∂uᵀ)

with all rows in ``J`` and the prior ``θ ~ N(θ₀, s²/λ)``. If not given, ``s² = |r|²/(n − tr H)``, of
the ``n`` observations and their part of ``H = J (JᵀJ + λI)⁻¹ Jᵀ``, and ``λ`` is the most likely one
(``physml.train.evidence``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY
from physml.ranges import check_positive
from physml.real_parts import ravel_real
from physml.train.error_bars import ErrorBars
from physml.train.evidence import Rows, most_likely_damping
from physml.train.fitted import Fitted, HasRows, Linearised, linearised
from physml.train.observation_noise import check_noise, check_weights, noise_of, row_deviation
from physml.train.row_covariance import (
    Covariance,
    FromProbes,
    FromSingularValues,
    compressed,
    dense,
    products,
    singular_values,
)

# Half a deviation off the centre takes a bar of 90% to 86%.
_LARGEST_SHIFT = 0.5

# Below, the prior tells more than the observations, and its width is a guess from one number.
_FEWEST_DETERMINED = 0.75


def posterior(
    result: HasRows | Fitted,
    *,
    noise: float | Mapping[str, Any] | None = None,
    damping: float | None = None,
    prior: Any = None,
    probes: int | None = None,
    key: Array | None = None,
) -> ErrorBars:
    """Error bars of a fit by least squares, ``Σ = s² (JᵀJ + λI)⁻¹``.

    What they do not know: an equation or a network that cannot describe the data, another minimum,
    and what is not linear within a bar. The model is told in ``docs/posterior.md``.

    Args:
        result: a ``Solution`` with ``measured`` values, or a ``Fitted`` of a fit of one's own.
        noise: the deviation ``σ`` of one observation, in its own units, one a term by name where
            there are several, ``(n,)`` where samples have weights of their own; estimated from the
            residual if None.
        damping: ``λ``, in the units of ``JᵀJ``, such as the weight decay of the training; the one
            of the largest evidence if None.
        prior: the prior's centre ``θ₀``, parameters; all zero if None.
        probes: how many random probes to take in place of singular values, for so many parameters
            that ``min(n, p) p`` numbers do not fit; bars are then within ``√(1/(2 probes))``.
        key: a random key, of the probes.

    Returns:
        The bars: ``standard_deviation``, ``interval``, ``sample``, ``unknown_numbers``, ``plot``.

    Raises:
        ConfigurationError: a result that is no least-squares fit of real numbers, without
            observations, or that does not say which its observations are; too few of them,
            ``n − tr H < 1``; parameters that are not where rows and prior have their minimum;
            observations whose noise contradicts their weights; an evidence that finds nothing
            observed; a damping that rounding hides; more rows than fit the memory, without
            probes; probes without damping or key.
        NoRowsError: an objective without a residual or rows.
        UnknownNameError: noise of a term without observations.
        NonFiniteError: rows that are not finite.

    Source: MacKay (1992), doi:10.1162/neco.1992.4.3.448; Immer, Korzepa and Bauer (2021),
    arXiv 2008.08400, for predictions linear in the parameters.

    >>> import jax.numpy as jnp, numpy as np, physml as pm
    >>> x = np.linspace(0, 1, 40)[:, None]
    >>> y = np.exp(-2 * x[:, 0]) + 0.05 * np.random.default_rng(0).normal(size=40)
    >>> decay = pm.Problem(domain=pm.Box(t=(0, 1)), ansatz={"u": lambda N, z: 1 + z[0] * N(z)},
    ...     equation=lambda f, z: pm.partial(f["u"], 0)(z) + f["rate"](z) * f["u"](z),
    ...     conditions=[pm.pinn.measured(x, y, unknown="u")])
    >>> unknowns = {"u": pm.MLP((6,)), "rate": pm.networks.Constant(1.0, positive=True)}
    >>> bars = pm.posterior(pm.solve(decay, unknowns, points=32, steps=60))
    >>> rate, error = bars.unknown_numbers["rate"]
    >>> bool(abs(rate - 2) < 3 * error), bool(0.03 < bars.noise["data"] < 0.07)
    (True, True)
    """
    fitted = _fitted(result)
    _check(noise, damping)
    rows = linearised(fitted)
    seen = rows.observations
    given = None if noise is None else row_deviation(noise, seen.parts, fitted.units)
    params = fitted.result.params
    away = _flat(params) - (0.0 if prior is None else _flat(_like(prior, params)))
    slope = _flat(rows.jacobian.vm(jax.numpy.asarray(rows.residual, rows.jacobian.dtype)))
    covariance: Covariance
    if probes is None:
        covariance = _exact(rows, slope, away, given, damping)
    else:
        covariance = _probed(rows, damping, as_whole("probes", probes), key)
    damping = covariance.damping
    shift = covariance.solve(slope + damping * away)
    change = products(seen.jacobian, shift[None])[0]
    leverage = covariance.variance(seen.jacobian)
    determined, n = float(leverage.sum()), len(leverage)
    if not n - determined >= 1:
        raise ConfigurationError(
            f"posterior: {n} observations determine {determined:.3g} numbers and leave none to "
            "tell the noise: expected n − tr H ≥ 1; give more data, fewer parameters or more "
            "damping="
        )
    left = seen.residual - change
    check_weights(left, leverage, seen.parts)
    estimate = float(np.sqrt(left @ left / (n - determined)))
    deviation = estimate if given is None else given
    off = float(_off_centre(change, determined, seen.residual, given))
    if not off <= _LARGEST_SHIFT:
        cause = _cause(covariance, slope, damping, seen, deviation * np.sqrt(determined))
        raise ConfigurationError(
            f"posterior: the parameters are {off:.2g} deviations (root mean square over the "
            f"observations) from where the rows and the prior of damping {damping:.2g} have their "
            f"minimum: expected at most {_LARGEST_SHIFT}. {cause}"
        )
    if given is not None:
        check_noise(given, estimate, n - determined)
    return ErrorBars(
        fitted,
        covariance,
        deviation=deviation,
        noise={
            part.name: _plain(noise_of(part, deviation, fitted.units.get(part.name, 1.0)))
            for part in seen.parts
        },
        of_each=tuple(part.name for part in seen.parts if part.of_each),
        estimated=given is None,
        damping=damping,
        observations=n,
        determined=determined,
    )


def _fitted(result: Any) -> Fitted:
    if isinstance(result, Fitted):
        return result
    if isinstance(result, HasRows):
        return result.fitted()
    raise ConfigurationError(
        "posterior: result: expected a Solution with measured values, or Fitted(result, objective, "
        f"batch, predict) of a fit of one's own, got {type(result).__name__}"
    )


def _check(noise: Any, damping: float | None) -> None:
    values = [*noise.values()] if isinstance(noise, Mapping) else [1.0 if noise is None else noise]
    if not all(np.all(np.asarray(v) > 0) and np.all(np.isfinite(v)) for v in values):
        raise ConfigurationError(f"noise: expected finite numbers > 0, got {noise}")
    if damping is not None:
        check_positive("damping", damping)


def _probed(rows: Linearised, damping: float | None, probes: int, key: Array | None) -> FromProbes:
    """The covariance from random probes, whose damping must be given."""
    if probes < 2 or key is None or damping is None:
        raise ConfigurationError(
            f"probes: expected at least 2, key=... and damping=..., got {probes}, key={key} and "
            f"damping={damping}; the evidence of a damping needs all singular values"
        )
    return FromProbes.drawn(rows.jacobian, damping, key, probes)


def _flat(tree: Any) -> np.ndarray:
    return np.asarray(ravel_real(tree)[0], np.float64)


def _like(prior: Any, params: Any) -> Any:
    shapes = [jax.tree.map(np.shape, tree) for tree in (prior, params)]
    if shapes[0] != shapes[1]:
        raise ConfigurationError(
            f"prior: expected parameters like those of the fit, {shapes[1]}, got {shapes[0]}"
        )
    return prior


def _exact(
    rows: Linearised,
    slope: np.ndarray,
    away: np.ndarray,
    given: float | None,
    damping: float | None,
) -> FromSingularValues:
    """The covariance from singular values, at the damping given or most likely."""
    constraints, seen = rows.constraints, rows.observations
    n, p = rows.jacobian.shape
    matrix = np.zeros((0, p)) if not constraints.parts else compressed(constraints.jacobian)
    if len(seen.residual) * p * rows.jacobian.dtype.itemsize > DEFAULT_MEMORY:
        raise ConfigurationError(
            f"posterior: {len(seen.residual)} observations of {p} parameters: expected at most "
            f"{DEFAULT_MEMORY} bytes of rows; give probes=64, key=... and damping=..."
        )
    observed = dense(seen.jacobian)
    singular = singular_values(np.concatenate([matrix, observed]))
    largest = float(singular.values.max())
    rounding = 10 * np.sqrt(max(n, p)) * float(np.finfo(rows.jacobian.dtype).eps) * largest
    if damping is None:
        square = float(rows.residual @ rows.residual)
        apart = Rows.none()
        if constraints.parts:
            behind = slope - seen.residual @ observed
            within = float(constraints.residual @ constraints.residual)
            apart = Rows.of(singular_values(matrix), behind, away, within)
        every = Rows.of(singular, slope, away, square)
        variance = None if given is None else given**2
        turned = observed @ singular.vectors

        def off_centre(damping: np.ndarray) -> np.ndarray:
            weights = 1 / (singular.values**2 + damping[:, None])
            change = (weights * (every.gradient + damping[:, None] * every.away)) @ turned.T
            determined = weights @ np.sum(turned**2, axis=0)
            return _off_centre(change, determined, seen.residual, given)

        damping = most_likely_damping(
            every,
            apart,
            len(seen.residual),
            variance,
            least=max(rounding**2, np.finfo(float).tiny),
            off_centre=off_centre,
        )
        found = FromSingularValues(singular, damping)
        determined = float(found.variance(seen.jacobian).sum())
        if determined < _FEWEST_DETERMINED:
            raise ConfigurationError(
                f"posterior: the evidence explains the observations by the prior alone (damping "
                f"{damping:.2g}, {determined:.2g} numbers determined): the fit ended where the "
                "prior is centred, within the noise. Give damping=, or another prior="
            )
    smallest = float(singular.values.min()) if len(singular.values) == p else 0.0
    if not np.hypot(smallest, np.sqrt(damping)) >= rounding:
        raise ConfigurationError(
            f"damping: {damping:.2g}: rows in {rows.jacobian.dtype} hide what is below "
            f"{rounding**2:.2g} beside their largest singular value, squared {largest**2:.2g}; "
            "expected a damping above that, or double precision: "
            'jax.config.update("jax_enable_x64", True) before the training'
        )
    return FromSingularValues(singular, damping)


def _off_centre(
    change: np.ndarray, determined: Any, residual: np.ndarray, given: float | None
) -> Any:
    """How far the minimum is, in deviations of the prediction, root mean square over observations.

    Args:
        change: of the observed rows on the way there, ``(..., n)``.
        determined: ``tr H``, ``(...)``.
        residual: ``(n,)``.
        given: the rows' deviation, if known.
    """
    left = np.sum((residual - change) ** 2, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = left / (len(residual) - determined) if given is None else given**2
        return np.sqrt(np.sum(change**2, axis=-1) / (variance * determined))


def _cause(
    covariance: Covariance, slope: np.ndarray, damping: float, seen: Linearised, size: float
) -> str:
    by_rows = float(np.linalg.norm(products(seen.jacobian, covariance.solve(slope)[None])) / size)
    if by_rows > _LARGEST_SHIFT:
        return f"The rows alone ask for {by_rows:.2g}: train on, to the minimum of these samples"
    return (
        f"The training knew no such prior: train with weight decay {damping:.2g} towards it, or "
        "give damping=, prior= of the training"
    )


def _plain(value: np.ndarray) -> Any:
    return float(value) if value.ndim == 0 else value
