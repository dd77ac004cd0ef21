"""The one loop: sampler, objective, optimizer, in one compiled step.

    key ─► sampler ─► batch ─► objective ─► Evaluation ─► optimizer ─► params

Several steps run in one dispatch, a loop whose length is an argument of one compiled program. So a
run may stop at any step and go on with the same bits: no program depends on where it stopped.
"""

from __future__ import annotations

import shlex
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.sharding import Mesh

from physml.errors import ConfigurationError, InterruptedRunError, NonFiniteError
from physml.optim.contract import value_function_of
from physml.train import checkpoint, diagnosis, fingerprint
from physml.train import phase as phases
from physml.train.callbacks import Callback, Every, Update
from physml.train.data_arguments import split
from physml.train.devices import brought_home, lying, mesh_of, on_all, placed, working_on
from physml.train.precision import in_common_precision
from physml.train.run import Run
from physml.train.signals import held_signals
from physml.types import Evaluation, Objective, Optimizer, Sampler

# A dispatch aims at this long: progress and Ctrl-C answer within it, Python costs little beside it.
_DISPATCH_SECONDS = 0.5
_BUFFER = 256


class TrainState(NamedTuple):
    """All that training remembers, one pytree: saved whole, restored whole."""

    step: Array
    params: Any
    optimizer: Any
    objective: Any
    sampler: Any
    key: Array


class FitResult(NamedTuple):
    """A finished fit.

    Attributes:
        params: the parameters after the last step.
        state: the whole training state.
        history: each scalar at each step, ``(steps,)``; evaluated *before* the step's update.
        seconds: wall time of this process in steps, without compiling.
        compile_seconds: wall time before the first step: burn-in, tracing, compiling.
    """

    params: Any
    state: TrainState
    history: dict[str, np.ndarray]
    seconds: float
    compile_seconds: float


def make_step(
    objective: Objective, sampler: Sampler, optimizer: Optimizer
) -> Callable[[TrainState], tuple[TrainState, dict[str, Array]]]:
    """One training step as a pure function of the training state.

    Args:
        objective: the cost.
        sampler: where batches come from.
        optimizer: any optax transformation, or one of ``physml.optim``.

    Returns:
        ``state -> (state, metrics)``; not compiled.
    """
    optimizer = optax.with_extra_args_support(optimizer)

    def step(state: TrainState) -> tuple[TrainState, dict[str, Array]]:
        key = jax.random.fold_in(state.key, state.step)
        sampler_state, batch, sampled = sampler.sample(key, state.sampler, state.params)
        evaluation, objective_state = objective.evaluate(state.params, state.objective, batch)

        # Line searches of optax forward every extra keyword to value_fn, hence the unused one.
        def value_fn(params: Any, evaluation: Evaluation | None = None) -> Array:
            del evaluation
            value = value_function_of(objective.value, "line search or trust region")
            return value(params, state.objective, batch)

        updates, optimizer_state = optimizer.update(
            evaluation.gradient,
            state.optimizer,
            state.params,
            value=evaluation.loss,
            grad=evaluation.gradient,
            value_fn=value_fn,
            evaluation=evaluation,
        )
        params = optax.apply_updates(state.params, updates)
        metrics = {"loss": evaluation.loss, **evaluation.metrics, **sampled}
        for _, logged in optax.tree_utils.tree_get_all_with_path(optimizer_state, "metrics"):
            metrics.update(logged)
        new = TrainState(
            state.step + 1, params, optimizer_state, objective_state, sampler_state, state.key
        )
        return new, metrics

    return step


def fit(
    objective: Objective,
    sampler: Sampler,
    optimizer: Optimizer,
    params: Any,
    *,
    steps: int,
    key: Array,
    run: Run | None = None,
    phase: str = "train",
    look_beyond: bool = True,
    callbacks: Sequence[Callback] = (),
) -> FitResult:
    """Minimise an objective: the one loop of the library.

    Data are arguments: the members of an objective or a sampler may be ``jax.tree_util.Partial(f,
    data)``, whose arrays are neither constants of the compiled program nor part of a checkpoint.

    Args:
        objective: what to minimise.
        sampler: where each step's batch comes from.
        optimizer: any optax transformation, or one of ``physml.optim``.
        params: where to start, a pytree of arrays, of which the floating ones work in one
            precision: the widest of theirs and the batch's.
        steps: how many steps in all, those before a resume included.
        key: a random key; step ``i`` uses ``fold_in(key, i)``.
        run: a run directory: metrics, checkpoints, resume; None keeps nothing on disk.
        phase: the name under which this fit's metrics and checkpoints lie in the run; another fit
            of that name in the same open run is numbered, ``train-2``.
        look_beyond: whether to take two more steps at the end, of an objective with a value, and to
            throw them away: they tell a loss that is not finite where training ended or just
            beyond, and one that was 0 from the start by underflow.
        callbacks: functions of an ``Update``, called after each dispatch, or wrapped by ``every``.

    Returns:
        The parameters, the training state and the history.

    Raises:
        NonFiniteError: a NaN or an infinity in the loss, its derivatives or the new parameters, or
            at all that a trust region or a line search tried; also where no step is asked for. The
            message names the term and the sample; the state before it is saved.
        InterruptedRunError: Ctrl-C or SIGTERM with a run; the state is saved first.
        NoValueError: a line search or trust region met an objective without a value.
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
    if steps < 0:
        raise ConfigurationError(f"steps: expected a number ≥ 0, got {steps}")
    began = time.perf_counter()
    key_sampler, key_steps = jax.random.split(key)
    params = jax.tree.map(jnp.asarray, params)
    mesh = mesh_of(sampler)
    with working_on(mesh):
        sampled = sampler.init(key_sampler, params)
    params = in_common_precision(
        params, lambda: jax.eval_shape(sampler.sample, key_steps, sampled, params)[1]
    )
    state = TrainState(
        jnp.zeros((), jnp.int32),
        params,
        optimizer.init(params),
        objective.init(params),
        sampled,
        key_steps,
    )
    state = jax.tree.map(_strong, state)
    if run is not None:
        asked = fingerprint.of_fit(objective, sampler, optimizer, state, key)
        phase, found = phases.begin(run, phase, asked)
        if found is not None:
            state = checkpoint.read(found, state)
        run.trim("metrics.jsonl", phase, int(state.step))
        run.trim("clock.jsonl", phase, int(state.step))
    start = int(state.step)
    history = run.rows("metrics.jsonl", phase) if run is not None else []
    if start >= steps:
        if steps == 0 and not diagnosis.whole(objective, sampler, state):
            where = diagnosis.culprit(objective, sampler, state)
            raise NonFiniteError(_refusal("the start", "", where))
        return FitResult(state.params, state, _columns(history), 0.0, 0.0)

    data, rebuild = split((objective, sampler))
    spread = placed(sampler, state.key, state.sampler, state.params)
    data, state = on_all((data, state._replace(sampler=())), mesh)
    state = state._replace(sampler=spread)

    def step(data: Sequence[Array], state: TrainState) -> tuple[TrainState, dict[str, Array]]:
        return make_step(*rebuild(data), optimizer)(state)

    with working_on(mesh):
        advance = _compile(step, data, state, mesh)
    compile_seconds = time.perf_counter() - began
    grids = [c.steps for c in callbacks if isinstance(c, Every)]

    def save() -> None:
        if run is not None:
            folder, fitting = run.checkpoints(phase), run.begun[phase]
            checkpoint.save(folder, int(state.step), state, fingerprint=fitting)

    done, seconds, per_step = start, 0.0, _DISPATCH_SECONDS
    saved = time.perf_counter()
    with held_signals(run is not None) as stop:
        while done < steps:
            count = min(_BUFFER, steps - done, max(1, int(_DISPATCH_SECONDS / per_step)))
            count = min([count, *(grid - done % grid for grid in grids)])
            began = time.perf_counter()
            state, buffers, advanced, finite = advance(data, state, jnp.int32(count))
            advanced = int(advanced)
            elapsed = time.perf_counter() - began
            seconds += elapsed
            per_step = elapsed / max(1, advanced)
            rows = _rows({k: np.asarray(v) for k, v in buffers.items()}, phase, done, advanced)
            done += advanced
            history += rows
            if run is not None:
                run.append("metrics.jsonl", rows)
                clock = {"seconds": seconds, "compile_seconds": compile_seconds}
                run.append("clock.jsonl", [{"phase": phase, "step": done - 1, **clock}])
            if not finite:
                save()
                where = diagnosis.culprit(objective, sampler, state)
                raise NonFiniteError(_diagnosis(buffers, advanced, phase, done, run, where))
            update = Update(
                phase, done, steps, state.params, _scalars(rows[-1]), seconds, compile_seconds
            )
            for callback in callbacks:
                callback(update)
            due = run is not None and time.perf_counter() - saved > run.checkpoint_seconds
            if due or done == steps or stop:
                save()
                saved = time.perf_counter()
            if stop and run is not None:
                raise InterruptedRunError(
                    f"stopped after step {done} of {steps} ({phase}), saved. "
                    f"Go on with: physml resume {shlex.quote(str(run.directory))}"
                )
    if look_beyond and objective.value is not None:
        never = all(row["loss"] == 0 for row in history)
        _look_beyond(partial(advance, data), objective, sampler, state, phase, never_lost=never)
    state = brought_home(state, mesh)
    return FitResult(state.params, state, _columns(history), seconds, compile_seconds)


def _compile(
    step: Callable[[Sequence[Array], TrainState], Any],
    data: Sequence[Array],
    state: TrainState,
    mesh: Mesh | None,
) -> Callable[..., Any]:
    step = jax.jit(step)  # traced here for its metrics' shapes, and not again in the loop
    shapes = jax.eval_shape(step, data, state)[1]
    buffers = {name: jnp.zeros((_BUFFER, *s.shape), s.dtype) for name, s in shapes.items()}

    def body(data: Sequence[Array], carry: tuple[Any, ...]) -> tuple[Any, ...]:
        state, buffers, i, _ = carry
        new, metrics = step(data, state)
        finite = jnp.all(jnp.isfinite(metrics["loss"]))
        for leaf in jax.tree.leaves(new.params):
            finite &= jnp.all(jnp.isfinite(leaf))
        # optax's line searches stay where they are if the loss is finite at no length they try.
        for _, error in optax.tree_utils.tree_get_all_with_path(new.optimizer, "decrease_error"):
            finite &= ~jnp.isinf(error)
        buffers = {n: buffers[n].at[i].set(metrics[n]) for n in buffers}
        # The state before a non-finite step is the last good one: it is what remains.
        new = jax.tree.map(lambda a, b: jnp.where(finite, _strong(a), b), new, state)
        return new, buffers, i + finite.astype(i.dtype), finite

    def advance(data: Sequence[Array], state: TrainState, count: Array) -> tuple[Any, ...]:
        carry = (state, buffers, jnp.int32(0), jnp.bool_(True))
        return jax.lax.while_loop(lambda c: (c[2] < count) & c[3], partial(body, data), carry)

    # The state lies where it lay, step after step; what else comes back, on every device.
    return jax.jit(advance, **lying(mesh, state, 3)).lower(data, state, jnp.int32(1)).compile()


def _look_beyond(
    advance: Callable[..., Any],
    objective: Objective,
    sampler: Sampler,
    state: TrainState,
    phase: str,
    *,
    never_lost: bool,
) -> None:
    """Two more steps, thrown away: the loss where training ended, and thrice the next step on.

    An optimizer that looks before it steps stops short of where the loss is no number, by less
    than its last step, and would return what it found there as if it were a minimum.
    """
    after, buffers, _, finite = advance(state, jnp.int32(1))
    if not np.isfinite(buffers["loss"][0]):
        where = diagnosis.culprit(objective, sampler, state)
        raise NonFiniteError(_refusal(f"the last step ({phase})", "", where))
    if never_lost and buffers["loss"][0] == 0:
        largest = diagnosis.largest_residual(objective, sampler, state)
        if largest > 0:
            warnings.warn(
                f"{phase}: the loss is 0, and residuals are not: they are up to {largest:.2g}, and "
                "their squares are too small for a number. Divide them by their size",
                stacklevel=3,
            )
    if finite:
        # In numpy, where nothing is compiled.
        def beyond(here: Array, there: Array) -> Array:
            start, end = np.asarray(here), np.asarray(there)
            return jax.device_put((start + 3 * (end - start)).astype(start.dtype), here.sharding)

        further = state._replace(params=jax.tree.map(beyond, state.params, after.params))
        finite = np.isfinite(advance(further, jnp.int32(1))[1]["loss"][0])
    if not finite:
        where = diagnosis.culprit(objective, sampler, state)
        warnings.warn(
            f"{phase}: training ended beside parameters where the loss is not finite"
            f"{'' if where is None else f' ({where})'}; what it found there need be no minimum. "
            "Check the equation where it divides or takes a root, or start elsewhere",
            stacklevel=3,
        )


def _strong(leaf: Any) -> Array:
    """A Python number's weak type would make the first step another program than the second."""
    leaf = jnp.asarray(leaf)
    return jax.lax.convert_element_type(leaf, leaf.dtype) if leaf.aval.weak_type else leaf


def _rows(
    buffers: dict[str, np.ndarray], phase: str, start: int, count: int
) -> list[dict[str, Any]]:
    return [
        {"phase": phase, "step": start + i, **{n: b[i].item() for n, b in buffers.items()}}
        for i in range(count)
    ]


def _scalars(row: dict[str, Any]) -> dict[str, float]:
    return {n: v for n, v in row.items() if n not in ("phase", "step")}


def _columns(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    names = _scalars(rows[0]) if rows else {}
    return {n: np.array([np.nan if r[n] is None else r[n] for r in rows]) for n in names}


def _diagnosis(
    buffers: dict[str, Array],
    index: int,
    phase: str,
    step: int,
    run: Run | None,
    where: str | None,
) -> str:
    bad = [n for n, b in buffers.items() if not np.isfinite(np.asarray(b)[index])]
    seen = (
        f"; metrics not finite: {', '.join(bad)}" if bad else "; the new parameters are not finite"
    )
    kept = f"; the state before it is saved in {run.directory}" if run is not None else ""
    return _refusal(f"step {step} ({phase})", seen + kept, where)


def _refusal(when: str, seen: str, where: str | None) -> str:
    return (
        f"{'' if where is None else f'{where}. '}{when} met a NaN or an infinity{seen}. Expected "
        "finite numbers: check the equation where it divides, or takes a logarithm or a root (that "
        "of 0 has no slope), start elsewhere, raise the damping, lower the learning rate or bound "
        "the step (natural_gradient's max_norm)"
    )
