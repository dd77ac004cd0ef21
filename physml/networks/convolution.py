"""The convolutional network, of images and of series, and the layer it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.networks.activations import (
    ACTIVATIONS,
    Activation,
    ActivationName,
    activation_of,
)
from physml.networks.dropout import Dropout
from physml.networks.initializers import glorot_normal
from physml.networks.mlp import MLP
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import (
    check_kernel,
    checked_outputs,
    checked_size,
    checked_widths,
    equal_widths,
)

__all__ = ["Convolution", "WindowedDense"]


class WindowedDense(nn.Module):
    """One dense layer of every window: ``z_xj = Σ_ui W_uij a_{x+u−k, i} + b_j``, ``k = (w − 1)/2``.

    As many places go out as come in. Beyond an edge there are zeros, or the other edge where
    ``periodic``. (As all networks do, it is a correlation: the window is not turned over.)

    Attributes:
        channels: that go out.
        window: ``w``, places along each axis, odd.
        periodic: whether the axes are circles.
        kernel_init: of ``W``, ``(w, ..., w, channels in, channels)``.

    Raises:
        ConfigurationError: channels that are no positive integer, a window that is even.

    Source: LeCun et al. (1989), doi:10.1162/neco.1989.1.4.541.

    >>> import jax, jax.numpy as jnp
    >>> layer = WindowedDense(4, window=3)
    >>> layer.init_with_output(jax.random.key(0), jnp.ones((5, 6, 2)))[0].shape
    (5, 6, 4)
    """

    channels: int
    window: int = 3
    periodic: bool = False
    kernel_init: Callable[..., Array] = glorot_normal()

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.channels = checked_size("channels", self.channels)
        self.window = checked_window(self.window)
        super().__post_init__()

    @nn.compact
    def __call__(self, a: ArrayLike) -> Array:
        """The values at all places.

        Args:
            a: ``(x, i)``, ``(x, y, i)``, ...: channels come last.

        Returns:
            ``(x, ..., channels)``.
        """
        a = jnp.asarray(a)
        *places, inputs = a.shape
        axes, dtype = len(places), jnp.result_type(float)
        shape = (self.window,) * axes + (inputs, self.channels)
        kernel = self.param("kernel", self.kernel_init, shape, dtype)
        bias = self.param("bias", nn.initializers.zeros, (self.channels,), dtype)
        reach = (self.window - 1) // 2
        padded = jnp.pad(
            a, [(reach, reach)] * axes + [(0, 0)], mode="wrap" if self.periodic else "constant"
        )
        # One product for all windows: XLA's own convolution in float64 is slow on CPUs.
        offsets = product(range(self.window), repeat=axes)
        shifted = [
            padded[tuple(slice(u, u + n) for u, n in zip(offset, places, strict=True))]
            for offset in offsets
        ]
        windows = jnp.concatenate(shifted, axis=-1)
        return windows @ kernel.reshape(-1, self.channels) + bias.reshape((1,) * axes + (-1,))


class Convolution(nn.Module):
    """Convolutional network: ``a ← pool σ(W ∗ a + b)`` for each block, then an ``MLP`` of all.

    ``pool`` is the mean over windows of ``pooling`` places along each axis, side by side; places
    that fill no window are left out. Without padding by zeros (``periodic``) and without pooling
    the blocks are equivariant: what is shifted before them is shifted after them.

    Attributes:
        channels: of each block.
        outputs: None for a scalar with value ``()``; ``m`` for a value ``(m,)``.
        widths: hidden layers of the ``MLP``.
        window: places of a window along each axis, odd.
        pooling: places that become one along each axis; 1 for none.
        axes: 2 of images ``(h, w)`` or ``(h, w, i)``, 1 of series ``(t, i)``.
        periodic: whether the axes are circles.
        activation: elementwise function ``σ``, or its name.
        dropout: rate of ``Dropout`` between the blocks and the ``MLP``, which drops while
            ``classify`` and ``regress`` train, and nowhere else.
        patch: places along each axis that become the channels of one, before the first block: with
            2 an image of half the sides, whose windows see twice as far, at a quarter of the cost.
            It divides the sides.

    Raises:
        ConfigurationError: sizes that are no positive integers, no block, an even window, a rate
            out of [0, 1).
        ShapeError: in use, an input of other axes, sides that are no patches, or so small that
            pooling leaves nothing.

    Source: LeCun et al. (1998), doi:10.1109/5.726791.

    >>> import jax, jax.numpy as jnp
    >>> network = Convolution((4, 8), outputs=10)
    >>> network.init_with_output(jax.random.key(0), jnp.ones((8, 8)))[0].shape
    (10,)
    """

    channels: Sequence[int]
    outputs: int | None = None
    widths: Sequence[int] = ()
    window: int = 3
    pooling: int = 2
    axes: int = 2
    periodic: bool = False
    activation: Activation | str = nn.gelu
    dropout: float = 0.0
    patch: int = 1

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.channels = checked_channels(self.channels)
        self.outputs = checked_outputs(self.outputs)
        self.widths = checked_widths(self.widths)
        self.window = checked_window(self.window)
        self.pooling = checked_size("pooling", self.pooling)
        self.axes = checked_size("axes", self.axes)
        self.activation = activation_of(self.activation)
        self.patch = checked_size("patch", self.patch)
        if not 0 <= self.dropout < 1:
            raise ConfigurationError(f"dropout: expected a rate in [0, 1), got {self.dropout}")
        super().__post_init__()

    @nn.compact
    def __call__(self, image: ArrayLike) -> Array:
        """The value of one image or series.

        Args:
            image: ``(h, w)`` or ``(h, w, i)``; of one axis ``(t, i)``.

        Returns:
            ``()``, or ``(outputs,)``.
        """
        act = activation_of(self.activation)
        a = _in_patches(with_channels("Convolution", image, self.axes), self.patch)
        for block, channels in enumerate(self.channels):
            layer = WindowedDense(channels, self.window, self.periodic, name=f"block_{block}")
            a = _pooled(act(layer(a)), self.pooling)
        a = Dropout(self.dropout)(a)
        return MLP(self.widths, self.outputs, act, name="head")(a)


def with_channels(name: str, image: ArrayLike, axes: int) -> Array:
    """An image of so many axes and its channels, of which it has one where they are left out.

    A series ``(t,)`` of one axis is refused: it may be a point.

    Raises:
        ShapeError: of other axes.
    """
    a = jnp.asarray(image)
    if axes > 1 and a.ndim == axes:
        a = a[..., None]
    if a.ndim != axes + 1:
        one = {1: "one series (t, i)", 2: "one image (h, w) or (h, w, i)"}
        expected = one.get(axes, f"{axes} axes and channels")
        raise ShapeError(f"{name}: expected {expected}, got {a.shape}. Use jax.vmap for many.")
    return a


def _pooled(a: Array, pooling: int) -> Array:
    """The mean over windows side by side."""
    if pooling == 1:
        return a
    places = a.shape[:-1]
    left = [n // pooling for n in places]
    if 0 in left:
        raise ShapeError(
            f"Convolution: expected at least {pooling} places along each axis before each pooling, "
            f"got {places}; lower pooling, or leave out a block"
        )
    return _parted(a, pooling).mean(axis=tuple(range(1, 2 * len(places), 2)))


def _in_patches(a: Array, patch: int) -> Array:
    """Places side by side as the channels of one."""
    if patch == 1:
        return a
    axes = a.ndim - 1
    if any(size % patch for size in a.shape[:-1]):
        raise ShapeError(
            f"Convolution: expected sides that are multiples of patch, {patch}, of which no place "
            f"is left out, got {a.shape[:-1]}"
        )
    parted = jnp.moveaxis(_parted(a, patch), range(1, 2 * axes, 2), range(axes, 2 * axes))
    return parted.reshape(*parted.shape[:axes], -1)


def _parted(a: Array, size: int) -> Array:
    """``(n, size, m, size, ..., channels)``; places that fill no window are left out."""
    left = [n // size for n in a.shape[:-1]]
    kept = a[tuple(slice(0, n * size) for n in left)]
    return kept.reshape(*(k for n in left for k in (n, size)), a.shape[-1])


def checked_channels(channels: object) -> tuple[int, ...]:
    """The channels of each block.

    Raises:
        ConfigurationError: they are no sequence of positive integers, or none.
    """
    try:
        found = checked_widths(channels)
    except ConfigurationError:
        found = ()
    if not found:
        raise ConfigurationError(
            "channels: expected those of each block, positive integers such as (16, 32), got "
            f"{channels!r}."
        )
    return found


def checked_window(window: object) -> int:
    """An odd number of places, so that a window has a middle.

    Raises:
        ConfigurationError: for another.
    """
    found = as_whole("window", window)
    if found < 1 or found % 2 == 0:
        raise ConfigurationError(f"window: expected an odd number such as 3, got {window!r}.")
    return found


@NetworkSettings.offer("convolution")
def _convolution(
    outputs: int | None,
    *,
    channels: tuple[int, ...] = (16, 32),
    window: int = 3,
    pooling: int = 2,
    periodic: bool = False,
    width: int = 64,
    depth: int = 1,
    activation: ActivationName = "gelu",
    dropout: float = 0.0,
    patch: int = 1,
) -> Convolution:
    """Convolutional network of an image.

    Args:
        outputs: length of its value, or None for a scalar.
        channels: of each block.
        window: pixels of a window along each axis, odd.
        pooling: pixels that become one along each axis after each block; 1 for none.
        periodic: whether the axes are circles.
        width: neurons of a dense hidden layer.
        depth: dense hidden layers.
        activation: of all of them.
        dropout: rate of dropout between the blocks and the dense layers.
        patch: pixels along each axis that become the channels of one, before the first block.
    """
    widths = equal_widths(width, depth)
    check_kernel(width)
    return Convolution(
        channels,
        outputs,
        widths,
        window,
        pooling,
        periodic=periodic,
        activation=ACTIVATIONS[activation],
        dropout=dropout,
        patch=patch,
    )
