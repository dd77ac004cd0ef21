"""The cusp of a wave function where two electrons meet.

    J = Σ_{i<j} [c_ij r_ij/(1 + b r_ij) + g(r_ij) u(r_ij, …)],    g(r) = r²/(ℓ² + r²)

with ``c = 1/(d − 1)`` for unlike spins and ``1/(d + 1)`` for like. Since ``g`` begins with ``r²``,
the network ``u`` cannot disturb the cusp. Where nothing diverges when particles meet there is no
cusp, and all is a function of ``r²``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.electrons import Electrons
from physml.vmc.wavefunctions.correction import Correction
from physml.vmc.wavefunctions.separation import cell_lengths, place, separation


class PairJastrow(nn.Module):
    """``J`` of all pairs of electrons, with Kato's cusp, if they have one, and a neural part.

    Attributes:
        system: a system with ``electrons``.
        widths: hidden layers of ``u``; none for the cusp alone.
        activation: of these layers.

    Source: Kato (1957), doi:10.1002/cpa.3160100201.
    """

    system: Any
    widths: Sequence[int] = (16, 16)
    activation: Callable[[Array], Array] = nn.tanh

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """``J`` at a walker ``(N, d)``."""
        n, d = x.shape
        if n < 2:
            return jnp.zeros((), x.dtype)
        electrons: Electrons = self.system.electrons
        spins = electrons.spins
        first, second = np.triu_indices(n, k=1)
        like = spins[first] * spins[second]
        r = separation(self.system, x, first, second).distance
        reduced = r / self.system.length
        total, seen = jnp.zeros((), x.dtype), reduced**2 / (1 + reduced**2)
        if electrons.cusps:
            cusp = jnp.asarray(np.where(like > 0, 1 / (d + 1), 1 / (d - 1)), x.dtype)
            dtype = jnp.result_type(float)
            rates = jnp.exp(self.param("log_cusp_rate", nn.initializers.zeros, (2,), dtype))
            rate = jnp.where(like > 0, rates[0], rates[1]) / self.system.length
            total, seen = jnp.sum(cusp * r / (1 + rate * r)), reduced / (1 + reduced)
        if not self.widths:
            return total
        features = [seen[:, None], jnp.asarray(like, x.dtype)[:, None]]
        if cell_lengths(self.system) is None:
            reach = place(self.system, x).scalars[:, ::2]
            features.insert(1, reach[first] + reach[second])
        network = Correction(self.widths, self.activation, name="pairs")
        neural = network(jnp.concatenate(features, axis=-1))
        return total + jnp.sum(reduced**2 / (1 + reduced**2) * neural)
