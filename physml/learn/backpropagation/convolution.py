"""The convolutional layer, and the mean over windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.learn.backpropagation.activations import Activation, identity
from physml.learn.backpropagation.dense import Initial
from physml.learn.backpropagation.layer import Layer, expect
from physml.networks import glorot_normal


def convolution(
    inputs: int,
    outputs: int,
    width: int,
    activation: Activation = identity,
    *,
    stride: int = 1,
    initial: Initial | None = None,
) -> Layer:
    """``z_xyj = Σ_uvi w_uvij a_{sx+u, sy+v, i} + b_j``, ``a′ = f(z)``, of images ``(n, h, w, i)``.

    Only windows that lie within the image: of ``h`` rows ``⌊(h − width)/s⌋ + 1`` are left. (As all
    networks do, it is a correlation: the kernel is not turned over.) Backwards, ``δ = ∂C/∂z``::

        δ_xyj = f′(z_xyj) ∂C/∂a′_xyj
        ∂C/∂w_uvij = Σ_xy a_{sx+u, sy+v, i} δ_xyj        ∂C/∂b_j = Σ_xy δ_xyj
        ∂C/∂a_{sx+u, sy+v, i} gets Σ_j w_uvij δ_xyj of each window that it lies in

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        width: of the square window.
        activation: ``f`` and ``f′``.
        stride: ``s``, by how much windows are apart.
        initial: of ``W``, ``(width, width, inputs, outputs)``; Glorot's normal numbers if None.

    Raises:
        ConfigurationError: sizes that are no positive whole numbers.
        ShapeError: in use, images smaller than the window, or of other channels.

    Source: LeCun et al. (1989), doi:10.1162/neco.1989.1.4.541.
    """
    inputs = as_whole("inputs", inputs, least=1)
    outputs = as_whole("outputs", outputs, least=1)
    width = as_whole("width", width, least=1)
    stride = as_whole("stride", stride, least=1)
    weights = glorot_normal() if initial is None else initial

    def init(key: Array) -> dict[str, Array]:
        dtype = jnp.result_type(float)
        shape = (width, width, inputs, outputs)
        return {"W": weights(key, shape, dtype), "b": jnp.zeros(outputs, dtype)}

    def forward(params: Any, a: Array) -> tuple[Array, Any]:
        expect("convolution", a, "h", "w", inputs)
        rows, columns = left("convolution", a, width, stride)
        z = jnp.broadcast_to(params["b"], (len(a), rows, columns, outputs))
        for u, v, here in windows(width, rows, columns, stride):
            z = z + a[here] @ params["W"][u, v]
        return activation.value(z), (a, z)

    def backward(params: Any, memory: Any, upstream: Array) -> tuple[Any, Array]:
        a, z = memory
        delta = upstream * activation.derivative(z)
        by_weights, by_inputs = jnp.zeros_like(params["W"]), jnp.zeros_like(a)
        rows, columns = z.shape[1:3]
        for u, v, here in windows(width, rows, columns, stride):
            by_weights = by_weights.at[u, v].set(jnp.einsum("nxyi,nxyj->ij", a[here], delta))
            by_inputs = by_inputs.at[here].add(delta @ params["W"][u, v].T)
        return {"W": by_weights, "b": jnp.sum(delta, axis=(0, 1, 2))}, by_inputs

    return Layer(init, forward, backward)


def average_pooling(width: int) -> Layer:
    """The mean of each window of ``width × width`` places, side by side, of ``(n, h, w, i)``.

    Raises:
        ConfigurationError: a width that is no positive whole number.
        ShapeError: in use, images that windows of this width do not cover exactly.
    """
    width = as_whole("width", width, least=1)

    def forward(params: Any, a: Array) -> tuple[Array, Any]:
        expect("average_pooling", a, "h", "w", "i")
        n, rows, columns, channels = a.shape
        if rows % width or columns % width:
            raise ShapeError(
                f"average_pooling: expected rows and columns that {width} divides, got {a.shape}"
            )
        parts = a.reshape(n, rows // width, width, columns // width, width, channels)
        return jnp.mean(parts, axis=(2, 4)), None

    def backward(params: Any, memory: Any, upstream: Array) -> tuple[Any, Array]:
        spread = jnp.repeat(jnp.repeat(upstream, width, axis=1), width, axis=2)
        return (), spread / width**2

    return Layer(lambda key: (), forward, backward)


def left(name: str, a: Array, width: int, stride: int) -> tuple[int, int]:
    """Rows and columns of windows within images.

    Raises:
        ShapeError: images smaller than a window.
    """
    rows, columns = ((size - width) // stride + 1 for size in a.shape[1:3])
    if min(a.shape[1:3]) < width:
        raise ShapeError(f"{name}: expected images of at least {width} × {width}, got {a.shape}")
    return rows, columns


def windows(width: int, rows: int, columns: int, stride: int) -> Iterator[tuple[int, int, Any]]:
    """For each place ``(u, v)`` of a window, the places of images that it meets there."""
    for u in range(width):
        for v in range(width):
            yield (
                u,
                v,
                (
                    slice(None),
                    slice(u, u + stride * (rows - 1) + 1, stride),
                    slice(v, v + stride * (columns - 1) + 1, stride),
                ),
            )
