"""The ``physml`` command and its subcommands."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from physml import __version__
from physml.cli.catalogue import command as listing
from physml.cli.demo import command as demo
from physml.cli.doctor import command as doctor
from physml.cli.output import complain, spelled_out
from physml.cli.resume import command as resume
from physml.cli.start import command as run
from physml.errors import (
    ConfigurationError,
    InterruptedRunError,
    PhysmlError,
    UnknownNameError,
)
from physml.train.signals import interrupting

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

# What a print raises whose file has no more room, or is gone.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class Command(NamedTuple):
    """A subcommand: how it is called, what it does in a line, the function that does it."""

    usage: str
    summary: str
    call: Callable[[Sequence[str]], None]


COMMANDS = {
    "list": Command("list [NAME]", "what can be run; its numbers and recipes", listing),
    "run": Command("run NAME", "solve it by a recipe of the catalogue", partial(run, "run")),
    "solve": Command("solve NAME", "the same, of a differential equation", partial(run, "solve")),
    "ground-state": Command(
        "ground-state NAME", "the same, of a quantum system", partial(run, "ground-state")
    ),
    "resume": Command("resume RUN", "go on with a run that was stopped", resume),
    "demo": Command("demo", "Burgers and the two-electron dot: 4 minutes", demo),
    "doctor": Command("doctor", "versions, devices, and what is missing", doctor),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: the words after ``physml``; those of the process if not given.

    Returns:
        The exit code: 0 done, 1 failed, 2 asked wrongly, 130 stopped by a signal.

    >>> from physml.cli import main
    >>> main(["--version"])
    physml ...
    0
    """
    with spelled_out():
        return _code(list(sys.argv[1:] if argv is None else argv))


def _code(words: Sequence[str]) -> int:
    """Do what some words ask for, and tell what went wrong."""
    try:
        with interrupting(), _warnings_told():
            _dispatch(words)
            if sys.stdout is not None:  # None: closed before we began
                sys.stdout.flush()
    except SystemExit as end:  # how the parser of options ends, with its own message
        return end.code if isinstance(end.code, int) else MISUSED
    except InterruptedRunError as error:
        complain(str(error))
        return INTERRUPTED
    except KeyboardInterrupt as error:
        complain(str(_stopped_before(error) or "stopped"))
        return INTERRUPTED
    except BrokenPipeError:  # `physml list | head`: nobody reads on, the exit's flush included
        _write_no_more()
        return FAILED
    except PhysmlError as error:
        complain(f"error: {error}")
        asked_wrongly = isinstance(error, (ConfigurationError, UnknownNameError))
        return MISUSED if asked_wrongly else FAILED
    except MemoryError as error:
        complain(f"error: this machine's memory is full ({error}); lower sizes, counts or points")
        return FAILED
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _write_no_more()
        complain(f"error: what is printed cannot be written: {error}")
        return FAILED
    return 0


def _write_no_more() -> None:
    """Let what Python still flushes at its exit go nowhere."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: Sequence[str]) -> None:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
    elif words[0] == "--version":
        print(f"physml {__version__}")
    elif words[0] in COMMANDS:
        COMMANDS[words[0]].call(words[1:])
    else:
        raise UnknownNameError("command", words[0], COMMANDS)


def _overview() -> str:
    width = max(len(command.usage) for command in COMMANDS.values())
    lines = [f"  physml {c.usage:<{width}}  {c.summary}" for c in COMMANDS.values()]
    return "\n".join(
        [
            "usage: physml COMMAND [OPTIONS]",
            "",
            "Functions that obey physics: PDEs and quantum ground states by one optimizer.",
            "",
            *lines,
            "",
            "  physml COMMAND --help, physml run NAME --help     options, units and defaults",
            "  physml run FILE.py:NAME                           a problem or system of your own",
            "  physml --version                                  the version",
        ]
    )


@contextmanager
def _warnings_told() -> Iterator[None]:
    """Say warnings as everything else is said, without the line of code they came from."""
    with warnings.catch_warnings():
        warnings.filterwarnings("default", category=UserWarning)
        warnings.showwarning = lambda message, *place, **more: complain(str(message))
        yield


def _stopped_before(error: BaseException) -> InterruptedRunError | None:
    """What a first signal stopped, where a second came as that was on its way to be told."""
    before = error.__context__
    while before is not None and not isinstance(before, InterruptedRunError):
        before = before.__context__
    return before
