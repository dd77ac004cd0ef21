"""The network whose value is a Fourier series with coefficients that a network gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ShapeError
from physml.networks.mlp import MLP, glorot_normal
from physml.networks.sizes import check_outputs, check_size, checked_widths

__all__ = ["FourierSeries"]


class FourierSeries(nn.Module):
    """``u = a₀(y) + Σ_k a_k(y) cos kθ + b_k(y) sin kθ``, coefficients by an MLP of the rest ``y``.

    For problems with one periodic coordinate, the last: of the point that a ``Problem`` embeds, the
    last two entries are ``cos θ`` and ``sin θ`` and those before them ``y``, such as the time. Near
    linear in most of its parameters, so that second-order optimizers need few steps; derivatives
    along θ cost next to nothing.

    Attributes:
        widths: width of each hidden layer.
        waves: the highest ``k``.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.
        activation: elementwise function of the hidden layers.
        kernel_init: initializer of the kernels.

    Raises:
        ConfigurationError: widths, waves or outputs are not positive integers.
        ShapeError: a point without ``cos θ`` and ``sin θ``.

    >>> import jax, jax.numpy as jnp
    >>> network = FourierSeries((16,), waves=3)
    >>> z = jnp.array([0.1, 1.0, 0.0])
    >>> network.apply(network.init(jax.random.key(0), z), z).shape
    ()
    """

    widths: Sequence[int]
    waves: int
    outputs: int | None = None
    activation: Callable[[Array], Array] = jnp.tanh
    kernel_init: Callable[..., Array] = glorot_normal()

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.widths = checked_widths(self.widths)
        check_size("waves", self.waves)
        check_outputs(self.outputs)
        super().__post_init__()

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The value at one embedded point.

        Args:
            z: ``(m + 2,)``: ``y``, ``cos θ``, ``sin θ``.

        Returns:
            ``()``, or ``(outputs,)``.
        """
        z = jnp.ravel(z)
        if z.size < 3:
            raise ShapeError(
                "FourierSeries: expected a point (y, cos θ, sin θ) of a problem whose last "
                f"coordinate is periodic, got shape {z.shape}"
            )
        angle = jnp.arctan2(z[-1], z[-2]) * jnp.arange(1, self.waves + 1)
        basis = jnp.concatenate([jnp.ones(1, z.dtype), jnp.cos(angle), jnp.sin(angle)])
        count = self.outputs or 1
        coefficients = MLP(
            self.widths,
            outputs=count * basis.size,
            activation=self.activation,
            kernel_init=self.kernel_init,
            name="coefficients",
        )(z[:-2])
        value = coefficients.reshape(count, basis.size) @ basis
        return value[0] if self.outputs is None else value
