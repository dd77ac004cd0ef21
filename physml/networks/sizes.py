"""The sizes of a network, checked where they are written and not where they are first used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physml.errors import ConfigurationError


def checked_widths(widths: object) -> tuple[int, ...]:
    """The widths of hidden layers as a tuple, which may be empty.

    Raises:
        ConfigurationError: they are no sequence of positive integers.
    """
    if not isinstance(widths, Sequence) or not all(map(is_size, widths)):
        raise ConfigurationError(
            "widths: expected the width of each hidden layer, positive integers such as "
            f"(20, 20, 20), got {widths!r}."
        )
    return tuple(widths)


def equal_widths(width: int, depth: int) -> tuple[int, ...]:
    """The widths of ``depth`` hidden layers of one width.

    Raises:
        ConfigurationError: one of the two is no positive integer.
    """
    check_size("width", width)
    check_size("depth", depth)
    return (width,) * depth


def check_outputs(outputs: object) -> None:
    """Raise unless it is None, for a scalar field, or a number of components."""
    if not (outputs is None or is_size(outputs)):
        raise ConfigurationError(
            "outputs: expected None for a scalar field or a positive number of components, "
            f"got {outputs!r}."
        )


def check_size(name: str, number: object) -> None:
    """Raise unless it is a positive integer."""
    if not is_size(number):
        raise ConfigurationError(f"{name}: expected a positive integer, got {number!r}.")


def is_size(number: object) -> bool:
    """Whether it is a positive integer."""
    return (
        isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(number > 0)
    )
