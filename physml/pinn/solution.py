"""A solution: a function of points that knows its problem, its error and its history."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import CheckpointError, ConfigurationError, ShapeError
from physml.figures import figure
from physml.pinn.problem import Problem
from physml.train import FitResult, checkpoint
from physml.types import Field

_EVALUATION_CHUNK = 8192
_GRID = {1: 1001, 2: 201, 3: 41}


class Errors(NamedTuple):
    """The error against the problem's exact solution.

    Attributes:
        relative_l2: ``|u − u*|₂ / |u*|₂`` over the points.
        max_error: ``max |u − u*|``.
        reference_error: the relative L2 error of ``u*`` itself.
    """

    relative_l2: float
    max_error: float
    reference_error: float


class Solution:
    """A trained solution of a problem.

    ``solution(points)`` evaluates at ``(n, d)``; ``solution.field`` is the function of one point,
    to be differentiated by the operators of ``physml.calculus``.

    Attributes:
        problem: what was solved.
        network: the linen module.
        params: its parameters.
        result: history and times of the training; None for a solution that was loaded.
    """

    def __init__(
        self, problem: Problem, network: nn.Module, params: Any, *, result: FitResult | None = None
    ) -> None:
        self.problem = problem
        self.network = network
        self.params = params
        self.result = result
        self._evaluate = jax.jit(self._values)

    @property
    def field(self) -> Field:
        """The solution as a function of one point ``(d,)``."""
        return self.problem.solution_field(self.network, self.params)

    def _values(self, params: Any, points: Array) -> Array:
        field = self.problem.solution_field(self.network, params)
        return jax.lax.map(field, points, batch_size=_EVALUATION_CHUNK)

    def __call__(self, points: Any) -> Array:
        """Evaluate at points ``(n, d)``: ``(n,)`` or ``(n, components)``.

        Raises:
            ShapeError: for points of another dimension.
        """
        points = jnp.asarray(points, jnp.result_type(*jax.tree.leaves(self.params)))
        if points.ndim != 2 or points.shape[1] != self.problem.domain.dimension:
            raise ShapeError(
                f"points: expected (n, {self.problem.domain.dimension}) for coordinates "
                f"{self.problem.domain.names}, got {points.shape}"
            )
        return self._evaluate(self.params, points)

    def grid(self) -> np.ndarray:
        """The regular grid on which errors are reported: 1001, 201² or 41³ points, or 10⁵ random.

        Returns:
            ``(n, d)``, bounds included.
        """
        domain = self.problem.domain
        if domain.dimension in _GRID:
            return domain.grid(_GRID[domain.dimension])
        unit = np.random.default_rng(0).uniform(size=(100_000, domain.dimension))
        return np.asarray(domain.lower + unit * (domain.upper - domain.lower))

    def errors(self, points: np.ndarray | None = None) -> Errors:
        """The error against the exact solution.

        Args:
            points: ``(n, d)``; the grid of ``grid`` if not given.

        Raises:
            ConfigurationError: when the problem knows no exact solution.
            ShapeError: when the exact solution has another shape than this one.
        """
        if self.problem.exact is None:
            raise ConfigurationError(
                f"{self.problem.name}: no exact solution; give Problem(exact=...) to measure errors"
            )
        points = self.grid() if points is None else points
        values, exact = np.asarray(self(points), np.float64), self.problem.exact(points)
        if np.shape(exact) != values.shape:
            raise ShapeError(
                f"{self.problem.name}: exact: expected {values.shape} for points {points.shape}, "
                f"as the solution gives, got {np.shape(exact)}"
            )
        difference = values - exact
        return Errors(
            float(np.linalg.norm(difference) / np.linalg.norm(exact)),
            float(np.abs(difference).max()),
            self.problem.reference_error,
        )

    def save(self, directory: str | Path) -> Path:
        """Save the parameters, verified by digest, to be read by ``Solution.load``.

        Raises:
            CheckpointError: where a solution stands already, or none can be written.
        """
        if checkpoint.steps(Path(directory)):
            raise CheckpointError(
                f"{directory}: already holds a solution; expected a new directory: choose another "
                "or remove it"
            )
        return checkpoint.save(Path(directory), 0, self.params)

    @classmethod
    def load(cls, directory: str | Path, problem: Problem, network: nn.Module) -> Solution:
        """Read a saved solution of the same problem and network.

        Raises:
            CheckpointError: when it is missing, damaged, or of another network.
        """
        like = problem.initial_params(network, jax.random.key(0))
        return cls(problem, network, checkpoint.restore(Path(directory), 0, like))

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the solution (with the exact one), its error, and the loss.

        Args:
            path: a file whose ending names the format, such as ``burgers.png``.

        Returns:
            The path.

        Raises:
            ConfigurationError: for more than two coordinates.
            MissingDependencyError: without matplotlib.
        """
        dimension = self.problem.domain.dimension
        if dimension > 2:
            raise ConfigurationError(
                "plot: expected one or two coordinates; evaluate a slice with solution(points)"
            )
        # Lines share a panel, maps of several components have a row each.
        rows = 1 if dimension == 1 else self.problem.components or 1
        with figure(path, rows, 3) as axes:
            panels = np.atleast_2d(axes)
            if dimension == 1:
                _plot_line(self, panels[0])
            else:
                _plot_maps(self, panels)
            for panel in panels[0 if self.result is None else 1 :, 2]:
                panel.set_axis_off()
            if self.result is not None:
                panels[0, 2].semilogy(self.result.history.get("loss", ()))
                panels[0, 2].set(xlabel="step", ylabel=r"loss $\frac{1}{2}|r|^2$", title="training")
        return Path(path)


def _plot_line(solution: Solution, axes: Any) -> None:
    points = solution.grid()
    values = np.asarray(solution(points)).reshape(len(points), -1)
    (name,) = solution.problem.domain.names
    axes[0].plot(points[:, 0], values)
    axes[0].set(xlabel=name, ylabel="u", title=solution.problem.name)
    if solution.problem.exact is None:
        axes[1].set_axis_off()
        return
    exact = solution.problem.exact(points).reshape(values.shape)
    axes[0].plot(points[:, 0], exact, "k--", linewidth=1, label="exact")
    axes[0].legend()
    axes[1].semilogy(points[:, 0], np.abs(values - exact))
    axes[1].set(xlabel=name, ylabel=r"$|u - u^*|$", title="error")


def _plot_maps(solution: Solution, panels: Any) -> None:
    points, problem = solution.grid(), solution.problem
    side = round(len(points) ** 0.5)
    values = np.asarray(solution(points)).reshape(side, side, -1)
    domain = problem.domain
    extent = (domain.lower[0], domain.upper[0], domain.lower[1], domain.upper[1])
    show = partial(_show, extent=extent, names=domain.names)
    exact = None if problem.exact is None else problem.exact(points).reshape(values.shape)
    for k, row in enumerate(panels):
        name = problem.name if problem.components is None else f"{problem.name}, component {k}"
        show(row[0], values[..., k].T, title=name, cmap="RdBu_r")
        if exact is None:
            row[1].set_axis_off()
        else:
            error = values[..., k] - exact[..., k]
            show(row[1], error.T, title="error $u - u^*$", cmap="PuOr")


def _show(axis: Any, values: np.ndarray, *, extent: Any, names: Any, title: str, cmap: str) -> None:
    bound = np.abs(values).max()
    signed = values.min() < 0 < values.max()
    limits = {"vmin": -bound, "vmax": bound} if signed else {}
    image = axis.imshow(values, origin="lower", aspect="auto", extent=extent, cmap=cmap, **limits)
    axis.figure.colorbar(image, ax=axis)
    axis.grid(False)
    axis.set(xlabel=names[0], ylabel=names[1], title=title)
