"""Six Gaussians on a ring, of unequal weights: a diffusion of which everything is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.generative.catalogue.diffusion_recipe import DiffusionRecipe, check, loader
from physml.generative.denoising.diffusion import diffusion
from physml.generative.denoising.diffusion_density import DiffusionDensity
from physml.generative.denoising.gaussian_mixture import GaussianMixture
from physml.generative.denoising.reverse_steps import ddim, ddpm, probability_flow, reverse_sde
from physml.generative.judge.against_mixture import against_mixture
from physml.generative.judge.mixture_samples import mixture_samples
from physml.optim import OptimizerSettings
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel

_METHODS = (ddpm, ddim, reverse_sde, probability_flow)


@dataclass(frozen=True)
class RingOfGaussians:
    """Gaussians on a ring, longer along the radius, with weights in proportion 1 : 2 : 3 : 1 : ….

    Attributes:
        modes: how many.
        radius: of the ring.
        radial: deviation along the radius.
        tangential: deviation across.
    """

    modes: int = 6
    radius: float = 2.0
    radial: float = 0.3
    tangential: float = 0.15

    def __post_init__(self) -> None:
        """Check all where they are written."""
        object.__setattr__(self, "modes", as_whole("modes", self.modes, least=1, most=1000))
        for name in ("radius", "radial", "tangential"):
            length = getattr(self, name)
            if not 0 < length < float("inf"):
                raise ConfigurationError(f"{name}: expected a length > 0, got {length}")

    def mixture(self) -> GaussianMixture:
        """The density."""
        angles = 2 * np.pi * np.arange(self.modes) / self.modes
        outwards = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        along = np.stack([-outwards[:, 1], outwards[:, 0]], axis=1)
        covariances = self.radial**2 * np.einsum("ki,kj->kij", outwards, outwards)
        covariances += self.tangential**2 * np.einsum("ki,kj->kij", along, along)
        weights = 1.0 + np.arange(self.modes) % 3
        means = self.radius * outwards
        return GaussianMixture.of(weights / weights.sum(), means, covariances)


def solve(
    subject: RingOfGaussians,
    recipe: DiffusionRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> DiffusionDensity:
    """Train on fresh samples, judge by others and by the exact score and density."""
    mixture = subject.mixture()
    density = diffusion(
        mixture,
        recipe.network(2),
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
    return judged(density, mixture, recipe, key_for(key, "measure"))


def judged(
    density: DiffusionDensity, mixture: GaussianMixture, recipe: DiffusionRecipe, key: Array
) -> DiffusionDensity:
    """The density with what it is worth."""
    key_score, key_fresh, key_sample = jax.random.split(key, 3)
    told = against_mixture(density, mixture, samples=recipe.judge, key=key_score)
    found: dict[str, Any] = {
        name: getattr(told, name) for name in told._fields if name not in ("angles", "errors")
    }
    fresh = np.asarray(mixture.sample(key_fresh, 10 * recipe.judge))
    said = {
        "ln p": f"{told.log_likelihood:.4f} a sample, exact {told.exact:.4f}",
        "KL(p‖model)": f"{told.kl:.4f} ± {told.kl_error:.4f} nats by the probability flow, "
        f"one Gaussian {told.gaussian_kl:.3f}",
        "bound of the score": f"{told.score_bound:.4f} ± {told.score_bound_error:.4f} nats",
        "score": f"{100 * told.score_error:.2f}% from the exact one over all times",
        "Fokker–Planck of the score": f"{100 * told.residual:.1f}% of ∂s/∂t left, of the exact "
        f"score {100 * told.exact_residual:.1g}%",
    }
    inside = float(np.abs(fresh).max())
    for i, method in enumerate(_METHODS):
        drawn = density.sample(
            jax.random.fold_in(key_sample, i), recipe.judge, steps=recipe.sampling, method=method
        )
        one = mixture_samples(mixture, drawn, fresh)
        name = method.__name__
        found |= {
            f"{name}_furthest": one.furthest,
            f"{name}_mode_distance": one.mode_distance,
            f"{name}_worst_mode": one.worst_mode,
            f"{name}_log_density": one.log_density,
            f"{name}_log_density_error": one.log_density_error,
        }
        said[f"samples by {name.replace('_', ' ')}"] = (
            f"max |x| {one.furthest:.2f}, mode weights {100 * one.mode_distance:.2f}% off "
            f"(worst {one.worst_mode:.1f} σ), exact ln p of them {one.log_density:.3f} ± "
            f"{one.log_density_error:.3f}"
        )
    found |= {"distance": found["ddpm_mode_distance"], "fresh_furthest": inside}
    said["fresh samples"] = f"max |x| {inside:.2f} of {len(fresh)}, exact ln p {told.exact:.3f}"
    losses = density.losses
    panels = [
        Panel("sin φ, noise in deviations", "relative error of the score",
              {"learned": (told.angles, told.errors)}, "xy"),
        Panel("step", "loss", {"of each step": (np.arange(len(losses)), losses)}, "y"),
    ]  # fmt: skip
    return replace(density, found=found, said=said, panels=panels)


ENTRY = Entry(
    "diffusion-mixture",
    "min ½ mean |v(z, φ) − cos φ ε + sin φ z₀|², z = cos φ z₀ + sin φ ε, six Gaussians on a ring",
    "exact: score, density and Fokker–Planck equation of the mixture",
    RingOfGaussians(),
    {
        "default": DiffusionRecipe(),
        "adam": DiffusionRecipe(
            optimizer=OptimizerSettings(name="adam", learning_rate=1e-2, cosine=10_000),
            steps=10_000,
        ),
        "quick": DiffusionRecipe(
            optimizer=OptimizerSettings(
                name="natural-gradient", learning_rate=0.5, cosine=200, damping=1e-3
            ),
            size=128,
            steps=200,
            judge=500,
            sampling=50,
        ),
    },
    solve,
    extendable=("steps",),
    load=loader(2),
    check=check,
)
