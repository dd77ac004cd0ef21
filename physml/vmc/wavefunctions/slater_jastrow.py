"""Slater determinants times a Jastrow factor with exact cusps and a neural part.

    ψ = det φ_k(x_i↑) · det φ_k(x_j↓) · e^J
    J = Σ_{i<j} [c_ij r_ij/(1 + b r_ij) + g(r_ij) u(r_ij, …)] + Σ_i g(r_i) v(r_i)
    g(r) = r²/(ℓ² + r²)

Since ``g`` begins with ``r²``, the networks ``u`` and ``v`` cannot disturb a cusp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.networks import MLP
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.system import pair_distances
from physml.vmc.wavefunctions.signed_log import SignedLog


class SlaterJastrow(nn.Module):
    """A Slater–Jastrow wave function of electrons, spin up first.

    The cusp at contact is ``∂log ψ/∂r = 1/(d − 1)`` for unlike spins and ``1/(d + 1)`` for like.

    Attributes:
        system: a system with ``electrons``, such as ``QuantumDot``.
        widths: hidden layers of the neural parts of the Jastrow factor.
        activation: of these layers.

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system, or of one dimension, where no cusp is finite.

    Source: Kato (1957), doi:10.1002/cpa.3160100201 (cusps).

    >>> import jax, physml as pm
    >>> dot = pm.QuantumDot(n_up=1, n_down=1)
    >>> psi = pm.SlaterJastrow(dot)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    system: Any
    widths: Sequence[int] = (16, 16)
    activation: Callable[[Array], Array] = nn.tanh

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons = getattr(self.system, "electrons", None)
        if not isinstance(electrons, Electrons):
            raise ConfigurationError(
                f"SlaterJastrow: {self.system.name} tells no electrons; use an MLP with its ansatz"
            )
        expected = (electrons.n_up + electrons.n_down, max(2, self.system.shape[1]))
        if x.shape != expected:
            raise ShapeError(
                f"SlaterJastrow: expected a walker {expected} of {self.system.name}, electrons in "
                f"at least two dimensions, got {x.shape}"
            )
        dtype = jnp.result_type(float)
        scale = jnp.exp(self.param("log_scale", nn.initializers.zeros, (), dtype))
        envelopes, values = jax.vmap(electrons.orbitals, in_axes=(0, None))(x, scale)
        log, sign = jnp.sum(envelopes), jnp.ones((), dtype)
        for spin in (values[: electrons.n_up], values[electrons.n_up :]):
            if len(spin):
                spin_sign, spin_log = jnp.linalg.slogdet(spin[:, : len(spin)])
                log, sign = log + spin_log, sign * spin_sign
        return SignedLog(log + self._one_body(x) + self._pairs(x, electrons), sign)

    def _one_body(self, x: Array) -> Array:
        network = MLP(self.widths, activation=self.activation, name="one_body")
        squares = jnp.sum(x**2, axis=-1) / self.system.length**2
        reach = squares / (1 + squares)
        features = jnp.stack([reach, jnp.log1p(squares)], axis=-1)
        return jnp.sum(reach * jax.vmap(network)(features))

    def _pairs(self, x: Array, electrons: Electrons) -> Array:
        n, d = x.shape
        if n < 2:
            return jnp.zeros((), x.dtype)
        spins = np.repeat([1.0, -1.0], [electrons.n_up, electrons.n_down])
        first, second = np.triu_indices(n, k=1)
        like = spins[first] * spins[second]
        cusp = jnp.asarray(np.where(like > 0, 1 / (d + 1), 1 / (d - 1)), x.dtype)
        dtype = jnp.result_type(float)
        rates = jnp.exp(self.param("log_cusp_rate", nn.initializers.zeros, (2,), dtype))
        rate = jnp.where(like > 0, rates[0], rates[1]) / self.system.length
        r = pair_distances(x)
        reduced = r / self.system.length
        squares = jnp.sum(x**2, axis=-1) / self.system.length**2
        reach = squares / (1 + squares)
        features = jnp.stack(
            [reduced / (1 + reduced), reach[first] + reach[second], jnp.asarray(like, x.dtype)],
            axis=-1,
        )
        network = MLP(self.widths, activation=self.activation, name="pairs")
        neural = reduced**2 / (1 + reduced**2) * jax.vmap(network)(features)
        return jnp.sum(cusp * r / (1 + rate * r) + neural)
