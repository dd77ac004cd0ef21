"""Handwritten digits by a generator that is told the digit, judged by a classifier of true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.datasets.dataset import Dataset
from physml.datasets.known_sets import digits
from physml.errors import ConfigurationError
from physml.generative.adversaries.adversarial_pair import AdversarialPair
from physml.generative.adversaries.gan import gan
from physml.generative.adversaries.gan_costs import wasserstein
from physml.generative.adversaries.kept_good import check_average
from physml.generative.catalogue.digit_images import DigitImages
from physml.generative.judge.classifier import class_judge
from physml.generative.judge.mean_discrepancy import mean_discrepancy
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback

_BRIGHTEST, _PIXELS = 16.0, 64


class Pixels(nn.Module):
    """An MLP whose outputs lie in (0, 1).

    Attributes:
        widths: of its hidden layers.
    """

    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, z: Array) -> Array:
        """The pixels of one image, flat."""
        told: Array = nn.sigmoid(MLP(self.widths, outputs=_PIXELS, activation=nn.gelu)(z))
        return told


@dataclass(frozen=True, kw_only=True)
class DigitPairRecipe:
    """How the pair is trained.

    Attributes:
        latent: numbers of an image, beside its class.
        width: of two hidden layers of either network.
        penalty: λ of the Wasserstein game.
        critic_steps: a step of the generator.
        optimizer: of the generator, whose schedule counts its own steps.
        critic_optimizer: of the critic.
        size: images of a step.
        steps: of the critic.
        average: steps over which parameters are averaged.
        judge: images drawn of each digit.
    """

    latent: int = 16
    width: int = 128
    penalty: float = 10.0
    critic_steps: int = 5
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="adam", learning_rate=1e-3, b1=0.0, b2=0.9, cosine=1000
        )
    )
    critic_optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="adam", learning_rate=1e-3, b1=0.0, b2=0.9, cosine=5000
        )
    )
    size: int = 64
    steps: int = 5000
    average: float = 500.0
    judge: int = 200

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name in ("latent", "width", "critic_steps", "size", "judge"):
            as_whole(name, getattr(self, name), least=1)
        as_whole("steps", self.steps, least=0)
        check_average(self.average)
        wasserstein(self.penalty)

    def networks(self) -> tuple[Pixels, MLP]:
        """Generator and critic."""
        widths = (self.width, self.width)
        return Pixels(widths), MLP(widths, activation=nn.gelu)


def solve(
    subject: DigitImages,
    recipe: DigitPairRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> AdversarialPair:
    """Train the pair on one part of the images; judge drawn ones by a classifier of that part."""
    whole = subject.data(key)
    data = Dataset(whole.inputs / _BRIGHTEST, whole.labels, split=whole.split)
    pair = gan(
        data,
        *recipe.networks(),
        latent=recipe.latent,
        cost=wasserstein(recipe.penalty),
        critic_steps=recipe.critic_steps,
        conditional=True,
        optimizer=recipe.optimizer.build(),
        critic_optimizer=recipe.critic_optimizer.build(),
        size=recipe.size,
        steps=recipe.steps,
        average=recipe.average,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    judge = class_judge(data, key=key_for(key, "check"))
    labels = np.arange(recipe.judge * data.classes) % data.classes
    drawn = np.asarray(pair.sample(key_for(key, "measure"), len(labels), labels))
    agreed = judge.agreement(drawn, labels)
    test, train = data.test.inputs, data.train.inputs
    some: dict[str, Any] = {"key": key_for(key, "bootstrap"), "partings": 100}
    apart = mean_discrepancy(drawn[: len(test)], test, **some)
    alike = mean_discrepancy(
        train[jax.random.permutation(key_for(key, "folds"), len(train))[: len(test)]],
        test,
        bandwidth=apart.bandwidth,
        **some,
    )
    found = {
        "class_accuracy": agreed.value,
        "class_error": agreed.error,
        "judge_accuracy": None if judge.accuracy is None else judge.accuracy.value,
        "judge_error": None if judge.accuracy is None else judge.accuracy.error,
        "class_histogram": [float(part) for part in judge.histogram(drawn)],
        "mmd": apart.value,
        "mmd_error": apart.error,
        "mmd_of_true_images": alike.value,
        "mmd_chance": alike.chance,
    }
    return replace(pair, found=found)


def check(subject: DigitImages, recipe: DigitPairRecipe) -> None:
    """Ask for the data, and build networks and optimizer, before a run is made.

    Raises:
        MissingDependencyError: without scikit-learn.
        ConfigurationError: a step of more images than there are.
    """
    recipe.networks()
    recipe.optimizer.check(recipe.steps // recipe.critic_steps)
    recipe.critic_optimizer.check(recipe.steps)
    most = int((1 - subject.held_out) * len(digits()))
    if recipe.size > most:
        raise ConfigurationError(f"size: expected at most {most} images, got {recipe.size}")


def load(subject: Any, recipe: DigitPairRecipe, directory: Path) -> AdversarialPair:
    """Read the saved pair of a recipe."""
    return AdversarialPair.load(directory, *recipe.networks())


ENTRY = Entry(
    "gan-digits",
    "⟨D(G(z))⟩ − ⟨D(x)⟩ + λ ⟨(|∇D| − 1)²⟩, 8 × 8 pixels, given the digit",
    "a classifier of true digits",
    DigitImages(),
    {
        "default": DigitPairRecipe(),
        "quick": DigitPairRecipe(
            steps=1500,
            optimizer=OptimizerSettings(
                name="adam", learning_rate=2e-3, b1=0.0, b2=0.9, cosine=300
            ),
            critic_optimizer=OptimizerSettings(
                name="adam", learning_rate=2e-3, b1=0.0, b2=0.9, cosine=1500
            ),
        ),
    },
    solve,
    extendable=(),
    load=load,
    check=check,
)
