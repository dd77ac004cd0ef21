"""The figure of a Gaussian process along one coordinate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from physml.errors import ConfigurationError
from physml.figures import figure

if TYPE_CHECKING:
    from physml.learn.bayes.process import GaussianProcess


def plot_process(
    path: str | Path, process: GaussianProcess, points: Any = None, level: float = 0.9
) -> Path:
    """See ``GaussianProcess.plot``."""
    every = np.concatenate([one.points for one in process.observed])
    if points is None:
        low, high = every.min(axis=0), every.max(axis=0)
        if len(low) != 1:
            raise ConfigurationError(
                f"plot: points: expected (m, {len(low)}) along one coordinate, got none; in one "
                "dimension they may be left out"
            )
        margin = 0.05 * (high - low)
        points = np.linspace(low - margin, high + margin, 300)
    mean, (low, high) = process(points), process.interval(points, level)
    table = np.asarray(points, float)
    along = np.nonzero(np.ptp(table, axis=0) > 0)[0]
    if len(along) != 1:
        raise ConfigurationError(
            f"plot: points: expected them along one coordinate, got {len(along)} that vary"
        )
    x = table[:, along[0]]
    order = np.argsort(x)
    with figure(path, 1, 2) as (axis, width):
        axis.fill_between(x[order], low[order], high[order], alpha=0.3, label=f"{level:.0%}")
        axis.plot(x[order], mean[order], label="mean")
        rest = [j for j in range(table.shape[1]) if j != along[0]]
        for one in process.observed:
            here = np.all(np.isclose(one.points[:, rest], table[0, rest]), axis=1)
            if one.operator is None and here.any():
                axis.plot(one.points[here, along[0]], one.values[here], "k.", label="observed")
        axis.set(xlabel=f"coordinate {along[0]}", ylabel="u")
        axis.legend(fontsize=7)
        width.semilogy(x[order], 0.5 * (high - low)[order])
        width.set(xlabel=f"coordinate {along[0]}", ylabel=f"half width, {level:.0%}")
    return Path(path)
