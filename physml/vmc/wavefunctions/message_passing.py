"""A message-passing neural quantum state: electrons as nodes, pairs as edges.

    m_i = Σ_{j≠i} φ(e_ij) ⊙ (W h_j + b),    h_i ← h_i + MLP([h_i, m_i])          (repeated)
    ψ = Σ_k (1 + P_k) det[φ_j(x_i + B h_i + c_i) (1 + u_kj(h_i))]↑ det[…]↓ · e^{J(x) + Σ_i w(h_i)}

The edges ``e_ij`` are smooth functions of one displacement, so ``φ(e_ij)`` depends on six
coordinates whatever N is, and only the N nodes on all of them: that is what makes the Laplacian
cheap. In a periodic cell the nodes begin without coordinates, and ψ is invariant under translations
of all electrons; in open space they begin with the electron's own place. Backflow moves the
orbitals and not their envelopes, to which the cusps at nuclei belong; ``c_i`` is the part of it
that makes the p wave of unlike electrons exact where they meet. ``P_k`` adds the determinants with
a pair of electrons lifted, in systems that tell such pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.electrons import Electrons, electrons_of
from physml.vmc.wavefunctions.cusp_backflow import CuspBackflow
from physml.vmc.wavefunctions.determinants import slater_determinants
from physml.vmc.wavefunctions.excited_pairs import ExcitedPairs
from physml.vmc.wavefunctions.jastrow import PairJastrow
from physml.vmc.wavefunctions.separation import cell_lengths, place, separation
from physml.vmc.wavefunctions.signed_log import SignedLog


class MessagePassing(nn.Module):
    """Backflow, orbitals and Jastrow factor from messages between electrons, spin up first.

    Attributes:
        system: a system with ``electrons``, such as ``QuantumDot`` or ``ElectronGas``.
        width: of nodes, messages and hidden layers.
        iterations: rounds of messages.
        determinants: how many products of two determinants are summed.
        activation: a smooth function.

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system.

    Sources: Pescia, Nys, Kim, Lovato and Carleo (2024), arXiv:2305.07240 (message passing for the
    electron gas); Schütt et al. (2017), arXiv:1706.08566 (filters of the edges).

    >>> import jax, physml as pm
    >>> dot = pm.QuantumDot(n_up=1, n_down=1)
    >>> psi = pm.MessagePassing(dot, width=8)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    system: Any
    width: int = 32
    iterations: int = 2
    determinants: int = 1
    activation: Callable[[Array], Array] = nn.tanh

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons = electrons_of(self.system, x, "MessagePassing")
        dtype = jnp.result_type(float)
        nodes = self._nodes(x, electrons)
        scale = jnp.exp(self.param("log_scale", nn.initializers.zeros, (), dtype))
        orbitals = jax.vmap(electrons.orbitals, in_axes=(0, None))
        envelopes = orbitals(x, scale)[0]
        shift = self._linear(x.shape[1], "backflow", nn.initializers.zeros)(nodes)
        moved = x + self.system.length * shift + CuspBackflow(self.system, name="cusp_backflow")(x)
        values = orbitals(moved, scale)[1]
        groups = electrons.groups or tuple(range(values.shape[1]))
        # Determinants that are equal at the start would have equal gradients for ever.
        start = nn.initializers.normal(0.1) if self.determinants > 1 else nn.initializers.zeros
        count = self.determinants * (max(groups) + 1)
        factor = self._linear(count, "orbital_factors", start)(nodes)
        factor = factor.reshape(len(x), self.determinants, -1)
        spread = jnp.moveaxis(1 + factor[:, :, np.array(groups)], 1, 0)
        occupied, factors = values[None] * spread, None
        if electrons.pairs is not None:
            pairs = ExcitedPairs(electrons.pairs, electrons.n_up, name="pairs")
            lifted = jax.vmap(electrons.pairs.virtual)(moved)
            factors = jnp.stack([pairs(one, lifted) for one in occupied])
        log, sign = slater_determinants(occupied, electrons.n_up, factors)
        jastrow = PairJastrow(self.system, (), name="jastrow")(x)
        one_body = self._linear(1, "log_factor", nn.initializers.zeros)(nodes)
        return SignedLog(log + jnp.sum(envelopes) + jastrow + jnp.sum(one_body), sign)

    def _linear(
        self, outputs: int, name: str, start: nn.initializers.Initializer | None = None
    ) -> nn.Dense:
        start = nn.initializers.lecun_normal() if start is None else start
        return nn.Dense(outputs, kernel_init=start, param_dtype=jnp.result_type(float), name=name)

    def _nodes(self, x: Array, electrons: Electrons) -> Array:
        """What is known of each electron after all rounds, ``(N, width)``."""
        n, act = len(x), self.activation
        spins = np.repeat([1.0, -1.0], [electrons.n_up, electrons.n_down])
        own = jnp.asarray(spins, x.dtype)[:, None]
        if cell_lengths(self.system) is None:
            seen = place(self.system, x)
            own = jnp.concatenate([own, seen.vectors, seen.scalars[:, 1::2]], axis=-1)
        nodes = act(self._linear(self.width, "own")(own))
        if n < 2:
            return nodes
        others = np.array([[j for j in range(n) if j != i] for i in range(n)])
        like = jnp.asarray(spins[:, None] * spins[others], x.dtype)[..., None]
        each = np.broadcast_to(np.arange(n)[:, None], others.shape)
        apart = separation(self.system, x, each, others)
        edges = jnp.concatenate([apart.features, like], axis=-1)
        for t in range(self.iterations):
            hidden = act(self._linear(self.width, f"edge_{t}")(edges))
            filters = self._linear(self.width, f"filter_{t}")(hidden)
            heard = self._linear(self.width, f"message_{t}")(nodes)
            messages = jnp.sum(filters * heard[others], axis=1) / np.sqrt(n)
            hidden = act(
                self._linear(self.width, f"update_{t}")(jnp.concatenate([nodes, messages], axis=-1))
            )
            nodes = nodes + self._linear(self.width, f"node_{t}")(hidden)
        return nodes
