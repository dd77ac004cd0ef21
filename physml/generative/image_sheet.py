"""Many small images on one sheet."""

from __future__ import annotations

from typing import Any

import numpy as np


def show_sheet(axis: Any, images: np.ndarray, columns: int) -> None:
    """Draw images ``(n, h, w)`` row by row on matplotlib's axes, on one scale of grey."""
    images = np.asarray(images)
    n, height, width = images.shape
    rows = -(-n // columns)
    whole = np.full((rows * columns, height + 1, width + 1), np.nan)
    whole[:n, :height, :width] = images
    blocks = whole.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    sheet = blocks.reshape(rows * (height + 1), columns * (width + 1))
    axis.imshow(sheet, cmap="gray_r", interpolation="nearest")
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set_xticks([])
    axis.set_yticks([])
