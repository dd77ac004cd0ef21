"""The figure of a Boltzmann machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from physml.figures import figure

_ACROSS = 6


def plot_of(
    path: str | Path,
    curves: Mapping[str, np.ndarray],
    moments: np.ndarray,
    shown: np.ndarray,
    low: float,
) -> Path:
    """Training, moments of samples against those of the data, and, of images, some samples.

    Args:
        path: a file whose ending names the format.
        curves: of each step, by name.
        moments: ``(2, k)``, of the data and of samples.
        shown: ``(2, m, ...)``, data and samples.
        low: the lower value of a unit.

    Raises:
        MissingDependencyError: without matplotlib.
    """
    images = shown.ndim == 4
    name = "log_likelihood" if "log_likelihood" in curves else "loss"
    curve = curves.get(name, ())
    trained = len(curve) > 0
    with figure(path, 1, 1 + trained + 2 * images) as made:
        axes = np.atleast_1d(made)
        if trained:
            label = {"log_likelihood": "ln p of the data", "loss": "⟨F⟩ data − ⟨F⟩ model"}[name]
            axes[0].plot(curve, linewidth=0.8)
            axes[0].set(xlabel="step", ylabel=label)
        means = axes[int(trained)]
        ends = [moments.min(), moments.max()]
        means.plot(ends, ends, color="0.6", linewidth=0.8)
        means.plot(moments[0], moments[1], ".", markersize=3)
        means.set(xlabel="moments of the data", ylabel="moments of samples")
        if images:
            for axis, title, part in zip(
                axes[1 + trained :], ("data", "samples"), shown, strict=True
            ):
                axis.imshow(
                    _sheet(part, low), cmap="gray_r", vmin=low, vmax=1, interpolation="nearest"
                )
                axis.set(title=title, xticks=[], yticks=[])
                axis.grid(visible=False)
    return Path(path)


def _sheet(images: np.ndarray, low: float) -> np.ndarray:
    """Images in rows, with a line of grey between them."""
    count, height, width = images.shape
    rows = -(-count // _ACROSS)
    sheet = np.full((rows * (height + 1) - 1, _ACROSS * (width + 1) - 1), (low + 1) / 2)
    for i, image in enumerate(images):
        top, left = i // _ACROSS * (height + 1), i % _ACROSS * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet
