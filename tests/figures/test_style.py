"""Figures: one style, no screen, no trace in the user's own settings."""

from __future__ import annotations

import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

from physml.errors import MissingDependencyError
from physml.figures import figure


@pytest.mark.parametrize(("rows", "columns", "shape"), [(1, 3, (3,)), (2, 2, (2, 2)), (3, 1, (3,))])
def test_panels_have_one_size(tmp_path, rows, columns, shape):
    with figure(tmp_path / "one.png", 1, 1) as axis:
        assert isinstance(axis, Axes)
        width, height = axis.figure.get_size_inches()
    with figure(tmp_path / "many.png", rows, columns) as axes:
        assert axes.shape == shape
        assert all(isinstance(axis, Axes) for axis in axes.ravel())
        size = axes.flat[0].figure.get_size_inches()
    assert tuple(size) == pytest.approx((columns * width, rows * height))


def test_the_style_holds_in_the_figure_and_nowhere_else(tmp_path):
    before, open_figures = dict(matplotlib.rcParams), plt.get_fignums()
    with figure(tmp_path / "line.png", 1, 1) as axis:
        (line,) = axis.plot([0, 1], label="line")
        assert line.get_linewidth() == 1.6
        assert not axis.legend().get_frame_on()
        assert not axis.spines["top"].get_visible()
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == open_figures


@pytest.mark.parametrize(
    ("ending", "first"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_a_file_of_any_format_and_its_folder(tmp_path, ending, first):
    path = tmp_path / "new" / f"line.{ending}"
    with figure(str(path), 1, 1) as axis:
        axis.plot([0, 1])
        assert not path.parent.exists()
    assert path.read_bytes().startswith(first)


def test_a_figure_that_fails_leaves_no_file_and_no_style(tmp_path):
    before = dict(matplotlib.rcParams)
    with pytest.raises(ValueError, match="no data"), figure(tmp_path / "line.png", 1, 1):
        raise ValueError("no data")
    assert list(tmp_path.iterdir()) == []
    assert dict(matplotlib.rcParams) == before


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with (
        pytest.raises(MissingDependencyError, match=r"physml\[plot\]"),
        figure(tmp_path / "line.png", 1, 1),
    ):
        pass
