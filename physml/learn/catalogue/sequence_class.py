"""Whether a pendulum swings or turns over, and which way, told by a network of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.catalogue.forecast import integrated
from physml.learn.classify import classify
from physml.learn.linear import softmax_regression
from physml.learn.metrics import accuracy
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

REGIMES = ("swings", "turns left", "turns right")


@dataclass(frozen=True)
class Regimes:
    """``θ″ + sin θ = 0``, of which ``sin θ`` is seen, with noise.

    It swings where ``E = θ′²/2 − cos θ < 1`` and turns over above, to the left where θ falls: that
    is exact. Energies are drawn evenly, so that a third swings, about.

    Attributes:
        samples: series.
        held_out: the part of them to judge by.
        noise: deviation of what is seen.
        time: of a series.
        steps: values of one.
        largest: energy, above 1; the smallest is −0.5.
    """

    samples: int = 2000
    held_out: float = 0.25
    noise: float = 0.1
    time: float = 10.0
    steps: int = 40
    largest: float = 3.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name, least in (("samples", 20), ("steps", 2)):
            if getattr(self, name) < least:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )
        if not 0 < self.held_out < 1:
            raise ConfigurationError(f"held_out: expected a part in (0, 1), got {self.held_out}")
        check_positive("noise", self.noise, or_zero=True)
        check_positive("time", self.time)
        if not 1 < self.largest < np.inf:
            raise ConfigurationError(f"largest: expected an energy > 1, got {self.largest}")

    @property
    def training(self) -> int:
        """Series to train on."""
        return round((1 - self.held_out) * self.samples)

    def data(self, key: Array) -> tuple[Dataset, np.ndarray]:
        """Series ``(n, steps, 1)`` with their regimes, and the energy of each, ``(n,)``."""
        random = generator(key)
        energy = random.uniform(-0.5, self.largest, self.samples)
        reach = np.where(energy < 1, np.arccos(np.clip(-energy, -1, 1)), np.pi)
        angle = random.uniform(-1, 1, self.samples) * reach
        speed = np.sqrt(np.maximum(2 * (energy + np.cos(angle)), 0))
        starts = np.stack([angle, speed * random.choice([-1.0, 1.0], self.samples)], axis=1)
        times = np.linspace(0, self.time, self.steps)
        found = integrated(_rates, starts, times)[..., 0]
        seen = np.sin(found) + self.noise * random.normal(size=found.shape)
        labels = np.where(energy < 1, 0, np.where(starts[:, 1] < 0, 1, 2))
        data = Dataset(
            seen[..., None],
            labels,
            name="sequence-class",
            class_names=REGIMES,
            split=np.arange(self.samples) >= self.training,
            licence="free of any",
            source="an equation and random numbers",
        )
        return data, energy


def _rates(states: np.ndarray) -> np.ndarray:
    angle, velocity = states.T
    return np.stack([velocity, -np.sin(angle)], axis=1)


@dataclass(frozen=True, kw_only=True)
class RegimeRecipe:
    """How regimes are told.

    Attributes:
        network: of a series, with three outputs.
        optimizer: the optimizer.
        size: series of a step.
        epochs: how often each series is seen.
        strength: λ of the softmax regression of the same values that stands beside.
    """

    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(name="recurrent", width=24, cell="gru")
    )
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=1e-2, decay=300.0)
    )
    size: int = 64
    epochs: int = 40
    strength: float = 1e-3

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("size", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")
        check_positive("strength", self.strength)


def network(recipe: RegimeRecipe) -> Any:
    """The network of a recipe."""
    return recipe.network.build(outputs=len(REGIMES))


def solve(
    subject: Regimes,
    recipe: RegimeRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on one part of the series, judge by the other, once."""
    data, energy = subject.data(key_for(key, "data"))
    train, test = data.train, data.test
    model = classify(
        network(recipe),
        data,
        optimizer=recipe.optimizer,
        size=recipe.size,
        epochs=recipe.epochs,
        key=key,
        run=run,
        callbacks=callbacks,
    )
    linear = softmax_regression(train.inputs[..., 0], train.labels, recipe.strength)
    told, mapped = model.predict(test.inputs), linear.predict(test.inputs[..., 0])
    most = np.bincount(test.labels).max() / len(test)
    found = {
        **model.numbers(),
        "entry": "sequence-class",
        "linear_accuracy": accuracy(test.labels, mapped),
        "trivial_accuracy": float(most),
    }
    said = {
        **model.words(),
        "beside": f"softmax regression of the same values {found['linear_accuracy']:.4f}, the "
        f"largest class alone {most:.4f}",
    }
    edges = np.quantile(energy[data.split], np.linspace(0, 1, 11))
    bins = np.clip(np.searchsorted(edges, energy[data.split], side="right") - 1, 0, 9)
    middle = 0.5 * (edges[1:] + edges[:-1])
    curves = {
        name: (middle, np.array([np.mean((guess == test.labels)[bins == b]) for b in range(10)]))
        for name, guess in (("network", told), ("softmax regression", mapped))
    }
    losses = model.losses
    shown = {}
    for label, name in enumerate(REGIMES):
        if len(rows := np.flatnonzero(test.labels == label)):
            times = np.linspace(0, subject.time, subject.steps)
            shown[name] = (times, test.inputs[rows[0], :, 0])
    panels = [
        Panel("time", "sin θ, as it is seen", shown),
        Panel("step", "cross-entropy", {"train": (np.arange(len(losses)), losses)}, "y"),
        Panel("energy, 1 between swinging and turning", "accuracy", curves),
    ]
    return Study("sequence-class", found, said, {"told": told, "labels": test.labels}, panels)


def check(subject: Regimes, recipe: RegimeRecipe) -> None:
    """Build network and optimizer, and see that the network takes series.

    Raises:
        ConfigurationError: settings that exclude each other; a network of points or images.
    """
    if recipe.network.name not in ("recurrent", "transformer"):
        raise ConfigurationError(
            f"network.name: expected recurrent or transformer, of series, got {recipe.network.name}"
        )
    if getattr(recipe.network, "every_step", False):
        raise ConfigurationError("network.every_step: expected one value of a series, got True")
    network(recipe)
    recipe.optimizer.build()
    if not 0 < subject.training < subject.samples:
        raise ConfigurationError(
            f"held_out: expected series on either side, got {subject.held_out} of {subject.samples}"
        )
    if recipe.size > subject.training:
        raise ConfigurationError(
            f"size: expected at most the {subject.training} series, got {recipe.size}"
        )


ENTRY = Entry(
    "sequence-class",
    "−mean ln softmax(z(sin θ(t_1), …))_y of a pendulum that swings or turns",
    "the energy, exact",
    Regimes(),
    {"default": RegimeRecipe(), "quick": RegimeRecipe(epochs=10)},
    solve,
    extendable=("epochs",),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
