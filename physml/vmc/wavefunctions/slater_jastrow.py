"""Slater determinants times a Jastrow factor with exact cusps and a neural part.

    ψ = det φ_k(x_i↑) · det φ_k(x_j↓) · e^J
    J = J_pairs + Σ_i v(r_i)

The network ``v`` sees smooth functions of ``r²`` to the origin or to each nucleus, so that it
cannot disturb a cusp there; the pairs are told in ``jastrow.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from physml.networks.activations import ACTIVATIONS, Activation, ActivationName
from physml.networks.sizes import equal_widths
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.electrons import electrons_of
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.correction import Correction
from physml.vmc.wavefunctions.jastrow import PairJastrow
from physml.vmc.wavefunctions.separation import cell_lengths
from physml.vmc.wavefunctions.separation import place as place_of
from physml.vmc.wavefunctions.settings import WavefunctionSettings
from physml.vmc.wavefunctions.slater import Slater


class SlaterJastrow(nn.Module):
    """A Slater–Jastrow wave function of electrons, spin up first.

    The cusp at contact is ``∂log ψ/∂r = 1/(d − 1)`` for unlike spins and ``1/(d + 1)`` for like,
    and none where the system has none.

    Attributes:
        system: a system with ``electrons``, such as ``QuantumDot``.
        widths: hidden layers of the neural parts of the Jastrow factor.
        activation: of these layers, a smooth function or its name, such as "tanh".

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system, or of one dimension with cusps, where none is
            finite.

    Source: Kato (1957), doi:10.1002/cpa.3160100201 (cusps).

    >>> import jax, physml as pm
    >>> dot = pm.QuantumDot(n_up=1, n_down=1)
    >>> psi = pm.SlaterJastrow(dot)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    system: QuantumSystem
    widths: Sequence[int] = (16, 16)
    activation: Activation | str = nn.tanh

    def setup(self) -> None:
        """Determinants and Jastrow factor; no network of one electron in a cell."""
        self.slater = Slater(self.system)
        self.jastrow = PairJastrow(self.system, self.widths, self.activation)
        self.one_body = Correction(self.widths, self.activation)

    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons_of(self.system, x, "SlaterJastrow")
        log, sign = self.slater(x)
        return SignedLog(log + jnp.sum(self._one_body(x)) + self.jastrow(x), sign)

    def begin(self, x: Array) -> Array:
        """What moves of one electron need: that of the determinants."""
        return self.slater.begin(x)

    def move(self, inverse: Array, x: Array, i: Array, place: Array) -> tuple[Array, Array]:
        """``log|ψ'/ψ|`` where electron ``i`` goes to a place ``(d,)``, and what the next needs."""
        log, inverse = self.slater.move(inverse, x, i, place)
        before, after = self._one_body(jnp.stack([x[i], place]))
        return log + after - before + self.jastrow.change(x, i, place), inverse

    def _one_body(self, x: Array) -> Array:
        """``v`` at places ``(n, d)``: ``(n,)``, zero in a cell, where no place is special."""
        if cell_lengths(self.system) is not None:
            return jnp.zeros(len(x), x.dtype)
        return self.one_body(place_of(self.system, x).scalars)


@WavefunctionSettings.offer("slater-jastrow")
def _slater_jastrow(
    system: QuantumSystem,
    *,
    width: int = 16,
    depth: int = 2,
    activation: ActivationName = "tanh",
) -> SlaterJastrow:
    """Slater determinants, and a factor of pairs with cusps.

    Args:
        system: with electrons.
        width: neurons a hidden layer of the Jastrow factor.
        depth: hidden layers.
        activation: of the hidden layers.
    """
    return SlaterJastrow(system, equal_widths(width, depth), ACTIVATIONS[activation])
