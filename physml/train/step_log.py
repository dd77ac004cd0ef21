"""The log of a run's steps: rows are added, cut where a phase goes on, read with what is lost.

A row that is damaged or missing is told and passed over. In a history its step has NaNs, so that
the rows after it stay those of their steps.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from physml.errors import RunDirectoryError
from physml.train import checked_lines, whole_file
from physml.train.history import Row


def append(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows.

    Raises:
        RunDirectoryError: where they cannot be written.
    """
    text = checked_lines.joined(rows)
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be written ({error})") from error


def trim(path: Path, phase: str, step: int) -> None:
    """Drop the rows of a phase from a step on, what comes after, and a cut line at the end.

    Raises:
        RunDirectoryError: where they cannot be read or written.
    """
    lines = checked_lines.read(path)
    steps = [None if line.row is None else _step_in(line.row, phase) for line in lines]
    later = [i for i, at in enumerate(steps) if at is not None and at >= step]
    before = [i for i, at in enumerate(steps) if at is not None and at < step]
    others = [line.row for line in lines[later[0] + 1 :] if line.row] if later else []
    if others and [steps[i] for i in later] == [step] and step > 0:
        # A rule ended the phase at this row, of a step that was not taken: others came after it.
        kept = b"".join(line.text for i, line in enumerate(lines) if i != later[0])
        whole_file.write_bytes(path, kept)
        return
    if later:
        end = before[-1] + 1 if before else later[0]
    else:
        end = max((i + 1 for i, line in enumerate(lines) if line.row is not None), default=0)
    kept = b"".join(line.text for line in lines[:end])
    if lines and kept != whole_file.read_bytes(path):
        whole_file.write_bytes(path, kept)


def rows(path: Path, phase: str) -> list[Row]:
    """The rows of a phase, by step; lines that are damaged are passed over, and told in a warning.

    Raises:
        RunDirectoryError: where they cannot be read.
    """
    lines = checked_lines.read(path)
    damaged = [i + 1 for i, line in enumerate(lines) if line.row is None]
    if damaged:
        warnings.warn(
            f"{path}: passed over what was damaged since it was written, line {_listed(damaged)}",
            stacklevel=3,
        )
    found: dict[int, Row] = {}
    for line in lines:
        at = None if line.row is None else _step_in(line.row, phase)
        if at is not None and line.row is not None:
            found.setdefault(at, line.row)
    return [found[at] for at in sorted(found)]


def history(path: Path, phase: str, steps: int) -> list[Row]:
    """The rows of the first steps of a phase, one each: of what is lost the loss is None.

    How many are lost is told in a warning.

    Raises:
        RunDirectoryError: where they cannot be read.
    """
    found = {row["step"]: row for row in rows(path, phase)}
    lost = [step for step in range(steps) if step not in found]
    if lost:
        warnings.warn(
            f"{path}: {len(lost)} of the {steps} steps of {phase!r} that were taken have no row "
            f"there, step {_listed(lost)}: the history has NaN for them, and nothing else changes",
            stacklevel=2,
        )
    return [found.get(step, {"phase": phase, "step": step, "loss": None}) for step in range(steps)]


def _step_in(row: Mapping[str, Any], phase: str) -> int | None:
    """The step of a row of a phase."""
    step = row.get("step")
    return step if row.get("phase") == phase and type(step) is int else None


def _listed(numbers: Sequence[int], most: int = 8) -> str:
    """Ascending numbers, neighbours as spans: "3, 7 to 9"."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    words = [f"{a}" if a == b else f"{a} to {b}" for a, b in spans[:most]]
    return ", ".join([*words, "..."] if len(spans) > most else words)
