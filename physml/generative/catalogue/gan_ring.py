"""Eight normal densities on a ring, drawn by a generator: is any of them left out?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.datasets.generator import generator
from physml.errors import ConfigurationError, DivergenceError
from physml.generative.adversaries.adversarial_pair import AdversarialPair
from physml.generative.adversaries.gan import gan
from physml.generative.adversaries.gan_costs import non_saturating
from physml.generative.adversaries.kept_good import check_average
from physml.generative.judge.mode_coverage import mode_coverage
from physml.generative.judge.wasserstein_distance import sliced_wasserstein_distance
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback

_RADII = 3.0


@dataclass(frozen=True)
class Ring:
    """A mixture of normal densities, all alike, evenly spaced on a circle.

    Attributes:
        modes: how many.
        radius: of the circle.
        deviation: of each mode, in either direction.
        samples: to train on.
    """

    modes: int = 8
    radius: float = 2.0
    deviation: float = 0.1
    samples: int = 5000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("modes", self.modes, least=2)
        as_whole("samples", self.samples, least=2)
        for name in ("radius", "deviation"):
            check_positive(name, getattr(self, name))
        apart = 2 * self.radius * np.sin(np.pi / self.modes)
        if not 2 * _RADII * self.deviation < apart:
            raise ConfigurationError(
                f"deviation: expected below {apart / 2 / _RADII:.3g}, for modes that can be told "
                f"from one another, got {self.deviation}"
            )

    @property
    def centres(self) -> np.ndarray:
        """Of the modes, ``(modes, 2)``."""
        angle = 2 * np.pi * np.arange(self.modes) / self.modes
        return self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def draw(self, key: Array, n: int) -> np.ndarray:
        """True samples ``(n, 2)``."""
        random = generator(key)
        centres = self.centres[random.integers(self.modes, size=n)]
        return np.asarray(centres + self.deviation * random.normal(size=(n, 2)))


@dataclass(frozen=True, kw_only=True)
class RingRecipe:
    """How the pair is trained, once for each seed.

    Attributes:
        seeds: how many pairs; that of the first that does not run away is kept.
        latent: numbers of a sample.
        width: of two hidden layers of either network.
        penalty: γ of the non-saturating game.
        critic_steps: a step of the generator.
        optimizer: of both.
        size: samples of a step.
        steps: of the critic.
        average: steps over which parameters are averaged.
        judge: fresh samples of each pair.
    """

    seeds: int = 5
    latent: int = 4
    width: int = 64
    penalty: float = 0.5
    critic_steps: int = 1
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="adam", learning_rate=1e-3, b1=0.5, b2=0.9, cosine=4000
        )
    )
    size: int = 128
    steps: int = 4000
    average: float = 200.0
    judge: int = 10_000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name in ("seeds", "latent", "width", "critic_steps", "size"):
            as_whole(name, getattr(self, name), least=1)
        as_whole("steps", self.steps, least=0)
        check_average(self.average)
        as_whole("judge", self.judge, least=2)
        non_saturating(self.penalty)

    def networks(self) -> tuple[MLP, MLP]:
        """Generator and critic."""
        widths = (self.width, self.width)
        act = jax.nn.leaky_relu
        return MLP(widths, outputs=2, activation=act), MLP(widths, activation=act)


def solve(
    subject: Ring,
    recipe: RingRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> AdversarialPair:
    """Train a pair for each seed on the same samples, and count the modes of each.

    A seed whose game runs away is counted with the pair of its last step in bounds, and told: its
    place in the lists, from 0, is in ``diverged``.

    Raises:
        DivergenceError: of the last seed, where all ran away.
    """
    data = subject.draw(key_for(key, "data"), subject.samples)
    fresh = subject.draw(key_for(key, "check"), recipe.judge)
    ended, diverged, told, far = [], [], [], []
    for seed in range(recipe.seeds):
        own = jax.random.fold_in(key_for(key, "solve"), seed)
        try:
            pair = gan(
                data,
                *recipe.networks(),
                latent=recipe.latent,
                cost=non_saturating(recipe.penalty),
                critic_steps=recipe.critic_steps,
                optimizer=recipe.optimizer.build(),
                size=recipe.size,
                steps=recipe.steps,
                average=recipe.average,
                key=own,
                run=run,
                callbacks=callbacks,
                progress=progress,
            )
            ended.append(pair)
        except DivergenceError as error:
            diverged.append(seed)
            if len(diverged) == recipe.seeds:
                raise
            pair = error.kept
        x = np.asarray(pair.sample(key_for(own, "measure"), recipe.judge))
        told.append(mode_coverage(x, subject.centres, _RADII * subject.deviation))
        far.append(
            sliced_wasserstein_distance(
                x, fresh, key=key_for(key, "bootstrap"), directions=50, resamples=20
            )
        )
    found = {
        "modes": subject.modes,
        "seeds": recipe.seeds,
        "seeds_with_every_mode": sum(
            one.covered == subject.modes for seed, one in enumerate(told) if seed not in diverged
        ),
        "diverged": diverged,
        "covered": [one.covered for one in told],
        "good_share": [one.good.value for one in told],
        "good_share_error": [one.good.error for one in told],
        "exact_good_share": float(1 - np.exp(-(_RADII**2) / 2)),
        "imbalance": [one.imbalance for one in told],
        "distance": [one.value for one in far],
        "distance_error": [one.error for one in far],
        "distance_floor": far[0].floor,
    }
    return replace(ended[0], found=found)


def check(subject: Ring, recipe: RingRecipe) -> None:
    """Build networks and optimizer, before a run is made.

    Raises:
        ConfigurationError: a step of more samples than there are.
    """
    recipe.networks()
    recipe.optimizer.check(recipe.steps)
    if recipe.size > subject.samples:
        raise ConfigurationError(
            f"size: expected at most {subject.samples} samples, got {recipe.size}"
        )


def load(subject: Any, recipe: RingRecipe, directory: Path) -> AdversarialPair:
    """Read the saved pair, of the first seed that did not run away."""
    return AdversarialPair.load(directory, *recipe.networks())


ENTRY = Entry(
    "gan-ring",
    "−ln σ(D(G(z))) against −ln σ(D(x)) − ln(1 − σ(D(G(z)))) + ½γ|∇D(x)|², eight modes",
    "every mode; 1 − e^{−9/2} of samples within three deviations",
    Ring(),
    {
        "default": RingRecipe(),
        "quick": RingRecipe(
            seeds=1,
            steps=2000,
            optimizer=OptimizerSettings(
                name="adam", learning_rate=1e-3, b1=0.5, b2=0.9, cosine=2000
            ),
        ),
    },
    solve,
    extendable=(),
    load=load,
    check=check,
)
