"""A network whose output of a site sees the sites before it alone: conditional densities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.networks.activations import Activation, activation_of
from physml.networks.sizes import checked_widths

__all__ = ["MaskedMLP"]


class MaskedMLP(nn.Module):
    """``N`` ordered entries, channels for each, and an output that sees those before it.

    Each entry ``i`` has ``c`` hidden channels a layer; with ``m_ij`` of 1 where ``i`` may be seen
    from ``j``, else 0::

        h_j = σ(Σ_{i<j} W_ij s_i + b_j),   h_j ← σ(Σ_{i≤j} W_ij h_i + b_j)
        z_j = Σ_{i≤j} w_ij h_i + Σ_{i<j} v_ij s_i

    Only the weights that the masks leave are parameters. So ``z₁`` is a constant, and
    ``Σ_j ln σ(2 s_j z_j)`` is a normalised density of spins ±1.

    Attributes:
        widths: channels of an entry in each hidden layer; none for ``z_j = Σ_{i<j} v_ij s_i
            + b_j``.
        activation: of the hidden layers, or its name.

    Raises:
        ConfigurationError: widths that are no positive integers.

    Source: Germain, Gregor, Murray & Larochelle (2015), arXiv:1502.03509; with channels in the
    order of their entries: Wu, Wang & Zhang (2019), doi:10.1103/PhysRevLett.122.080602.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.MaskedMLP((3,))
    >>> s = jnp.array([1.0, -1.0, -1.0, 1.0])
    >>> params = network.init(jax.random.key(0), s)
    >>> seen = jax.jacobian(lambda s: network.apply(params, s))(s)
    >>> bool((jnp.triu(seen) == 0).all()), sum(leaf.size for leaf in jax.tree.leaves(params))
    (True, 66)
    """

    widths: Sequence[int] = (4,)
    activation: Activation | str = jnp.tanh

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.widths = checked_widths(self.widths)
        self.activation = activation_of(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(self, s: ArrayLike) -> Array:
        """The outputs at one configuration.

        Args:
            s: ``(N,)``, or entries of any shape, whose order is that of ``ravel``.

        Returns:
            ``(N,)``, or the shape of ``s``.
        """
        entries = jnp.asarray(s)
        flat, dtype = jnp.ravel(entries), jnp.result_type(float)
        sites, act = flat.size, activation_of(self.activation)
        h, channels = flat, 1
        for layer, width in enumerate(self.widths):
            before = _mask(sites, channels, width, itself=layer > 0)
            kernel = self._kernel(f"kernel_{layer}", before)
            bias = self.param(f"bias_{layer}", nn.initializers.normal(0.1), (sites * width,), dtype)
            h, channels = act(h @ kernel + bias), width
        if self.widths:
            z = h @ self._kernel("output", _mask(sites, channels, 1, itself=True), gain=0.1)
        else:
            z = self.param("bias", nn.initializers.zeros_init(), (sites,), dtype)
        skip = self._kernel("skip", _mask(sites, 1, 1, itself=False), gain=0.0)
        return (z + flat @ skip).reshape(entries.shape)

    def _kernel(self, name: str, mask: np.ndarray, gain: float = 1.0) -> Array:
        """A matrix that is a parameter where the mask is."""
        rows, columns = np.nonzero(mask)
        scale = gain / np.sqrt(np.maximum(mask.sum(axis=0), 1))[columns]
        weights = self.param(name, _normal(scale), (len(rows),), jnp.result_type(float))
        return jnp.zeros(mask.shape, weights.dtype).at[rows, columns].set(weights)


def _mask(sites: int, channels_in: int, channels_out: int, *, itself: bool) -> np.ndarray:
    """Which entries are seen: those before, and ``itself``, the channels of each alike."""
    seen = np.triu(np.ones((sites, sites), bool), 0 if itself else 1)
    return np.kron(seen, np.ones((channels_in, channels_out), bool))


def _normal(scale: np.ndarray) -> Callable[..., Array]:
    def init(key: Array, shape: Sequence[int], dtype: jax.typing.DTypeLike) -> Array:
        return jax.random.normal(key, shape, dtype) * jnp.asarray(scale, dtype)

    return init
