"""Handwritten digits of 8 × 8 pixels out of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.datasets import Dataset
from physml.datasets.known_sets import digits
from physml.generative.catalogue.diffusion_recipe import DiffusionRecipe, loader
from physml.generative.catalogue.diffusion_recipe import check as check_recipe
from physml.generative.catalogue.digit_images import DigitImages
from physml.generative.denoising.diffusion import diffusion
from physml.generative.denoising.diffusion_density import DiffusionDensity
from physml.generative.denoising.reverse_steps import ddim, ddpm, probability_flow, reverse_sde
from physml.generative.judge.nearest_images import nearest_images
from physml.optim import OptimizerSettings
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel

_METHODS = (ddpm, ddim, reverse_sde, probability_flow)

_LEVELS = 17

_PROBES = 2


class Dequantised(NamedTuple):
    """Images of whole numbers with uniform noise in ``[0, 1)``, so that they have a density.

    Of it, ``∫ p`` over the cube of an image is what its probability is bounded by on average.

    Attributes:
        images: ``(n, 8, 8)``.

    Source: Theis, van den Oord & Bethge (2016), arXiv:1511.01844, section 3.1.
    """

    images: Any

    def sample(self, key: Array, n: int) -> Array:
        """``(n, 8, 8)``, drawn with replacement."""
        key_image, key_noise = jax.random.split(key)
        images = jnp.asarray(self.images, jnp.result_type(float))
        chosen = images[jax.random.randint(key_image, (n,), 0, len(images))]
        return chosen + jax.random.uniform(key_noise, chosen.shape, chosen.dtype)


def solve(
    subject: DigitImages,
    recipe: DiffusionRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> DiffusionDensity:
    """Train on one part of the images, judge by the other."""
    data = subject.data(key)
    density = diffusion(
        Dequantised(np.asarray(data.train.inputs)),
        recipe.network(64),
        noise=recipe.noise,
        optimizer=recipe.optimizer.build(),
        size=recipe.size,
        reference=recipe.reference,
        steps=recipe.steps,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return judged(density, data, recipe, key_for(key, "measure"))


def judged(
    density: DiffusionDensity, data: Dataset, recipe: DiffusionRecipe, key: Array
) -> DiffusionDensity:
    """The density with what held-out images and samples tell of it."""
    key_noise, key_probes, key_sample = jax.random.split(key, 3)
    train, test = np.asarray(data.train.inputs), np.asarray(data.test.inputs)
    noisy = test + np.asarray(jax.random.uniform(key_noise, test.shape))
    each = density.log_prob(noisy, probes=_PROBES, key=key_probes).mean(axis=1)
    per_bit = density.dimension * np.log(2)
    bits, error = -each.mean() / per_bit, each.std(ddof=1) / np.sqrt(len(each)) / per_bit
    trivial = -density.gaussian_log_prob(noisy).mean() / per_bit
    found: dict[str, Any] = {
        "log_likelihood": float(each.mean()),
        "log_likelihood_error": float(each.std(ddof=1) / np.sqrt(len(each))),
        "bits_per_dimension": float(bits),
        "bits_per_dimension_error": float(error),
        "gaussian_bits_per_dimension": float(trivial),
        "uniform_bits_per_dimension": float(np.log2(_LEVELS)),
        "held_out": len(test),
        "data_furthest": float(noisy.max()),
    }
    said = {
        "bits a pixel": f"{bits:.3f} ± {error:.3f} of {len(test)} held-out images, one Gaussian "
        f"{trivial:.3f}, any value alike {np.log2(_LEVELS):.3f}",
    }
    labels = np.asarray(data.train.labels)
    for i, method in enumerate(_METHODS):
        name = method.__name__
        drawn = np.asarray(
            density.sample(
                jax.random.fold_in(key_sample, i),
                min(recipe.judge, 1000),
                steps=recipe.sampling,
                method=method,
            )
        )
        found |= {f"{name}_lowest": float(drawn.min()), f"{name}_furthest": float(drawn.max())}
        said[f"samples by {name.replace('_', ' ')}"] = (
            f"pixels from {drawn.min():.2f} to {drawn.max():.2f}, the data's from 0 to 17"
        )
        if method is ddpm:
            told = nearest_images(drawn - 0.5, train, test, labels)
            found |= {
                "distance": told.ratio,
                "nearest": told.samples,
                "held_out_nearest": told.held_out,
                "copies": told.copies,
                "classes_off": told.classes_off,
            }
            said["nearest image"] = (
                f"{told.samples:.2f} away, of held-out ones {told.held_out:.2f}; "
                f"{100 * told.copies:.1f}% nearer than any held-out one"
            )
            said["classes of it"] = f"{100 * told.classes_off:.1f}% from equal parts"
    losses = density.losses
    curves = {"of each step": (np.arange(len(losses)), losses)}
    # Samples are shown as they come, (8, 8).
    panels = [Panel("step", "loss", curves, "y")]
    return replace(density, found=found, said=said, panels=panels)


def check(subject: DigitImages, recipe: DiffusionRecipe) -> None:
    """Ask for the data, and build network and optimizer, before a run is made.

    Raises:
        MissingDependencyError: without scikit-learn.
        ConfigurationError: a part to hold out that is none.
    """
    check_recipe(subject, recipe)
    digits()


def _adam(steps: int) -> OptimizerSettings:
    return OptimizerSettings(name="adam", learning_rate=2e-3, cosine=steps)


ENTRY = Entry(
    "diffusion-digits",
    "min ½ mean |v(z, φ) − cos φ ε + sin φ z₀|², z = cos φ z₀ + sin φ ε, 8 × 8 pixels",
    "held-out images, beside one Gaussian",
    DigitImages(),
    {
        "default": DiffusionRecipe(
            widths=(256, 256),
            activation="silu",
            optimizer=_adam(4000),
            size=128,
            steps=4000,
            judge=1000,
        ),
        "quick": DiffusionRecipe(
            widths=(128,),
            activation="silu",
            optimizer=_adam(400),
            size=128,
            steps=400,
            judge=200,
            sampling=40,
        ),
    },
    solve,
    extendable=("steps",),
    load=loader(64),
    check=check,
)
