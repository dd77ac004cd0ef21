"""The cusp that a Jastrow factor leaves wrong: that of two unlike electrons in a p wave.

Where two electrons meet, ``ψ = Σ_l r^l [1 + r/(2l + d − 1)] a_l(Δ/r)`` in their distance ``r``
(Pack and Byers Brown). A Jastrow factor has one cusp for all ``l``, that of the s wave for unlike
spins, ``1/(d − 1)``; the p wave, the gradient of the determinants along ``Δ``, needs ``1/(d + 1)``.
The local energy then jumps with the direction of ``Δ``, by the more the nearer a node is. Moving
both electrons by

    x_i → x_i − Σ_j r Δ_ij g(r)/(d² − 1),    Δ_ij = x_i − x_j,    over unlike spins

multiplies ``Δ`` by ``1 − 2r/(d² − 1)`` and so the p wave alone, since ``1/(d+1) − 1/(d−1) =
−2/(d²−1)``; ``g`` begins as ``1 + O(r²)``.
"""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.electrons import told_electrons
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.separation import separation


class CuspBackflow(nn.Module):
    """Displacements ``(N, d)`` in bohr that give unlike electrons the cusp of their p wave.

    ``g = e^{−r²/ℓ²}``, whose ``ℓ`` begins as half the system's length and is learned. Other pairs
    within reach move the determinants' gradient a little, and leave as much of the jump.

    Attributes:
        system: a system with ``electrons``.

    Source: Pack and Byers Brown (1966), doi:10.1063/1.1727605.
    """

    system: QuantumSystem

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """The displacements at a walker ``(N, d)``."""
        d = x.shape[1]
        electrons = told_electrons(self.system, "CuspBackflow")
        if not electrons.cusps or not electrons.n_up or not electrons.n_down:
            return jnp.zeros_like(x)
        log_range = self.param("log_range", nn.initializers.zeros, (), jnp.result_type(float))
        up, down = np.divmod(np.arange(electrons.n_up * electrons.n_down), electrons.n_down)
        down += electrons.n_up
        apart = separation(self.system, x, up, down)
        reduced = apart.distance / (0.5 * self.system.length * jnp.exp(log_range))
        size = -apart.distance * jnp.exp(-(reduced**2)) / (d**2 - 1)
        along = size[:, None] * apart.displacement
        pairs = along.reshape(electrons.n_up, electrons.n_down, d)
        return jnp.concatenate([jnp.sum(pairs, axis=1), -jnp.sum(pairs, axis=0)])
