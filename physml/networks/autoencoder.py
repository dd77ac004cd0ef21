"""Autoencoders: a network to few numbers and one back, dense or convolutional."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError, ShapeError
from physml.networks.activations import ACTIVATIONS, Activation, ActivationName, activation_of
from physml.networks.convolution import (
    Convolution,
    WindowedDense,
    checked_channels,
    checked_window,
)
from physml.networks.initializers import glorot_normal
from physml.networks.mlp import MLP
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import check_kernel, checked_size, equal_widths

__all__ = ["Autoencoder", "Deconvolution", "convolutional_autoencoder"]


class Autoencoder(nn.Module):
    """Autoencoder: ``x ↦ D(E(x))``, through the few numbers ``E(x)``, the latent ones.

    The two halves are functions of their own, too: ``network.apply(params, x, method="encode")``
    and ``method="decode"``. With one linear layer each the least square error is that of as many
    principal components: Baldi and Hornik (1989), doi:10.1016/0893-6080(89)90014-2.

    Attributes:
        encoder: from a sample to ``(latent,)``.
        decoder: from ``(latent,)`` to a sample.

    >>> import jax, jax.numpy as jnp
    >>> network = Autoencoder(MLP((8,), outputs=2), MLP((8,), outputs=5))
    >>> value, params = network.init_with_output(jax.random.key(0), jnp.ones(5))
    >>> value.shape, network.apply(params, jnp.ones(5), method="encode").shape
    ((5,), (2,))
    """

    encoder: nn.Module
    decoder: nn.Module

    def __call__(self, x: ArrayLike) -> Array:
        """The sample as it comes back."""
        return self.decode(self.encode(x))

    def encode(self, x: ArrayLike) -> Array:
        """The latent numbers of one sample, ``(latent,)``."""
        latent: Array = self.encoder(jnp.asarray(x))  # type: ignore[operator]
        return latent

    def decode(self, latent: ArrayLike) -> Array:
        """The sample of latent numbers."""
        sample: Array = self.decoder(jnp.asarray(latent))  # type: ignore[operator]
        return sample


class Deconvolution(nn.Module):
    """From few numbers to an image: ``a = σ(z W + b)``, then ``a ← σ(W ∗ double a + b)`` by block.

    ``double`` repeats each place along each axis; the last block, to the image's own channels, has
    no activation.

    Attributes:
        shape: of the image: ``(h, w)``, ``(h, w, i)``, or ``(t, i)`` of one axis.
        channels: of each block, of the smallest image first.
        window: places of a window along each axis, odd.
        axes: 2 of images, 1 of series.
        periodic: whether the axes are circles.
        activation: elementwise function ``σ``, or its name.

    Raises:
        ConfigurationError: an image whose axes cannot be halved so often, or no image; an even
            window, no block.
        ShapeError: in use, what is no vector.

    >>> import jax, jax.numpy as jnp
    >>> network = Deconvolution((8, 8), (16, 8))
    >>> network.init_with_output(jax.random.key(0), jnp.ones(3))[0].shape
    (8, 8)
    """

    shape: Sequence[int]
    channels: Sequence[int]
    window: int = 3
    axes: int = 2
    periodic: bool = False
    activation: Activation | str = nn.gelu

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.channels = checked_channels(self.channels)
        self.window = checked_window(self.window)
        self.axes = checked_size("axes", self.axes)
        self.activation = activation_of(self.activation)
        self.shape = tuple(checked_size("shape", n) for n in self.shape)
        least = self.axes if self.axes > 1 else 2
        halved = 2 ** len(self.channels)
        if not least <= len(self.shape) <= self.axes + 1 or any(
            n % halved for n in self.shape[: self.axes]
        ):
            raise ConfigurationError(
                f"shape: expected {self.axes} axes of multiples of {halved}, for {self.channels} "
                f"channels, and the image's own channels, got {self.shape}."
            )
        super().__post_init__()

    @nn.compact
    def __call__(self, latent: ArrayLike) -> Array:
        """The image of latent numbers.

        Args:
            latent: ``(latent,)``.

        Returns:
            The shape of the image.
        """
        z, act = jnp.asarray(latent), activation_of(self.activation)
        if z.ndim != 1:
            raise ShapeError(f"Deconvolution: expected latent numbers (m,), got {z.shape}.")
        places = tuple(n // 2 ** len(self.channels) for n in self.shape[: self.axes])
        first = (*places, self.channels[0])
        dense = nn.Dense(
            math.prod(first),
            kernel_init=glorot_normal(),
            param_dtype=jnp.result_type(float),
            name="input",
        )
        a = act(dense(z)).reshape(first)
        own = math.prod(self.shape[self.axes :])
        for block, channels in enumerate((*self.channels[1:], own)):
            for axis in range(self.axes):
                a = jnp.repeat(a, 2, axis=axis)
            a = WindowedDense(channels, self.window, self.periodic, name=f"block_{block}")(a)
            a = a if block == len(self.channels) - 1 else act(a)
        return a.reshape(tuple(self.shape))


def convolutional_autoencoder(
    shape: Sequence[int],
    latent: int,
    *,
    channels: Sequence[int] = (8, 16),
    window: int = 3,
    axes: int = 2,
    periodic: bool = False,
    activation: Activation | str = nn.gelu,
) -> Autoencoder:
    """Autoencoder of images or series, by blocks of convolutions that halve each axis.

    Args:
        shape: of an image: ``(h, w)``, ``(h, w, i)``, or ``(t, i)`` of one axis.
        latent: how many numbers are between.
        channels: of each block of the encoder; of the decoder they come in reverse.
        window: places of a window along each axis, odd.
        axes: 2 of images, 1 of series.
        periodic: whether the axes are circles.
        activation: elementwise function, or its name.

    Raises:
        ConfigurationError: sizes that are none, or do not fit.

    >>> import jax, jax.numpy as jnp
    >>> network = convolutional_autoencoder((16, 1), 2, channels=(4,), axes=1)
    >>> network.init_with_output(jax.random.key(0), jnp.ones((16, 1)))[0].shape
    (16, 1)
    """
    channels = checked_channels(channels)
    latent = checked_size("latent", latent)
    encoder = Convolution(
        channels,
        latent,
        window=window,
        axes=axes,
        periodic=periodic,
        activation=activation,
    )
    decoder = Deconvolution(shape, channels[::-1], window, axes, periodic, activation)
    return Autoencoder(encoder, decoder)


@NetworkSettings.offer("autoencoder")
def _autoencoder(
    outputs: int | None,
    *,
    latent: int = 2,
    width: int = 20,
    depth: int = 1,
    activation: ActivationName = "tanh",
) -> Autoencoder:
    """Dense autoencoder: through few numbers and back.

    Args:
        outputs: length of its value, or None for a scalar.
        latent: how many numbers are between.
        width: neurons a hidden layer.
        depth: hidden layers of the encoder, and as many of the decoder.
        activation: of the hidden layers.
    """
    widths, act = equal_widths(width, depth), ACTIVATIONS[activation]
    check_kernel(width)
    return Autoencoder(MLP(widths, checked_size("latent", latent), act), MLP(widths, outputs, act))
