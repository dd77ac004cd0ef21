"""SOAP: Adam in the eigenbasis of the gradients' covariances, a Kronecker product a leaf.

    L = EMA(G Gᵀ) = Q_L Λ Q_Lᵀ,   R = EMA(GᵀG) = Q_R Λ Q_Rᵀ,   G' = Q_Lᵀ G Q_R

Adam divides by the root of each entry's mean square. In a basis where the entries are uncorrelated
that is whitening, so coordinates that a layer has mixed no longer slow each other down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.optim.learning_rate import scheduled
from physml.optim.real_pairs import on_real_pairs
from physml.optim.settings import OptimizerSettings
from physml.ranges import check_fraction, check_positive, check_rate
from physml.types import Optimizer

# Where a rotated entry should vanish rounding is left, and Adam would divide it by itself: in
# float32 the first step of a rank-one gradient came out 90 times too long. So many ε |√V| are added
# to the roots.
_ROUNDING = 10.0

_Sides = tuple[Array | None, ...]
"""A matrix for each axis of a leaf, None where the axis keeps its own basis."""


class SoapState(NamedTuple):
    """Adam's moments, the second in the eigenbases; and for each leaf a matrix a side."""

    step: Array
    mean: list[Array]
    square: list[Array]
    covariances: list[_Sides]
    bases: list[_Sides]


def soap(
    learning_rate: float | optax.Schedule = 3e-3,
    *,
    b1: float = 0.95,
    b2: float = 0.95,
    eps: float = 1e-8,
    precondition_every: int = 10,
    max_dim: int = 2048,
) -> Optimizer:
    """SOAP, first order: Adam in a slowly turning eigenbasis.

    With ``M = EMA(G)`` and ``V = EMA(G' ∘ G')``, bias-corrected as in Adam::

        W ← W − η Q_L [ (Q_Lᵀ M Q_R) / (√V + ε) ] Q_Rᵀ

    The bases start as eigenvectors of the first gradient's covariances. Every
    ``precondition_every`` steps they turn by one power iteration, ``Q ← QR(L Q)``, columns sorted
    by ``diag(Qᵀ L Q)`` and ``V`` with them. Leaves of one axis take plain Adam; those of three and
    more get a basis an axis.

    Args:
        learning_rate: ``η``, a number or an optax schedule.
        b1: decay of the mean of gradients, in [0, 1).
        b2: decay of the mean squares and of the covariances, in [0, 1).
        eps: ``ε``, added to the root.
        precondition_every: steps between turns of the bases.
        max_dim: longer sides keep their own basis; a side of length m costs ``2m²`` numbers.

    Returns:
        An optax transformation that asks for nothing but gradients.

    Raises:
        ConfigurationError: for options outside their ranges.

    Source: Vyas, Morwani, Zhao, Shapira, Brandfonbrener, Janson and Kakade (2024),
    arXiv:2409.11321.

    >>> import jax.numpy as jnp, optax, physml as pm
    >>> optimizer = pm.soap(1e-2)
    >>> params = {"kernel": jnp.ones((3, 2)), "bias": jnp.ones(2)}
    >>> updates, _ = optimizer.update(params, optimizer.init(params), params)
    >>> updates["bias"]
    Array([-0.01, -0.01], dtype=...)
    """
    check_rate("learning_rate", learning_rate)
    check_fraction("b1", b1)
    check_fraction("b2", b2)
    check_positive("eps", eps)
    precondition_every = as_whole("precondition_every", precondition_every, least=1)
    max_dim = as_whole("max_dim", max_dim, least=1, most=2**63 - 1)
    adam_in_eigenbasis = _scale_by_soap(b1, b2, eps, precondition_every, max_dim)
    return on_real_pairs(
        optax.chain(adam_in_eigenbasis, optax.scale_by_learning_rate(learning_rate))
    )


@OptimizerSettings.offer("soap")
def _soap(
    *,
    learning_rate: float = 3e-3,
    decay: float | None = None,
    cosine: float | None = None,
    b1: float = 0.95,
    b2: float = 0.95,
    precondition_every: int = 10,
) -> Optimizer:
    """SOAP: Adam in the eigenbasis of the gradients' covariances.

    Args:
        learning_rate: step length η.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        b1: decay of the mean of gradients, in [0, 1).
        b2: decay of the mean squares and of the covariances, in [0, 1).
        precondition_every: steps between turns of the bases.
    """
    rate = scheduled(learning_rate, decay, cosine)
    return soap(rate, b1=b1, b2=b2, precondition_every=precondition_every)


def _scale_by_soap(
    b1: float, b2: float, eps: float, every: int, max_dim: int
) -> optax.GradientTransformation:
    def init(params: Any) -> SoapState:
        leaves = jax.tree.leaves(params)
        zeros = [jnp.zeros_like(leaf) for leaf in leaves]

        def sides(leaf: Array, make: Any) -> _Sides:
            rotated = leaf.ndim > 1
            return tuple(
                make((size, size), leaf.dtype) if rotated and 1 < size <= max_dim else None
                for size in leaf.shape
            )

        def identity(shape: tuple[int, int], dtype: Any) -> Array:
            return jnp.eye(shape[0], dtype=dtype)

        return SoapState(
            jnp.zeros((), jnp.int32),
            zeros,
            zeros,
            [sides(leaf, jnp.zeros) for leaf in leaves],
            [sides(leaf, identity) for leaf in leaves],
        )

    def update(gradient: Any, state: SoapState, params: Any = None) -> tuple[Any, SoapState]:
        del params
        gradients, tree = jax.tree.flatten(gradient)
        covariances = [
            _add_covariances(sides, g, b2)
            for sides, g in zip(state.covariances, gradients, strict=True)
        ]
        bases = jax.lax.cond(
            state.step == 0,
            lambda: jax.tree.map(_eigenvectors, covariances),
            lambda: state.bases,
        )
        count = state.step + 1
        mean = [b1 * m + (1 - b1) * g for m, g in zip(state.mean, gradients, strict=True)]
        square = [
            b2 * v + (1 - b2) * _rotate(g, sides) ** 2
            for v, g, sides in zip(state.square, gradients, bases, strict=True)
        ]

        def direction(mean: Array, square: Array, sides: _Sides) -> Array:
            steps = count.astype(mean.dtype)
            rotated = _rotate(mean, sides) / (1 - b1**steps)
            root = jnp.sqrt(square / (1 - b2**steps))
            turned = any(side is not None for side in sides)
            rounding = _ROUNDING * jnp.finfo(root.dtype).eps * jnp.linalg.norm(root)
            return _rotate(rotated / (root + eps + (rounding if turned else 0.0)), sides, back=True)

        updates = [direction(*leaf) for leaf in zip(mean, square, bases, strict=True)]

        def turn() -> tuple[list[_Sides], list[Array]]:
            turned = [_turn(*leaf) for leaf in zip(bases, covariances, square, strict=True)]
            return [sides for sides, _ in turned], [square for _, square in turned]

        due = (state.step > 0) & (state.step % every == 0)
        bases, square = jax.lax.cond(due, turn, lambda: (bases, square))
        return jax.tree.unflatten(tree, updates), SoapState(count, mean, square, covariances, bases)

    return optax.GradientTransformation(init, update)


def _rotate(array: Array, sides: Sequence[Array | None], *, back: bool = False) -> Array:
    """``Qᵀ`` on every axis that has a basis, or ``Q`` to go back."""
    for axis, basis in enumerate(sides):
        if basis is not None:
            product = jnp.tensordot(array, basis, axes=(axis, 1 if back else 0))
            array = jnp.moveaxis(product, -1, axis)
    return array


def _add_covariances(sides: _Sides, gradient: Array, decay: float) -> _Sides:
    """The running mean of ``G Gᵀ`` over each axis."""

    def unfold(axis: int) -> Array:
        return jnp.moveaxis(gradient, axis, 0).reshape(gradient.shape[axis], -1)

    return tuple(
        None if side is None else decay * side + (1 - decay) * unfold(axis) @ unfold(axis).T
        for axis, side in enumerate(sides)
    )


def _eigenvectors(covariance: Array) -> Array:
    """Eigenvectors, the largest eigenvalue first, as power iterations order them."""
    return jnp.linalg.eigh(covariance)[1][:, ::-1]


def _turn(bases: _Sides, covariances: _Sides, square: Array) -> tuple[_Sides, Array]:
    """One power iteration a side; the mean squares follow their columns."""
    turned: list[Array | None] = []
    for axis, (basis, covariance) in enumerate(zip(bases, covariances, strict=True)):
        if basis is None or covariance is None:
            turned.append(None)
            continue
        image = covariance @ basis
        order = jnp.argsort(-jnp.sum(basis * image, axis=0))
        turned.append(jnp.linalg.qr(image[:, order])[0])
        square = jnp.take(square, order, axis=axis)
    return tuple(turned), square
