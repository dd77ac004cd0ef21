"""A solution in numbers and in words: its errors, its loss, its residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from physml.errors import PhysmlError
from physml.networks import Constant

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
        "unknown_numbers": _unknown_numbers(solution),
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
    unknown = {name: one["words"] for name, one in found["unknown_numbers"].items()}
    return {
        **errors,
        **unknown,
        "loss": f"{loss} after {found['steps']} steps",
        **{f"residual, {name}": terms[name]["words"] for name in shown},
    }


def _unknown_numbers(solution: Solution) -> dict[str, dict[str, Any]]:
    """Each unknown number, with its standard error where data tell one."""
    networks = solution.network if isinstance(solution.network, Mapping) else {}
    names = [name for name, module in networks.items() if isinstance(module, Constant)]
    if not names:
        return {}
    domain = solution.problem.domain
    values = solution(0.5 * (domain.lower + domain.upper)[None])
    try:
        bars = solution.error_bars
    except PhysmlError as refused:
        return {
            name: {
                "value": np.asarray(values[name])[0].tolist(),
                "standard_error": None,
                "words": f"{_listed(values[name])}, without an error bar ({refused})",
            }
            for name in names
        }
    return {
        name: {
            "value": bars.unknown_numbers[name].value.tolist(),
            "standard_error": bars.unknown_numbers[name].standard_error.tolist(),
            "words": bars.unknown_numbers[name].words(),
        }
        for name in names
    }


def _listed(values: Any) -> str:
    return ", ".join(f"{value:.5g}" for value in np.ravel(np.asarray(values)[0]))
