"""Single spins of the Ising model drawn anew, all of one colour of a checkerboard at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from physml.sampling.spins import check_lattice


def checkerboard(key: Array, spins: Array, coupling: Array | float) -> Array:
    """A sweep by heat bath: each spin from ``p(s_i = 1 | rest) = 1/(1 + e^{−2K Σ_j s_j})``.

    The four neighbours of a site have the other colour, so that a colour is drawn at once. (The
    rule of Metropolis would turn every free spin of a colour with certainty, and at high
    temperature go to and fro between two states.) The lattice is square and periodic.

    Args:
        key: a random key.
        spins: one lattice ``(rows, columns)``, entries ±1, both sides even.
        coupling: ``K = J/T``, of either sign.

    Returns:
        The lattice afterwards.

    Raises:
        ShapeError: other than one lattice with even sides, or one coupling.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> pm.sampling.checkerboard(jax.random.key(0), jnp.ones((4, 4)), 100.0).sum().item()
    16.0
    """
    check_lattice(spins, coupling, even=True)
    chance = jax.random.uniform(key, spins.shape, jnp.float32)
    places = jnp.arange(spins.shape[0])[:, None] + jnp.arange(spins.shape[1])[None, :]
    for colour in (0, 1):
        around = sum(jnp.roll(spins, step, axis) for axis in (0, 1) for step in (1, -1))
        up = jax.nn.sigmoid(2 * jnp.asarray(coupling, jnp.float32) * around)
        drawn = jnp.where(chance < up, 1, -1).astype(spins.dtype)
        spins = jnp.where(places % 2 == colour, drawn, spins)
    return spins
