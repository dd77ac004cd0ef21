"""Sums of products of two Slater determinants, one for each spin."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from physml.calculus.log_determinant import log_determinant
from physml.vmc.signed_log import SignedLog


def slater_determinants(orbitals: Array, n_up: int) -> SignedLog:
    """``Σ_k det φ_kj(x_i↑) · det φ_kj(x_i↓)``, the logarithm of its modulus and its sign.

    Args:
        orbitals: ``φ_kj(x_i)``, ``(K, N, M)``: determinants, electrons with spin up first, at least
            as many orbitals as electrons of either spin; a spin takes the first of them. Real or
            complex.
        n_up: electrons with spin up.

    Returns:
        ``log|·|`` and the sign, or the phase where the orbitals are complex.
    """
    log, sign = jnp.zeros((), orbitals.real.dtype), jnp.ones((), orbitals.dtype)
    for spin in (orbitals[:, :n_up], orbitals[:, n_up:]):
        if spin.shape[1]:
            spin_log, spin_sign = log_determinant(spin[:, :, : spin.shape[1]])
            log, sign = log + spin_log, sign * spin_sign
    return signed_sum(SignedLog(log, sign))


def signed_sum(terms: SignedLog) -> SignedLog:
    """The sum of ``(K,)`` numbers given by logarithm and sign or phase, in the same form."""
    log, sign = terms
    if len(log) == 1:
        return SignedLog(log[0], sign[0])
    largest = jax.lax.stop_gradient(jnp.max(log))
    total = jnp.sum(sign * jnp.exp(log - largest))
    if jnp.iscomplexobj(total):
        modulus = jnp.abs(total)
        return SignedLog(largest + jnp.log(modulus), total / modulus)
    return SignedLog(largest + jnp.log(jnp.abs(total)), jnp.sign(total))
