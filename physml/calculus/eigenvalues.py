"""Eigenvalues and spectral projectors of Hermitian matrices, with derivative rules of their own.

    ∂λ_k = v_k† ∂A v_k                                                    Hellmann–Feynman
    ∂P   = Σ_{i∈S, j∉S} (v_i† ∂A v_j)/(λ_i − λ_j) v_i v_j† + h.c.          P = Σ_{i∈S} v_i v_i†

One decomposition gives all of either: a row of derivatives of an eigenvalue costs a product. No
rule divides by the distance of two eigenvalues that are both kept, or both left out, so that
derivatives of eigenvalues are finite wherever they are, and those of a projector wherever the gap
around what it keeps is open. Derivatives of single eigenvectors are neither.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ShapeError

__all__ = ["eigenvalues", "spectral_projector"]

_ASYMMETRY = 1e3
"""Roundings of the largest entry by which a matrix may differ from its adjoint."""


def eigenvalues(matrix: Any) -> Array:
    """The eigenvalues of a Hermitian matrix, in ascending order.

    At a crossing their derivatives are one-sided, as sorted eigenvalues have a kink there: finite,
    in the order in which the decomposition gives the vectors, and their sum over equal ones right.
    Second derivatives are of distinct eigenvalues alone.

    Args:
        matrix: ``(..., n, n)``, real symmetric or complex Hermitian.

    Returns:
        ``(..., n)``, real.

    Raises:
        ShapeError: no square matrix; one that is not Hermitian, where its entries are known, which
            inside of ``jit`` they are not: there its Hermitian part is taken.

    Source: R. P. Feynman (1939), doi:10.1103/PhysRev.56.340.

    >>> import jax, jax.numpy as jnp
    >>> matrix = lambda g: jnp.array([[0.0, g], [g, 0.0]])  # ±g, which cross at 0
    >>> eigenvalues(matrix(0.5)).tolist(), jax.jacobian(eigenvalues)(jnp.eye(2)).shape
    ([-0.5, 0.5], (2, 2, 2))
    """
    return _eigenvalues(_hermitian("matrix", matrix))


def spectral_projector(matrix: Any, first: int, count: int) -> Array:
    """The projector on the span of some eigenvectors of a Hermitian matrix.

    Its first derivatives are finite where eigenvalues that are kept are equal, or those that are
    left out; they are infinite where one that is kept meets one that is not: there it jumps.

    Args:
        matrix: ``(..., n, n)``, real symmetric or complex Hermitian.
        first: number of the first eigenvector kept, counted from 0 in ascending order.
        count: how many.

    Returns:
        ``P = Σ v_i v_i†``, ``(..., n, n)``.

    Raises:
        ShapeError: as for ``eigenvalues``.
        ConfigurationError: more eigenvectors than there are.

    Source: T. Kato, Perturbation Theory for Linear Operators, II.2, doi:10.1007/978-3-642-66282-9.

    >>> import jax.numpy as jnp
    >>> spectral_projector(jnp.diag(jnp.array([3.0, 1.0, 2.0])), 0, 2).tolist()
    [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    matrix = _hermitian("matrix", matrix)
    size = matrix.shape[-1]
    first = as_whole("first", first, least=0, most=size - 1)
    count = as_whole("count", count, least=1, most=size - first)
    return _projector(first, count, matrix)


def _hermitian(name: str, matrix: Any) -> Array:
    """The matrix as an array, once it is seen to be square, and Hermitian where that is known."""
    if not jnp.ndim(matrix) >= 2 or jnp.shape(matrix)[-1] != jnp.shape(matrix)[-2]:
        raise ShapeError(f"{name}: expected (..., n, n), got {jnp.shape(matrix)}")
    matrix = jnp.asarray(matrix, jnp.result_type(matrix, 1.0))
    if not isinstance(matrix, jax.core.Tracer):
        values = np.asarray(matrix)
        off = np.abs(values - np.conj(np.swapaxes(values, -1, -2))).max((-2, -1), initial=0.0)
        largest = np.abs(values).max((-2, -1), initial=0.0)
        wrong = off > _ASYMMETRY * jnp.finfo(matrix.dtype).eps * largest
        if np.any(wrong):
            raise ShapeError(
                f"{name}: expected a Hermitian matrix, got entries that differ from those of its "
                f"adjoint by {np.max(off[wrong]):.2g}; take (A + A†)/2, or singular values"
            )
    return matrix


@jax.custom_jvp
def _eigenvalues(matrix: Array) -> Array:
    return jnp.linalg.eigvalsh(matrix)


@_eigenvalues.defjvp
def _push_eigenvalues(primals: Any, tangents: Any) -> tuple[Array, Array]:
    (matrix,), (change,) = primals, tangents
    values, vectors = jnp.linalg.eigh(matrix)
    return values, jnp.sum(jnp.real(jnp.conj(vectors) * (change @ vectors)), axis=-2)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _projector(first: int, count: int, matrix: Array) -> Array:
    kept = jnp.linalg.eigh(matrix)[1][..., first : first + count]
    return kept @ _adjoint(kept)


@_projector.defjvp
def _push_projector(first: int, count: int, primals: Any, tangents: Any) -> tuple[Array, Array]:
    (matrix,), (change,) = primals, tangents
    values, vectors = jnp.linalg.eigh(matrix)
    places = np.arange(matrix.shape[-1])
    within = (places >= first) & (places < first + count)
    across = within[:, None] & ~within[None, :]
    gaps = values[..., :, None] - values[..., None, :]
    coupling = _adjoint(vectors) @ (0.5 * (change + _adjoint(change))) @ vectors
    # The gap of what does not count is 1, so that no derivative of it is a NaN times 0.
    turned = jnp.where(across, coupling / jnp.where(across, gaps, 1.0), 0.0)
    half = vectors @ turned @ _adjoint(vectors)
    kept = vectors[..., first : first + count]
    return kept @ _adjoint(kept), half + _adjoint(half)


def _adjoint(matrix: Array) -> Array:
    return jnp.conj(jnp.swapaxes(matrix, -1, -2))
