"""A linear variational autoencoder against probabilistic principal components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.generative.autoencoders.observation_model import gaussian
from physml.generative.autoencoders.probabilistic_pca import probabilistic_pca
from physml.generative.autoencoders.vae import vae
from physml.generative.autoencoders.variational_autoencoder import VariationalAutoencoder
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback


@dataclass(frozen=True)
class LinearMixture:
    """Samples ``x = W z + m + σ ε``, ``W`` and ``m`` normal, drawn by the key.

    Attributes:
        dimension: of a sample.
        latent: of ``z``, both where the data come from and of the autoencoder.
        noise: σ.
        samples: how many.
    """

    dimension: int = 10
    latent: int = 3
    noise: float = 0.5
    samples: int = 1000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("samples", self.samples, least=self.dimension + 1)
        as_whole("latent", self.latent, least=1)
        if not self.latent < self.dimension:
            raise ConfigurationError(
                f"latent: expected fewer than {self.dimension} dimensions, got {self.latent}"
            )
        check_positive("noise", self.noise)

    def data(self, key: Array) -> np.ndarray:
        """The samples ``(n, d)``."""
        random = generator(key_for(key, "data"))
        weights = random.normal(size=(self.dimension, self.latent))
        mean = random.normal(size=self.dimension)
        latents = random.normal(size=(self.samples, self.latent))
        noise = random.normal(size=(self.samples, self.dimension))
        return np.asarray(latents @ weights.T + mean + self.noise * noise)


@dataclass(frozen=True, kw_only=True)
class LinearRecipe:
    """How it is trained, on all samples at each step.

    Attributes:
        optimizer: any.
        steps: how many.
        judge: draws a sample for the bounds.
    """

    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="soap", learning_rate=3e-2, cosine=10_000)
    )
    steps: int = 10_000
    judge: int = 64

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        as_whole("steps", self.steps, least=0)
        as_whole("judge", self.judge, least=2)


def networks(subject: LinearMixture) -> tuple[MLP, MLP]:
    """Encoder and decoder: one layer each."""
    return MLP((), outputs=2 * subject.latent), MLP((), outputs=subject.dimension)


def solve(
    subject: LinearMixture,
    recipe: LinearRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> VariationalAutoencoder:
    """Train it, and set its bound beside the likelihood that none can exceed."""
    x = subject.data(key)
    exact = probabilistic_pca(x, subject.latent)
    found = vae(
        x,
        *networks(subject),
        latent=subject.latent,
        likelihood=gaussian(),
        optimizer=recipe.optimizer.build(),
        size=None,
        steps=recipe.steps,
        path=True,
        judge=recipe.judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    told = found.bounds.elbo
    own = log_likelihood(found, x)
    return replace(
        found,
        found={
            "exact": exact.log_likelihood,
            "gap": exact.log_likelihood - told,
            "gap_error": found.bounds.elbo_noise,
            "relative_error": abs(told / exact.log_likelihood - 1),
            "own_log_likelihood": own,
            "variance": float(np.exp(found.params["likelihood"]["log_variance"])),
            "exact_variance": exact.variance,
        },
    )


def log_likelihood(found: VariationalAutoencoder, x: np.ndarray) -> float:
    """The mean of ``ln N(x; D(0), W Wᵀ + σ²)`` of a linear decoder ``D(z) = W z + D(0)``."""
    latent = found.model.latent
    mean = found.decode(np.zeros((1, latent)))[0]
    weights = (found.decode(np.eye(latent)) - mean).T
    variance = float(np.exp(found.params["likelihood"]["log_variance"]))
    covariance = weights @ weights.T + variance * np.eye(len(mean))
    away = x - mean
    square = np.mean(np.sum(away * np.linalg.solve(covariance, away.T).T, axis=1))
    _, logarithm = np.linalg.slogdet(covariance)
    return float(-0.5 * (square + logarithm + len(mean) * np.log(2 * np.pi)))


def check(subject: LinearMixture, recipe: LinearRecipe) -> None:
    """Build networks and optimizer, before a run is made."""
    networks(subject)
    recipe.optimizer.check(recipe.steps)


def load(subject: Any, recipe: Any, directory: Path) -> VariationalAutoencoder:
    """Read the saved autoencoder of a recipe."""
    return VariationalAutoencoder.load(directory, *networks(subject), gaussian())


ENTRY = Entry(
    "vae-linear",
    "max E_q[ln p(x | z)] − KL(q ‖ p), p(x | z) = N(W z + m, σ²)",
    "probabilistic PCA, closed form",
    LinearMixture(),
    {
        "default": LinearRecipe(),
        "quick": LinearRecipe(
            optimizer=OptimizerSettings(name="soap", learning_rate=5e-2, cosine=2000), steps=2000
        ),
    },
    solve,
    extendable=(),
    load=load,
    check=check,
)
