"""Modes of an operator: their eigenvalues with bars, and what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import CheckpointError, ConfigurationError, ShapeError
from physml.figures import figure
from physml.networks import NetworkSettings
from physml.pinn.problem import Network, Problem
from physml.pinn.solution import Solution
from physml.train.study import Study
from physml.types import Field, ManyPoints

_LINE, _SIDE = 401, 101


@dataclass(frozen=True, eq=False)
class Modes(ManyPoints):
    """The lowest modes of an operator, ascending; ``modes(points)`` evaluates them.

    Attributes:
        problem: whose equation is ``(Hu)(z)``.
        solutions: a field each, of mean square 1.
        values: ``(k,)``, Rayleigh quotients.
        bounds: ``(k,)``, ``|Hu − λu|/|u|``: an eigenvalue lies that near, where ``H`` is
            self-adjoint and fresh points stand for the integrals.
        start: ``(k,)``, upper bounds by Rayleigh and Ritz, before training.
        overlap: the largest ``|⟨u_j, u_k⟩|`` of two of them.
        exact: ``(k,)``, where known.
    """

    problem: Problem
    solutions: Sequence[Solution]
    values: np.ndarray
    bounds: np.ndarray
    start: np.ndarray
    overlap: float
    exact: np.ndarray | None = None

    @classmethod
    def measured(
        cls,
        problem: Problem,
        solutions: Sequence[Solution],
        numbers: np.ndarray,
        start: np.ndarray,
        points: Array,
    ) -> Modes:
        """Judge trained modes on fresh points, and sort them.

        Args:
            problem: whose equation is ``(Hu)(z)``.
            solutions: a field each.
            numbers: ``(k,)``, the eigenvalue that each was trained with.
            start: ``(k,)``, upper bounds, ascending.
            points: ``(n, d)``, uniform in the domain.
        """
        ((_, operator),) = problem.equations.items()

        def both(u: Field) -> Field:
            return lambda z: jnp.stack([u(z), operator(u, z)])

        pairs = np.array([np.asarray(s.derivative(both, points), float) for s in solutions])
        u, hu = pairs[..., 0], pairs[..., 1]
        square = np.mean(u**2, axis=1)
        # The part of Hu along u, from what is left of it: its quadrature has little to be off by.
        left = hu - numbers[:, None] * u
        values = numbers + np.mean(u * left, axis=1) / square
        bounds = np.sqrt(np.mean((hu - values[:, None] * u) ** 2, axis=1) / square)
        overlaps = np.abs((u @ u.T) / len(points)) / np.sqrt(np.outer(square, square))
        np.fill_diagonal(overlaps, 0.0)
        order = np.argsort(values)
        return cls(
            problem,
            tuple(solutions[i] for i in order),
            values[order],
            bounds[order],
            np.asarray(start, float),
            float(overlaps.max()),
        )

    def beside(self, exact: Any) -> Modes:
        """The same, with the eigenvalues that are known.

        Raises:
            ShapeError: as many as modes are not given.
        """
        known = np.asarray(exact, float)
        if known.shape != self.values.shape:
            raise ShapeError(f"exact: expected {self.values.shape}, got {known.shape}")
        return replace(self, exact=known)

    def __call__(self, points: Any) -> Array:
        """Modes at points ``(n, d)``, ``(n, k)``, with ``∫ u_k² = 1``.

        Raises:
            ShapeError: for points of another dimension.
        """
        root = float(self.problem.domain.volume) ** 0.5
        return jnp.stack([solution(points) for solution in self.solutions], axis=1) / root

    @property
    def parameters(self) -> int:
        """Of all modes together, their numbers left out."""
        return sum(leaf.size for s in self.solutions for leaf in jax.tree.leaves(s.params))

    def numbers(self) -> dict[str, Any]:
        """Values, bars, upper bounds; errors where exact values are known."""
        fits = [s.result for s in self.solutions if s.result is not None]
        found: dict[str, Any] = {
            "entry": self.problem.name,
            "values": self.values.tolist(),
            "bounds": self.bounds.tolist(),
            "upper_bounds_at_start": self.start.tolist(),
            "overlap": self.overlap,
            "parameters": self.parameters,
            "steps": sum(len(fit.history["loss"]) for fit in fits),
            "seconds": sum(fit.seconds + fit.compile_seconds for fit in fits),
            "compile_seconds": sum(fit.compile_seconds for fit in fits),
        }
        if self.exact is not None:
            off = np.abs(self.values - self.exact)
            found |= {
                "exact": self.exact.tolist(),
                "max_error": float(off.max()),
                "relative_error": float((off / np.abs(self.exact)).max()),
            }
        return found

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        said = {}
        for k, (value, bound) in enumerate(zip(self.values, self.bounds, strict=True)):
            told = f"{value:.8g}, an eigenvalue within {bound:.1e}; at first {self.start[k]:.6g}"
            if self.exact is not None:
                told += f"; exact {self.exact[k]:.8g}, off by {abs(value - self.exact[k]):.1e}"
            said[f"mode {k + 1}"] = told
        said["largest overlap"] = f"{self.overlap:.1e}"
        said["parameters"] = f"{self.parameters}"
        return said

    def plot(self, path: str | Path) -> Path:
        """Save a figure of the modes, of one or two coordinates.

        Raises:
            ConfigurationError: for more than two coordinates.
            MissingDependencyError: without matplotlib.
        """
        domain = self.problem.domain
        if domain.dimension > 2:
            raise ConfigurationError(
                "plot: expected one or two coordinates; evaluate a slice with modes(points)"
            )
        titles = [f"{value:.6g}" for value in self.values]
        if domain.dimension == 1:
            x = np.linspace(domain.lower[0], domain.upper[0], _LINE)
            with figure(path, 1, 1) as axis:
                for title, mode in zip(titles, np.asarray(self(x[:, None])).T, strict=True):
                    axis.plot(x, mode, label=title)
                axis.set(xlabel=domain.names[0], ylabel="modes")
                axis.legend(fontsize=7)
            return Path(path)
        sides = [np.linspace(a, b, _SIDE) for a, b in zip(domain.lower, domain.upper, strict=True)]
        points = np.stack([a.ravel() for a in np.meshgrid(*sides, indexing="ij")], axis=-1)
        inside = np.asarray(domain.contains(jnp.asarray(points)))
        values = np.where(inside[:, None], np.asarray(self(points)), np.nan)
        with figure(path, 1, len(titles)) as axes:
            for k, (axis, title) in enumerate(zip(np.atleast_1d(axes), titles, strict=True)):
                map_ = values[:, k].reshape(_SIDE, _SIDE).T
                top = np.nanmax(np.abs(map_))
                shown = axis.pcolormesh(*sides, map_, cmap="RdBu_r", vmin=-top, vmax=top)
                axis.set(xlabel=domain.names[0], ylabel=domain.names[1], title=title)
                axis.set_aspect("equal")
                axis.figure.colorbar(shown, ax=axis)
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep values and parameters in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        directory = Path(directory)
        arrays = {"values": self.values, "bounds": self.bounds, "start": self.start}
        if self.exact is not None:
            arrays["exact"] = self.exact
        Study("modes", {"overlap": self.overlap}, {}, arrays).save(directory)
        for k, solution in enumerate(self.solutions):
            solution.save(directory / f"mode-{k + 1}")
        return directory

    @classmethod
    def load(
        cls, directory: str | Path, problem: Problem, network: Network | NetworkSettings | str
    ) -> Modes:
        """Read what ``save`` wrote, of the same problem and network.

        Raises:
            CheckpointError: it is missing, or was altered.
            FingerprintError: another operator, domain, ansatz or network.
        """
        directory = Path(directory)
        kept = Study.load(directory)
        if "values" not in kept.arrays:
            raise CheckpointError(f"{directory}: expected modes, got {kept.entry!r}")
        solutions = [
            Solution.load(directory / f"mode-{k + 1}", problem, network)
            for k in range(len(kept.arrays["values"]))
        ]
        return cls(
            problem,
            tuple(solutions),
            kept.arrays["values"],
            kept.arrays["bounds"],
            kept.arrays["start"],
            float(kept.found["overlap"]),
            kept.arrays.get("exact"),
        )
