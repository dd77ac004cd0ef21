"""The numbers of a catalogue problem, and what is made of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from physml.errors import ConfigurationError
from physml.pinn.march import Slab
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.types import Field


class Slabs(NamedTuple):
    """How a problem is solved in slabs of time.

    Attributes:
        make: ``(domain, start) -> Problem`` on one slab.
        start: the initial values.
    """

    make: Slab
    start: Field


class Statement(ABC):
    """A problem as numbers: a frozen dataclass derives from it and says ``problem``.

    Every other member has a default.

    >>> from dataclasses import dataclass
    >>> import jax.numpy as jnp, physml as pm
    >>> @dataclass(frozen=True)
    ... class Decay(pm.pinn.Statement):
    ...     rate: float = 1.0
    ...     def problem(self):
    ...         return pm.Problem(
    ...             domain=pm.Box(t=(0, 1)), ansatz=lambda N, z: 1 + z[0] * N(z), name="decay",
    ...             equation=lambda u, z: pm.partial(u, 0)(z) + self.rate * u(z))
    >>> ENTRY = pm.pinn.entry("decay", "u' = −k u", "none", Decay(), pm.pinn.Recipe(steps=20))
    >>> ENTRY.subject, ENTRY.recipe.steps
    (Decay(rate=1.0), 20)
    """

    @abstractmethod
    def problem(self) -> Problem:
        """Equation, domain, conditions, and the exact solution if these numbers have one."""

    def network(self, recipe: Recipe) -> Network:
        """The networks of a recipe, a dict of several unknowns; the recipe's network of one."""
        components: Any = self.problem().components
        return recipe.network.build(outputs=components)

    @property
    def slabs(self) -> Slabs | None:
        """Slabs of time, of a problem that is solved so; None of any other."""
        return None

    def expect(self, holds: bool, name: str, expected: str) -> None:
        """Refuse a number.

        Raises:
            ConfigurationError: unless ``holds``, with the number's name, what was expected, and it.
        """
        if not holds:
            raise ConfigurationError(f"{name}: expected {expected}, got {getattr(self, name)}")
