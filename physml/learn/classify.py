"""Classes of samples by any network, through the one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from physml.datasets.dataset import Dataset
from physml.datasets.labels import check_several_classes
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError, ShapeError
from physml.figures import figure
from physml.learn.class_weights import ClassWeights, weights_of_samples
from physml.learn.learning_curve import plot_curves
from physml.learn.linear.linear_model import log_softmax
from physml.learn.metrics import accuracy, calibration, confusion_matrix
from physml.learn.parts_of_data import check_classes, check_validation, parts, whole
from physml.learn.scaled_network import ScaledNetwork, as_inputs
from physml.learn.train_network import check_outputs, checked_scaler, train_network, usual_scaler
from physml.learn.trained_part import Frozen
from physml.networks import network_of
from physml.optim import OptimizerSettings
from physml.train import FitResult, Rule, RuleSettings, Run, cross_entropy
from physml.train.callbacks import Callback
from physml.train.study import Study
from physml.types import Optimizer


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier; a ``Result``.

    Attributes:
        model: the network behind the scaler of its training samples.
        class_names: by label; none where empty.
        found: numbers, plain data: ``accuracy`` on the test part of the data, or None without one,
            ``loss``, ``train_accuracy``, how many samples to ``train`` and to ``test``,
            ``parameters``, ``steps``, ``epochs``, the loss ``validation`` of the model or None.
        judged: labels ``(n,)`` and probabilities ``(n, K)`` of the test part, or of the training
            samples without one.
        losses: at each step, of what was minimised.
        validation: the validation loss at each step, measured once an epoch; empty without any.
        result: of the fit; None where it was loaded.
    """

    model: ScaledNetwork
    class_names: tuple[str, ...]
    found: Mapping[str, Any]
    judged: tuple[np.ndarray, np.ndarray]
    losses: np.ndarray
    validation: np.ndarray
    result: FitResult | None = None

    def predict_proba(self, inputs: Any) -> np.ndarray:
        """Probabilities ``(n, K)`` of the classes of inputs ``(n, ...)``.

        Raises:
            ShapeError: inputs of another shape, masked or complex.
            NonFiniteError: a NaN or an infinity.
        """
        return np.exp(log_softmax(self.model(inputs)))

    def predict(self, inputs: Any) -> np.ndarray:
        """The most likely class, ``(n,)``, of inputs ``(n, ...)``; see ``predict_proba``."""
        return self.model(inputs).argmax(axis=1)

    def score(self, data: Dataset) -> float:
        """The accuracy on data: ``data.test``, not trained on.

        Raises:
            ConfigurationError: data with a split, of which no part is named.
            ShapeError: labels of other classes, inputs of another shape.
        """
        data = whole("score", data)
        check_classes("score", data, self.class_names)
        told = self.predict(data.inputs)
        classes = self.judged[1].shape[1]
        if data.labels.max() >= classes:
            raise ShapeError(f"score: expected labels below {classes}, got {data.labels.max()}")
        return accuracy(data.labels, told)

    def numbers(self) -> dict[str, Any]:
        """What was found, with the seconds of compiling."""
        seconds = 0.0 if self.result is None else self.result.compile_seconds
        return {**self.found, "compile_seconds": seconds}

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        found = self.found
        tested = found["accuracy"] is not None
        said = f"{found['accuracy']:.4f} of {found['test']} not trained on" if tested else "unknown"
        return {
            "accuracy": said,
            "on training data": f"{found['train_accuracy']:.4f} of {found['train']}",
            "cross-entropy": f"{found['loss']:.4g}, {found['steps']} steps",
            "parameters": str(found["parameters"]),
        }

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the learning curves, the confusion matrix, the calibration.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        labels, p = self.judged
        counts = confusion_matrix(labels, p.argmax(axis=1), classes=p.shape[1])
        sure = calibration(labels, p)
        with figure(path, 1, 3) as (loss, confusion, confidence):
            plot_curves(loss, self.losses, self.validation, self.found["epochs"])
            loss.set_ylabel("cross-entropy")
            shown = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            confusion.imshow(shown, vmin=0, vmax=1, cmap="Blues", interpolation="nearest")
            confusion.grid(False)
            words = self.class_names or tuple(map(str, range(len(counts))))
            confusion.set_xticks(range(len(words)), words, rotation=90, fontsize=7)
            confusion.set_yticks(range(len(words)), words, fontsize=7)
            confusion.set(xlabel="told", ylabel="true class")
            confidence.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
            confidence.plot(sure.confidence, sure.accuracy, "o-", markersize=4)
            confidence.set(xlabel="confidence", ylabel="accuracy")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep it in a directory: the parameters with the scaler, and what was found.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        labels, p = self.judged
        arrays = self.model.arrays() | {"labels": labels, "probabilities": p, "losses": self.losses}
        arrays["validation"] = self.validation
        arrays["class_names"] = np.array(self.class_names, dtype=str)
        return Study("classifier", self.found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, network: Any) -> Classifier:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            network: the one that was trained.

        Raises:
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network with other outputs.
        """
        kept = Study.load(directory)
        return cls(
            ScaledNetwork.read(network, kept.arrays, directory),
            tuple(map(str, kept.arrays["class_names"])),
            kept.found,
            (kept.arrays["labels"], kept.arrays["probabilities"]),
            kept.arrays["losses"],
            kept.arrays["validation"],
        )


def classify(
    network: Any,
    data: Dataset,
    *,
    epochs: int,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    size: int | None = 64,
    scale: Callable[[np.ndarray], Scaler] = usual_scaler,
    validation: Dataset | None = None,
    until: Rule | RuleSettings | str | None = None,
    patience: int | None = None,
    class_weights: ClassWeights | None = None,
    params: Any = None,
    frozen: Frozen = (),
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Classifier:
    """Train a network to tell classes: the least of ``−(1/n) Σ ln softmax(z(xᵢ))_yᵢ``.

    Data with a split are trained on by their training part alone, and judged by the other, once, at
    the end.

    Args:
        network: a linen module, or anything with ``init(key, x)`` and ``apply(params, x)`` of one
            sample, with as many outputs as there are classes: their logits; or a name, such as
            ``"mlp"``, or settings.
        data: with labels from 0 to K − 1.
        epochs: how often each training sample is seen.
        optimizer: any of ``physml.optim`` or optax, or a name or settings;
            ``optax.adam(1e-3)`` if None. A natural gradient wants a bound:
            ``natural_gradient(0.5, damping=1e-2, max_norm=0.3)``.
        size: samples of a step; None for all.
        scale: makes the scaler of the training inputs, which the model keeps: of a table each
            column by its own numbers, of images all pixels by the same.
        validation: data that are judged once an epoch, before it: the metrics ``validation``, their
            loss without weights of classes, and ``validation_accuracy``.
        until: a rule that may end it before, such as ``pm.train.target("validation", 0.3)``.
        patience: epochs without a lower validation loss after which it ends; the model has the
            parameters of the lowest. None: all epochs, and the last parameters.
        class_weights: ``w`` of each class, ``(K,)``, in ``−(1/n) Σ w_yᵢ ln softmax(z(xᵢ))_yᵢ``; or
            "balanced", ``n/(K n_k)`` of a class with ``n_k`` of ``n`` training samples.
        params: to begin with, such as those of another training; the network's own if None. They
            are of inputs as those were scaled: ``scale=lambda inputs: model.model.scaler``.
        frozen: what stays as it begins: names in the paths of parameters, such as ``("Dense_0",)``,
            or a function of a path ``("params", "Dense_0", "kernel")``.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory.
        callbacks: see ``fit``.
        progress: whether to show a line of progress.

    Where the network has ``pm.networks.Dropout``, each sample of a batch brings a key for it, and
    nothing is dropped where the model predicts or is judged.

    Raises:
        ShapeError: labels that are none or of one class, a network of other outputs, weights that
            are not one a class, validation data of other inputs or classes, other parameters.
        ConfigurationError: what is no data set, no epoch, a size out of range, patience without
            validation data or by those that judge, a class of the test part alone, batch
            normalisation, nothing left to train, weights below 0.
        UnknownNameError: a name in ``frozen`` that stands in no path.
        NonFiniteError: training that diverged; see ``fit``.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> data = pm.Dataset(x, x[:, 0] > 0)
    >>> data = pm.datasets.split(data, 0.25, key=jax.random.key(0))
    >>> step = pm.natural_gradient(0.5, damping=1e-2, max_norm=0.3)
    >>> model = pm.learn.classify(pm.MLP((), outputs=2), data, epochs=10, size=50, optimizer=step)
    >>> model.score(data.test) > 0.85
    True
    """
    key = jax.random.key(0) if key is None else key
    train, test = parts(data)
    check_several_classes("data", train.labels)
    classes, scaler = train.classes, checked_scaler(scale, train.inputs)
    if test is not None and test.labels.max() >= classes:
        raise ConfigurationError(
            f"data: expected each class among the training samples, got class "
            f"{test.labels.max()} in the test part alone; split with stratified=True"
        )
    network = network_of("network", network, outputs=classes)
    check_outputs(network, scaler, train, (classes,))

    def pair(some: Dataset) -> tuple[Array, Array]:
        return as_inputs(scaler, some.inputs), jnp.asarray(some.labels)

    batch: tuple[Array, ...] = pair(train)
    if class_weights is not None:
        weights = weights_of_samples(class_weights, train.labels, classes)
        batch = (*batch, jnp.asarray(weights, batch[0].dtype))
    if validation is not None:
        check_validation(validation, train, test, chooses=patience is not None)
        if validation.labels.max() >= classes:
            raise ShapeError(f"validation: expected labels below {classes}")
    training = train_network(
        network,
        cross_entropy,
        _judge,
        train,
        batch,
        scaler,
        optimizer=optax.adam(1e-3) if optimizer is None else optimizer,
        size=size,
        epochs=epochs,
        params=params,
        frozen=frozen,
        validation=None if validation is None else pair(validation),
        waits=patience,
        until=until,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    model, result = training.model, training.result
    logs = log_softmax(model(train.inputs))
    told = logs.argmax(axis=1)
    judged = (train.labels, np.exp(logs))
    if test is not None:
        judged = (test.labels, np.exp(log_softmax(model(test.inputs))))
    found = {
        "entry": data.name,
        "accuracy": None if test is None else accuracy(judged[0], judged[1].argmax(axis=1)),
        "loss": float(-np.mean(logs[np.arange(len(train)), train.labels])),
        "train": len(train),
        "test": 0 if test is None else len(test),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(model.params)),
        "train_accuracy": accuracy(train.labels, told),
        "steps": len(result.history["loss"]),
        "epochs": training.epochs,
        "validation": training.validation,
    }
    losses = result.history["loss"]
    return Classifier(model, data.class_names, found, judged, losses, training.curve, result)


def _judge(logits: Array, labels: Array) -> dict[str, Array]:
    logs = jax.nn.log_softmax(logits)
    return {
        "validation": -jnp.mean(jnp.take_along_axis(logs, labels[:, None], axis=1)),
        "validation_accuracy": jnp.mean((jnp.argmax(logs, axis=1) == labels).astype(logs.dtype)),
    }
