"""A separable network and its derivatives on a tensor grid, from one-dimensional ones.

    ∂^k u / ∂z_1^k_1 … ∂z_d^k_d (z_1, …, z_d) = Σ_r Π_i (d/dz_i)^k_i f_i^r(z_i)

With ``n`` points an axis the networks see ``d n`` points instead of ``n^d``; what remains is the
contraction over ``r``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError, ShapeError
from physml.networks.separable import Separable, factor_network, factor_shape
from physml.types import Params

__all__ = ["factors", "grid_partial"]


def factors(
    network: Separable, params: Params, axes: Sequence[ArrayLike], orders: Sequence[int]
) -> tuple[Array, ...]:
    """Derivatives of each coordinate's factors: ``(d/dz_i)^k_i f_i^r(z_i)``.

    Forward mode, nested once an order. Inside one ``jax.jit`` several calls share their work.

    Args:
        network: a separable network.
        params: its parameters, for ``d`` coordinates.
        axes: ``d`` arrays, the points ``(n_i,)`` of each coordinate.
        orders: ``d`` integers ``k_i ≥ 0``.

    Returns:
        ``d`` arrays ``(n_i, rank)``, or ``(n_i, rank, outputs)``.

    Raises:
        ConfigurationError: the network is not separable, or the orders are not ``d`` integers ≥ 0.
        ShapeError: the axes are not ``d`` arrays ``(n_i,)``.

    >>> import jax, jax.numpy as jnp
    >>> from physml.networks import Separable
    >>> network = Separable((8,), rank=4)
    >>> params = network.init(jax.random.key(0), jnp.zeros(2))
    >>> f_t, f_xx = factors(network, params, (jnp.linspace(0.0, 1.0, 3), jnp.zeros(5)), (1, 2))
    >>> f_t.shape, f_xx.shape
    ((3, 4), (5, 4))
    """
    axes = _checked_axes(network, params, axes)
    if len(orders) != len(axes) or any(operator.index(order) < 0 for order in orders):
        raise ConfigurationError(
            f"orders: expected an integer >= 0 for each of {len(axes)} coordinates, got {orders}."
        )
    values = []
    for i, (points, order) in enumerate(zip(axes, orders, strict=True)):
        derivative = _factor(network, params["params"][f"factor_{i}"])
        for _ in range(order):
            derivative = _along_the_axis(derivative)
        values.append(jax.vmap(derivative)(points))
    return tuple(values)


def grid_partial(
    network: Separable, params: Params, axes: Sequence[ArrayLike], *axis_indices: int
) -> Array:
    """Partial derivative on a tensor grid: ``∂ⁿu / ∂z_i ∂z_j …``; the value with no indices.

    Args:
        network: a separable network.
        params: its parameters, for ``d`` coordinates.
        axes: ``d`` arrays, the points ``(n_i,)`` of each coordinate.
        axis_indices: one coordinate index for each order: ``1, 1`` is ``∂²u/∂z_1²``.

    Returns:
        ``(n_1, …, n_d)``, or ``(n_1, …, n_d, outputs)``.

    Raises:
        ConfigurationError: the network is not separable, or an index is no integer.
        ShapeError: the axes are not ``d`` arrays ``(n_i,)``, or an index is not a coordinate.

    Source: Cho, Nam, Yang, Yun, Hong & Park, "Separable physics-informed neural networks",
    arXiv:2306.15969.

    >>> import jax, jax.numpy as jnp
    >>> from physml.networks import Separable
    >>> network = Separable((8,), rank=4)
    >>> params = network.init(jax.random.key(0), jnp.zeros(2))
    >>> tx = (jnp.linspace(0.0, 1.0, 3), jnp.linspace(-1.0, 1.0, 5))
    >>> u_t, u_xx = grid_partial(network, params, tx, 0), grid_partial(network, params, tx, 1, 1)
    >>> (u_t - u_xx).shape
    (3, 5)
    """
    d = len(_checked_axes(network, params, axes))
    try:
        indices = [operator.index(index) for index in axis_indices]
    except TypeError:
        raise ConfigurationError(
            f"axis_indices: expected integers (coordinate indices), got {axis_indices!r}."
        ) from None
    if outside := [index for index in indices if not 0 <= index < d]:
        raise ShapeError(
            f"axis_indices: expected indices from 0 to {d - 1} for {d} coordinates, got {outside}."
        )
    values = factors(network, params, axes, [indices.count(i) for i in range(d)])
    components = [] if network.outputs is None else [d + 1]
    operands = [part for i, value in enumerate(values) for part in (value, [i, d, *components])]
    return jnp.einsum(*operands, [*range(d), *components])


def _factor(network: Separable, layers: Params) -> Callable[[Array], Array]:
    f, shape = factor_network(network), factor_shape(network)
    return lambda s: jnp.asarray(f.apply({"params": layers}, s)).reshape(shape)


def _along_the_axis(f: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda s: jax.jvp(f, (s,), (jnp.ones_like(s),))[1]


def _checked_axes(
    network: Separable, params: Params, axes: Sequence[ArrayLike]
) -> tuple[Array, ...]:
    if not isinstance(network, Separable):
        raise ConfigurationError(
            f"network: expected a Separable network, got {type(network).__name__}. Others take "
            "derivatives at points: jax.vmap(partial(u, ...))."
        )
    d = len(params["params"])
    arrays = tuple(jnp.asarray(axis) for axis in axes)
    if len(arrays) != d or any(axis.ndim != 1 for axis in arrays):
        raise ShapeError(
            f"axes: expected {d} arrays (n_i,), the points of each coordinate, got "
            f"{[axis.shape for axis in arrays]}."
        )
    return tuple(axis.astype(jnp.result_type(axis, float)) for axis in arrays)
