"""The network that is a sum of products of functions of one coordinate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ShapeError
from physml.networks.activations import (
    ACTIVATIONS,
    Activation,
    ActivationName,
    activation_of,
)
from physml.networks.initializers import InitialName, glorot_normal, initializer
from physml.networks.mlp import MLP
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import checked_outputs, checked_size, checked_widths, equal_widths

__all__ = ["Separable"]


class Separable(nn.Module):
    """Separable network: ``u(z) = Σ_r Π_i f_i^r(z_i)``, an MLP ``f_i`` for each coordinate.

    At one point it works like any network. On a tensor grid ``grid_partial`` gives it and its
    derivatives at the cost of one-dimensional ones.

    Attributes:
        widths: width of each hidden layer of each ``f_i``.
        rank: number of products ``r``, for each component.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.
        activation: elementwise function of the hidden layers, or its name, such as "tanh".
        kernel_init: initializer of the kernels, such as ``orthogonal(5 / 3)``.

    Raises:
        ConfigurationError: widths, rank or outputs are not positive integers.
        ShapeError: in use, a point of fewer coordinates than its parameters are of.

    Source: Cho, Nam, Yang, Yun, Hong & Park, "Separable physics-informed neural networks",
    arXiv:2306.15969.

    >>> import jax, jax.numpy as jnp
    >>> network = Separable((16, 16), rank=8, outputs=2)
    >>> z = jnp.array([0.1, 0.2, 0.3])
    >>> params = network.init(jax.random.key(0), z)
    >>> network.apply(params, z).shape, sorted(params["params"])
    ((2,), ['factor_0', 'factor_1', 'factor_2'])
    """

    widths: Sequence[int]
    rank: int
    outputs: int | None = None
    activation: Activation | str = jnp.tanh
    kernel_init: Callable[..., Array] = glorot_normal()

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.widths = checked_widths(self.widths)
        self.rank = checked_size("rank", self.rank)
        self.outputs = checked_outputs(self.outputs)
        self.activation = activation_of(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The value at one point.

        Args:
            z: point ``(d,)`` or walker ``(N, d)``; flattened.

        Returns:
            ``()``, or ``(outputs,)``.
        """
        z = jnp.ravel(z)
        if self.has_variable("params", f"factor_{z.size}"):
            raise ShapeError(
                f"Separable: expected a point of as many coordinates as there are factors, got "
                f"{z.size}, which leaves some out"
            )
        shape = factor_shape(self)
        products = jnp.ones(shape, jnp.result_type(z, float))
        for axis in range(z.size):
            f = factor_network(self, name=f"factor_{axis}")
            products = products * f(z[axis]).reshape(shape)
        return jnp.sum(products, axis=0)


def factor_network(separable: Separable, *, name: str | None = None) -> MLP:
    """The network of one coordinate, with ``rank · outputs`` values."""
    return MLP(
        separable.widths,
        outputs=separable.rank * (separable.outputs or 1),
        activation=separable.activation,
        kernel_init=separable.kernel_init,
        name=name,
    )


def factor_shape(separable: Separable) -> tuple[int, ...]:
    """``(rank,)``, or ``(rank, outputs)``."""
    return (separable.rank,) + (() if separable.outputs is None else (separable.outputs,))


@NetworkSettings.offer("separable")
def _separable(
    outputs: int | None,
    *,
    width: int = 20,
    depth: int = 4,
    rank: int | None = None,
    activation: ActivationName = "tanh",
    initial: InitialName = "orthogonal",
) -> Separable:
    """Sum of products of functions of one coordinate.

    Args:
        outputs: length of its value, or None for a scalar.
        width: neurons a hidden layer.
        depth: hidden layers.
        rank: products; as many as the width if None.
        activation: of the hidden layers.
        initial: distribution of the first weights.
    """
    return Separable(
        equal_widths(width, depth),
        width if rank is None else rank,
        outputs,
        ACTIVATIONS[activation],
        initializer(initial),
    )
