"""A velocity of fields on a periodic lattice that knows its symmetries."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array

from physml.as_whole import as_whole

__all__ = ["LatticeVelocity"]


class LatticeVelocity(nn.Module):
    """The velocity of each site by sines of the field at all sites, alike under translation.

        dφ_x/dt = Σ_y [w₀(x − y, t) φ_y + Σ_f w_f(x − y, t) sin ω_f φ_y]
        w(r, t) = Σ_d W_d(r) cos(πdt)
        ∇·v = Σ_x [w₀(0, t) + Σ_f w_f(0, t) ω_f cos ω_f φ_x]

    ``W`` is the same for all displacements that a translation, a reflection or, on sides of one
    length, an exchange of axes makes of one another, and ``v(−φ) = −v(φ)``: the density that
    flows from a normal one has all symmetries of the lattice. All ``W`` begin at zero, where
    nothing moves.

    Attributes:
        frequencies: how many sines; ``ω_f`` are parameters, ``1, 2, ...`` at first.
        times: how many ``cos πdt``, ``d = 0, 1, ...``.

    Raises:
        ConfigurationError: for counts that are no positive integers.

    Source: Gerdes, de Haan, Rainone, Bondesan & Cheng (2023), doi:10.21468/SciPostPhys.15.6.238,
    arXiv:2207.00283.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.LatticeVelocity(frequencies=2, times=3)
    >>> params = network.init(jax.random.key(0), jnp.ones((4, 4)), jnp.array(0.5))
    >>> params["params"]["weights"].shape  # times, displacements, φ and sines
    (3, 6, 3)
    """

    frequencies: int = 8
    times: int = 4

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.frequencies = as_whole("frequencies", self.frequencies, least=1)
        self.times = as_whole("times", self.times, least=1)
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Array, t: Array) -> tuple[Array, Array]:
        """``dφ/dt`` in the shape of the lattice, and its divergence ``()``."""
        displacements, dtype = _displacements(x.shape), jnp.result_type(float)
        kinds = int(displacements.max()) + 1
        weights = self.param(
            "weights",
            nn.initializers.zeros_init(),
            (self.times, kinds, self.frequencies + 1),
            dtype,
        )
        first = jnp.arange(1, self.frequencies + 1, dtype=dtype)
        omega = self.param("omega", lambda _: first)
        now = jnp.tensordot(jnp.cos(jnp.pi * jnp.arange(self.times) * t), weights, 1)
        angles = jnp.outer(omega, jnp.ravel(x))
        features = jnp.concatenate([jnp.ravel(x)[None], jnp.sin(angles)])
        # Kinds of displacement first, sites after: few numbers a sample, and all by one matrix.
        by_kind = now @ features
        v = jnp.asarray(_at(displacements), by_kind.dtype) @ jnp.ravel(by_kind)
        divergence = x.size * now[0, 0] + now[0, 1:] * omega @ jnp.cos(angles).sum(axis=1)
        return v.reshape(x.shape), divergence


def _displacements(shape: tuple[int, ...]) -> np.ndarray:
    """Which kind of displacement lies between two sites, ``(V, V)``; 0 is none."""
    sites = np.indices(shape).reshape(len(shape), -1)
    apart = np.abs(sites[:, :, None] - sites[:, None, :])
    sides = np.asarray(shape)[:, None, None]
    apart = np.minimum(apart, sides - apart)
    if len(set(shape)) == 1:
        apart = np.sort(apart, axis=0)
    _, kinds = np.unique(apart.reshape(len(shape), -1), axis=1, return_inverse=True)
    return np.asarray(kinds).reshape(sites.shape[1], sites.shape[1])


def _at(displacements: np.ndarray) -> np.ndarray:
    """Which pair of a kind and a site acts on a site: ones and zeros, ``(V, kinds V)``."""
    kinds = np.arange(displacements.max() + 1)
    return (displacements[:, None, :] == kinds[:, None]).reshape(len(displacements), -1)
