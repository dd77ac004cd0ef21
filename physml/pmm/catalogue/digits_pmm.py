"""Handwritten digits of 8 × 8 pixels, told by the eigenvectors of a small matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
from jax import Array

from physml.datasets.dataset import Dataset
from physml.datasets.known_sets import digits
from physml.datasets.parts import split
from physml.errors import ConfigurationError
from physml.pmm.image_study import ImageRecipe, image_study
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Study


@dataclass(frozen=True)
class MatrixDigits:
    """1,797 images, of people who are in both parts.

    Attributes:
        held_out: the part of each class to judge on.
    """

    held_out: float = 0.2

    def data(self, key: Array) -> Dataset:
        """The images, split."""
        return split(digits(), self.held_out, key=key_for(key, "data"), stratified=True)


def solve(
    subject: MatrixDigits,
    recipe: ImageRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on one part of the images, judge by the other."""
    return image_study(
        "digits-pmm",
        subject.data(key),
        recipe,
        published="none is known of this set",
        key=key,
        run=run,
        callbacks=callbacks,
    )


def check(subject: MatrixDigits, recipe: ImageRecipe) -> None:
    """Ask for the data before a run is made.

    Raises:
        MissingDependencyError: without scikit-learn.
        ConfigurationError: a part to hold out that is none, more images a step than there are.
    """
    if not 0 < subject.held_out < 1:
        raise ConfigurationError(f"held_out: expected a part in (0, 1), got {subject.held_out}")
    images = subject.data(jax.random.key(0))  # parts of the same sizes by any key
    if recipe.size > (most := len(images.train)):
        raise ConfigurationError(f"size: expected from 1 to {most}, got {recipe.size}")


ENTRY = Entry(
    "digits-pmm",
    "M(X) = M₀ + Σ sym(AᵀXB), z_k = g_k + tr P D_k P D_k − ½|D_k|²",
    "test part",
    MatrixDigits(),
    {"default": ImageRecipe()},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
