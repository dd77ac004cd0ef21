"""How much a driver bends: what an error of Y and Z costs to second order."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.control.backward_equations.backward_equation import BackwardEquation, into_noise
from physml.control.backward_equations.martingale import Model, gradient_of
from physml.control.backward_equations.paths import draw_noise, times
from physml.control.backward_equations.steered_paths import steered

_PATHS = 16
_TIMES = 8
_ROUNDS = 20


def curvature(
    equation: BackwardEquation,
    model: Model,
    params: Any,
    *,
    scalar: bool,
    steps: int,
    key: Array,
) -> float:
    """The largest ``|eigenvalue|`` of ``∂²f/∂(y, z)²`` seen along some steered paths.

    By the power method, at the trained value in place of ``Y`` and the model's ``Z``.
    """
    gradient = gradient_of(model, scalar=scalar)
    follow = steered(equation, model, scalar=scalar)

    def at(t: Array, x: Array) -> Array:
        z = into_noise(equation, t, x, gradient(params["model"], t, x))
        here = jnp.concatenate([jnp.asarray(params["value"], x.dtype)[None], z])

        def slope(yz: Array) -> Array:
            return jax.grad(lambda both: equation.driver(t, x, both[0], both[1:]))(yz)

        def turn(v: Array, _: Any) -> tuple[Array, Array]:
            w = jax.jvp(slope, (here,), (v,))[1]
            size = jnp.sqrt(jnp.sum(w**2))
            return w / jnp.maximum(size, 1e-30), size

        first = jnp.cos(1.0 + jnp.arange(here.size, dtype=x.dtype))
        _, sizes = jax.lax.scan(turn, first / jnp.sqrt(jnp.sum(first**2)), None, _ROUNDS)
        return sizes[-1]

    @jax.jit
    def largest(keys: Array) -> Array:
        def one(key: Array) -> Array:
            x = follow(params, draw_noise(equation, key, steps)).x
            chosen = np.linspace(0, steps - 1, min(_TIMES, steps)).astype(int)
            return jnp.max(jax.vmap(at)(times(equation, steps, x.dtype)[chosen], x[chosen]))

        return jnp.max(jax.vmap(one)(keys))

    return float(largest(jax.random.split(key, _PATHS)))
