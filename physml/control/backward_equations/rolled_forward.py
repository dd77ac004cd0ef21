"""The value rolled forward along a path: where it ends beside the terminal value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import Array

from physml.control.backward_equations.backward_equation import BackwardEquation, into_noise
from physml.control.backward_equations.martingale import Model, gradient_of, martingale
from physml.control.backward_equations.paths import Noise, Path, times


def miss(equation: BackwardEquation, model: Model, *, scalar: bool) -> Callable[..., Array]:
    """``(params, path) -> Y_T − g(X_T)``, of the value ``params["value"]`` at the start.

        Y ← Y − f(t, X, Y, Z) Δt + M,   Z = σᵀ∇u

    ``M`` is ``Z·ΔW`` and what jumps add less its mean over the jumps of one step, or ``u(t′, X′)``
    less its mean, see ``martingale``: so ``Y`` is a martingale beside ``f`` at any step size,
    whatever ``u`` is.
    """
    gradient = gradient_of(model, scalar=scalar)

    def row(params: Any, path: Path) -> Array:
        x, noise = path
        steps = len(noise.dw)
        step, starts = equation.horizon / steps, times(equation, steps, x.dtype)
        part = martingale(equation, model, scalar=scalar, step=step)

        def of_step(t: Array, x: Array, one: Noise) -> tuple[Array, Array]:
            z = into_noise(equation, t, x, gradient(params["model"], t, x))
            return z, part(params, t, x, z, one)

        z, added = jax.vmap(of_step)(starts, x[:-1], noise)

        def forward(y: Array, at: tuple[Array, ...]) -> tuple[Array, None]:
            t, x, z, added = at
            return y - equation.driver(t, x, y, z) * step + added, None

        last, _ = jax.lax.scan(forward, params["value"], (starts, x[:-1], z, added))
        return last - equation.terminal(x[-1])

    return row
