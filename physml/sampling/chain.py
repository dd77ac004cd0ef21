"""What every Markov chain of walkers shares: the rule of acceptance, and burning in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.sample_axis import spread

State = TypeVar("State")

_WIDTH_FACTOR = 1.1


class MetropolisState(NamedTuple):
    """Walkers ``(n, N, d)`` and the width of a move, in the walkers' unit of length."""

    walkers: Array
    width: Array


def accept(
    key: Array,
    now: tuple[Array, Array],
    proposed: Array,
    log_density: Callable[[Array], Array],
    way_back: Array | float = 0.0,
) -> tuple[tuple[Array, Array], Array]:
    """Move with probability ``min(1, [p(x') q(x' → x)] / [p(x) q(x → x')])``.

    Args:
        key: random key.
        now: walkers ``(n, ...)`` and their log densities ``(n,)``.
        proposed: where they would go.
        log_density: of walkers ``(n, ...)``.
        way_back: ``ln [q(x' → x)/q(x → x')]``, ``(n,)``; 0 for moves as likely as that.

    Returns:
        Walkers and log densities afterwards, and the share that moved.

    Sources: Metropolis et al. (1953), doi:10.1063/1.1699114; Hastings (1970),
    doi:10.1093/biomet/57.1.97.
    """
    walkers, density = now
    new_density = log_density(proposed)
    chance = jax.random.uniform(key, density.shape, density.dtype)
    moves = jnp.log(chance) < new_density - density + way_back
    spread = moves.reshape((-1,) + (1,) * (walkers.ndim - 1))
    kept = jnp.where(spread, proposed, walkers), jnp.where(moves, new_density, density)
    return kept, jnp.mean(moves)


def log_way_back(noise: Array, before: Array, after: Array) -> Array:
    """``ln [q(x' → x)/q(x → x')]`` of moves ``x' = x + w s(x) η`` by a stride ``s``.

    ``Σ_i [d ln s_i/s_i' + ½ |η_i|² (1 − s_i²/s_i'²)]``: both strides follow from their own end.

    Args:
        noise: ``η``, ``(..., N, d)``.
        before: ``s(x)``, ``(..., N, 1)``.
        after: ``s(x')``, ``(..., N, 1)``.

    Returns:
        ``(...)``.
    """
    ratio = before / after
    square = jnp.sum(noise**2, axis=-1, keepdims=True)
    each = noise.shape[-1] * jnp.log(ratio) + 0.5 * square * (1 - ratio**2)
    return jnp.sum(each, axis=(-2, -1))


def burn_in(key: Array, state: State, batches: int, draw: Callable[[Array, State], State]) -> State:
    """The state after some batches that nobody sees; one program for all of them."""
    if batches == 0:
        return state

    def step(state: State, key: Array) -> tuple[State, None]:
        return draw(key, state), None

    keys = jax.random.split(key, batches)
    burned: State = jax.jit(lambda state: jax.lax.scan(step, state, keys)[0])(spread(state))
    return burned


def check_chain(sweeps: int, batches: int) -> None:
    """Refuse fewer than one sweep or a negative burn-in.

    Raises:
        ConfigurationError: with the option that is wrong.
    """
    if sweeps < 1:
        raise ConfigurationError(f"sweeps: expected at least 1, got {sweeps}")
    if batches < 0:
        raise ConfigurationError(f"burn_in: expected a number ≥ 0, got {batches}")


def log_density_of(log_psi: Callable[[Any, Array], Array], params: Any) -> Callable[[Array], Array]:
    """``ln |ψ|²`` of walkers ``(n, ...)``."""
    return jax.vmap(lambda x: 2.0 * jnp.real(log_psi(params, x)))


def start(
    initial: Callable[[Array], Array],
    width: float,
    burned: int,
    sample: Callable[[Array, MetropolisState, Any], tuple[MetropolisState, Array, Any]],
) -> Callable[[Array, Any], MetropolisState]:
    """What makes the first state: walkers, the width of a move, and some batches dropped.

    Args:
        initial: ``key -> walkers (n, N, d)``.
        width: to start from.
        burned: batches to draw and drop.
        sample: of the sampler.
    """

    def init(key: Array, params: Any) -> MetropolisState:
        key_initial, key_burn = jax.random.split(key)
        walkers = initial(key_initial)
        state = MetropolisState(walkers, jnp.asarray(width, walkers.dtype))
        return burn_in(key_burn, state, burned, lambda k, s: sample(k, s, params)[0])

    return init


def adapted(
    width: Array, acceptance: Array, window: tuple[float, float], adapt: bool | Array
) -> Array:
    """A wider move above the window of acceptance, a narrower one below."""
    low, high = window
    width = jnp.where(adapt & (acceptance > high), width * _WIDTH_FACTOR, width)
    return jnp.where(adapt & (acceptance < low), width / _WIDTH_FACTOR, width)


def check_width(width: float) -> None:
    """Refuse a width that is not positive."""
    if not width > 0:
        raise ConfigurationError(f"width: expected a length > 0, got {width}")


def checked_stride(
    stride: Callable[[Array], Array] | None, walkers: Array
) -> Callable[[Array], Array]:
    """The stride, 1 if None; refused if not one number for each particle, of the walkers' type.

    Raises:
        ShapeError: with what came.
    """
    if stride is None:
        return lambda x: jnp.ones((1, 1, 1), x.dtype)
    found = jax.eval_shape(stride, walkers)
    expected = jax.ShapeDtypeStruct((*walkers.shape[:2], 1), walkers.dtype)
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        raise ShapeError(
            f"stride: expected {expected.dtype} of shape {expected.shape}, one number for each "
            f"particle, at walkers {walkers.shape}, got {found.dtype} of shape {found.shape}"
        )
    return stride


def check_value(log_psi: Callable[[Any, Array], Array], params: Any, walkers: Array) -> None:
    """Refuse a log ψ that is not one number."""
    one = jax.ShapeDtypeStruct(walkers.shape[1:], walkers.dtype)
    value = jax.eval_shape(log_psi, params, one)
    got = getattr(value, "shape", type(value).__name__)
    if got != ():
        raise ShapeError(
            f"log ψ: expected one number at a walker of shape {one.shape}, got {got}; a network "
            "takes outputs=None"
        )
