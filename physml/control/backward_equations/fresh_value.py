"""The value at the start by fresh paths, against the step size, all steps on the same noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.control.backward_equations.paths import Noise, Path, coarser, draw_noise
from physml.errors import ConvergenceError, NonFiniteError

_AT_ONCE = 256
_ROUNDS = 8


class FreshValue(NamedTuple):
    """What fresh paths tell of ``u(0, x₀)``, given ``∇u`` along them.

    Attributes:
        value: extrapolated to no step size, of the two finest, ``v_M + (v_M − v_N) N/(M − N)``.
        error: its standard deviation, of the paths alone.
        leap: three times what a second order in the step size may leave: of the last three counts
            ``3 |v′ − v|/(N₃/N₁ − 1)``, ``v′`` the extrapolation of the coarser two, since their
            error is ``N₃/N₁`` times that of the finer two; of two, three times how far the value
            is from the finest, so that a third is all that was extrapolated; 0 of one, which tells
            nothing of it.
        spread: what the variance of ``Y_T − g(X_T)`` may be at no step size, where it is the
            network's: extrapolated as the value is, with its own standard deviation and what a
            second order may leave of it; at least two such deviations.
        steps: of each step size, ``(k,)``.
        values: ``v_N`` at each, ``(k,)``.
        errors: their standard deviations; the noise is common, so that differences have less.
        misses: standard deviations of ``Y_T − g(X_T)``, carried back to the start.
        paths: how many.
    """

    value: float
    error: float
    leap: float
    spread: float
    steps: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    misses: np.ndarray
    paths: int

    def plain(self) -> dict[str, Any]:
        """Plain data."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self._asdict().items()
        }

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> FreshValue:
        """Of plain data."""
        made: dict[str, Any] = {
            name: np.asarray(value) if isinstance(value, list) else value
            for name, value in told.items()
        }
        return cls(**made)


def fresh_value(
    equation: BackwardEquation,
    row: Callable[[Any, Path], Array],
    ways: Mapping[str, Callable[[Any, Noise], Path]],
    params: Any,
    *,
    key: Array,
    paths: int,
    steps: Sequence[int],
) -> dict[str, FreshValue]:
    """For each way to make paths the ``y₀`` of which misses, carried back, have no mean.

        y₀ ← y₀ − mean (Y_T − g(X_T)) / (∂Y_T/∂y₀)

    Args:
        equation: whose noise is drawn.
        row: ``(params, path) -> Y_T − g(X_T)``.
        ways: by name, ``(params, noise) -> path``; all on the same noise.
        params: with the ``value`` to begin with.
        key: a random key.
        paths: how many.
        steps: increasing, each a divisor of the last.

    Raises:
        NonFiniteError: a path that is not finite.
        ConvergenceError: no such ``y₀`` is found.
    """
    keys, finest = jax.random.split(key, paths), steps[-1]

    def ends(params: Any, values: Array, key: Array) -> tuple[Array, Array]:
        noise = draw_noise(equation, key, finest)
        found = []
        for value, (way, count) in zip(values, product(ways.values(), steps), strict=True):
            path = way({**params, "value": value}, coarser(noise, count))

            def end(y: Array, path: Path = path) -> Array:
                return row({**params, "value": y}, path)

            found.append(jax.jvp(end, (value,), (jnp.ones_like(value),)))
        return jnp.stack([f[0] for f in found]), jnp.stack([f[1] for f in found])

    @jax.jit
    def all_ends(params: Any, values: Array, keys: Array) -> tuple[Array, Array]:
        return jax.lax.map(lambda key: ends(params, values, key), keys, batch_size=_AT_ONCE)

    values = np.full(len(ways) * len(steps), float(params["value"]))
    for _ in range(_ROUNDS):
        missed, slopes = map(np.asarray, all_ends(params, jnp.asarray(values), keys))
        bad = np.flatnonzero(~np.isfinite(missed).all(axis=1))
        if len(bad):
            raise NonFiniteError(
                f"judge: expected finite paths, got {len(bad)} of {paths} that are not, the first "
                f"with Y_T − g(X_T) = {missed[bad[0]]} in {tuple(steps)} steps; more steps, or a "
                "driver that grows less"
            )
        if not (np.abs(slopes) > 1e-12).all():
            raise ConvergenceError("judge: expected Y_T to follow y₀, got a slope of 0")
        each = missed / slopes
        before, values = values, values - each.mean(axis=0)
        # A driver without y, or linear in it, is done in one round.
        linear = np.ptp(slopes, axis=0).max() < 1e-12
        close = 0.05 * each.std(axis=0, ddof=1) / paths**0.5
        if linear or (np.abs(values - before) <= close).all():
            break
    else:
        raise ConvergenceError(
            f"judge: expected a value without a mean miss, got {before} and then {values}"
        )
    parts = np.split(before - each, len(ways), axis=1)
    return {name: against_step_size(part, steps) for name, part in zip(ways, parts, strict=True)}


def against_step_size(each: np.ndarray, steps: Sequence[int]) -> FreshValue:
    """What values of paths at some step sizes, ``(paths, k)``, come to at none."""
    paths, values, spread = len(each), each.mean(axis=0), each.std(axis=0, ddof=1)
    squares = (each - values) ** 2 * paths / (paths - 1)
    whole, left = _without_step(each, steps)
    square, left_of_square = _without_step(squares, steps)
    uncertain = float(square.std(ddof=1) / paths**0.5)
    variance = max(0.0, float(square.mean())) + uncertain + abs(left_of_square)
    return FreshValue(
        float(whole.mean()),
        float(whole.std(ddof=1) / paths**0.5),
        3 * abs(left),
        max(variance, 2 * uncertain),
        np.asarray(steps),
        values,
        spread / paths**0.5,
        spread,
        paths,
    )


def _without_step(each: np.ndarray, steps: Sequence[int]) -> tuple[np.ndarray, float]:
    """Values of paths ``(paths, k)`` at no step size, and what a second order may leave of them."""
    if len(steps) == 1:
        return each[:, -1], 0.0

    def extrapolated(at: int) -> np.ndarray:
        """To first order, from N to M steps: v + (v_M − v_N) N/(M − N)."""
        ratio = steps[at - 1] / (steps[at] - steps[at - 1])
        return each[:, at] + ratio * (each[:, at] - each[:, at - 1])

    finer = extrapolated(-1)
    if len(steps) == 2:
        return finer, float(np.mean(finer - each[:, -1]))
    return finer, float(np.mean(extrapolated(-2) - finer)) / (steps[-1] / steps[-3] - 1)
