"""Images told by a matrix model: one way to train it, to judge it and to show it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError
from physml.networks import MLP
from physml.pmm.image_matrix import ImageMatrix
from physml.sampling import minibatches, with_noise
from physml.train import Run, cross_entropy, fit, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study
from physml.types import Optimizer

_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """A matrix model, and how it is trained.

    Attributes:
        rows: n of the matrix.
        rank: terms of the matrix.
        keep: eigenvectors that are looked at, those of the lowest eigenvalues.
        learning_rate: of Adam at its highest, after a twentieth of the steps; it falls to a
            hundredth of it as a cosine.
        weight_decay: w of adamw.
        noise: deviation of what is added to each pixel anew at each step, where that of the pixels
            themselves is 1.
        smoothing: part of a label that is spread over all classes.
        size: images of a step.
        epochs: how often each image is seen.
    """

    rows: int = 10
    rank: int = 12
    keep: int = 5
    learning_rate: float = 0.01
    weight_decay: float = 0.01
    noise: float = 0.5
    smoothing: float = 0.1
    size: int = 64
    epochs: int = 40

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("size", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise ConfigurationError(
                "learning_rate, weight_decay: expected finite numbers, > 0 and ≥ 0, got "
                f"{self.learning_rate}, {self.weight_decay}"
            )
        if not 0 <= self.noise < math.inf or not 0 <= self.smoothing < 1:
            raise ConfigurationError(
                f"noise, smoothing: expected a number ≥ 0 and one in [0, 1), got {self.noise}, "
                f"{self.smoothing}"
            )
        self.model(2)

    def model(self, classes: int) -> ImageMatrix:
        """The matrix model.

        Raises:
            ConfigurationError: numbers of it out of range.
        """
        return ImageMatrix(classes=classes, size=self.rows, rank=self.rank, keep=self.keep)

    def optimizer(self, steps: int) -> Optimizer:
        """Adam with decoupled weight decay and a rate that rises, and falls as a cosine."""
        rate = optax.warmup_cosine_decay_schedule(
            0.1 * self.learning_rate,
            self.learning_rate,
            max(1, steps // 20),
            max(2, steps),
            0.01 * self.learning_rate,
        )
        adam = optax.adamw(rate, weight_decay=self.weight_decay)
        return optax.with_extra_args_support(adam)


def image_study(
    entry: str,
    data: Dataset,
    recipe: ImageRecipe,
    *,
    published: str,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on one part of the data, judge by the other, once; beside it a linear model.

    Args:
        entry: its name.
        data: images ``(n, h, w)`` with labels and a split.
        recipe: how.
        published: what others came to, in words.
        key: a random key.
        run: a run directory; the linear model is a phase of its own in it.
        callbacks: see ``fit``.

    Raises:
        ConfigurationError: more images a step than there are.
    """
    train, test = data.train, data.test
    if recipe.size > len(train):
        raise ConfigurationError(f"size: expected from 1 to {len(train)}, got {recipe.size}")
    scaler = Scaler.of_images(train.inputs)
    model = recipe.model(data.classes)
    trained = partial(_trained, train, scaler, recipe, key=key, run=run, callbacks=callbacks)
    params, result = trained(model, phase="train")
    linear = MLP((), outputs=data.classes)
    straight, _ = trained(linear, phase="linear")

    own, told = (_log_probabilities(model, params, scaler, part) for part in (train, test))
    peer = _log_probabilities(linear, straight, scaler, test).argmax(axis=1)
    right = told.argmax(axis=1) == test.labels
    most = np.bincount(train.labels).argmax()
    found = {
        "accuracy": float(right.mean()),
        "loss": float(-np.mean(own[np.arange(len(train)), train.labels])),
        "train": len(train),
        "test": len(test),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(params)),
        "train_accuracy": float((own.argmax(axis=1) == train.labels).mean()),
        "test_loss": float(-np.mean(told[np.arange(len(test)), test.labels])),
        "linear_accuracy": float((peer == test.labels).mean()),
        "linear_parameters": sum(leaf.size for leaf in jax.tree.leaves(straight)),
        "trivial_accuracy": float((test.labels == most).mean()),
        "steps": len(result.history["loss"]),
        "compile_seconds": result.compile_seconds,
    }
    error = math.sqrt(found["accuracy"] * (1 - found["accuracy"]) / len(test))
    said = {
        "accuracy": f"{found['accuracy']:.4f} ± {error:.4f} of {len(test)} not trained on",
        "on training data": f"{found['train_accuracy']:.4f} of {len(train)}",
        "model": f"{recipe.rows} × {recipe.rows} matrix, rank {recipe.rank}, "
        f"{found['parameters']} parameters",
        "beside": f"a linear model {found['linear_accuracy']:.4f} with "
        f"{found['linear_parameters']} parameters, one class {found['trivial_accuracy']:.4f}",
        "published": published,
    }
    panels = _panels(result, len(train) / recipe.size, right, test)
    return Study(entry, found, said, _arrays(params, told), panels)


def _trained(
    train: Dataset,
    scaler: Scaler,
    recipe: ImageRecipe,
    network: Any,
    *,
    phase: str,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
) -> tuple[Any, Any]:
    """The parameters that a recipe comes to, and the fit."""
    x = _scaled(scaler, train.inputs)
    params = network.init(key_for(key, "params"), x[0])
    steps = math.ceil(recipe.epochs * len(train) / recipe.size)
    labels = jnp.asarray(train.labels)
    if recipe.smoothing:
        hot = jax.nn.one_hot(labels, train.classes, dtype=x.dtype)
        labels = (1 - recipe.smoothing) * hot + recipe.smoothing / train.classes
    sampler = minibatches((x, labels), size=recipe.size)
    if recipe.noise:
        sampler = with_noise(sampler, Partial(partial(_noisy, recipe.noise)))
    result = fit(
        cross_entropy(network.apply),
        sampler,
        recipe.optimizer(steps),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        run=run,
        phase=phase,
        callbacks=callbacks,
    )
    return result.params, result


def _noisy(deviation: float, key: Array, batch: tuple[Array, Array]) -> tuple[Array, Array]:
    images, labels = batch
    return images + deviation * jax.random.normal(key, images.shape, images.dtype), labels


def _scaled(scaler: Scaler, images: np.ndarray) -> Array:
    return jnp.asarray(scaler(images), jnp.result_type(float))


def _log_probabilities(network: Any, params: Any, scaler: Scaler, part: Dataset) -> np.ndarray:
    return np.asarray(_logs(network, params, _scaled(scaler, part.inputs)))


@partial(jax.jit, static_argnums=0)
def _logs(network: Any, params: Any, images: Array) -> Array:
    outputs = jax.lax.map(partial(network.apply, params), images, batch_size=_AT_ONCE)
    return jax.nn.log_softmax(outputs)


def _arrays(params: Any, told: np.ndarray) -> dict[str, np.ndarray]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    kept = {"/".join(entry.key for entry in path): np.asarray(leaf) for path, leaf in leaves}
    return kept | {"test_log_probabilities": told}


def _panels(result: Any, epoch: float, right: np.ndarray, test: Dataset) -> list[Panel]:
    """Of losses and accuracies; an epoch may be no whole number of steps."""
    losses, each = result.history["loss"], max(1, round(epoch))
    means = losses[: len(losses) // each * each].reshape(-1, each).mean(axis=1)
    places = (np.arange(len(means)) + 0.5) * each / epoch
    by_class = [right[test.labels == label].mean() for label in range(test.classes)]
    return [
        Panel("epoch", "cross-entropy", {"training": (places, means)}, "y"),
        Panel("class", "accuracy", {"test part": (np.arange(len(by_class)), by_class)}),
    ]
