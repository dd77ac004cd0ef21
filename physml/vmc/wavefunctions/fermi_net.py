"""FermiNet: two streams, of electrons and of pairs, in which electrons see means over the others.

f_i = [h_i, ⟨h_j⟩_like, ⟨h_j⟩_unlike, ⟨h_ij⟩_like, ⟨h_ij⟩_unlike]
h_i ← h_i + tanh(V f_i + b),    h_ij ← h_ij + tanh(W h_ij + c)               (repeated)
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.networks.activations import ACTIVATIONS, ActivationName, activation_of
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.neural_slater import NeuralSlater, sizes
from physml.vmc.wavefunctions.settings import WavefunctionSettings


class FermiNet(NeuralSlater):
    """Backflow, orbitals and Jastrow factor from FermiNet's two streams, spin up first.

    What is as published: the streams, and means over each spin (here like and unlike, so that spins
    can be exchanged). What is not: orbitals are those of the system, moved and multiplied by what
    the streams say, and cusps are exact by construction instead of learned from distances.

    Attributes:
        system: a system with ``electrons``, such as ``Atom`` or ``ElectronGas``.
        width: of the electrons' stream; that of pairs has a quarter.
        iterations: layers.
        determinants: how many products of two determinants are summed.
        activation: a smooth function, or its name, such as "tanh".

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system.

    Source: Pfau, Spencer, Matthews and Foulkes (2020), doi:10.1103/PhysRevResearch.2.033429.

    >>> import jax, physml as pm
    >>> helium = pm.vmc.Atom(symbol="He")
    >>> psi = pm.vmc.FermiNet(helium, width=8)
    >>> x = jax.random.normal(jax.random.key(0), helium.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    def nodes(self, x: Array, electrons: Electrons) -> Array:
        """The stream of electrons after all layers, ``(N, width)``."""
        act = activation_of(self.activation)
        nodes = act(self.linear(self.width, "own")(self.own(x, electrons)))
        if len(x) < 2:
            return nodes
        edges, others = self.edges(x, electrons)
        like = electrons.spins[:, None] == electrons.spins[others]
        weights = [
            jnp.asarray(mask / np.maximum(1, mask.sum(axis=1, keepdims=True)), x.dtype)
            for mask in (like, ~like)
        ]
        pairs = act(self.linear(max(1, self.width // 4), "pair")(edges))
        for t in range(self.iterations):
            seen = [nodes]
            for weight in weights:
                seen.append(jnp.einsum("ij,ijf->if", weight, nodes[others]))
                seen.append(jnp.einsum("ij,ijf->if", weight, pairs))
            nodes = nodes + act(self.linear(self.width, f"electron_{t}")(jnp.concatenate(seen, -1)))
            if t + 1 < self.iterations:
                pairs = pairs + act(self.linear(pairs.shape[-1], f"pair_{t}")(pairs))
        return nodes


@WavefunctionSettings.offer("ferminet")
def _fermi_net(
    system: QuantumSystem,
    *,
    width: int = 16,
    depth: int = 2,
    determinants: int = 1,
    activation: ActivationName = "tanh",
) -> FermiNet:
    """Backflow, orbitals and Jastrow factor from FermiNet's two streams.

    Args:
        system: with electrons.
        width: of the electrons' stream.
        depth: layers.
        determinants: products of two determinants.
        activation: of the hidden layers.
    """
    shape = sizes(width, depth, determinants)
    return FermiNet(system, *shape, ACTIVATIONS[activation])
