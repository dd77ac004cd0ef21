"""A network as layers and a cost, and its gradient by back-propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.learn.backpropagation.costs import Cost
from physml.learn.backpropagation.layer import Layer
from physml.types import Batch, Evaluation, Objective


@dataclass(frozen=True)
class LayeredNetwork:
    """Layers, one after another, and a cost of what comes out.

    The gradient is that of the chain rule, written out layer by layer, and not jax's.

    Attributes:
        layers: the first takes the inputs.
        cost: of the last activations and the targets.

    Raises:
        ConfigurationError: without a layer.

    >>> import jax, jax.numpy as jnp, optax, physml as pm
    >>> network = pm.learn.LayeredNetwork(
    ...     (pm.learn.dense(2, 4, pm.learn.tanh), pm.learn.dense(4, 1)), pm.learn.squared_error)
    >>> x, y = jnp.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), jnp.array([[0.0], [1], [1], [0]])
    >>> fit = pm.fit(network.objective(), pm.fixed((x, y)), optax.adam(0.1),
    ...              network.init(jax.random.key(0)), steps=200, key=jax.random.key(1))
    >>> network.outputs(fit.params, x).round(1).ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """

    layers: tuple[Layer, ...]
    cost: Cost

    def __post_init__(self) -> None:
        """Check that there is a layer."""
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise ConfigurationError("layers: expected at least one, got none")

    def init(self, key: Array) -> tuple[Any, ...]:
        """Parameters to begin with, one entry a layer."""
        keys = jax.random.split(key, len(self.layers))
        return tuple(layer.init(k) for layer, k in zip(self.layers, keys, strict=True))

    def outputs(self, params: Any, inputs: Array) -> Array:
        """The last activations of samples ``(n, ...)``."""
        return self._forward(params, inputs)[0]

    def apply(self, params: Any, x: Array) -> Array:
        """The same of one sample: a model for ``least_squares``, ``cross_entropy`` and the like."""
        return self.outputs(params, x[None])[0]

    def backpropagate(self, params: Any, batch: Batch) -> tuple[Array, Any]:
        """The cost and its gradient by every parameter.

        Args:
            params: as of ``init``.
            batch: ``(inputs (n, ...), targets)``.

        Raises:
            ShapeError: inputs that a layer does not take; targets that the cost does not.
        """
        inputs, targets = _pair(batch)
        outputs, memories = self._forward(params, inputs)
        upstream = self.cost.derivative(outputs, targets)
        gradient = []
        for layer, own, memory in reversed(list(zip(self.layers, params, memories, strict=True))):
            found, upstream = layer.backward(own, memory, upstream)
            gradient.append(found)
        return self.cost.value(outputs, targets), tuple(reversed(gradient))

    def objective(self) -> Objective:
        """The cost for ``fit``: gradients alone, so that first-order optimizers serve it.

        For rows and natural gradients give ``apply`` to ``least_squares`` or ``cross_entropy``.
        """

        def evaluate(params: Any, state: Any, batch: Batch) -> tuple[Evaluation, Any]:
            loss, gradient = self.backpropagate(params, batch)
            return Evaluation(loss, gradient, None, None, {}), state

        def value(params: Any, state: Any, batch: Batch) -> Array:
            inputs, targets = _pair(batch)
            return self.cost.value(self.outputs(params, inputs), targets)

        return Objective(lambda params: (), evaluate, value)

    def _forward(self, params: Any, a: Array) -> tuple[Array, list[Any]]:
        memories = []
        for layer, own in zip(self.layers, params, strict=True):
            a, memory = layer.forward(own, a)
            memories.append(memory)
        return a, memories


def _pair(batch: Batch) -> tuple[Array, Array]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ShapeError(f"batch: expected (inputs, targets), got {type(batch).__name__}")
    inputs, targets = batch
    if len(inputs) != len(targets):
        raise ShapeError(
            f"batch: expected a target for each input, got {inputs.shape} and {targets.shape}"
        )
    return inputs, targets
