"""Gibbs sampling: parts of a walker drawn anew from their exact conditional distribution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ShapeError
from physml.sampling import chain
from physml.sampling.walkers import Walkers, as_walkers, count_of
from physml.types import Sampler

Resample = Callable[[Array, Any, Any], Any]
"""``(key, walker, params) -> walker``, part of it drawn from its distribution given the rest."""


def gibbs(
    resample: Resample,
    initial: Callable[[Array], Walkers],
    *,
    sweeps: int = 1,
    burn_in: int = 0,
) -> Sampler:
    """Sample ``p`` by its conditionals: ``x_A ~ p(x_A | x_B)``, then ``x_B ~ p(x_B | x_A)``.

    Nothing is ever refused and no width is to be found. It is the user's to see that every draw is
    from the conditional distribution of one ``p``: blocks of spins that do not see one another
    (even and odd sites, the hidden and the visible units of a Boltzmann machine) are drawn at once.

    Args:
        resample: ``(key, walker, params) -> walker``, a walker of the same shapes and types after
            all of its blocks were drawn in turn.
        initial: ``key -> walkers (n, ...)``, an array or a pytree of arrays.
        sweeps: calls of ``resample`` on every walker between batches.
        burn_in: batches to draw and drop before the first.

    Returns:
        A sampler whose batch is the walkers and whose metric is ``moved``, the share of walkers
        that are not what they were before the batch.

    Raises:
        ConfigurationError: for fewer than one sweep or a negative burn-in.
        ShapeError: when traced, if ``resample`` makes a walker of another shape or type.

    Source: Geman and Geman (1984), doi:10.1109/TPAMI.1984.4767596.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> def resample(key, x, params):  # x and y of a normal density with correlation 0.6
    ...     key_x, key_y = jax.random.split(key)
    ...     x = x.at[0].set(0.6 * x[1] + 0.8 * jax.random.normal(key_x))
    ...     return x.at[1].set(0.6 * x[0] + 0.8 * jax.random.normal(key_y))
    >>> sampler = pm.sampling.gibbs(resample, lambda key: jnp.zeros((100, 2)), sweeps=5)
    """
    sweeps, burn_in = chain.counts(sweeps, burn_in)

    def init(resample: Resample, key: Array, params: Any) -> Walkers:
        key_initial, key_burn = jax.random.split(key)
        first = as_walkers(initial(key_initial))
        count_of(first)
        return chain.burn(key_burn, first, burn_in, partial(sample, resample), params)

    def sample(
        resample: Resample, key: Array, walkers: Walkers, params: Any
    ) -> tuple[Walkers, Walkers, dict[str, Array]]:
        _check_resample(resample, key, walkers, params)
        each = jax.vmap(resample, in_axes=(0, 0, None))

        def sweep(walkers: Walkers, key: Array) -> tuple[Walkers, None]:
            return each(jax.random.split(key, count_of(walkers)), walkers, params), None

        after, _ = jax.lax.scan(sweep, walkers, jax.random.split(key, sweeps))
        return after, after, {"moved": _share_that_moved(walkers, after)}

    return Sampler(Partial(init, resample), Partial(sample, resample))


def _check_resample(resample: Resample, key: Array, walkers: Walkers, params: Any) -> None:
    """Refuse a walker that changes its shapes or types, which a loop would not explain."""
    one = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), walkers)
    expected = [(x.shape, str(x.dtype)) for x in jax.tree.leaves(one)]
    made = jax.eval_shape(resample, key, one, params)
    got = [(x.shape, str(x.dtype)) for x in jax.tree.leaves(made)]
    if got != expected or str(jax.tree.structure(made)) != str(jax.tree.structure(one)):
        raise ShapeError(
            f"resample: expected a walker of the shapes and types {expected}, got {got}; it takes "
            "(key, walker, params)"
        )


def _share_that_moved(before: Walkers, after: Walkers) -> Array:
    def changed(a: Array, b: Array) -> Array:
        return jnp.any((a != b).reshape(len(a), -1), axis=1)

    each = jax.tree.leaves(jax.tree.map(changed, before, after))
    return jnp.mean(jnp.any(jnp.stack(each), axis=0))
