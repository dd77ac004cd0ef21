"""Networks for the gradient of a value function: what is odd or linear in them comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jax import Array

from physml.networks.initializers import glorot_normal
from physml.networks.sizes import checked_widths


class _FromZero(nn.Module):
    """A fully connected network whose value is 0 at first: the gradient that costs no steering."""

    widths: Sequence[int]
    outputs: int

    @nn.compact
    def __call__(self, h: Array) -> Array:
        dtype = jnp.result_type(float)
        for width in checked_widths(self.widths):
            h = jnp.tanh(nn.Dense(width, kernel_init=glorot_normal(), param_dtype=dtype)(h))
        zeros = nn.initializers.zeros
        return nn.Dense(self.outputs, kernel_init=zeros, param_dtype=dtype)(h)


class RadialGradient(nn.Module):
    """``∇u = x s(t, |x|²/d)``: the gradient of what depends on the distance alone.

    Attributes:
        widths: of the hidden layers of ``s``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.control.RadialGradient((8,))
    >>> params = network.init(jax.random.key(0), jnp.array(0.0), jnp.ones(3))
    >>> network.apply(params, jnp.array(0.0), jnp.zeros(3)).tolist()
    [0.0, 0.0, 0.0]
    """

    widths: Sequence[int] = (16, 16)

    @nn.compact
    def __call__(self, t: Array, x: Array) -> Array:
        """``∇u`` at one time and place, ``(d,)``."""
        mean = jnp.mean(x**2)
        return x * _FromZero(self.widths, 1)(jnp.stack([t, mean, jnp.log1p(x.size * mean)]))


class SkipGradient(nn.Module):
    """``∇u = c + x ∘ (a + b t) + N(t, x)``: a linear part beside a network.

    Attributes:
        widths: of the hidden layers of ``N``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.control.SkipGradient((8,))
    >>> params = network.init(jax.random.key(0), jnp.array(0.0), jnp.ones(3))
    >>> network.apply(params, jnp.array(0.0), jnp.zeros(3)).shape
    (3,)
    """

    widths: Sequence[int] = (16, 16)

    @nn.compact
    def __call__(self, t: Array, x: Array) -> Array:
        """``∇u`` at one time and place, ``(d,)``."""
        d, dtype = x.size, jnp.result_type(float)
        constant = self.param("constant", nn.initializers.zeros, (d,), dtype)
        slope = self.param("slope", nn.initializers.zeros, (2,), dtype)
        rest = _FromZero(self.widths, d)(jnp.concatenate([t[None], x]))
        return constant + x * (slope[0] + slope[1] * t) + rest


class ScaledValue(nn.Module):
    """``u = c N(t, x) + u₀(t, x)``: a value itself, of which the gradient is taken.

    Attributes:
        widths: of the hidden layers of ``N``.
        scale: ``c``.
        near: ``u₀``, ``(t, x) -> ()``, which is known; 0 if None.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.control.ScaledValue((8,), 100.0)
    >>> params = network.init(jax.random.key(0), jnp.array(0.0), jnp.ones(1))
    >>> network.apply(params, jnp.array(0.0), jnp.ones(1)).shape
    ()
    """

    widths: Sequence[int] = (16, 16)
    scale: float = 1.0
    near: Callable[[Array, Array], Array] | None = None

    @nn.compact
    def __call__(self, t: Array, x: Array) -> Array:
        """``u`` at one time and place, ``()``."""
        value = self.scale * _FromZero(self.widths, 1)(jnp.concatenate([t[None], x]))[0]
        return value if self.near is None else value + self.near(t, x)
