"""The look of every figure, and how one is made and saved without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from physml.errors import MissingDependencyError

STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.dpi": 150,
    "font.size": 10,
    "grid.alpha": 0.25,
    "image.interpolation": "bilinear",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}
"""Settings of matplotlib, applied to our figures alone."""

_PANEL = (3.6, 2.9)


@contextmanager
def figure(path: str | Path, rows: int, columns: int) -> Iterator[Any]:
    """A figure with panels of one size, saved at the end of the ``with`` block.

    The style holds within the block, since matplotlib reads its settings when a line is drawn.

    Args:
        path: a file whose ending names the format; its folder is made.
        rows: panels down.
        columns: panels across.

    Yields:
        matplotlib's axes, ``(columns,)`` for one row.

    Raises:
        MissingDependencyError: without matplotlib.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            "figures need matplotlib: install it with pip install 'physml[plot]'"
        ) from error
    with matplotlib.rc_context(STYLE):
        made = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows))
        FigureCanvasAgg(made)
        axes = made.subplots(rows, columns)
        for axis in axes.ravel() if rows * columns > 1 else [axes]:
            axis.set_axisbelow(True)
        yield axes
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        made.savefig(path)
