"""Slater determinants times the hidden units of a restricted Boltzmann machine.

    ψ = det φ_k(x_i↑) · det φ_k(x_j↓) · Π_h [1 + exp(b_h + Σ_i w_{h,s(i)}·x_i/ℓ)]

The Gaussian of the visible units is that of the orbitals. Electrons of one spin share their
weights, which is what leaves the sign of an exchange to the determinants.
"""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.networks.sizes import checked_size
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.electrons import electrons_of
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.separation import cell_lengths
from physml.vmc.wavefunctions.settings import WavefunctionSettings
from physml.vmc.wavefunctions.slater import Slater


class SlaterRBM(nn.Module):
    """Electrons in a trap, correlated by binary hidden units alone, spin up first.

    Hidden units see sums over the electrons of each spin, so they describe how these move together
    and not how two of them keep apart: there is no cusp. It is the yardstick of what a Jastrow
    factor and backflow add.

    Attributes:
        system: a system with ``electrons`` in open space, such as ``QuantumDot``.
        hidden: how many hidden units.

    Raises:
        ConfigurationError: fewer than one hidden unit, a system that does not tell its electrons,
            or a periodic one, in which the sums of coordinates have no meaning.
        ShapeError: for a walker of another system.

    Source: Nordhagen, Kim, Fore, Lovato and Hjorth-Jensen (2023),
    doi:10.3389/fphy.2023.1061580, whose weights are those of each coordinate.

    >>> import jax, physml as pm
    >>> dot = pm.QuantumDot(n_up=3, n_down=3)
    >>> psi = pm.vmc.SlaterRBM(dot, hidden=4)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    system: QuantumSystem
    hidden: int = 8

    def __post_init__(self) -> None:
        """Check the number where it is written, not where it is first used."""
        self.hidden = as_whole("SlaterRBM: hidden", self.hidden, least=1)
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        if cell_lengths(self.system) is not None:
            raise ConfigurationError(
                f"SlaterRBM: expected a system in open space, got {self.system.name}; "
                "use SlaterJastrow or MessagePassing"
            )
        electrons = electrons_of(self.system, x, "SlaterRBM")
        log, sign = Slater(self.system, name="slater")(x)
        dtype, start = jnp.result_type(float), nn.initializers.normal(0.05)
        bias = self.param("bias", start, (self.hidden,), dtype)
        kernel = self.param("kernel", start, (2, self.hidden, x.shape[1]), dtype)
        own = kernel[np.where(electrons.spins > 0, 0, 1)]
        seen = jnp.einsum("ihd,id->h", own, x / self.system.length)
        return SignedLog(log + jnp.sum(nn.softplus(bias + seen)), sign)


@WavefunctionSettings.offer("slater-rbm")
def _slater_rbm(system: QuantumSystem, *, hidden: int = 16) -> SlaterRBM:
    """Electrons in a trap, correlated by binary hidden units alone.

    Args:
        system: with electrons, in open space.
        hidden: hidden units.
    """
    checked_size("hidden", hidden)
    return SlaterRBM(system, hidden)
