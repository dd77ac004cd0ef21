"""5,000 digits of MNIST by 784-100-100-10: Adam, the natural gradient, scikit-learn.

Claim: in 5-fold cross-validation the library's `classify` is not below `MLPClassifier` by one
point. Each gets 64 images a step and pixels scaled by one mean and deviation; how many epochs each
trains is chosen on a fifth of the first fold's training part, before any fold is judged. Seconds
are those of the processor (`time.process_time`), of training alone: not of judging, and the first
epoch of jax's, which holds compiling, counts as the second.

Run: python benchmarks/mnist_subset_peers.py [--epochs 30] [--natural 12] [--write docs/results]
Some at a time with `--learners NAME ... --fold i --kept FILE`, which keeps what is finished.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import optax

import physml as pm

WIDTHS, SIZE = (100, 100), 64


@dataclass(frozen=True)
class Config:
    """The most epochs of Adam and of the natural gradient; folds; seed; where the page goes."""

    epochs: int = 30
    natural: int = 12
    folds: int = 5
    seed: int = 0
    learners: tuple[str, ...] = ()
    fold: int | None = None
    kept: Path | None = None
    write: Path | None = None


class Curve(NamedTuple):
    """After each epoch: seconds of the processor, and the accuracy on other data."""

    seconds: np.ndarray
    accuracies: np.ndarray


Learn = Callable[[pm.Dataset, pm.Dataset, int, int], Curve]
"""``(train, test, epochs, seed) -> Curve``."""


def classified(optimizer: pm.Optimizer) -> Learn:
    """Curves of `classify` by one optimizer."""

    def curve(train: pm.Dataset, test: pm.Dataset, epochs: int, seed: int) -> Curve:
        network = pm.MLP(WIDTHS, outputs=10, activation=jax.nn.gelu)
        scaler = pm.datasets.Scaler.of_images(train.inputs)
        inputs = scaler(test.inputs).astype(np.float32)
        outputs = jax.jit(jax.vmap(network.apply, (None, 0)))
        accuracies, each, began = [], [], time.process_time()

        def watch(update: pm.train.Update) -> None:
            nonlocal began
            each.append(time.process_time() - began)
            told = np.asarray(outputs(update.params, inputs)).argmax(axis=1)
            accuracies.append(pm.learn.accuracy(test.labels, told))
            began = time.process_time()

        pm.learn.classify(
            network,
            train,
            epochs=epochs,
            size=SIZE,
            optimizer=optimizer,
            key=jax.random.key(seed),
            callbacks=[pm.every(-(-len(train) // SIZE), watch)],
            progress=False,
        )
        each[0] = each[min(1, len(each) - 1)]
        return Curve(np.cumsum(each), np.array(accuracies))

    return curve


def scikit_learn(train: pm.Dataset, test: pm.Dataset, epochs: int, seed: int) -> Curve:
    """Curves of `MLPClassifier`, an epoch a call."""
    from sklearn.neural_network import MLPClassifier

    scaler = pm.datasets.Scaler.of_images(train.inputs)
    x, inputs = (
        scaler(part.inputs).reshape(len(part), -1).astype(np.float32) for part in (train, test)
    )
    model = MLPClassifier(WIDTHS, batch_size=SIZE, learning_rate_init=1e-3, random_state=seed)
    accuracies, each = [], []
    for _ in range(epochs):
        began = time.process_time()
        model.partial_fit(x, train.labels, classes=np.arange(10))
        each.append(time.process_time() - began)
        accuracies.append(pm.learn.accuracy(test.labels, model.predict(inputs)))
    return Curve(np.cumsum(each), np.array(accuracies))


LEARNERS: dict[str, Learn] = {
    "Adam": classified(optax.adam(1e-3)),
    "natural gradient": classified(
        pm.natural_gradient(
            lambda step: 0.5 / (1 + step / 100), damping=0.3, max_norm=0.5, weight_decay=1e-4
        )
    ),
    "MLPClassifier": scikit_learn,
}


def main(config: Config) -> dict[str, tuple[int, list[Curve]]]:
    """Choose epochs, judge every fold, write the page; returns epochs and curves by name."""
    data = pm.datasets.mnist_subset()
    key = jax.random.key(config.seed)
    folds = pm.datasets.k_fold(len(data), config.folds, key=key)
    within = pm.datasets.split(
        data[folds[0].train], 0.2, key=jax.random.fold_in(key, 1), stratified=True
    )
    done: dict[tuple[str, str], Curve] = {}
    if config.kept is not None and config.kept.exists():
        for name, part, *curve in map(json.loads, config.kept.read_text().splitlines()):
            done[name, part] = Curve(*map(np.array, curve))

    def curve(name: str, part: str, train: pm.Dataset, test: pm.Dataset, epochs: int) -> Curve:
        if (name, part) not in done:
            found = LEARNERS[name](train, test, epochs, config.seed)
            print(
                name, part, epochs, found.accuracies[-1], f"{found.seconds[-1]:.1f} s", flush=True
            )
            done[name, part] = found
            if config.kept is not None:
                with config.kept.open("a") as file:
                    print(json.dumps([name, part, *(c.tolist() for c in found)]), file=file)
        return done[name, part]

    found: dict[str, tuple[int, list[Curve]]] = {}
    for name in config.learners or LEARNERS:
        most = config.natural if name == "natural gradient" else config.epochs
        tuning = curve(name, "tuning", within.train, within.test, most)
        epochs = 1 + int(np.argmax(tuning.accuracies))
        some = range(config.folds) if config.fold is None else [config.fold]
        parts = [(str(i), data[folds[i].train], data[folds[i].test]) for i in some]
        found[name] = epochs, [curve(name, *part, epochs) for part in parts]
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(found, config.write / "mnist-subset.png")
        (config.write / "mnist-subset.md").write_text(page(found, config))
    return found


def page(found: dict[str, tuple[int, list[Curve]]], config: Config) -> str:
    """Accuracies at the epochs that were chosen, and what they took."""
    command = f"--epochs {config.epochs} --natural {config.natural}"
    lines = [
        "# 5,000 digits of MNIST",
        "",
        f"Written by `python benchmarks/mnist_subset_peers.py {command} --write docs/results`, "
        f"{datetime.date.today()}; {os.cpu_count()} busy CPU cores, float32, jax "
        f"{jax.__version__}, seed {config.seed}. 784-100-100-10, 64 images a step, "
        f"{config.folds} folds. How many epochs each trains was chosen on a fifth of the first "
        "fold's training part. Seconds are those of the processor, of training alone, a fold. By "
        "one class alone a tenth would be right.",
        "",
        "| | epochs | mean accuracy | deviation of the folds | seconds a fold |",
        "|---|---|---|---|---|",
    ]
    for name, (epochs, curves) in found.items():
        last = np.array([curve.accuracies[-1] for curve in curves])
        seconds = np.mean([curve.seconds[-1] for curve in curves])
        lines.append(
            f"| {name} | {epochs} | {last.mean():.4f} | {last.std(ddof=1):.4f} | {seconds:.1f} |"
        )
    return "\n".join([*lines, "", "![](mnist-subset.png)"]) + "\n"


def draw(found: dict[str, tuple[int, list[Curve]]], path: Path) -> None:
    """Error against seconds and epochs, median and range of the folds."""
    with pm.figures.figure(path, 1, 2) as (by_time, by_epoch):
        for name, (epochs, curves) in found.items():
            errors = 100 * (1 - np.array([curve.accuracies for curve in curves]))
            seconds = np.median([curve.seconds for curve in curves], axis=0)
            for axis, x in ((by_time, seconds), (by_epoch, np.arange(1, epochs + 1))):
                (line,) = axis.plot(x, np.median(errors, axis=0), "o-", markersize=3, label=name)
                axis.fill_between(
                    x, errors.min(axis=0), errors.max(axis=0), alpha=0.15, color=line.get_color()
                )
        for axis, label in ((by_time, "seconds of the processor"), (by_epoch, "epoch")):
            axis.set(xlabel=label, ylabel="wrong of a fold, %", yscale="log", xscale="log")
            axis.set_yticks([4, 5, 6, 8, 10, 15, 20], ["4", "5", "6", "8", "10", "15", "20"])
            axis.minorticks_off()
        by_time.legend(fontsize=7)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=Config.epochs)
    parser.add_argument("--natural", type=int, default=Config.natural)
    parser.add_argument("--seed", type=int, default=Config.seed)
    parser.add_argument("--learners", nargs="*", default=(), choices=tuple(LEARNERS))
    parser.add_argument("--fold", type=int)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
