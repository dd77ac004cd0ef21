"""A sum of objectives, each with samples of its own: data, physics, a prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError, ShapeError
from physml.lazy_jacobian import Block, Jacobian
from physml.train.weights import starting_weights
from physml.types import Batch, Evaluation, Objective, Term


def total(
    objectives: Mapping[str, Objective], *, weights: Mapping[str, float] | None = None
) -> Objective:
    """The objective ``Σ_k w_k C_k`` of the same parameters.

    Rows are stacked, ``r = [√w_k r_k]`` and ``J = [√w_k J_k]``, where all parts have them, so that
    ``Jᵀr`` is the gradient of the sum and ``JᵀJ`` the sum of the metrics. Where a part has a metric
    alone the sum has; where one has neither the sum has neither. It has a value where all do.

    Args:
        objectives: by name.
        weights: ``w_k > 0``; 1 where absent. They stay as they are.

    Returns:
        An objective whose batch is a dict of the parts' batches, as ``together`` draws them (a part
        that is not in it gets ``()``, for a cost of the parameters alone), and whose metrics are
        the parts' own losses as ``loss/NAME``, and theirs as ``METRIC/NAME``.

    Raises:
        ConfigurationError: no part, a weight that is not positive or belongs to no part, or, when
            traced, two metrics of one name.
        ShapeError: when traced, a batch that is no dict, or has samples for no part.

    >>> import jax.numpy as jnp, physml as pm
    >>> objective = pm.total({
    ...     "data": pm.least_squares({"line": lambda params, x: params * x - 1.0}),
    ...     "prior": pm.cost(lambda params, _: params**2)}, weights={"prior": 0.5})
    >>> params = jnp.array(2.0)
    >>> batch = {"data": {"line": jnp.ones(4)}}
    >>> evaluation, _ = objective.evaluate(params, objective.init(params), batch)
    >>> float(evaluation.loss), float(evaluation.metrics["loss/prior"])
    (2.5, 4.0)
    """
    if not objectives:
        raise ConfigurationError("objectives: expected at least one, got none")
    factors = starting_weights(objectives, weights)

    def init(params: Any) -> dict[str, Any]:
        return {name: part.init(params) for name, part in objectives.items()}

    def evaluate(
        parts: dict[str, Objective], params: Any, state: dict[str, Any], batch: Batch
    ) -> tuple[Evaluation, dict[str, Any]]:
        evaluations, after = {}, {}
        for name, samples in _samples(parts, batch).items():
            evaluations[name], after[name] = parts[name].evaluate(params, state[name], samples)
        loss = _weighted({name: e.loss for name, e in evaluations.items()})
        gradient = jax.tree.map(
            lambda *slopes: _weighted(dict(zip(evaluations, slopes, strict=True))),
            *(e.gradient for e in evaluations.values()),
        )
        residual, jacobian = _stacked(params, evaluations)
        return Evaluation(loss, gradient, residual, jacobian, _metrics(evaluations)), after

    def _weighted(numbers: Mapping[str, Array]) -> Array:
        parts = [factors[name] * number for name, number in numbers.items()]
        return sum(parts[1:], parts[0])

    def _stacked(
        params: Any, evaluations: Mapping[str, Evaluation]
    ) -> tuple[Array | None, Jacobian | None]:
        blocks: list[Block] = []
        residuals: list[Array | None] = []
        for name, e in evaluations.items():
            if e.jacobian is None:
                return None, None
            root = jnp.sqrt(jnp.asarray(factors[name], e.jacobian.dtype))
            blocks += e.jacobian.scaled(root).blocks
            residuals.append(None if e.residual is None else root * e.residual)
        whole = [residual for residual in residuals if residual is not None]
        residual = jnp.concatenate(whole) if len(whole) == len(residuals) else None
        return residual, Jacobian(params, tuple(blocks))

    def value(
        parts: dict[str, Objective], params: Any, state: dict[str, Any], batch: Batch
    ) -> Array:
        given = _samples(parts, batch)
        # That there is one was asked for below.
        values: dict[str, Any] = {name: part.value for name, part in parts.items()}
        return _weighted({n: values[n](params, state[n], given[n]) for n in parts})

    def terms(parts: dict[str, Objective], batch: Batch) -> dict[str, Term]:
        given = _samples(parts, batch)
        return {
            f"{name}: {term}": told
            for name, part in parts.items()
            if part.terms is not None
            for term, told in part.terms(given[name]).items()
        }

    whole = dict(objectives)
    has_value = all(part.value is not None for part in whole.values())
    return Objective(
        init,
        Partial(evaluate, whole),
        Partial(value, whole) if has_value else None,
        Partial(terms, whole),
    )


def _samples(parts: Mapping[str, Objective], batch: Batch) -> dict[str, Batch]:
    if not isinstance(batch, Mapping):
        raise ShapeError(
            f"batch: expected a dict of batches for {', '.join(parts)}, got {type(batch).__name__}"
        )
    unknown = [name for name in batch if name not in parts]
    if unknown:
        raise ShapeError(
            f"batch: {', '.join(map(repr, unknown))}: no part of this cost, whose parts are "
            f"{', '.join(parts)}"
        )
    return {name: batch.get(name, ()) for name in parts}


def _metrics(evaluations: Mapping[str, Evaluation]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name, e in evaluations.items():
        for metric, number in {"loss": e.loss, **e.metrics}.items():
            if f"{metric}/{name}" in found:
                raise ConfigurationError(
                    f"metrics: two of the name {metric}/{name}; give the part {name!r} another name"
                )
            found[f"{metric}/{name}"] = number
    return found
