"""Initializers of kernels with a gain, which an output layer leaves out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import DTypeLike

__all__ = ["InitialName", "ScaledInitializer", "glorot_normal", "initializer", "orthogonal"]

InitialName = Literal["orthogonal", "glorot"]

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


def initializer(name: InitialName) -> ScaledInitializer:
    """The initializer that the networks by name offer: ``orthogonal(5 / 3)``, ``glorot_normal()``.

    Args:
        name: orthogonal or glorot.

    >>> from physml.networks.initializers import initializer
    >>> round(initializer("orthogonal").gain, 3)
    1.667
    """
    return orthogonal(5 / 3) if name == "orthogonal" else glorot_normal()
