"""The one loop: sampler, objective, optimizer, in one compiled step.

    key ─► sampler ─► batch ─► objective ─► Evaluation ─► optimizer ─► params

Several steps run in one dispatch, a loop whose length is an argument of one compiled program. So a
run may stop at any step and go on with the same bits: no program depends on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError
from physml.optim import OptimizerSettings, optimizer_of
from physml.train import diagnosis, history
from physml.train.beyond import look_beyond as look
from physml.train.callbacks import Callback, Every
from physml.train.data_arguments import split
from physml.train.devices import brought_home, mesh_of, on_all, placed, working_on
from physml.train.dispatch import compiled
from physml.train.loop import loop
from physml.train.one_program import shared
from physml.train.progress import shown
from physml.train.run import Run
from physml.train.start import start
from physml.train.state import TrainState
from physml.train.step import make_step
from physml.train.until import Rule, RuleSettings, rule_of
from physml.types import Objective, Optimizer, Sampler


class FitResult(NamedTuple):
    """A finished fit.

    Attributes:
        params: the parameters after the last step.
        state: the whole training state.
        history: each scalar at each step, ``(steps,)``; evaluated *before* the step's update.
        seconds: wall time of this process in steps, without compiling.
        compile_seconds: wall time before the first step: burn-in, tracing, compiling.
        ended: whether a rule or a callback ended it, rather than its number of steps.
    """

    params: Any
    state: TrainState
    history: dict[str, np.ndarray]
    seconds: float
    compile_seconds: float
    ended: bool = False


def fit(
    objective: Objective,
    sampler: Sampler,
    optimizer: Optimizer | OptimizerSettings | str,
    params: Any,
    *,
    steps: int,
    key: Array,
    until: Rule | RuleSettings | str | None = None,
    measure: Mapping[str, Every] | None = None,
    run: Run | None = None,
    phase: str = "train",
    look_beyond: bool = True,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> FitResult:
    """Minimise an objective: the one loop of the library.

    Data are arguments: the members of an objective or a sampler may be ``jax.tree_util.Partial(f,
    data)``, whose arrays are neither constants of the compiled program nor part of a checkpoint.

    Args:
        objective: what to minimise.
        sampler: where each step's batch comes from.
        optimizer: any optax transformation, one of ``physml.optim``, ``OptimizerSettings``, or a
            name that these offer, such as "adam".
        params: where to start, a pytree of arrays, of which the floating ones work in one
            precision: the widest of theirs and the batch's.
        steps: how many steps in all, those before a resume included.
        key: a random key; step ``i`` uses ``fold_in(key, i)`` of the key named ``steps``.
        until: a rule that may end the fit before its steps, such as ``converged()``, ``patience``,
            ``target`` or ``any_of`` of ``physml.train``, ``RuleSettings``, or a name that these
            offer. It sees the metrics of each step, and the step at which it says so is not taken:
            the parameters are those that it judged.
        measure: further metrics, ``{name: every(k, f)}`` with ``f`` a function of the parameters
            to one real number, traced, and which may be a ``Partial`` of data: evaluated before
            steps 0, k, 2k, ..., and held in between. A validation error for ``patience``.
        run: a run directory: metrics, checkpoints, resume; None keeps nothing on disk.
        phase: the name under which this fit's metrics and checkpoints lie in the run; another fit
            of that name in the same open run is numbered, ``train-2``.
        look_beyond: whether to take two more steps at the end, of an objective with a value, and to
            throw them away: they tell a loss that is not finite where training ended or just
            beyond, and one that was 0 from the start by underflow.
        callbacks: functions of an ``Update``, called after each dispatch, or wrapped by ``every``.
            One that returns ``physml.train.STOP`` ends the fit there; a resumed run goes on.
        progress: whether to show a line at a terminal or in a notebook, where no callback does.

    Returns:
        The parameters, the training state and the history. Whatever is raised once steps are taken
        has the last training state as its ``state``, an exception of a callback too, and Ctrl-C.

    Raises:
        NonFiniteError: a NaN or an infinity in the loss, its derivatives or the new parameters, or
            at all that a trust region or a line search tried; also where no step is asked for. The
            message names the term and the sample; the state before it is saved.
        InterruptedRunError: Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 with a run; the state is saved
            first, unless one comes again a second and more later.
        KeyboardInterrupt: Ctrl-C without one, at the end of a dispatch.
        ConfigurationError: metrics of two sources with one name, a measurement rarer than a rule
            waits, whole numbers among the parameters.
        NoValueError, NoRowsError: an optimizer met an objective without a value, or without rows.
        CheckpointError: the run's checkpoints are damaged.
        FingerprintError: they are of another fit than this one; ``steps`` may differ.

    >>> import jax, jax.numpy as jnp, optax, physml as pm
    >>> objective = pm.least_squares({"line": lambda params, x: params["slope"] * x - 2.0 * x})
    >>> sampler = pm.fixed({"line": jnp.linspace(0.0, 1.0, 10)})
    >>> result = pm.fit(objective, sampler, pm.natural_gradient(1.0, damping=1e-9),
    ...                 {"slope": jnp.array(0.0)}, steps=5, key=jax.random.key(0))
    >>> round(float(result.params["slope"]), 4)
    2.0
    """
    steps, optimizer = as_whole("steps", steps, least=0), optimizer_of(optimizer)
    until = rule_of(until)
    _check_rule(until, measure)
    began = time.perf_counter()
    state, phase, rows = start(
        objective,
        sampler,
        optimizer,
        params,
        key=key,
        measure=measure,
        until=until,
        run=run,
        phase=phase,
    )
    if int(state.step) >= steps:
        if steps == 0 and not diagnosis.whole(objective, sampler, state):
            where = diagnosis.culprit(objective, sampler, state)
            raise NonFiniteError(diagnosis.refusal("the start", "", where))
        return FitResult(state.params, state, history.columns(rows), 0.0, 0.0)

    mesh = mesh_of(sampler)
    data, rebuild = split((objective, sampler, measure))
    spread = placed(sampler, state.key, state.sampler, state.params)
    data, state = on_all((data, state._replace(sampler=())), mesh)
    state = state._replace(sampler=spread)

    def step(data: Sequence[Array], state: TrainState) -> tuple[TrainState, dict[str, Array]]:
        cost, source, measured = rebuild(data)
        return make_step(cost, source, optimizer, measure=measured)(state)

    with working_on(mesh):
        advance = shared(
            (objective, sampler, optimizer, measure, until),
            (data, state),
            partial(compiled, step, data, state, until=until, mesh=mesh),
        )
    compile_seconds = time.perf_counter() - began
    line = shown(callbacks, wanted=progress)
    try:
        state, rows, seconds, ended = loop(
            lambda state, count: advance(data, state, count, jnp.bool_(True)),
            state,
            rows,
            steps=steps,
            run=run,
            phase=phase,
            callbacks=[*callbacks, line],
            compile_seconds=compile_seconds,
            culprit=partial(diagnosis.culprit, objective, sampler),
        )
    finally:
        line.close()
    if look_beyond and objective.value is not None:
        never = all(row["loss"] == 0 for row in rows)

        def further(state: TrainState, count: Array) -> tuple[Any, ...]:
            return advance(data, state, count, jnp.bool_(False))

        look(further, objective, sampler, state, phase, never_lost=never)
    state = brought_home(state, mesh)
    columns = history.columns(rows)
    return FitResult(state.params, state, columns, seconds, compile_seconds, ended)


def _check_rule(until: Rule | None, measure: Mapping[str, Every] | None) -> None:
    """Refuse to judge a metric over fewer steps than lie between two measurements of it."""
    if until is None:
        return
    for name, steps in until.spans.items():
        metric = (measure or {}).get(name)
        if isinstance(metric, Every) and metric.steps >= steps:
            raise ConfigurationError(
                f"until: {name!r} is judged over {steps} steps and measured every {metric.steps}, "
                "so that it would end before a second measurement; expected more steps, or more "
                "measurements"
            )
