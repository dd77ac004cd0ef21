"""Heat carried around a ring, forecast in few numbers by an autoencoder, beside components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.catalogue.forecast import by_component, free_run, windows
from physml.learn.linear import ridge
from physml.learn.regress import regress
from physml.learn.unsupervised import pca
from physml.networks import Autoencoder, Recurrent, convolutional_autoencoder
from physml.networks.recurrent import CELLS, CellName
from physml.optim.settings import OptimizerSettings
from physml.ranges import check_positive
from physml.sampling import minibatches
from physml.train import Entry, Run, fit, key_for, least_squares
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study


@dataclass(frozen=True)
class CarriedHeat:
    """``u_t + c u_x = κ u_xx`` on a ring of length 1, from one hot spot of heat 1.

    A spot of width ``w`` stays one, of width ``√(w² + 2κt)``, at ``s + ct``: two numbers tell a
    snapshot, of which one lies on a circle; principal components need many.

    Attributes:
        points: at which ``u`` is known, a multiple of 8.
        speed: c.
        diffusivity: κ.
        narrowest: the smallest width ``w`` at the start.
        widest: the largest.
        interval: time between two snapshots.
        snapshots: of a trajectory.
        training: trajectories to train on.
        test: trajectories to judge by.
    """

    points: int = 64
    speed: float = 1.0
    diffusivity: float = 0.002
    narrowest: float = 0.05
    widest: float = 0.08
    interval: float = 0.05
    snapshots: int = 21
    training: int = 40
    test: int = 10

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("snapshots", "training", "test"):
            if getattr(self, name) < 2:
                raise ConfigurationError(f"{name}: expected at least 2, got {getattr(self, name)}")
        if self.points < 8 or self.points % 8:
            raise ConfigurationError(f"points: expected a multiple of 8, got {self.points}")
        for name in ("speed", "diffusivity", "interval"):
            check_positive(name, getattr(self, name))
        if not 2 / self.points < self.narrowest <= self.widest < 0.5:
            raise ConfigurationError(
                f"narrowest: expected 2/points = {2 / self.points:g} < narrowest <= widest < 0.5, "
                f"got {self.narrowest} and {self.widest}"
            )

    def temperature(self, width: np.ndarray, place: np.ndarray) -> np.ndarray:
        """``u = Σ_k e^{−2π²k²w² + 2πik(x − s)}`` of spots, ``(..., points)``."""
        waves = np.arange(1, self.points)
        x = np.arange(self.points) / self.points
        angle = 2 * np.pi * waves * (x[:, None] - place[..., None, None])
        decay = np.exp(-2 * (np.pi * waves * width[..., None, None]) ** 2)
        return np.asarray(1 + 2 * np.sum(decay * np.cos(angle), axis=-1))

    def trajectories(self, key: Array) -> np.ndarray:
        """Those to train on and those to judge by, ``(n, snapshots, points)``."""
        random, count = generator(key), self.training + self.test
        width = random.uniform(self.narrowest, self.widest, (count, 1))
        time = self.interval * np.arange(self.snapshots)
        place = random.uniform(size=(count, 1)) + self.speed * time
        return self.temperature(np.sqrt(width**2 + 2 * self.diffusivity * time), place)


@dataclass(frozen=True, kw_only=True)
class LatentRecipe:
    """How it is told.

    Attributes:
        latent: numbers between, of the autoencoder and of the principal components.
        channels: of the encoder's blocks.
        optimizer: of the autoencoder.
        steps: of it.
        size: snapshots of a step.
        cell: of the recurrent network of latent numbers.
        state: length of its state.
        window: snapshots that it sees.
        forecast: the optimizer of its training.
        epochs: how often that sees each window.
    """

    latent: int = 3
    channels: tuple[int, ...] = (8, 16, 16)
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=3e-3, decay=1000.0)
    )
    steps: int = 3000
    size: int = 64
    cell: CellName = "gru"
    state: int = 12
    window: int = 2
    forecast: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=1e-2, decay=300.0)
    )
    epochs: int = 150

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("latent", "steps", "size", "state", "window", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.cell not in CELLS:
            raise ConfigurationError(f"cell: expected {', '.join(CELLS)}, got {self.cell!r}")


class Latent(NamedTuple):
    """Two ways between snapshots ``(n, points)`` and latent numbers ``(n, k)``."""

    encode: Callable[[np.ndarray], np.ndarray]
    decode: Callable[[np.ndarray], np.ndarray]


def network(subject: CarriedHeat, recipe: LatentRecipe) -> Autoencoder:
    """The autoencoder of a recipe."""
    return convolutional_autoencoder(
        (subject.points, 1), recipe.latent, channels=recipe.channels, axes=1, periodic=True
    )


def check(subject: CarriedHeat, recipe: LatentRecipe) -> None:
    """Build networks and optimizer, to no other end.

    Raises:
        ConfigurationError: settings that exclude each other, a window as long as a trajectory.
    """
    network(subject, recipe)
    recipe.optimizer.check(recipe.steps)
    recipe.forecast.build()
    if recipe.window + 1 >= subject.snapshots:
        raise ConfigurationError(
            f"window: expected fewer than {subject.snapshots - 1}, got {recipe.window}"
        )
    if recipe.size > subject.training * subject.snapshots:
        raise ConfigurationError(
            f"size: expected at most {subject.training * subject.snapshots} snapshots, got "
            f"{recipe.size}"
        )
    if recipe.latent > subject.points:
        raise ConfigurationError(f"latent: expected at most {subject.points}, got {recipe.latent}")


def solve(
    subject: CarriedHeat,
    recipe: LatentRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Learn both ways from the training trajectories, tell the others from their start."""
    check(subject, recipe)
    whole = subject.trajectories(key_for(key, "data"))
    train, test = whole[: subject.training], whole[subject.training :]
    # First, since it refuses more numbers than the snapshots vary in.
    components = pca(train.reshape(-1, subject.points), recipe.latent)
    coder, losses, parameters = _autoencoder(subject, recipe, train, key, run, callbacks)
    linear = Latent(components.transform, components.inverse)
    codes = windows(_by_snapshot(coder.encode, train), recipe.window)
    moved = regress(
        Recurrent(recipe.state, recipe.latent, recipe.cell),
        Dataset(*codes, name="heat-latent"),
        epochs=recipe.epochs,
        optimizer=recipe.forecast,
        size=min(recipe.size, len(codes.inputs)),
        scale=by_component,
        key=key_for(key, "measure"),
        run=run,
        phase="forecast",
        callbacks=callbacks,
    )
    scores = windows(_by_snapshot(components.transform, train), recipe.window)
    line = ridge(_flat(scores.inputs), scores.targets, 1e-12)
    ways = {
        "autoencoder": (coder, moved.predict),
        "principal components": (linear, lambda seen: line.predict(_flat(seen))),
    }
    judged = {name: _judged(way, step, test, recipe.window) for name, (way, step) in ways.items()}
    ours, theirs = judged["autoencoder"], judged["principal components"]
    spectrum = np.linalg.svd(test.reshape(-1, subject.points), compute_uv=False)
    beyond = 1 - np.cumsum(spectrum**2) / np.sum(spectrum**2)
    left = np.sqrt(np.maximum(beyond, 0))  # whose last ones are rounding
    as_good = 1 + int(np.argmax(left <= ours["seen"]))
    found = {
        "rmse": ours["rmse"],
        "relative_l2": ours["told"],
        "pca_relative_l2": theirs["told"],
        "reconstruction": ours["seen"],
        "pca_reconstruction": theirs["seen"],
        "components_as_good": as_good,
        "loss": float(np.mean(losses[-100:])),
        "train": train.shape[0] * train.shape[1],
        "test": test.shape[0] * test.shape[1],
        "parameters": parameters + moved.found["parameters"],
        "compile_seconds": moved.numbers()["compile_seconds"],
    }
    said = {
        "forecast": f"relative L² error {ours['told']:.2e} of {test.shape[1] - recipe.window} "
        f"snapshots from {recipe.window}, principal components with a linear map "
        f"{theirs['told']:.2e}",
        "back through the latent numbers": f"{ours['seen']:.2e}, principal components "
        f"{theirs['seen']:.2e}, {recipe.latent} numbers each",
        "as good": f"{as_good} components of the test snapshots themselves",
    }
    x = np.arange(subject.points) / subject.points
    time = subject.interval * np.arange(recipe.window, subject.snapshots)
    panels = [
        Panel(
            "x",
            f"u at t = {time[-1]:g}, first test trajectory",
            {"exact": (x, test[0, -1])}
            | {name: (x, one["snapshots"][0, -1]) for name, one in judged.items()},
        ),
        Panel(
            "time", "relative error, L²", {n: (time, o["curve"]) for n, o in judged.items()}, "y"
        ),
        Panel("step", "loss of the autoencoder", {"train": (np.arange(len(losses)), losses)}, "y"),
    ]
    arrays = {"exact": test, "told": ours["snapshots"]}
    return Study("heat-latent", found, said, arrays, panels)


def _flat(seen: np.ndarray) -> np.ndarray:
    return seen.reshape(len(seen), -1)


def _by_snapshot(f: Callable[[np.ndarray], np.ndarray], series: np.ndarray) -> np.ndarray:
    """A function of snapshots ``(n, d)`` of all trajectories ``(m, t, d)``."""
    return f(series.reshape(-1, series.shape[-1])).reshape(*series.shape[:2], -1)


def _judged(
    way: Latent, step: Callable[[np.ndarray], np.ndarray], test: np.ndarray, window: int
) -> dict[str, Any]:
    """Of snapshots through latent numbers, and of those told by the first ones alone."""
    codes = _by_snapshot(way.encode, test)
    back = _by_snapshot(way.decode, codes)
    told = _by_snapshot(way.decode, free_run(step, codes[:, :window], test.shape[1] - window))
    exact = test[:, window:]
    missed = np.linalg.norm(told - exact, axis=-1) / np.linalg.norm(exact, axis=-1)
    return {
        "seen": float(np.linalg.norm(back - test) / np.linalg.norm(test)),
        "told": float(np.linalg.norm(told - exact) / np.linalg.norm(exact)),
        "rmse": float(np.sqrt(np.mean((told - exact) ** 2))),
        "curve": np.sqrt(np.mean(missed**2, axis=0)),
        "snapshots": told,
    }


def _autoencoder(
    subject: CarriedHeat,
    recipe: LatentRecipe,
    train: np.ndarray,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
) -> tuple[Latent, np.ndarray, int]:
    """The two ways of a trained autoencoder, its losses and how many parameters it has."""
    module, dtype = network(subject, recipe), jnp.result_type(float)
    mean, deviation = train.mean(), train.std()

    def scaled(snapshots: np.ndarray) -> Array:
        return jnp.asarray((snapshots - mean)[..., None] / deviation, dtype)

    def residual(params: Any, x: Array) -> Array:
        told: Any = module.apply(params, x)
        missed: Array = (told - x).ravel()
        return missed / x.size**0.5

    samples = scaled(train.reshape(-1, subject.points))
    result = fit(
        least_squares({"snapshots": residual}),
        minibatches({"snapshots": samples}, size=recipe.size),
        recipe.optimizer.build(),
        jax.jit(module.init)(key_for(key, "params"), samples[0]),
        steps=recipe.steps,
        key=key_for(key, "fit"),
        run=run,
        phase="autoencoder",
        callbacks=callbacks,
    )
    encode, decode = (
        jax.jit(jax.vmap(partial(module.apply, result.params, method=method)))
        for method in ("encode", "decode")
    )
    way = Latent(
        lambda snapshots: np.asarray(encode(scaled(snapshots)), float),
        lambda codes: (
            np.asarray(decode(jnp.asarray(codes, dtype)), float)[..., 0] * deviation + mean
        ),
    )
    size = sum(leaf.size for leaf in jax.tree.leaves(result.params))
    return way, result.history["loss"], size


ENTRY = Entry(
    "heat-latent",
    "u_t + c u_x = κ u_xx on a ring, a hot spot, told in few numbers",
    "Σ_k e^{−2π²k²(w² + 2κt) + 2πik(x − s − ct)}",
    CarriedHeat(),
    {"default": LatentRecipe(), "quick": LatentRecipe(steps=600, epochs=40)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
