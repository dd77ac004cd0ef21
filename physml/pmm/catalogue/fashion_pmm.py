"""Fashion-MNIST told by the eigenvectors of a small matrix."""

from __future__ import annotations

from collections.abc import Sequence

from jax import Array

from physml.datasets.fashion_mnist import fashion_mnist
from physml.errors import ConfigurationError
from physml.pmm.image_study import ImageRecipe, image_study
from physml.train import Entry, Run
from physml.train.callbacks import Callback
from physml.train.entry import NoNumbers
from physml.train.study import Study


def solve(
    subject: NoNumbers,
    recipe: ImageRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on the 60,000 images, judge by the 10,000."""
    return image_study(
        "fashion-pmm",
        fashion_mnist(),
        recipe,
        published="matrix model of Cook et al. (2025) 0.8858 with 16744 parameters",
        key=key,
        run=run,
        callbacks=callbacks,
    )


def check(subject: NoNumbers, recipe: ImageRecipe) -> None:
    """Ask for the data before a run is made.

    Raises:
        DataFileError: where they do not lie.
        ConfigurationError: more images a step than there are.
    """
    if recipe.size > (most := len(fashion_mnist().train)):
        raise ConfigurationError(f"size: expected from 1 to {most}, got {recipe.size}")


LARGE = ImageRecipe(
    rows=14,
    rank=19,
    keep=7,
    learning_rate=0.02,
    weight_decay=0.01,
    noise=0.0,
    smoothing=0.05,
    size=200,
    epochs=25,
)

ENTRY = Entry(
    "fashion-pmm",
    "M(X) = M₀ + Σ sym(AᵀXB), z_k = g_k + tr P D_k P D_k − ½|D_k|²",
    "test part",
    NoNumbers(),
    {"default": LARGE},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
