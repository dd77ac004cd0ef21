"""Langevin dynamics in a potential beside the Fokker–Planck equation that it obeys, in time.

The density of ``dx = −V′ dt + √(2/β) dW`` descends the free energy ``∫ p (V + β⁻¹ ln p)``, in the
distance of Wasserstein: its gradient flow. Steps of Euler and Maruyama, ``x' = x − V′Δt +
√(2Δt/β) η``, follow it up to a bias of order ``Δt``; with Metropolis' choice they keep ``e^{−βV}``
exactly and lag behind in time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, SamplingError
from physml.fokker_planck import FokkerPlanck
from physml.sampling import langevin

_GROUPS = 20

_SEEN = 0.05

_STANDS_OUT = 5.0

# Of walkers that begin beyond the line, on average.
_BEYOND = 0.1


class GradientFlow(NamedTuple):
    """Walkers and the exact density at the same times.

    Attributes:
        times: ``(m,)``.
        edges: of the bins, ``(b + 1,)``.
        exact: the part of the exact density in each bin, ``(m, b)``.
        counted: that of the walkers, ``(m, b)``.
        distance: total variation ``½ Σ |counted − exact|`` at each time, ``(m,)``.
        expected: its mean and deviation, were the walkers independent draws of the exact density,
            ``(m, 2)``.
        slowest: ``⟨u₁⟩`` of the walkers over that of the exact density, which goes as ``e^{−λ₁t}``;
            ``(m,)``.
        rate: ``−d ln⟨u₁⟩/dt``, fitted where ``⟨u₁⟩`` is seen.
        rate_error: its standard deviation, by leaving out one group of walkers after another.
        square: ``⟨x²⟩`` of the walkers at the last time.
        square_error: its standard deviation.
        exact_square: that of the exact density there.
        acceptance: of Metropolis' choice; 1 without.
    """

    times: np.ndarray
    edges: np.ndarray
    exact: np.ndarray
    counted: np.ndarray
    distance: np.ndarray
    expected: np.ndarray
    slowest: np.ndarray
    rate: float
    rate_error: float
    square: float
    square_error: float
    exact_square: float
    acceptance: float


def gradient_flow(
    well: FokkerPlanck,
    initial: tuple[float, float],
    *,
    step: float,
    between: int,
    times: int,
    walkers: int,
    bins: int = 40,
    adjusted: bool = False,
    key: Array,
) -> GradientFlow:
    """Walkers from a Gaussian, against the density of the Fokker–Planck equation.

    Args:
        well: with a potential that jax can differentiate; ``points − 1`` a multiple of ``bins``.
        initial: mean and deviation of the Gaussian at time 0.
        step: ``Δt``.
        between: steps from a time that is looked at to the next.
        times: how many are looked at, after time 0.
        walkers: independent ones.
        bins: of the line.
        adjusted: whether Metropolis accepts, by ``pm.langevin`` with moves of the same size.
        key: a random key.

    Raises:
        ConfigurationError: a number out of range; a start that reaches beyond the line, or is
            narrower than the distance of two points; one too near to symmetric for its relaxation
            to stand out of the noise of so many walkers, ``|⟨u₁⟩₀| < 5/√walkers``.
        SamplingError: walkers that leave the line, as by a step too long.

    Sources: Jordan, Kinderlehrer & Otto (1998), doi:10.1137/S0036141096303359; Roberts & Tweedie
    (1996), doi:10.2307/3318418.

    >>> import jax, physml as pm
    >>> well = pm.generative.FokkerPlanck(lambda x: (x**2 - 1) ** 2, 1.0, -3, 3, 401)
    >>> flow = pm.generative.gradient_flow(well, (-1.0, 0.2), step=0.01, between=20, times=3,
    ...                                    walkers=1000, key=jax.random.key(0))
    >>> bool((flow.distance < flow.expected[:, 0] + 5 * flow.expected[:, 1]).all())
    True
    """
    if not 0 < step < np.inf:
        raise ConfigurationError(f"step: expected a time > 0, got {step}")
    mean, deviation = initial
    if not 0 < deviation < np.inf or not well.low < mean < well.high:
        raise ConfigurationError(
            f"initial: expected a mean within [{well.low}, {well.high}] and a deviation > 0, got "
            f"{initial}"
        )
    between, times = as_whole("between", between, least=1), as_whole("times", times, least=2)
    walkers, bins = as_whole("walkers", walkers, least=_GROUPS), as_whole("bins", bins, least=2)
    if (well.points - 1) % bins:
        raise ConfigurationError(f"bins: expected to divide {well.points - 1}, got {bins}")
    check_start(well, initial, walkers)
    key_start, key_walk = jax.random.split(key)
    x = mean + deviation * jax.random.normal(key_start, (walkers,))
    seen, acceptance = (_adjusted if adjusted else _unadjusted)(
        well, x, step, between, times, key_walk
    )
    places = np.concatenate([np.asarray(x)[None], seen])
    out = ~((places >= well.low) & (places <= well.high))
    if out.any():
        raise SamplingError(
            f"step: {out.any(axis=0).sum()} of {walkers} walkers left [{well.low}, {well.high}]; "
            f"expected a shorter step than {step}, or a longer line"
        )
    at = step * between * np.arange(times + 1)

    def start(x: np.ndarray) -> np.ndarray:
        return np.exp(-((x - mean) ** 2) / (2 * deviation**2))

    densities = well.density(start, at)
    edges = np.linspace(well.low, well.high, bins + 1)
    exact = _binned(densities, well.x[1] - well.x[0], bins)
    counted = np.stack([np.histogram(p, edges)[0] / walkers for p in places])
    u = _slowest(well)
    along = np.interp(places, well.x, u)
    told = densities @ (well.cells * u)
    rate, rate_error = _rate(at, along, told[0])
    squares = places[-1] ** 2
    return GradientFlow(
        at,
        edges,
        exact,
        counted,
        0.5 * np.abs(counted - exact).sum(axis=1),
        np.stack([_expected(p, walkers, bins) for p in exact]),
        along.mean(axis=1) / told[0],
        rate,
        rate_error,
        float(squares.mean()),
        float(squares.std(ddof=1) / np.sqrt(walkers)),
        float(densities[-1] @ (well.cells * well.x**2)),
        acceptance,
    )


def check_start(well: FokkerPlanck, initial: tuple[float, float], walkers: int) -> None:
    """Refuse a start off the line or between its points, or of which nothing is seen to relax.

    Raises:
        ConfigurationError: a Gaussian of which some of so many walkers begin beyond the ends, or
            whose deviation is below the distance of two points; ``|⟨u₁⟩|`` of it, of which rates
            are, less than ``5/√walkers``.
    """
    mean, deviation = initial
    nearest, h = min(well.high - mean, mean - well.low) / deviation, well.x[1] - well.x[0]
    if walkers * math.erfc(nearest / math.sqrt(2)) > _BEYOND or deviation < h:
        raise ConfigurationError(
            f"initial: expected a Gaussian within [{well.low:.4g}, {well.high:.4g}], as wide as "
            f"the distance {h:.3g} of two points or wider, got {initial}, which ends "
            f"{nearest:.3g} deviations from its mean"
        )
    p = well.cells * np.exp(-((well.x - mean) ** 2) / (2 * deviation**2))
    found, least = abs(float(p @ _slowest(well)) / p.sum()), _STANDS_OUT / np.sqrt(walkers)
    if found < least:
        raise ConfigurationError(
            f"initial: expected a start off the middle, whose ⟨u₁⟩ is at least {least:.2g} of "
            f"{walkers} walkers, or no relaxation is seen, got {found:.2g} of {initial}"
        )


def _unadjusted(
    well: FokkerPlanck, x: Array, step: float, between: int, times: int, key: Array
) -> tuple[np.ndarray, float]:
    seen = _walked(well.potential, between, times, x, step, well.beta, key)
    return np.asarray(seen), 1.0


@partial(jax.jit, static_argnums=(0, 1, 2))
def _walked(
    potential: Callable[[Any], Any],
    between: int,
    times: int,
    x: Array,
    step: Array,
    beta: Array,
    key: Array,
) -> Array:
    slope = jax.vmap(jax.grad(partial(_at_one, potential)))

    def move(x: Array, key: Array) -> tuple[Array, None]:
        noise = jnp.sqrt(2 * step / beta) * jax.random.normal(key, x.shape, x.dtype)
        return x - step * slope(x) + noise, None

    def look(x: Array, key: Array) -> tuple[Array, Array]:
        x, _ = jax.lax.scan(move, x, jax.random.split(key, between))
        return x, x

    return jax.lax.scan(look, x, jax.random.split(key, times))[1]


def _adjusted(
    well: FokkerPlanck, x: Array, step: float, between: int, times: int, key: Array
) -> tuple[np.ndarray, float]:
    """Moves of width ``√(2Δt/β)``, whose drift ``½w²∇ln p`` is ``−V′Δt``."""
    potential = partial(_at_one, well.potential)
    sampler = langevin(
        lambda params, x: -well.beta * potential(x),
        lambda key: x,
        sweeps=between,
        width=float(np.sqrt(2 * step / well.beta)),
        adapt=False,
    )

    @jax.jit
    def walk(keys: Array) -> tuple[Array, Array]:
        def look(state: Any, key: Array) -> tuple[Any, tuple[Array, Array]]:
            state, seen, metrics = sampler.sample(key, state, None)
            return state, (seen, metrics["acceptance"])

        return jax.lax.scan(look, sampler.init(keys[0], None), keys[1:])[1]

    seen, acceptance = walk(jax.random.split(key, times + 1))
    return np.asarray(seen), float(jnp.mean(acceptance))


def _at_one(potential: Callable[[Any], Any], x: Array) -> Array:
    return jnp.reshape(potential(jnp.reshape(x, (1,))), ())


def _slowest(well: FokkerPlanck) -> np.ndarray:
    """``u₁`` at the points, constant out where the density is nothing but rounding."""
    u = well.mode(1)
    inside = np.flatnonzero(well.stationary > 1e-8 * well.stationary.max())
    first, last = inside[0], inside[-1]
    u[:first], u[last + 1 :] = u[first], u[last]
    return u


def _binned(densities: np.ndarray, h: float, bins: int) -> np.ndarray:
    """Their integrals over bins, by the trapezoidal rule."""
    steps = 0.5 * h * (densities[:, 1:] + densities[:, :-1])
    found = steps.reshape(len(densities), bins, -1).sum(axis=2)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _expected(p: np.ndarray, walkers: int, bins: int) -> tuple[float, float]:
    """Mean and deviation of the total variation of ``walkers`` draws, by drawing them."""
    counts = np.random.default_rng(0).multinomial(walkers, p, size=200) / walkers
    found = 0.5 * np.abs(counts - p).sum(axis=1)
    return float(found.mean()), float(found.std(ddof=1))


def _rate(times: np.ndarray, along: np.ndarray, start: float) -> tuple[float, float]:
    """The decay of the mean of ``(m, n)`` numbers, and its error by the jackknife over groups."""
    parts = np.array_split(along, _GROUPS, axis=1)
    groups = np.stack([part.mean(axis=1) for part in parts]) / start
    whole = groups.mean(axis=0)
    seen = np.flatnonzero(whole < _SEEN)
    last = max(seen[0] if len(seen) else len(times), 2)

    def slope(mean: np.ndarray) -> float:
        # Later times are less certain, in proportion to e^{λt}.
        logs, weights = np.log(np.maximum(mean[:last], 1e-12)), whole[:last]
        return float(-np.polyfit(times[:last], logs, 1, w=weights)[0])

    left = np.array([slope(np.delete(groups, i, axis=0).mean(axis=0)) for i in range(_GROUPS)])
    error = np.sqrt((_GROUPS - 1) * np.mean((left - left.mean()) ** 2))
    return slope(groups.mean(axis=0)), float(error)
