"""The error against the exact solution as training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.pinn.problem import Exact, Network, Problem
from physml.train.fit import Update

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
            ShapeError: when the exact solution has another shape than this one.
        """
        exact = self.check()
        if self._samples is None:
            domain = self._problem.domain
            samples = np.asarray(domain.interior(jax.random.key(2026), _POINTS), np.float64)
            self._samples = samples, exact(samples)
        samples, values = self._samples
        found = np.asarray(self._evaluate(update.params, jnp.asarray(samples)))
        if found.shape != values.shape:
            raise ShapeError(
                f"{self._problem.name}: exact: expected {found.shape} for points {samples.shape}, "
                f"as the solution gives, got {values.shape}"
            )
        error = float(np.linalg.norm(found - values) / np.linalg.norm(values))
        self.points.append(ErrorPoint(update.step, update.seconds, error))
