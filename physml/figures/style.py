"""The look of every figure, and how one is made and saved without a screen."""

from __future__ import annotations

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


def figure(rows: int, columns: int) -> tuple[Any, Any]:
    """A figure with panels of one size.

    Args:
        rows: panels down.
        columns: panels across.

    Returns:
        The matplotlib figure and its axes, ``(columns,)`` for one row.

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
    return made, axes


def save(made: Any, path: str | Path) -> Path:
    """Save a figure, making its folder.

    Args:
        made: a matplotlib figure.
        path: a file whose ending names the format.

    Returns:
        The path.
    """
    import matplotlib

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        made.savefig(path)
    return path
