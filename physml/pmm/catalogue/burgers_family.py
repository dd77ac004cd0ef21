"""Waves that steepen against their viscosity: a field with a front, described by a small matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from physml.as_whole import as_whole, whole_fields
from physml.cole_hopf import CONVERGED, cole_hopf
from physml.errors import ConfigurationError
from physml.pmm.field_family import FieldFamily
from physml.pmm.field_study import FieldRecipe, check_fields, emulated_fields
from physml.ranges import check_positive
from physml.train import Entry
from physml.train.study import Study

_OVER = 5.0
"""``νt`` at which ``e^{−π²νt}`` is 4e-22."""


@dataclass(frozen=True)
class BurgersFamily(FieldFamily):
    """``u_t + u u_x = ν u_xx`` from ``−sin πx``, at one time on (0, 1), against ``log₁₀ ν``.

    u is odd in x, with period 2. At t = ½ the front at x = 0, which begins at 1/π, is some 4ν wide.

    Attributes:
        time: ``t``.
        places: how many ``x`` inside of (0, 1), at equal distances.
        trained: the range of ``log₁₀ ν`` in which fields are seen, ends included.
        beyond: a wider one, in whose outer parts they are asked for, too.
        points: how many fields are seen, at equal distances.
        test_points: how many are asked for in the range, in the middle of as many equal parts, and
            how many beyond it.
    """

    time: float = 0.5
    places: int = 15
    trained: tuple[float, float] = (-2.0, -1.2)
    beyond: tuple[float, float] = (-2.4, -1.0)
    points: int = 20
    test_points: int = 100

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_positive("time", self.time)
        self.check_ranges()
        low, high = np.log10(CONVERGED)
        if not low - 1e-9 <= self.beyond[0] < self.beyond[1] <= high + 1e-9:
            raise ConfigurationError(
                f"beyond: expected ends of log₁₀ ν from {low:.3f} to {high:.3f}, where the "
                f"solution is known to rounding, got {self.beyond}"
            )
        if self.time * 10.0 ** self.beyond[1] > _OVER:
            raise ConfigurationError(
                f"time: expected νt ≤ {_OVER:g}, after which nothing is left of the wave, got "
                f"{self.time * 10.0 ** self.beyond[1]:.3g}"
            )
        for name, least in (("places", 1), ("points", 4), ("test_points", 2)):
            as_whole(name, getattr(self, name), least=least)

    @property
    def reference(self) -> str:
        """Where the fields are known from."""
        return "Cole and Hopf's integral, exact to rounding"

    @property
    def coefficient(self) -> str:
        """The parameter, for figures."""
        return "log₁₀ ν"

    @property
    def x(self) -> np.ndarray:
        """The places, ``(places,)``."""
        return np.arange(1, self.places + 1) / (self.places + 1)

    def fields(self, logs: np.ndarray) -> np.ndarray:
        """Exact ``u``, ``(n, places)``, at ``log₁₀ ν``, ``(n,)``."""
        points = np.stack([np.full(self.places, self.time), self.x], axis=1)
        return np.array([cole_hopf(points, viscosity=10.0**log) for log in np.asarray(logs, float)])


ENTRY = Entry(
    "burgers-family",
    "u_t + u u_x = ν u_xx at one time against log ν",
    "exact: Cole–Hopf quadrature",
    BurgersFamily(),
    {"default": FieldRecipe(), "quick": FieldRecipe(starts=1, steps=60)},
    partial(emulated_fields, "burgers-family"),
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check_fields,
)
