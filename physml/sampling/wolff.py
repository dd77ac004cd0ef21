"""Wolff's cluster update of the Ising model, for what single spins are slow at."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.sampling.spins import check_lattice


def wolff(key: Array, spins: Array, coupling: Array | float) -> tuple[Array, Array]:
    """Turn over one cluster of like spins, with detailed balance and never refused.

    From a random site the cluster grows over bonds between like spins, each taken with probability
    ``1 − e^{−2K}``, on a square lattice that is periodic in both directions.

    Args:
        key: a random key.
        spins: one lattice ``(rows, columns)``, entries ±1.
        coupling: ``K = J/T ≥ 0``.

    Returns:
        The lattice afterwards, and the part of the sites that were turned, whose mean is ``⟨m²⟩``.

    Raises:
        ShapeError: other than one lattice, or one coupling.
        ConfigurationError: a negative coupling, whose clusters are not of like spins; under
            ``jax.jit`` it is not known.

    Source: Wolff (1989), doi:10.1103/PhysRevLett.62.361.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> spins, part = pm.sampling.wolff(jax.random.key(0), jnp.ones((4, 4)), 100.0)
    >>> float(jnp.sum(spins)), float(part)
    (-16.0, 1.0)
    """
    check_lattice(spins, coupling, even=False)
    if not isinstance(coupling, jax.core.Tracer) and not coupling >= 0:
        raise ConfigurationError(f"coupling: expected K = J/T ≥ 0, got {coupling}")
    taken = -jnp.expm1(-2 * jnp.asarray(coupling, jnp.float32))
    chance = jax.random.uniform(key, (2 * spins.size + 1,), jnp.float32)
    bonds = chance[1:].reshape(2, *spins.shape) < taken
    down, right = (bonds[a] & (spins == jnp.roll(spins, -1, a)) for a in (0, 1))
    # A site as likely as another to 1e-7 N, which a cluster's way back has, too.
    site = jnp.minimum((chance[0] * spins.size).astype(int), spins.size - 1)
    seed = (jnp.arange(spins.size) == site).reshape(spins.shape)

    def grown(cluster: Array) -> Array:
        for bonds, axis in ((down, 0), (right, 1)):
            cluster = cluster | jnp.roll(cluster & bonds, 1, axis)
            cluster = cluster | (jnp.roll(cluster, -1, axis) & bonds)
        return cluster

    def step(state: tuple[Array, Array]) -> tuple[Array, Array]:
        cluster = grown(grown(state[0]))
        return cluster, jnp.any(cluster != state[0])

    cluster, _ = jax.lax.while_loop(lambda state: state[1], step, (seed, jnp.array(True)))
    return jnp.where(cluster, -spins, spins), jnp.mean(cluster)
