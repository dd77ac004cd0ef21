"""Gradients of a deep network at its first weights, by layer: Glorot's, He's and unit normal.

Expected (Glorot and Bengio, 2010, proceedings.mlr.press/v9/glorot10a; He et al., 2015,
arXiv:1502.01852): the gradient of a layer's weights is the product of what comes in, ``a``, and of
what comes back, ``δ``. Glorot's weights keep both from layer to layer for tanh, He's for ReLU. ReLU
is homogeneous: what ``a`` loses upwards ``δ`` has lost downwards, so that all layers' gradients are
of one size whatever the weights' scale; Glorot's make it small, unit normal numbers, whose ``a``
grows by ``√(n/2)`` a layer, larger by many orders. Unit normal numbers saturate tanh, and gradients
grow on their way down. Ten hidden layers of 50 neurons, 200 inputs and targets of normal numbers,
back-propagation written out; norms are root mean squares over samples, one by one.

Run: python experiments/initial_gradients.py [--seeds 20] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import physml as pm
from physml import learn

STARTS = {
    "Glorot": jax.nn.initializers.glorot_normal(),
    "He": jax.nn.initializers.he_normal(),
    "unit normal": jax.nn.initializers.normal(1.0),
}
ACTIVATIONS = {"tanh": learn.tanh, "ReLU": learn.relu}


@dataclass(frozen=True)
class Config:
    """Hidden layers, their width, how many seeds; where figure and page go."""

    depth: int = 10
    width: int = 50
    seeds: int = 20
    write: Path | None = None


def norms(initial: jax.nn.initializers.Initializer, word: str, config: Config) -> np.ndarray:
    """``√ mean |∂C_i/∂W|²`` over samples, ``(seeds, layers)``: the output's layer stands last."""
    width = config.width
    hidden = [learn.dense(width, width, ACTIVATIONS[word], initial=initial)] * config.depth
    last = learn.dense(width, 1, initial=initial)
    network = learn.LayeredNetwork((*hidden, last), learn.squared_error)
    random = np.random.default_rng(0)
    x, y = (jnp.asarray(random.normal(size=(200, 1, size))) for size in (width, 1))

    @jax.jit
    def of_a_seed(seed: int) -> jax.Array:
        params = network.init(jax.random.key(seed))
        _, gradients = jax.vmap(lambda x, y: network.backpropagate(params, (x, y)))(x, y)
        return jnp.stack([jnp.linalg.norm(own["W"]) for own in gradients]) / np.sqrt(len(x))

    return np.array([of_a_seed(seed) for seed in range(config.seeds)])


def middle(values: np.ndarray) -> np.ndarray:
    """The geometric mean over seeds, by layer."""
    return np.exp(np.mean(np.log(values), axis=0))


def main(config: Config) -> dict[str, np.ndarray]:
    """Norms ``(seeds, layers)`` by start and activation."""
    jax.config.update("jax_enable_x64", True)
    found = {
        f"{start}, {word}": norms(initial, word, config)
        for start, initial in STARTS.items()
        for word in ACTIVATIONS
    }
    for name, values in found.items():
        print(f"{name}: first over last hidden layer {first_over_last(values):.3g}")
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(found, config.write / "initial-gradients.png")
        (config.write / "initial-gradients.md").write_text(page(found, config))
    return found


def first_over_last(values: np.ndarray) -> float:
    """Of the hidden layers."""
    return float(middle(values)[0] / middle(values)[-2])


def page(found: dict[str, np.ndarray], config: Config) -> str:
    """Norms of three layers, and their ratio."""
    lines = [
        "# Gradients at the first weights",
        "",
        f"Written by `python experiments/initial_gradients.py --seeds {config.seeds} --write "
        f"docs/results`, {datetime.date.today()}; {os.cpu_count()} busy CPU cores, float64, jax "
        f"{jax.__version__}. The norm of the gradient by a layer's weights, {config.depth} hidden "
        f"layers of {config.width} neurons; root mean square over 200 samples of normal numbers, "
        f"one by one, geometric mean of {config.seeds} seeds. The cost is ½(a − y)², `y` of "
        "deviation 1; a start serves where the gradients of all layers are of one moderate size.",
        "",
        f"| weights, activation | layer 1 | layer {config.depth // 2} | layer {config.depth} | "
        "first over last |",
        "|---|---|---|---|---|",
    ]
    for name, values in found.items():
        at = middle(values)
        chosen = (at[i] for i in (0, config.depth // 2 - 1, config.depth - 1))
        cells = " | ".join(f"{value:.2g}" for value in chosen)
        lines.append(f"| {name} | {cells} | {first_over_last(values):.2g} |")
    return "\n".join([*lines, "", "![](initial-gradients.png)"]) + "\n"


def draw(found: dict[str, np.ndarray], path: Path) -> None:
    """Norms by layer: the mean, least and largest of the seeds."""
    with pm.figures.figure(path, 1, 1) as axis:
        for name, values in found.items():
            start, word = name.split(", ")
            style = "--" if word == "ReLU" else "-"
            colour = f"C{list(STARTS).index(start)}"
            layers = np.arange(1, values.shape[1] + 1)
            axis.plot(layers, middle(values), style, color=colour, label=name)
            band = {"color": colour, "alpha": 0.12, "linewidth": 0}
            axis.fill_between(layers, values.min(axis=0), values.max(axis=0), **band)
        axis.set(xlabel="layer", ylabel="norm of the gradient", yscale="log")
        axis.legend(fontsize=6)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=Config.seeds)
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
