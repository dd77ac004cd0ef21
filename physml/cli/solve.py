"""The job of ``physml solve``: train, compare with the exact solution, draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jax
import numpy as np

from physml.cli.job import Result, draw
from physml.cli.output import complain, number
from physml.pinn import Solution
from physml.pinn.catalogue import Entry
from physml.pinn.recipe import Recipe
from physml.train import Run
from physml.train.callbacks import Callback

_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class SolveJob:
    """A problem of the catalogue to solve; see ``physml.cli.job.Job``."""

    entry: Entry
    recipe: Recipe
    seed: int
    precision: int

    @property
    def name(self) -> str:
        """The problem's."""
        return self.entry.name

    @property
    def steps(self) -> int:
        """The recipe's."""
        return self.recipe.steps

    def settings(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "command": "solve",
            "name": self.name,
            "seed": self.seed,
            "precision": self.precision,
            "recipe": asdict(self.recipe),
        }

    def check(self) -> None:
        """Build network and optimizer, to no other end."""
        self.entry.network(self.recipe)
        self.recipe.optimizer.build()

    def work(self, run: Run, callbacks: Sequence[Callback]) -> Result:
        """Train, compare and draw."""
        key = jax.random.key(self.seed)
        solution = self.entry.solve(self.recipe, key=key, run=run, check=False, callbacks=callbacks)
        told = solution.check().warning()
        if told is not None:
            complain(told)
        draw(run, "solution.png", solution.plot)
        return self._result(solution)

    def _result(self, solution: Solution) -> Result:
        trained, exact = solution.result, solution.problem.exact
        losses = np.array([]) if trained is None else trained.history.get("loss", np.array([]))
        names = tuple(exact) if isinstance(exact, Mapping) else () if exact is None else (None,)
        errors = {name: solution.errors(unknown=name) for name in names}
        several = {name: found.relative_l2 for name, found in errors.items() if name is not None}
        first = next(iter(errors.values()), None)
        return {
            "problem": self.name,
            "relative_l2": several or (first.relative_l2 if first else None),
            "max_error": first.max_error if first and not several else None,
            "reference_error": first.reference_error if first else None,
            "loss": float(losses[-1]) if len(losses) else None,
            "check": solution.check().numbers(),
            "steps": self.steps,
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(solution.params)),
            "points": self.recipe.points,
            "compile_seconds": 0.0 if trained is None else trained.compile_seconds,
        }

    def report(self, result: Result) -> dict[str, str]:
        """The result in words."""
        relative = result["relative_l2"]
        errors = (
            {f"relative L2, {name}": number(error) for name, error in relative.items()}
            if isinstance(relative, dict)
            else {"relative L2": number(relative), "max error": number(result["max_error"])}
        )
        return {
            "problem": f"{self.name}: {self.entry.equation}",
            **errors,
            "reference": f"{self.entry.reference}, error {number(result['reference_error'])}",
            "loss": f"{number(result['loss'])} after {result['steps']} steps",
            **_residuals(result["check"]),
        }


def _residuals(check: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The residuals in words; of many slabs of time those that grow most between the points."""
    # JSON has no infinity: a factor that is not finite was written as none.
    growth = lambda name: check[name]["factor"] or float("inf")  # noqa: E731
    shown = sorted(check, key=growth, reverse=True)[:_SHOWN] if len(check) > _SHOWN else check
    return {f"residual, {name}": check[name]["words"] for name in shown}
