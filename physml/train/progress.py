"""Progress of a fit: one moving line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from physml.train.callbacks import Update
from physml.train.spelling import spelled

if TYPE_CHECKING:
    from rich.console import Console, OverflowMethod

# In a file, lines come no closer than this; the last step always has one.
_PLAIN_SECONDS = 10.0
_BAR = 24


class Progress:
    """A callback for ``fit`` that says how far it is; made by ``progress``.

    Attributes:
        stream: where the lines go; None for nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self._console = None if stream is None else _terminal(stream)
        self._first: Update | None = None
        self._said = -_PLAIN_SECONDS
        self._open = False

    def __call__(self, update: Update) -> None:
        """Show an update."""
        if self.stream is None:
            return
        before = self._first
        if before is None or before.phase != update.phase or before.step > update.step:
            self._first = update
            self._said = -_PLAIN_SECONDS
        last = update.last
        if self._console is not None:
            self._redraw(self._console, update)
            if last:
                self.close()
        elif last or update.seconds - self._said >= _PLAIN_SECONDS:
            self._said = update.seconds
            head = f"{update.phase} {update.step}/{update.steps}"
            self._say(f"{head}  {self._state(update)}")

    def close(self) -> None:
        """End the line on a terminal, so that what follows starts on its own."""
        if self._open:
            self._say("")
            self._open = False

    def _say(self, line: str) -> None:
        """A line; no run ends because nobody reads any more."""
        try:
            print(self._spelled(line), file=self.stream, flush=True)
        except (OSError, ValueError):  # a terminal that is gone, a stream that was closed
            self.stream = self._console = None

    def _spelled(self, text: str) -> str:
        """In the letters that the stream has."""
        return spelled(text, getattr(self.stream, "encoding", None))

    def _redraw(self, console: Console, update: Update) -> None:
        from rich.control import Control
        from rich.segment import ControlType
        from rich.text import Text

        done = round(_BAR * update.step / max(1, update.steps))
        stroke = "=" if console.options.ascii_only else "━"
        line = Text.assemble(
            self._spelled(f"{update.phase} "),
            (stroke * done, "cyan"),
            (stroke * (_BAR - done), "bright_black"),
            f" {update.step}/{update.steps}  {self._state(update)}",
        )
        cut: OverflowMethod = "crop" if console.options.ascii_only else "ellipsis"
        try:
            console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
            console.print(line, end="", no_wrap=True, overflow=cut, highlight=False)
            console.file.flush()
        except (OSError, ValueError):
            self.stream = self._console = None
            return
        self._open = True

    def _state(self, update: Update) -> str:
        """The loss or the energy, and the time left or taken."""
        if "energy" in update.metrics:
            value = f"energy {update.metrics['energy']:.5f} hartree"
        else:
            value = f"loss {update.metrics['loss']:.3e}"
        if "rhat" in update.metrics:
            value += f"  R̂ {update.metrics['rhat']:.3f}"
        if update.last:
            return f"{value}  {_clock(update.seconds)}"
        left = self._seconds_left(update)
        return value if left is None else f"{value}  ETA {_clock(left)}"

    def _seconds_left(self, update: Update) -> float | None:
        """By the pace since the first update: a resumed run does not start at step 0."""
        first = self._first
        if first is None or update.step <= first.step:
            return None
        pace = (update.seconds - first.seconds) / (update.step - first.step)
        return pace * (update.steps - update.step)


def progress(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """A callback that shows phase, step, loss or energy, and the time left.

    On a terminal one line, drawn anew after each dispatch; elsewhere plain lines, at most one every
    10 s of training and one at the end of a phase.

    Args:
        quiet: show nothing.
        stream: where to write; standard error if not given.

    Returns:
        A callback for ``fit``, ``solve`` and ``ground_state``. Its ``close()`` ends an unfinished
        line on a terminal.

    >>> import sys, jax, jax.numpy as jnp, physml as pm
    >>> from physml.train.progress import progress
    >>> line = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    >>> result = pm.fit(line, pm.fixed({"line": jnp.ones(4)}), pm.natural_gradient(1.0),
    ...                 jnp.array(0.0), steps=2, key=jax.random.key(0),
    ...                 callbacks=[progress(stream=sys.stdout)])
    train 1/2  loss 2.000e+00
    train 2/2  loss ...
    """
    if quiet:
        return Progress(None)
    return Progress(sys.stderr if stream is None else stream)


def shown(callbacks: Sequence[Any], *, wanted: bool) -> Progress:
    """The line of a fit at a terminal or in a notebook, unless a callback is one already."""
    # A program without a console has no standard error at all.
    watched = sys.stderr is not None and (sys.stderr.isatty() or _in_notebook())
    return progress(quiet=bool(lines(callbacks)) or not wanted or not watched)


def lines(callbacks: Sequence[Any]) -> list[Any]:
    """Those callbacks that are lines of progress."""
    return [c for c in callbacks if isinstance(getattr(c, "call", c), Progress)]


def _in_notebook() -> bool:
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _terminal(stream: TextIO) -> Console | None:
    """A console, where lines can be drawn anew."""
    if not stream.isatty():
        return None
    from rich.console import Console

    console = Console(file=stream)
    return None if console.is_dumb_terminal else console


def _clock(seconds: float) -> str:
    """``0:07``, ``1:02:03``."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
