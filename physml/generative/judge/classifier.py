"""A classifier as a judge: trained on true samples, it tells what drawn ones look like."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.datasets.labels import as_labels
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError, ShapeError
from physml.generative.judge.point_samples import as_points
from physml.generative.judge.share import Share, share
from physml.networks import MLP
from physml.networks.as_module import as_module
from physml.optim import OptimizerSettings, optimizer_of
from physml.sampling import fixed, minibatches
from physml.train import Run, cross_entropy, fit, key_for
from physml.types import Optimizer


class ClassJudge(NamedTuple):
    """A trained classifier.

    Attributes:
        network: of a sample, to logits.
        params: its parameters.
        scaler: of samples.
        classes: how many.
        accuracy: on the test part of its data; None without one.
        shape: of a sample; None if it is not known.
    """

    network: Any
    params: Any
    scaler: Scaler
    classes: int
    accuracy: Share | None
    shape: tuple[int, ...] | None = None

    def probabilities(self, samples: Any) -> np.ndarray:
        """Of each class, ``(n, K)``.

        Raises:
            ShapeError: no samples, of another shape, masked or complex ones.
            NonFiniteError: a NaN or an infinity, which would be taken for some class.
        """
        given = as_points("samples", samples, least=1).reshape(np.shape(samples))
        if self.shape is not None and given.shape[1:] != self.shape:
            expected = ", ".join(map(str, ("n", *self.shape)))
            raise ShapeError(f"samples: expected ({expected}), got {given.shape}")
        x = jnp.asarray(self.scaler(given), jnp.result_type(float))
        logits = jax.vmap(lambda x: self.network.apply(self.params, x))(x)
        return np.asarray(jax.nn.softmax(logits))

    def predict(self, samples: Any) -> np.ndarray:
        """The most likely class, ``(n,)``."""
        return self.probabilities(samples).argmax(axis=1)

    def agreement(self, samples: Any, labels: Any) -> Share:
        """The share of samples that are taken for the class that was asked for.

        Raises:
            ShapeError: labels that are none, or not one a sample.
        """
        told = self.predict(samples)
        asked = as_labels("labels", labels, classes=self.classes)
        if asked.shape != told.shape:
            raise ShapeError(f"labels: expected {told.shape}, got {asked.shape}")
        return share(int(np.sum(told == asked)), len(asked))

    def histogram(self, samples: Any) -> np.ndarray:
        """The share of samples taken for each class, ``(K,)``."""
        told = self.predict(samples)
        return np.bincount(told, minlength=self.classes) / len(told)


def class_judge(
    data: Dataset,
    network: Any = None,
    *,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    size: int | None = 64,
    steps: int = 1000,
    key: Array | None = None,
    run: Run | None = None,
    phase: str = "judge",
) -> ClassJudge:
    """Train a classifier on the training part of data, to judge samples by.

    Args:
        data: with labels; of a split, the test part tells its accuracy.
        network: of a sample, with an output a class; one hidden layer of 100 if None. ``MLP((),
            outputs=K)`` is logistic regression.
        optimizer: any; Adam at 3e-3, falling to 0, if None.
        size: samples of a step; None for all.
        steps: how many.
        key: a random key.
        run: a run directory.
        phase: its name there.

    Raises:
        ConfigurationError: what is no data set, a count out of range.
        ShapeError: labels that are none, a network of other outputs.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> data = pm.datasets.split(pm.Dataset(x, x[:, 0] > 0), 0.25, key=jax.random.key(0))
    >>> judge = pm.generative.class_judge(data, steps=200)
    >>> judge.accuracy.value > 0.9
    True
    """
    if not isinstance(data, Dataset):
        raise ConfigurationError(f"data: expected a pm.Dataset, got {type(data).__name__}")
    steps = as_whole("steps", steps, least=1)
    classes = data.classes
    train, test = (data, None) if data.split is None else (data.train, data.test)
    scaler = (Scaler.of if train.inputs.ndim == 2 else Scaler.of_images)(train.inputs)
    x = jnp.asarray(scaler(train.inputs), jnp.result_type(float))
    network = as_module("network", MLP((100,), outputs=classes) if network is None else network)
    key = jax.random.key(0) if key is None else key
    params = network.init(key_for(key, "params"), x[0])
    told = jax.eval_shape(network.apply, params, x[0])
    if told.shape != (classes,):
        raise ShapeError(
            f"network: expected a logit for each class, ({classes},), got {told.shape}"
        )
    batch = (x, jnp.asarray(train.labels))
    usual = optax.with_extra_args_support(optax.adam(optax.cosine_decay_schedule(3e-3, steps)))
    result = fit(
        cross_entropy(network.apply),
        fixed(batch) if size is None else minibatches(batch, size=min(size, len(train))),
        usual if optimizer is None else optimizer_of(optimizer),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        run=run,
        phase=phase,
        progress=False,
    )
    judge = ClassJudge(network, result.params, scaler, classes, None, train.inputs.shape[1:])
    return (
        judge
        if test is None
        else judge._replace(accuracy=judge.agreement(test.inputs, test.labels))
    )
