"""A Markov decision process of few states, as tables, and its exact values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.ranges import check_fraction, check_unit


@dataclass(frozen=True, eq=False)
class Tabular:
    """``P(s'|s, a)``, ``r(s, a)`` and ``γ``.

    Attributes:
        transitions: ``(actions, states, states)``, rows of probabilities; a row may sum to less
            than 1, where the process ends by chance, or to 0, where it ends.
        rewards: ``(states, actions)``, expected.
        discount: ``γ``, in [0, 1).

    Raises:
        ShapeError: tables that do not belong together.
        ConfigurationError: rows that are no probabilities, ``γ`` outside [0, 1).

    >>> coin = Tabular(np.full((1, 2, 2), 0.5), [[1.0], [0.0]], discount=0.5)
    >>> coin.values_of([0, 0]).tolist()
    [1.5, 0.5]
    """

    transitions: Any
    rewards: Any
    discount: float = 0.95

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        P, r = as_numbers("transitions", self.transitions), as_numbers("rewards", self.rewards)
        if P.ndim != 3 or P.shape[1] != P.shape[2] or r.shape != (P.shape[1], P.shape[0]):
            raise ShapeError(
                "transitions, rewards: expected (actions, states, states) and (states, actions), "
                f"got {P.shape} and {r.shape}"
            )
        sums = P.sum(axis=-1)
        if not (np.isfinite(P).all() and P.min() >= 0 and sums.max() <= 1 + 1e-12):
            raise ConfigurationError(
                "transitions: expected rows of probabilities, ≥ 0, whose sum is at most 1, got "
                f"{P.min():.6g} and a sum of {sums.max():.6g}"
            )
        if not np.isfinite(r).all():
            raise ConfigurationError("rewards: expected finite numbers")
        check_fraction("discount", self.discount)
        object.__setattr__(self, "transitions", P)
        object.__setattr__(self, "rewards", r)

    @property
    def states(self) -> int:
        """How many."""
        return int(self.transitions.shape[1])

    def values_of(self, policy: Any) -> np.ndarray:
        """What a policy, an action of each state, is worth: ``V = (1 − γ P_π)⁻¹ r_π``.

        Raises:
            ShapeError: not an action a state.
            ConfigurationError: no such action.
        """
        policy, here = as_numbers("policy", policy), np.arange(self.states)
        if policy.shape != here.shape:
            raise ShapeError(f"policy: expected {here.shape}, got {policy.shape}")
        if not np.isin(policy, np.arange(len(self.transitions))).all():
            raise ConfigurationError(f"policy: expected actions below {len(self.transitions)}")
        policy = policy.astype(int)
        P = self.transitions[policy, here]
        return np.linalg.solve(np.eye(self.states) - self.discount * P, self.rewards[here, policy])

    def action_values(self, values: Any) -> np.ndarray:
        """``Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s')``, ``(states, actions)``.

        Raises:
            ShapeError: not a value a state.
        """
        V = as_numbers("values", values)
        if V.shape != (self.states,):
            raise ShapeError(f"values: expected ({self.states},), got {V.shape}")
        return self.rewards + self.discount * (self.transitions @ V).T

    def best(self) -> np.ndarray:
        """The exact values of Bellman's equation ``V = max_a Q``, by policy iteration.

        Each round solves linear equations; no policy comes twice, so that it ends.
        """
        policy = np.zeros(self.states, int)
        while True:
            values = self.values_of(policy)
            Q = self.action_values(values)
            kept = Q[np.arange(self.states), policy]
            better = Q.max(axis=1) > kept + 1e-12 * max(1.0, float(np.abs(Q).max()))
            if not better.any():
                return values
            policy = np.where(better, Q.argmax(axis=1), policy)


def grid_world(side: int = 4, *, slip: float = 0.2, discount: float = 0.95) -> Tabular:
    """A square grid, entered anywhere; its last corner is the goal, its middle a pit.

    The four actions go a field up, right, down, left; with probability ``slip`` to one of the two
    sides instead, and nowhere at a wall. A step costs 0.04; from the goal and from the pit the
    process ends, with 1 and −1.

    Args:
        side: fields along an edge, at least 3.
        slip: in [0, 1].
        discount: ``γ``, in [0, 1).

    Raises:
        ConfigurationError: a number out of range.

    >>> grid_world().best()[-1]
    np.float64(1.0)
    """
    side = as_whole("side", side, least=3)
    check_unit("slip", slip)
    moves = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])
    P, r = np.zeros((4, side**2, side**2)), np.full((side**2, 4), -0.04)
    goal, pit = side**2 - 1, (side // 2) * side + side // 2
    for state in range(side**2):
        for action in range(4):
            for turn, part in ((0, 1 - slip), (1, slip / 2), (-1, slip / 2)):
                to = np.clip(np.divmod(state, side) + moves[(action + turn) % 4], 0, side - 1)
                P[action, state, to[0] * side + to[1]] += part
    for state, earned in ((goal, 1.0), (pit, -1.0)):
        P[:, state], r[state] = 0.0, earned
    return Tabular(P, r, discount)
