"""Whole numbers that users give, ``100``, ``1e2`` and numpy's alike, as an int within bounds."""

from __future__ import annotations

import numbers
from dataclasses import fields
from types import NoneType
from typing import Any, get_type_hints

import jax
import numpy as np

from physml.errors import ConfigurationError
from physml.plain_types import parts

LARGEST = 2**31 - 1
"""Counts are at most this: steps, samples and indices are 32-bit integers in compiled programs."""

# What is no count in a compiled program, such as a seed, is bounded where it is used.
_LONGEST = 2**63 - 1

_WRITTEN_OUT = 10**30


def as_whole(name: str, number: Any, *, least: int | None = None, most: int = LARGEST) -> int:
    """A whole number as an int; a float that is whole is one, too.

    Args:
        name: of the argument, for the error.
        number: an int, a float, or a number of numpy or jax.
        least: the smallest allowed; None: no such bound.
        most: the largest allowed.

    Raises:
        ConfigurationError: a fraction, no number, a truth value, or one out of bounds.

    >>> as_whole("points", 1e2), as_whole("walkers", np.int64(8), least=2)
    (100, 8)
    """
    value = _whole(number)
    if value is None:
        raise ConfigurationError(f"{name}: expected a whole number, got {number!r}")
    if least is not None and value < least:
        raise ConfigurationError(f"{name}: expected at least {least}, got {_shown(value)}")
    if value > most:
        raise ConfigurationError(f"{name}: expected at most {most}, got {_shown(value)}")
    return value


def whole_fields(numbers: Any, name: str | None = None) -> None:
    """Make ints of a frozen dataclass's fields that are whole by their types, as it is made.

    Args:
        numbers: the dataclass, in its ``__post_init__``.
        name: of what it is, for the error.

    Raises:
        ConfigurationError: for a field that holds a fraction or no number.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Chain:
    ...     sites: int = 20
    ...     def __post_init__(self):
    ...         whole_fields(self)
    >>> Chain(8.0)
    Chain(sites=8)
    """
    hints = get_type_hints(type(numbers))
    for field in (field.name for field in fields(numbers)):
        kinds, value = parts(hints[field]), getattr(numbers, field)
        if int not in kinds or float in kinds or (value is None and NoneType in kinds):
            continue
        where = field if name is None else f"{name}: {field}"
        if isinstance(value, tuple):
            made: Any = tuple(as_whole(where, one, most=_LONGEST) for one in value)
        else:
            made = as_whole(where, value, most=_LONGEST)
        object.__setattr__(numbers, field, made)


def _whole(number: Any) -> int | None:
    if isinstance(number, (np.ndarray, jax.Array)):
        if np.ndim(number) or isinstance(number, jax.core.Tracer):
            return None
        number = number[()] if isinstance(number, np.ndarray) else np.asarray(number)[()]
    if isinstance(number, (bool, np.bool_)):
        return None
    if isinstance(number, numbers.Integral):
        return int(number)
    if isinstance(number, numbers.Real) and float(number).is_integer():
        return int(float(number))
    return None


def _shown(value: int) -> str:
    """A number by its size where its digits would fill a page."""
    if abs(value) < _WRITTEN_OUT:
        return str(value)
    return f"a number of about {int(value.bit_length() * 0.30103) + 1} digits"
