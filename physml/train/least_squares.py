"""Least squares as an objective: named terms and weights; see ``balance`` for rules of weights.

C(θ) = ½|r|²,    r = [ √(w_k w_ki / n_k) · f_k(θ, x_ki) ]    with w_ki = 1 unless told
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError, ShapeError
from physml.lazy_jacobian import Block, Jacobian
from physml.real_parts import real_type
from physml.train.influence import check_influence
from physml.train.sample_weights import Weight, evaluated, split_weights
from physml.train.samples import count, shapes
from physml.types import Batch, Evaluation, Objective, Term

Row = Callable[[Any, Any], Array]
"""``(params, sample) -> () or (m,)``: the residual of one sample."""

Own = Mapping[str, Any]
"""Weights of single samples, by term: an array ``(n,)``, or a function of a sample."""

NONE: Own = MappingProxyType({})

Balance = Callable[[dict[str, Array], dict[str, Array], Jacobian], dict[str, Array]]
"""``(weights, losses, jacobian) -> weights``; ``losses`` are unweighted ``½ mean |f_k|²``."""


def least_squares(
    terms: Mapping[str, Row],
    *,
    weights: Mapping[str, Weight] | None = None,
    balance: Balance | None = None,
) -> Objective:
    """The objective ``½|r|²`` of stacked residual terms.

    Args:
        terms: for each name, the residual of one sample; define the functions once. One may be a
            ``jax.tree_util.Partial(f, data)``: see ``fit``.
        weights: ``w_k > 0`` to start from; 1 where absent. Samples have weights of their own where
            it is an array ``(n,)``, of always the same samples in order, or a function of a sample:
            rows are then ``√(w_k w_ki/n_k) f_ki``, undivided by the sum of the ``w_ki``.
        balance: a rule that changes the weights after each evaluation, for every optimizer alike.

    Returns:
        An objective whose batch is a dict of samples with the terms' names, and whose metrics are
        ``loss/NAME = ½ mean |f_k|²``, without any weight, and, with a rule, ``weight/NAME``.

    Raises:
        ConfigurationError: no term, a weight that is not positive or belongs to no term; when
            traced, a term that no parameter can change.
        ShapeError: when traced, a batch that lacks a term, has no samples or another number than
            the term has weights, or a residual that is neither a scalar nor a vector of real
            numbers.

    >>> import jax.numpy as jnp, physml as pm
    >>> objective = pm.least_squares({"data": lambda params, x: params - x})
    >>> evaluation, _ = objective.evaluate(
    ...     jnp.array(1.0), objective.init(jnp.array(1.0)), {"data": jnp.array([0.0, 1.0])})
    >>> float(evaluation.loss)
    0.25
    """
    if not terms:
        raise ConfigurationError("terms: expected at least one residual, got none")
    initial, of_each = split_weights(terms, weights)

    def init(params: Any) -> dict[str, Array]:
        dtype = real_type(params)
        return {name: jnp.asarray(weight, dtype) for name, weight in initial.items()}

    rows = tuple(terms.values())

    def blocks(
        rows: tuple[Row, ...],
        params: Any,
        state: dict[str, Array],
        batch: Batch,
        own: Own = NONE,
    ) -> dict[str, Block]:
        made = {}
        for name, row in zip(terms, rows, strict=True):
            n = _samples(name, batch)
            weight = state[name] / n
            if name in own:
                each = evaluated(name, own[name], batch[name], n, weight.dtype)
                weight = weight * each
            made[name] = Block(row, batch[name], jnp.sqrt(weight))
            _check_value(name, row, params, batch[name])
        return made

    def residuals(params: Any, made: dict[str, Block]) -> dict[str, Array]:
        return {
            name: block.project(
                jax.vmap(lambda x, b=block: b.value(params, x))(block.batch)
            ).ravel()
            for name, block in made.items()
        }

    def value(
        rows: tuple[Row, ...],
        params: Any,
        state: dict[str, Array],
        batch: Batch,
        own: Own = NONE,
    ) -> Array:
        parts = residuals(params, blocks(rows, params, state, batch, own)).values()
        return 0.5 * jnp.sum(jnp.stack([jnp.sum(part**2) for part in parts]))

    def evaluate(
        rows: tuple[Row, ...],
        params: Any,
        state: dict[str, Array],
        batch: Batch,
        own: Own = NONE,
    ) -> tuple[Evaluation, dict[str, Array]]:
        made = blocks(rows, params, state, batch, own)
        for name, block in made.items():
            check_influence(f"term {name!r}", block.row, *shapes(params, block.batch))
        parts = residuals(params, made)
        jacobian = Jacobian(params, tuple(made.values()))
        residual = jnp.concatenate(list(parts.values()))
        losses = {name: 0.5 * jnp.sum(part**2) / state[name] for name, part in parts.items()}
        for name in own:
            values = jax.vmap(lambda x, b=made[name]: b.value(params, x))(batch[name])
            losses[name] = 0.5 * jnp.sum(values**2) / made[name].samples
        metrics = {f"loss/{name}": loss for name, loss in losses.items()}
        if balance is not None:
            metrics |= {f"weight/{name}": state[name] for name in terms}
            state = balance(state, losses, jacobian)
        evaluation = Evaluation(
            0.5 * jnp.sum(residual**2), jacobian.vm(residual), residual, jacobian, metrics
        )
        return evaluation, state

    def single(rows: tuple[Row, ...], batch: Batch, own: Own = NONE) -> dict[str, Term]:
        del own
        return {name: Term(row, batch[name]) for name, row in zip(terms, rows, strict=True)}

    # Weights of samples are data, as rows are; without any, data are what they always were.
    data = {"own": of_each} if of_each else {}
    return Objective(init, *(Partial(part, rows, **data) for part in (evaluate, value, single)))


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
