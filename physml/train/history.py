"""The scalars of each step: rows as a run stores them, columns as a result has them."""

from __future__ import annotations

from typing import Any

import numpy as np

Row = dict[str, Any]
"""``phase``, ``step`` and the scalars of one step."""


def rows(buffers: dict[str, np.ndarray], phase: str, start: int, count: int) -> list[Row]:
    """The first ``count`` entries of each buffer, from step ``start`` on."""
    return [
        {"phase": phase, "step": start + i, **{n: b[i].item() for n, b in buffers.items()}}
        for i in range(count)
    ]


def scalars(row: Row) -> dict[str, float]:
    """A row without its phase and step."""
    return {name: value for name, value in row.items() if name not in ("phase", "step")}


def columns(rows: list[Row]) -> dict[str, np.ndarray]:
    """Each scalar at each step, NaN at steps that were not asked for it."""
    names = {name: None for row in rows for name in scalars(row)}
    return {name: np.array([_number(row.get(name)) for row in rows]) for name in names}


def _number(value: Any) -> Any:
    return np.nan if value is None else value
