"""Franke's function of two variables, learned from noisy values at random places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from physml.learn.catalogue.noisy_function import NoisyFunction
from physml.learn.catalogue.polynomials_and_networks import CurveRecipe, check, solve
from physml.train import Entry
from physml.train.study import Study


@dataclass(frozen=True)
class Franke(NoisyFunction):
    """``y = f(u, v) + σ ε`` on the unit square, whose inputs are ``x = 2(u, v) − 1``.

    Four bumps: Franke (1979), Naval Postgraduate School, NPS-53-79-003. See ``NoisyFunction``.
    """

    samples: int = 400
    dimensions: ClassVar[int] = 2

    @staticmethod
    def exact(x: np.ndarray) -> np.ndarray:
        """``f`` at inputs ``x`` of ``[−1, 1]²``, ``(n, 2)`` to ``(n,)``."""
        u, v = 9 * (np.asarray(x).T + 1) / 2
        return (
            0.75 * np.exp(-((u - 2) ** 2) / 4 - (v - 2) ** 2 / 4)
            + 0.75 * np.exp(-((u + 1) ** 2) / 49 - (v + 1) / 10)
            + 0.5 * np.exp(-((u - 7) ** 2) / 4 - (v - 3) ** 2 / 4)
            - 0.2 * np.exp(-((u - 4) ** 2) - (v - 7) ** 2)
        )


ENTRY = Entry(
    "franke",
    "y = f(u, v) + σε, Franke's four bumps",
    "exact",
    Franke(),
    {"default": CurveRecipe(degree=10, resamples=30)},
    solve,
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
