"""Data from a table of text, one line a sample."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from physml.datasets.dataset import Dataset
from physml.datasets.labels import whole_where_exact
from physml.errors import ConfigurationError, DataFileError, UnknownNameError


def from_csv(
    path: str | Path,
    *,
    targets: str | Sequence[str],
    inputs: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    delimiter: str = ",",
    **told: Any,
) -> Dataset:
    r"""The data in a table with a line of names, then one line for each sample.

    A target of words becomes labels. A file that was cut at the end of a line, or within its very
    last number, looks like a whole one: where that matters, compare ``len(data)``.

    Args:
        path: of the file, UTF-8.
        targets: the column of the target, or several.
        inputs: the columns of the inputs; all others if None.
        names: of all columns, where the file has no line of them.
        delimiter: between fields.
        **told: further attributes of the ``Dataset``, such as ``units``.

    Raises:
        DataFileError: missing, empty, a line with more or fewer fields than there are names, an
            empty field, or one that is no finite number; the message names line and column.
        UnknownNameError: no such column.
        ConfigurationError: two columns of one name, a target among the inputs, a delimiter that is
            no single character.
        ShapeError: see ``Dataset``.

    >>> import tempfile, pathlib, physml as pm
    >>> path = pathlib.Path(tempfile.mkdtemp(), "fall.csv")
    >>> _ = path.write_text("height,time\n1.0,0.452\n2.0,0.639\n")
    >>> data = pm.datasets.from_csv(path, targets="time", units={"height": "m", "time": "s"})
    >>> data.inputs.tolist(), data.targets.tolist()
    ([[1.0], [2.0]], [0.452, 0.639])
    """
    path = Path(path)
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ConfigurationError(f"delimiter: expected one character, got {delimiter!r}")
    lines = _lines(path, delimiter)
    if names is None:
        header, lines = lines[0][1], lines[1:]
        if all(_number(text) is not None for text in header):
            raise DataFileError(
                f"{path}: expected a line of names first, got the numbers {', '.join(header)}; "
                "give names=(...) of a file without one"
            )
    else:
        header = list(names)
    if len(set(header)) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise ConfigurationError(f"{path}: expected a name for each column, got {twice!r} twice")
    if not lines:
        raise DataFileError(f"{path}: expected at least one sample, got none")
    for number, fields in lines:
        if len(fields) != len(header):
            end = "; was the file cut short?" if number == lines[-1][0] else ""
            raise DataFileError(
                f"{path}, line {number}: expected {len(header)} fields, got {len(fields)}{end}"
            )
    wanted = [targets] if isinstance(targets, str) else list(targets)
    chosen = [name for name in header if name not in wanted] if inputs is None else list(inputs)
    for name in (*wanted, *chosen):
        if name not in header:
            raise UnknownNameError(f"column of {path}", name, header)
    if both := sorted(set(wanted) & set(chosen)):
        raise ConfigurationError(f"inputs: expected columns that are no target, got {both[0]!r}")

    def column(name: str) -> list[tuple[int, str]]:
        place = header.index(name)
        return [(number, fields[place].strip()) for number, fields in lines]

    x = np.array([_numbers(path, name, column(name)) for name in chosen]).T
    y: Any
    if isinstance(targets, str):
        y = _numbers_or_words(path, targets, column(targets))
    else:
        y = np.array([_numbers(path, name, column(name)) for name in wanted]).T
    defaults = {"name": path.stem, "source": str(path)}
    own = {"input_names": tuple(chosen), "target_names": tuple(wanted)}
    return Dataset(x.reshape(len(lines), -1), y, **(defaults | own | told))


def _lines(path: Path, delimiter: str) -> list[tuple[int, list[str]]]:
    """Number and fields of each line that is not empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            lines = [(reader.line_num, [f.strip() for f in fields]) for fields in reader if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataFileError(f"{path}: expected a table of text, whole, got {error}") from error
    if not lines:
        raise DataFileError(f"{path}: expected a table, got an empty file")
    return lines


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _numbers(path: Path, name: str, column: list[tuple[int, str]]) -> list[float]:
    found = []
    for line, text in column:
        value = _number(text)
        if value is None or not math.isfinite(value):
            hint = "; of decimal commas make points" if _number(text.replace(",", ".")) else ""
            got = repr(text) if text else "an empty field"
            raise DataFileError(
                f"{path}, line {line}, column {name!r}: expected a finite number, got {got}{hint}"
            )
        found.append(value)
    return found


def _numbers_or_words(path: Path, name: str, column: list[tuple[int, str]]) -> Any:
    """Words if none of them is a number, whole numbers if all are; else numbers."""
    texts = [text for _, text in column]
    if "" not in texts and all(_number(text) is None for text in texts):
        return texts
    numbers = np.array(_numbers(path, name, column))
    whole = all(text.lstrip("+-").isdecimal() for text in texts)
    return whole_where_exact(numbers) if whole else numbers
