"""Numbers within their range, from every room: a scale, a rate, a width, a part of one."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from physml.errors import ConfigurationError


def check_positive(name: str, number: Any, *, or_zero: bool = False, expected: str = "") -> None:
    """Refuse what is no finite number > 0.

    A number that is traced, as in a ``vmap`` over learning rates, has no value yet and is let by.

    Args:
        name: of the argument, for the error.
        number: of Python, numpy or jax, of shape ``()``.
        or_zero: whether 0 will do.
        expected: what else would do, for the error.

    Raises:
        ConfigurationError: for another number, or none.

    >>> check_positive("damping", 1e-3)
    """
    if isinstance(number, jax.core.Tracer) and number.shape == ():
        return
    value = _real(number)
    if not (0 < value < math.inf or (or_zero and value == 0)):
        sign = "≥" if or_zero else ">"
        got = repr(number) if isinstance(number, str) else number
        raise ConfigurationError(f"{name}: expected a number {sign} 0{expected}, got {got}")


def check_rate(name: str, rate: Any) -> None:
    """Refuse what is neither a finite number > 0 nor a schedule, whose values come later.

    Raises:
        ConfigurationError: for another number, or none.
    """
    if not callable(rate):
        check_positive(name, rate, expected=" (or a schedule)")


def check_fraction(name: str, number: Any) -> None:
    """Refuse what is not in [0, 1), as a memory's decay must be.

    Raises:
        ConfigurationError: for another number, or none.
    """
    if isinstance(number, jax.core.Tracer) and number.shape == ():
        return
    if not 0 <= _real(number) < 1:
        raise ConfigurationError(f"{name}: expected a number in [0, 1), got {number}")


def check_unit(name: str, number: Any) -> None:
    """Refuse what is not in [0, 1]: a part, a probability, a discount.

    Raises:
        ConfigurationError: for another number, or none.
    """
    if not 0 <= _real(number) <= 1:
        raise ConfigurationError(f"{name}: expected a number in [0, 1], got {number}")


def _real(number: Any) -> float:
    """A number as Python has it; NaN of what is none, as of a word, a list or a complex number."""
    try:  # float() reads numpy's words, and takes the real part of its complex numbers
        return math.nan if np.asarray(number).dtype.kind in "cSU" else float(number)
    except (TypeError, ValueError, OverflowError):
        return math.nan
