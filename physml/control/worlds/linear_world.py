"""A linear system to be steered, whose best policy is known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.control.regulators.linear_quadratic import LinearQuadratic, checked
from physml.control.regulators.riccati import Regulator, discrete_riccati
from physml.control.worlds.action_spaces import Continuous
from physml.control.worlds.environment import Environment, Transition
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.ranges import check_positive


class LinearState(NamedTuple):
    """Where the system is, ``(n,)``, and steps taken."""

    x: Array
    steps: Array


@dataclass(frozen=True, eq=False)
class LinearWorld(Environment):
    """``x' = A x + B u`` at the cost ``xᵀQx + uᵀRu`` a step, seen as it is.

    The reward is minus the cost, of the state before the step. It never terminates.

    Attributes:
        A: ``(n, n)``.
        B: ``(n, m)``.
        Q: ``(n, n)``, symmetric, no negative eigenvalue.
        R: ``(m, m)``, symmetric, positive.
        spread: standard deviation of each number of ``x`` where an episode begins.
        limit: steps of an episode.

    Raises:
        ConfigurationError, ShapeError, NonFiniteError: as ``discrete_riccati``.

    >>> world = LinearWorld([[1.0, 0.1], [0.0, 1.0]], [0.0, 0.1], np.eye(2), 1.0)
    >>> bool(np.isclose(world.cost_of(world.best().K), np.trace(world.best().P)))
    True
    """

    A: Any
    B: Any
    Q: Any
    R: Any
    spread: float = 1.0
    limit: int = 200

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        for name, matrix in checked(self.A, self.B, self.Q, self.R)._asdict().items():
            object.__setattr__(self, name, matrix)
        check_positive("spread", self.spread)
        object.__setattr__(self, "limit", as_whole("limit", self.limit, least=1))

    @property
    def system(self) -> LinearQuadratic:
        """The four matrices."""
        return LinearQuadratic(self.A, self.B, self.Q, self.R)

    @property
    def actions(self) -> Continuous:
        """Any ``u``, ``(m,)``."""
        m = self.B.shape[1]
        return Continuous((-np.inf,) * m, (np.inf,) * m)

    def best(self) -> Regulator:
        """The cheapest feedback of an endless episode, without a discount."""
        return discrete_riccati(*self.system)

    def cost_of(self, K: Any) -> float:
        """What ``u = −K x`` costs on average in an endless episode, exactly.

            ⟨xᵀP_K x⟩ = spread² tr P_K,   P_K = Q + KᵀRK + (A − BK)ᵀ P_K (A − BK)

        Raises:
            ShapeError: a gain of another shape, masked or complex.
            NonFiniteError: a NaN or an infinity.
            ConfigurationError: one that does not hold the system.
        """
        K = as_numbers("K", K)
        if K.shape != self.B.T.shape:
            raise ShapeError(f"K: expected {self.B.T.shape}, got {K.shape}")
        if not np.isfinite(K).all():
            raise NonFiniteError(f"K: expected finite numbers, got {K.tolist()}")
        closed = self.A - self.B @ K
        largest = float(np.abs(np.linalg.eigvals(closed)).max())
        if not largest < 1:
            raise ConfigurationError(
                f"K: expected a gain that holds the system, got one whose A − BK has an eigenvalue "
                f"of size {largest:.6g}"
            )
        n = len(self.A)
        step = self.Q + K.T @ self.R @ K
        P = np.linalg.solve(np.eye(n * n) - np.kron(closed.T, closed.T), step.ravel())
        return float(self.spread**2 * np.trace(P.reshape(n, n)))

    def reset(self, key: Array) -> tuple[LinearState, Array]:
        """Normally distributed about 0."""
        x = self.spread * jax.random.normal(key, (len(self.A),))
        return LinearState(x, jnp.zeros((), jnp.int32)), x

    def step(self, key: Array, state: LinearState, action: Array) -> Transition:
        """One step, and what it costs."""
        del key
        x, u = state.x, action
        reward = -(x @ jnp.asarray(self.Q, x.dtype) @ x + u @ jnp.asarray(self.R, x.dtype) @ u)
        after = jnp.asarray(self.A, x.dtype) @ x + jnp.asarray(self.B, x.dtype) @ u
        steps = state.steps + 1
        new = LinearState(after, steps)
        return Transition(new, after, reward, jnp.array(False), steps >= self.limit)
