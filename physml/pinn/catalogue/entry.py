"""What the catalogue keeps of a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe


class Entry(NamedTuple):
    """A problem of the catalogue.

    Attributes:
        name: as on the command line.
        equation: in a line.
        reference: what its solution is compared with.
        problem: makes it.
        recipe: settings that solve it.
    """

    name: str
    equation: str
    reference: str
    problem: Callable[[], Problem]
    recipe: Recipe
