"""What is called as training goes on, and what it sees."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from physml.as_whole import as_whole


class Update(NamedTuple):
    """What a callback sees after a dispatch.

    Attributes:
        phase: the name of this fit.
        step: steps done.
        steps: steps asked for.
        params: the parameters after ``step`` steps.
        metrics: scalars of the last step.
        seconds: wall time in steps so far, without compiling.
        compile_seconds: wall time before the first step: burn-in, tracing, compiling.
        ended: whether a rule ended the fit here.
    """

    phase: str
    step: int
    steps: int
    params: Any
    metrics: dict[str, float]
    seconds: float
    compile_seconds: float
    ended: bool = False

    @property
    def last(self) -> bool:
        """Whether no step follows."""
        return self.ended or self.step >= self.steps


class Stop(Enum):
    """What a callback may return."""

    STOP = "stop"


STOP = Stop.STOP
"""Returned by a callback: the fit ends here, as if its steps were done."""

Callback = Callable[[Update], Stop | None]


class Every(NamedTuple):
    """A function for every so many steps, counted from step 0."""

    steps: int
    call: Callable[..., Any]

    def __call__(self, update: Update) -> Any:
        """As a callback: call, when the step is on the grid or the last."""
        if update.step % self.steps == 0 or update.last:
            return self.call(update)
        return None


def every(steps: int, call: Callable[..., Any]) -> Every:
    """Call a function every so many steps.

    Args:
        steps: the distance, counted from step 0; of a callback the last step is called too.
        call: a function of an ``Update``, for ``callbacks``; of the parameters, for ``measure``.

    Returns:
        A callback for ``fit``, which ends its dispatches on this grid; or a metric to measure.

    >>> import physml as pm
    >>> show = pm.every(100, lambda update: print(update.step, update.metrics["loss"]))
    """
    return Every(as_whole("every: steps", steps, least=1), call)
