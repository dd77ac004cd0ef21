"""Damped least squares on whichever side is smaller: samples, parameters, or products alone.

    minimise |J δ − b|² + λ|δ|²:   δ = Jᵀ (J Jᵀ + λI)⁻¹ b = (JᵀJ + λI)⁻¹ Jᵀ b

Cost: ``2 n p min(n, p)`` flops for the Gram matrix and ``min(n, p)³/3`` for its Cholesky factor;
the products alone cost about five evaluations of the rows an iteration.
"""

from __future__ import annotations

from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import Array

from physml.lazy_jacobian import DEFAULT_MEMORY, Jacobian, as_complex, as_real, ravel_real


class Solve(Protocol):
    """A solver of the damped least-squares problem; ``memory`` bounds the rows held, in bytes."""

    def __call__(
        self, jacobian: Jacobian, rhs: Array, damping: Array | float, *, memory: int
    ) -> Any:
        """Return ``δ``, a pytree like the parameters."""


def _positive_solve(matrix: Array, rhs: Array, damping: Array | float) -> Array:
    """Solve by Cholesky, with a larger damping where rounding makes the factor fail.

    A Gram matrix of condition above ``1/ε`` has computed eigenvalues down to some ``−ε tr G``, and
    a small ``λ`` does not lift them above zero; ``100 ε tr G`` does.
    """
    diagonal = jnp.eye(len(rhs), dtype=rhs.dtype)

    def factorise(damping: Array | float) -> Array:
        return jnp.linalg.cholesky(matrix + damping * diagonal, symmetrize_input=False)

    factor = factorise(damping)
    enough = jnp.maximum(damping, 100 * jnp.finfo(rhs.dtype).eps * jnp.trace(matrix))
    positive = jnp.all(jnp.isfinite(jnp.diagonal(factor)))
    factor = jax.lax.cond(positive, lambda: factor, lambda: factorise(enough))
    return jax.scipy.linalg.cho_solve((factor, True), rhs)


def in_sample_space(
    jacobian: Jacobian, rhs: Array, damping: Array | float, *, memory: int = DEFAULT_MEMORY
) -> Any:
    """Solve ``δ = Jᵀ (J Jᵀ + λI)⁻¹ b`` (Woodbury, MinSR).

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        rhs: ``b``, ``(n,)``.
        damping: ``λ``, in the units of ``J Jᵀ``.
        memory: bytes the rows may fill; above it the Gram matrix is summed leaf by leaf.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    jacobian = jacobian.built(memory=memory)
    return jacobian.vm(_positive_solve(jacobian.sample_gram(memory=memory), rhs, damping))


def in_parameter_space(
    jacobian: Jacobian, rhs: Array, damping: Array | float, *, memory: int = DEFAULT_MEMORY
) -> Any:
    """Solve ``δ = (JᵀJ + λI)⁻¹ Jᵀ b`` (Gauss–Newton, stochastic reconfiguration).

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        rhs: ``b``, ``(n,)``.
        damping: ``λ``, in the units of ``JᵀJ``.
        memory: bytes the rows may fill; above it the Gram matrix is summed over chunks of samples.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    jacobian = jacobian.built(memory=memory)
    gradient, unravel = ravel_real(jacobian.vm(rhs))
    gram = jacobian.parameter_gram(memory=memory)
    return unravel(_positive_solve(gram, gradient, damping))


def matrix_free(
    jacobian: Jacobian,
    rhs: Array,
    damping: Array | float,
    *,
    memory: int = DEFAULT_MEMORY,
    tolerance: float = 1e-6,
    iterations: int = 500,
) -> Any:
    """Solve by conjugate gradients with products ``J v`` and ``Jᵀ r``, storing no rows.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        rhs: ``b``, ``(n,)``.
        damping: ``λ``; the condition number, and so the number of iterations, grows as ``|J|²/λ``.
        memory: unused: nothing grows with ``n p`` here.
        tolerance: relative residual at which to stop.
        iterations: the most products taken.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    del memory
    n, p = jacobian.shape
    if n <= p:
        solution, _ = jax.scipy.sparse.linalg.cg(
            lambda y: jacobian.mv(jacobian.vm(y)) + damping * y,
            rhs,
            tol=tolerance,
            maxiter=iterations,
        )
        return jacobian.vm(solution)

    def normal(step: Any) -> Any:
        image = as_real(jacobian.vm(jacobian.mv(as_complex(step))))
        return jax.tree.map(lambda a, b: a + damping * b, image, step)

    gradient = as_real(jacobian.vm(rhs))
    # Conjugate gradients take a NaN for convergence and return their start: it must be one, too.
    start = jax.tree.map(lambda leaf: 0 * leaf, gradient)
    solution, _ = jax.scipy.sparse.linalg.cg(
        normal, gradient, start, tol=tolerance, maxiter=iterations
    )
    return as_complex(solution)


def smallest_side(
    jacobian: Jacobian, rhs: Array, damping: Array | float, *, memory: int = DEFAULT_MEMORY
) -> Any:
    """Choose by static shapes: samples if ``n ≤ p``, else parameters; products if neither fits.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        rhs: ``b``, ``(n,)``.
        damping: ``λ``.
        memory: bytes that the Gram matrix, and the rows held at once, may fill.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    n, p = jacobian.shape
    size = jacobian.dtype.itemsize
    widest = max(leaf.size for leaf in jax.tree.leaves(as_real(jacobian.params)))
    if n <= p and n * max(n, widest) * size <= memory:
        return in_sample_space(jacobian, rhs, damping, memory=memory)
    if n > p and p * p * size <= memory:
        return in_parameter_space(jacobian, rhs, damping, memory=memory)
    return matrix_free(jacobian, rhs, damping, memory=memory)
