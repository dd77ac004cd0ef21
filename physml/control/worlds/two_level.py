"""A two-level system that a pulse takes from pole to pole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.control.worlds.action_spaces import Continuous
from physml.control.worlds.environment import Environment, Transition
from physml.errors import ConfigurationError
from physml.ranges import check_positive


class TwoLevelState(NamedTuple):
    """``⟨σ_y⟩``, ``⟨σ_z⟩``, ``∫u² dt`` so far, steps taken."""

    y: Array
    z: Array
    energy: Array
    steps: Array


@dataclass(frozen=True)
class TwoLevel(Environment):
    """``iψ̇ = ½ u(t) σ_x ψ`` (ħ = 1) from ``|0⟩`` towards ``|1⟩`` in a time ``T``.

    ``u`` is constant in each of ``pieces`` intervals, in which the state turns about x by ``u Δt``,
    exactly. The reward is ``−u² Δt``, and at the end ``−w (1 − F)`` with the fidelity
    ``F = |⟨1|ψ(T)⟩|² = (1 − ⟨σ_z⟩)/2``; then it terminates. A rotation by ``θ`` costs at least
    ``∫u² dt = θ²/T``, by a constant pulse: ``π²/T`` from pole to pole. With a finite ``w`` a little
    less is best: ``sin θ = 4θ/(wT)``. The policy sees ``⟨σ_y⟩``, ``⟨σ_z⟩``, ``t/T``.

    Attributes:
        duration: ``T``.
        pieces: of the pulse.
        weight: ``w``; at least ``4/T``, below which it is best to stay.

    >>> import jax
    >>> state, _ = TwoLevel().reset(jax.random.key(0))
    >>> float(state.z)
    1.0
    """

    duration: float = 1.0
    pieces: int = 10
    weight: float = 1000.0

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        object.__setattr__(self, "pieces", as_whole("pieces", self.pieces, least=1))
        check_positive("duration", self.duration)
        if not 4 / self.duration < self.weight < math.inf:
            raise ConfigurationError(
                f"weight: expected a number > 4/duration = {4 / self.duration:g}, below which the "
                f"cheapest pulse is none, got {self.weight}"
            )

    @property
    def actions(self) -> Continuous:
        """``u``, of any size."""
        return Continuous((-math.inf,), (math.inf,))

    @property
    def least_energy(self) -> float:
        """``π²/T``: the least ``∫u² dt`` from pole to pole."""
        return math.pi**2 / self.duration

    def best_angle(self) -> float:
        """``θ`` in (0, π) of the largest return, ``sin θ = 4θ/(wT)``, by bisection."""
        low, high = math.pi / 2, math.pi
        product = self.weight * self.duration
        if math.sin(low) < 4 * low / product:
            low, high = 1e-12, math.pi / 2
        for _ in range(80):
            middle = 0.5 * (low + high)
            more = math.sin(middle) > 4 * middle / product
            low, high = (middle, high) if more else (low, middle)
        return 0.5 * (low + high)

    def best_return(self) -> float:
        """``−θ²/T − w cos²(θ/2)`` at that angle: what the best policy earns."""
        angle = self.best_angle()
        return -(angle**2) / self.duration - self.weight * math.cos(angle / 2) ** 2

    def reset(self, key: Array) -> tuple[TwoLevelState, Array]:
        """At the pole ``|0⟩``."""
        del key
        zero = jnp.zeros(())
        state = TwoLevelState(zero, jnp.ones(()), zero, jnp.zeros((), jnp.int32))
        return state, self._seen(state)

    def step(self, key: Array, state: TwoLevelState, action: Array) -> Transition:
        """One piece of the pulse."""
        del key
        u, interval = action[0], self.duration / self.pieces
        cos, sin = jnp.cos(u * interval), jnp.sin(u * interval)
        cost = u**2 * interval
        new = TwoLevelState(
            cos * state.y - sin * state.z,
            sin * state.y + cos * state.z,
            state.energy + cost,
            state.steps + 1,
        )
        over = new.steps >= self.pieces
        missed = jnp.where(over, self.weight * 0.5 * (1 + new.z), 0.0)
        return Transition(new, self._seen(new), -cost - missed, over, jnp.array(False))

    def _seen(self, state: TwoLevelState) -> Array:
        return jnp.stack([state.y, state.z, state.steps / self.pieces])
