"""Covariance matrices of what was observed and what is asked for, and their factor.

``Kᵢⱼ = Lᵢ Lⱼ k(xᵢ, xⱼ)`` with the operators of the observations. Values, slopes and right-hand
sides have sizes of their own, so that a factor is made of correlations: with ``sᵢ² = Kᵢᵢ + σᵢ²``

    K + Σ = S (C + ϵI) S,    C + ϵI = L Lᵀ

and the *jitter* ϵ is 0 where noise keeps C from being singular, else ``n`` times the rounding of a
number, which is what rounding makes of a matrix of n rows anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.learn.bayes.kernels import Kernel
from physml.learn.bayes.linear_operator import Family, both
from physml.learn.bayes.observed import Observed
from physml.types import LocalOperator

Operators = tuple[LocalOperator | None, ...]

# The noise, in parts of the whole variance, above which no jitter is needed: 100 n ε.
_NOISE_ENOUGH = 100.0


@dataclass(frozen=True)
class Fixed:
    """The family of one kernel, whatever the hyperparameters."""

    kernel: Kernel

    def __call__(self, hyperparameters: Any) -> Kernel:
        """The kernel."""
        return self.kernel


class Data(NamedTuple):
    """Observations as arrays, for compiled programs.

    Attributes:
        points: of each ``Observed``, ``(n_k, d)``.
        values: minus those of the prior's mean, ``(n,)``.
        noise: of each, ``()`` or ``(n_k,)``, or None where a hyperparameter holds it.
    """

    points: tuple[Array, ...]
    values: Array
    noise: tuple[Any, ...]


class Shape(NamedTuple):
    """What of the observations is no array.

    Attributes:
        operators: of each ``Observed``.
        noise_names: the hyperparameter that holds the noise of each, or None.
    """

    operators: Operators
    noise_names: tuple[str | None, ...]


class Factor(NamedTuple):
    """``K + Σ = S (C + ϵI) S`` by the Cholesky factor of the correlations.

    Attributes:
        lower: ``L``, ``(n, n)``.
        scale: ``s``, ``(n,)``.
        jitter: ``ϵ``, of the correlations.
    """

    lower: np.ndarray
    scale: np.ndarray
    jitter: float


def shape_of(observed: Sequence[Observed]) -> Shape:
    """Operators and names of hyperparameters."""
    names = tuple(one.noise if isinstance(one.noise, str) else None for one in observed)
    return Shape(tuple(one.operator for one in observed), names)


def data_of(observed: Sequence[Observed], mean_values: np.ndarray) -> Data:
    """The observations as arrays, minus the values of the prior's mean."""
    noise = tuple(
        None if isinstance(one.noise, str) else jnp.asarray(one.noise) for one in observed
    )
    values = np.concatenate([one.values for one in observed]) - mean_values
    return Data(tuple(jnp.asarray(one.points) for one in observed), jnp.asarray(values), noise)


def cross(
    kernel: Kernel, rows: Operators, row_points: Any, columns: Operators, column_points: Any
) -> Array:
    """``Lᵢ Mⱼ k(xᵢ, yⱼ)``, block by block."""
    return jnp.concatenate(
        [
            jnp.concatenate(
                [
                    _block(both(kernel, left, right), x, y)
                    for right, y in zip(columns, column_points, strict=True)
                ],
                axis=1,
            )
            for left, x in zip(rows, row_points, strict=True)
        ]
    )


def _block(covariance: Kernel, x: Array, y: Array) -> Array:
    return jax.vmap(lambda a: jax.vmap(lambda b: covariance(a, b))(y))(x)


def variances(shape: Shape, hyperparameters: Any, data: Data) -> Array:
    """``Σ``'s diagonal, ``(n,)``."""
    parts = []
    for name, given, points in zip(shape.noise_names, data.noise, data.points, strict=True):
        deviation = hyperparameters[name] if name is not None else given
        parts.append(jnp.broadcast_to(deviation**2, (len(points),)))
    return jnp.concatenate(parts)


def correlations(
    family: Family, shape: Shape, hyperparameters: Any, data: Data, *, jitter: float = 1.0
) -> tuple[Array, Array, Array]:
    """``C + ϵI``, ``s`` and ``ϵ``, where there has to be one ``jitter`` times ``n`` roundings."""
    K = cross(family(hyperparameters), shape.operators, data.points, shape.operators, data.points)
    noise = variances(shape, hyperparameters, data)
    square = jnp.diagonal(K) + noise
    s, n = jnp.sqrt(square), len(square)
    rounding = n * jnp.finfo(K.dtype).eps
    enough = jnp.min(noise / square) > _NOISE_ENOUGH * rounding
    added = jnp.where(enough, 0.0, jitter * rounding)
    C = (K + jnp.diag(noise)) / s[:, None] / s[None, :]
    return C + added * jnp.eye(n), s, added


@partial(jax.jit, static_argnums=(0, 1, 2))
def covariances(
    family: Family,
    rows: Operators,
    columns: Operators,
    hyperparameters: Any,
    row_points: Any,
    column_points: Any,
) -> Array:
    """``cross``, compiled."""
    return cross(family(hyperparameters), rows, row_points, columns, column_points)


@partial(jax.jit, static_argnums=(0, 1))
def _correlations(family: Family, shape: Shape, hyperparameters: Any, data: Data) -> Any:
    return correlations(family, shape, hyperparameters, data)


def factored(family: Family, shape: Shape, hyperparameters: Any, data: Data) -> Factor:
    """The factor of the covariance of the observations.

    Raises:
        ConfigurationError: it is not finite, or not positive definite beyond rounding.
    """
    C, s, jitter = map(np.asarray, _correlations(family, shape, hyperparameters, data))
    if not (np.isfinite(C).all() and np.all(s > 0)):
        raise ConfigurationError(
            "kernel: expected a finite covariance of the observations, and variances > 0, got "
            f"{np.sum(~np.isfinite(C))} entries of {C.size} that are not finite and "
            f"{np.sum(~(s > 0))} variances of {len(s)} that are none; a kernel that vanishes at a "
            "point knows its value there, give that observation a noise or leave it out"
        )
    try:
        lower = np.linalg.cholesky(C)
    except np.linalg.LinAlgError as error:
        least = float(np.linalg.eigvalsh(C).min())
        raise ConfigurationError(
            "kernel: expected a positive definite covariance, got correlations with an eigenvalue "
            f"of {least:.3g}, below the rounding of {len(s)} observations; either k is no "
            "covariance of any function, or it is known where its rounding is larger: give the "
            "observations a noise, or fewer of them, or a shorter length scale"
        ) from error
    return Factor(lower, s, float(jitter))


def solved(factor: Factor, right: np.ndarray) -> np.ndarray:
    """``(K + Σ)⁻¹`` of columns ``(n,)`` or ``(n, m)``."""
    from scipy.linalg import cho_solve  # here, since scipy takes long to load

    return (cho_solve((factor.lower, True), (right.T / factor.scale).T).T / factor.scale).T


def whitened(factor: Factor, right: np.ndarray) -> np.ndarray:
    """``L⁻¹ S⁻¹`` of columns ``(n, m)``."""
    from scipy.linalg import solve_triangular

    return solve_triangular(factor.lower, right / factor.scale[:, None], lower=True)
