"""PsiFormer: electrons that attend to one another.

A_ij = softmax_j(q_i · k_j/√m),    h_i ← h_i + W_o [Σ_j A_ij v_j]_heads,    h_i ← h_i + tanh(W h_i)
"""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.networks.activations import ACTIVATIONS, ActivationName, activation_of
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.neural_slater import NeuralSlater, sizes
from physml.vmc.wavefunctions.separation import cell_lengths
from physml.vmc.wavefunctions.settings import WavefunctionSettings


class PsiFormer(NeuralSlater):
    """Backflow, orbitals and Jastrow factor from self-attention between electrons, spin up first.

    Electrons enter with their own place alone, in a cell as sines and cosines of it; so in a cell ψ
    is periodic, but not invariant under translations as ``MessagePassing`` is. Orbitals are those
    of the system, moved and multiplied by what the network says, and cusps are exact.

    Attributes:
        system: a system with ``electrons``, such as ``Atom`` or ``QuantumDot``.
        width: of nodes; a multiple of ``heads``.
        iterations: layers.
        determinants: how many products of two determinants are summed.
        activation: a smooth function, or its name, such as "tanh".
        heads: of each attention.

    Raises:
        ConfigurationError: for a system that does not tell its electrons, or a width that heads do
            not divide.
        ShapeError: for a walker of another system.

    Source: von Glehn, Spencer and Pfau (2023), arXiv:2211.13672.

    >>> import jax, physml as pm
    >>> helium = pm.vmc.Atom(symbol="He")
    >>> psi = pm.vmc.PsiFormer(helium, width=8)
    >>> x = jax.random.normal(jax.random.key(0), helium.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    heads: int = 4

    def nodes(self, x: Array, electrons: Electrons) -> Array:
        """The electrons after all layers, ``(N, width)``."""
        if self.width % self.heads:
            raise ConfigurationError(
                f"PsiFormer: width: expected a multiple of heads = {self.heads}, got {self.width}"
            )
        own, lengths = self.own(x, electrons), cell_lengths(self.system)
        if lengths is not None:
            angle = x * jnp.asarray(2 * np.pi / lengths, x.dtype)[None]
            own = jnp.concatenate([own, jnp.sin(angle), jnp.cos(angle)], axis=-1)
        act = activation_of(self.activation)
        nodes = self.linear(self.width, "own")(own)
        split = (len(x), self.heads, self.width // self.heads)
        for t in range(self.iterations):
            query, key, value = (
                self.linear(self.width, f"{name}_{t}")(nodes).reshape(split)
                for name in ("query", "key", "value")
            )
            scores = jnp.einsum("ihm,jhm->hij", query, key) / np.sqrt(split[-1])
            heard = jnp.einsum("hij,jhm->ihm", nn.softmax(scores), value)
            nodes = nodes + self.linear(self.width, f"attention_{t}")(heard.reshape(nodes.shape))
            nodes = nodes + act(self.linear(self.width, f"layer_{t}")(nodes))
        return nodes


@WavefunctionSettings.offer("psiformer")
def _psi_former(
    system: QuantumSystem,
    *,
    width: int = 16,
    depth: int = 2,
    determinants: int = 1,
    activation: ActivationName = "tanh",
    heads: int = 4,
) -> PsiFormer:
    """Backflow, orbitals and Jastrow factor from self-attention between electrons.

    Args:
        system: with electrons.
        width: of nodes and hidden layers.
        depth: layers.
        determinants: products of two determinants.
        activation: of the hidden layers.
        heads: of each attention; they divide the width.
    """
    shape = sizes(width, depth, determinants)
    return PsiFormer(system, *shape, ACTIVATIONS[activation], heads)
