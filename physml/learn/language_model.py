"""A causal network of a text: trained on its windows, judged in bits, sampled token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.labels import as_labels
from physml.errors import ConfigurationError, ShapeError
from physml.optim import OptimizerSettings, optimizer_of
from physml.sampling import minibatches
from physml.train import FitResult, Run, cost, fit, key_for
from physml.train.callbacks import Callback
from physml.types import Optimizer

_AT_ONCE = 32
"""Windows that a network sees at once where it is judged."""


_UNKNOWN = "expected those of the network's vocabulary, got others, or parameters that are NaN"


class Told(NamedTuple):
    """What tokens cost by a model.

    Attributes:
        bits: ``−log₂ p`` of each, ``(n,)``.
        likeliest: whether it was the likeliest, ``(n,)``.
    """

    bits: np.ndarray
    likeliest: np.ndarray


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A trained network of texts.

    Attributes:
        network: ``(t,)`` tokens to ``(t, V)`` logits of the token after each, causal.
        params: its parameters.
        context: how many tokens it sees at most.
        result: of the fit; None where the parameters are from elsewhere.
    """

    network: Any
    params: Any
    context: int
    result: FitResult | None = None

    def judge(self, tokens: Any) -> Told:
        """What each token but the first ``context/2 + 1`` costs, and whether it was the likeliest.

        Windows overlap by half, so that each token is told by more than ``context/2`` before it.

        Raises:
            ShapeError: tokens that are none, or too few.
            ConfigurationError: tokens that the network does not know.
        """
        tokens, half = as_labels("tokens", tokens), self.context // 2
        if len(tokens) <= self.context:
            raise ShapeError(
                f"tokens: expected more than the context {self.context}, got {len(tokens)}"
            )
        starts = np.arange(0, len(tokens) - self.context, half)
        starts = np.append(starts, len(tokens) - self.context - 1)  # which may overlap by more
        windows = tokens[starts[:, None] + np.arange(self.context + 1)].astype(np.int32)
        nats, right = map(np.asarray, _judged(self.network, self.params, jnp.asarray(windows)))
        places = starts[:, None] + 1 + np.arange(half, self.context)
        bits, likeliest = np.full(len(tokens), np.nan), np.zeros(len(tokens), bool)
        bits[places], likeliest[places] = nats[:, half:] / np.log(2), right[:, half:]
        if np.isnan(bits[half + 1 :]).any():
            raise ConfigurationError(f"tokens: {_UNKNOWN}")
        return Told(bits[half + 1 :], likeliest[half + 1 :])

    def sample(
        self, tokens: Any, length: int, *, key: Array, temperature: float = 1.0
    ) -> np.ndarray:
        """Tokens drawn one by one after those given, ``(length,)``: ``p ∝ e^{z/T}``.

        Args:
            tokens: to begin with, ``(n,)``, at least one; the last ``context`` of them are seen.
            length: how many to draw.
            key: a random key.
            temperature: ``T > 0``; 1 of the model itself, near 0 always the likeliest token.

        Raises:
            ConfigurationError: a temperature that is not positive; tokens that the network does not
                know.
            ShapeError: tokens that are none.
        """
        if not np.finfo(np.float32).tiny <= temperature < np.inf:
            raise ConfigurationError(f"temperature: expected a number > 0, got {temperature}")
        length = as_whole("length", length, least=1)
        first = as_labels("tokens", tokens)[-self.context :]
        seen = np.zeros(self.context, np.int32)
        seen[: len(first)] = first
        drawn, lost = _sampled(
            self.network, length, self.params, jnp.asarray(seen), len(first), key, temperature
        )
        if lost.any():
            raise ConfigurationError(f"tokens: {_UNKNOWN}")
        return np.asarray(drawn)


def language_model(
    network: Any,
    tokens: Any,
    *,
    context: int,
    steps: int,
    optimizer: Optimizer | OptimizerSettings | str,
    size: int = 32,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> LanguageModel:
    """Train a causal network on a text: the least of ``−mean ln p(x_{t+1} | x_1 … x_t)``.

    Of every window of ``context`` tokens all that follow are told at once, so that the network must
    not see them: that it does not is checked first, of its own parameters and of such with noise.

    Args:
        network: a causal module such as ``pm.networks.Transformer(..., causal=True,
            every_step=True, vocabulary=V, outputs=V)``.
        tokens: ``(n,)``, whole numbers from 0.
        context: tokens of a window.
        steps: of the optimizer, on ``size`` windows each.
        optimizer: any that needs gradients alone, such as ``optax.adam(1e-3)``, or a name.
        size: windows of a step.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory.
        callbacks: see ``fit``.
        progress: whether to show a line of progress.

    Raises:
        ConfigurationError: a network that sees what is to come; numbers out of range.
        ShapeError: tokens that are none or too few, a network of other outputs.
        NonFiniteError: a token that is not in the network's vocabulary.
    """
    key = jax.random.key(0) if key is None else key
    context = as_whole("context", context, least=2)
    tokens = as_labels("tokens", tokens)
    if len(tokens) <= context:
        raise ShapeError(f"tokens: expected more than the context {context}, got {len(tokens)}")
    # A window at every eighth place: minibatches hold all of them in memory.
    starts = np.arange(0, len(tokens) - context, 8)
    windows = tokens[starts[:, None] + np.arange(context + 1)].astype(np.int32)
    params = jax.jit(network.init)(key_for(key, "params"), jnp.asarray(windows[0, :-1]))
    _check_causal(network, params, windows[0, :-1], int(tokens.max()))
    result = fit(
        cost(
            lambda params, some: jnp.mean(jax.vmap(partial(_of_window, network, params))(some)[0])
        ),
        minibatches(jnp.asarray(windows), size=as_whole("size", size, least=1)),
        optimizer_of(optimizer, steps),
        params,
        steps=as_whole("steps", steps, least=1),
        key=key_for(key, "fit"),
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return LanguageModel(network, result.params, context, result)


def _check_causal(network: Any, params: Any, tokens: np.ndarray, largest: int) -> None:
    """Refuse a network whose values change with a token after them, or have another shape.

    Parameters that begin at zero, as of a last layer, would hide what it sees.
    """
    apply, half, random = jax.jit(network.apply), len(tokens) // 2, np.random.default_rng(0)
    drawn = jax.tree.map(
        lambda leaf: leaf + random.normal(size=leaf.shape).astype(leaf.dtype), params
    )
    other = tokens.copy()
    other[half:] = (other[half:] + 1) % (largest + 1)
    for some in (params, drawn):
        before, after = apply(some, tokens), apply(some, other)
        if before.ndim != 2 or len(before) != len(tokens) or before.shape[1] <= largest:
            raise ShapeError(
                f"network: expected logits ({len(tokens)}, at least {largest + 1}) of "
                f"{len(tokens)} tokens, got {before.shape}; as by every_step=True and outputs=V"
            )
        if not np.array_equal(before[:half], after[:half], equal_nan=True):
            raise ConfigurationError(
                "network: expected one that sees no token after the one it is at, got one whose "
                "values change with those; make it causal=True"
            )


def _of_window(network: Any, params: Any, window: Array) -> tuple[Array, Array]:
    """``−ln p`` of each token of a window but its first, and whether it was the likeliest."""
    logs, told = jax.nn.log_softmax(network.apply(params, window[:-1])), window[1:]
    # The mode: NaN of a token that is none, and not the last one's.
    costs = -jnp.take_along_axis(logs, told[:, None], axis=1, mode="fill")[:, 0]
    return costs, logs.argmax(axis=1) == told


@partial(jax.jit, static_argnums=0)
def _judged(network: Any, params: Any, windows: Array) -> tuple[Array, Array]:
    told: tuple[Array, Array] = jax.lax.map(
        partial(_of_window, network, params), windows, batch_size=_AT_ONCE
    )
    return told


@partial(jax.jit, static_argnums=(0, 1))
def _sampled(
    network: Any,
    length: int,
    params: Any,
    seen: Array,
    count: int,
    key: Array,
    temperature: float,
) -> tuple[Array, Array]:
    """Tokens, and whether logits were NaN.

    What lies behind the tokens seen is not looked at, since the network is causal.
    """
    full = len(seen)

    def draw(carry: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Any]:
        seen, count = carry
        logits = network.apply(params, seen)[count - 1]
        # Of a low temperature several logits would be infinite, and alike.
        above = (logits - logits.max()) / temperature
        token = jax.random.categorical(key, above).astype(seen.dtype)
        moved = jnp.where(count == full, jnp.roll(seen, -1), seen)
        count = jnp.minimum(count + 1, full)
        return (moved.at[count - 1].set(token), count), (token, jnp.isnan(logits).any())

    keys = jax.random.split(key, length)
    found: tuple[Array, Array] = jax.lax.scan(draw, (seen, jnp.asarray(count)), keys)[1]
    return found
