"""A network of identical bosons: the same for every order of the particles.

N(x) = v( N^{-1/2} Σ_i φ(x_i) )
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from physml.networks import MLP, glorot_normal, initializer
from physml.networks.activations import ACTIVATIONS, Activation, ActivationName
from physml.networks.initializers import InitialName
from physml.networks.sizes import equal_widths
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.settings import WavefunctionSettings


class DeepSet(nn.Module):
    """``v(N^{-1/2} Σ_i φ(x_i))``, invariant under permutations; a system's ansatz completes it.

    Attributes:
        widths: hidden layers of φ, and of v.
        activation: a smooth function, or its name, such as "tanh".
        kernel_init: initializer of the kernels.

    Source: Zaheer et al. (2017), arXiv:1703.06114.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.vmc.DeepSet((8,))
    >>> x = jnp.array([[0.1], [0.7], [-0.2]])
    >>> params = network.init(jax.random.key(0), x)
    >>> bool(jnp.allclose(network.apply(params, x), network.apply(params, x[::-1])))
    True
    """

    widths: Sequence[int] = (16, 16)
    activation: Activation | str = nn.tanh
    kernel_init: Callable[..., Array] = glorot_normal()

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """``()`` of a walker ``(N, d)``."""
        each = MLP(
            self.widths,
            outputs=self.widths[-1],
            activation=self.activation,
            kernel_init=self.kernel_init,
            name="each",
        )
        pooled = jnp.sum(jax.vmap(each)(x), axis=0) / jnp.sqrt(len(x))
        whole = MLP(
            self.widths, activation=self.activation, kernel_init=self.kernel_init, name="whole"
        )
        value: Array = whole(pooled)
        return value


@WavefunctionSettings.offer("deep-set")
def _deep_set(
    system: QuantumSystem,
    *,
    width: int = 16,
    depth: int = 2,
    activation: ActivationName = "tanh",
    initial: InitialName = "glorot",
) -> DeepSet:
    """Bosons: a network of a sum over particles, completed by the system's ansatz.

    Args:
        system: of bosons.
        width: neurons a hidden layer.
        depth: hidden layers.
        activation: of the hidden layers.
        initial: distribution of the first weights.
    """
    return DeepSet(equal_widths(width, depth), ACTIVATIONS[activation], initializer(initial))
