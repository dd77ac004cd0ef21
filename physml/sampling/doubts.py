"""What may be wrong with an error bar though its chains look long enough: tests of fixed size.

Each gives the chance of what is seen, or more, if nothing is wrong, from ``(steps, walkers)`` less
a number near their mean.
"""

from __future__ import annotations

import numpy as np

DOUBT = 1e-3
"""How often each test doubts a right error bar, however many walkers there are."""

# Pieces of a chain whose means tell walkers that differ from walkers that are slow: those of chains
# of five tau and more inflate the variance between walkers by less than the factor.
_PIECES = 4
_SLOWNESS = 2.0


def drift(deviations: np.ndarray) -> float:
    """How likely a common trend of walkers as large as theirs is by chance; 1 of one walker."""
    steps, walkers = deviations.shape
    if walkers < 2:
        return 1.0
    trends = (np.arange(steps) - (steps - 1) / 2) @ deviations
    return _chance(walkers * trends.mean() ** 2, trends.var(ddof=1), (1, walkers - 1))


def apart(deviations: np.ndarray) -> float:
    """How likely means of walkers as different as theirs are, if each wanders everywhere."""
    walkers = deviations.shape[1]
    if walkers < 2:
        return 1.0
    pieces = deviations[len(deviations) % _PIECES :].reshape(_PIECES, -1, walkers).mean(axis=1)
    within = pieces.var(axis=0, ddof=1).mean()
    between = _PIECES * pieces.mean(axis=0).var(ddof=1)
    return _chance(between, _SLOWNESS * within, (walkers - 1, (_PIECES - 1) * walkers))


def groups_apart(deviations: np.ndarray, labels: np.ndarray) -> float:
    """How likely means of groups as different as theirs are, if all walkers are alike."""
    means = deviations.mean(axis=0)
    sizes = np.bincount(labels)
    freedom = len(sizes) - 1, len(means) - len(sizes)
    if min(freedom) < 1:
        return 1.0
    centres = np.bincount(labels, means) / sizes
    between = np.sum(sizes * (centres - means.mean()) ** 2) / freedom[0]
    within = np.sum((means - centres[labels]) ** 2) / freedom[1]
    return _chance(between, within, freedom)


def _chance(above: float, below: float, freedom: tuple[int, int]) -> float:
    """The chance of a ratio of variances as large; 0 where the lower is zero and the upper not."""
    from scipy.special import fdtrc  # a sixth of a second, here and not in `import physml`

    if below == 0:
        return float(above == 0)
    return float(fdtrc(*freedom, above / below))
