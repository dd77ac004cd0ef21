"""The residual network that starts as a linear function of its embedding."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError
from physml.networks.activations import (
    ACTIVATIONS,
    Activation,
    ActivationName,
    activation_of,
)
from physml.networks.embeddings import FourierFeatures, random_features
from physml.networks.initializers import InitialName, glorot_normal, initializer
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import check_kernel, checked_depth, checked_outputs, checked_size

__all__ = ["PirateNet"]


class PirateNet(nn.Module):
    """Physics-informed residual adaptive network.

    With the embedding ``Φ``, the gates ``U = σ(Φ W + b)`` and ``V = σ(Φ W + b)``, and ``x = Φ``
    before the first block, each block is::

        f = σ(x W + b)    y = f ⊙ U + (1 − f) ⊙ V
        g = σ(y W + b)    y = g ⊙ U + (1 − g) ⊙ V
        h = σ(y W + b)    x ← α h + (1 − α) x

    every ``W``, ``b`` being another, and the value is ``x W + b``. The parameters ``α``, one a
    block, start at zero: the network starts linear in ``Φ`` and ``fit_last_layer`` can fit it to
    data; training turns the blocks on. ``Φ`` must have the width of the blocks. It is the random
    Fourier features of ``z`` if they are given, ``cos(2πBz), sin(2πBz)`` (the source leaves the 2π
    out), and otherwise one more dense layer, ``Φ = σ(z W + b)``.

    Attributes:
        width: width of all layers.
        blocks: residual blocks, of three hidden layers each.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.
        features: the embedding, ``width / 2`` Fourier frequencies; None for a dense layer.
        activation: elementwise smooth function ``σ``, or its name, such as "tanh".
        kernel_init: initializer of the kernels; the output layer uses it at gain 1.
        dense: the layers, ``nn.Dense`` or ``FactorisedDense``.

    Raises:
        ConfigurationError: width, blocks or outputs are not positive integers, or the features are
            not as many as the width.

    Source: Wang, Li, Chen & Perdikaris, "PirateNets: physics-informed deep learning with residual
    adaptive networks", arXiv:2402.00326.

    >>> import jax, jax.numpy as jnp
    >>> network = PirateNet(20, 2, features=FourierFeatures(10, scale=0.5))
    >>> z = jnp.array([0.1, 0.2])
    >>> params = network.init(jax.random.key(0), z)
    >>> network.apply(params, z).shape, float(params["params"]["alpha_1"])
    ((), 0.0)
    """

    width: int
    blocks: int
    outputs: int | None = None
    features: FourierFeatures | None = None
    activation: Activation | str = jnp.tanh
    kernel_init: Callable[..., Array] = glorot_normal()
    dense: Callable[..., nn.Module] = nn.Dense

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.width = checked_size("width", self.width)
        self.blocks = checked_depth("blocks", self.blocks)
        self.outputs = checked_outputs(self.outputs)
        self.activation = activation_of(self.activation)
        if self.features is not None and 2 * self.features.frequencies != self.width:
            raise ConfigurationError(
                f"features: expected half as many frequencies as the width {self.width}, so that "
                f"blocks can add to the embedding, got {self.features.frequencies}."
            )
        super().__post_init__()

    @property
    def last_layer(self) -> tuple[str, ...]:
        """Path of the linear last layer among the parameters."""
        return ("output",)

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The value at one point.

        Args:
            z: point ``(d,)`` or walker ``(N, d)``; flattened.

        Returns:
            ``()``, or ``(outputs,)``.
        """
        dtype = jnp.result_type(float)
        act = activation_of(self.activation)
        dense = functools.partial(self.dense, param_dtype=dtype)

        def layer(name: str, x: Array) -> Array:
            return act(dense(self.width, kernel_init=self.kernel_init, name=name)(x))

        z = jnp.ravel(z)
        x = layer("embedding", z) if self.features is None else self.features(z)
        U, V = layer("U", x), layer("V", x)
        for block in range(self.blocks):
            y = x
            for name in ("f", "g"):
                gate = layer(f"{name}_{block}", y)
                y = gate * U + (1 - gate) * V
            h = layer(f"h_{block}", y)
            alpha = self.param(f"alpha_{block}", nn.initializers.zeros, (), dtype)
            x = alpha * h + (1 - alpha) * x
        unit = getattr(self.kernel_init, "unit", self.kernel_init)
        value = dense(self.outputs or 1, kernel_init=unit, name="output")(x)
        return value[0] if self.outputs is None else value


@NetworkSettings.offer("pirate")
def _pirate(
    outputs: int | None,
    *,
    width: int = 20,
    depth: int = 4,
    scale: float | None = None,
    activation: ActivationName = "tanh",
    initial: InitialName = "orthogonal",
) -> PirateNet:
    """Residual network that starts as a linear function of its embedding.

    Args:
        outputs: length of its value, or None for a scalar.
        width: neurons a layer.
        depth: residual blocks, of three hidden layers each.
        scale: deviation of the Fourier frequencies of the embedding, in cycles per unit length; a
            dense layer in their place if None.
        activation: of the hidden layers.
        initial: distribution of the first weights.
    """
    width, depth = checked_size("width", width), checked_depth("depth", depth)
    check_kernel(width)
    return PirateNet(
        width,
        depth,
        outputs,
        features=None if scale is None else random_features(width, scale),
        activation=ACTIVATIONS[activation],
        kernel_init=initializer(initial),
    )
