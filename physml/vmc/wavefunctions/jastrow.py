"""The cusp of a wave function where two electrons meet.

    J = Σ_{i<j} [c_ij r_ij/(1 + b r_ij) + g(r_ij) u(r_ij, …)],    g(r) = r²/(ℓ² + r²)

with ``c = 1/(d − 1)`` for unlike spins and ``1/(d + 1)`` for like. Since ``g`` begins with ``r²``,
the network ``u`` cannot disturb the cusp. Where nothing diverges when particles meet there is no
cusp, and all is a function of ``r²``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus.pair_sum import pair_indices
from physml.networks.activations import Activation
from physml.vmc.systems.electrons import told_electrons
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.correction import Correction
from physml.vmc.wavefunctions.separation import cell_lengths, separation
from physml.vmc.wavefunctions.separation import place as place_of

Indices: TypeAlias = np.ndarray | Array


class PairJastrow(nn.Module):
    """``J`` of all pairs of electrons, with Kato's cusp, if they have one, and a neural part.

    Attributes:
        system: a system with ``electrons``.
        widths: hidden layers of ``u``; none for the cusp alone.
        activation: of these layers, a smooth function or its name, such as "tanh".

    Source: Kato (1957), doi:10.1002/cpa.3160100201.
    """

    system: QuantumSystem
    widths: Sequence[int] = (16, 16)
    activation: Activation | str = nn.tanh

    def __call__(self, x: Array) -> Array:
        """``J`` at a walker ``(N, d)``."""
        if len(x) < 2:
            return jnp.zeros((), x.dtype)
        first, second = pair_indices(len(x))
        spins = told_electrons(self.system, "PairJastrow").spins
        return jnp.sum(self._pairs(x, first, second, spins[first] * spins[second]))

    def change(self, x: Array, i: Array, place: Array) -> Array:
        """``J' − J`` where electron ``i`` of a walker goes to a place ``(d,)``; its pairs alone."""
        n = len(x)
        if n < 2:
            return jnp.zeros((), x.dtype)
        spins, other = jnp.asarray(told_electrons(self.system, "PairJastrow").spins), jnp.arange(n)
        after, before = jnp.full(n, n), jnp.full(n, i)
        both = self._pairs(
            jnp.concatenate([x, place[None]]),
            jnp.concatenate([after, before]),
            jnp.concatenate([other, other]),
            jnp.tile(spins[i] * spins, 2),
        )
        return jnp.sum(jnp.where(other == i, 0.0, both[:n] - both[n:]))

    @nn.compact
    def _pairs(self, x: Array, first: Indices, second: Indices, like: Indices) -> Array:
        """The term of each pair; ``like`` is 1 or −1."""
        d = x.shape[1]
        cusps = told_electrons(self.system, "PairJastrow").cusps
        like = jnp.asarray(like, x.dtype)
        r = separation(self.system, x, first, second).distance
        reduced = r / self.system.length
        terms, seen = jnp.zeros_like(r), reduced**2 / (1 + reduced**2)
        if cusps:
            cusp = jnp.where(like > 0, 1 / (d + 1), 1 / (d - 1)).astype(x.dtype)
            dtype = jnp.result_type(float)
            rates = jnp.exp(self.param("log_cusp_rate", nn.initializers.zeros, (2,), dtype))
            rate = jnp.where(like > 0, rates[0], rates[1]) / self.system.length
            terms, seen = cusp * r / (1 + rate * r), reduced / (1 + reduced)
        if not self.widths:
            return terms
        features = [seen[:, None], like[:, None]]
        if cell_lengths(self.system) is None:
            reach = place_of(self.system, x).scalars[:, ::2]
            features.insert(1, reach[first] + reach[second])
        network = Correction(self.widths, self.activation, name="pairs")
        neural = network(jnp.concatenate(features, axis=-1))
        return terms + reduced**2 / (1 + reduced**2) * neural
