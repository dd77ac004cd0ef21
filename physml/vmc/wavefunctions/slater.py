"""Slater determinants of a system's orbitals, without anything to train but their scale."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from physml.vmc.systems.electrons import electrons_of
from physml.vmc.wavefunctions.determinants import slater_determinants
from physml.vmc.wavefunctions.signed_log import SignedLog


class Slater(nn.Module):
    """``ψ = det φ_k(x_i↑) · det φ_k(x_j↓)`` of electrons, spin up first.

    The Hartree–Fock state where the orbitals are those of mean-field theory, as plane waves are in
    the electron gas.

    Attributes:
        system: a system with ``electrons``.

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system.

    >>> import jax, physml as pm
    >>> dot = pm.QuantumDot(n_up=3, n_down=3)
    >>> psi = pm.Slater(dot)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> float(psi.apply(psi.init(jax.random.key(1), x), x).sign) in (1.0, -1.0)
    True
    """

    system: Any

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons = electrons_of(self.system, x, "Slater")
        dtype = jnp.result_type(float)
        scale = jnp.exp(self.param("log_scale", nn.initializers.zeros, (), dtype))
        envelopes, values = jax.vmap(electrons.orbitals, in_axes=(0, None))(x, scale)
        log, sign = slater_determinants(values[None], electrons.n_up)
        return SignedLog(log + jnp.sum(envelopes), sign)
