"""The first modes of a statement's operator by a recipe, and the entry that is made of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.eigenvalues.eigenmodes import eigenmodes
from physml.pinn.eigenvalues.modes import Modes
from physml.pinn.memory_needed import check_networks
from physml.pinn.problem import Network, Problem
from physml.train import Run
from physml.train.callbacks import Callback
from physml.train.entry import DEFAULT, Entry


@dataclass(frozen=True, kw_only=True)
class ModesRecipe:
    """Settings that find the first modes on two CPU cores.

    Attributes:
        network: of each mode.
        optimizer: of the training.
        points: collocation points.
        steps: of the training, at most, of each mode.
    """

    network: NetworkSettings = field(default_factory=lambda: NetworkSettings(width=16, depth=2))
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton")
    )
    points: int = 768
    steps: int = 60

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        for name, least in (("points", 2), ("steps", 1)):
            object.__setattr__(self, name, as_whole(name, getattr(self, name), least=least))


class OfModes(Protocol):
    """A statement that asks for modes."""

    @property
    def count(self) -> int:
        """How many."""
        ...

    def problem(self) -> Problem:
        """Its equation is ``(Hu)(z)``."""
        ...

    def network(self, recipe: Any) -> Network:
        """Of each mode."""
        ...

    def known(self) -> np.ndarray:
        """The first eigenvalues, ascending, ``(count,)``."""
        ...


def modes_entry(
    name: str,
    equation: str,
    reference: str,
    subject: OfModes,
    recipe: ModesRecipe,
    **others: ModesRecipe | Callable[[Any], ModesRecipe],
) -> Entry:
    """An eigenvalue problem for a catalogue.

    Args:
        name: as on the command line.
        equation: in a line.
        reference: where its eigenvalues are known from.
        subject: its numbers.
        recipe: settings that solve it.
        **others: recipes of other names, such as ``quick``.
    """
    return Entry(
        name,
        equation,
        reference,
        subject,
        {DEFAULT: recipe, **others},
        solve_modes,
        extendable=(),
        load=load_modes,
        check=check_modes,
    )


def check_modes(subject: OfModes, recipe: ModesRecipe) -> None:
    """Build network and optimizer, to no other end.

    Raises:
        ConfigurationError: as many modes as a network has parameters, or more.
    """
    recipe.optimizer.check(recipe.steps)
    problem, network = subject.problem(), subject.network(recipe)
    check_networks(problem, network)
    if isinstance(network, Mapping):  # refused where modes are looked for
        return
    seen = problem.embed(jnp.asarray(problem.domain.lower))
    leaves = jax.tree.leaves(jax.eval_shape(network.init, jax.random.key(0), seen))
    numbers = sum(leaf.size for leaf in leaves)
    if subject.count >= numbers:
        raise ConfigurationError(
            f"count: expected fewer modes than the network has parameters, {numbers}, got "
            f"{subject.count}; take a wider one"
        )


def solve_modes(
    subject: OfModes,
    recipe: ModesRecipe,
    *,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Modes:
    """Find the modes, beside the eigenvalues that are known."""
    found = eigenmodes(
        subject.problem(),
        subject.network(recipe),
        count=subject.count,
        optimizer=recipe.optimizer.build(),
        points=recipe.points,
        steps=recipe.steps,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return found.beside(subject.known())


def load_modes(subject: OfModes, recipe: ModesRecipe, directory: Path) -> Modes:
    """Read saved modes of a recipe."""
    return Modes.load(directory, subject.problem(), subject.network(recipe))
