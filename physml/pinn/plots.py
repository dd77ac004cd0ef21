"""Figures of a solution: line or map beside the exact one, its error, its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.figures import figure
from physml.networks import Constant
from physml.pinn.geometry import Domain

if TYPE_CHECKING:
    from physml.pinn.solution import Solution

_LINE, _SIDE = 1001, 201


class _Part(NamedTuple):
    """One component of one unknown at some points, ``(n,)``, NaN outside the domain."""

    title: str
    values: np.ndarray
    exact: np.ndarray | None


def overview(solution: Solution, path: Path) -> Path:
    """The solution, its error, and the curves of its training; a row for each map."""
    domain = solution.problem.domain
    if domain.dimension > 2:
        raise ConfigurationError(
            "plot: expected one or two coordinates; evaluate a slice with solution(points)"
        )
    side = _LINE if domain.dimension == 1 else _SIDE
    sides = [np.linspace(a, b, side) for a, b in zip(domain.lower, domain.upper, strict=True)]
    points = np.stack([a.ravel() for a in np.meshgrid(*sides, indexing="ij")], axis=-1)
    parts = _parts(solution, points)
    history = {} if solution.result is None else solution.result.history
    constants = {name: values for name, values in history.items() if name.startswith("unknown/")}
    # Lines share a panel, maps have a row each; the unknown numbers converge below the loss.
    rows = max(1 if domain.dimension == 1 else len(parts), 2 if constants else 1)
    with figure(path, rows, 3) as axes:
        panels = np.atleast_2d(axes)
        if domain.dimension == 1:
            used = _lines(parts, points, domain.names, panels[0])
        else:
            used = _maps(parts, domain, panels)
        if solution.result is not None:
            used += [_training(solution, panels[0, 2])]
        if constants:
            used += [_constants(constants, panels[1, 2])]
        for panel in set(panels.ravel()) - set(used):
            panel.set_axis_off()
    return path


def slices(solution: Solution, path: Path, **at: Sequence[float]) -> Path:
    """Lines of the solution along one coordinate at some values of the other."""
    problem = solution.problem
    domain = problem.domain
    if domain.dimension != 2 or len(at) != 1 or isinstance(solution.network, Mapping):
        raise ConfigurationError(
            "plot_slices: expected one unknown of two coordinates and the values of one of them, "
            f"as t=(0.25, 0.5); got {_count(solution)}, coordinates {domain.names} and {list(at)}"
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
                inside = np.asarray(domain.contains(jnp.asarray(points)))
                exact = problem.exact(points[inside])
                panel.plot(points[inside, other], exact, "k--", linewidth=1)
            panel.set(xlabel=domain.names[other], ylabel="u", title=f"{name} = {value:g}")
    return path


def _count(solution: Solution) -> str:
    several = isinstance(solution.network, Mapping)
    return f"unknowns {', '.join(solution.network)}" if several else "one unknown"


def _parts(solution: Solution, points: np.ndarray) -> list[_Part]:
    problem = solution.problem
    inside = np.asarray(problem.domain.contains(jnp.asarray(points)))
    found = solution(points)
    networks = solution.network if isinstance(solution.network, Mapping) else {}
    parts = []
    for unknown, values in (found if networks else {problem.name: found}).items():
        if isinstance(networks.get(unknown), Constant):
            continue
        known = problem.exact.get(unknown) if isinstance(problem.exact, Mapping) else problem.exact
        table = np.where(
            inside[:, None], np.asarray(values, float).reshape(len(points), -1), np.nan
        )
        exact = None
        if known is not None:
            exact = np.full(table.shape, np.nan)
            exact[inside] = np.asarray(known(points[inside])).reshape(inside.sum(), -1)
        for k in range(table.shape[1]):
            title = unknown if table.shape[1] == 1 else f"{unknown}, component {k}"
            parts.append(_Part(title, table[:, k], None if exact is None else exact[:, k]))
    return parts


def _lines(parts: list[_Part], points: np.ndarray, names: Any, axes: Any) -> list[Any]:
    for part in parts:
        (line,) = axes[0].plot(points[:, 0], part.values, label=part.title)
        if part.exact is not None:
            axes[0].plot(points[:, 0], part.exact, "k--", linewidth=1)
            error = np.abs(part.values - part.exact)
            axes[1].semilogy(points[:, 0], error, color=line.get_color())
    axes[0].set(xlabel=names[0], ylabel="u", title="solution (dashed: exact)")
    axes[0].legend()
    if all(part.exact is None for part in parts):
        return [axes[0]]
    axes[1].set(xlabel=names[0], ylabel=r"$|u - u^*|$", title="error")
    return [axes[0], axes[1]]


def _maps(parts: list[_Part], domain: Domain, panels: Any) -> list[Any]:
    extent = (domain.lower[0], domain.upper[0], domain.lower[1], domain.upper[1])
    show = partial(_show, extent=extent, names=domain.names)
    used = []
    for part, row in zip(parts, panels, strict=False):
        show(row[0], part.values.reshape(_SIDE, _SIDE).T, title=part.title, cmap="RdBu_r")
        used.append(row[0])
        if part.exact is not None:
            error = (part.values - part.exact).reshape(_SIDE, _SIDE)
            show(row[1], error.T, title="error $u - u^*$", cmap="PuOr")
            used.append(row[1])
    return used


def _masked(solution: Solution, points: np.ndarray) -> np.ndarray:
    """Values at points, NaN outside the domain."""
    values = np.array(solution(points), float)
    values[~np.asarray(solution.problem.domain.contains(jnp.asarray(points)))] = np.nan
    return values


def _constants(history: Mapping[str, np.ndarray], panel: Any) -> Any:
    for name, values in history.items():
        panel.plot(values, label=name.removeprefix("unknown/"))
    panel.set(xlabel="step", title="unknown numbers")
    panel.legend()
    return panel


def _training(solution: Solution, panel: Any) -> Any:
    history = {} if solution.result is None else solution.result.history
    panel.semilogy(history.get("loss", ()), label=r"loss $\frac{1}{2}|r|^2$")
    if solution.error_curve:
        steps, _, errors = zip(*solution.error_curve, strict=True)
        panel.semilogy(steps, errors, "o-", markersize=3, label="relative $L_2$ error")
    panel.set(xlabel="step", title="training")
    panel.legend()
    return panel


def _show(axis: Any, values: np.ndarray, *, extent: Any, names: Any, title: str, cmap: str) -> None:
    bound = np.nanmax(np.abs(values))
    signed = np.nanmin(values) < 0 < np.nanmax(values)
    limits = {"vmin": -bound, "vmax": bound} if signed else {}
    image = axis.imshow(values, origin="lower", aspect="auto", extent=extent, cmap=cmap, **limits)
    axis.figure.colorbar(image, ax=axis)
    axis.grid(False)
    axis.set(xlabel=names[0], ylabel=names[1], title=title)
