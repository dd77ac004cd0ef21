"""A network's linear last layer, fitted to data by least squares."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from physml.as_numbers import as_numbers, check_finite
from physml.errors import ConfigurationError, ShapeError
from physml.networks.as_module import as_module
from physml.types import Params

__all__ = ["fit_last_layer"]


def fit_last_layer(
    network: nn.Module,
    params: Params,
    points: ArrayLike,
    values: ArrayLike,
    *,
    layer: tuple[str, ...] | None = None,
) -> Params:
    """Parameters whose last layer fits data: ``min over θ of Σ_k |u_θ(z_k) − v_k|²``.

    The network is linear in the kernel and bias ``θ`` of its last layer, so this is one linear
    least-squares problem, solved by singular values; of several solutions it takes the shortest
    ``θ``. All other parameters stay, and so does the scale of a ``FactorisedDense``. This is the
    physics-informed initialisation of a ``PirateNet``; data may be an initial condition repeated
    over time, measurements, or the solution of a simpler equation.

    Args:
        network: ``MLP``, ``SIREN``, ``PirateNet``, an ``nn.Sequential`` that ends with one of them,
            or with ``layer`` any linen module.
        params: its parameters, as from ``init``.
        points: ``(n, d)`` as the network sees them, after any embedding that a problem adds.
        values: ``(n,)`` for a scalar network, ``(n, m)`` for ``m`` outputs.
        layer: path of the layer among the parameters, such as ``("output",)``; None to find it.

    Returns:
        Parameters of the same structure.

    Raises:
        ConfigurationError: the layer is not found, or the network is not linear in it.
        ShapeError: the values are not one for each value of the network; points or values that
            are masked, complex, or none.
        NonFiniteError: a NaN or an infinity among them.

    Source: Wang, Li, Chen & Perdikaris, "PirateNets: physics-informed deep learning with residual
    adaptive networks", arXiv:2402.00326, section 4.2.

    >>> import jax, jax.numpy as jnp
    >>> from physml.networks import PirateNet
    >>> network, x = PirateNet(16, 2), jnp.linspace(0.0, 1.0, 50)[:, None]
    >>> params = network.init(jax.random.key(0), x[0])
    >>> params = fit_last_layer(network, params, x, jnp.sin(3.0 * x[:, 0]))
    >>> round(float(network.apply(params, jnp.array([0.5]))), 2)
    1.0
    """
    network = as_module("network", network)
    path = ("params",) + (_last_layer(network) if layer is None else tuple(layer))
    leaves: dict[tuple[str, ...], Array] = flatten_dict(params)
    linear = {
        at: leaf for at, leaf in leaves.items() if at[: len(path)] == path and at[-1] != "log_scale"
    }
    if not linear:
        raise ConfigurationError(
            f"layer: expected the path of a layer among the parameters, got {path[1:]}; the "
            f"layers are {', '.join(sorted({str(at[1:-1]) for at in leaves}))}."
        )
    start, unravel = ravel_pytree(linear)
    points, values = (
        _finite(name, given) for name, given in (("points", points), ("values", values))
    )

    def value(theta: Array, z: Array) -> Any:
        return network.apply(unflatten_dict(leaves | unravel(theta)), z)

    @jax.jit
    def values_and_slopes(theta: Array) -> tuple[Array, Array]:
        return tuple(
            jax.vmap(function, in_axes=(None, 0))(theta, points)
            for function in (value, jax.jacrev(value))
        )

    offset, matrix = values_and_slopes(jnp.zeros_like(start))
    if values.shape != offset.shape:
        raise ShapeError(
            f"values: expected one for each value of the network at the points, {offset.shape}, "
            f"got {values.shape}."
        )
    change = jnp.max(jnp.abs(values_and_slopes(start)[1] - matrix))
    if change > 1e-3 * jnp.max(jnp.abs(matrix)):
        raise ConfigurationError(
            f"layer: expected one in which the network is linear, got {path[1:]}, with which its "
            "derivatives change. Give the last layer."
        )
    rows = matrix.reshape(-1, start.size)
    solution = jnp.linalg.lstsq(rows, jnp.ravel(values - offset))[0]
    return unflatten_dict(leaves | unravel(solution.astype(start.dtype)))


def _finite(name: str, given: Any) -> Array:
    """Numbers of data, of which one that is none would leave none in the layer."""
    found = as_numbers(name, given)
    if found.size == 0:
        raise ShapeError(f"{name}: expected one or more, got {found.shape}")
    check_finite(name, found)
    return jnp.asarray(found)


def _last_layer(network: Any) -> tuple[str, ...]:
    if isinstance(network, nn.Sequential):
        last = len(network.layers) - 1
        return (f"layers_{last}",) + _last_layer(network.layers[last])
    path = getattr(network, "last_layer", None)
    if path is None:
        raise ConfigurationError(
            f"network: expected one with a linear last layer, got {type(network).__name__}. Use "
            "MLP, SIREN or PirateNet, or give layer, the path of one among the parameters."
        )
    return tuple(path)
