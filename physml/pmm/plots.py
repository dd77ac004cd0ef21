"""Figures of an emulator: levels with their bar, and its matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from physml.figures import figure

_BEYOND = 0.25
"""Part of the range of points by which levels are drawn beyond it, on either side."""


def draw(emulator: Any, path: str | Path) -> Path:
    """Save levels against the point, where it has one coordinate, and each matrix as an image.

    Args:
        emulator: an ``Emulator``.
        path: a file whose ending names the format.

    Raises:
        MissingDependencyError: without matplotlib.
    """
    images = {name: _whole(blocks) for name, blocks in emulator.matrices().items()}
    x = emulator.data.x.reshape(len(emulator.data.x), -1)
    curves = x.shape[1] == 1
    with figure(path, 1, len(images) + curves) as axes:
        panels = list(np.atleast_1d(axes))
        if curves:
            _levels(panels.pop(0), emulator, x[:, 0])
        for axis, (name, matrix) in zip(panels, images.items(), strict=True):
            most = float(np.abs(matrix).max()) or 1.0
            shown = axis.imshow(matrix, cmap="RdBu", vmin=-most, vmax=most, interpolation="nearest")
            axis.figure.colorbar(shown, ax=axis, shrink=0.8)
            axis.set(title=name, xticks=[], yticks=[])
            axis.grid(False)
    return Path(path)


def _whole(blocks: tuple[np.ndarray, ...]) -> np.ndarray:
    """One matrix of its blocks; the modulus of a complex one."""
    size = sum(map(len, blocks))
    whole, start = np.zeros((size, size)), 0
    for block in blocks:
        end = start + len(block)
        whole[start:end, start:end] = np.abs(block) if np.iscomplexobj(block) else block
        start = end
    return whole


def _levels(axis: Any, emulator: Any, x: np.ndarray) -> None:
    margin = _BEYOND * np.ptp(x)
    line = np.linspace(x.min() - margin, x.max() + margin, 121)
    points = line.reshape(-1, *emulator.data.x.shape[1:])
    levels = emulator(points).reshape(len(line), -1)
    low, high = (end.reshape(len(line), -1) for end in emulator.interval(points))
    for number in range(levels.shape[1]):
        color = f"C{number}"
        axis.fill_between(
            line, low[:, number], high[:, number], color=color, alpha=0.2, linewidth=0
        )
        axis.plot(line, levels[:, number], color=color, label="emulator, 90%" * (number == 0))
    for number in range(levels.shape[1]):
        label = "training" * (number == 0)
        axis.plot(x, emulator.data.y[:, number], ".", color="0.2", markersize=3, label=label)
    axis.set(xlabel="x", ylabel="levels")
    axis.legend(fontsize=7)
