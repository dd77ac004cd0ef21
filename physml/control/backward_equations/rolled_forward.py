"""The value rolled forward along a path: where it ends beside the terminal value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.control.backward_equations.backward_equation import BackwardEquation, into_noise
from physml.control.backward_equations.paths import Path, times

Model = Callable[[Any, Array, Array], Array]
"""``(params, t, x) -> ∇u (d,)``, or ``-> u ()``, of which the gradient is then taken."""


def gradient_of(model: Model, *, scalar: bool) -> Model:
    """``∇u`` of a model of ``∇u``, or of ``u``."""
    return jax.grad(model, 2) if scalar else model


def jumped(equation: BackwardEquation, model: Model, *, step: float) -> Callable[..., Array]:
    """``(params, t, x, jump) -> U − E U``, ``U = u(t, x + J) − u(t, x)``; 0 without jumps."""

    def added(params: Any, t: Array, x: Array, jump: Any) -> Array:
        if equation.jumps is None:
            return jnp.zeros((), x.dtype)
        sizes, weights = (jnp.asarray(part, x.dtype) for part in equation.jumps.rule(step))
        u = jax.vmap(lambda size: model(params["model"], t, x + size))
        here = u(jnp.concatenate([jump[None], sizes]))
        return here[0] - jnp.sum(weights * here[1:])

    return added


def miss(equation: BackwardEquation, model: Model, *, scalar: bool) -> Callable[..., Array]:
    """``(params, path) -> Y_T − g(X_T)``, of the value ``params["value"]`` at the start.

        Y ← Y − f(t, X, Y, Z) Δt + Z·ΔW + U − E U,   Z = σᵀ∇u,   U = u(t, X + J) − u(t, X)

    ``E U`` is the mean over the jumps of one step: so ``Y`` is a martingale beside ``f`` at any
    step size, whatever ``u`` is.
    """
    gradient = gradient_of(model, scalar=scalar)

    def row(params: Any, path: Path) -> Array:
        x, noise = path
        steps = len(noise.dw)
        step, starts = equation.horizon / steps, times(equation, steps, x.dtype)
        leap = jumped(equation, model, step=step)

        def martingale(t: Array, x: Array, one: Any) -> tuple[Array, Array]:
            z = into_noise(equation, t, x, gradient(params["model"], t, x))
            return z, jnp.sum(z * one.dw) + leap(params, t, x, one.jump)

        z, added = jax.vmap(martingale)(starts, x[:-1], noise)

        def forward(y: Array, at: tuple[Array, ...]) -> tuple[Array, None]:
            t, x, z, added = at
            return y - equation.driver(t, x, y, z) * step + added, None

        last, _ = jax.lax.scan(forward, params["value"], (starts, x[:-1], z, added))
        return last - equation.terminal(x[-1])

    return row
