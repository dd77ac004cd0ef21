"""The best return there is of the pendulum: Bellman's equation, backwards, on a grid of its states.

V_n(θ, θ̇) = max over u of reward + V_{n−1}(next state), V_0 = 0, with the world's own step; V_{n−1}
between points of the grid, by a plane in either direction. Expected: means over starts of −138.9,
−137.9 and −137.5 on 200, 400 and 800 angles, so −137.0 ± 0.5 by extrapolation; the torques that
win, played from 20,000 starts drawn by chance, earn −138.1 ± 0.5 on the second. A policy that is
learned can come near that and not beyond it. Finer grids take 14 and 80 s.

Run: python experiments/pendulum_optimum.py [--angles 200 400] [--torques 21]
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import tyro
from jax import Array

import physml as pm

WORLD = pm.control.Pendulum()
UPRIGHT: Any = WORLD.reset(jax.random.key(0))[0]
FASTEST, STRONGEST = 8.0, 2.0


@dataclass(frozen=True)
class Config:
    """Angles of each grid, its rates a fifth fewer; torques tried, and starts played."""

    angles: tuple[int, ...] = (200, 400)
    torques: int = 21
    starts: int = 20_000


def after(angle: Array, rate: Array, torque: Array) -> tuple[Array, Array, Array]:
    """Angle, rate and reward of one step, of arrays of one shape."""
    state = UPRIGHT._replace(angle=angle, rate=rate)
    told = WORLD.step(jax.random.key(0), state, torque[None])
    return told.state.angle, told.state.rate, told.reward


def between(values: Array, angle: Array, rate: Array) -> Array:
    """A function of the grid at other states; angles have a period."""
    angles, rates = values.shape
    x = (angle / (2 * jnp.pi) + 0.5) * angles
    y = (rate / FASTEST + 1) / 2 * (rates - 1)
    i, j = jnp.floor(x).astype(int), jnp.clip(jnp.floor(y).astype(int), 0, rates - 2)
    s, t = x - i, y - j
    i, following = i % angles, (i + 1) % angles
    below = (1 - s) * values[i, j] + s * values[following, j]
    above = (1 - s) * values[i, j + 1] + s * values[following, j + 1]
    return (1 - t) * below + t * above


def best(values: Array, angle: Array, rate: Array, torques: Array) -> tuple[Array, Array]:
    """The largest reward and value to come, and its torque, of every state."""

    def one(carry: tuple[Array, Array], torque: Array) -> tuple[tuple[Array, Array], None]:
        most, which = carry
        new_angle, new_rate, reward = after(angle, rate, jnp.broadcast_to(torque, angle.shape))
        found = reward + between(values, new_angle, new_rate)
        return (jnp.maximum(most, found), jnp.where(found > most, torque, which)), None

    nothing = jnp.full(angle.shape, -jnp.inf), jnp.zeros(angle.shape)
    return jax.lax.scan(one, nothing, torques)[0]


@partial(jax.jit, static_argnums=(0, 1))
def solved(angles: int, rates: int, torques: Array) -> Array:
    """The values with 0, 1, ... steps to go, ``(limit + 1, angles, rates)``."""
    angle = -jnp.pi + 2 * jnp.pi * jnp.arange(angles) / angles
    states = jnp.meshgrid(angle, jnp.linspace(-FASTEST, FASTEST, rates), indexing="ij")

    def back(values: Array, _: None) -> tuple[Array, Array]:
        return best(values, *states, torques)[0], values

    last, before = jax.lax.scan(back, jnp.zeros((angles, rates)), None, length=WORLD.limit)
    return jnp.concatenate([before, last[None]])


@jax.jit
def played(values: Array, angle: Array, rate: Array, torques: Array) -> Array:
    """What the torques that win earn in the world itself, of each start."""

    def step(state: tuple[Array, Array], to_come: Array) -> tuple[tuple[Array, Array], Array]:
        torque = best(to_come, *state, torques)[1]
        new_angle, new_rate, reward = after(*state, torque)
        return (new_angle, new_rate), reward

    return jax.lax.scan(step, (angle, rate), values[:-1][::-1])[1].sum(axis=0)


def main(config: Config) -> list[float]:
    """Print a line a grid; return the means over starts."""
    jax.config.update("jax_enable_x64", True)
    torques = jnp.linspace(-STRONGEST, STRONGEST, config.torques)
    starts = jax.random.uniform(jax.random.key(0), (2, config.starts), minval=-1.0, maxval=1.0)
    angle = -jnp.pi + 2 * jnp.pi * (jnp.arange(2000) + 0.5) / 2000
    evenly = jnp.meshgrid(angle, -1 + 2 * (jnp.arange(400) + 0.5) / 400, indexing="ij")
    means = []
    print("| angles | rates | mean over starts | played | seconds |")
    print("|---|---|---|---|---|")
    for angles in config.angles:
        began, rates = time.perf_counter(), 4 * angles // 5 + 1
        values = solved(angles, rates, torques)
        mean = float(between(values[-1], *evenly).mean())
        earned = played(values, jnp.pi * starts[0], starts[1], torques)
        error = float(earned.std() / config.starts**0.5)
        seconds = time.perf_counter() - began
        means.append(mean)
        print(
            f"| {angles} | {rates} | {mean:.2f} | {float(earned.mean()):.2f} ± {error:.2f} "
            f"| {seconds:.0f} |",
            flush=True,
        )
    return means


if __name__ == "__main__":
    main(tyro.cli(Config))
