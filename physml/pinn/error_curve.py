"""The error against the exact solution as training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.pinn.exact_values import exact_values
from physml.pinn.problem import Exact, Network, Problem
from physml.train.callbacks import Update

_POINTS = 4096


class ErrorPoint(NamedTuple):
    """The error after some steps; ``seconds`` counts steps alone, neither compiling nor this."""

    step: int
    seconds: float
    relative_l2: float


class ErrorCurve:
    """Measures the relative L2 error at 4,096 points, none of them a collocation point.

    Attributes:
        points: what was measured so far.
    """

    def __init__(self, problem: Problem, network: Network) -> None:
        self.points: list[ErrorPoint] = []
        self._problem = problem
        self._network = network
        self._samples: tuple[np.ndarray, np.ndarray] | None = None
        self._evaluate = jax.jit(
            lambda params, z: jax.vmap(problem.solution_field(network, params))(z)
        )

    def check(self) -> Exact:
        """The exact solution.

        Raises:
            ConfigurationError: when the problem knows none, or has several unknowns.
        """
        exact = self._problem.exact
        if exact is None or isinstance(exact, Mapping):
            raise ConfigurationError(
                f"errors_every: {self._problem.name!r}: expected one unknown with an exact "
                "solution, Problem(exact=...)"
            )
        return exact

    def measure(self, update: Update) -> None:
        """A callback for ``fit``.

        Raises:
            ConfigurationError: as ``check``.
            ShapeError: an exact solution of another shape than this one, or masked.
            NonFiniteError: an exact solution that is not finite somewhere.
        """
        exact, problem = self.check(), self._problem
        if self._samples is None:
            points = np.asarray(problem.domain.interior(jax.random.key(2026), _POINTS), np.float64)
            shape = jax.eval_shape(self._evaluate, update.params, jnp.asarray(points)).shape
            self._samples = points, exact_values(problem.name, exact, points, shape)
        points, values = self._samples
        found = np.asarray(self._evaluate(update.params, jnp.asarray(points)))
        error = float(np.linalg.norm(found - values) / np.linalg.norm(values))
        self.points.append(ErrorPoint(update.step, update.seconds, error))
