"""A message-passing neural quantum state: electrons as nodes, pairs as edges.

    m_i = Σ_{j≠i} φ(e_ij) ⊙ (W h_j + b),    h_i ← h_i + MLP([h_i, m_i])          (repeated)
    y_i = x_i + Σ_{j≠i} η(r_ij) Δ_ij + B_k h_i
    ψ = Σ_k det[φ_j(y_i) (1 + u_kj(h_i))]↑ det[…]↓ · e^{J(x) + Σ_i w(h_i)}

The edges ``e_ij`` are smooth functions of one displacement, so ``φ(e_ij)`` depends on six
coordinates whatever N is, and only the N nodes on all of them: that is what makes the Laplacian
cheap. In a periodic cell the nodes begin without coordinates, and ψ is invariant under translations
of all electrons; in open space they begin with the electron's own place. Backflow moves the
orbitals and not their envelopes, to which the cusps at nuclei belong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.electrons import Electrons, electrons_of
from physml.vmc.wavefunctions.correction import Correction
from physml.vmc.wavefunctions.determinants import slater_determinants
from physml.vmc.wavefunctions.jastrow import PairJastrow
from physml.vmc.wavefunctions.separation import Separation, cell_lengths, place, separation
from physml.vmc.wavefunctions.signed_log import SignedLog


class MessagePassing(nn.Module):
    """Backflow, orbitals and Jastrow factor from messages between electrons, spin up first.

    Attributes:
        system: a system with ``electrons``, such as ``QuantumDot`` or ``ElectronGas``.
        width: of nodes, messages and hidden layers.
        iterations: rounds of messages.
        determinants: how many products of two determinants are summed, each with its own backflow.
        pair_widths: hidden layers of the networks of one distance: Jastrow factor and backflow of
            pairs; () for the cusp alone.
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
    pair_widths: tuple[int, ...] = (16,)
    activation: Callable[[Array], Array] = nn.tanh

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons = electrons_of(self.system, x, "MessagePassing")
        dtype, (n, d) = jnp.result_type(float), x.shape
        pairs = _pairs(self.system, x, electrons)
        nodes = self._nodes(x, electrons, pairs)
        scale = jnp.exp(self.param("log_scale", nn.initializers.zeros, (), dtype))
        orbitals = jax.vmap(electrons.orbitals, in_axes=(0, None))
        envelopes = orbitals(x, scale)[0]
        shift = self._linear(self.determinants * d, "backflow", nn.initializers.zeros)(nodes)
        shift = shift.reshape(n, self.determinants, d) + self._pair_backflow(x, pairs)[:, None]
        moved = jnp.moveaxis(x[:, None] + self.system.length * shift, 1, 0)
        values = jax.vmap(orbitals, in_axes=(0, None))(moved, scale)[1]
        groups = electrons.groups or tuple(range(values.shape[2]))
        # Determinants that are equal at the start would have equal gradients for ever.
        start = nn.initializers.normal(0.1) if self.determinants > 1 else nn.initializers.zeros
        count = self.determinants * (max(groups) + 1)
        factor = self._linear(count, "orbital_factors", start)(nodes)
        factor = factor.reshape(n, self.determinants, -1)
        spread = jnp.moveaxis(1 + factor[:, :, np.array(groups)], 1, 0)
        log, sign = slater_determinants(values * spread, electrons.n_up)
        jastrow = PairJastrow(self.system, self.pair_widths, self.activation, name="jastrow")(x)
        one_body = self._linear(1, "log_factor", nn.initializers.zeros)(nodes)
        return SignedLog(log + jnp.sum(envelopes) + jastrow + jnp.sum(one_body), sign)

    def _linear(
        self, outputs: int, name: str, start: nn.initializers.Initializer | None = None
    ) -> nn.Dense:
        start = nn.initializers.lecun_normal() if start is None else start
        return nn.Dense(outputs, kernel_init=start, param_dtype=jnp.result_type(float), name=name)

    def _pair_backflow(self, x: Array, pairs: _Pairs | None) -> Array:
        """``Σ_j η(r_ij) Δ_ij``, along the smooth directions, ``(N, d)`` in units of length."""
        if pairs is None or not self.pair_widths:
            return jnp.zeros_like(x)
        network = Correction(self.pair_widths, self.activation, name="pair_backflow")
        squares = (pairs.apart.distance / self.system.length)[..., None] ** 2
        cubic = pairs.apart.features[..., -1:]
        seen = jnp.concatenate([squares / (1 + squares), cubic, pairs.like], axis=-1)
        strength = network(seen)[..., None] / (1 + squares)
        return jnp.sum(strength * pairs.apart.features[..., : x.shape[1]], axis=1)

    def _nodes(self, x: Array, electrons: Electrons, pairs: _Pairs | None) -> Array:
        """What is known of each electron after all rounds, ``(N, width)``."""
        act = self.activation
        own = jnp.asarray(_spins(electrons), x.dtype)[:, None]
        if cell_lengths(self.system) is None:
            seen = place(self.system, x)
            own = jnp.concatenate([own, seen.vectors, seen.scalars[:, 1::2]], axis=-1)
        nodes = act(self._linear(self.width, "own")(own))
        if pairs is None:
            return nodes
        edges = jnp.concatenate([pairs.apart.features, pairs.like], axis=-1)
        for t in range(self.iterations):
            hidden = act(self._linear(self.width, f"edge_{t}")(edges))
            filters = self._linear(self.width, f"filter_{t}")(hidden)
            heard = self._linear(self.width, f"message_{t}")(nodes)
            messages = jnp.sum(filters * heard[pairs.others], axis=1) / np.sqrt(len(x))
            hidden = act(
                self._linear(self.width, f"update_{t}")(jnp.concatenate([nodes, messages], axis=-1))
            )
            nodes = nodes + self._linear(self.width, f"node_{t}")(hidden)
        return nodes


class _Pairs(NamedTuple):
    """Each electron with the others: who they are ``(N, N−1)``, where, and ±1 for like spins."""

    others: np.ndarray
    apart: Separation
    like: Array


def _spins(electrons: Electrons) -> np.ndarray:
    return np.repeat([1.0, -1.0], [electrons.n_up, electrons.n_down])


def _pairs(system: Any, x: Array, electrons: Electrons) -> _Pairs | None:
    n = len(x)
    if n < 2:
        return None
    others = np.array([[j for j in range(n) if j != i] for i in range(n)])
    each = np.broadcast_to(np.arange(n)[:, None], others.shape)
    spins = _spins(electrons)
    like = jnp.asarray(spins[:, None] * spins[others], x.dtype)[..., None]
    return _Pairs(others, separation(system, x, each, others), like)
