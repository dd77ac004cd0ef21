"""Any network trained on a data set by the one loop, in epochs, with a scaler of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError, ShapeError
from physml.learn.dropout_keys import drops, keys_beside, outputs_of, with_dropout
from physml.learn.scaled_network import AT_ONCE, ScaledNetwork, as_inputs
from physml.learn.trained_part import Frozen, function_of, holds_any, trained_part
from physml.optim import OptimizerSettings, optimizer_of
from physml.sampling import fixed, minibatches, with_noise
from physml.train import (
    FitResult,
    Rule,
    RuleSettings,
    Run,
    any_of,
    every,
    fit,
    keeping_best,
    key_for,
    patience,
    rule_of,
)
from physml.train.callbacks import Callback
from physml.train.warm_start import warm_start
from physml.types import Objective, Optimizer

LOSS = "validation"
"""The metric's name."""

Judge = Callable[[Array, Array], dict[str, Array]]
"""``(outputs (n, ...), targets (n, ...)) -> metrics``, ``validation`` among them."""


class Training(NamedTuple):
    """What training came to.

    Attributes:
        model: the network, trained.
        result: of the fit.
        epochs: how often each datum was seen, up to where the run ended.
        validation: the loss of the model on the validation data; None without any.
        curve: that loss at each step, ``(steps,)``, held in between; empty without any.
    """

    model: ScaledNetwork
    result: FitResult
    epochs: float
    validation: float | None
    curve: np.ndarray


def train_network(
    network: Any,
    objective_of: Callable[[Callable[..., Array]], Objective],
    judge: Judge,
    data: Dataset,
    batch: Any,
    scaler: Scaler,
    *,
    optimizer: Optimizer | OptimizerSettings | str,
    size: int | None,
    epochs: int,
    params: Any,
    frozen: Frozen,
    validation: tuple[Array, Array] | None,
    waits: int | None,
    until: Rule | RuleSettings | str | None,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
    progress: bool,
    phase: str = "train",
) -> Training:
    """The verb behind ``classify`` and ``regress``.

    Args:
        network: of one sample.
        objective_of: makes the objective of ``(params, input) -> outputs``.
        judge: metrics of outputs on validation data, the loss ``validation`` among them.
        data: to train on.
        batch: all of them, as the objective takes them: a tuple whose first is the inputs, or a
            dict of such.
        scaler: of their inputs.
        optimizer: any, or a name or settings, whose learning rate is compared with the steps.
        size: of a minibatch; None for all data at each step.
        epochs: how often each datum is seen.
        params: to begin with; the network's own if None.
        frozen: what is held of them.
        validation: inputs and targets that are judged once an epoch, or None.
        waits: epochs without a lower validation loss after which training ends, at the parameters
            of the lowest; None for all epochs, and the last parameters.
        until: a rule that may end it before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.
        phase: see ``fit``.

    Raises:
        ConfigurationError: no epoch; a size out of range; patience without validation data.
        ShapeError: parameters of another network.
        UnknownNameError: a name of what is frozen that there is not.
    """
    optimizer_of(optimizer)  # what is none is refused before all else
    n = len(data)
    epochs = as_whole("epochs", epochs, least=1)
    if size is not None and not 1 <= (size := as_whole("size", size)) <= n:
        raise ConfigurationError(f"size: expected from 1 to {n} samples, or None, got {size}")
    x = as_inputs(scaler, data.inputs[:1])[0]
    if params is None:
        params = network.init(key_for(key, "params"), x)
    else:
        params = warm_start(params, jax.eval_shape(network.init, key, x))
    steps = epochs if size is None else math.ceil(epochs * n / size)
    each = 1 if size is None else math.ceil(n / size)
    sampler = fixed(batch) if size is None else minibatches(batch, size=size)
    apply, joined, start = network.apply, (lambda trained: trained), params
    plain = apply
    if drops(network, x):
        # A function and no datum of the objective, which a run could not tell by its program.
        sampler, apply = with_noise(sampler, keys_beside), partial(with_dropout, network.apply)
    if holds_any(frozen):
        part = trained_part(params, frozen)
        start, plain, apply = part.trained, function_of(part, plain), function_of(part, apply)
        joined = partial(_joined, part)
    objective, measured = objective_of(apply), {}
    if validation is not None:
        names = jax.eval_shape(judge, _some(plain, start, validation[0]), validation[1])
        measured = {
            name: Partial(partial(judged, name, judge), plain, validation) for name in names
        }
    if waits is not None:
        waits = as_whole("patience", waits, least=1)
        if validation is None:
            raise ConfigurationError(
                "patience: expected data to judge by, validation=..., which are not trained on"
            )
        objective = keeping_best(objective, measured.pop(LOSS), steps=each)
        rule = patience(LOSS, waits * each)
        mine = rule_of(until)
        until = rule if mine is None else any_of(mine, rule)
    found = fit(
        objective,
        sampler,
        optimizer_of(optimizer, steps),
        start,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        measure={name: every(each, measure) for name, measure in measured.items()},
        run=run,
        phase=phase,
        callbacks=callbacks,
        progress=progress,
    )
    last, lowest = found.params, None
    if validation is not None:
        lowest = float(judged(LOSS, judge, plain, validation, last))
    if waits is not None:
        best = found.state.objective
        if np.isfinite(best.lowest) and not lowest < best.lowest:
            last, lowest = best.params, float(best.lowest)
    taken = len(found.history["loss"])
    return Training(
        ScaledNetwork(network, joined(last), scaler, data.inputs.shape[1:]),
        found,
        taken if size is None else taken * size / n,
        lowest,
        found.history.get(LOSS, np.zeros(0)),
    )


def judged(
    name: str, judge: Judge, apply: Any, validation: tuple[Array, Array], params: Any
) -> Array:
    """One metric of a network on validation data."""
    inputs, targets = validation
    outputs = jax.lax.map(partial(apply, params), inputs, batch_size=AT_ONCE)
    return judge(outputs, targets)[name]


def _some(apply: Any, params: Any, inputs: Array) -> Any:
    """The shape of a network's outputs of many inputs."""
    return jax.eval_shape(jax.vmap(partial(apply, params)), inputs)


def _joined(part: Any, trained: Any) -> Any:
    return part.joined(trained, part.held)


def checked_scaler(scale: Callable[[np.ndarray], Scaler], inputs: np.ndarray) -> Scaler:
    """The scaler of the training inputs.

    Raises:
        ConfigurationError: what is none, and could not be saved with the model.
    """
    scaler = scale(inputs)
    if not isinstance(scaler, Scaler):
        raise ConfigurationError(
            "scale: expected a function of the inputs whose value is a pm.datasets.Scaler, got "
            f"{type(scaler).__name__}"
        )
    return scaler


def usual_scaler(inputs: np.ndarray) -> Scaler:
    """Of a table each column by its own numbers, of images all pixels by the same."""
    return Scaler.of(inputs) if inputs.ndim == 2 else Scaler.of_images(inputs)


def check_outputs(network: Any, scaler: Scaler, data: Dataset, shape: tuple[int, ...]) -> None:
    """Refuse a network with other outputs than the data ask for, or with a memory of its own.

    Raises:
        ShapeError: for such outputs.
        ConfigurationError: batch normalisation, and a dropout that always asks for a key.
    """
    outline = outputs_of(network, as_inputs(scaler, data.inputs[:1])[0])
    if outline.shape != shape:
        outputs = "None" if shape == () else shape[0]
        raise ShapeError(
            f"network: expected outputs {shape} of one sample, got {outline.shape}; as by "
            f"pm.MLP(..., outputs={outputs})"
        )
