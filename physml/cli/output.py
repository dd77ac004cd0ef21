"""What the command line prints: tables, results, complaints."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from physml.train.spelling import ERRORS, spelled


def complain(message: str) -> None:
    """A line on standard error, for whoever still reads it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"physml: {message}", file=sys.stderr, flush=True)


@contextmanager
def spelled_out() -> Iterator[None]:
    """Let standard output and error spell the letters that they lack, of help and tables alike."""
    streams = [s for s in (sys.stdout, sys.stderr) if isinstance(s, io.TextIOWrapper)]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors=ERRORS)
    try:
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            stream.reconfigure(errors=errors)


def print_object(document: Mapping[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    print(json.dumps(document), flush=True)


def aligned(pairs: Mapping[str, str]) -> str:
    """Names and values, a line each."""
    width = max(map(len, pairs))
    return "".join(f"{name:<{width}}  {value}\n" for name, value in pairs.items())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: ruled on a terminal, plain aligned text elsewhere."""
    encoding = getattr(sys.stdout, "encoding", None)
    columns, *rows = [[spelled(cell, encoding) for cell in row] for row in (columns, *rows)]
    if sys.stdout is not None and sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    lines = [columns, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print("  ".join(cells).rstrip())


def in_a_line(subject: Any) -> dict[str, str]:
    """The numbers of a frozen dataclass, if it has any, as a line of a report."""
    numbers = [f"{name} {shown(value)}" for name, value in asdict(subject).items()]
    return {"numbers": ", ".join(numbers)} if numbers else {}


def shown(value: Any) -> str:
    """A value of plain data in a line: settings as ``name=value``, numbers as they are."""
    if isinstance(value, Mapping):
        parts = (f"{k}={shown(v)}" for k, v in value.items() if v is not None)
        return f"({', '.join(parts)})"
    if isinstance(value, (list, tuple)):
        return " ".join(map(shown, value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)
