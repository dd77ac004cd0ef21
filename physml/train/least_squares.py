"""Least squares as an objective: named terms and weights; see ``balance`` for rules of weights.

C(θ) = ½|r|²,    r = [ √(w_k / n_k) · f_k(θ, x_ki) ]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError, ShapeError
from physml.lazy_jacobian import Block, Jacobian, real_type
from physml.train.influence import check_influence
from physml.train.samples import count, shapes
from physml.train.weights import starting_weights
from physml.types import Batch, Evaluation, Objective, Term

Row = Callable[[Any, Any], Array]
"""``(params, sample) -> () or (m,)``: the residual of one sample."""

Balance = Callable[[dict[str, Array], dict[str, Array], Jacobian], dict[str, Array]]
"""``(weights, losses, jacobian) -> weights``; ``losses`` are unweighted ``½ mean |f_k|²``."""


def least_squares(
    terms: Mapping[str, Row],
    *,
    weights: Mapping[str, float] | None = None,
    balance: Balance | None = None,
) -> Objective:
    """The objective ``½|r|²`` of stacked residual terms.

    Args:
        terms: for each name, the residual of one sample; define the functions once. One may be a
            ``jax.tree_util.Partial(f, data)``: see ``fit``.
        weights: ``w_k > 0`` to start from; 1 where absent.
        balance: a rule that changes the weights after each evaluation, for every optimizer alike.

    Returns:
        An objective whose batch is a dict of samples with the terms' names, and whose metrics are
        ``loss/NAME = ½ mean |f_k|²`` and, with a rule, ``weight/NAME``.

    Raises:
        ConfigurationError: no term, a weight that is not positive or belongs to no term; when
            traced, a term that no parameter can change.
        ShapeError: when traced, a batch that lacks a term, has no samples, or a residual that is
            neither a scalar nor a vector of real numbers.

    >>> import jax.numpy as jnp, physml as pm
    >>> objective = pm.least_squares({"data": lambda params, x: params - x})
    >>> evaluation, _ = objective.evaluate(
    ...     jnp.array(1.0), objective.init(jnp.array(1.0)), {"data": jnp.array([0.0, 1.0])})
    >>> float(evaluation.loss)
    0.25
    """
    if not terms:
        raise ConfigurationError("terms: expected at least one residual, got none")
    initial = starting_weights(terms, weights)

    def init(params: Any) -> dict[str, Array]:
        dtype = real_type(params)
        return {name: jnp.asarray(weight, dtype) for name, weight in initial.items()}

    rows = tuple(terms.values())

    def blocks(
        rows: tuple[Row, ...], params: Any, state: dict[str, Array], batch: Batch
    ) -> dict[str, Block]:
        made = {}
        for name, row in zip(terms, rows, strict=True):
            n = _samples(name, batch)
            made[name] = Block(row, batch[name], jnp.sqrt(state[name] / n))
            _check_value(name, row, params, batch[name])
        return made

    def residuals(params: Any, made: dict[str, Block]) -> dict[str, Array]:
        return {
            name: block.project(
                jax.vmap(lambda x, b=block: b.value(params, x))(block.batch)
            ).ravel()
            for name, block in made.items()
        }

    def value(rows: tuple[Row, ...], params: Any, state: dict[str, Array], batch: Batch) -> Array:
        parts = residuals(params, blocks(rows, params, state, batch)).values()
        return 0.5 * jnp.sum(jnp.stack([jnp.sum(part**2) for part in parts]))

    def evaluate(
        rows: tuple[Row, ...], params: Any, state: dict[str, Array], batch: Batch
    ) -> tuple[Evaluation, dict[str, Array]]:
        made = blocks(rows, params, state, batch)
        for name, block in made.items():
            check_influence(f"term {name!r}", block.row, *shapes(params, block.batch))
        parts = residuals(params, made)
        jacobian = Jacobian(params, tuple(made.values()))
        residual = jnp.concatenate(list(parts.values()))
        losses = {name: 0.5 * jnp.sum(part**2) / state[name] for name, part in parts.items()}
        metrics = {f"loss/{name}": loss for name, loss in losses.items()}
        if balance is not None:
            metrics |= {f"weight/{name}": state[name] for name in terms}
            state = balance(state, losses, jacobian)
        evaluation = Evaluation(
            0.5 * jnp.sum(residual**2), jacobian.vm(residual), residual, jacobian, metrics
        )
        return evaluation, state

    def single(rows: tuple[Row, ...], batch: Batch) -> dict[str, Term]:
        return {name: Term(row, batch[name]) for name, row in zip(terms, rows, strict=True)}

    return Objective(init, *(Partial(part, rows) for part in (evaluate, value, single)))


def _samples(name: str, batch: Batch) -> int:
    if not isinstance(batch, Mapping) or name not in batch:
        got = list(batch) if isinstance(batch, Mapping) else type(batch).__name__
        raise ShapeError(f"batch: expected samples for the term {name!r}, got {got}")
    return count(f"term {name!r}", batch[name])


def _check_value(name: str, row: Row, params: Any, samples: Any) -> None:
    value = jax.eval_shape(row, *shapes(params, samples))
    if not hasattr(value, "shape") or len(value.shape) > 1:
        got = getattr(value, "shape", type(value).__name__)
        raise ShapeError(
            f"term {name!r}: expected a residual of shape () or (m,) at one sample, got {got}"
        )
    if not jnp.issubdtype(value.dtype, jnp.floating):
        raise ShapeError(
            f"term {name!r}: expected real floating-point numbers, got {value.dtype}; "
            "split a complex residual into its real and imaginary part"
        )
