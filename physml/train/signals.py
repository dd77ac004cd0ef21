"""Ctrl-C and SIGTERM while a run trains: the dispatch ends, the state is saved, then the error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_signals(active: bool) -> Iterator[list[int]]:
    """Turn the first Ctrl-C or SIGTERM into a flag, so that a dispatch ends and is saved."""
    stop: list[int] = []
    if not active or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
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
