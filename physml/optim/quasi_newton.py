"""Self-scaled quasi-Newton methods: BFGS and Broyden with a dense inverse Hessian.

Dense matrices of p² numbers: for networks of up to a few thousand parameters, in float64. A step
costs about ``8p²`` flops beside the gradients of its line search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.as_whole import as_whole
from physml.optim.contract import value_function_of
from physml.optim.real_pairs import on_real_pairs
from physml.optim.settings import OptimizerSettings
from physml.types import Optimizer

Update = Callable[[Array, Array, Array, Array, Array], Array]
"""``(H, s, y, Hy, b) -> H``: the next inverse Hessian, with ``b = ρ sᵀH⁻¹s``."""


class QuasiNewtonState(NamedTuple):
    """The inverse Hessian ``H`` and the last point and its gradient, flat."""

    inverse_hessian: Array
    params: Array
    gradient: Array
    step: Array


def ssbroyden(*, search_steps: int = 20) -> Optimizer:
    """Self-scaled Broyden with a strong Wolfe search.

    With ``s = Δθ``, ``y = Δg``, ``ρ = 1/yᵀs``, ``h = ρ yᵀHy``, ``b = ρ sᵀH⁻¹s``, ``a = hb − 1``::

        ρ⁻ = min(1, h(1 − √(a/(1 + a)))),  θ⁻ = (ρ⁻ − 1)/a,  θ⁺ = 1/ρ⁻
        θ = max(θ⁻, min(θ⁺, (1 − b)/b)),   σ = 1 + aθ
        τ = min(1, 1/b) · min(σ^{1/(1−p)}, 1/θ) if θ > 0 else min(min(1, 1/b) σ^{1/(1−p)}, σ)
        H ← [H − Hy yᵀH/(yᵀHy) + φ (yᵀHy) v vᵀ]/τ + ρ s sᵀ,  φ = (1 − θ)/(1 + aθ)

    with ``v = ρ s − Hy/(yᵀHy)``. The gradient's change ``y`` is taken on the current batch, so
    points may be redrawn and ``H`` kept.

    Args:
        search_steps: the most evaluations of a line search.

    Returns:
        An optax transformation whose update needs ``value``, ``grad`` and ``value_fn``.

    Raises:
        ConfigurationError: for fewer than one evaluation.
        NoValueError: when the objective has no loss at fixed samples.

    Source: Urbán, Stefanou and Pons (2025), doi:10.1016/j.jcp.2024.113656; Al-Baali and Khalfan
    (2005), doi:10.1080/10556780512331318254.

    >>> import physml as pm
    >>> optimizer = pm.ssbroyden()
    """
    return _with_search(_broyden, search_steps, "ssbroyden")


def ssbfgs(*, search_steps: int = 20) -> Optimizer:
    """Self-scaled BFGS with a strong Wolfe search: ``φ = 1``, ``τ = min(1, 1/b)``.

    Args:
        search_steps: the most evaluations of a line search.

    Returns:
        An optax transformation, as ``ssbroyden``.

    Raises:
        ConfigurationError: for fewer than one evaluation.
        NoValueError: when the objective has no loss at fixed samples.

    Source: Al-Baali (1998), doi:10.1023/A:1018315205474.

    >>> import physml as pm
    >>> optimizer = pm.ssbfgs()
    """
    return _with_search(_bfgs, search_steps, "ssbfgs")


@OptimizerSettings.offer("ssbroyden")
def _ssbroyden(*, search_steps: int = 20) -> Optimizer:
    """Self-scaled Broyden with a strong Wolfe search.

    Args:
        search_steps: the most evaluations of a line search.
    """
    return ssbroyden(search_steps=search_steps)


@OptimizerSettings.offer("ssbfgs")
def _ssbfgs(*, search_steps: int = 20) -> Optimizer:
    """Self-scaled BFGS with a strong Wolfe search.

    Args:
        search_steps: the most evaluations of a line search.
    """
    return ssbfgs(search_steps=search_steps)


def _with_search(update: Update, search_steps: int, name: str) -> Optimizer:
    search_steps = as_whole("search_steps", search_steps, least=1)
    return on_real_pairs(
        optax.chain(
            _scale_by_inverse_hessian(update, name),
            optax.scale_by_zoom_linesearch(search_steps, initial_guess_strategy="one"),
        )
    )


def _scale_by_inverse_hessian(update: Update, name: str) -> Optimizer:
    def init(params: Any) -> QuasiNewtonState:
        flat, _ = ravel_pytree(params)
        return QuasiNewtonState(
            jnp.eye(len(flat), dtype=flat.dtype),
            flat,
            jnp.zeros_like(flat),
            jnp.zeros((), jnp.int32),
        )

    def transform(
        gradient: Any,
        state: QuasiNewtonState,
        params: Any = None,
        *,
        value_fn: Any = None,
        **_: Any,
    ) -> tuple[Any, QuasiNewtonState]:
        value_fn = value_function_of(value_fn, name)
        flat, unravel = ravel_pytree(params)
        new, _unravel = ravel_pytree(gradient)
        before, _unravel = ravel_pytree(jax.grad(value_fn)(unravel(state.params)))
        s, y = flat - state.params, new - before
        moved = (state.step > 0) & (jnp.dot(s, y) > jnp.finfo(s.dtype).eps * jnp.dot(y, y))
        H = jax.lax.cond(
            moved,
            lambda H: _next(update, H, s, y, state.gradient, first=state.step == 1),
            lambda H: H,
            state.inverse_hessian,
        )
        # A slope that is not finite leaves H as it was, and must not go unnoticed for that.
        direction = jnp.where(jnp.all(jnp.isfinite(before)), -H @ new, jnp.nan)
        return unravel(direction), QuasiNewtonState(H, flat, new, state.step + 1)

    return optax.GradientTransformationExtraArgs(init, transform)


def _next(update: Update, H: Array, s: Array, y: Array, g: Array, *, first: Array) -> Array:
    # The identity knows no scale: before the first update it takes that of the problem.
    H = jnp.where(first, jnp.dot(s, y) / jnp.dot(y, y), 1.0) * H
    p = -H @ g
    # s = αp, so sᵀH⁻¹s = −α sᵀg; the old gradient is that of the old batch, as H is.
    alpha = jnp.dot(s, p) / jnp.dot(p, p)
    b = -alpha * jnp.dot(s, g) / jnp.dot(y, s)
    new = update(H, s, y, H @ y, jnp.maximum(b, jnp.finfo(b.dtype).eps))
    new = 0.5 * (new + new.T)
    return jnp.where(jnp.all(jnp.isfinite(new)), new, H)


def _bfgs(H: Array, s: Array, y: Array, Hy: Array, b: Array) -> Array:
    return _family(H, s, y, Hy, jnp.ones_like(b), jnp.minimum(1.0, 1.0 / b))


def _broyden(H: Array, s: Array, y: Array, Hy: Array, b: Array) -> Array:
    h = jnp.dot(y, Hy) / jnp.dot(y, s)
    # a ≥ 0 by Cauchy–Schwarz; a = 0 when s is along Hy, where every member of the family agrees.
    a = jnp.maximum(h * b - 1.0, jnp.finfo(b.dtype).eps)
    low = jnp.minimum(1.0, h * (1.0 - jnp.sqrt(a / (1.0 + a))))
    theta = jnp.maximum((low - 1.0) / a, jnp.minimum(1.0 / low, (1.0 - b) / b))
    sigma = 1.0 + a * theta
    scale = jnp.minimum(1.0, 1.0 / b)
    root = sigma ** (-1.0 / max(1, len(s) - 1))  # the source has no single parameter
    positive = scale * jnp.minimum(root, 1.0 / jnp.where(theta > 0, theta, 1.0))
    tau = jnp.where(theta > 0, positive, jnp.minimum(scale * root, sigma))
    return _family(H, s, y, Hy, (1.0 - theta) / sigma, tau)


def _family(H: Array, s: Array, y: Array, Hy: Array, phi: Array, tau: Array) -> Array:
    rho, curvature = 1.0 / jnp.dot(y, s), jnp.dot(y, Hy)
    v = rho * s - Hy / curvature
    middle = H - jnp.outer(Hy, Hy) / curvature + phi * curvature * jnp.outer(v, v)
    return middle / tau + rho * jnp.outer(s, s)
