"""A solution in numbers and in words: its errors, its loss, its residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    from physml.pinn.solution import Solution

# Of many slabs of time those residuals are told that grow most between the points.
_SHOWN = 6


def numbers(solution: Solution) -> dict[str, Any]:
    """Errors against the exact solution, loss and residuals.

    Returns:
        Plain data, as ``result.json`` holds it; several unknowns are dicts by name.
    """
    trained, exact = solution.result, solution.problem.exact
    names = tuple(exact) if isinstance(exact, Mapping) else () if exact is None else (None,)
    errors = {name: solution.errors(unknown=name) for name in names}
    several = {name: found.relative_l2 for name, found in errors.items() if name is not None}
    first = next(iter(errors.values()), None)
    samples = solution.samples
    return {
        "problem": solution.problem.name,
        "relative_l2": several or (first.relative_l2 if first else None),
        "max_error": first.max_error if first and not several else None,
        "reference_error": first.reference_error if first else None,
        "loss": solution.loss if np.isfinite(solution.loss) else None,
        "check": solution.check().numbers(),
        "steps": 0 if trained is None else len(trained.history.get("loss", ())),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(solution.params)),
        "points": max((samples.get(name, 0) for name in solution.problem.equations), default=0),
        "compile_seconds": 0.0 if trained is None else trained.compile_seconds,
    }


def words(solution: Solution) -> dict[str, str]:
    """The same for a reader."""
    found = numbers(solution)
    relative = found["relative_l2"]
    if relative is None:
        errors = {"relative L2": "unknown: no exact solution"}
    elif isinstance(relative, dict):
        errors = {f"relative L2, {name}": f"{error:.3g}" for name, error in relative.items()}
    else:
        errors = {"relative L2": f"{relative:.3g}", "max error": f"{found['max_error']:.3g}"}
    if relative is not None:
        errors["reference"] = f"error {found['reference_error']:.3g}"
    loss = "unknown" if found["loss"] is None else f"{found['loss']:.3g}"
    terms = found["check"]
    # JSON has no infinity: a factor that is not finite was written as none.
    growth = lambda name: terms[name]["factor"] or float("inf")  # noqa: E731
    shown = sorted(terms, key=growth, reverse=True)[:_SHOWN] if len(terms) > _SHOWN else terms
    return {
        **errors,
        "loss": f"{loss} after {found['steps']} steps",
        **{f"residual, {name}": terms[name]["words"] for name in shown},
    }
