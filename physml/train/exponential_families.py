"""Distributions of labels given a natural parameter ``z``, and the factor of their curvature.

    −ln p(y | z) = A(z) − z·y + const,   ∇_z = μ − y,   ∇²_z = ∇²A(z) = L Lᵀ,   μ = ∇A(z)

A floor under the probabilities enters ``L`` alone, through one ``p̃`` that is used throughout: so
``L r = μ − y`` holds exactly whatever the floor, and with it ``Jᵀr = ∇C``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ShapeError


class ExponentialFamily(NamedTuple):
    """A distribution of labels ``y``, in terms of one sample's natural parameter ``z``.

    Attributes:
        target: ``(z, y) -> y``, in the type and shape of ``z``; NaN where it is no label.
        loss: ``(z, target) -> ()``: ``−ln p(y | z)``.
        residual: ``(z, target, floor) -> r`` with ``L r = μ − y``.
        factor: ``(z, change, floor) -> Lᵀ change``, with ``L`` at ``z``.
        metrics: ``(z, target) -> {name: ()}``, of one sample, to be averaged.
        labels: what a label is, in words.
    """

    target: Callable[[Array, Array], Array]
    loss: Callable[[Array, Array], Array]
    residual: Callable[[Array, Array, float], Array]
    factor: Callable[[Array, Array, float], Array]
    metrics: Callable[[Array, Array], dict[str, Array]]
    labels: str


def _class_target(z: Array, y: Array) -> Array:
    if z.ndim != 1 or z.shape[0] < 2:
        raise ShapeError(
            f"categorical: expected at least two logits of one sample, (K,), got {z.shape}; "
            "of two classes one logit will do, with bernoulli"
        )
    classes = z.shape[0]
    if y.shape == (classes,):
        # Those that sum to one within the rounding of single precision do so exactly afterwards.
        total = jnp.sum(y.astype(z.dtype))
        valid = jnp.all(y >= 0) & (jnp.abs(total - 1) < 1e-3)
        return jnp.where(valid, y / jnp.where(valid, total, 1), jnp.nan).astype(z.dtype)
    if y.shape:
        raise ShapeError(f"labels: expected a class, or {classes} probabilities, got {y.shape}")
    valid = (y >= 0) & (y < classes) & (y == jnp.floor(y))
    hot = jax.nn.one_hot(jnp.where(valid, y, 0).astype(jnp.int32), classes, dtype=z.dtype)
    return jnp.where(valid, hot, jnp.nan)


def _class_loss(z: Array, target: Array) -> Array:
    # A class that is excluded by a logit of −∞ costs nothing where it is not the label.
    return -jnp.sum(jnp.where(target == 0, 0.0, target * jax.nn.log_softmax(z)))


def _floored(z: Array, floor: float) -> Array:
    p = jnp.maximum(jax.nn.softmax(z), floor)
    return p / jnp.sum(p)


def _class_factor(z: Array, change: Array, floor: float) -> Array:
    p = _floored(z, floor)
    return jnp.sqrt(p) * (change - jnp.dot(p, change))


categorical = ExponentialFamily(
    _class_target,
    _class_loss,
    lambda z, target, floor: (jax.nn.softmax(z) - target) / jnp.sqrt(_floored(z, floor)),
    _class_factor,
    lambda z, target: {
        "accuracy": (jnp.argmax(z) == jnp.argmax(target)).astype(z.dtype),
    },
    "a class, a whole number from 0 to K − 1, or K probabilities",
)
"""One of K classes: ``p = softmax z``, ``L = diag √p̃ − p̃ √p̃ᵀ``, ``r = (p − y)/√p̃``."""


def _same_shape(z: Array, y: Array, valid: Array) -> Array:
    if y.shape != z.shape or z.ndim > 1:
        raise ShapeError(
            f"labels: expected one for each output of a sample, () or (m,): got labels {y.shape} "
            f"and outputs {z.shape}"
        )
    return jnp.where(valid, y.astype(z.dtype), jnp.nan)


def _bernoulli_root(z: Array, floor: float) -> Array:
    return jnp.sqrt(jnp.maximum(jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), floor))


bernoulli = ExponentialFamily(
    lambda z, y: _same_shape(z, y, (y >= 0) & (y <= 1)),
    lambda z, y: -jnp.sum(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z)),
    # p − y in two parts, so that a confident and right p keeps its digits.
    lambda z, y, floor: (
        ((1 - y) * jax.nn.sigmoid(z) - y * jax.nn.sigmoid(-z)) / _bernoulli_root(z, floor)
    ),
    lambda z, change, floor: _bernoulli_root(z, floor) * change,
    lambda z, y: {"accuracy": jnp.mean(((z > 0) == (y > 0.5)).astype(z.dtype))},
    "0 or 1, or the probability of 1",
)
"""Yes or no, of each output: ``p = 1/(1 + e^{−z})``, ``L = √(p(1 − p))``."""


def _count_deviance(z: Array, y: Array) -> Array:
    return 2 * jnp.sum(jax.scipy.special.xlogy(y, y) - y * z - y + jnp.exp(z))


poisson = ExponentialFamily(
    lambda z, y: _same_shape(z, y, (y >= 0) & (y == jnp.floor(y))),
    lambda z, y: jnp.sum(jnp.exp(z) - y * z + jax.scipy.special.gammaln(y + 1)),
    lambda z, y, floor: (jnp.exp(z) - y) / jnp.sqrt(jnp.maximum(jnp.exp(z), floor)),
    lambda z, change, floor: jnp.sqrt(jnp.maximum(jnp.exp(z), floor)) * change,
    lambda z, y: {"deviance": _count_deviance(z, y)},
    "a count, a whole number ≥ 0",
)
"""Counts, of each output: ``μ = e^z``, ``L = √μ``."""


def check_labels(family: ExponentialFamily, z: Array, labels: Array) -> None:
    """Refuse labels that are none, where their values are at hand: not inside a compiled program.

    Args:
        family: of the labels.
        z: natural parameters, or what has their shape and type, ``(n, ...)``.
        labels: ``(n, ...)``.

    Raises:
        ShapeError: names the first that is none.
    """
    if isinstance(labels, jax.core.Tracer):
        return
    with jax.ensure_compile_time_eval():
        targets = jax.vmap(family.target)(jnp.zeros(z.shape, z.dtype), jnp.asarray(labels))
        valid = np.isfinite(np.asarray(targets))
    bad = np.flatnonzero(~valid.reshape(len(labels), -1).all(axis=1))
    if len(bad):
        raise ShapeError(
            f"labels: expected {family.labels} (outputs {z.shape[1:]}), got "
            f"{np.asarray(labels)[bad[0]].tolist()} as label {bad[0]}"
        )
