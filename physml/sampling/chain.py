"""What every Markov chain of walkers shares: its state, the rule of acceptance, and burning in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.memory import check_program
from physml.sample_axis import spread
from physml.sampling.walkers import Walkers, as_walkers, real_type_of
from physml.types import Amplitude, Sampler

State = TypeVar("State")
LogDensity = Callable[[Any, Any], Array]
"""``(params, walker) -> ln p``, real, up to a constant; −∞ where there is no walker."""

_WIDTH_FACTOR = 1.1


class MetropolisState(NamedTuple):
    """Walkers ``(n, ...)`` and the width of a move, in the walkers' unit of length."""

    walkers: Walkers
    width: Array


def accept(
    key: Array,
    now: tuple[Walkers, Array, Any],
    proposed: tuple[Walkers, Array, Any],
    way_back: Array | float = 0.0,
) -> tuple[tuple[Walkers, Array, Any], Array]:
    """Move with probability ``min(1, [p(x') q(x' → x)] / [p(x) q(x → x')])``.

    A walker whose density is 0 or not a number moves to any place where it is a positive number.

    Args:
        key: random key.
        now: walkers ``(n, ...)``, their log densities ``(n,)``, and what else belongs to each of
            them, such as the density's slope: a pytree with leading axis ``n``.
        proposed: the same of where they would go.
        way_back: ``ln [q(x' → x)/q(x → x')]``, ``(n,)``; 0 for moves as likely as that.

    Returns:
        The same afterwards, and the share that moved.

    Sources: Metropolis et al. (1953), doi:10.1063/1.1699114; Hastings (1970),
    doi:10.1093/biomet/57.1.97.
    """
    density = now[1]
    outside = jnp.isnan(density)
    chance = jax.random.uniform(key, density.shape, density.dtype)
    gain = proposed[1] - jnp.where(outside, -jnp.inf, density) + way_back
    moves = jnp.log(chance) < gain

    def either(new: Array, old: Array) -> Array:
        return jnp.where(moves.reshape((-1,) + (1,) * (new.ndim - 1)), new, old)

    return jax.tree.map(either, proposed, now), jnp.mean(moves)


def burn(
    key: Array,
    state: State,
    batches: int,
    sample: Callable[[Array, State, Any], tuple[State, Any, Any]],
    params: Any,
) -> State:
    """The state after some batches that nobody sees; one program for all of them."""
    if batches == 0:
        return state

    def step(state: State, key: Array) -> tuple[State, None]:
        return sample(key, state, params)[0], None

    keys = jax.random.split(key, batches)
    start = spread(state)
    program = jax.jit(lambda state: jax.lax.scan(step, state, keys)[0])
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves((start, keys, params))):
        return cast(State, program(start))
    compiled = program.lower(start).compile()
    check_program("burn-in", compiled, "the number of walkers or sweeps, or the sizes of the model")
    return cast(State, compiled(start))


def counts(sweeps: int, batches: int) -> tuple[int, int]:
    """How many sweeps, one at least, and how many batches are dropped.

    Raises:
        ConfigurationError: with the option that is wrong.
    """
    return as_whole("sweeps", sweeps, least=1), as_whole("burn_in", batches, least=0)


def check_density(log_density: Any) -> None:
    """Refuse a wave function in place of a density.

    Raises:
        ConfigurationError: with what to give.
    """
    if isinstance(log_density, Amplitude):
        raise ConfigurationError(
            "log density: expected ln p of a walker, got a wave function, whose density is |ψ|²; "
            "give vmc.log_density(log_psi)"
        )


def densities_of(
    log_density: LogDensity, params: Any, walkers: Walkers
) -> Callable[[Walkers], Array]:
    """``ln p`` of walkers ``(n, ...)``; refused if that of one is not one real number.

    Raises:
        ShapeError: with what came.
    """
    one = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), walkers)
    value = jax.eval_shape(log_density, params, one)
    got = getattr(value, "shape", type(value).__name__)
    if got == () and not jnp.issubdtype(value.dtype, jnp.floating):
        got = value.dtype
    if got != () or isinstance(value, tuple):
        shapes = ", ".join(str(leaf.shape) for leaf in jax.tree.leaves(one))
        raise ShapeError(
            f"log density: expected one real number at a walker of shape {shapes}, got {got}; a "
            "network takes outputs=None, and a wave function vmc.log_density(log_psi)"
        )
    return jax.vmap(lambda x: log_density(params, x))


def sampler_of(
    sample: Callable[..., tuple[MetropolisState, Walkers, dict[str, Array]]],
    log_density: Any,
    initial: Callable[[Array], Walkers],
    *,
    width: float,
    burn_in: int,
) -> Sampler:
    """A sampler that starts by walkers, the width of a move, and some batches dropped.

    The arrays of a ``Partial`` log density, such as the data of a posterior, stay arguments.

    Args:
        sample: ``(log_density, key, state, params) -> (state, batch, metrics)``.
        log_density: of one walker, or what else ``sample`` knows a density by.
        initial: ``key -> walkers (n, ...)``.
        width: to start from.
        burn_in: batches to draw and drop.

    Raises:
        ConfigurationError: a wave function in place of a density.
    """
    check_density(log_density)

    def init(log_density: Any, key: Array, params: Any) -> MetropolisState:
        key_initial, key_burn = jax.random.split(key)
        walkers = as_walkers(initial(key_initial))
        state = MetropolisState(walkers, jnp.asarray(width, real_type_of(walkers)))
        return burn(key_burn, state, burn_in, partial(sample, log_density), params)

    return Sampler(Partial(init, log_density), Partial(sample, log_density))


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
