"""Runge's function, learned from noisy values at random places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from physml.learn.catalogue.noisy_function import NoisyFunction
from physml.learn.catalogue.polynomials_and_networks import CurveRecipe, check, solve
from physml.train import Entry
from physml.train.study import Study


@dataclass(frozen=True)
class Runge(NoisyFunction):
    """``y = 1/(1 + 25x²) + σ ε``; see ``NoisyFunction``.

    Polynomials converge to it by ``1/5 + √(1 + 1/25) = 1.22`` a degree, as far as its poles at
    ``± i/5`` are from the interval.
    """

    dimensions: ClassVar[int] = 1

    @staticmethod
    def exact(x: np.ndarray) -> np.ndarray:
        """``1/(1 + 25x²)`` at ``(n, 1)``, ``(n,)``."""
        return 1 / (1 + 25 * x[:, 0] ** 2)


ENTRY = Entry(
    "runge",
    "y = 1/(1 + 25x²) + σε",
    "exact",
    Runge(),
    {"default": CurveRecipe()},
    solve,
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
