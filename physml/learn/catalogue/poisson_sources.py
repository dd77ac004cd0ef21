"""Sources and solutions of Poisson's equation on an interval, all exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from physml.as_whole import whole_fields
from physml.errors import ConfigurationError


@dataclass(frozen=True)
class PoissonSources:
    """``−u″ = f`` on [0, 1], ``u(0) = u(1) = 0``, ``f = Σ_k a_k cos kπx + b_k sin kπx``.

    ``a_k`` and ``b_k`` are normal, ``k`` from 0. Two more families are told, and not trained on:
    ``f = sin νπx`` of real ``ν`` up to ``waves``, and ``f = x(1 − x)``.

    Attributes:
        waves: the largest ``k``.
        points: numbers n of points ``i/(n + 1)`` to train on.
        others: numbers of points to judge by.
        training: sources to train on, for each number of points.
        test: sources to judge by, drawn once.
    """

    waves: int = 5
    points: tuple[int, ...] = (24, 32, 48)
    others: tuple[int, ...] = (20, 28, 40, 64, 100)
    training: int = 12
    test: int = 200

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("waves", "training", "test"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")
        for name in ("points", "others"):
            numbers = getattr(self, name)
            if not numbers or min(numbers) <= 2 * self.waves:
                raise ConfigurationError(
                    f"{name}: expected numbers above 2 waves = {2 * self.waves}, which points can "
                    f"tell apart, got {numbers}"
                )
        if len({*self.points, *self.others}) < len(self.points) + len(self.others):
            raise ConfigurationError(
                f"others: expected numbers not among points {self.points}, each once, got "
                f"{self.others}"
            )


class Told(NamedTuple):
    """Sources ``f`` and their solutions ``u``, ``(m, n)``, at the places ``x``, ``(n,)``."""

    x: np.ndarray
    f: np.ndarray
    u: np.ndarray


def places(points: int) -> np.ndarray:
    """``i/(n + 1)``, ``i = 1 … n``."""
    return np.arange(1, points + 1) / (points + 1)


def sums_of_waves(amplitudes: np.ndarray, x: np.ndarray) -> Told:
    """``f = Σ_k a_k cos kπx + b_k sin kπx`` of amplitudes ``(m, 2, waves + 1)``."""
    k = np.pi * np.arange(amplitudes.shape[-1])[:, None]
    f = np.stack([np.cos(k * x), np.sin(k * x)])
    square = np.where(k > 0, k, 1) ** 2
    cosines = (np.cos(k * x) - 1 + x * (1 - np.cos(k))) / square
    cosines[0] = x * (1 - x) / 2
    u = np.stack([cosines, np.sin(k * x) / square])
    return Told(x, *(np.einsum("mck,ckn->mn", amplitudes, part) for part in (f, u)))


def single_waves(number: np.ndarray, x: np.ndarray) -> Told:
    """``f = sin νπx``, ``u = (sin νπx − x sin νπ)/(νπ)²`` of real ``ν``, ``(m,)``."""
    k = np.pi * number[:, None]
    return Told(x, np.sin(k * x), (np.sin(k * x) - x * np.sin(k)) / k**2)


def parabola(x: np.ndarray) -> Told:
    """``f = x(1 − x)``, ``u = (x − 2x³ + x⁴)/12``."""
    return Told(x, (x * (1 - x))[None], ((x - 2 * x**3 + x**4) / 12)[None])
