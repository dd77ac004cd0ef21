"""The likelihood of a density known up to its normalisation, by samples of data and of itself.

With ``p(x) = exp(−F(x))/Z``, ``Z`` unknown::

    C = −⟨ln p⟩_data = ⟨F⟩_data + ln Z,    ∇C = ⟨∂F⟩_data − ⟨∂F⟩_model
    JᵀJ = cov_model(∂F)                     the Fisher matrix

The gradient is outside the span of the model's rows, so that there is no residual: the metric
alone, ``(JᵀJ + λI) δ = ∇C``.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ShapeError
from physml.lazy_jacobian import Block, Jacobian
from physml.train.influence import check_influence
from physml.train.samples import count, shapes
from physml.train.score import OfSample
from physml.types import Batch, Evaluation, Objective, Term

__all__ = ["Weighted", "contrastive"]


class Weighted(NamedTuple):
    """Samples that do not count alike, such as all states with their probabilities.

    Attributes:
        values: a pytree with leading axis ``n``.
        weights: ``(n,)``, ``≥ 0`` and of the sum 1.
    """

    values: Any
    weights: Array


def contrastive(free_energy: OfSample) -> Objective:
    """Minus the mean log likelihood of data under ``exp(−F)/Z``, by the model's own samples.

    ``∇C = ⟨∂F⟩_data − ⟨∂F⟩_model``, and ``J = (∂F − mean)/√n`` of the model's samples.

    Args:
        free_energy: ``(params, sample) -> F``, real.

    Returns:
        An objective whose batch is ``{"data": samples, "model": samples}``, the second drawn from
        the model at the present parameters, or all of its states as ``Weighted``; whose loss is
        ``⟨F⟩_data − ⟨F⟩_model``, which is 0 on average where model and data agree, and no measure
        of how near they are; and which has no value at fixed samples, since the model's follow the
        parameters.

    Raises:
        ShapeError: when traced, another batch; an ``F`` that is not one real number a sample.
            Weights that are no probabilities: inside a compiled program the loss is NaN there.
        ConfigurationError: when traced, an ``F`` that no parameter can change.

    Source: Hinton (2002), doi:10.1162/089976602760128018.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> objective = pm.train.contrastive(lambda a, x: -a * x)  # one unit, p(1) = σ(a)
    >>> batch = {"data": jnp.array([0.0, 1.0, 1.0, 1.0]), "model": jnp.array([0.0, 1.0])}
    >>> evaluation, _ = objective.evaluate(jnp.array(0.0), (), batch)
    >>> float(evaluation.gradient), float(evaluation.jacobian.parameter_gram()[0, 0])
    (-0.25, 0.25)
    """

    def evaluate(
        free_energy: OfSample, params: Any, state: tuple[()], batch: Batch
    ) -> tuple[Evaluation, tuple[()]]:
        data, model = _parts(batch)
        for samples in (data, model):
            _check_number(free_energy, params, samples)
        check_influence("contrastive", free_energy, *shapes(params, model.values))
        mean = partial(_mean, free_energy)

        def difference(params: Any) -> Array:
            return mean(params, data) - mean(params, model)

        loss, gradient = jax.value_and_grad(difference)(params)
        jacobian = Jacobian(params, (_rows(free_energy, params, model),))
        return Evaluation(loss, gradient, None, jacobian, {}), state

    def terms(free_energy: OfSample, batch: Batch) -> dict[str, Term]:
        data, model = _parts(batch)
        return {
            f"F of the {name}": Term(free_energy, part.values, "free energy", "sample")
            for name, part in (("data", data), ("model", model))
        }

    return Objective(
        lambda params: (), Partial(evaluate, free_energy), None, Partial(terms, free_energy)
    )


def _rows(free_energy: OfSample, params: Any, model: Any) -> Block:
    n = count("model", model.values)
    dtype = jax.tree.leaves(params)[0].dtype
    if model.weights is None:
        scale = jnp.asarray(1 / jnp.sqrt(n), dtype)
        return Block(free_energy, model.values, scale, centred=True)
    scale = jnp.sqrt(model.weights).astype(dtype)
    return Block(Partial(_Deviation(free_energy), model), model.values, scale)


@dataclasses.dataclass(frozen=True)
class _Deviation:
    """``F − ⟨F⟩``, whose mean is over samples with weights of their own; equal of equal F."""

    free_energy: OfSample

    def __call__(self, all_of: Weighted, params: Any, sample: Any) -> Array:
        return self.free_energy(params, sample) - _mean(self.free_energy, params, all_of)


def _mean(free_energy: OfSample, params: Any, samples: Any) -> Array:
    values = jax.vmap(partial(free_energy, params))(samples.values)
    return jnp.mean(values) if samples.weights is None else jnp.dot(samples.weights, values)


class _Equal(NamedTuple):
    """Samples that count alike."""

    values: Any
    weights: None = None


def _parts(batch: Batch) -> tuple[Any, Any]:
    if not isinstance(batch, dict) or set(batch) != {"data", "model"}:
        got = sorted(batch) if isinstance(batch, dict) else type(batch).__name__
        raise ShapeError(
            f"batch: expected samples of 'data' and of the 'model' in a dict, got {got}"
        )
    data, model = (
        part if isinstance(part, Weighted) else _Equal(part)
        for part in (batch["data"], batch["model"])
    )
    for name, part in (("data", data), ("model", model)):
        count(name, part)
    return _probable("data", data), _probable("model", model)


def _probable(name: str, samples: Any) -> Any:
    """Weights that are no probabilities are refused, or NaN inside a compiled program."""
    if samples.weights is None:
        return samples
    weights = jnp.asarray(samples.weights)
    if weights.ndim != 1 or not jnp.issubdtype(weights.dtype, jnp.floating):
        raise ShapeError(
            f"{name}: weights: expected one probability a sample (n,), got {weights.dtype} of "
            f"shape {weights.shape}"
        )
    total = jnp.sum(weights)
    rounding = float(jnp.finfo(weights.dtype).eps) ** 0.5
    good = jnp.all(weights >= 0) & (jnp.abs(total - 1) <= rounding)
    if not isinstance(good, jax.core.Tracer) and not good:
        raise ShapeError(
            f"{name}: weights: expected probabilities ≥ 0 of the sum 1, got a least one of "
            f"{weights.min():g} and the sum {total:g}; divide them by their sum"
        )
    return samples._replace(weights=jnp.where(good, weights, jnp.nan))


def _check_number(free_energy: OfSample, params: Any, samples: Any) -> None:
    value = jax.eval_shape(free_energy, *shapes(params, samples.values))
    if getattr(value, "shape", None) != () or not jnp.issubdtype(value.dtype, jnp.floating):
        raise ShapeError(f"free_energy: expected one real number at one sample, got {value}")
