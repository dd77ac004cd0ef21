"""Where nuclei are: finite places, each another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from physml.errors import ConfigurationError

# No bond is shorter than 1.4 bohr: nearer nuclei were told in other units, or twice.
_NEAREST = 0.1


def check_places(places: Any, count: int, what: str) -> np.ndarray:
    """Places of nuclei at rest, ``(count, 3)`` in bohr, once they are seen to be that.

    Raises:
        ConfigurationError: for another shape, numbers that are not real and finite, or two nuclei
            nearer than 0.1 bohr.
    """
    try:
        found = np.asarray(places)
    except ValueError:  # rows of unlike lengths
        found = np.empty(())
    if found.shape != (count, 3) or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise ConfigurationError(
            f"{what}: expected {count} times (x, y, z) in bohr, finite real numbers, one row for "
            f"each nucleus, got {places}"
        )
    found = found.astype(float)
    for a, b in itertools.combinations(range(count), 2):
        apart = float(np.linalg.norm(found[a] - found[b]))
        if apart < _NEAREST:
            raise ConfigurationError(
                f"{what}: expected nuclei in different places, {_NEAREST} bohr apart or more, got "
                f"{apart:.3g} between nuclei {a} and {b}. Of a length in ångström give "
                f"length * ANGSTROM, of one in nanometres 10 times that"
            )
    return found


def check_charges(charges: Any, count: int, what: str) -> np.ndarray:
    """Charges of nuclei, ``(count,)``, once they are seen to be positive and finite.

    Raises:
        ConfigurationError: for another number of them, or others.
    """
    found = np.asarray(charges)
    real = found.shape == (count,) and found.dtype.kind in "iuf"
    if not real or not np.all((found > 0) & np.isfinite(found)):
        raise ConfigurationError(
            f"{what}: expected {count} finite numbers Z > 0, one for each nucleus, got {charges}"
        )
    return found.astype(float)
