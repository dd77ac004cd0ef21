"""Lines of JSON with a checksum each: one that was altered or cut is known, and costs itself alone.

    {"phase": "train", "step": 7, "loss": 0.25, "crc32": "e3069283"}

The CRC-32 is of the line as it is without its last key. Lines of earlier versions have none; they
come before all that do.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from physml.train import whole_file

CHECKSUM = "crc32"

_SUFFIX = re.compile(rb', "crc32": "([0-9a-f]{8})"\}')
_SUFFIX_LENGTH = len(b', "crc32": "01234567"}')


class Line(NamedTuple):
    """A line of a file.

    Attributes:
        text: as it stands there, with its end.
        row: what it holds, without the checksum; None if it is damaged.
    """

    text: bytes
    row: dict[str, Any] | None


def joined(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as text, a line each."""
    return "".join(_checked(json.dumps(row)) for row in rows)


def read(path: Path) -> list[Line]:
    """The lines of a file, none where there is no file.

    Raises:
        RunDirectoryError: where it stands and cannot be read.
    """
    if not os.path.lexists(path):
        return []
    *whole, rest = whole_file.read_bytes(path).split(b"\n")
    lines, old = [], True
    for text in [*whole, rest] if rest else whole:
        row, checked = _row(text, old)
        old = old and not checked
        lines.append(Line(text + b"\n", row))
    return lines


def _checked(text: str) -> str:
    checksum = f"{zlib.crc32(text.encode()):08x}"
    return f'{text[:-1]}, "{CHECKSUM}": "{checksum}"}}\n'


def _row(text: bytes, old: bool) -> tuple[dict[str, Any] | None, bool]:
    """What a line holds, if it is whole, and whether a checksum says so."""
    found = _SUFFIX.fullmatch(text[-_SUFFIX_LENGTH:])
    if found is not None:
        text = text[:-_SUFFIX_LENGTH] + b"}"
        if zlib.crc32(text) != int(found[1], 16):
            return None, True
    try:
        row = whole_file.parsed(text)
    except ValueError:
        return None, found is not None
    whole = isinstance(row, dict) and (found is not None or (old and _is_of_a_step(row)))
    return row if whole else None, found is not None


def _is_of_a_step(row: Mapping[str, Any]) -> bool:
    """Whether a row without checksum has a phase, a step, and numbers: a checksum is none."""
    numbers = [value for name, value in row.items() if name not in ("phase", "step")]
    return (
        isinstance(row.get("phase"), str)
        and type(row.get("step")) is int
        and row["step"] >= 0
        and all(value is None or type(value) in (int, float) for value in numbers)
    )
