"""Signals that end a run: what is computed is finished, the run is saved, then it ends.

Ctrl-C, SIGTERM, SIGHUP of a terminal that closes, and SIGUSR1, by which schedulers say that a job's
time is nearly over. For a second more of them say the same: wrappers pass one press on twice.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)

# By whoever handles them otherwise; a handler that is not of Python could not be put back.
_ALWAYS = (signal.SIGINT, signal.SIGTERM)

_GRACE = 1.0


class StoppedAtOnceError(KeyboardInterrupt):
    """A signal came again after the second of grace: nothing more is saved."""


def interrupt(kind: int, frame: Any) -> None:
    """A handler that stops as Ctrl-C does."""
    raise KeyboardInterrupt


@contextmanager
def held_signals(saved: bool) -> Iterator[list[int]]:
    """Turn the first signal into a flag, so that a dispatch ends before it is heeded.

    Args:
        saved: whether there is a run to save, which all of them wait for. Without one only a
            Ctrl-C that Python would raise ``KeyboardInterrupt`` for is held.

    Raises:
        StoppedAtOnceError: where one comes a second and more after the first.
    """
    stop: list[int] = []
    inside = threading.current_thread() is not threading.main_thread()
    before = {} if inside else {kind: signal.getsignal(kind) for kind in _held(saved)}
    first = 0.0

    def flag(kind: int, frame: Any) -> None:
        nonlocal first
        if not stop:
            first = time.monotonic()
        elif time.monotonic() - first > _GRACE:
            raise StoppedAtOnceError
        stop.append(kind)

    for kind in before:
        signal.signal(kind, flag)
    try:
        yield stop
    finally:
        # One that comes in between waits, or it would leave others held.
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, before)
        for kind, handler in before.items():
            signal.signal(kind, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)


@contextmanager
def interrupting() -> Iterator[None]:
    """Let every signal that ends a run stop this process as Ctrl-C does, wherever it is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = [kind for kind in ENDING if signal.getsignal(kind) is signal.SIG_DFL]
    for kind in kinds:
        signal.signal(kind, interrupt)
    try:
        yield
    finally:
        for kind in kinds:
            signal.signal(kind, signal.SIG_DFL)


def _held(saved: bool) -> list[signal.Signals]:
    """Those to hold: none that is ignored, as SIGHUP by nohup, or that somebody else heeds."""
    if not saved:
        plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        return [signal.SIGINT] if plain else []
    heeded = {kind: signal.getsignal(kind) for kind in ENDING}
    return [
        kind
        for kind, handler in heeded.items()
        if handler in (signal.SIG_DFL, interrupt) or (kind in _ALWAYS and handler is not None)
    ]
