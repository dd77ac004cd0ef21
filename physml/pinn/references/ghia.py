"""A published table of the lid-driven cavity at Re = 100, and published extrema beside it."""

from __future__ import annotations

import numpy as np

_U = {
    **{7: -0.03717, 8: -0.04192, 9: -0.04775, 13: -0.06434, 22: -0.10150, 36: -0.15662},
    **{58: -0.21090, 64: -0.20581, 79: -0.13641, 94: 0.00332, 109: 0.23151},
    **{122: 0.68717, 123: 0.73722, 124: 0.78871, 125: 0.84123},
}
_V = {
    **{8: 0.09233, 9: 0.10091, 10: 0.10890, 12: 0.12317, 20: 0.16077, 29: 0.17507, 30: 0.17527},
    **{64: 0.05454, 103: -0.24533, 110: -0.22445, 116: -0.16914},
    **{121: -0.10313, 122: -0.08864, 123: -0.07391, 124: -0.05906},
}


def _table(values: dict[int, float]) -> np.ndarray:
    return np.array([(step / 128, value) for step, value in values.items()])


GHIA_U = _table(_U)
"""``(15, 2)``: y and ``u(½, y)`` under a lid of speed 1, computed on 129² points.

Up to 0.005 from the converged solution, and those of ``GHIA_V`` up to 0.0094.

Source: Ghia, Ghia and Shin (1982), doi:10.1016/0021-9991(82)90058-4, table I.
"""

GHIA_V = _table(_V)
"""``(15, 2)``: x and ``v(x, ½)``; table II."""

CENTRE_LINE_EXTREMA = (-0.2140424, 0.1795728, -0.2538030)
"""Least u on x = ½, greatest and least v on y = ½, lid of speed 1, Re = 100.

Source: Botella and Peyret (1998), doi:10.1016/S0045-7930(98)00002-4.
"""
