"""Newton's Opticks told character by character, by a transformer and by a trigram model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.text import opticks
from physml.errors import ConfigurationError
from physml.learn.language_model import language_model
from physml.learn.n_gram import NGram, n_gram
from physml.networks import Transformer
from physml.optim.settings import OptimizerSettings
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.named_params import named
from physml.train.study import Panel, Study


@dataclass(frozen=True)
class Opticks:
    """The first book of Newton's Opticks, 244,604 characters, 78 different.

    Attributes:
        held_out: the part at its end to judge on; as much before it chooses the trigram's strength.
    """

    held_out: float = 0.1


@dataclass(frozen=True, kw_only=True)
class WriterRecipe:
    """How it is told.

    Attributes:
        width: of the transformer.
        depth: its blocks.
        heads: of attention.
        context: characters that it sees at most.
        optimizer: one that needs gradients alone.
        steps: of the optimizer.
        size: windows of a step.
        strengths: of the trigram model, of which the validation part chooses.
        length: characters to write.
        temperature: of what is written.
    """

    width: int = 64
    depth: int = 2
    heads: int = 4
    context: int = 64
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=3e-3, decay=1000.0)
    )
    steps: int = 2000
    size: int = 32
    strengths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    length: int = 300
    temperature: float = 0.7

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name, least in (("context", 2), ("steps", 1), ("size", 1), ("length", 1)):
            if getattr(self, name) < least:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )
        for name in ("strengths", "temperature"):
            numbers = getattr(self, name)
            if not numbers or not all(0 < x < math.inf for x in np.atleast_1d(numbers)):
                raise ConfigurationError(f"{name}: expected numbers > 0, got {numbers}")


def network(recipe: WriterRecipe, vocabulary: int) -> Transformer:
    """The network of a recipe."""
    return Transformer(
        recipe.width,
        recipe.depth,
        vocabulary,
        recipe.heads,
        vocabulary=vocabulary,
        causal=True,
        every_step=True,
    )


def solve(
    subject: Opticks,
    recipe: WriterRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on the beginning of the text, judge on its end, once."""
    text = opticks()
    tokens, vocabulary = text.tokens(), len(text.alphabet)
    held = round(subject.held_out * len(tokens))
    train, validation, test = np.split(tokens, [len(tokens) - 2 * held, len(tokens) - held])
    model = language_model(
        network(recipe, vocabulary),
        train,
        context=recipe.context,
        steps=recipe.steps,
        optimizer=recipe.optimizer,
        size=recipe.size,
        key=key,
        run=run,
        callbacks=callbacks,
    )
    told = model.judge(test)
    counted = {s: n_gram(train, 3, strength=s, vocabulary=vocabulary) for s in recipe.strengths}
    chosen = [float(counts.bits(validation).mean()) for counts in counted.values()]
    strength = recipe.strengths[int(np.argmin(chosen))]
    same = len(told.bits)  # both are judged on the same characters
    trigram = _bits(counted[strength], test, same)
    single = _bits(n_gram(train, 1, strength=1.0, vocabulary=vocabulary), test, same)
    begin = "The Light"
    drawn = model.sample(
        text.tokens(begin),
        recipe.length,
        key=key_for(key, "measure"),
        temperature=recipe.temperature,
    )
    written = begin + text.read(drawn)
    result: Any = model.result
    losses = result.history["loss"]
    found = {
        "accuracy": float(told.likeliest.mean()),
        "bits": float(told.bits.mean()),
        "trigram_bits": trigram,
        "single_bits": single,
        "trigram_strength": strength,
        "loss": float(np.mean(losses[-100:])),
        "train": len(train),
        "test": same,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(model.params)),
        "steps": len(losses),
        "compile_seconds": result.compile_seconds,
    }
    said = {
        "bits per character": f"{found['bits']:.3f} on {same} characters not trained on",
        "beside": f"trigram model {trigram:.3f} (strength {strength:g} by the validation part), "
        f"single characters {single:.3f}",
        "likeliest character": f"right in {found['accuracy']:.1%}",
        "written": written.replace("\n", " / "),
    }
    steps = np.arange(len(losses))
    ends = np.array([0, len(losses) - 1])
    panels = [
        Panel(
            "step",
            "bits per character",
            {
                "windows trained on": (steps, losses / np.log(2)),
                "held out, at the end": (ends, np.full(2, found["bits"])),
                "trigram, held out": (ends, np.full(2, trigram)),
            },
        ),
        Panel(
            "strength of the trigram's prior",
            "bits per character",
            {"validation": (recipe.strengths, chosen)},
            "x",
        ),
    ]
    arrays = named(model.params)
    return Study("language-model", found, said, arrays | {"written": drawn}, panels)


def _bits(counts: NGram, tokens: np.ndarray, last: int) -> float:
    """The mean over the last tokens."""
    return float(counts.bits(tokens)[-last:].mean())


def check(subject: Opticks, recipe: WriterRecipe) -> None:
    """Build network and optimizer, and see that the parts are longer than a window.

    Raises:
        ConfigurationError: a part to hold out that is none or too short; sizes that do not fit.
    """
    if not 0 < subject.held_out < 0.5:
        raise ConfigurationError(f"held_out: expected a part in (0, 0.5), got {subject.held_out}")
    network(recipe, 78)
    recipe.optimizer.check(recipe.steps)
    windows = ((1 - 2 * subject.held_out) * len(opticks()) - recipe.context) / 8
    if recipe.size > windows:
        raise ConfigurationError(
            f"size: expected at most the {windows:.0f} windows, got {recipe.size}"
        )
    if subject.held_out * len(opticks()) <= 2 * recipe.context:
        raise ConfigurationError(
            f"held_out: expected far more characters than the context {recipe.context}, got "
            f"{subject.held_out} of {len(opticks())}"
        )


ENTRY = Entry(
    "language-model",
    "−mean log₂ p(x_t | x_1 … x_{t−1}), Newton's Opticks",
    "end of the text",
    Opticks(),
    {
        "default": WriterRecipe(),
        "quick": WriterRecipe(width=32, depth=1, context=32, steps=400),
    },
    solve,
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
