"""A linearised least-squares problem taken apart: every damped step, its length, its promise.

    step(λ) = −(JᵀJ + λI)⁻¹ Jᵀ r = −Σ_i v_i s_i c_i / (s_i² + λ),    J = Σ_i s_i u_i v_iᵀ,  c = Uᵀ r

One factorisation, then every λ costs a product with the vectors. How it is done decides how small a
λ still means anything, and with it how low the loss can go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.lazy_jacobian import Jacobian
from physml.real_parts import ravel_real


class Spectrum(NamedTuple):
    """What a trust region asks of ``J`` and ``r``.

    Attributes:
        values: squared singular values ``s_i²``, ``(k,)``.
        weights: squared coefficients ``(s_i c_i)²`` of ``Jᵀr`` along ``v_i``, ``(k,)``.
        floor: the smallest damping that rounding leaves a meaning.
        step: ``λ -> step(λ)``, flat, ``(p,)``.
    """

    values: Array
    weights: Array
    floor: Array
    step: Callable[[Array], Array]

    def norm(self, damping: Array) -> Array:
        """``|step(λ)|``."""
        return jnp.sqrt(jnp.sum(self.weights / (self.values + damping) ** 2))

    def predicted(self, damping: Array) -> Array:
        """The decrease of ``½|r|²`` that the linear model promises."""
        s = self.values
        return 0.5 * jnp.sum(self.weights * (s + 2 * damping) / (s + damping) ** 2)


class Factorise(Protocol):
    """A way to take ``J`` and ``r`` apart; ``step`` counts, so that a random one can draw anew."""

    def __call__(
        self, jacobian: Jacobian, residual: Array, *, step: Array, memory: int
    ) -> Spectrum:
        """Return the spectrum."""


def by_gram(jacobian: Jacobian, residual: Array, *, step: Array, memory: int) -> Spectrum:
    """Diagonalise ``JᵀJ``, or ``J Jᵀ`` where that is smaller.

    The fastest, and enough until the damping falls to ``ε s_max²``: singular values below
    ``√ε s_max`` are lost in the square.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        residual: ``r``, ``(n,)``.
        step: unused.
        memory: bytes that the rows may fill; above it the Gram matrix is summed in parts.

    Returns:
        The spectrum.
    """
    del step
    jacobian = jacobian.built(memory=memory)
    n, p = jacobian.shape
    if n > p:
        gradient, _ = ravel_real(jacobian.vm(residual))
        values, vectors = jnp.linalg.eigh(jacobian.parameter_gram(memory=memory))
        values = jnp.maximum(values, 0.0)
        coefficients = vectors.T @ gradient
        return Spectrum(
            values,
            coefficients**2,
            jnp.finfo(values.dtype).eps * jnp.max(values),
            lambda damping: -vectors @ (coefficients / (values + damping)),
        )
    values, vectors = jnp.linalg.eigh(jacobian.sample_gram(memory=memory))
    values = jnp.maximum(values, 0.0)
    coefficients = vectors.T @ residual

    def flat_step(damping: Array) -> Array:
        flat, _ = ravel_real(jacobian.vm(vectors @ (coefficients / (values + damping))))
        return -flat

    floor = jnp.finfo(values.dtype).eps * jnp.max(values)
    return Spectrum(values, values * coefficients**2, floor, flat_step)


def by_svd(jacobian: Jacobian, residual: Array, *, step: Array, memory: int) -> Spectrum:
    """Singular values of ``J`` itself, never squared: dampings down to ``(ε s_max)²``.

    For ``n > p`` a QR factorisation of ``[J r]``, whose last column is ``Qᵀr``, then the singular
    values of the small ``R``; ``Q`` is never formed. For ``n ≤ p`` the singular values of ``Jᵀ``.
    About twice the linear algebra of ``by_gram`` on a CPU.

    Args:
        jacobian: the rows ``J``, ``(n, p)``.
        residual: ``r``, ``(n,)``.
        step: unused.
        memory: bytes that the rows may fill; above it ``R`` is updated over chunks of samples.

    Returns:
        The spectrum.

    Raises:
        ConfigurationError: for ``n ≤ p`` when the rows exceed the memory: all are needed at once.

    Source: Golub and Van Loan, Matrix Computations (2013), sections 5.3 and 8.6.
    """
    del step
    n, p = jacobian.shape
    size = n * p * jacobian.dtype.itemsize
    if n > p:
        R = _triangle(jacobian, residual, memory if size > memory else None)
        U, s, Vt = jnp.linalg.svd(R[:p, :p])
        coefficients, vectors = U.T @ R[:p, p], Vt.T
    elif size <= memory:
        vectors, s, Ut = jnp.linalg.svd(jacobian.dense().T, full_matrices=False)
        coefficients = Ut @ residual
    else:
        raise ConfigurationError(
            f"by_svd: {n} rows by {p} parameters fill {size} bytes, more than memory={memory}: "
            "allow more, take by_gram, or sketched(rows=..., columns=...)"
        )
    return Spectrum(
        s**2,
        (s * coefficients) ** 2,
        (jnp.finfo(s.dtype).eps * jnp.max(s)) ** 2,
        lambda damping: -vectors @ (s * coefficients / (s**2 + damping)),
    )


def _triangle(jacobian: Jacobian, residual: Array, chunk: int | None) -> Array:
    """``R`` of ``[J r]``, ``(p + 1, p + 1)``; over chunks of so many bytes if given."""
    if chunk is None:
        return jnp.linalg.qr(
            jnp.concatenate([jacobian.dense(), residual[:, None]], axis=1), mode="r"
        )

    def add(R: Array, rows: Array, index: Array) -> Array:
        rhs = residual.at[index].get(mode="fill", fill_value=0)
        rows = jnp.concatenate([rows, rhs[:, None]], axis=1)
        return jnp.linalg.qr(jnp.concatenate([R, rows]), mode="r")

    width = jacobian.shape[1] + 1
    return jacobian.fold(add, jnp.zeros((width, width), residual.dtype), memory=chunk)
