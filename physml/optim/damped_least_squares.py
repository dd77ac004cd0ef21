"""Damped least squares on whichever side is smaller: samples, parameters, or products alone.

    minimise |J δ − r|² + λ |δ − c|²
    δ = c + Jᵀ (J Jᵀ + λI)⁻¹ (r − J c) = c + (JᵀJ + λI)⁻¹ Jᵀ (r − J c)

Without a residual, the metric alone: ``(JᵀJ + λI) δ = ∇C + λ c``.

Cost: ``2 n p min(n, p)`` flops for the Gram matrix and ``min(n, p)³/3`` for its Cholesky factor;
the products alone cost about five evaluations of the rows an iteration.
"""

from __future__ import annotations

from typing import Any, Protocol

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY, Jacobian
from physml.real_parts import as_complex, as_real, ravel_real


class Solve(Protocol):
    """A solver of damped least squares; alone in knowing whether it builds rows."""

    def __call__(
        self,
        jacobian: Jacobian,
        residual: Array | None,
        damping: Array | float,
        *,
        memory: int,
        centre: Any = None,
        gradient: Any = None,
    ) -> Any:
        """Return ``δ``, a pytree like the parameters.

        Args:
            jacobian: the rows ``J``, ``(n, p)``.
            residual: ``r``, ``(n,)``; None for the metric alone, with ``gradient`` in its place.
            damping: ``λ``, in the units of ``J Jᵀ``.
            memory: bytes that rows and Gram matrices may fill.
            centre: ``c``, a pytree like the parameters; None for 0, and then not passed.
            gradient: ``∇C``, a pytree like the parameters; passed where there is no residual.
        """


def in_sample_space(
    jacobian: Jacobian,
    residual: Array | None,
    damping: Array | float,
    *,
    memory: int = DEFAULT_MEMORY,
    centre: Any = None,
    gradient: Any = None,
) -> Any:
    """Solve ``δ = c + Jᵀ (J Jᵀ + λI)⁻¹ (r − J c)`` (Woodbury, MinSR).

    Without a residual ``δ = c + [h − Jᵀ (J Jᵀ + λI)⁻¹ J h]/λ`` with ``h = ∇C − JᵀJ c``, of which
    what the rows do not span is stretched by ``1/λ``, rounding of some ``ε |∇C|`` with it.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        residual: ``r``, ``(n,)``; None for the metric alone.
        damping: ``λ``, in the units of ``J Jᵀ``.
        memory: bytes the rows may fill; above it the Gram matrix is summed leaf by leaf.
        centre: ``c``, a pytree like the parameters; 0 if None.
        gradient: ``∇C``, a pytree like the parameters, where there is no residual.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    jacobian = jacobian.built(memory=memory)
    if residual is None:
        force = pulled(jacobian, residual, centre, gradient)
        solved, used = positive_solve(
            jacobian.sample_gram(memory=memory), jacobian.mv(force), damping
        )
        beyond = optax.tree.sub(force, jacobian.vm(solved))
        return _from(centre, optax.tree.scale(1.0 / used, beyond))
    rhs = residual if centre is None else residual - jacobian.mv(centre)
    solved, _ = positive_solve(jacobian.sample_gram(memory=memory), rhs, damping)
    return _from(centre, jacobian.vm(solved))


def in_parameter_space(
    jacobian: Jacobian,
    residual: Array | None,
    damping: Array | float,
    *,
    memory: int = DEFAULT_MEMORY,
    centre: Any = None,
    gradient: Any = None,
) -> Any:
    """Solve ``δ = c + (JᵀJ + λI)⁻¹ Jᵀ (r − J c)`` (Gauss–Newton, stochastic reconfiguration).

    Without a residual ``δ = c + (JᵀJ + λI)⁻¹ (∇C − JᵀJ c)``.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        residual: ``r``, ``(n,)``; None for the metric alone.
        damping: ``λ``, in the units of ``JᵀJ``.
        memory: bytes the rows may fill; above it the Gram matrix is summed over chunks of samples.
        centre: ``c``, a pytree like the parameters; 0 if None.
        gradient: ``∇C``, a pytree like the parameters, where there is no residual.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    jacobian = jacobian.built(memory=memory)
    force, unravel = ravel_real(pulled(jacobian, residual, centre, gradient))
    solved, _ = positive_solve(jacobian.parameter_gram(memory=memory), force, damping)
    return _from(centre, unravel(solved))


def matrix_free(
    jacobian: Jacobian,
    residual: Array | None,
    damping: Array | float,
    *,
    memory: int = DEFAULT_MEMORY,
    centre: Any = None,
    gradient: Any = None,
    tolerance: float = 1e-6,
    iterations: int = 500,
) -> Any:
    """Solve by conjugate gradients with products ``J v`` and ``Jᵀ r``, storing no rows.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        residual: ``r``, ``(n,)``; None for the metric alone.
        damping: ``λ``; the condition number, and so the number of iterations, grows as ``|J|²/λ``.
        memory: unused: nothing grows with ``n p`` here.
        centre: ``c``, a pytree like the parameters; 0 if None.
        gradient: ``∇C``, a pytree like the parameters, where there is no residual.
        tolerance: relative residual at which to stop, in (0, 1).
        iterations: the most products taken.

    Returns:
        ``δ``, a pytree like the parameters.

    Raises:
        ConfigurationError: for a tolerance or a number of products that would stop at once.
    """
    del memory
    if not 0 < tolerance < 1:
        raise ConfigurationError(f"tolerance: expected a number in (0, 1), got {tolerance}")
    iterations = as_whole("iterations", iterations, least=1)
    n, p = jacobian.shape
    if n <= p and residual is not None:
        solution, _ = jax.scipy.sparse.linalg.cg(
            lambda y: jacobian.mv(jacobian.vm(y)) + damping * y,
            residual if centre is None else residual - jacobian.mv(centre),
            tol=tolerance,
            maxiter=iterations,
        )
        return _from(centre, jacobian.vm(solution))

    def normal(step: Any) -> Any:
        image = as_real(jacobian.vm(jacobian.mv(as_complex(step))))
        return jax.tree.map(lambda a, b: a + damping * b, image, step)

    force = as_real(pulled(jacobian, residual, centre, gradient))
    # Conjugate gradients take a NaN for convergence and return their start: it must be one, too.
    start = jax.tree.map(lambda leaf: 0 * leaf, force)
    solution, _ = jax.scipy.sparse.linalg.cg(
        normal, force, start, tol=tolerance, maxiter=iterations
    )
    return _from(centre, as_complex(solution))


def smallest_side(
    jacobian: Jacobian,
    residual: Array | None,
    damping: Array | float,
    *,
    memory: int = DEFAULT_MEMORY,
    centre: Any = None,
    gradient: Any = None,
) -> Any:
    """Choose by static shapes: samples if ``n ≤ p``, else parameters; products if neither fits.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        residual: ``r``, ``(n,)``; None for the metric alone.
        damping: ``λ``.
        memory: bytes that the Gram matrix, and the rows held at once, may fill.
        centre: ``c``, a pytree like the parameters; 0 if None.
        gradient: ``∇C``, a pytree like the parameters, where there is no residual.

    Returns:
        ``δ``, a pytree like the parameters.
    """
    n, p = jacobian.shape
    size = jacobian.dtype.itemsize
    solve: Solve = matrix_free
    if n <= p and n * max(n, jacobian.widest) * size <= memory:
        solve = in_sample_space
    elif n > p and p * p * size <= memory:
        solve = in_parameter_space
    return solve(jacobian, residual, damping, memory=memory, centre=centre, gradient=gradient)


def pulled(jacobian: Jacobian, residual: Array | None, centre: Any, gradient: Any) -> Any:
    """The right-hand side ``Jᵀ (r − J c)``, or ``∇C − JᵀJ c``."""
    if residual is not None:
        return jacobian.vm(residual if centre is None else residual - jacobian.mv(centre))
    if gradient is None:
        raise ConfigurationError(
            "gradient: expected ∇C, a pytree like the parameters, where there is no residual"
        )
    if centre is None:
        return gradient
    return optax.tree.sub(gradient, jacobian.vm(jacobian.mv(centre)))


def _from(centre: Any, step: Any) -> Any:
    return step if centre is None else optax.tree.add(centre, step)


def positive_solve(matrix: Array, rhs: Array, damping: Array | float) -> tuple[Array, Array]:
    """Solve by Cholesky, with a larger damping where rounding makes the factor fail.

    A Gram matrix of condition above ``1/ε`` has computed eigenvalues down to some ``−ε tr G``, and
    a small ``λ`` does not lift them above zero; ``100 ε tr G`` does.

    Returns:
        The solution, and the damping that it is of.
    """
    diagonal = jnp.eye(len(rhs), dtype=rhs.dtype)

    def factorise(damping: Array | float) -> Array:
        return jnp.linalg.cholesky(matrix + damping * diagonal, symmetrize_input=False)

    factor = factorise(damping)
    enough = jnp.maximum(damping, 100 * jnp.finfo(rhs.dtype).eps * jnp.trace(matrix))
    positive = jnp.all(jnp.isfinite(jnp.diagonal(factor)))
    factor = jax.lax.cond(positive, lambda: factor, lambda: factorise(enough))
    used = jnp.where(positive, damping, enough)
    return jax.scipy.linalg.cho_solve((factor, True), rhs), used
