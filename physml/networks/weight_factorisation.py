"""Dense layers whose kernel is a product of a scale for each neuron and a direction."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from physml.errors import ConfigurationError
from physml.networks.initializers import glorot_normal
from physml.networks.sizes import checked_size

__all__ = ["FactorisedDense"]


class FactorisedDense(nn.Module):
    """Random weight factorisation: ``h → h W + b`` with ``W_ij = V_ij exp(s_j)``.

    Both ``V`` and ``s`` are trained. ``s_j ~ N(μ, σ²)`` is drawn and ``V`` follows, so that ``W``
    starts as exactly what ``kernel_init`` draws: the network at the start is that of ``nn.Dense``
    and only its training differs. In the source's notation, where kernels are transposed,
    ``W = diag(exp s) V``.

    Attributes:
        features: outputs of the layer.
        mean: ``μ``; the source recommends 0.5 or 1.
        stddev: ``σ``.
        kernel_init: initializer of ``W``.
        use_bias: whether to add ``b``, which starts at zero.
        param_dtype: of the parameters; None for the widest that jax's mode allows.

    Raises:
        ConfigurationError: the features are no positive integer, or the deviation is negative.

    Source: Wang, Wang, Seidman & Perdikaris, "Random weight factorization improves the training of
    continuous neural representations", arXiv:2210.01274.

    >>> import jax, jax.numpy as jnp
    >>> from physml.networks import MLP
    >>> z = jnp.array([0.1, 0.2])
    >>> network = MLP((20,) * 4, dense=FactorisedDense)
    >>> params = network.init(jax.random.key(0), z)
    >>> params["params"]["Dense_1"]["kernel"]["log_scale"].shape
    (20,)
    >>> plain = MLP((20,) * 4)
    >>> value = plain.apply(plain.init(jax.random.key(0), z), z)
    >>> bool(jnp.allclose(network.apply(params, z), value))
    True
    """

    features: int
    mean: float = 1.0
    stddev: float = 0.1
    kernel_init: Callable[..., Array] = glorot_normal()
    use_bias: bool = True
    param_dtype: DTypeLike | None = None

    def __post_init__(self) -> None:
        """Check the numbers where they are written, not where they are first used."""
        self.features = checked_size("features", self.features)
        if not self.stddev >= 0:
            raise ConfigurationError(f"stddev: expected a number >= 0, got {self.stddev}.")
        super().__post_init__()

    @nn.compact
    def __call__(self, h: ArrayLike) -> Array:
        """The layer's value.

        Args:
            h: ``(..., inputs)``.

        Returns:
            ``(..., features)``.
        """
        h = jnp.asarray(h)
        dtype = jnp.result_type(float) if self.param_dtype is None else self.param_dtype
        kernel = self.param("kernel", self._draw, (h.shape[-1], self.features), dtype)
        value = h @ (kernel["direction"] * jnp.exp(kernel["log_scale"])[None, :])
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros, (self.features,), dtype)
            value = value + bias.reshape((1,) * (value.ndim - 1) + (-1,))
        return value

    # One entry for both factors: V depends on s, and W takes the key it has in nn.Dense.
    def _draw(self, key: Array, shape: tuple[int, int], dtype: DTypeLike) -> dict[str, Array]:
        normal = jax.random.normal(jax.random.fold_in(key, 1), shape[1:], dtype)
        log_scale = self.mean + self.stddev * normal
        direction = self.kernel_init(key, shape, dtype) / jnp.exp(log_scale)[None, :]
        return {"direction": direction, "log_scale": log_scale}
