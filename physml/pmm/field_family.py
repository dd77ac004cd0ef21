"""Fields against a parameter of their equation: what an emulator is given, and asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from physml.errors import ConfigurationError
from physml.pmm.unseen import unseen


class FieldFamily(ABC):
    """Fields at some places against the logarithm of one coefficient of their equation."""

    trained: tuple[float, float]
    beyond: tuple[float, float]
    points: int
    test_points: int

    @property
    @abstractmethod
    def x(self) -> np.ndarray:
        """The places, ``(places,)``."""

    @property
    @abstractmethod
    def reference(self) -> str:
        """Where the fields are known from."""

    @property
    @abstractmethod
    def coefficient(self) -> str:
        """The parameter, for figures."""

    @abstractmethod
    def fields(self, logs: np.ndarray) -> np.ndarray:
        """``(n, places)`` at ``log₁₀`` of the coefficient, ``(n,)``."""

    def check_ranges(self) -> None:
        """Refuse ranges that are none.

        Raises:
            ConfigurationError: unless the second lies around the first.
        """
        ends = (*self.beyond[:1], *self.trained, *self.beyond[1:])
        if len(ends) != 4 or not (np.isfinite(ends).all() and np.all(np.diff(ends) > 0)):
            raise ConfigurationError(
                f"trained, beyond: expected ends of {self.coefficient}, the second around the "
                f"first, got {self.trained}, {self.beyond}"
            )

    @property
    def seen(self) -> np.ndarray:
        """``log₁₀`` of the coefficient that fields are seen at."""
        return np.linspace(*self.trained, self.points)

    @property
    def asked(self) -> tuple[np.ndarray, np.ndarray]:
        """``log₁₀`` of the coefficient that fields are asked for at, in the range and beyond it."""
        inside = np.linspace(*self.trained, 2 * self.test_points + 1)[1::2]
        step = (self.trained[1] - self.trained[0]) / max(self.points - 1, 2 * self.test_points)
        inside = unseen(inside, self.seen, step)
        half = self.test_points // 2
        below = np.linspace(self.beyond[0], self.trained[0], half + 1)[:-1]
        above = np.linspace(self.beyond[1], self.trained[1], self.test_points - half + 1)[:-1]
        return inside, np.concatenate([below, above[::-1]])
