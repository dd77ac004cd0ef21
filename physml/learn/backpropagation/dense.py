"""The dense layer: ``z = Wᵀa + b``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.learn.backpropagation.activations import Activation, identity
from physml.learn.backpropagation.layer import Layer, expect
from physml.networks import glorot_normal

Initial = Callable[..., Array]
"""``(key, shape, dtype) -> weights``, as of ``physml.networks`` and ``jax.nn.initializers``."""


def dense(
    inputs: int,
    outputs: int,
    activation: Activation = identity,
    *,
    initial: Initial | None = None,
) -> Layer:
    """``z_j = Σ_i w_ij a_i + b_j``, ``a′_j = f(z_j)``; ``w_ij`` leads from ``i`` to ``j``.

    Backwards, with ``δ_j = ∂C/∂z_j`` of one sample::

        δ_j = f′(z_j) ∂C/∂a′_j        ∂C/∂w_ij = a_i δ_j        ∂C/∂b_j = δ_j
        ∂C/∂a_i = Σ_j w_ij δ_j,  since  ∂z_j/∂a_i = w_ij

    so that between layers ``δ_j = f′(z_j) Σ_k w_jk δ_k``. Gradients of ``W`` and ``b`` are sums
    over samples; the ``1/n`` stands in the cost.

    Args:
        inputs: how many activations come in.
        outputs: how many go out.
        activation: ``f`` and ``f′``.
        initial: of ``W``, ``(inputs, outputs)``; Glorot's normal numbers if None.
            ``b`` begins at 0.

    Raises:
        ConfigurationError: sizes that are no positive whole numbers.

    Source: Rumelhart, Hinton and Williams (1986), doi:10.1038/323533a0.
    """
    inputs = as_whole("inputs", inputs, least=1)
    outputs = as_whole("outputs", outputs, least=1)
    weights = glorot_normal() if initial is None else initial

    def init(key: Array) -> dict[str, Array]:
        dtype = jnp.result_type(float)
        return {"W": weights(key, (inputs, outputs), dtype), "b": jnp.zeros(outputs, dtype)}

    def forward(params: Any, a: Array) -> tuple[Array, Any]:
        expect("dense", a, inputs)
        z = a @ params["W"] + params["b"][None, :]
        return activation.value(z), (a, z)

    def backward(params: Any, memory: Any, upstream: Array) -> tuple[Any, Array]:
        a, z = memory
        delta = upstream * activation.derivative(z)
        return {"W": a.T @ delta, "b": jnp.sum(delta, axis=0)}, delta @ params["W"].T

    return Layer(init, forward, backward)


def flatten() -> Layer:
    """Activations ``(n, ...)`` in a row each, ``(n, m)``."""
    return Layer(
        lambda key: (),
        lambda params, a: (a.reshape(len(a), -1), a.shape),
        lambda params, shape, upstream: ((), upstream.reshape(shape)),
    )
