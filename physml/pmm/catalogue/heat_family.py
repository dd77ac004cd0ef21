"""Temperatures of a rod against its conductivity: a field described by a small matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from physml.as_whole import as_whole, whole_fields
from physml.errors import ConfigurationError
from physml.pmm.field_family import FieldFamily
from physml.pmm.field_study import FieldRecipe, check_fields, emulated_fields
from physml.ranges import check_positive
from physml.train import Entry
from physml.train.study import Study

_NOTHING = 1e-21
"""Part of an amplitude below which nothing is left of it."""


@dataclass(frozen=True)
class HeatFamily(FieldFamily):
    """``u_t = κ u_xx`` on (0, 1), ``u = 0`` at its ends, at one time, against ``log₁₀ κ``.

    Of an initial ``u₀ = Σ_k a_k sin kπx`` the solution is ``Σ_k a_k exp(−κ k²π² t) sin kπx``.

    Attributes:
        amplitudes: ``a_k``, ``k = 1, 2, …``.
        time: ``t``.
        places: how many ``x`` inside of the rod, at equal distances.
        trained: the range of ``log₁₀ κ`` in which fields are seen, ends included.
        beyond: a wider one, in whose outer parts they are asked for, too.
        points: how many fields are seen, at equal distances.
        test_points: how many are asked for in the range, in the middle of as many equal parts, and
            how many beyond it.
    """

    amplitudes: tuple[float, ...] = (1.0, 0.5, -0.5)
    time: float = 0.1
    places: int = 15
    trained: tuple[float, float] = (-1.5, 0.5)
    beyond: tuple[float, float] = (-3.0, 1.5)
    points: int = 20
    test_points: int = 100

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        if not (self.amplitudes and np.isfinite(self.amplitudes).all() and any(self.amplitudes)):
            raise ConfigurationError(
                f"amplitudes: expected finite numbers, not all 0, got {self.amplitudes}"
            )
        check_positive("time", self.time)
        self.check_ranges()
        for name, least_count in (("places", 1), ("points", 4), ("test_points", 2)):
            as_whole(name, getattr(self, name), least=least_count)
        largest = np.abs(self.fields(np.array(self.trained[:1]))).max()
        if largest < _NOTHING * np.abs(self.amplitudes).max():
            raise ConfigurationError(
                f"time: expected one at which something is left of u, got {self.time:g}, of which "
                f"{largest:.1g} is the largest that is seen"
            )

    @property
    def reference(self) -> str:
        """Where the fields are known from."""
        return f"{len(self.amplitudes)} sine modes, exact"

    @property
    def coefficient(self) -> str:
        """The parameter, for figures."""
        return "log₁₀ κ"

    @property
    def x(self) -> np.ndarray:
        """The places, ``(places,)``."""
        return np.arange(1, self.places + 1) / (self.places + 1)

    def fields(self, logs: np.ndarray) -> np.ndarray:
        """Exact ``u``, ``(n, places)``, at ``log₁₀ κ``, ``(n,)``."""
        k = np.arange(1, len(self.amplitudes) + 1)
        rates = 10.0 ** np.asarray(logs, float)[:, None] * (k * np.pi) ** 2
        modes = np.asarray(self.amplitudes)[:, None] * np.sin(np.pi * k[:, None] * self.x)
        return np.exp(-rates * self.time) @ modes


ENTRY = Entry(
    "heat-family",
    "u_t = κ u_xx at one time against log κ",
    "sine modes, exact",
    HeatFamily(),
    {"default": FieldRecipe()},
    partial(emulated_fields, "heat-family"),
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check_fields,
)
