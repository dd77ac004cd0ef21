"""Numbers of samples by any network, through the one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.datasets.dataset import Dataset
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError, ShapeError
from physml.figures import figure
from physml.learn.learning_curve import plot_curves
from physml.learn.metrics import mean_squared_error, r2
from physml.learn.parts_of_data import check_validation, parts, whole
from physml.learn.scaled_network import ScaledNetwork, as_inputs
from physml.learn.train_network import check_outputs, checked_scaler, train_network, usual_scaler
from physml.learn.trained_part import Frozen
from physml.networks import network_of
from physml.optim import OptimizerSettings, gauss_newton
from physml.train import FitResult, Rule, RuleSettings, Run, least_squares
from physml.train.callbacks import Callback
from physml.train.data_arguments import around
from physml.train.study import Study
from physml.types import Optimizer


@dataclass(frozen=True, eq=False)
class Regressor:
    """A trained regression; a ``Result``.

    Attributes:
        model: the network behind the scaler of its training inputs.
        targets: the scaler of the training targets, which the network's outputs are scaled by.
        found: numbers, plain data: ``rmse`` on the test part of the data, or None without one (of
            several outputs over all of them, which asks for one unit),
            ``loss`` (½ mean square, in units of the scaled targets), ``train_rmse``, how many
            samples to ``train`` and to ``test``, ``parameters``, ``steps``, ``epochs``, the loss
            ``validation`` of the model or None.
        judged: targets and predictions of the test part, or of the training samples without one.
        losses: at each step.
        validation: the validation loss at each step, measured once an epoch; empty without any.
        result: of the fit; None where it was loaded.
    """

    model: ScaledNetwork
    targets: Scaler
    found: Mapping[str, Any]
    judged: tuple[np.ndarray, np.ndarray]
    losses: np.ndarray
    validation: np.ndarray
    result: FitResult | None = None

    def predict(self, inputs: Any) -> np.ndarray:
        """Predictions ``(n,)`` or ``(n, m)`` of inputs ``(n, ...)``, in the unit of the targets.

        Raises:
            ShapeError: inputs of another shape, masked or complex.
            NonFiniteError: a NaN or an infinity.
        """
        return self.model(inputs) * self.targets.deviation + self.targets.mean

    def score(self, data: Dataset) -> float:
        """R² on data: ``data.test``, not trained on.

        Raises:
            ConfigurationError: data with a split, of which no part is named.
            ShapeError: targets or inputs of another shape.
        """
        data = whole("score", data)
        return r2(data.targets, self.predict(data.inputs))

    def numbers(self) -> dict[str, Any]:
        """What was found, with the seconds of compiling."""
        seconds = 0.0 if self.result is None else self.result.compile_seconds
        return {**self.found, "compile_seconds": seconds}

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        found = self.found
        said = "unknown"
        if found["rmse"] is not None:
            said = f"{found['rmse']:.4g} (root mean square), {found['test']} not trained on"
        return {
            "error": said,
            "on training data": f"{found['train_rmse']:.4g}, {found['train']} samples",
            "loss": f"{found['loss']:.4g}, {found['steps']} steps",
            "parameters": str(found["parameters"]),
        }

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the learning curves, and predictions against targets.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        y, f = (part.ravel() for part in self.judged)
        ends = [min(y.min(), f.min()), max(y.max(), f.max())]
        with figure(path, 1, 2) as (loss, told):
            plot_curves(loss, self.losses, self.validation, self.found["epochs"])
            loss.set_ylabel("loss")
            told.plot(ends, ends, color="0.6", linewidth=0.8)
            told.plot(y, f, ".", markersize=3)
            told.set(xlabel="target", ylabel="prediction")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep it in a directory: the parameters with both scalers, and what was found.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = self.model.arrays() | {
            "target_mean": self.targets.mean,
            "target_deviation": self.targets.deviation,
            "targets": self.judged[0],
            "predictions": self.judged[1],
            "losses": self.losses,
            "validation": self.validation,
        }
        return Study("regressor", self.found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, network: Any) -> Regressor:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            network: the one that was trained.

        Raises:
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network with other outputs.
        """
        kept = Study.load(directory)
        read = kept.arrays
        return cls(
            ScaledNetwork.read(network, read, directory),
            Scaler(read["target_mean"], read["target_deviation"]),
            kept.found,
            (read["targets"], read["predictions"]),
            read["losses"],
            read["validation"],
        )


def regress(
    network: Any,
    data: Dataset,
    *,
    epochs: int,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    size: int | None = None,
    scale: Callable[[np.ndarray], Scaler] = usual_scaler,
    validation: Dataset | None = None,
    until: Rule | RuleSettings | str | None = None,
    patience: int | None = None,
    params: Any = None,
    frozen: Frozen = (),
    key: Array | None = None,
    run: Run | None = None,
    phase: str = "train",
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Regressor:
    """Train a network to tell numbers: the least of ``½ (1/n) Σ |f(xᵢ) − yᵢ|²``, of scaled ones.

    Data with a split are trained on by their training part alone, and judged by the other, once, at
    the end. Targets are scaled to mean 0 and deviation 1, output by output.

    Args:
        network: a linen module, or anything with ``init(key, x)`` and ``apply(params, x)`` of one
            sample, with the outputs of a target, ``()`` or ``(m,)``; or a name, or settings.
        data: with targets ``(n,)`` or ``(n, m)``.
        epochs: how often each training sample is seen; with all samples a step, the steps.
        optimizer: any of ``physml.optim`` or optax, or a name or settings;
            ``gauss_newton()`` if None.
        size: samples of a step; None for all.
        scale: makes the scaler of the training inputs; see ``classify``.
        validation: data whose loss is measured once an epoch, before it, as the metric
            ``validation``.
        until: a rule that may end it before.
        patience: epochs without a lower validation loss after which it ends; the model has the
            parameters of the lowest. None: all epochs, and the last parameters.
        params: to begin with, see ``classify``; the network's own if None.
        frozen: what stays as it begins: names in the paths of parameters, such as ``("Dense_0",)``,
            or a function of a path ``("params", "Dense_0", "kernel")``.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory.
        phase: the name of this training in it, where there are several.
        callbacks: see ``fit``.
        progress: whether to show a line of progress.

    Where the network has ``pm.networks.Dropout``, each sample of a batch brings a key for it, and
    nothing is dropped where the model predicts or is judged.

    Raises:
        ShapeError: a network of other outputs, validation data of other inputs or targets, other
            parameters.
        ConfigurationError: what is no data set, labels of classes with names, no epoch, a size out
            of range, patience without validation data or by those that judge, batch normalisation,
            nothing left to train.
        UnknownNameError: a name in ``frozen`` that stands in no path.
        NonFiniteError: training that diverged; see ``fit``.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.linspace(0, 1, 40)[:, None]
    >>> data = pm.datasets.split(pm.Dataset(x, np.sin(6 * x[:, 0])), 0.25, key=jax.random.key(0))
    >>> model = pm.learn.regress(pm.MLP((8,)), data, epochs=40)
    >>> model.score(data.test) > 0.999
    True
    """
    key = jax.random.key(0) if key is None else key
    train, test = parts(data)
    if data.class_names:
        raise ConfigurationError(
            f"data: expected targets that are numbers, got labels of the classes "
            f"{data.class_names}: take classify, or class_names=() where the labels are a quantity"
        )
    y = train.targets.astype(float)
    scaler, targets = checked_scaler(scale, train.inputs), Scaler.of(y.reshape(len(y), -1))
    targets = Scaler(*(part.reshape(y.shape[1:]) for part in targets))
    outputs = None if y.ndim == 1 else y.shape[1]
    network = network_of("network", network, outputs=outputs)
    check_outputs(network, scaler, train, y.shape[1:])

    def pair(some: Dataset) -> tuple[Array, Array]:
        scaled = jnp.asarray(targets(some.targets), jnp.result_type(float))
        return as_inputs(scaler, some.inputs), scaled

    if validation is not None:
        check_validation(validation, train, test, chooses=patience is not None)
        if validation.targets.shape[1:] != y.shape[1:]:
            raise ShapeError(
                f"validation: expected targets of one sample {y.shape[1:]}, got "
                f"{validation.targets.shape[1:]}"
            )
    training = train_network(
        network,
        lambda apply: least_squares({"data": around(_residual, apply)}),
        _judge,
        train,
        {"data": pair(train)},
        scaler,
        optimizer=gauss_newton() if optimizer is None else optimizer,
        size=size,
        epochs=epochs,
        params=params,
        frozen=frozen,
        validation=None if validation is None else pair(validation),
        waits=patience,
        until=until,
        key=key,
        run=run,
        phase=phase,
        callbacks=callbacks,
        progress=progress,
    )
    model, result = training.model, training.result

    def told(some: Dataset) -> np.ndarray:
        return model(some.inputs) * targets.deviation + targets.mean

    own = told(train)
    judged = (y, own) if test is None else (test.targets.astype(float), told(test))
    found = {
        "entry": data.name,
        "rmse": None if test is None else float(np.sqrt(mean_squared_error(*judged))),
        "loss": 0.5
        * float(np.mean(np.sum(((own - y) / targets.deviation).reshape(len(y), -1) ** 2, axis=1))),
        "train": len(train),
        "test": 0 if test is None else len(test),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(model.params)),
        "train_rmse": float(np.sqrt(mean_squared_error(y, own))),
        "steps": len(result.history["loss"]),
        "epochs": training.epochs,
        "validation": training.validation,
    }
    losses = result.history["loss"]
    return Regressor(model, targets, found, judged, losses, training.curve, result)


def _residual(apply: Callable[..., Array]) -> Callable[..., Array]:
    """Of ``(data ..., params, (input, target))``."""
    return lambda *args: apply(*args[:-1], args[-1][0]) - args[-1][1]


def _judge(outputs: Array, targets: Array) -> dict[str, Array]:
    squares = jnp.square(outputs - targets).reshape(len(targets), -1)
    return {"validation": 0.5 * jnp.mean(jnp.sum(squares, axis=1))}
