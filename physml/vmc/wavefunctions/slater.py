"""Slater determinants of a system's orbitals, without anything to train but their scale."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.electrons import electrons_of, told_electrons
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.determinants import slater_determinants
from physml.vmc.wavefunctions.rank_one import inverses, replace_row
from physml.vmc.wavefunctions.settings import WavefunctionSettings


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
    >>> psi = pm.vmc.Slater(dot)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> float(psi.apply(psi.init(jax.random.key(1), x), x).sign) in (1.0, -1.0)
    True
    """

    system: QuantumSystem

    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons = electrons_of(self.system, x, "Slater")
        envelopes, values = self._orbitals(x)
        log, sign = slater_determinants(values[None], electrons.n_up)
        return SignedLog(log + jnp.sum(envelopes), sign)

    def begin(self, x: Array) -> Array:
        """What moves of one electron need: inverses of the determinants' matrices, ``(N, M)``."""
        electrons = electrons_of(self.system, x, "Slater")
        _, values = self._orbitals(x)
        return inverses(values, electrons.n_up)

    def move(self, inverse: Array, x: Array, i: Array, place: Array) -> tuple[Array, Array]:
        """``log|ψ'/ψ|`` where electron ``i`` goes to a place ``(d,)``, and the inverses there."""
        electrons = electrons_of(self.system, x, "Slater")
        envelopes, values = self._orbitals(jnp.stack([x[i], place]))
        log, inverse = replace_row(inverse, electrons.n_up, i, values[1])
        return log + envelopes[1] - envelopes[0], inverse

    @nn.compact
    def _orbitals(self, x: Array) -> tuple[Array, Array]:
        """Log envelopes and values of the orbitals at places ``(n, d)``: ``(n,)``, ``(n, K)``."""
        dtype = jnp.result_type(float)
        scale = jnp.exp(self.param("log_scale", nn.initializers.zeros, (), dtype))
        return jax.vmap(told_electrons(self.system, "Slater").orbitals, in_axes=(0, None))(x, scale)


@WavefunctionSettings.offer("slater")
def _slater(system: QuantumSystem) -> Slater:
    """Slater determinants of the system's orbitals alone."""
    return Slater(system)
