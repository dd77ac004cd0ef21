"""Costs of a network's outputs with their derivatives: means over samples, written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError
from physml.train.exponential_families import (
    ExponentialFamily,
    bernoulli,
    categorical,
    check_labels,
)


class Cost(NamedTuple):
    """A cost ``C(a, y)`` of the last activations, ``(n, m)``, and targets of ``n`` samples.

    Attributes:
        value: ``(a, y) -> ()``, a mean over samples.
        derivative: ``(a, y) -> ∂C/∂a``, ``(n, m)``, with the ``1/n`` of that mean.
    """

    value: Callable[[Array, Array], Array]
    derivative: Callable[[Array, Array], Array]


def _difference(a: Array, y: Array) -> Array:
    if a.shape != y.shape:
        raise ShapeError(f"targets: expected the shape of the outputs, {a.shape}, got {y.shape}")
    if jnp.iscomplexobj(a) or jnp.iscomplexobj(y):
        raise ShapeError(f"outputs, targets: expected real numbers, got {a.dtype} and {y.dtype}")
    return a - y


squared_error = Cost(
    lambda a, y: 0.5 * jnp.mean(jnp.sum(_difference(a, y) ** 2, axis=tuple(range(1, a.ndim)))),
    lambda a, y: _difference(a, y) / len(a),
)
"""``C = (1/2n) Σ |a − y|²``, ``∂C/∂a = (a − y)/n``: the loss of ``least_squares``."""


def _targets(family: ExponentialFamily, z: Array, y: Array) -> Array:
    if z.ndim != 2 or len(y) != len(z):
        raise ShapeError(f"targets: expected one for each of the logits {z.shape}, got {y.shape}")
    check_labels(family, z, y)
    return jax.vmap(family.target)(z, y)


def _cross_entropy(family: ExponentialFamily, mean: Callable[[Array], Array]) -> Cost:
    return Cost(
        lambda z, y: jnp.mean(jax.vmap(family.loss)(z, _targets(family, z, y))),
        lambda z, y: (mean(z) - _targets(family, z, y)) / len(z),
    )


softmax_cross_entropy = _cross_entropy(categorical, lambda z: jax.nn.softmax(z, axis=1))
"""``C = −(1/n) Σ ln p(yᵢ)``, ``p = softmax z``: ``∂C/∂z = (p − y)/n``, of logits ``(n, K)``.

Labels are whole numbers ``(n,)`` or probabilities ``(n, K)``; one that is none makes the loss NaN
inside a compiled program, and is refused outside.
"""

logistic_cross_entropy = _cross_entropy(bernoulli, jax.nn.sigmoid)
"""``C = −(1/n) Σ [y ln p + (1 − y) ln(1 − p)]``, ``p = 1/(1 + e^{−z})``: ``∂C/∂z = (p − y)/n``.

Of logits ``(n, m)`` and labels ``(n, m)``, 0 or 1 each.
"""
