"""Backward equations of a catalogue solved by a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from flax import linen as nn
from jax import Array

from physml.as_whole import as_whole
from physml.choices import check_choices
from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.control.backward_equations.backward_solution import BackwardSolution
from physml.control.backward_equations.deep_bsde import checked_curve, deep_bsde
from physml.control.backward_equations.value_gradient import (
    RadialGradient,
    ScaledValue,
    SkipGradient,
)
from physml.errors import ConfigurationError
from physml.memory import Need, check_memory
from physml.optim import OptimizerSettings
from physml.ranges import check_unit
from physml.train import Entry, Run
from physml.train.callbacks import Callback


@dataclass(frozen=True, kw_only=True)
class BsdeRecipe:
    """How a backward equation is solved.

    Attributes:
        ansatz: of the network: ∇u = x s(t, |x|²/d), ∇u = c + x (a + b t) + N(t, x), or u itself,
            beside what is known near it.
        widths: of its hidden layers.
        scale: of a network of u.
        optimizer: the optimizer.
        size: paths of a step of training.
        steps: of training.
        time_steps: of Euler and Maruyama's scheme, in training.
        part: of the paths, which are steered, in [0, 1].
        judge: fresh paths that tell the numbers.
        curve: step counts to judge at, divisors of the last; by time_steps if empty.
    """

    ansatz: Literal["radial", "skip", "value"] = "radial"
    widths: tuple[int, ...] = (8, 8)
    scale: float = 1.0
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient", learning_rate=1.0, decay=25.0, damping=1e-4, line_search=4
        )
    )
    size: int = 256
    steps: int = 80
    time_steps: int = 20
    part: float = 0.5
    judge: int = 100_000
    curve: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        for name, least in (("size", 2), ("steps", 0), ("time_steps", 1), ("judge", 2)):
            as_whole(name, getattr(self, name), least=least)
        check_unit("part", self.part)
        checked_curve(self.curve or None, self.time_steps)
        self.network(None)

    def network(self, subject: BackwardEquation | None) -> nn.Module:
        """That is trained, of an equation."""
        if self.ansatz == "value":
            return ScaledValue(self.widths, self.scale, None if subject is None else subject.near)
        return {"radial": RadialGradient, "skip": SkipGradient}[self.ansatz](self.widths)


def solve(
    subject: BackwardEquation,
    recipe: BsdeRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> BackwardSolution:
    """Train on fresh paths, judge by others."""
    return deep_bsde(
        subject,
        recipe.network(subject),
        steps=recipe.steps,
        time_steps=recipe.time_steps,
        size=recipe.size,
        part=recipe.part,
        judge=recipe.judge,
        curve=recipe.curve or None,
        optimizer=recipe.optimizer.build(),
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )


def check(subject: BackwardEquation, recipe: BsdeRecipe) -> None:
    """Build what can be built, before a run is made."""
    recipe.optimizer.check(recipe.steps)
    if recipe.scale != 1 and recipe.ansatz != "value":
        raise ConfigurationError(
            f"scale: expected none beside the ansatz {recipe.ansatz}, since it is of a network of "
            f"u, got {recipe.scale}"
        )
    if subject.jumps is not None and recipe.ansatz != "value":
        raise ConfigurationError(
            f"ansatz: expected value, since jumps ask for u at two places, got {recipe.ansatz}"
        )
    if subject.jumps is not None:
        counts = checked_curve(recipe.curve or None, recipe.time_steps)
        subject.jumps.chances(subject.horizon / min(recipe.time_steps, *counts))
    numbers = recipe.size * recipe.time_steps * 2 * subject.dimension
    check_memory(
        "size", [Need(f"{recipe.size} paths × {recipe.time_steps} steps", numbers)], "size"
    )


def load(subject: BackwardEquation, recipe: BsdeRecipe, directory: Path) -> BackwardSolution:
    """Read the saved solution of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``BackwardSolution.load``.
    """
    return BackwardSolution.load(directory, subject, recipe.network(subject))


bsde_entry = partial(Entry, solve=solve, load=load, check=check)
"""An entry of a backward equation: name, equation, reference, subject, recipes."""
