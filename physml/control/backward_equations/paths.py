"""Paths of a diffusion by Euler and Maruyama's scheme, and their noise."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.control.backward_equations.backward_equation import BackwardEquation, noise_of


class Noise(NamedTuple):
    """What drives one path.

    Attributes:
        dw: Brownian increments, ``(steps, m)``.
        jump: what jumps add, ``(steps,)``; () without any.
    """

    dw: Array
    jump: Any


class Path(NamedTuple):
    """One path and its noise.

    Attributes:
        x: places, the first and the last included, ``(steps + 1, d)``.
        noise: of each step.
    """

    x: Array
    noise: Noise


def draw_noise(equation: BackwardEquation, key: Array, steps: int) -> Noise:
    """The noise of one path in steps of equal length."""
    key_brown, key_jump = jax.random.split(key)
    step = equation.horizon / steps
    dw = step**0.5 * jax.random.normal(key_brown, (steps, equation.noises))
    if equation.jumps is None:
        return Noise(dw, ())
    return Noise(dw, equation.jumps.draw(key_jump, steps, step))


def coarser(noise: Noise, steps: int) -> Noise:
    """The same noise in fewer steps, whose number divides that of before."""

    def added(fine: Array) -> Array:
        return jnp.sum(fine.reshape(steps, -1, *fine.shape[1:]), axis=1)

    return jax.tree.map(added, noise)


def moved(equation: BackwardEquation, t: Array, x: Array, one: Noise, step: float) -> Array:
    """``X + μ Δt + σ ΔW``, and jumps: one step."""
    x = x + equation.drift(t, x) * step + noise_of(equation, t, x, one.dw)
    return x if equation.jumps is None else x + one.jump


def path_of(equation: BackwardEquation, noise: Noise) -> Path:
    """The path that a noise drives."""
    steps = len(noise.dw)
    step = equation.horizon / steps
    start = jnp.asarray(equation.start, noise.dw.dtype)

    def forward(x: Array, at: tuple[Array, Noise]) -> tuple[Array, Array]:
        x = moved(equation, at[0], x, at[1], step)
        return x, x

    _, places = jax.lax.scan(forward, start, (times(equation, steps, start.dtype), noise))
    return Path(jnp.concatenate([start[None], places]), noise)


def times(equation: BackwardEquation, steps: int, dtype: Any) -> Array:
    """Where each step begins, ``(steps,)``."""
    return jnp.arange(steps, dtype=dtype) * (equation.horizon / steps)
