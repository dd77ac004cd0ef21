"""How strong a prior the observations ask for: the damping ``λ`` that makes them most likely.

The rows are linear about the parameters ``θ*``, the prior is ``θ ~ N(θ₀, s²/λ)``, and each row has
the deviation ``s``. What the prior leaves of the rows, ``|r + J(θ − θ*)|² + λ|θ − θ₀|²``, has the
minimum ``Q(λ)``, and with constraints ``E``, which are no observations,

    ln p(y | E, λ) = −½ [ (Q − Q_E)/s² + ln det(I + JᵀJ/λ) − ln det(I + J_EᵀJ_E/λ) + n ln 2πs² ]

For ``E`` empty this is ``−½ [r₀ᵀC⁻¹r₀ + ln det C + n ln 2π]``, ``C = s²(J Jᵀ/λ + I)``, with the
residual at the prior's centre, ``r₀ = r − J(θ* − θ₀)``, not the fitted one.

Source: MacKay, Neural Computation 4, 415 (1992), doi:10.1162/neco.1992.4.3.415.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from physml.train.row_covariance import SingularValues

_STEPS = 201
_TOO_MUCH = 1e3
_NEGLIGIBLE = 0.1


class Rows(NamedTuple):
    """Rows as the evidence sees them, along their right singular vectors.

    Attributes:
        values: ``s_i``, ``(k,)``.
        gradient: ``v_i · Jᵀr`` at ``θ*``, ``(k,)``.
        away: ``v_i · (θ* − θ₀)``, ``(k,)``.
        square: ``|r|²`` at ``θ*``.
    """

    values: np.ndarray
    gradient: np.ndarray
    away: np.ndarray
    square: float

    @classmethod
    def of(
        cls, singular: SingularValues, gradient: np.ndarray, away: np.ndarray, square: float
    ) -> Rows:
        """From vectors ``Jᵀr`` and ``θ* − θ₀``, ``(p,)``."""
        turn = singular.vectors.T
        return cls(singular.values, turn @ gradient, turn @ away, square)

    @classmethod
    def none(cls) -> Rows:
        """No rows at all."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(0), 0.0)

    def minimum(self, damping: np.ndarray) -> np.ndarray:
        """``Q(λ)``, for each of several dampings."""
        damped, squared = damping[:, None], self.values**2
        inside = damped * self.away * (squared * self.away - 2 * self.gradient) - self.gradient**2
        return self.square + np.sum(inside / (squared + damped), axis=1)

    def log_determinant(self, damping: np.ndarray) -> np.ndarray:
        """``ln det(I + JᵀJ/λ)``."""
        return np.sum(np.log1p(self.values**2 / damping[:, None]), axis=1)


def log_evidence(
    damping: np.ndarray, rows: Rows, constraints: Rows, observations: int, variance: float | None
) -> np.ndarray:
    """``ln p(y | E, λ)`` of several dampings.

    Args:
        damping: ``λ``, ``(m,)``.
        rows: all rows, those of constraints included.
        constraints: the rows of constraints alone.
        observations: ``n``, how many rows are not constraints.
        variance: ``s²``; the most likely one of each damping if None.

    Returns:
        ``(m,)``; −∞ where rounding leaves nothing.
    """
    left = rows.minimum(damping) - constraints.minimum(damping)
    determinant = rows.log_determinant(damping) - constraints.log_determinant(damping)
    with np.errstate(divide="ignore", invalid="ignore"):
        s2 = left / observations if variance is None else np.full(len(damping), variance)
        found = -0.5 * (left / s2 + determinant + observations * np.log(2 * np.pi * s2))
    return np.where(left > 0, found, -np.inf)


def most_likely_damping(
    rows: Rows,
    constraints: Rows,
    observations: int,
    variance: float | None,
    *,
    least: float,
    off_centre: Callable[[np.ndarray], np.ndarray] | None = None,
) -> float:
    """The damping of the largest evidence, from rounding's bound to where no row tells anything.

    Args:
        rows: all rows.
        constraints: those of constraints alone.
        observations: how many are not.
        variance: ``s²``, or None.
        least: the smallest damping that rounding leaves a meaning.
        off_centre: of dampings, how far ``θ*`` is from the minimum of rows and prior. Training
            without a prior ends where a strong one pulls away: the damping is the most likely one
            of those that leave ``θ*`` where it is, within a tenth, or half as far again as any.

    Returns:
        ``λ``.
    """
    low, high = np.log(least), np.log(max(_TOO_MUCH * float(np.max(rows.values)) ** 2, 10 * least))
    # Evidence may have more than one maximum: the whole range first, then around the best.
    limit = np.inf
    for _ in range(3):
        grid = np.linspace(low, high, _STEPS)
        found = log_evidence(np.exp(grid), rows, constraints, observations, variance)
        if off_centre is not None:
            off = np.nan_to_num(off_centre(np.exp(grid)), nan=np.inf)
            limit = max(_NEGLIGIBLE, min(limit, 1.5 * float(off.min())))
            found = np.where(off <= limit, found, -np.inf)
        best = int(np.argmax(found))
        low, high = grid[max(0, best - 1)], grid[min(_STEPS - 1, best + 1)]
    return float(np.exp(grid[best]))
