"""The Ising model on a square lattice, sampled by clusters and by single spins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.sampling import chain
from physml.sampling.checkerboard import checkerboard
from physml.sampling.spins import check_spins
from physml.sampling.walkers import as_walkers
from physml.sampling.wolff import wolff
from physml.types import Sampler

_AT_ONCE = 2**17
"""Sites that one loop over clusters has in hand: such many lattices stay in a processor's cache."""


def ising_spins(
    coupling: Any,
    initial: Callable[[Array], Array],
    *,
    clusters: int = 1,
    sweeps: int = 1,
    burn_in: int = 0,
) -> Sampler:
    """Sample ``exp(K Σ_⟨ij⟩ s_i s_j)`` on periodic square lattices, each at its own temperature.

    A sweep draws every spin anew given its neighbours (``checkerboard``), where both sides are
    even, and turns some clusters (``wolff``): the first is fast at high temperature, the second
    near the critical point and below, where it turns all spins over.

    Args:
        coupling: ``K = J/T ≥ 0``, a number, or one for each lattice, ``(n,)``.
        initial: ``key -> spins (n, rows, columns)``, of ±1; as bytes (``int8``) they stay such.
        clusters: turned over in a sweep, at least 1.
        sweeps: between batches.
        burn_in: batches to draw and drop before the first.

    Returns:
        A sampler whose batch is the spins and whose metric is ``cluster``, the mean part of the
        sites that a cluster had: an estimate of ``⟨m²⟩`` over all lattices.

    Raises:
        ConfigurationError: a negative coupling or one that is not finite, fewer than one sweep or
            cluster, a negative burn-in.
        ShapeError: at the start, for other than lattices of ±1 with sides of at least 2, or
            couplings of another number.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> start = lambda key: jnp.ones((100, 8, 8), jnp.int8)
    >>> sampler = pm.sampling.ising_spins(pm.ising.CRITICAL_COUPLING, start, burn_in=20)
    """
    sweeps, burn_in = chain.counts(sweeps, burn_in)
    clusters = as_whole("clusters", clusters, least=1)
    k = as_numbers("coupling", coupling)
    if k.ndim > 1 or not np.all((k >= 0) & np.isfinite(k)):
        raise ConfigurationError(
            f"coupling: expected K = J/T ≥ 0, one or one for each lattice, got {coupling}"
        )

    own = jnp.asarray(k, jnp.float32)

    def init(coupling: Array, key: Array, params: Any) -> Array:
        key_initial, key_burn = jax.random.split(key)
        first = as_walkers(initial(key_initial))
        _check_lattices(first, coupling)
        return chain.burn(key_burn, first, burn_in, partial(sample, coupling), params)

    def sample(
        coupling: Array, key: Array, spins: Array, params: Any
    ) -> tuple[Array, Array, dict[str, Array]]:
        del params
        n = len(spins)
        each = (jax.random.split(key, n), spins, jnp.broadcast_to(coupling, (n,)))
        swept = partial(_swept, sweeps=sweeps, clusters=clusters)
        at_once = max(1, _AT_ONCE // spins[0].size)
        if n <= at_once:
            after, parts = jax.vmap(swept)(*each)
        else:
            after, parts = jax.lax.map(lambda one: swept(*one), each, batch_size=at_once)
        return after, after, {"cluster": jnp.mean(parts, dtype=jnp.result_type(float))}

    return Sampler(Partial(init, own), Partial(sample, own))


def _swept(
    key: Array, spins: Array, coupling: Array, *, sweeps: int, clusters: int
) -> tuple[Array, Array]:
    """One lattice after some sweeps, and the mean part of the sites that a cluster had."""
    even = not any(side % 2 for side in spins.shape)

    def turn(spins: Array, key: Array) -> tuple[Array, Array]:
        return wolff(key, spins, coupling)

    def sweep(spins: Array, key: Array) -> tuple[Array, Array]:
        key_single, key_clusters = jax.random.split(key)
        if even:
            spins = checkerboard(key_single, spins, coupling)
        spins, parts = jax.lax.scan(turn, spins, jax.random.split(key_clusters, clusters))
        return spins, jnp.mean(parts)

    spins, parts = jax.lax.scan(sweep, spins, jax.random.split(key, sweeps))
    return spins, jnp.mean(parts)


def _check_lattices(spins: Array, coupling: Array) -> None:
    if spins.ndim != 3 or min(spins.shape[1:]) < 2:
        raise ShapeError(
            f"initial: expected lattices (n, rows, columns) with sides of at least 2, got "
            f"{spins.shape}"
        )
    if coupling.ndim and len(coupling) != len(spins):
        raise ShapeError(
            f"coupling: expected one for each of {len(spins)} lattices, got {len(coupling)}"
        )
    check_spins(spins)
