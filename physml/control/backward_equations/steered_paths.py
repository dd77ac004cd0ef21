"""Paths steered by a value function that is being learned: where its own control goes.

The value along any path obeys the same equation, and so trains the same function; but paths that a
control steers go where the control is needed, and where the mean miss is blind to first order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.control.backward_equations.backward_equation import BackwardEquation, into_noise
from physml.control.backward_equations.martingale import Model, gradient_of, martingale
from physml.control.backward_equations.paths import Noise, Path, draw_noise, moved, path_of, times
from physml.errors import ConfigurationError
from physml.sampling.ancestral import ancestral
from physml.train.influence import check_influence
from physml.types import Sampler

# In training: a function that is not learned yet steers no path out of sight.
_STRONGEST = 1.0


def steered(
    equation: BackwardEquation, model: Model, *, scalar: bool, strongest: float = math.inf
) -> Callable[..., Path]:
    """``(params, noise, strength) -> path`` whose increments are ``ΔW + s β Δt``.

        β = ∂f/∂z (t, X, Y, Z)      the drift of Girsanov's measure; s the strength, in [0, 1]

    For a control problem that is the path under the control that the value function tells. Where
    ``|β Δt|`` is above ``strongest`` times the size ``√(m Δt)`` of a step's noise it is cut.
    """
    gradient = gradient_of(model, scalar=scalar)

    def path(params: Any, noise: Noise, strength: Any = 1.0) -> Path:
        steps = len(noise.dw)
        step, start = equation.horizon / steps, jnp.asarray(equation.start, noise.dw.dtype)
        most = strongest * (equation.noises / step) ** 0.5
        part = martingale(equation, model, scalar=scalar, step=step)

        def forward(at: tuple[Array, Array], one: Any) -> tuple[Any, tuple[Array, Array]]:
            (x, y), (t, noise) = at, one
            z = into_noise(equation, t, x, gradient(params["model"], t, x))
            f, beta = jax.value_and_grad(equation.driver, 3)(t, x, y, z)
            if math.isfinite(most):
                size = jnp.sqrt(jnp.sum(beta**2) + 1e-30)
                beta = beta * jnp.minimum(1.0, most / size)
            beta = strength * beta
            noise = noise._replace(dw=noise.dw + step * beta)
            y = y - f * step + part(params, t, x, z, noise)
            x = moved(equation, t, x, noise, step)
            return (x, y), (x, noise.dw)

        first = (start, jnp.asarray(params["value"], start.dtype))
        _, (places, dw) = jax.lax.scan(forward, first, (times(equation, steps, start.dtype), noise))
        return Path(jnp.concatenate([start[None], places]), noise._replace(dw=dw))

    return path


def is_controlled(equation: BackwardEquation) -> bool:
    """Whether the driver depends on ``Z``, so that there is something to steer by."""
    number = jax.ShapeDtypeStruct((), jnp.result_type(float))
    x = jax.ShapeDtypeStruct((equation.dimension,), number.dtype)
    z = jax.ShapeDtypeStruct((equation.noises,), number.dtype)

    def driver(z: Array, at: tuple[Array, Array, Array]) -> Array:
        return equation.driver(at[0], at[1], at[2], z)

    try:
        check_influence("driver", driver, z, (number, x, number))
    except ConfigurationError:
        return False
    return True


def training_paths(
    equation: BackwardEquation, model: Model, *, scalar: bool, size: int, steps: int, part: float
) -> Sampler:
    """Paths drawn anew for every step of training, as the samples of the term ``paths``.

    Args:
        equation: whose paths.
        model: of ``∇u``, or of ``u``.
        scalar: whether it is of ``u``.
        size: paths.
        steps: of time.
        part: of the paths, which are steered, where there is something to steer by.
    """
    part = part if is_controlled(equation) else 0.0
    follow = steered(equation, model, scalar=scalar, strongest=_STRONGEST)

    def draw(key: Array, params: Any) -> Path:
        if part == 0:
            return path_of(equation, draw_noise(equation, key, steps))
        key_noise, key_which = jax.random.split(key)
        strength = jnp.where(jax.random.uniform(key_which) < part, 1.0, 0.0)
        return follow(params, draw_noise(equation, key_noise, steps), strength)

    fresh = ancestral(draw, size=size)
    return Sampler(fresh.init, Partial(_named, fresh.sample))


def _named(
    draw: Any, key: Array, state: Any, params: Any
) -> tuple[Any, dict[str, Path], dict[str, Array]]:
    state, batch, metrics = draw(key, state, params)
    return state, {"paths": batch}, metrics
