"""The fully connected network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.networks.activations import (
    ACTIVATIONS,
    Activation,
    ActivationName,
    activation_of,
)
from physml.networks.initializers import InitialName, glorot_normal, initializer
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import checked_outputs, checked_widths, equal_widths

__all__ = ["MLP"]


class MLP(nn.Module):
    """Fully connected network: ``h ← σ(h W + b)`` for each hidden layer, then ``h W + b``.

    Biases start at zero; the output layer starts with the kernel initializer at gain 1. Parameters
    are float64 where jax's 64-bit mode is on when they are initialised, float32 where it is off.

    Attributes:
        widths: width of each hidden layer.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.
        activation: elementwise smooth function ``σ``, or its name, such as "tanh".
        kernel_init: initializer of the kernels, such as ``orthogonal(5 / 3)``.
        dense: the layers, ``nn.Dense`` or ``FactorisedDense``; a function or class that takes the
            number of outputs, ``kernel_init``, ``param_dtype`` and ``name``.

    Raises:
        ConfigurationError: widths or outputs are not positive integers.

    >>> import jax, jax.numpy as jnp
    >>> from physml.networks import orthogonal
    >>> network = MLP((20,) * 4, kernel_init=orthogonal())
    >>> z = jnp.array([0.1, 0.2])
    >>> params = network.init(jax.random.key(0), z)
    >>> network.apply(params, z).shape
    ()
    >>> sum(leaf.size for leaf in jax.tree.leaves(params))
    1341
    """

    widths: Sequence[int]
    outputs: int | None = None
    activation: Activation | str = jnp.tanh
    kernel_init: Callable[..., Array] = glorot_normal()
    dense: Callable[..., nn.Module] = nn.Dense

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.widths = checked_widths(self.widths)
        self.outputs = checked_outputs(self.outputs)
        self.activation = activation_of(self.activation)
        super().__post_init__()

    @property
    def last_layer(self) -> tuple[str, ...]:
        """Path of the linear last layer among the parameters."""
        return (f"Dense_{len(self.widths)}",)

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The value at one point.

        Args:
            z: point ``(d,)`` or walker ``(N, d)``; flattened.

        Returns:
            ``()``, or ``(outputs,)``.
        """
        dtype = jnp.result_type(float)
        h, act = jnp.ravel(z), activation_of(self.activation)
        # Named alike, whichever layers: equal keys then draw equal kernels.
        for layer, width in enumerate(self.widths):
            dense = self.dense(
                width, kernel_init=self.kernel_init, param_dtype=dtype, name=f"Dense_{layer}"
            )
            h = act(dense(h))
        unit = getattr(self.kernel_init, "unit", self.kernel_init)
        (output,) = self.last_layer
        h = self.dense(self.outputs or 1, kernel_init=unit, param_dtype=dtype, name=output)(h)
        return h[0] if self.outputs is None else h


@NetworkSettings.offer("mlp")
def _mlp(
    outputs: int | None,
    *,
    width: int = 20,
    depth: int = 4,
    activation: ActivationName = "tanh",
    initial: InitialName = "orthogonal",
) -> MLP:
    """Fully connected network.

    Args:
        outputs: length of its value, or None for a scalar.
        width: neurons a hidden layer.
        depth: hidden layers.
        activation: of the hidden layers.
        initial: distribution of the first weights.
    """
    return MLP(
        equal_widths(width, depth),
        outputs,
        ACTIVATIONS[activation],
        kernel_init=initializer(initial),
    )
