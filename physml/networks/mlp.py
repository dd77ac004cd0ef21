"""The fully connected network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from physml.networks.sizes import check_outputs, checked_widths

__all__ = ["MLP", "ScaledInitializer", "glorot_normal", "orthogonal"]

# One object each, so that networks built alike compare equal and share a compiled program.
_GLOROT_NORMAL = nn.initializers.glorot_normal()
_ORTHOGONAL = nn.initializers.orthogonal()


@dataclasses.dataclass(frozen=True)
class ScaledInitializer:
    """An initializer times a gain: ``W = gain · W₁``.

    A network uses ``unit`` alone for its output layer, which no activation follows.

    Attributes:
        unit: the initializer of gain 1.
        gain: the factor, the activation's.

    >>> import jax
    >>> initializer = ScaledInitializer(jax.nn.initializers.ones, 3.0)
    >>> initializer(jax.random.key(0), (1, 2)).tolist()
    [[3.0, 3.0]]
    """

    unit: Callable[..., Array]
    gain: float = 1.0

    def __call__(self, key: Array, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        """A kernel ``(inputs, outputs)``."""
        return self.gain * self.unit(key, shape, jnp.result_type(float) if dtype is None else dtype)


def glorot_normal(gain: float = 1.0) -> ScaledInitializer:
    """Kernels with independent normal entries of variance ``2 gain² / (inputs + outputs)``.

    Args:
        gain: the factor of every layer but the output layer.

    Returns:
        An initializer ``(key, shape, dtype) -> (inputs, outputs)``.

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010. The entries are truncated at two standard deviations.

    >>> import jax
    >>> glorot_normal()(jax.random.key(0), (3, 5)).shape
    (3, 5)
    """
    return ScaledInitializer(_GLOROT_NORMAL, gain)


def orthogonal(gain: float = 5 / 3) -> ScaledInitializer:
    """Kernels whose rows or columns, whichever are fewer, are orthogonal and of length ``gain``.

    Args:
        gain: the factor of every layer but the output layer; 5/3 suits tanh.

    Returns:
        An initializer ``(key, shape, dtype) -> (inputs, outputs)``.

    Source: Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks", arXiv:1312.6120.

    >>> import jax, jax.numpy as jnp
    >>> W = orthogonal(2.0)(jax.random.key(0), (3, 3))
    >>> bool(jnp.allclose(W @ W.T, 4.0 * jnp.eye(3), atol=1e-5))
    True
    """
    return ScaledInitializer(_ORTHOGONAL, gain)


class MLP(nn.Module):
    """Fully connected network: ``h ← σ(h W + b)`` for each hidden layer, then ``h W + b``.

    Biases start at zero; the output layer starts with the kernel initializer at gain 1. Parameters
    are float64 where jax's 64-bit mode is on when they are initialised, float32 where it is off.

    Attributes:
        widths: width of each hidden layer.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.
        activation: elementwise function ``σ``.
        kernel_init: initializer of the kernels, such as ``orthogonal(5 / 3)``.
        dense: the layers, ``nn.Dense`` or ``FactorisedDense``; a function or class that takes the
            number of outputs, ``kernel_init``, ``param_dtype`` and ``name``.

    Raises:
        ConfigurationError: widths or outputs are not positive integers.

    >>> import jax, jax.numpy as jnp
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
    activation: Callable[[Array], Array] = jnp.tanh
    kernel_init: Callable[..., Array] = glorot_normal()
    dense: Callable[..., nn.Module] = nn.Dense

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.widths = checked_widths(self.widths)
        check_outputs(self.outputs)
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
        h = jnp.ravel(z)
        # Named alike, whichever layers: equal keys then draw equal kernels.
        for layer, width in enumerate(self.widths):
            dense = self.dense(
                width, kernel_init=self.kernel_init, param_dtype=dtype, name=f"Dense_{layer}"
            )
            h = self.activation(dense(h))
        unit = getattr(self.kernel_init, "unit", self.kernel_init)
        (output,) = self.last_layer
        h = self.dense(self.outputs or 1, kernel_init=unit, param_dtype=dtype, name=output)(h)
        return h[0] if self.outputs is None else h
