"""Natural gradient with damping and SPRING momentum, for PDEs and ground states alike.

    δ = μ δ_prev + Jᵀ (J Jᵀ + λI)⁻¹ (r − μ J δ_prev),    θ ← θ − η δ

With ``μ = 0``: energy natural gradient, Gauss–Newton, stochastic reconfiguration. With ``μ > 0``:
SPRING, which remembers along what the current samples do not see. A prior ``½w|θ|²`` beside the
cost moves the centre: ``c = (wθ + λμ δ_prev)/(w + λ)`` for ``μ δ_prev``, and ``w + λ`` for ``λ``.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY
from physml.optim.contract import evaluation_of, metric_of, value_function_of
from physml.optim.damped_least_squares import (
    Solve,
    in_parameter_space,
    in_sample_space,
    matrix_free,
    smallest_side,
)
from physml.optim.falling_damping import falling_damping
from physml.optim.learning_rate import scheduled
from physml.optim.line_search import LineSearch, grid_line_search
from physml.optim.settings import OptimizerSettings
from physml.optim.weight_decay import normal_prior
from physml.ranges import check_fraction, check_positive, check_rate
from physml.real_parts import real_type
from physml.types import Evaluation, Optimizer


class NaturalGradientState(NamedTuple):
    """Steps taken, the last direction ``δ`` (empty without momentum), and scalars to log."""

    step: Array
    direction: Any
    metrics: dict[str, Array]


def natural_gradient(
    learning_rate: float | optax.Schedule = 0.1,
    *,
    damping: float | optax.Schedule = 1e-3,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    max_norm: float | None = None,
    line_search: LineSearch | None = None,
    memory: int = DEFAULT_MEMORY,
    solve: Solve = smallest_side,
) -> Optimizer:
    """Natural gradient by damped least squares, with SPRING momentum.

    The update is ``−η δ · min(1, max_norm / |η δ|)`` with
    ``δ = μ δ_prev + Jᵀ (J Jᵀ + λI)⁻¹ (r − μ J δ_prev)``; ``|δ| ≤ max|r| / √(λ(1 − μ²))``.
    It is ready for ``optax.apply_updates`` and ignores the incoming gradient, so in a chain it
    stands first. Of a cost with a metric alone ``(JᵀJ + λI) δ = ∇C + λμ δ_prev``.

    Args:
        learning_rate: ``η``, a number or an optax schedule. 1 is the full Gauss–Newton step of a
            PDE; for VMC, whose rows are ``2 (E_L − Ē)/√n``, 0.05 to 0.2 is usual.
        damping: ``λ > 0``, a number or a schedule, in the units of ``J Jᵀ``. PDEs in float64: 1e-12
            to 1e-6; VMC: 1e-4 to 1e-2.
        momentum: ``μ`` in [0, 1); 0.8 to 0.99 for VMC with few walkers.
        weight_decay: ``w`` of a prior ``½w|θ|²`` beside the cost, which the logged loss leaves out
            and a line search takes in. With ``w > 0`` the damping may be 0: a step of length 1 is
            then ridge regression, and the curvature that the rows lack is ``w``.
        max_norm: the longest update ``|Δθ|``, or None.
        line_search: chooses a length times ``learning_rate``, on objectives with a value.
        memory: bytes that the Jacobian's rows may fill.
        solve: how the least-squares problem is solved; by default on the smaller side.

    Returns:
        An optax transformation whose update needs ``evaluation``.

    Raises:
        ConfigurationError: for a learning rate, a damping or a norm that is not positive and
            finite, a momentum outside [0, 1), a negative weight decay. What a schedule will give
            is not looked at.
        NoRowsError: when the objective has no rows.

    Sources: Goldshlager, Abrahamsen and Lin (2024), arXiv:2401.10190 (SPRING); Chen and Heyl
    (2024), doi:10.1038/s41567-024-02566-1 (sample space); Guzmán-Cordero et al. (2025),
    arXiv:2505.12149 (PDEs).

    >>> import physml as pm
    >>> optimizer = pm.natural_gradient(0.1, damping=1e-3, momentum=0.9)
    """
    prior = normal_prior(weight_decay)
    check_rate("learning_rate", learning_rate)
    if not callable(damping):
        or_schedule = " (or a schedule)"
        check_positive("damping", damping, or_zero=weight_decay > 0, expected=or_schedule)
    check_fraction("momentum", momentum)
    if max_norm is not None:
        check_positive("max_norm", max_norm, expected=" or None")
    memory = as_whole("memory", memory, least=1, most=2**63 - 1)

    def at(quantity: float | optax.Schedule, step: Array, dtype: Any) -> Array:
        return jnp.asarray(quantity(step) if callable(quantity) else quantity, dtype)

    def init(params: Any) -> NaturalGradientState:
        direction = optax.tree.zeros_like(params) if momentum else ()
        zero = jnp.zeros((), real_type(params))
        return NaturalGradientState(
            jnp.zeros((), jnp.int32), direction, {"step_length": zero, "update_norm": zero}
        )

    def update(
        gradient: Any,
        state: NaturalGradientState,
        params: Any = None,
        *,
        evaluation: Evaluation | None = None,
        value_fn: Any = None,
        **_: Any,
    ) -> tuple[Any, NaturalGradientState]:
        del gradient
        evaluation = evaluation_of(evaluation, "natural_gradient")
        jacobian, residual = metric_of(evaluation, "natural_gradient"), evaluation.residual
        given: dict[str, Any] = {} if residual is not None else {"gradient": evaluation.gradient}
        centre = optax.tree.scale(momentum, state.direction) if momentum else None
        centre, scale = prior.centred(params, at(damping, state.step, jacobian.dtype), centre)
        if centre is not None:
            given["centre"] = centre
        direction = solve(jacobian, residual, scale, memory=memory, **given)
        length = at(learning_rate, state.step, jacobian.dtype)
        if line_search is not None:
            search_value = value_function_of(value_fn, "natural_gradient's line search")
            search_value = prior.penalised(search_value)
            full = optax.tree.scale(-length, direction)
            length = length * line_search(search_value, params, full).astype(jacobian.dtype)
        norm = length * optax.tree.norm(direction)
        if max_norm is not None:
            shrink = jnp.minimum(1.0, max_norm / jnp.maximum(norm, jnp.finfo(norm.dtype).tiny))
            length, norm = length * shrink, norm * shrink
        metrics = {"step_length": length, "update_norm": norm}
        new = NaturalGradientState(state.step + 1, direction if momentum else (), metrics)
        return optax.tree.scale(-length, direction), new

    return optax.GradientTransformationExtraArgs(init, update)


_SOLVERS: dict[str, Solve] = {
    "smallest-side": smallest_side,
    "sample-space": in_sample_space,
    "parameter-space": in_parameter_space,
    "matrix-free": matrix_free,
}


@OptimizerSettings.offer("natural-gradient")
def _natural_gradient(
    solver: Solve | None = None,
    *,
    learning_rate: float | None = None,
    decay: float | None = None,
    cosine: float | None = None,
    damping: float = 1e-3,
    damping_last: float | None = None,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    max_norm: float | None = None,
    line_search: int = 0,
    solve: Literal[
        "smallest-side", "sample-space", "parameter-space", "matrix-free"
    ] = "smallest-side",
) -> Optimizer:
    """Natural gradient by damped least squares, with SPRING momentum.

    Args:
        solver: in place of the one that ``solve`` names.
        learning_rate: step length η; None for 0.1, or 1 with a line search.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        damping: λ, in units of J Jᵀ.
        damping_last: λ at the end of the cosine's steps, to which it falls in equal ratios; the
            same all along if None.
        momentum: SPRING's μ, in [0, 1).
        weight_decay: w of a prior ½w|θ|² beside the cost.
        max_norm: longest update |Δθ|; unbounded if None.
        line_search: candidates 2⁻ᵏ of the line search; 0 for none.
        solve: smallest-side, sample-space (n × n), parameter-space (p × p), or matrix-free by
            conjugate gradients.
    """
    if line_search < 0:
        raise ConfigurationError(f"line_search: expected 0 or more candidates, got {line_search}")
    if learning_rate is None:
        learning_rate = 1.0 if line_search else 0.1
    return natural_gradient(
        scheduled(learning_rate, decay, cosine),
        damping=falling_damping(damping, damping_last, cosine),
        momentum=momentum,
        weight_decay=weight_decay,
        max_norm=max_norm,
        line_search=grid_line_search(candidates=line_search) if line_search else None,
        solve=_SOLVERS[solve] if solver is None else solver,
    )
