"""The process of the ``physml`` command, from its first instruction to its last.

Ctrl-C ends it in one line while jax and the rooms are being imported, too, where it would come out
as a traceback through half of them, and once the command is done.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

_INTERRUPTED = 130


def command() -> None:
    """Run the command line of this process, and exit with its code."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:
        signal.signal(signal.SIGINT, _leave)
    from physml.cli import main

    sys.unraisablehook = _heeded_after_all
    code = _INTERRUPTED
    try:
        if heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = main()
    except KeyboardInterrupt:  # a second one, as the first was being told
        pass
    if heeded:
        signal.signal(signal.SIGINT, lambda kind, frame: os._exit(code))
    if code == _INTERRUPTED:
        # Python would exit by the signal itself, had it come in an exec of a dataclass.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _leave(kind: int, frame: Any) -> None:
    """End without an exception, which imports may catch or lose."""
    os.write(2, b"physml: stopped\n")
    os._exit(_INTERRUPTED)


def _heeded_after_all(lost: Any) -> None:
    """Press Ctrl-C once more where it fell into a callback of the collector, which lost it."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(0.01, signal.raise_signal, [signal.SIGINT])  # not into this function
    again.daemon = True
    again.start()


if __name__ == "__main__":
    command()
