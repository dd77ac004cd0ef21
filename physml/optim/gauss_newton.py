"""Gauss–Newton in a trust region whose radius follows the ratio of actual to predicted decrease.

    step(λ) = −(JᵀJ + λI)⁻¹ Jᵀ r,   ρ(Δ) = actual / predicted decrease at |step| = Δ

Greedy damping (the λ with the lowest loss) stalls with λ too large. Here the longest step is taken
whose ratio is still above a small threshold: the model half-believed, not the lowest loss.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY, Jacobian
from physml.optim.contract import evaluation_of, value_function_of
from physml.types import Evaluation, Optimizer

# Sixty halvings leave 2⁻⁶⁰ of the range of log λ: less than float64 can tell apart.
_BISECTIONS = 60


class GaussNewtonState(NamedTuple):
    """The trust radius ``Δ`` and scalars to log."""

    radius: Array
    metrics: dict[str, Array]


class _Spectrum(NamedTuple):
    """``JᵀJ`` (or ``J Jᵀ``) diagonalised: all steps ``step(λ)`` at ``O(p)`` each."""

    values: Array  # eigenvalues s ≥ 0
    weights: Array  # squared coefficients of Jᵀr along the eigenvectors
    step: Any  # λ -> flat step

    def norm(self, damping: Array) -> Array:
        return jnp.sqrt(jnp.sum(self.weights / (self.values + damping) ** 2))

    def predicted(self, damping: Array) -> Array:
        """The decrease of ``½|r|²`` that the linear model promises."""
        s = self.values
        return 0.5 * jnp.sum(self.weights * (s + 2 * damping) / (s + damping) ** 2)


def _spectrum(jacobian: Jacobian, residual: Array, memory: int) -> _Spectrum:
    n, p = jacobian.shape
    if n > p:
        gradient, _ = ravel_pytree(jacobian.vm(residual))
        values, vectors = jnp.linalg.eigh(jacobian.parameter_gram(memory=memory))
        coefficients = vectors.T @ gradient
        values = jnp.maximum(values, 0.0)
        return _Spectrum(
            values, coefficients**2, lambda damping: -vectors @ (coefficients / (values + damping))
        )
    values, vectors = jnp.linalg.eigh(jacobian.sample_gram(memory=memory))
    values = jnp.maximum(values, 0.0)
    coefficients = vectors.T @ residual

    def step(damping: Array) -> Array:
        flat, _ = ravel_pytree(jacobian.vm(vectors @ (coefficients / (values + damping))))
        return -flat

    return _Spectrum(values, values * coefficients**2, step)


def _damping_at(spectrum: _Spectrum, radius: Array) -> Array:
    """Solve ``|step(λ)| = Δ`` by bisection in log λ, within what the precision can resolve."""
    floor = jnp.finfo(radius.dtype).eps * jnp.max(spectrum.values)
    low = jnp.log(jnp.maximum(floor, jnp.finfo(radius.dtype).tiny))
    high = jnp.log(jnp.sqrt(jnp.sum(spectrum.weights)) / radius)
    high = jnp.maximum(high, low)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        longer = spectrum.norm(jnp.exp(middle)) > radius
        return jnp.where(longer, middle, low), jnp.where(longer, high, middle)

    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (low, high))
    return jnp.exp(high)


def gauss_newton(
    radius: float = 1.0,
    *,
    ratio: float = 0.15,
    span: float = 3.0,
    probes: int = 16,
    memory: int = DEFAULT_MEMORY,
) -> Optimizer:
    """Trust-region Gauss–Newton with an adaptive ratio, for samples that stay fixed for a while.

    Each step diagonalises ``JᵀJ`` (or ``J Jᵀ``, whichever is smaller) once, evaluates the true loss
    at ``probes`` radii from ``Δ/span`` to ``Δ·span``, and goes to the longest radius where
    ``ρ = actual/predicted`` (as a running minimum, interpolated in log Δ) still reaches ``ratio``.
    A step that does not decrease the loss is refused and the radius divided by ``span``.

    Args:
        radius: the first trust radius ``Δ``, in units of ``|θ|``; it adapts by ``span`` a step.
        ratio: the threshold ``ρ*``; 0.3 to 0.5 is faster on smooth problems, 0.15 goes further on
            shocks, 0.075 is the source's choice for far more points than a laptop takes.
        span: how far a step may change the radius.
        probes: losses evaluated a step; a forward pass each.
        memory: bytes that the Jacobian's rows may fill.

    Returns:
        An optax transformation whose update needs ``evaluation`` and ``value_fn``.

    Raises:
        ConfigurationError: for options outside their ranges.
        NoValueError: when the objective has no loss at fixed samples (VMC).

    Source: Webb, Jerad and Cartis (2026), arXiv:2607.02194.

    >>> import physml as pm
    >>> optimizer = pm.gauss_newton(ratio=0.15)
    """
    if not radius > 0:
        raise ConfigurationError(f"radius: expected a number > 0, got {radius}")
    if not 0 < ratio < 1:
        raise ConfigurationError(f"ratio: expected a number in (0, 1), got {ratio}")
    if not span > 1:
        raise ConfigurationError(f"span: expected a number > 1, got {span}")
    if probes < 2:
        raise ConfigurationError(f"probes: expected at least 2, got {probes}")

    def init(params: Any) -> GaussNewtonState:
        dtype = jnp.result_type(*jax.tree.leaves(params))
        zero = jnp.zeros((), dtype)
        metrics = {"damping": zero, "radius": zero, "ratio": zero}
        return GaussNewtonState(jnp.asarray(radius, dtype), metrics)

    def update(
        gradient: Any,
        state: GaussNewtonState,
        params: Any = None,
        *,
        evaluation: Evaluation | None = None,
        value_fn: Any = None,
        **_: Any,
    ) -> tuple[Any, GaussNewtonState]:
        del gradient
        evaluation = evaluation_of(evaluation, "gauss_newton")
        value_fn = value_function_of(value_fn, "gauss_newton")
        flat, unravel = ravel_pytree(params)
        spectrum = _spectrum(evaluation.jacobian, evaluation.residual, memory)
        before = value_fn(params)

        def attempt(radius: Array) -> tuple[Array, Array, Array]:
            damping = _damping_at(spectrum, radius)
            actual = before - value_fn(unravel(flat + spectrum.step(damping)))
            actual = jnp.where(jnp.isfinite(actual), actual, -jnp.inf)
            return damping, actual, actual / spectrum.predicted(damping)

        offsets = jnp.linspace(-1.0, 1.0, probes, dtype=flat.dtype)
        radii = state.radius * span**offsets
        _, _, ratios = jax.lax.map(attempt, radii)
        chosen = _last_crossing(jnp.log(radii), jax.lax.cummin(ratios), ratio)
        damping, actual, achieved = attempt(jnp.exp(chosen))
        length = spectrum.norm(damping)
        accepted = actual > 0
        step = jnp.where(accepted, spectrum.step(damping), 0.0)
        # Below this no step changes the parameters: a converged run rests here.
        floor = jnp.finfo(flat.dtype).eps * (1 + jnp.linalg.norm(flat))
        new_radius = jnp.where(accepted, length, jnp.maximum(state.radius / span, floor))
        metrics = {"damping": damping, "radius": new_radius, "ratio": achieved}
        return unravel(step), GaussNewtonState(new_radius, metrics)

    return optax.GradientTransformationExtraArgs(init, update)


def _last_crossing(log_radii: Array, ratios: Array, threshold: float) -> Array:
    """The largest log radius with a ratio above the threshold, interpolated; ratios decrease."""
    index = jnp.clip(jnp.sum(ratios >= threshold) - 1, 0, len(ratios) - 1)
    following = jnp.minimum(index + 1, len(ratios) - 1)
    drop = ratios[index] - ratios[following]
    fraction = jnp.where(
        jnp.isfinite(drop) & (drop > 0),
        (ratios[index] - threshold) / jnp.where(drop > 0, drop, 1.0),
        0.0,
    )
    return log_radii[index] + jnp.clip(fraction, 0.0, 1.0) * (
        log_radii[following] - log_radii[index]
    )
