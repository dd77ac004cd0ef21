"""Any network trained on a data set by the one loop, in epochs, with a scaler of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.datasets.scaler import Scaler
from physml.errors import CheckpointError, ConfigurationError, FingerprintError, ShapeError
from physml.sampling import fixed, minibatches
from physml.train import FitResult, Rule, Run, every, fit, key_for
from physml.train.callbacks import Callback
from physml.types import Objective, Optimizer

_AT_ONCE = 1024
"""Samples that a network sees at once where it predicts."""

_PROBES = 4


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """A network of one sample behind the scaler of its training samples.

    Attributes:
        network: a linen module, or anything with ``init`` and ``apply`` of one sample.
        params: its parameters.
        scaler: of the inputs.
        shape: of one input.
    """

    network: Any
    params: Any
    scaler: Scaler
    shape: tuple[int, ...]

    def __call__(self, inputs: Any) -> np.ndarray:
        """The outputs ``(n,)`` or ``(n, m)`` of inputs ``(n, ...)`` as they are.

        Raises:
            ShapeError: inputs of another shape.
        """
        x = np.asarray(inputs)
        if x.shape[1:] != self.shape or x.ndim == 0:
            expected = ", ".join(map(str, ("n", *self.shape)))
            raise ShapeError(f"inputs: expected ({expected}), got {x.shape}")
        return np.asarray(_outputs(self.network, self.params, as_inputs(self.scaler, x)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything but the network, by name, with its outputs at some inputs to know it again."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(self.params)
        kept = {f"params{jax.tree_util.keystr(path)}": np.asarray(leaf) for path, leaf in leaves}
        # Made, so that none of the data is given away.
        probes = np.random.default_rng(0).normal(size=(_PROBES, *self.shape))
        probes = self.scaler.mean + self.scaler.deviation * probes
        return kept | {
            "mean": self.scaler.mean,
            "deviation": self.scaler.deviation,
            "probes": probes,
            "answers": self(probes),
        }

    @classmethod
    def read(cls, network: Any, arrays: Any, where: Any) -> ScaledNetwork:
        """What ``arrays`` told, of the same network.

        Raises:
            CheckpointError: parameters of another network.
            FingerprintError: one that gives other outputs, such as by another activation.
        """
        probes = arrays["probes"]
        scaler = Scaler(arrays["mean"], arrays["deviation"])
        outline = jax.eval_shape(network.init, jax.random.key(0), as_inputs(scaler, probes)[0])
        leaves, structure = jax.tree_util.tree_flatten_with_path(outline)
        names = {f"params{jax.tree_util.keystr(path)}": leaf for path, leaf in leaves}
        stored = {name: a.shape for name, a in arrays.items() if name.startswith("params")}
        if stored != {name: leaf.shape for name, leaf in names.items()}:
            raise CheckpointError(
                f"{where}: expected the network that was saved, with parameters {stored}, got one "
                f"with { ({name: leaf.shape for name, leaf in names.items()}) }"
            )
        params = [jnp.asarray(arrays[name], leaf.dtype) for name, leaf in names.items()]
        found = cls(network, jax.tree.unflatten(structure, params), scaler, probes.shape[1:])
        answers, scale = arrays["answers"], np.abs(arrays["answers"]).max()
        if not np.allclose(found(probes), answers, rtol=0.0, atol=1e-3 * scale):
            raise FingerprintError(
                f"{where}: the network gives other outputs than the one that was saved; expected "
                "the same activations and options"
            )
        return found


@partial(jax.jit, static_argnums=0)
def _outputs(network: Any, params: Any, inputs: Array) -> Array:
    return jax.lax.map(partial(network.apply, params), inputs, batch_size=_AT_ONCE)


def as_inputs(scaler: Scaler, inputs: np.ndarray) -> Array:
    """Scaled inputs in jax's precision."""
    return jnp.asarray(scaler(inputs), jnp.result_type(float))


def train_network(
    network: Any,
    objective: Objective,
    data: Dataset,
    batch: Any,
    scaler: Scaler,
    *,
    optimizer: Optimizer,
    size: int | None,
    epochs: int,
    params: Any,
    validation: Any,
    until: Rule | None,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
    progress: bool,
) -> tuple[ScaledNetwork, FitResult]:
    """The verb behind ``classify`` and ``regress``.

    Args:
        network: of one sample.
        objective: of it.
        data: to train on.
        batch: all of them, as the objective takes them.
        scaler: of their inputs.
        optimizer: any.
        size: of a minibatch; None for all data at each step.
        epochs: how often each datum is seen.
        params: to begin with; the network's own if None.
        validation: a batch whose loss is measured once an epoch, or None.
        until: a rule that may end it before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Raises:
        ConfigurationError: no epoch; a size out of range.
    """
    n = len(data)
    epochs = as_whole("epochs", epochs, least=1)
    if size is not None and not 1 <= (size := as_whole("size", size)) <= n:
        raise ConfigurationError(f"size: expected from 1 to {n} samples, or None, got {size}")
    if params is None:
        params = network.init(key_for(key, "params"), as_inputs(scaler, data.inputs[:1])[0])
    steps = epochs if size is None else math.ceil(epochs * n / size)

    def loss(held_out: Any, params: Any) -> Array:
        value: Any = objective.value
        return value(params, objective.init(params), held_out)

    each = 1 if size is None else math.ceil(n / size)
    measured = {} if validation is None else {"validation": every(each, Partial(loss, validation))}
    found = fit(
        objective,
        fixed(batch) if size is None else minibatches(batch, size=size),
        optimizer,
        params,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        measure=measured,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return ScaledNetwork(network, found.params, scaler, data.inputs.shape[1:]), found


def parts(data: Dataset) -> tuple[Dataset, Dataset | None]:
    """What to train on and what to judge by: the parts of a split, or all of the data and none.

    Raises:
        ConfigurationError: what is no data set.
    """
    if not isinstance(data, Dataset):
        raise ConfigurationError(
            f"data: expected a pm.Dataset(inputs, targets), got {type(data).__name__}"
        )
    return (data, None) if data.split is None else (data.train, data.test)


def whole(name: str, data: Dataset) -> Dataset:
    """Refuse data with a split where one part of them must be meant.

    Raises:
        ConfigurationError: for such.
    """
    if data.split is not None:
        raise ConfigurationError(f"{name}: expected data.test or data.train, got both as one")
    return data


def usual_scaler(inputs: np.ndarray) -> Scaler:
    """Of a table each column by its own numbers, of images all pixels by the same."""
    return Scaler.of(inputs) if inputs.ndim == 2 else Scaler.of_images(inputs)


def check_outputs(network: Any, scaler: Scaler, data: Dataset, shape: tuple[int, ...]) -> None:
    """Refuse a network with other outputs than the data ask for.

    Raises:
        ShapeError: for such.
    """
    x = as_inputs(scaler, data.inputs[:1])[0]
    outline = jax.eval_shape(
        lambda key, x: network.apply(network.init(key, x), x), jax.random.key(0), x
    )
    if outline.shape != shape:
        outputs = "None" if shape == () else shape[0]
        raise ShapeError(
            f"network: expected outputs {shape} of one sample, got {outline.shape}; as by "
            f"pm.MLP(..., outputs={outputs})"
        )
