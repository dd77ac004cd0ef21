"""The Wasserstein distance of two normal densities of one covariance, by a critic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.generative.adversaries.critic_distance import CriticDistance, critic_distance
from physml.generative.judge.wasserstein_distance import wasserstein_distance
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Panel, Run, Study, key_for
from physml.train.callbacks import Callback

_AVERAGED = 50


@dataclass(frozen=True)
class GaussianPair:
    """``N(0, Σ)`` and ``N(t, Σ)``, ``Σ`` diagonal, ``t`` along the diagonal: ``W₁ = |t|``.

    Attributes:
        dimension: of a sample, 2 or more: in one a critic that begins with the wrong sign stays so.
        distance: ``|t|``.
        narrowest: the smallest standard deviation.
        widest: the largest; those between are evenly spaced.
    """

    dimension: int = 2
    distance: float = 1.0
    narrowest: float = 0.5
    widest: float = 1.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("dimension", self.dimension, least=2)
        check_positive("distance", self.distance)
        if not 0 < self.narrowest <= self.widest < float("inf"):
            raise ConfigurationError(
                f"narrowest: expected 0 < narrowest <= widest, got {self.narrowest} and "
                f"{self.widest}"
            )

    @property
    def direction(self) -> np.ndarray:
        """Of the translation, of length 1."""
        return np.full(self.dimension, self.dimension**-0.5)

    def draws(self) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
        """One sample of either."""
        deviations = np.linspace(self.narrowest, self.widest, self.dimension)

        def one(mean: np.ndarray, key: Array) -> Array:
            return jnp.asarray(mean) + deviations * jax.random.normal(key, (self.dimension,))

        far = self.distance * self.direction
        return partial(one, far), partial(one, np.zeros(self.dimension))


@dataclass(frozen=True, kw_only=True)
class CriticRecipe:
    """How the critic is trained.

    Attributes:
        width: of its hidden layers.
        depth: how many.
        penalty: λ.
        optimizer: of first order.
        size: pairs of a step.
        steps: how many.
        judge: fresh pairs that tell the numbers.
    """

    width: int = 64
    depth: int = 2
    penalty: float = 10.0
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="adam", learning_rate=2e-3, b1=0.5, b2=0.9, cosine=3000
        )
    )
    size: int = 512
    steps: int = 3000
    judge: int = 400_000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name, least in (("width", 1), ("depth", 0), ("size", 1), ("steps", 1), ("judge", 2)):
            as_whole(name, getattr(self, name), least=least)
        check_positive("penalty", self.penalty)

    def critic(self) -> MLP:
        """The network."""
        return MLP((self.width,) * self.depth, activation="gelu")


def solve(
    subject: GaussianPair,
    recipe: CriticRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Study:
    """Train the critic, and set what it tells beside the exact distance."""
    first, second = subject.draws()
    critic = recipe.critic()
    found = critic_distance(
        first,
        second,
        critic,
        penalty=recipe.penalty,
        optimizer=recipe.optimizer.build(),
        size=recipe.size,
        steps=recipe.steps,
        judge=recipe.judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    exact, along = subject.distance, jnp.asarray(subject.direction)
    keys = jax.random.split(key_for(key, "check"), (2, 20_000))
    seen = [
        np.asarray(jax.jit(jax.vmap(lambda key, one=one: one(key) @ along))(keys[i]))
        for i, one in enumerate((first, second))
    ]
    lines = wasserstein_distance(*seen, key=key_for(key, "bootstrap"), resamples=50)
    told = {
        "distance": found.distance,
        "distance_error": found.error,
        "exact": exact,
        "relative_error": abs(found.distance / exact - 1),
        "difference": found.difference,
        "difference_relative_error": found.difference / exact - 1,
        "expected_excess": exact / (2 * recipe.penalty),
        "mean_slope": found.mean_slope,
        "steepest": found.steepest,
        "along_the_line": lines.value,
        "along_the_line_error": lines.error,
        "steps": recipe.steps,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(found.params)),
        "compile_seconds": found.result.compile_seconds,
    }
    said = {
        "distance": f"{found.distance:.5f} ± {found.error:.1e}, exact {exact:g}: "
        f"{100 * told['relative_error']:.2f}% off",
        "bare difference of the critic": f"{found.difference:.5f}, "
        f"{100 * told['difference_relative_error']:.2f}% high; by its penalty "
        f"{100 * told['expected_excess']:.2f}%",
        "slope": f"{found.mean_slope:.4f} on average, {found.steepest:.4f} at most",
        "samples along the line, by quantiles": f"{lines.value:.4f} ± {lines.error:.1e}",
    }
    return Study("wgan-gaussians", told, said, {}, _panels(subject, critic, found))


def _panels(subject: GaussianPair, critic: MLP, found: CriticDistance) -> list[Panel]:
    """The critic along the translation beside a line of slope 1, and the difference by step."""
    at = np.linspace(-2.0, 2.0 + subject.distance, 100)
    points = jnp.asarray(at[:, None] * subject.direction)
    values = np.asarray(jax.vmap(partial(critic.apply, found.params))(points))
    told = np.asarray(found.result.history["difference"])
    mean = np.convolve(told, np.full(_AVERAGED, 1 / _AVERAGED), "valid")
    steps = np.arange(len(told))
    curves = {"of 50 steps": (steps[_AVERAGED - 1 :], mean)} if len(mean) else {}
    exact = np.full(2, subject.distance)
    return [
        Panel(
            "along the translation",
            "critic",
            {"trained": (at, values - values.mean()), "slope 1": (at, at - at.mean())},
        ),
        Panel("step", "difference", curves | {"exact distance": (steps[[0, -1]], exact)}),
    ]


def check(subject: GaussianPair, recipe: CriticRecipe) -> None:
    """Build network and optimizer, before a run is made."""
    recipe.critic()
    recipe.optimizer.check(recipe.steps)


ENTRY = Entry(
    "wgan-gaussians",
    "max ⟨D⟩_p − ⟨D⟩_q − λ ⟨(|∇D| − 1)²⟩, two normal densities of one covariance",
    "|t|, exact",
    GaussianPair(),
    {
        "default": CriticRecipe(),
        "quick": CriticRecipe(
            width=32,
            steps=600,
            size=256,
            judge=50_000,
            optimizer=OptimizerSettings(
                name="adam", learning_rate=4e-3, b1=0.5, b2=0.9, cosine=600
            ),
        ),
    },
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
