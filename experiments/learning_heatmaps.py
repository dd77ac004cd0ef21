"""Learning rate against penalty as heat maps, for L2 and L1: the network with back-propagation.

Expected: too small a rate has not arrived and too large a one is noisy; between them a penalty up
to 1e-3 changes little, while 0.1 pulls all weights to nothing (the accuracy of one class). Digits
of 8 × 8 pixels (scikit-learn), 64-30-10, sigmoid, softmax cross-entropy plus `λ Σ w²` or `λ Σ |w|`
of the weights without the biases, plain stochastic gradients, 64 images a step; accuracies on a
validation part of a quarter, which is all that they choose by.

Run: python experiments/learning_heatmaps.py [--epochs 40] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import physml as pm
from physml import learn

PENALTIES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "L2": lambda weights: 2 * weights,
    "L1": jnp.sign,
}
"""Their derivatives by the weights."""


@dataclass(frozen=True)
class Config:
    """The grid; where figure and page go."""

    rates: tuple[float, ...] = (1e-3, 1e-2, 0.1, 1.0, 10.0)
    strengths: tuple[float, ...] = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 0.1)
    epochs: int = 40
    seed: int = 0
    write: Path | None = None


def accuracies(slope: Callable[[jax.Array], jax.Array], config: Config) -> np.ndarray:
    """``(rates, strengths)`` of validation images, all of the grid at once."""
    network = learn.LayeredNetwork(
        (learn.dense(64, 30, learn.sigmoid), learn.dense(30, 10)), learn.softmax_cross_entropy
    )
    key = jax.random.key(config.seed)
    data = pm.datasets.split(pm.datasets.digits(), 0.25, key=key, stratified=True)
    scaler = pm.datasets.Scaler.of_images(data.train.inputs)
    x, inputs = (
        jnp.asarray(scaler(part.inputs).reshape(len(part), -1), jnp.result_type(float))
        for part in (data.train, data.test)
    )
    train = (x, jnp.asarray(data.train.labels))
    sampler = pm.sampling.minibatches(train, size=64)
    steps = config.epochs * len(x) // 64

    @jax.jit
    def trained(rate: jax.Array, strength: jax.Array) -> jax.Array:
        params = network.init(key)

        def step(carry: Any, _: None) -> tuple[Any, None]:
            params, state = carry
            state, batch, _ = sampler.sample(key, state, params)
            _, gradient = network.backpropagate(params, batch)
            new = tuple(
                {
                    "W": layer["W"] - rate * (own["W"] + strength * slope(layer["W"])),
                    "b": layer["b"] - rate * own["b"],
                }
                for layer, own in zip(params, gradient, strict=True)
            )
            return (new, state), None

        start = (params, sampler.init(jax.random.fold_in(key, 1), params))
        (params, _), _ = jax.lax.scan(step, start, length=steps)
        told = network.outputs(params, inputs)
        right = jnp.mean(jnp.argmax(told, axis=1) == jnp.asarray(data.test.labels))
        return jnp.where(jnp.all(jnp.isfinite(told)), right, 0.0)

    return np.array([[trained(r, s) for s in config.strengths] for r in config.rates])


def main(config: Config) -> dict[str, np.ndarray]:
    """Both maps."""
    found = {name: accuracies(slope, config) for name, slope in PENALTIES.items()}
    for name, values in found.items():
        i, j = np.unravel_index(values.argmax(), values.shape)
        print(f"{name}: {values.max():.4f} at rate {config.rates[i]:g}, λ {config.strengths[j]:g}")
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(found, config, config.write / "learning-heatmaps.png")
        (config.write / "learning-heatmaps.md").write_text(page(found, config))
    return found


def page(found: dict[str, np.ndarray], config: Config) -> str:
    """Where each map is highest, and both as tables."""
    lines = [
        "# Learning rate against penalty",
        "",
        f"Written by `python experiments/learning_heatmaps.py --epochs {config.epochs} --write "
        f"docs/results`, {datetime.date.today()}; {os.cpu_count()} busy CPU cores, float32, jax "
        f"{jax.__version__}, seed {config.seed}. Digits of 8 × 8 pixels, 64-30-10, sigmoid, plain "
        f"stochastic gradients, 64 images a step, {config.epochs} epochs; accuracy in percent on "
        "450 validation images, whose deviation is 1. A tenth is one class alone; 0 stands where "
        "training diverged.",
    ]
    for name, values in found.items():
        head = " | ".join(f"{s:g}" for s in config.strengths)
        lines += ["", f"| {name}: rate, λ | {head} |", "|---|" + "---|" * len(config.strengths)]
        for rate, row in zip(config.rates, values, strict=True):
            lines.append(f"| {rate:g} | " + " | ".join(f"{100 * v:.1f}" for v in row) + " |")
    return "\n".join([*lines, "", "![](learning-heatmaps.png)"]) + "\n"


def draw(found: dict[str, np.ndarray], config: Config, path: Path) -> None:
    """A map each."""
    with pm.figures.figure(path, 1, 2) as axes:
        for axis, (name, values) in zip(axes, found.items(), strict=True):
            axis.imshow(
                100 * values, cmap="viridis", vmin=0, vmax=100, aspect="auto", interpolation="none"
            )
            axis.grid(False)
            for (i, j), value in np.ndenumerate(values):
                colour = "black" if value > 0.6 else "white"
                words = f"{100 * value:.1f}"
                axis.text(j, i, words, ha="center", va="center", color=colour, fontsize=6)
            words = [f"{s:.0e}" if s else "0" for s in config.strengths]
            axis.set_xticks(range(len(words)), words, fontsize=7)
            axis.set_yticks(range(len(config.rates)), [f"{r:g}" for r in config.rates])
            axis.set(xlabel=f"λ of {name}", ylabel="learning rate", title=f"{name}, accuracy in %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=Config.epochs)
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
