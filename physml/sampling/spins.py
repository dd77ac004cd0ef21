"""Metropolis sampling of spins on a lattice: single flips, or exchanges that keep the total.

A walker is an array of N entries ±1 of any shape, such as ``(N, 1)`` or the lattice's. A sweep is
N proposals.
"""

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
from physml.sampling.chain import LogDensity
from physml.sampling.walkers import as_walkers
from physml.types import Sampler

Proposal = Callable[[Array, Array], Array]
"""``(key, spins) -> spins``, as likely as the way back."""


def flip(key: Array, spins: Array) -> Array:
    """Turn a random spin over."""
    site = jax.random.randint(key, (), 0, spins.size)
    return spins.ravel().at[site].multiply(-1).reshape(spins.shape)


def exchange(key: Array, spins: Array) -> Array:
    """Exchange a random up spin with a random down spin, or two other values; their sum stays."""
    key_up, key_down = jax.random.split(key)
    flat = spins.ravel()
    middle = (jnp.max(flat) + jnp.min(flat)) / 2

    # The largest of as many random numbers as there are such spins: each is as likely.
    def pick(key: Array, chosen: Array) -> Array:
        return jnp.argmax(jnp.where(chosen, jax.random.uniform(key, chosen.shape), -1.0))

    up, down = pick(key_up, flat > middle), pick(key_down, flat < middle)
    first, second = flat[up], flat[down]
    return flat.at[up].set(second).at[down].set(first).reshape(spins.shape)


def spin_metropolis(
    log_density: LogDensity,
    initial: Callable[[Array], Array],
    *,
    propose: Proposal = flip,
    sweeps: int = 1,
    adapt: bool | Array = True,
    burn_in: int = 0,
) -> Sampler:
    """Sample a distribution ``p(σ)``: propose, accept with ``min(1, p(σ')/p(σ))``.

    Args:
        log_density: ``(params, spins) -> ln p``, up to a constant; of a wave function
            ``vmc.log_density(log_psi)``, which is ``2 log|ψ|``.
        initial: ``key -> spins (n, ...)``, such as ``(n, N, 1)``.
        propose: ``flip``, ``exchange``, or a function of one's own.
        sweeps: proposals between batches, in units of N.
        adapt: unused: nothing of a proposal adapts.
        burn_in: batches to draw and drop before the first.

    Returns:
        A sampler whose batch is the spins and whose metric is ``acceptance``.

    Raises:
        ConfigurationError: for fewer than one sweep, a negative burn-in, a wave function in
            place of a density.
        ShapeError: when traced, if ln p of one walker is not one real number; at the start, for
            entries other than ±1 that are to be flipped.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> up = lambda key: jnp.ones((100, 4, 1))
    >>> sampler = pm.sampling.spin_metropolis(lambda params, s: 0.1 * jnp.sum(s), up)
    """
    del adapt
    sweeps, burn_in = chain.counts(sweeps, burn_in)
    chain.check_density(log_density)

    def init(log_density: LogDensity, key: Array, params: Any) -> Array:
        key_initial, key_burn = jax.random.split(key)
        first = as_walkers(initial(key_initial))
        if propose is flip:
            check_spins(first)
        return chain.burn(key_burn, first, burn_in, partial(sample, log_density), params)

    def sample(
        log_density: LogDensity, key: Array, spins: Array, params: Any
    ) -> tuple[Array, Array, dict[str, Array]]:
        n, sites = len(spins), spins[0].size
        densities = chain.densities_of(log_density, params, spins)

        def move(carry: tuple[Array, Array, Any], key: Array) -> tuple[Any, Array]:
            key_move, key_accept = jax.random.split(key)
            proposed = jax.vmap(propose)(jax.random.split(key_move, n), carry[0])
            return chain.accept(key_accept, carry, (proposed, densities(proposed), ()))

        start = (spins, densities(spins), ())
        kind = start[1].dtype
        (spins, _, _), accepted = jax.lax.scan(move, start, jax.random.split(key, sweeps * sites))
        return spins, spins, {"acceptance": jnp.mean(accepted).astype(kind)}

    return Sampler(Partial(init, log_density), Partial(sample, log_density))


def check_lattice(spins: Array, coupling: Array | float, *, even: bool) -> None:
    """Refuse many lattices, or many couplings, where one is meant: they would see one another.

    Args:
        spins: one lattice.
        coupling: one number.
        even: whether both sides must be.

    Raises:
        ShapeError: with what came.
    """
    if spins.ndim != 2 or (even and any(side % 2 for side in spins.shape)):
        sides = ", both even" if even else ""
        raise ShapeError(
            f"spins: expected one lattice (rows, columns){sides}, got {spins.shape}; jax.vmap "
            "takes many"
        )
    if jnp.ndim(coupling):
        raise ShapeError(f"coupling: expected one number, got {jnp.shape(coupling)}")


def check_spins(spins: Array) -> None:
    """Refuse entries that a flip would make others of than there were."""
    if isinstance(spins, jax.core.Tracer) or bool(jnp.all(jnp.abs(spins) == 1)):
        return
    found = jnp.unique(spins)[:4].tolist()
    raise ShapeError(f"initial: expected spins ±1, got entries such as {found}; 2 s − 1 of 0 and 1")
