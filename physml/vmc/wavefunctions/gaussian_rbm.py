"""The restricted Boltzmann machine with Gaussian visible units, as a state of particles.

log ψ(X) = −Σ_i (X_i − a_i)²/2σ² + Σ_j ln(1 + exp(b_j + Σ_i W_ji X_i/σ))
"""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.networks.sizes import checked_size
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.settings import WavefunctionSettings


class GaussianRBM(nn.Module):
    """A positive state of particles in a trap, whose hidden units are binary and summed out.

    ``X`` are the ``N d`` coordinates over the system's length; ``σ`` begins as 1 and is learned
    with the rest. It knows nothing of exchange, so it serves particles that are told apart, bosons,
    and one electron of each spin; and nothing of the cusp where two of them meet.

    Attributes:
        system: whose ``length`` is the unit of its coordinates.
        hidden: how many hidden units.

    Raises:
        ConfigurationError: for fewer than one hidden unit.

    Sources: Hinton (2002), doi:10.1162/089976602760128018 (Gaussian visible units); Carleo and
    Troyer (2017), doi:10.1126/science.aag2302 (as a wave function).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> dot = pm.QuantumDot(n_up=1, n_down=1)
    >>> psi = pm.vmc.GaussianRBM(dot, hidden=3)
    >>> x = jnp.ones(dot.shape)
    >>> psi.apply(psi.init(jax.random.key(0), x), x).log.shape
    ()
    """

    system: QuantumSystem
    hidden: int = 4

    def __post_init__(self) -> None:
        """Check the number where it is written, not where it is first used."""
        self.hidden = as_whole("GaussianRBM: hidden", self.hidden, least=1)
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log ψ`` and a sign of one at a walker ``(N, d)``."""
        dtype, start = jnp.result_type(float), nn.initializers.normal(0.05)
        visible = jnp.ravel(x) / self.system.length
        width = jnp.exp(self.param("log_width", nn.initializers.zeros, (), dtype))
        centre = self.param("visible_bias", start, visible.shape, dtype)
        bias = self.param("bias", start, (self.hidden,), dtype)
        kernel = self.param("kernel", start, (self.hidden, visible.size), dtype)
        log = -jnp.sum((visible - centre) ** 2) / (2 * width**2)
        log += jnp.sum(nn.softplus(bias + kernel @ visible / width))
        return SignedLog(log, jnp.ones((), dtype))


@WavefunctionSettings.offer("gaussian-rbm")
def _gaussian_rbm(system: QuantumSystem, *, hidden: int = 16) -> GaussianRBM:
    """Particles in a trap: Gaussian coordinates and binary hidden units.

    Args:
        system: in a trap.
        hidden: hidden units.
    """
    checked_size("hidden", hidden)
    return GaussianRBM(system, hidden)
