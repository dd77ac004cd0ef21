"""The recurrent layer, with back-propagation through time."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.learn.backpropagation.activations import Activation, tanh
from physml.learn.backpropagation.dense import Initial
from physml.learn.backpropagation.layer import Layer, expect
from physml.networks import glorot_normal


def recurrent(
    inputs: int, outputs: int, activation: Activation = tanh, *, initial: Initial | None = None
) -> Layer:
    """``z_t = Wᵀa_t + Uᵀh_{t−1} + b``, ``h_t = f(z_t)``, ``h_{−1} = 0``, of series ``(n, t, i)``.

    All states go out, ``(n, t, j)``; see ``last_of_series``. Backwards, from the last time on::

        δ_t = f′(z_t) (∂C/∂h_t + U δ_{t+1})
        ∂C/∂W = Σ_t a_t δ_tᵀ      ∂C/∂U = Σ_t h_{t−1} δ_tᵀ      ∂C/∂b = Σ_t δ_t      ∂C/∂a_t = W δ_t

    Args:
        inputs: numbers of a time that come in.
        outputs: numbers of the state.
        activation: ``f`` and ``f′``.
        initial: of ``W``, ``(inputs, outputs)``, and ``U``, ``(outputs, outputs)``; Glorot's normal
            numbers if None.

    Raises:
        ConfigurationError: sizes that are no positive whole numbers.

    Source: Elman (1990), doi:10.1207/s15516709cog1402_1; Werbos (1990), doi:10.1109/5.58337.
    """
    inputs = as_whole("inputs", inputs, least=1)
    outputs = as_whole("outputs", outputs, least=1)
    weights = glorot_normal() if initial is None else initial

    def init(key: Array) -> dict[str, Array]:
        dtype, keys = jnp.result_type(float), jax.random.split(key)
        return {
            "W": weights(keys[0], (inputs, outputs), dtype),
            "U": weights(keys[1], (outputs, outputs), dtype),
            "b": jnp.zeros(outputs, dtype),
        }

    def forward(params: Any, a: Array) -> tuple[Array, Any]:
        expect("recurrent", a, "t", inputs)
        driven = jnp.swapaxes(a @ params["W"], 0, 1) + params["b"][None, None, :]

        def step(h: Array, drive: Array) -> tuple[Array, tuple[Array, Array]]:
            z = drive + h @ params["U"]
            new = activation.value(z)
            return new, (z, new)

        start = jnp.zeros_like(driven[0])
        _, (z, h) = jax.lax.scan(step, start, driven)
        before = jnp.concatenate([start[None], h[:-1]])
        return jnp.swapaxes(h, 0, 1), (a, z, before)

    def backward(params: Any, memory: Any, upstream: Array) -> tuple[Any, Array]:
        a, z, before = memory

        def step(later: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
            direct, slope = now
            delta = slope * (direct + later @ params["U"].T)
            return delta, delta

        direct = jnp.swapaxes(upstream, 0, 1)
        _, delta = jax.lax.scan(
            step, jnp.zeros_like(direct[0]), (direct, activation.derivative(z)), reverse=True
        )
        gradient = {
            "W": jnp.einsum("nti,tnj->ij", a, delta),
            "U": jnp.einsum("tni,tnj->ij", before, delta),
            "b": jnp.sum(delta, axis=(0, 1)),
        }
        return gradient, jnp.swapaxes(delta @ params["W"].T, 0, 1)

    return Layer(init, forward, backward)


def last_of_series() -> Layer:
    """The state at the last time, ``(n, t, j)`` to ``(n, j)``."""

    def forward(params: Any, a: Array) -> tuple[Array, Any]:
        expect("last_of_series", a, "t", "j")
        return a[:, -1], a.shape

    def backward(params: Any, shape: Any, upstream: Array) -> tuple[Any, Array]:
        return (), jnp.zeros(shape, upstream.dtype).at[:, -1].set(upstream)

    return Layer(lambda key: (), forward, backward)
