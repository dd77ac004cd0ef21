"""Figures of a solution: line or map beside the exact one, its error, its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.figures import figure

if TYPE_CHECKING:
    from physml.pinn.solution import Solution

_LINE, _SIDE = 1001, 201


def overview(solution: Solution, path: Path) -> Path:
    """The solution, its error, and the curves of its training; a row for each component."""
    problem = solution.problem
    if problem.domain.dimension > 2:
        raise ConfigurationError(
            "plot: expected one or two coordinates; evaluate a slice with solution(points)"
        )
    if isinstance(solution.network, Mapping):
        raise ConfigurationError(
            "plot: expected one unknown; draw those of several from solution(points)[name]"
        )
    components = problem.components if isinstance(problem.components, int) else 1
    # Lines share a panel, maps of several components have a row each.
    rows = 1 if problem.domain.dimension == 1 else components
    with figure(path, rows, 3) as axes:
        panels = np.atleast_2d(axes)
        if problem.domain.dimension == 1:
            _line(solution, panels[0])
        else:
            _maps(solution, panels)
        for panel in panels[0 if solution.result is None else 1 :, 2]:
            panel.set_axis_off()
        if solution.result is not None:
            _training(solution, panels[0, 2])
    return path


def slices(solution: Solution, path: Path, **at: Sequence[float]) -> Path:
    """Lines of the solution along one coordinate at some values of the other."""
    problem = solution.problem
    domain = problem.domain
    if domain.dimension != 2 or len(at) != 1 or isinstance(solution.network, Mapping):
        raise ConfigurationError(
            "plot_slices: expected one unknown of two coordinates and the values of one of them, "
            f"as t=(0.25, 0.5); got {domain.dimension} coordinates and {list(at)}"
        )
    ((name, values),) = at.items()
    axis = domain.axis(name)
    other = 1 - axis
    with figure(path, 1, len(values)) as axes:
        for panel, value in zip(np.ravel(axes), values, strict=True):
            points = np.empty((_LINE, 2))
            points[:, axis] = value
            points[:, other] = np.linspace(domain.lower[other], domain.upper[other], _LINE)
            found = _masked(solution, points)
            panel.plot(points[:, other], found)
            if callable(problem.exact):
                panel.plot(points[:, other], problem.exact(points), "k--", linewidth=1)
            panel.set(xlabel=domain.names[other], ylabel="u", title=f"{name} = {value:g}")
    return path


def _line(solution: Solution, axes: Any) -> None:
    points = solution.problem.domain.grid(_LINE)
    values = np.asarray(solution(points)).reshape(len(points), -1)
    (name,) = solution.problem.domain.names
    axes[0].plot(points[:, 0], values)
    axes[0].set(xlabel=name, ylabel="u", title=solution.problem.name)
    if not callable(solution.problem.exact):
        axes[1].set_axis_off()
        return
    exact = solution.problem.exact(points).reshape(values.shape)
    axes[0].plot(points[:, 0], exact, "k--", linewidth=1, label="exact")
    axes[0].legend()
    axes[1].semilogy(points[:, 0], np.abs(values - exact))
    axes[1].set(xlabel=name, ylabel=r"$|u - u^*|$", title="error")


def _maps(solution: Solution, panels: Any) -> None:
    problem = solution.problem
    domain = problem.domain
    sides = [np.linspace(a, b, _SIDE) for a, b in zip(domain.lower, domain.upper, strict=True)]
    points = np.stack([a.ravel() for a in np.meshgrid(*sides, indexing="ij")], axis=-1)
    values = _masked(solution, points).reshape(_SIDE, _SIDE, -1)
    extent = (domain.lower[0], domain.upper[0], domain.lower[1], domain.upper[1])
    show = partial(_show, extent=extent, names=domain.names)
    exact = problem.exact(points).reshape(values.shape) if callable(problem.exact) else None
    for k, row in enumerate(panels):
        name = problem.name if problem.components is None else f"{problem.name}, component {k}"
        show(row[0], values[..., k].T, title=name, cmap="RdBu_r")
        if exact is None:
            row[1].set_axis_off()
        else:
            error = values[..., k] - exact[..., k]
            show(row[1], error.T, title="error $u - u^*$", cmap="PuOr")


def _masked(solution: Solution, points: np.ndarray) -> np.ndarray:
    """Values at points, NaN outside the domain."""
    values = np.array(solution(points), float)
    values[~np.asarray(solution.problem.domain.contains(jnp.asarray(points)))] = np.nan
    return values


def _training(solution: Solution, panel: Any) -> None:
    history = {} if solution.result is None else solution.result.history
    panel.semilogy(history.get("loss", ()), label=r"loss $\frac{1}{2}|r|^2$")
    if solution.error_curve:
        steps, _, errors = zip(*solution.error_curve, strict=True)
        panel.semilogy(steps, errors, "o-", markersize=3, label="relative $L_2$ error")
    panel.set(xlabel="step", title="training")
    panel.legend()


def _show(axis: Any, values: np.ndarray, *, extent: Any, names: Any, title: str, cmap: str) -> None:
    bound = np.nanmax(np.abs(values))
    signed = np.nanmin(values) < 0 < np.nanmax(values)
    limits = {"vmin": -bound, "vmax": bound} if signed else {}
    image = axis.imshow(values, origin="lower", aspect="auto", extent=extent, cmap=cmap, **limits)
    axis.figure.colorbar(image, ax=axis)
    axis.grid(False)
    axis.set(xlabel=names[0], ylabel=names[1], title=title)
