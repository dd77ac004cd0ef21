"""Levels of a matrix model minus what they should be."""

from __future__ import annotations

from typing import Any

from jax import Array

from physml.pmm.hermitian import Hermitian
from physml.pmm.selection import Selection
from physml.train.least_squares import Row


def level_residual(model: Hermitian, keep: tuple[Selection, ...]) -> Row:
    """The row ``λ(x) − y`` of one point with its levels."""

    def row(params: Any, sample: Any) -> Array:
        point, level = sample
        return model.levels(params, point, keep) - level

    return row
