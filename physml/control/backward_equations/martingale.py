"""What a step adds to the value beside the driver: a part without mean, whatever the model is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.control.backward_equations.jumps import Jumps
from physml.control.backward_equations.paths import Noise, moved

Model = Callable[[Any, Array, Array], Array]
"""``(params, t, x) -> ∇u (d,)``, or ``-> u ()``, of which the gradient is then taken."""


def gradient_of(model: Model, *, scalar: bool) -> Model:
    """``∇u`` of a model of ``∇u``, or of ``u``."""
    return jax.grad(model, 2) if scalar else model


def martingale(
    equation: BackwardEquation, model: Model, *, scalar: bool, step: float
) -> Callable[[Any, Array, Array, Array, Noise], Array]:
    """``(params, t, x, Z, noise) -> M``, of one step of length ``Δt``, ``()``.

        M = Z·ΔW + U − E U,          U = u(t, X + J) − u(t, X)
        M = u(t′, X′) − E u(t′, X′),   t′ = t + Δt,   X′ = X + μ Δt + σ ΔW + J

    the second of one coordinate, by a model of ``u``.

    Of one coordinate the law of ``X′`` is a mixture of normals, known exactly, and a mean over it a
    short sum: then ``M`` holds all orders of ``ΔW`` and their products with the jumps, and what is
    left of the variance of ``Y_T − g`` is the model's own, not the step's.
    """
    if scalar and equation.dimension == 1 and equation.noises == 1:
        return _increment(equation, model, step=step)
    return _first_order(equation, model, step=step)


def _increment(equation: BackwardEquation, model: Model, *, step: float) -> Callable[..., Array]:
    """``(params, t, x, z, noise) -> u(t′, X′) − E u(t′, X′)``."""
    jumps = equation.jumps or Jumps(0.0, 0.0, 0.0)
    rule = jumps.mixture(step)

    def added(params: Any, t: Array, x: Array, z: Array, noise: Noise) -> Array:
        del z
        counts, normals, weights = (jnp.asarray(part, x.dtype) for part in rule)
        sigma = jnp.reshape(equation.diffusion(t, x), ())
        spread = jnp.sqrt(sigma**2 * step + counts * jumps.deviation**2)
        still = x + equation.drift(t, x) * step
        places = still[None] + (counts * jumps.mean + spread * normals)[:, None]
        here = moved(equation, t, x, noise, step)
        u = jax.vmap(lambda place: model(params["model"], t + step, place))
        found = u(jnp.concatenate([here[None], places]))
        return found[0] - jnp.sum(weights * found[1:])

    return added


def _first_order(equation: BackwardEquation, model: Model, *, step: float) -> Callable[..., Array]:
    """``(params, t, x, z, noise) -> Z·ΔW + U − E U``."""
    leap = jumped(equation, model, step=step)

    def added(params: Any, t: Array, x: Array, z: Array, noise: Noise) -> Array:
        return jnp.sum(z * noise.dw) + leap(params, t, x, noise.jump)

    return added


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
