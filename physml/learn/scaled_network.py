"""A network behind the scaler of its training samples, kept and known again by its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.datasets.scaler import Scaler
from physml.errors import FingerprintError, NonFiniteError, ShapeError
from physml.learn.metrics.shapes import finite
from physml.train.named_params import from_named, named

AT_ONCE = 1024
"""Samples that a network sees at once where it predicts."""

_PROBES = 4


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """A network of one sample behind the scaler of its training samples.

    Attributes:
        network: a linen module, or anything with ``init`` and ``apply`` of one sample.
        params: its parameters.
        scaler: of the inputs.
        shape: of one input.
    """

    network: Any
    params: Any
    scaler: Scaler
    shape: tuple[int, ...]

    def __call__(self, inputs: Any) -> np.ndarray:
        """The outputs ``(n,)`` or ``(n, m)`` of inputs ``(n, ...)`` as they are.

        Raises:
            ShapeError: inputs of another shape, masked or complex.
            NonFiniteError: a NaN or an infinity, of which any class would be told; outputs that
                are NaN, as of inputs beyond the largest number of jax's precision.
        """
        if np.size(inputs):
            finite("inputs", inputs)
        x = np.asarray(inputs)
        if x.shape[1:] != self.shape or x.ndim == 0:
            expected = ", ".join(map(str, ("n", *self.shape)))
            raise ShapeError(f"inputs: expected ({expected}), got {x.shape}")
        outputs = np.asarray(_outputs(self.network, self.params, as_inputs(self.scaler, x)))
        if (lost := np.isnan(outputs)).any():
            raise NonFiniteError(
                f"network: expected numbers, got NaN of input {int(np.argwhere(lost)[0, 0])}; are "
                "inputs too large, or parameters NaN?"
            )
        return outputs

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything but the network, by name, with its outputs at some inputs to know it again."""
        # Made, so that none of the data is given away.
        probes = np.random.default_rng(0).normal(size=(_PROBES, *self.shape))
        probes = self.scaler.mean + self.scaler.deviation * probes
        return named(self.params) | {
            "mean": self.scaler.mean,
            "deviation": self.scaler.deviation,
            "probes": probes,
            "answers": self(probes),
        }

    @classmethod
    def read(cls, network: Any, arrays: Any, where: Any) -> ScaledNetwork:
        """What ``arrays`` told, of the same network.

        Raises:
            CheckpointError: parameters of another network.
            FingerprintError: one that gives other outputs, such as by another activation.
        """
        probes = arrays["probes"]
        scaler = Scaler(arrays["mean"], arrays["deviation"])
        outline = jax.eval_shape(network.init, jax.random.key(0), as_inputs(scaler, probes)[0])
        params = from_named(outline, arrays, where)
        found = cls(network, params, scaler, probes.shape[1:])
        answers, scale = arrays["answers"], np.abs(arrays["answers"]).max()
        if not np.allclose(found(probes), answers, rtol=0.0, atol=1e-3 * scale):
            raise FingerprintError(
                f"{where}: the network gives other outputs than the one that was saved; expected "
                "the same activations and options"
            )
        return found


@partial(jax.jit, static_argnums=0)
def _outputs(network: Any, params: Any, inputs: Array) -> Array:
    return jax.lax.map(partial(network.apply, params), inputs, batch_size=AT_ONCE)


def as_inputs(scaler: Scaler, inputs: np.ndarray) -> Array:
    """Scaled inputs in jax's precision."""
    return jnp.asarray(scaler(inputs), jnp.result_type(float))
