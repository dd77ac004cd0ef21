"""Gauss–Newton in a trust region whose radius follows the ratio of actual to predicted decrease.

    step(λ) = −(JᵀJ + λI)⁻¹ Jᵀ r,   ρ(Δ) = actual / predicted decrease at |step| = Δ

Greedy damping (the λ with the lowest loss) stalls with λ too large. Here the longest step is taken
whose ratio is still above a small threshold: the model half-believed, not the lowest loss.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY
from physml.optim.contract import evaluation_of, rows_of, value_function_of
from physml.optim.settings import OptimizerSettings
from physml.optim.sketch import sketched
from physml.optim.spectrum import Factorise, Spectrum, by_gram, by_svd
from physml.optim.weight_decay import normal_prior
from physml.ranges import check_positive
from physml.real_parts import ravel_real, real_type
from physml.types import Evaluation, Optimizer

# Sixty halvings leave 2⁻⁶⁰ of the range of log λ: less than float64 can tell apart.
_BISECTIONS = 60

# The source's numbers: the slope of log λ is fitted over so many steps, and not trusted before.
_WINDOW = 30
_GRACE = 80


class Trend(NamedTuple):
    """The last values of ``log λ``, oldest first, and whether they have turned upwards."""

    log_damping: Array
    turned: Array


class Visited(NamedTuple):
    """What the visits so far have found.

    The next visit's number, the radius in the middle of the probes, the loss before the step, how
    many probes were finite, the ratios at them, and what the last step tried achieved.
    """

    visit: Array
    middle: Array
    before: Array
    finite: Array
    ratios: Array
    damping: Array
    step: Array
    actual: Array
    ratio: Array


class GaussNewtonState(NamedTuple):
    """The trust radius ``Δ``, steps taken, the trend of λ (empty if unused), scalars to log."""

    radius: Array
    step: Array
    trend: Any
    metrics: dict[str, Array]


def _damping_at(spectrum: Spectrum, unit: Array, radius: Array) -> Array:
    """Solve ``|step(λ)| = Δ`` by bisection in log λ, within what the factors can resolve.

    The factors are in units of ``unit``, and λ is not: so it has the same digits in any.
    """
    low = jnp.log(jnp.maximum(spectrum.floor * unit**2, jnp.finfo(radius.dtype).tiny))
    high = jnp.log(jnp.sqrt(jnp.sum(spectrum.weights)) * unit**2 / radius)
    high = jnp.maximum(high, low)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        longer = spectrum.norm(jnp.exp(middle) / unit**2) > radius
        return jnp.where(longer, middle, low), jnp.where(longer, high, middle)

    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (low, high))
    return jnp.exp(high)


def gauss_newton(
    radius: float = 1.0,
    *,
    ratio: float = 0.15,
    span: float = 3.0,
    probes: int = 16,
    switch_ratio: float | None = None,
    weight_decay: float = 0.0,
    factorise: Factorise = by_gram,
    memory: int = DEFAULT_MEMORY,
) -> Optimizer:
    """Trust-region Gauss–Newton with an adaptive ratio, for samples that stay fixed for a while.

    Each step factorises ``J`` once, evaluates the true loss at ``probes`` radii from ``Δ/span`` to
    ``Δ·span``, and goes to the longest radius where ``ρ = actual/predicted`` (as a running minimum,
    interpolated in log Δ) still reaches ``ratio``. A step that does not decrease the loss is
    refused and the radius divided by ``span``. Where the loss is finite at no probe, the probes
    draw together until it is at one; where it is at none down to a radius of 1e-7, or ``J`` or
    ``r`` is not finite, the step is NaN, at which ``fit`` stops by a named error.

    The metric ``converged`` is 1 where a step was taken and is shorter than 1e-7 (1e-3 in float32):
    ten times what still changes a loss, with a finite loss at every probe. A step that is refused
    never says so. Nothing stops there; ``fit(..., until=converged())`` does, at the lowest loss.

    Args:
        radius: the first trust radius ``Δ``, in units of ``|θ|``; it adapts by ``span`` a step.
        ratio: the threshold ``ρ*``; 0.3 to 0.5 is faster on smooth problems, 0.15 goes further on
            shocks, 0.075 is the source's choice for far more points than a laptop takes.
        span: how far a step may change the radius.
        probes: losses evaluated a step; a forward pass each.
        switch_ratio: the threshold once λ has turned upwards, for good: when the line through the
            last 30 values of log λ rises, after 80 steps at the earliest. The source takes 0.5;
            None never switches.
        weight_decay: ``w`` of a prior ``½w|θ|²`` beside the cost, as ``p`` more rows ``√w θ``; the
            logged loss leaves it out.
        factorise: how ``J`` is taken apart. ``by_gram`` is fastest; its losses level off near 1e-16
            of the first in float64. ``by_svd`` goes on to rounding for about twice the linear
            algebra, best with ``switch_ratio=0.5``; ``sketched`` serves larger networks.
        memory: bytes that the Jacobian's rows may fill.

    Returns:
        An optax transformation whose update needs ``evaluation`` and ``value_fn``.

    Raises:
        ConfigurationError: for options outside their ranges.
        NoValueError: when the objective has no loss at fixed samples (VMC).
        NoRowsError: when it has no rows, or the metric alone.

    Source: Webb, Jerad and Cartis (2026), arXiv:2607.02194.

    >>> import physml as pm
    >>> optimizer = pm.gauss_newton(ratio=0.15)
    """
    check_positive("radius", radius)
    if not 0 < ratio < 1:
        raise ConfigurationError(f"ratio: expected a number in (0, 1), got {ratio}")
    if switch_ratio is not None and not 0 < switch_ratio < 1:
        raise ConfigurationError(
            f"switch_ratio: expected a number in (0, 1) or None, got {switch_ratio}"
        )
    if not 1 < span < math.inf:
        raise ConfigurationError(f"span: expected a number > 1, got {span}")
    probes = as_whole("probes", probes, least=2)
    memory = as_whole("memory", memory, least=1, most=2**63 - 1)
    prior = normal_prior(weight_decay)

    def init(params: Any) -> GaussNewtonState:
        dtype = real_type(params)
        zero = jnp.zeros((), dtype)
        names = ["damping", "radius", "ratio", "converged"]
        names += [] if switch_ratio is None else ["threshold"]
        trend = () if switch_ratio is None else Trend(jnp.zeros(_WINDOW, dtype), jnp.bool_(False))
        return GaussNewtonState(
            jnp.asarray(radius, dtype),
            jnp.zeros((), jnp.int32),
            trend,
            dict.fromkeys(names, zero),
        )

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
        flat, unravel = ravel_real(params)
        jacobian, residual = rows_of(evaluation, "gauss_newton")
        jacobian, residual = prior.with_rows(jacobian, residual, params)
        value_fn = prior.penalised(value_fn)
        unit = _unit(residual)
        residual, jacobian = residual / unit, jacobian.scaled(1 / unit)
        spectrum = factorise(jacobian, residual, step=state.step, memory=memory)
        threshold = jnp.asarray(ratio, flat.dtype)
        if switch_ratio is not None:
            threshold = jnp.where(state.trend.turned, switch_ratio, threshold)
        spread = span ** jnp.linspace(-1.0, 1.0, probes, dtype=flat.dtype)
        smallest = _converged_radius(flat.dtype)
        # Finite factors of a step that is none have underflowed: nothing is left to gain.
        whole = jnp.all(jnp.isfinite(spectrum.weights)) & jnp.all(jnp.isfinite(spectrum.values))

        # One loop body for the loss where we stand, at the probes and at the radius chosen from
        # them, since the loss is what takes long to compile.
        def visit(found: Visited) -> Visited:
            i, radii = found.visit, found.middle * spread
            chosen = _last_crossing(jnp.log(radii), jax.lax.cummin(found.ratios), threshold)
            radius = jnp.where(i <= probes, radii[jnp.clip(i - 1, 0)], jnp.exp(chosen))
            damping = _damping_at(spectrum, unit, radius)
            step = jnp.where(i == 0, 0.0, spectrum.step(damping / unit**2))
            step = jnp.where(whole & ~jnp.isfinite(step), 0.0, step)
            loss = value_fn(unravel(flat + step))
            before = jnp.where(i == 0, loss, found.before)
            actual = before - loss
            actual = jnp.where(jnp.isfinite(actual), actual, -jnp.inf)
            achieved = actual / unit**2 / spectrum.predicted(damping / unit**2)
            ratios = found.ratios.at[jnp.where((i > 0) & (i <= probes), i - 1, probes)].set(
                achieved, mode="drop"
            )
            finite = found.finite + ((i > 0) & jnp.isfinite(loss))
            again = (i == probes) & (finite == 0) & (found.middle > smallest)
            middle = jnp.where(again, found.middle / span**2, found.middle)
            visit = jnp.where(again, 1, i + 1)
            return Visited(visit, middle, before, finite, ratios, damping, step, actual, achieved)

        zero, none = jnp.zeros((), flat.dtype), jnp.zeros((), jnp.int32)
        no_ratios, no_step = jnp.zeros_like(spread), jnp.zeros_like(flat)
        start = Visited(none, state.radius, zero, none, no_ratios, zero, no_step, zero, zero)
        found = jax.lax.while_loop(lambda found: found.visit < probes + 2, visit, start)
        damping, actual, achieved = found.damping, found.actual, found.ratio
        length = spectrum.norm(damping / unit**2)
        accepted = actual > 0
        step = jnp.where(accepted, found.step, 0.0)
        step = jnp.where(found.finite > 0, step, jnp.nan)
        # Below this no step changes the parameters: a converged run rests here.
        floor = jnp.finfo(flat.dtype).eps * (1 + jnp.linalg.norm(flat))
        new_radius = jnp.where(accepted, length, jnp.maximum(found.middle / span, floor))
        # A step cut short where the loss is no number is no sign of a minimum.
        free = found.finite == probes + 1
        converged = (accepted & free & (new_radius < smallest)).astype(flat.dtype)
        metrics = {
            "damping": damping,
            "radius": new_radius,
            "ratio": achieved,
            "converged": converged,
        }
        trend = state.trend
        if switch_ratio is not None:
            metrics["threshold"] = threshold
            trend = _follow(trend, damping, state.step)
        return unravel(step), GaussNewtonState(new_radius, state.step + 1, trend, metrics)

    return optax.GradientTransformationExtraArgs(init, update)


def _unit(residual: Array) -> Array:
    """A power of two near the largest residual: squares of very small ones would be zero.

    Dividing by it changes no digit.
    """
    info = jnp.finfo(residual.dtype)
    most = info.maxexp // 4
    _, exponent = jnp.frexp(jnp.max(jnp.abs(residual)))
    return jnp.ldexp(jnp.ones((), residual.dtype), jnp.clip(exponent, -most, most))


def _converged_radius(dtype: Any) -> float:
    return 10 * (1e-8 if jnp.finfo(dtype).bits == 64 else 1e-4)


def _follow(trend: Trend, damping: Array, step: Array) -> Trend:
    """Append log λ; turned once the line through the window rises, after the grace."""
    recent = jnp.append(trend.log_damping[1:], jnp.log(damping))
    times = jnp.arange(_WINDOW, dtype=recent.dtype) - 0.5 * (_WINDOW - 1)
    rises = jnp.dot(times, recent) > 0
    return Trend(recent, trend.turned | (rises & (step + 1 >= _GRACE)))


def _last_crossing(log_radii: Array, ratios: Array, threshold: Array | float) -> Array:
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


@OptimizerSettings.offer("gauss-newton")
def _gauss_newton(
    *,
    radius: float = 1.0,
    ratio: float = 0.15,
    span: float = 3.0,
    probes: int = 16,
    switch_ratio: float | None = None,
    weight_decay: float = 0.0,
    accuracy: Literal["gram", "svd"] | None = None,
    sketch: int | None = None,
) -> Optimizer:
    """Trust-region Gauss–Newton with an adaptive ratio, for samples that stay fixed for a while.

    Args:
        radius: first trust radius, in units of |θ|.
        ratio: threshold of actual to predicted decrease, in (0, 1).
        span: how far a step may change the radius.
        probes: losses evaluated a step.
        switch_ratio: threshold once λ has turned upwards, in (0, 1); never if None.
        weight_decay: w of a prior ½w|θ|² beside the cost.
        accuracy: gram is fast, svd goes on to rounding; None for gram, and svd of a sketch.
        sketch: rows and columns of a random sketch of J, for more than some 2,000 parameters; none
            if None.
    """
    if accuracy is None:
        accuracy = "gram" if sketch is None else "svd"
    factorise: Factorise = by_gram if accuracy == "gram" else by_svd
    if sketch is not None:
        sketch = as_whole("sketch", sketch, least=1)
        factorise = sketched(rows=sketch, columns=sketch, factorise=factorise)
    return gauss_newton(
        radius,
        ratio=ratio,
        span=span,
        probes=probes,
        switch_ratio=switch_ratio,
        weight_decay=weight_decay,
        factorise=factorise,
    )
