"""Dropout whose random numbers come from outside, and a network with it and layer normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError
from physml.networks.activations import Activation, activation_of
from physml.networks.initializers import glorot_normal
from physml.networks.sizes import checked_outputs, checked_widths

__all__ = ["Dropout", "RegularisedMLP"]


class Dropout(nn.Module):
    """Each entry is 0 with probability ``rate``, else ``h/(1 − rate)``, so that its mean is ``h``.

    It drops only where a key comes, ``network.apply(params, x, rngs={"dropout": key})``, as
    ``classify`` and ``regress`` give one for each sample of each batch while they train; anywhere
    else, as where a model predicts, it is the identity.

    Attributes:
        rate: in [0, 1).

    Raises:
        ConfigurationError: a rate out of range.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014),
    https://jmlr.org/papers/v15/srivastava14a.html.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> half = pm.networks.Dropout(0.5)
    >>> half.apply({}, jnp.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    >>> dropped = half.apply({}, jnp.ones(1000), rngs={"dropout": jax.random.key(0)})
    >>> sorted(set(dropped.tolist())), 450 < int((dropped == 0).sum()) < 550
    ([0.0, 2.0], True)
    """

    rate: float

    def __post_init__(self) -> None:
        """Check the rate where it is written."""
        if not 0 <= self.rate < 1:
            raise ConfigurationError(f"dropout: expected a rate in [0, 1), got {self.rate}")
        super().__post_init__()

    @nn.compact
    def __call__(self, h: ArrayLike) -> Array:
        """The entries, of any shape, some of them dropped."""
        h = jnp.asarray(h)
        if self.rate == 0 or not self.has_rng("dropout"):
            return h
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, h.shape)
        return jnp.where(kept, h / (1 - self.rate), 0)


class RegularisedMLP(nn.Module):
    """Fully connected network: ``h ← drop(σ(norm(h W + b)))``, then ``h W + b``.

    ``norm(h) = g (h − mean h)/√(var h + 1e-6) + s`` over the neurons of a layer, with ``g`` and
    ``s`` of each: a function of one sample, unlike batch normalisation, so that it has rows.

    Attributes:
        widths: width of each hidden layer.
        outputs: None for a value ``()``; ``m`` for a value ``(m,)``.
        activation: elementwise function ``σ``, or its name.
        dropout: rate of ``Dropout`` after each hidden layer.
        layer_norm: whether there is ``norm``.
        kernel_init: initializer of the kernels.

    Raises:
        ConfigurationError: sizes that are no positive integers, a rate out of [0, 1).

    Source: Ba, Kiros and Hinton (2016), arXiv:1607.06450 (layer normalisation).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.RegularisedMLP((8, 8), outputs=3, dropout=0.2, layer_norm=True)
    >>> params = network.init(jax.random.key(0), jnp.ones(4))
    >>> network.apply(params, jnp.ones(4)).shape, sum(x.size for x in jax.tree.leaves(params))
    ((3,), 171)
    """

    widths: Sequence[int]
    outputs: int | None = None
    activation: Activation | str = jnp.tanh
    dropout: float = 0.0
    layer_norm: bool = False
    kernel_init: Callable[..., Array] = glorot_normal()

    def __post_init__(self) -> None:
        """Check all where it is written, not where it is first used."""
        self.widths = checked_widths(self.widths)
        self.outputs = checked_outputs(self.outputs)
        self.activation = activation_of(self.activation)
        if not 0 <= self.dropout < 1:
            raise ConfigurationError(f"dropout: expected a rate in [0, 1), got {self.dropout}")
        super().__post_init__()

    @nn.compact
    def __call__(self, x: ArrayLike) -> Array:
        """The value at one sample, flattened: ``()``, or ``(outputs,)``."""
        dtype = jnp.result_type(float)
        h, act = jnp.ravel(x), activation_of(self.activation)
        for layer, width in enumerate(self.widths):
            h = nn.Dense(
                width, kernel_init=self.kernel_init, param_dtype=dtype, name=f"Dense_{layer}"
            )(h)
            if self.layer_norm:
                h = nn.LayerNorm(param_dtype=dtype, name=f"LayerNorm_{layer}")(h)
            h = Dropout(self.dropout)(act(h))
        unit = getattr(self.kernel_init, "unit", self.kernel_init)
        last = f"Dense_{len(self.widths)}"
        h = nn.Dense(self.outputs or 1, kernel_init=unit, param_dtype=dtype, name=last)(h)
        return h[0] if self.outputs is None else h
