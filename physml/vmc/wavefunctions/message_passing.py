"""A message-passing neural quantum state: electrons as nodes, pairs as edges.

    m_i = Σ_{j≠i} φ(e_ij) ⊙ (W h_j + b),    h_i ← h_i + MLP([h_i, m_i])          (repeated)

The edges ``e_ij`` are smooth functions of one displacement, so ``φ(e_ij)`` depends on six
coordinates whatever N is, and only the N nodes on all of them: that is what makes the Laplacian
cheap. In a periodic cell the nodes begin without coordinates, and ψ is invariant under translations
of all electrons; in open space they begin with the electron's own place.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus.pair_sum import pair_sum
from physml.networks.activations import ACTIVATIONS, ActivationName, activation_of
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.neural_slater import NeuralSlater, sizes
from physml.vmc.wavefunctions.settings import WavefunctionSettings


class MessagePassing(NeuralSlater):
    """Backflow, orbitals and Jastrow factor from messages between electrons, spin up first.

    Attributes:
        system: a system with ``electrons``, such as ``QuantumDot`` or ``ElectronGas``.
        width: of nodes, messages and hidden layers.
        iterations: rounds of messages.
        determinants: how many products of two determinants are summed.
        activation: a smooth function, or its name, such as "tanh".

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system.

    Sources: Pescia, Nys, Kim, Lovato and Carleo (2024), arXiv:2305.07240 (message passing for the
    electron gas); Schütt et al. (2017), arXiv:1706.08566 (filters of the edges).

    >>> import jax, physml as pm
    >>> dot = pm.QuantumDot(n_up=1, n_down=1)
    >>> psi = pm.vmc.MessagePassing(dot, width=8)
    >>> x = jax.random.normal(jax.random.key(0), dot.shape)
    >>> psi.apply(psi.init(jax.random.key(1), x), x).log.shape
    ()
    """

    def nodes(self, x: Array, electrons: Electrons) -> Array:
        """What is known of each electron after all rounds, ``(N, width)``."""
        act = activation_of(self.activation)
        nodes = act(self.linear(self.width, "own")(self.own(x, electrons)))
        if len(x) < 2:
            return nodes
        edges, _ = self.edges(x, electrons)
        for t in range(self.iterations):
            hidden = act(self.linear(self.width, f"edge_{t}")(edges))
            filters = self.linear(self.width, f"filter_{t}")(hidden)
            heard = self.linear(self.width, f"message_{t}")(nodes)
            messages = pair_sum(filters, heard) / np.sqrt(len(x))
            hidden = act(
                self.linear(self.width, f"update_{t}")(jnp.concatenate([nodes, messages], axis=-1))
            )
            nodes = nodes + self.linear(self.width, f"node_{t}")(hidden)
        return nodes


@WavefunctionSettings.offer("message-passing")
def _message_passing(
    system: QuantumSystem,
    *,
    width: int = 16,
    depth: int = 2,
    determinants: int = 1,
    activation: ActivationName = "tanh",
) -> MessagePassing:
    """Backflow, orbitals and Jastrow factor from messages between electrons.

    Args:
        system: with electrons.
        width: of nodes and hidden layers.
        depth: rounds of messages.
        determinants: products of two determinants.
        activation: of the hidden layers.
    """
    shape = sizes(width, depth, determinants)
    return MessagePassing(system, *shape, ACTIVATIONS[activation])
