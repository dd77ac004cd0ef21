"""Cross-entropy as an objective, with the rows of generalised Gauss–Newton.

    C = −mean ln p(y | z(θ, x)),   J = Lᵀ ∂z/√n,   r = L⁻¹ (μ − y)/√n,   L Lᵀ = ∇²A(z)

``Jᵀr = ∇C`` and ``JᵀJ = mean ∂zᵀ ∇²A ∂z``, positive, from first derivatives alone. ``½|r|²`` is not
the loss. With weights of samples ``C = −mean w ln p``, and their rows and residuals carry ``√w``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError, ShapeError
from physml.lazy_jacobian import Block, Jacobian
from physml.real_parts import real_type
from physml.train.data_arguments import around
from physml.train.exponential_families import ExponentialFamily, categorical, check_labels
from physml.train.influence import check_influence
from physml.train.sample_weights import checked_sample_weights
from physml.train.samples import count, shapes
from physml.types import Batch, Evaluation, Objective, Term

Model = Callable[[Any, Any], Array]
"""``(params, input) -> z``: the natural parameter of one sample, ``()`` or ``(m,)``."""


def cross_entropy(
    model: Model, *, family: ExponentialFamily = categorical, floor: float = 1e-6
) -> Objective:
    """The objective ``−mean ln p(y | z)`` of labelled samples, ``z = model(params, x)``.

    Of classes ``z`` are logits, ``(K,)``, and ``r = (p − y)/√p̃/√n`` and ``J = Lᵀ ∂z/√n`` with
    ``L = diag √p̃ − p̃ √p̃ᵀ``, K rows a sample. Entries of ``r`` reach ``1/√floor`` where a
    confident model is wrong: give ``natural_gradient`` a bound (``max_norm``) or a line search, and
    do not sketch the rows.

    Args:
        model: ``(params, x) -> z`` of one input; a ``jax.tree_util.Partial(f, data)`` has its
            arrays as data: see ``fit``.
        family: ``categorical`` (softmax), ``bernoulli``, ``poisson``.
        floor: the smallest ``p̃`` (or ``p(1 − p)``, or mean) in ``L``, in (0, 0.1); gradient and
            loss are exact whatever it is.

    Returns:
        An objective whose batch is a pair ``(inputs, labels)`` with one leading axis ``n``; classes
        as whole numbers ``(n,)`` or probabilities ``(n, K)``, of the other families one for each
        output; or a triple ``(inputs, labels, weights)`` with ``w ≥ 0``, ``(n,)``, undivided by
        their sum. Metrics are ``accuracy`` or, of counts, ``deviance``, without weights.

    Raises:
        ConfigurationError: a floor out of range; when traced, a model that no parameter can change.
        ShapeError: outputs and labels that do not fit; labels that are none, such as a class K;
            weights that are none. Inside a compiled program the loss is NaN there, at which ``fit``
            stops and names the sample.

    Sources: Schraudolph (2002), doi:10.1162/08997660260028683; Martens (2020), Journal of Machine
    Learning Research 21(146) (generalised Gauss–Newton).

    >>> import jax.numpy as jnp, physml as pm
    >>> objective = pm.cross_entropy(lambda params, x: params * x)
    >>> inputs, labels = jnp.ones((2, 3)), jnp.array([0, 2])
    >>> evaluation, _ = objective.evaluate(jnp.zeros(3), (), (inputs, labels))
    >>> round(float(evaluation.loss), 4), evaluation.jacobian.shape
    (1.0986, (6, 3))
    """
    if not 0 < floor < 0.1:
        raise ConfigurationError(f"floor: expected a number in (0, 0.1), got {floor}")

    def losses(model: Model, params: Any, batch: Batch) -> tuple[Array, Array, Array]:
        inputs, labels, weights = _parts(batch)
        z = jax.vmap(lambda x: _outputs(model, params, x))(inputs)
        check_labels(family, z, labels)
        targets = jax.vmap(family.target)(z, labels)
        each = jax.vmap(family.loss)(z, targets)
        return z, targets, jnp.mean(each if weights is None else _weight(weights, z.dtype) * each)

    def value(model: Model, params: Any, state: tuple[()], batch: Batch) -> Array:
        return losses(model, params, batch)[2]

    def evaluate(
        model: Model, params: Any, state: tuple[()], batch: Batch
    ) -> tuple[Evaluation, tuple[()]]:
        z, targets, loss = losses(model, params, batch)
        inputs, _, weights = _parts(batch)
        row = around(lambda model: FactorRow(model, family, floor), model)
        check_influence("cross entropy", row, *shapes(params, inputs))
        scale = jnp.asarray(1 / len(z) ** 0.5, z.dtype)
        residual = jax.vmap(lambda z, y: family.residual(z, y, floor))(z, targets)
        if weights is not None:
            scale = scale * jnp.sqrt(_weight(weights, z.dtype))
        residual = (jnp.reshape(scale, (-1,) + (1,) * (residual.ndim - 1)) * residual).ravel()
        jacobian = Jacobian(params, (Block(row, inputs, scale, by_layer=True),))
        metrics = {n: jnp.mean(m) for n, m in jax.vmap(family.metrics)(z, targets).items()}
        return Evaluation(loss, jacobian.vm(residual), residual, jacobian, metrics), state

    def terms(model: Model, batch: Batch) -> dict[str, Term]:
        def one(params: Any, sample: Any) -> Array:
            x, y, *weight = sample
            z = _outputs(model, params, x)
            loss = family.loss(z, family.target(z, y))
            return _weight(weight[0], z.dtype) * loss if weight else loss

        words = f"loss (a label is {family.labels})"
        return {"cross entropy": Term(one, tuple(batch), words, "sample")}

    parts = (Partial(part, model) for part in (evaluate, value, terms))
    return Objective(lambda params: (), *parts)


@dataclasses.dataclass(frozen=True)
class FactorRow:
    """``Lᵀ z`` of one input, whose derivative has ``L`` held fixed: the rows ``Lᵀ ∂z``."""

    model: Callable[..., Array]
    family: ExponentialFamily
    floor: float

    def __call__(self, *args: Any, **data: Any) -> Array:
        """``()`` or ``(m,)``; parameters and input come last, after the model's own data."""
        z = _outputs(partial(self.model, **data), *args)
        return self.family.factor(jax.lax.stop_gradient(z), z, self.floor)


def _outputs(model: Callable[..., Array], *args: Any) -> Array:
    """The natural parameter of one input, in the precision of the parameters."""
    z = model(*args)
    if not hasattr(z, "shape") or z.ndim > 1:
        got = getattr(z, "shape", type(z).__name__)
        raise ShapeError(f"model: expected outputs () or (m,) of one input, got {got}")
    if not jnp.issubdtype(z.dtype, jnp.floating):
        raise ShapeError(f"model: expected real floating-point outputs, got {z.dtype}")
    dtype = real_type(args[-2])
    return z.astype(dtype) if jnp.issubdtype(dtype, jnp.floating) else z


def _weight(weights: Array, dtype: Any) -> Array:
    """Weights in the precision of the outputs; NaN where they are none."""
    return jnp.where(weights >= 0, weights, jnp.nan).astype(dtype)


def _parts(batch: Batch) -> tuple[Any, Array, Array | None]:
    """Inputs, labels, and weights or None."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        got = type(batch).__name__ + (
            f" of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
        )
        raise ShapeError(
            f"batch: expected a pair (inputs, labels), or a triple with weights, got {got}"
        )
    inputs, labels, *weights = batch
    n = count("cross entropy", tuple(batch))
    for name, part in zip(("labels", "weights"), (labels, *weights), strict=False):
        if not hasattr(part, "dtype") or jnp.issubdtype(part.dtype, jnp.complexfloating):
            got = getattr(part, "dtype", type(part).__name__)
            raise ShapeError(f"{name}: expected an array of real numbers, got {got}")
    if not weights:
        return inputs, labels, None
    (weight,) = weights
    if weight.shape != (n,):
        raise ShapeError(f"weights: expected one a sample, ({n},), got {weight.shape}")
    if not isinstance(weight, jax.core.Tracer):
        checked_sample_weights("weights", weight)
    return inputs, labels, weight
