"""The network with sines for activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.networks.settings import NetworkSettings
from physml.networks.sizes import checked_outputs, checked_widths, equal_widths
from physml.ranges import check_positive

__all__ = ["SIREN"]


class SIREN(nn.Module):
    """Sinusoidal network: ``h ← sin(ω (h W + b))`` for each hidden layer, then ``h W + b``.

    The first kernel starts with entries ``U(−1/d, 1/d)``, all others with
    ``U(−√(6/n)/ω, √(6/n)/ω)`` for ``n`` inputs. Then ``ω (h W + b)`` has variance 1 in the second
    layer and ``v ← 1 − exp(−2v)`` from each layer to the next, which tends to 0.797. The source
    leaves the biases open: the first ones start with phases ``ω b ~ U(−π, π)``, so that the first
    layer has the arcsine distribution of the source's theorem at every point and for every ``ω``;
    the others start at zero.

    Attributes:
        widths: width of each hidden layer.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.
        frequency: ``ω``; the source uses 30 for images, 1 suits a trust region.
        first_frequency: ``ω`` of the first layer, which sets the frequencies of the network at the
            start, up to ``ω/d`` radians per unit length and coordinate; None for ``frequency``.
        learnable: make ``log ω`` a parameter of each hidden layer, with these starting values.

    Raises:
        ConfigurationError: widths or outputs are not positive integers, or a frequency is not
            positive.

    Source: Sitzmann, Martel, Bergman, Lindell & Wetzstein, "Implicit neural representations with
    periodic activation functions", arXiv:2006.09661.

    >>> import jax, jax.numpy as jnp
    >>> network = SIREN((20,) * 4, first_frequency=5.0, learnable=True)
    >>> z = jnp.array([0.1, 0.2])
    >>> params = network.init(jax.random.key(0), z)
    >>> network.apply(params, z).shape
    ()
    >>> round(float(jnp.exp(params["params"]["log_frequency_0"])), 3)
    5.0
    """

    widths: Sequence[int]
    outputs: int | None = None
    frequency: float = 1.0
    first_frequency: float | None = None
    learnable: bool = False

    def __post_init__(self) -> None:
        """Check the numbers where they are written, not where they are first used."""
        self.widths = checked_widths(self.widths)
        self.outputs = checked_outputs(self.outputs)
        for name in ("frequency", "first_frequency"):
            number = getattr(self, name)
            if number is not None:
                check_positive(name, number)
        super().__post_init__()

    @property
    def last_layer(self) -> tuple[str, ...]:
        """Path of the linear last layer among the parameters."""
        return ("output",)

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
        for layer, width in enumerate(self.widths):
            frequency: float | Array = self.frequency
            if layer == 0:
                frequency = self.frequency if self.first_frequency is None else self.first_frequency
                kernel, bias = _uniform(1 / h.size), _uniform(math.pi / frequency)
            else:
                kernel, bias = self._hidden_kernel(h.size), nn.initializers.zeros
            dense = nn.Dense(
                width, kernel_init=kernel, bias_init=bias, param_dtype=dtype, name=f"Dense_{layer}"
            )
            if self.learnable:
                start = nn.initializers.constant(math.log(frequency))
                frequency = jnp.exp(self.param(f"log_frequency_{layer}", start, (), dtype))
            h = jnp.sin(frequency * dense(h))
        kernel = self._hidden_kernel(h.size)
        h = nn.Dense(self.outputs or 1, kernel_init=kernel, param_dtype=dtype, name="output")(h)
        return h[0] if self.outputs is None else h

    def _hidden_kernel(self, inputs: int) -> Callable[..., Array]:
        return _uniform(math.sqrt(6 / inputs) / self.frequency)


def _uniform(bound: float) -> Callable[..., Array]:
    return lambda key, shape, dtype: jax.random.uniform(key, shape, dtype, -bound, bound)


@NetworkSettings.offer("siren")
def _siren(
    outputs: int | None, *, width: int = 20, depth: int = 4, frequency: float = 1.0
) -> SIREN:
    """Network with sines for activations.

    Args:
        outputs: length of its value, or None for a scalar.
        width: neurons a hidden layer.
        depth: hidden layers.
        frequency: of the first layer, in radians per unit length of its input.
    """
    return SIREN(equal_widths(width, depth), outputs, first_frequency=frequency)
