"""The phases of the Ising model, told by a network trained far from the critical temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.choices import check_choices
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.ising import CRITICAL_TEMPERATURE
from physml.learn.catalogue.classifier_recipe import check_images
from physml.learn.catalogue.finite_size_scaling import (
    binder_crossing,
    binder_cumulant,
    deviation,
    extrapolated,
    half_way,
)
from physml.learn.catalogue.ising_lattices import lattices_at, scaled_blocks
from physml.learn.catalogue.threshold import best_threshold
from physml.learn.classify import classify
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Entry, Run, key_for, key_of
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

_BINDER = np.linspace(2.2, 2.34, 8)
"""Temperatures where cumulants are taken."""


@dataclass(frozen=True)
class IsingPhases:
    """Lattices on either side of a gap of temperatures to train on, and those in it to judge.

    Attributes:
        sides: sites along a side of each size, rising; each a multiple of ``blocks``.
        lowest: of the gap, in units of J, above 1.
        highest: of the gap.
        spacing: of the temperatures in the gap.
        blocks: along a side, whose means the network sees.
    """

    sides: tuple[int, ...] = (10, 20, 30, 40)
    lowest: float = 1.8
    highest: float = 2.8
    spacing: float = 0.05
    blocks: int = 5

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        if self.blocks < 2:
            raise ConfigurationError(f"blocks: expected at least 2, got {self.blocks}")
        rising = list(self.sides) == sorted(set(self.sides)) and len(self.sides) > 1
        if not rising or any(side < 4 or side % self.blocks for side in self.sides):
            raise ConfigurationError(
                f"sides: expected two or more multiples of {self.blocks} ≥ 4, rising, got "
                f"{self.sides}"
            )
        if not 1.1 <= self.lowest < CRITICAL_TEMPERATURE < self.highest < 10:
            raise ConfigurationError(
                f"lowest, highest: expected a gap from at least 1.1 around T_c = "
                f"{CRITICAL_TEMPERATURE:.4f}, got {self.lowest} to {self.highest}"
            )
        if not 1e-3 <= self.spacing <= (self.highest - self.lowest) / 4:
            raise ConfigurationError(
                f"spacing: expected from 0.001 to a quarter of the gap, got {self.spacing}"
            )

    @property
    def inside(self) -> np.ndarray:
        """Temperatures in the gap, its ends included."""
        steps = round((self.highest - self.lowest) / self.spacing)
        return np.linspace(self.lowest, self.highest, steps + 1)

    @property
    def outside(self) -> np.ndarray:
        """Eight temperatures below the gap, eight above."""
        below = np.linspace(1.0, self.lowest - 0.1, 8)
        return np.concatenate([below, self.highest + 0.1 * np.arange(1, 9)])


@dataclass(frozen=True, kw_only=True)
class PhasesRecipe:
    """How they are told.

    Attributes:
        network: of scaled means of blocks, with two outputs.
        optimizer: the optimizer.
        size: images of a step.
        epochs: how often each image is seen.
        lattices: independent ones at each temperature; a quarter of them is held out.
        images: of each lattice.
        sweeps: between two of them.
    """

    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(
            name="convolution", channels=(8,), pooling=5, periodic=True, width=16
        )
    )
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=3e-3)
    )
    size: int = 64
    epochs: int = 1
    lattices: int = 16
    images: int = 24
    sweeps: int = 4

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        least = {"size": 1, "epochs": 1, "lattices": 4, "images": 1, "sweeps": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ConfigurationError(
                    f"{name}: expected at least {bound}, got {getattr(self, name)}"
                )


class _Size(NamedTuple):
    """Lattices of one side: scaled means of blocks ``(t, n, m, b, b)``, scaled ``|m|``."""

    outside: np.ndarray
    inside: np.ndarray
    outside_m: np.ndarray
    inside_m: np.ndarray


def solve(
    subject: IsingPhases,
    recipe: PhasesRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train one network on all sizes on either side of the gap, judge within it, size by size."""
    inside, sides = subject.inside, subject.sides
    sizes = [_size(subject, recipe, side, key_for(key_of(key, side), "data")) for side in sides]
    held_out = max(1, recipe.lattices // 4)
    train = _images(subject, [size.outside[:, held_out:] for size in sizes])
    classifier = classify(
        recipe.network.build(outputs=2),
        train,
        optimizer=recipe.optimizer,
        size=min(recipe.size, len(train)),
        epochs=recipe.epochs,
        key=key,
        run=run,
        callbacks=callbacks,
    )
    far = np.concatenate([size.outside_m[:, held_out:].ravel() for size in sizes])
    threshold = best_threshold(far, train.labels == 1)
    ordered = [
        classifier.predict_proba(size.inside.reshape(-1, *size.inside.shape[3:]))[:, 1].reshape(
            size.inside_m.shape
        )
        for size in sizes
    ]
    magnetised = [size.inside_m > threshold for size in sizes]
    exact = (inside < CRITICAL_TEMPERATURE)[:, None, None]
    random = generator(key_for(key, "bootstrap"))

    def critical(told: Sequence[np.ndarray]) -> tuple[float, float]:
        """``T_c`` of a way to tell order, and its error by drawing lattices again."""

        def found(drawn: np.ndarray) -> float:
            parts = [one[:, drawn].mean(axis=(1, 2)) for one in told]
            return extrapolated(sides, [half_way(inside, part) for part in parts])

        return found(np.arange(recipe.lattices)), deviation(found, recipe.lattices, random)

    own, own_error = critical(ordered)
    by_m, by_m_error = critical(magnetised)
    cumulants, binder, binder_error = _binder(subject, recipe, key, random)
    accuracies = [float(np.mean((one > 0.5) == exact)) for one in ordered]
    plain = [float(np.mean(one == exact)) for one in magnetised]
    test = _images(subject, [sizes[-1].outside[:, :held_out]])
    far_m = sizes[-1].outside_m[:, :held_out].ravel()
    outside = classifier.score(test)
    outside_m = float(np.mean((far_m > threshold) == (test.labels == 1)))
    found = {
        "accuracy": accuracies[-1],
        "loss": classifier.found["loss"],
        "train": classifier.found["train"],
        "test": int(ordered[-1].size),
        "parameters": classifier.found["parameters"],
        "accuracy_outside": outside,
        "magnetisation_accuracy": plain[-1],
        "magnetisation_accuracy_outside": outside_m,
        "critical_temperature": own,
        "critical_temperature_error": own_error,
        "magnetisation_temperature": by_m,
        "magnetisation_temperature_error": by_m_error,
        "binder_temperature": binder,
        "binder_temperature_error": binder_error,
        "exact": CRITICAL_TEMPERATURE,
        "relative_error": own / CRITICAL_TEMPERATURE - 1,
    }
    gap = f"T from {subject.lowest:g} to {subject.highest:g}"
    said = {
        "accuracy": f"{accuracies[-1]:.4f} of {found['test']} images of side {sides[-1]}, {gap}, "
        f"not trained on; {outside:.4f} outside",
        "beside": f"|m| side^1/8 > {threshold:.3f}: {plain[-1]:.4f}, {outside_m:.4f}",
        "critical temperature": f"{own:.4f} ± {own_error:.4f} from sides {sides}, exactly "
        f"{CRITICAL_TEMPERATURE:.5f}",
        "by |m|": f"{by_m:.4f} ± {by_m_error:.4f}",
        "by Binder's cumulant": f"{binder:.4f} ± {binder_error:.4f}, sides {sides[0]}, {sides[-1]}",
    }
    parts = [one.mean(axis=(1, 2)) for one in ordered]
    halves = [half_way(inside, part) for part in parts]
    curves = {f"side {side}": (inside, part) for side, part in zip(sides, parts, strict=True)}
    line = np.array([0.0, 1 / sides[0]])
    slope = np.polyfit(1 / np.array(sides), halves, 1)[0]
    panels = [
        Panel("T/J", "part told ordered", curves),
        Panel(
            "1/side",
            "T/J",
            {
                "half told ordered": (1 / np.array(sides), halves),
                "line": (line, own + slope * line),
                "exact": (line, np.full(2, CRITICAL_TEMPERATURE)),
            },
        ),
        Panel("T/J", "Binder's cumulant", cumulants),
        Panel(
            "side", "accuracy in the gap", {"network": (sides, accuracies), "|m|": (sides, plain)}
        ),
    ]
    arrays = {
        "temperatures": inside,
        "ordered": np.array(parts),
        "halves": np.array(halves),
        "accuracies": np.array(accuracies),
        "magnetisation_accuracies": np.array(plain),
        "threshold": np.array(threshold),
    }
    return Study("ising-phases", found, said, arrays, panels)


def _size(subject: IsingPhases, recipe: PhasesRecipe, side: int, key: Array) -> _Size:
    temperatures = np.concatenate([subject.outside, subject.inside])
    spins = lattices_at(
        temperatures,
        side,
        lattices=recipe.lattices,
        images=recipe.images,
        sweeps=recipe.sweeps,
        key=key,
    )
    blocks = scaled_blocks(spins, subject.blocks)
    m = np.abs(blocks.mean(axis=(3, 4), dtype=float))
    return _Size(*np.split(blocks, [len(subject.outside)]), *np.split(m, [len(subject.outside)]))


def _images(subject: IsingPhases, sizes: Sequence[np.ndarray]) -> Dataset:
    """Blocks ``(t, n, m, b, b)`` of several sides, with the phase of each temperature."""
    ordered = subject.outside < CRITICAL_TEMPERATURE
    labels = [np.repeat(ordered, of.shape[1] * of.shape[2]) for of in sizes]
    return Dataset(
        np.concatenate([of.reshape(-1, subject.blocks, subject.blocks) for of in sizes]),
        np.concatenate(labels),
        name="ising-phases",
        class_names=("disordered", "ordered"),
        licence="free of any",
        source="made here",
    )


def _binder(
    subject: IsingPhases, recipe: PhasesRecipe, key: Array, random: np.random.Generator
) -> tuple[dict[str, tuple[Any, Any]], float, float]:
    """Cumulants near T_c of the smallest and the largest side, where they cross, and its error."""
    lattices, ends = 4 * recipe.lattices, (subject.sides[0], subject.sides[-1])
    small, large = (
        lattices_at(
            _BINDER,
            side,
            lattices=lattices,
            images=recipe.images,
            sweeps=recipe.sweeps,
            key=key_for(key_of(key, side), "measure"),
        ).mean(axis=(3, 4), dtype=float)
        for side in ends
    )
    curves = {
        f"side {side}": (_BINDER, binder_cumulant(m))
        for side, m in zip(ends, (small, large), strict=True)
    }
    at = binder_crossing(_BINDER, small, large)
    error = deviation(
        lambda drawn: binder_crossing(_BINDER, small[:, drawn], large[:, drawn]), lattices, random
    )
    return curves, at, error


def check(subject: IsingPhases, recipe: PhasesRecipe) -> None:
    """Build network and optimizer before a run is made.

    Raises:
        ConfigurationError: settings that exclude each other, or pooling beyond the blocks.
        ShapeError: patches that do not divide them.
    """
    network = recipe.network.build(outputs=2)
    recipe.optimizer.build()
    pooling = getattr(network, "pooling", 1) ** len(getattr(network, "channels", ()))
    if pooling > subject.blocks:
        raise ConfigurationError(
            f"pooling: expected at most the blocks along a side, {subject.blocks}, in all, "
            f"got {pooling}"
        )
    check_images(network, (subject.blocks, subject.blocks))


ENTRY = Entry(
    "ising-phases",
    "p(s) ∝ exp(Σ s_i s_j / T): ordered or not, trained far from T_c",
    "T_c = 2/ln(1 + √2)",
    IsingPhases(),
    {
        "default": PhasesRecipe(),
        "quick": PhasesRecipe(lattices=8, images=8, sweeps=2, epochs=6),
    },
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
