"""Newton's method with the exact Hessian, whose negative curvatures are turned round.

    H = ∇²C = V Λ Vᵀ,    δ = V (|Λ| + λI)⁻¹ Vᵀ ∇C,    θ ← θ − η δ

Newton's own step, ``H⁻¹∇C``, goes to the nearest stationary point, a saddle as well as a minimum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.errors import ConfigurationError
from physml.optim.contract import value_function_of
from physml.optim.line_search import LineSearch, grid_line_search
from physml.optim.real_pairs import on_real_pairs
from physml.optim.settings import OptimizerSettings
from physml.ranges import check_positive, check_rate
from physml.types import Optimizer


class NewtonState(NamedTuple):
    """Steps taken."""

    step: Array


def newton(
    learning_rate: float | optax.Schedule = 1.0,
    *,
    damping: float | optax.Schedule = 1e-3,
    line_search: LineSearch | None = None,
) -> Optimizer:
    """Newton's method: ``δ = V (|Λ| + λI)⁻¹ Vᵀ ∇C`` with the Hessian ``H = V Λ Vᵀ``.

    Where the Hessian is positive, it is Newton's step with damping. It is that of the loss at this
    step's samples, a dense matrix of ``p²`` numbers: ``p`` times the cost of a gradient, and
    ``9p³`` flops for its eigenvectors; for up to a thousand parameters. Of least squares
    ``gauss_newton`` takes the positive part of it alone, at a ``p``-th of the cost.

    Args:
        learning_rate: ``η``, a number or an optax schedule.
        damping: ``λ > 0``, in the units of ``H``, a number or a schedule; ``|δ| ≤ |∇C|/λ``.
        line_search: chooses a length times ``learning_rate``, such as ``grid_line_search()``.

    Returns:
        An optax transformation whose update needs ``value_fn``.

    Raises:
        ConfigurationError: for a learning rate or a damping that is not positive and finite.
        NoValueError: when the objective has no loss at fixed samples.

    Source: Dauphin et al. (2014), arXiv:1406.2572 (absolute values of the curvatures).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> objective = pm.least_squares({"row": lambda p, x: p[0] * x + p[1] - 3 * x})
    >>> fit = pm.fit(objective, pm.fixed({"row": jnp.arange(3.0)}), pm.optim.newton(damping=1e-6),
    ...              jnp.zeros(2), steps=4, key=jax.random.key(0))
    >>> fit.params.round(3).tolist()
    [3.0, 0.0]
    """
    check_rate("learning_rate", learning_rate)
    if not callable(damping):
        check_positive("damping", damping, expected=" (or a schedule)")

    def at(quantity: float | optax.Schedule, step: Array, dtype: Any) -> Array:
        return jnp.asarray(quantity(step) if callable(quantity) else quantity, dtype)

    def init(params: Any) -> NewtonState:
        del params
        return NewtonState(jnp.zeros((), jnp.int32))

    def update(
        gradient: Any, state: NewtonState, params: Any = None, *, value_fn: Any = None, **_: Any
    ) -> tuple[Any, NewtonState]:
        value = value_function_of(value_fn, "newton")
        flat, unravel = ravel_pytree(params)
        slope, _unravel = ravel_pytree(gradient)
        hessian = jax.hessian(lambda flat: value(unravel(flat)))(flat)
        curvatures, directions = jnp.linalg.eigh(hessian)
        denominator = jnp.abs(curvatures) + at(damping, state.step, flat.dtype)
        step = directions @ ((directions.T @ slope) / denominator)
        updates = unravel(-at(learning_rate, state.step, flat.dtype) * step)
        if line_search is not None:
            length = line_search(value, params, updates).astype(flat.dtype)
            updates = optax.tree.scale(length, updates)
        return updates, NewtonState(state.step + 1)

    return on_real_pairs(optax.GradientTransformationExtraArgs(init, update))


@OptimizerSettings.offer("newton")
def _newton(
    *, learning_rate: float = 1.0, damping: float = 1e-3, line_search: int = 0
) -> Optimizer:
    """Newton's method with the exact Hessian, up to a thousand parameters.

    Args:
        learning_rate: step length η.
        damping: λ, in units of the Hessian.
        line_search: candidates 2⁻ᵏ of the line search; 0 for none.
    """
    if line_search < 0:
        raise ConfigurationError(f"line_search: expected 0 or more candidates, got {line_search}")
    search = grid_line_search(candidates=line_search) if line_search else None
    return newton(learning_rate, damping=damping, line_search=search)
