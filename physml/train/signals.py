"""Ctrl-C and SIGTERM while a fit trains: the dispatch ends, a run is saved, then the error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_signals(saved: bool) -> Iterator[list[int]]:
    """Turn the first Ctrl-C or SIGTERM into a flag, so that a dispatch ends before it is heeded.

    Args:
        saved: whether there is a run to save, which SIGTERM waits for, too. Without one only a
            Ctrl-C that Python would raise ``KeyboardInterrupt`` for is held.
    """
    stop: list[int] = []
    kinds = [signal.SIGINT, signal.SIGTERM] if saved else [signal.SIGINT]
    heeded = saved or signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not heeded or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def flag(kind: int, frame: Any) -> None:
        stop.append(kind)
        signal.signal(kind, before[signal.Signals(kind)])

    for kind in kinds:
        signal.signal(kind, flag)
    try:
        yield stop
    finally:
        for kind in kinds:
            signal.signal(kind, before[kind])
