"""What the command line prints: tables, results, complaints."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def complain(message: str) -> None:
    """A line on standard error."""
    print(f"physml: {message}", file=sys.stderr, flush=True)


def print_object(document: Mapping[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    print(json.dumps(document), flush=True)


def print_pairs(pairs: Mapping[str, str]) -> None:
    """Names and values, aligned."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        print(f"{name:<{width}}  {value}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: ruled on a terminal, plain aligned text elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print("  ".join(cells).rstrip())


def number(value: float | None, digits: int = 3) -> str:
    """A number in a report; ``unknown`` for None."""
    return "unknown" if value is None else f"{value:.{digits}g}"
