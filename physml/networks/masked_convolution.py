"""A convolution whose output of a site sees the sites before it alone, on a periodic lattice."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.networks.activations import Activation, activation_of

__all__ = ["MaskedConvolution"]


class MaskedConvolution(nn.Module):
    """Two residual stacks: of the rows above, and of the row itself to the left.

    Rows above are known whole, and so wrap around; of the row itself only what is to the left::

        v ← v + σ(Σ_{a=0..r−1} Σ_{b=−r..r} V_ab v(y − a, x + b)),    at first over s, a = 1..r
        h ← h + σ(Σ_{b=0..r} H_b h(y, x − b) + U v(y, x)),           at first over s, b = 1..r
        z = w·h + Σ_{earlier} u_ij s_i + bias

    Weights are the same at all sites but for the biases of the first layers and for ``u``, which
    hold what the edges do: there the lattice is closed. There is no blind spot, as one stack alone
    has. ``Σ_j ln σ(2 s_j z_j)`` is then a normalised density of spins ±1.

    Attributes:
        channels: of a site, in each stack.
        layers: residual ones, after the first.
        reach: ``r``, sites that one layer sees in each direction.
        activation: of the hidden layers, or its name.

    Raises:
        ConfigurationError: counts that are no positive integers.
        ShapeError: when called, a configuration that is no lattice of rows and columns.

    Sources: van den Oord et al. (2016), arXiv:1606.05328 (two stacks); on spins: Wu, Wang & Zhang
    (2019), doi:10.1103/PhysRevLett.122.080602.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.MaskedConvolution(2, 1, 1)
    >>> s = jnp.ones((3, 3))
    >>> params = jax.jit(network.init)(jax.random.key(0), s)
    >>> seen = jax.jacobian(lambda s: network.apply(params, s).ravel())(s).reshape(9, 9)
    >>> bool((jnp.triu(seen) == 0).all())
    True
    """

    channels: int = 8
    layers: int = 2
    reach: int = 2
    activation: Activation | str = jnp.tanh

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.channels = as_whole("channels", self.channels, least=1)
        self.layers = as_whole("layers", self.layers, least=0)
        self.reach = as_whole("reach", self.reach, least=1)
        self.activation = activation_of(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(self, s: ArrayLike) -> Array:
        """The outputs at one configuration.

        Args:
            s: ``(rows, columns)``, in the order of ``ravel``.

        Returns:
            ``(rows, columns)``.
        """
        spins = jnp.asarray(s)
        if spins.ndim != 2:
            raise ShapeError(f"s: expected rows and columns, got {spins.shape}")
        act, dtype = activation_of(self.activation), jnp.result_type(float)
        zero = nn.initializers.zeros_init()

        def weights(name: str, inputs: int) -> Array:
            normal = nn.initializers.normal(1 / np.sqrt(inputs))
            return self.param(name, normal, (inputs, self.channels), dtype)

        def bias(name: str) -> Array:
            shape = (*spins.shape, self.channels)
            return self.param(name, nn.initializers.normal(0.1), shape, dtype)

        first = spins[:, :, None]
        above = _above(first, self.reach, itself=False)
        left = _left(first, self.reach, itself=False)
        v = act(above @ weights("above", above.shape[-1]) + bias("above_bias"))
        h = left @ weights("left", left.shape[-1]) + v @ weights("across", self.channels)
        h = act(h + bias("left_bias"))
        for layer in range(self.layers):
            above = _above(v, self.reach, itself=True)
            v = v + act(above @ weights(f"above_{layer}", above.shape[-1]))
            left = _left(h, self.reach, itself=True)
            across = v @ weights(f"across_{layer}", self.channels)
            h = h + act(left @ weights(f"left_{layer}", left.shape[-1]) + across)
        last = self.param("last", nn.initializers.normal(0.1), (self.channels,), dtype)
        before = np.triu(np.ones((spins.size, spins.size), bool), 1)
        rows, columns = np.nonzero(before)
        skip = self.param("skip", zero, (len(rows),), dtype)
        linear = jnp.zeros(before.shape, dtype).at[rows, columns].set(skip)
        z = h @ last + self.param("bias", zero, spins.shape, dtype)
        return z + (jnp.ravel(spins) @ linear).reshape(spins.shape)


def _above(x: Array, reach: int, *, itself: bool) -> Array:
    """Channels of the rows above, and of the row ``itself``, of columns on both sides."""
    rows = range(0 if itself else 1, reach if itself else reach + 1)
    sides = sorted({b % x.shape[1] for b in range(-reach, reach + 1)})
    return _taps(x, [(a, b) for a in rows for b in sides], lambda x, b: jnp.roll(x, b, axis=1))


def _left(x: Array, reach: int, *, itself: bool) -> Array:
    """Channels to the left in a row, and of the site ``itself``; beyond the edge there is none."""
    return _taps(x, [(0, b) for b in range(0 if itself else 1, reach + 1)], _shifted)


def _taps(x: Array, taps: list[tuple[int, int]], along: Callable[[Array, int], Array]) -> Array:
    shifted = [jnp.swapaxes(_shifted(jnp.swapaxes(along(x, b), 0, 1), a), 0, 1) for a, b in taps]
    return jnp.concatenate(shifted, axis=-1)


def _shifted(x: Array, by: int) -> Array:
    """``x`` moved to the right by so many columns, with zeros where there was none."""
    columns = x.shape[1]
    by = min(by, columns)
    return jnp.pad(x, ((0, 0), (by, 0), (0, 0)))[:, :columns]
