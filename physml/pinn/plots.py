"""Figures of a solution: line or map beside the exact one, its error, its training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.figures import figure
from physml.networks import Constant
from physml.pinn.exact_values import exact_values
from physml.pinn.geometry import Domain

if TYPE_CHECKING:
    from physml.pinn.solution import Solution

_LINE, _SIDE = 1001, 201


class _Part(NamedTuple):
    """One real number of one unknown at some points, ``(n,)``, NaN where it does not live."""

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
    lines = np.empty((len(values), _LINE, 2))
    lines[:, :, axis] = np.reshape(values, (-1, 1))
    lines[:, :, other] = np.linspace(domain.lower[other], domain.upper[other], _LINE)
    if not len(lines) or not all(np.any(domain.contains(jnp.asarray(line))) for line in lines):
        raise ConfigurationError(
            f"plot_slices: {name}: expected one value or more, each somewhere in {domain}, got "
            f"{list(values)}"
        )
    with figure(path, 1, len(values)) as axes:
        for panel, value, points in zip(np.ravel(axes), values, lines, strict=True):
            for part in _parts(solution, points):
                panel.plot(points[:, other], part.values)
                if part.exact is not None:
                    panel.plot(points[:, other], part.exact, "k--", linewidth=1)
            panel.set(xlabel=domain.names[other], ylabel="u", title=f"{name} = {value:g}")
    return path


def _count(solution: Solution) -> str:
    several = isinstance(solution.network, Mapping)
    return f"unknowns {', '.join(solution.network)}" if several else "one unknown"


def _parts(solution: Solution, points: np.ndarray) -> list[_Part]:
    problem = solution.problem
    in_domain = np.asarray(problem.domain.contains(jnp.asarray(points)))
    found = solution(points)
    networks: Any = solution.network if isinstance(solution.network, Mapping) else {}
    exacts: Any = problem.exact if isinstance(problem.exact, Mapping) else {None: problem.exact}
    parts = []
    for unknown, values in (found if networks else {None: found}).items():
        if isinstance(networks.get(unknown), Constant):
            continue
        name = problem.name if unknown is None else unknown
        known = exacts.get(unknown)
        inside = in_domain & problem.lives(unknown, points)
        shown = np.asarray(values)[inside]
        pair = [shown]
        if known is not None:
            pair.append(exact_values(name, known, points[inside], shown.shape, finite=False))
        for label, *columns in _real_columns(pair):
            whole = [np.full(len(points), np.nan) for _ in columns]
            for full, column in zip(whole, columns, strict=True):
                full[inside] = column
            parts.append(_Part(f"{name}{label}", whole[0], whole[1] if known else None))
    return parts


def _real_columns(tables: Sequence[np.ndarray]) -> Iterator[tuple[Any, ...]]:
    """For each component, of complex ones for each part: what to call it, and each table's column.

    What is complex in one table has two columns in all.
    """
    is_complex = any(map(np.iscomplexobj, tables))
    components = math.prod(tables[0].shape[1:])
    for k in range(components):
        label = f", component {k}" if components > 1 else ""
        columns = [table.reshape(len(table), components)[:, k] for table in tables]
        if is_complex:
            yield f"{label}, real part", *(column.real for column in columns)
            yield f"{label}, imaginary part", *(column.imag for column in columns)
        else:
            yield label, *columns


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
