"""Labels of classes: whole numbers from 0, one a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ShapeError

EXACT = 2**53
"""Whole numbers below are float64 numbers, all of them; above, neighbours are one."""


_NUMBER = "number the classes, as by np.unique(words, return_inverse=True)"


def as_labels(name: str, values: Any, *, classes: int | None = None) -> np.ndarray:
    """Labels as whole numbers, or an error where they are none.

    Args:
        name: of the argument, for the error.
        values: ``(n,)``; numbers that are whole, in any type.
        classes: how many there are; labels are then below it.

    Returns:
        ``(n,)``, int64.

    Raises:
        ConfigurationError: classes that are no whole number.
        ShapeError: another shape, none, one that is not whole, negative or too large.

    >>> as_labels("labels", [0.0, 2.0]).tolist()
    [0, 2]
    """
    try:
        numbers = as_numbers(name, values)
    except ShapeError as error:
        if not _are_words(values):
            raise
        raise ShapeError(f"{name}: expected whole numbers from 0, got words; {_NUMBER}") from error
    classes = None if classes is None else as_whole("classes", classes, least=1)
    expected = "whole numbers from 0" + ("" if classes is None else f" to {classes - 1}")
    beyond = EXACT if classes is None else min(classes, EXACT)
    if numbers.ndim != 1 or len(numbers) == 0:
        raise ShapeError(f"{name}: expected one label a sample, (n,), got shape {numbers.shape}")
    wrong = ~((numbers >= 0) & (numbers < beyond) & (numbers == np.floor(numbers)))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ShapeError(
            f"{name}: expected {expected}, got {numbers[first]:g} as label {first}; {_NUMBER}"
        )
    return numbers.astype(np.int64)


def _are_words(values: Any) -> bool:
    array = np.asarray(np.ma.getdata(values), object).ravel()
    return len(array) > 0 and all(isinstance(one, (str, bytes)) for one in array)


def whole_where_exact(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers as int64 where all of them are below ``EXACT`` in size, else as they are."""
    return numbers.astype(np.int64) if np.all(np.abs(numbers) < EXACT) else numbers


def check_several_classes(name: str, labels: np.ndarray) -> None:
    """Refuse labels of one class, from which no classifier can be told.

    Raises:
        ShapeError: for a single class.
    """
    if len(np.unique(labels)) < 2:
        raise ShapeError(
            f"{name}: expected samples of at least two classes, got {len(labels)} of class "
            f"{labels[0]} alone; a split of sorted data needs shuffling, or stratified=True"
        )
