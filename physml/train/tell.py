"""Callbacks of a loop that is no fit, such as problems that are solved one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from physml.train.callbacks import Callback, Update


def tell(
    callbacks: Sequence[Callback],
    phase: str,
    step: int,
    steps: int,
    *,
    loss: float,
    seconds: float,
    params: Any = None,
) -> None:
    """Say that one more is done. What is answered is not heeded: no part is left out for it.

    Args:
        callbacks: of a ``solve``, such as the line of progress.
        phase: what is counted.
        step: how many are done.
        steps: of how many.
        loss: of the last one.
        seconds: since the first began.
        params: of the last one, if any.

    >>> from physml.train.tell import tell
    >>> seen = []
    >>> tell([seen.append], "problems", 1, 2, loss=0.5, seconds=3.0)
    >>> seen[0].phase, seen[0].metrics, seen[0].last
    ('problems', {'loss': 0.5}, False)
    """
    update = Update(phase, step, steps, params, {"loss": loss}, seconds, 0.0)
    for callback in callbacks:
        callback(update)
