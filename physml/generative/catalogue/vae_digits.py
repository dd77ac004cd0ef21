"""Handwritten digits by a variational autoencoder: bounds, a map, latents that tell classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array
from scipy.special import gammaln, xlogy

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.datasets.dataset import Dataset
from physml.datasets.known_sets import digits
from physml.errors import ConfigurationError
from physml.generative.autoencoders.observation_model import binomial
from physml.generative.autoencoders.vae import vae
from physml.generative.autoencoders.variational_autoencoder import VariationalAutoencoder
from physml.generative.catalogue.digit_images import DigitImages
from physml.generative.judge.classifier import class_judge
from physml.generative.judge.share import Share
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback

_TRIALS, _PIXELS = 16, 64


@dataclass(frozen=True, kw_only=True)
class DigitsRecipe:
    """How they are learned.

    Attributes:
        latent: numbers of an image.
        widths: of the hidden layers of the encoder; of the decoder in reverse.
        beta: β.
        conditional: whether both networks are told the digit.
        optimizer: any.
        size: images of a step.
        steps: how many.
        judge: draws an image for the bounds.
    """

    latent: int = 8
    widths: tuple[int, ...] = (128,)
    beta: float = 1.0
    conditional: bool = False
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=3e-3, cosine=4000)
    )
    size: int = 64
    steps: int = 4000
    judge: int = 256

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name, least in (("latent", 1), ("size", 1), ("steps", 0), ("judge", 2)):
            as_whole(name, getattr(self, name), least=least)
        as_whole("latent", self.latent, least=1, most=_PIXELS)
        check_positive("beta", self.beta)

    def networks(self) -> tuple[MLP, MLP]:
        """Encoder and decoder."""
        encoder = MLP(self.widths, outputs=2 * self.latent, activation=jax.nn.gelu)
        return encoder, MLP(self.widths[::-1], outputs=_PIXELS, activation=jax.nn.gelu)


def solve(
    subject: DigitImages,
    recipe: DigitsRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> VariationalAutoencoder:
    """Train on one part of the images, judge by the other."""
    data = subject.data(key)
    found = vae(
        data,
        *recipe.networks(),
        latent=recipe.latent,
        beta=recipe.beta,
        likelihood=binomial(_TRIALS),
        conditional=recipe.conditional,
        optimizer=recipe.optimizer.build(),
        size=recipe.size,
        steps=recipe.steps,
        judge=recipe.judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    told: dict[str, Any] = {"alone": pixels_alone(data.train.inputs, data.test.inputs)}
    if recipe.conditional:
        judge = class_judge(data, key=key_for(key, "check"))
        labels = np.arange(2000) % data.classes
        drawn = found.sample(key_for(key, "measure"), len(labels), labels)
        told |= _named("class", judge.agreement(drawn, labels))
        told |= _named("judge", judge.accuracy)
    else:
        told |= classes_by_latents(found, data, key_for(key, "check"))
    return replace(found, found=told)


def pixels_alone(train: np.ndarray, test: np.ndarray) -> float:
    """The mean of ``ln p`` of test images, each pixel a binomial of its own mean: no latents."""
    p = (train.sum(axis=0) + 0.5) / (_TRIALS * len(train) + 1)
    ways = gammaln(_TRIALS + 1) - gammaln(test + 1) - gammaln(_TRIALS - test + 1)
    each = ways + xlogy(test, p) + xlogy(_TRIALS - test, 1 - p)
    return float(each.sum(axis=(1, 2)).mean())


def classes_by_latents(found: VariationalAutoencoder, data: Dataset, key: Array) -> dict[str, Any]:
    """Accuracies of logistic regression from latent means, principal components, and pixels."""
    flat = data.inputs.reshape(len(data), -1)
    train = flat[~data.split]
    mean = train.mean(axis=0)
    _, _, rows = np.linalg.svd(train - mean, full_matrices=False)
    seen = {
        "latent": found.encode(data.inputs)[0],
        "pca": (flat - mean) @ rows[: found.model.latent].T,
        "pixel": flat,
    }
    told: dict[str, Any] = {}
    for name, inputs in seen.items():
        network = MLP((), outputs=data.classes)
        part = Dataset(inputs, data.labels, split=data.split)
        judge = class_judge(part, network, optimizer=_logistic(), size=None, steps=400, key=key)
        told |= _named(name, judge.accuracy)
    return told


def _logistic() -> OptimizerSettings:
    return OptimizerSettings(name="adam", learning_rate=5e-2, cosine=400)


def _named(name: str, told: Share | None) -> dict[str, Any]:
    """An accuracy with its error, by name."""
    return {} if told is None else {f"{name}_accuracy": told.value, f"{name}_error": told.error}


def check(subject: DigitImages, recipe: DigitsRecipe) -> None:
    """Ask for the data, and build networks and optimizer, before a run is made.

    Raises:
        MissingDependencyError: without scikit-learn.
        ConfigurationError: a step of more images than there are.
    """
    recipe.networks()
    recipe.optimizer.check(recipe.steps)
    most = int((1 - subject.held_out) * len(digits()))
    if recipe.size > most:
        raise ConfigurationError(f"size: expected at most {most} images, got {recipe.size}")


def load(subject: Any, recipe: DigitsRecipe, directory: Path) -> VariationalAutoencoder:
    """Read the saved autoencoder of a recipe."""
    return VariationalAutoencoder.load(directory, *recipe.networks(), binomial(_TRIALS))


def _recipe(steps: int, **options: Any) -> DigitsRecipe:
    optimizer = OptimizerSettings(name="adam", learning_rate=3e-3, cosine=steps)
    return DigitsRecipe(optimizer=optimizer, steps=steps, **options)


ENTRY = Entry(
    "vae-digits",
    "max E_q[ln p(x | z)] − KL(q ‖ p), 8 × 8 pixels, counts of 16",
    "held-out bound; classes from principal components and from pixels",
    DigitImages(),
    {
        "default": DigitsRecipe(),
        "map": _recipe(4000, latent=2),
        "conditional": _recipe(4000, conditional=True),
        "quick": _recipe(600, judge=64),
    },
    solve,
    extendable=(),
    load=load,
    check=check,
)
