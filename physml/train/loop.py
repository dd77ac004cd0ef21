"""The loop around the compiled one: dispatch, tell, save; until the steps are done or it ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, InterruptedRunError, NonFiniteError, PhysmlError
from physml.train import checkpoint, diagnosis, history
from physml.train.callbacks import STOP, Callback, Every, Update
from physml.train.dispatch import LONGEST
from physml.train.going_on import way_on
from physml.train.run import Run
from physml.train.signals import StoppedAtOnceError, held_signals

# A dispatch aims at this long: progress and Ctrl-C answer within it, Python costs little beside it.
_DISPATCH_SECONDS = 0.5


class Going(Protocol):
    """A pytree that a loop takes from step to step: a ``TrainState``, a walk that is recorded."""

    @property
    def step(self) -> Any:
        """Steps taken."""
        ...

    @property
    def params(self) -> Any:
        """What callbacks see."""
        ...


State = TypeVar("State", bound=Going)


class Looped(NamedTuple, Generic[State]):
    """Where a loop came to: the state, all rows, wall time in steps, whether it ended early."""

    state: State
    rows: list[history.Row]
    seconds: float
    ended: bool


def loop(
    advance: Callable[[State, Array], tuple[Any, ...]],
    state: State,
    rows: list[history.Row],
    *,
    steps: int,
    run: Run | None,
    phase: str,
    callbacks: Sequence[Callback],
    compile_seconds: float,
    culprit: Callable[[State], str | None] = lambda state: None,
    logged: bool = True,
) -> Looped[State]:
    """Take steps; see ``fit``.

    Args:
        advance: ``(state, count) -> (state, buffers, advanced, finite, ended)``.
        state: to go on from.
        rows: of the steps before.
        steps: in all.
        run: where metrics and checkpoints go.
        phase: under which name.
        callbacks: called after each dispatch.
        compile_seconds: for them.
        culprit: what is not finite at a state's next step, in words.
        logged: whether the rows go into the run's metrics; its checkpoints are saved in any case.

    Raises:
        NonFiniteError, InterruptedRunError, KeyboardInterrupt: and what callbacks raise; the last
            state is the error's ``state``, and saved where there is a run.
    """
    done, seconds, per_step, ended = int(state.step), 0.0, _DISPATCH_SECONDS, False
    rows = list(rows)
    grids = [c.steps for c in callbacks if isinstance(c, Every)]
    saved, kept_step = time.perf_counter(), done

    def save() -> None:
        nonlocal kept_step
        if run is not None:
            run.settle()  # rows of steps before it, lest a checkpoint outlive them
            folder, fitting = run.checkpoints(phase), run.begun[phase]
            checkpoint.save(folder, int(state.step), state, fingerprint=fitting)
            kept_step = int(state.step)

    try:
        with held_signals(run is not None) as stop:
            while done < steps and not ended:
                count = min(LONGEST, steps - done, max(1, int(_DISPATCH_SECONDS / per_step)))
                count = min([count, *(grid - done % grid for grid in grids)])
                began = time.perf_counter()
                state, buffers, advanced, finite, end = advance(state, jnp.int32(count))
                advanced, ended = int(advanced), bool(end)
                elapsed = time.perf_counter() - began
                seconds += elapsed
                per_step = elapsed / max(1, advanced)
                buffers = {k: np.asarray(v) for k, v in buffers.items()}
                new = history.rows(buffers, phase, done, advanced)
                done += advanced
                rows += new
                if run is not None and logged:
                    run.append("metrics.jsonl", new)
                    clock = {"seconds": seconds, "compile_seconds": compile_seconds}
                    run.append("clock.jsonl", [{"phase": phase, "step": done - 1, **clock}])
                if not finite:
                    save()
                    kept = (
                        ""
                        if run is None
                        else (f"; the state before it is saved in {run.directory}")
                    )
                    where = culprit(state)
                    raise NonFiniteError(
                        diagnosis.bad_step(buffers, advanced, phase, done, kept, where)
                    )
                update = Update(
                    phase,
                    int(state.step),
                    steps,
                    state.params,
                    history.scalars(new[-1]),
                    seconds,
                    compile_seconds,
                    ended,
                )
                try:
                    ended |= _told(callbacks, update)
                except StoppedAtOnceError:
                    raise
                except BaseException:
                    save()
                    raise
                due = run is not None and time.perf_counter() - saved > run.checkpoint_seconds
                if due or done == steps or stop or ended:
                    save()
                    saved = time.perf_counter()
                if stop and run is not None:
                    raise InterruptedRunError(
                        f"stopped after step {int(state.step)} of {steps} ({phase}), saved. "
                        f"Go on with: {way_on(run.directory, run.config)}"
                    )
                if stop:
                    raise KeyboardInterrupt
    except BaseException as error:
        where = f"after step {int(state.step)} of {steps} ({phase})"
        if isinstance(error, StoppedAtOnceError) and run is not None:
            kept = f"step {kept_step} is" if kept_step else "no step is"
            stopped = InterruptedRunError(
                f"stopped at once {where}, without saving it: {kept} kept. "
                f"Go on with: {way_on(run.directory, run.config)}"
            )
            _keep(stopped, state, where)
            raise stopped from None
        _keep(error, state, where)
        raise
    return Looped(state, rows, seconds, ended)


def _told(callbacks: Sequence[Callback], update: Update) -> bool:
    """Call each; whether one says to stop."""
    answers: list[Any] = [callback(update) for callback in callbacks]
    if any(answer is True for answer in answers):
        raise ConfigurationError(
            "callbacks: one returned True; expected physml.train.STOP to end the fit, None to go on"
        )
    return any(answer is STOP for answer in answers)


def _keep(error: BaseException, state: Going, when: str) -> None:
    """Leave the last state reachable."""
    with contextlib.suppress(AttributeError):  # an exception of one's own with slots
        error.state = state  # type: ignore[attr-defined]
        if not isinstance(error, PhysmlError):
            error.add_note(f"physml: the state {when} is this error's .state")
