"""The transformer: a network of a series, or of a text, by attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.networks.attention import attention
from physml.networks.initializers import glorot_normal
from physml.networks.recurrent import one_series
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import check_kernel, checked_depth, checked_outputs, checked_size

__all__ = ["Transformer"]

PlacesName = Literal["sine", "none"]


class Transformer(nn.Module):
    """Transformer: ``a ← a + attention(norm a)``, ``a ← a + MLP(norm a)``, each block.

    ``a`` begins as ``x W + b`` of each step plus its place as sines, attention has ``heads`` heads
    of ``width/heads`` entries, the MLP one hidden layer of gelu. ``norm`` makes mean 0 and variance
    1 of each step's entries, times a gain and plus a shift. After the last block ``norm(a) V + c``.

    Attributes:
        width: entries of ``a`` at each step.
        depth: blocks.
        outputs: None for a scalar; ``m`` for a vector.
        heads: of attention; they divide the width.
        hidden: neurons of the MLPs; four times the width if None.
        vocabulary: of a text, how many tokens there are: then each step is one of them, a whole
            number from 0, and ``a`` begins as a row of a table.
        causal: whether a step sees those before it and itself alone.
        every_step: the value at each step, and not one of all: of the last step where causal, else
            of the mean.
        places: "sine", or "none": then a series without ``causal`` is a set without order.

    Raises:
        ConfigurationError: sizes that are no positive integers, heads that do not divide the width.
        UnknownNameError: other places.
        ShapeError: in use, what is no series ``(t, d)``, or no whole numbers ``(t,)`` of a text. A
            token that is not in the vocabulary makes the values NaN, at which ``fit`` stops.

    Sources: Vaswani et al. (2017), arXiv:1706.03762; Xiong et al. (2020), arXiv:2002.04745 (norms
    before, not after).

    >>> import jax, jax.numpy as jnp
    >>> network = Transformer(8, 1, outputs=3, heads=2, every_step=True)
    >>> network.init_with_output(jax.random.key(0), jnp.ones((5, 2)))[0].shape
    (5, 3)
    >>> network = Transformer(8, 1, outputs=3, heads=2, vocabulary=7, causal=True)
    >>> network.init_with_output(jax.random.key(0), jnp.array([0, 6, 2]))[0].shape
    (3,)
    """

    width: int
    depth: int
    outputs: int | None = None
    heads: int = 4
    hidden: int | None = None
    vocabulary: int | None = None
    causal: bool = False
    every_step: bool = False
    places: PlacesName = "sine"

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        for name in ("width", "heads"):
            setattr(self, name, checked_size(name, getattr(self, name)))
        for name in ("hidden", "vocabulary"):
            if getattr(self, name) is not None:
                setattr(self, name, checked_size(name, getattr(self, name)))
        self.depth = checked_depth("depth", self.depth)
        self.outputs = checked_outputs(self.outputs)
        if self.width % self.heads:
            raise ConfigurationError(
                f"heads: expected a divisor of the width {self.width}, got {self.heads}."
            )
        if self.places not in ("sine", "none"):
            raise UnknownNameError("places", self.places, ("sine", "none"))
        super().__post_init__()

    @nn.compact
    def __call__(self, series: ArrayLike) -> Array:
        """The value of one series or text.

        Args:
            series: ``(t, d)``, or the tokens ``(t,)`` of a text.

        Returns:
            ``()`` or ``(outputs,)``; at every step ``(t,)`` or ``(t, outputs)``.
        """
        a = self._first(series)
        if self.places == "sine":
            a = a + jnp.asarray(sine_places(len(a), self.width), a.dtype)
        for block in range(self.depth):
            a = a + self._attention(_norm(f"norm_attention_{block}")(a), block)
            a = a + self._hidden(_norm(f"norm_mlp_{block}")(a), block)
        a = _norm("norm")(a)
        if not self.every_step:
            a = a[-1] if self.causal else a.mean(axis=0)
        value = _dense(self.outputs or 1, "output")(a)
        return value[..., 0] if self.outputs is None else value

    def _first(self, series: ArrayLike) -> Array:
        """``a`` before the first block, without the places."""
        if self.vocabulary is None:
            return _dense(self.width, "input")(one_series("Transformer", series))
        tokens = jnp.asarray(series)
        if tokens.ndim != 1 or tokens.size == 0 or not jnp.issubdtype(tokens.dtype, jnp.integer):
            raise ShapeError(
                "Transformer: expected the tokens of one text, whole numbers (t,), got "
                f"{tokens.dtype} {tokens.shape}. Use jax.vmap for many texts."
            )
        small = nn.initializers.normal(0.02)
        table = self.param("table", small, (self.vocabulary, self.width), jnp.result_type(float))
        known = (tokens >= 0) & (tokens < self.vocabulary)
        return jnp.where(known[:, None], table[jnp.where(known, tokens, 0)], jnp.nan)

    def _attention(self, a: Array, block: int) -> Array:
        parts = _dense(3 * self.width, f"attention_{block}")(a)
        # (heads, t, entries) of queries, keys and values
        split = (
            jnp.moveaxis(part.reshape(len(a), self.heads, -1), 1, 0)
            for part in jnp.split(parts, 3, axis=-1)
        )
        seen = jax.vmap(lambda q, k, v: attention(q, k, v, causal=self.causal))(*split)
        joined = jnp.moveaxis(seen, 0, 1).reshape(a.shape)
        return _dense(self.width, f"joined_{block}")(joined)

    def _hidden(self, a: Array, block: int) -> Array:
        hidden = _dense(self.hidden or 4 * self.width, f"hidden_{block}")(a)
        return _dense(self.width, f"mlp_{block}")(nn.gelu(hidden))


def sine_places(steps: int, width: int) -> np.ndarray:
    """Places as sines and cosines of wavelengths from 2π to 2π·10⁴ steps, ``(steps, width)``.

    Source: Vaswani et al. (2017), arXiv:1706.03762, section 3.5.
    """
    waves = 10_000.0 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(steps)[:, None] * waves
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(steps, -1)[:, :width]


def _dense(outputs: int, name: str) -> Any:
    kernel: Callable[..., Array] = glorot_normal()
    return nn.Dense(outputs, kernel_init=kernel, param_dtype=jnp.result_type(float), name=name)


def _norm(name: str) -> Any:
    return nn.LayerNorm(param_dtype=jnp.result_type(float), name=name)


@NetworkSettings.offer("transformer")
def _transformer(
    outputs: int | None,
    *,
    width: int = 32,
    depth: int = 2,
    heads: int = 4,
    causal: bool = False,
    every_step: bool = False,
    places: PlacesName = "sine",
) -> Transformer:
    """Transformer of a series.

    Args:
        outputs: length of its value, or None for a scalar.
        width: entries of a step.
        depth: blocks.
        heads: of attention; they divide the width.
        causal: whether a step sees those before it and itself alone.
        every_step: the value at each step, and not one of all.
        places: sines of the place are added, or it is not told.
    """
    check_kernel(4 * checked_size("width", width))
    return Transformer(
        width, depth, outputs, heads, causal=causal, every_step=every_step, places=places
    )
