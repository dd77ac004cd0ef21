"""Whether any parameter can influence a residual: read off its program, before anything runs.

The second derivative of a network of ``relu`` is zero wherever it exists, and jax knows it: in the
program of its change nothing is left that a change of the parameters could reach.
Such a term would be a constant of the loss, and training would go on as if it held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.extend import core

from physml.errors import ConfigurationError


def check_influence(name: str, row: Callable[[Any, Any], Array], params: Any, sample: Any) -> None:
    """Refuse what no parameter can change, whatever their values.

    Args:
        name: of the term, for messages.
        row: ``(params, sample) -> residual``.
        params: arrays, of which only shapes and types are looked at.
        sample: one sample, likewise.

    Raises:
        ConfigurationError: where the derivative by every parameter is zero at every point.
    """

    def change(params: Any, sample: Any, direction: Any) -> Array:
        return jax.jvp(lambda params: row(params, sample), (params,), (direction,))[1]

    program = jax.make_jaxpr(change)(params, sample, params).jaxpr
    rest = len(program.invars) - len(jax.tree.leaves(params))
    if not any(_reached(program, [i >= rest for i in range(len(program.invars))])):
        raise ConfigurationError(
            f"{name}: no parameter can change it, it is the same for every solution; expected the "
            "unknown in it, and as many derivatives of the network as it takes: those of relu end "
            "at the first (use tanh or another smooth activation)"
        )


# What these make of arrays of zeros alone are zeros again.
_LINEAR = {
    "add", "add_any", "broadcast_in_dim", "concatenate", "convert_element_type", "copy",
    "dynamic_slice", "expand_dims", "gather", "neg", "pad", "reduce_sum", "reshape", "rev",
    "scatter-add", "slice", "split", "squeeze", "sub", "transpose",
}  # fmt: skip
_BILINEAR = {"mul", "dot_general"}


def _reached(program: core.Jaxpr, starts: list[bool]) -> list[bool]:
    """Which results of a program depend on the arguments marked, by more than a factor of 0."""
    return _followed(program, starts, [False] * len(starts))[0]


def _followed(
    program: core.Jaxpr, starts: list[bool], nothing: list[bool]
) -> tuple[list[bool], list[bool]]:
    """Of each result, whether it depends on the arguments marked, and whether it is zero."""
    marked = {var for var, start in zip(program.invars, starts, strict=True) if start}
    zeros = {var for var, zero in zip(program.invars, nothing, strict=True) if zero}

    def is_marked(atom: Any) -> bool:
        return not isinstance(atom, core.Literal) and atom in marked

    def is_zero(atom: Any) -> bool:
        if isinstance(atom, core.Literal):
            return not np.any(atom.val)
        return atom in zeros

    for equation in program.eqns:
        kind, given = equation.primitive.name, equation.invars
        count = len(equation.outvars)
        if kind in ("jit", "pjit"):
            inner = equation.params["jaxpr"].jaxpr
            depends, zero = _followed(inner, [*map(is_marked, given)], [*map(is_zero, given)])
        else:
            linear = kind in _LINEAR and all(map(is_zero, given))
            cases = kind == "select_n" and all(map(is_zero, given[1:]))
            # A 0 that is written out as a factor is meant.
            factor = kind in _BILINEAR and any(a in zeros for a in given if isinstance(a, core.Var))
            zero = [linear or cases or factor] * count
            depends = [any(map(is_marked, given)) and not zero[0]] * count
        marked.update(var for var, yes in zip(equation.outvars, depends, strict=True) if yes)
        zeros.update(var for var, yes in zip(equation.outvars, zero, strict=True) if yes)
    return [is_marked(atom) for atom in program.outvars], [*map(is_zero, program.outvars)]
