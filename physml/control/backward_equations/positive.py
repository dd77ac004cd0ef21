"""Numbers of a statement that have to be positive."""

from __future__ import annotations

import math

from physml.errors import ConfigurationError


def check_positive(**numbers: float) -> None:
    """Refuse what is not a positive, finite number.

    Raises:
        ConfigurationError: with its name.
    """
    for name, number in numbers.items():
        if not (isinstance(number, (int, float)) and 0 < number < math.inf):
            raise ConfigurationError(f"{name}: expected a number > 0, got {number!r}")
