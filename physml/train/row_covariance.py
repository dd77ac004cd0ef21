"""The covariance ``(JᵀJ + λI)⁻¹`` that rows leave to parameters, in parameter or sample space.

With ``J = U S Vᵀ`` and ``k = min(n, p)`` singular values, for derivatives ``g`` of a prediction

    g (JᵀJ + λI)⁻¹ gᵀ = Σ_i (g·v_i)²/(s_i² + λ) + |g − V Vᵀ g|²/λ

where the last part, what no row sees, is there for ``n < p`` alone. It is the variance of a
Gaussian process with the tangent kernel ``g g'ᵀ/λ``, ``(g gᵀ − g Jᵀ (J Jᵀ + λI)⁻¹ J gᵀ)/λ``,
without that difference of large numbers. Matrix-free, ``δ = (JᵀJ + λI)⁻¹ (Jᵀz + √λ ζ)`` of normal
``z`` and ``ζ`` has that covariance exactly.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY, Jacobian
from physml.real_parts import ravel_real

_CHUNK_BYTES = 2**27
_ITERATIONS = 5000
_TOLERANCE = 1e-9


class Covariance(Protocol):
    """``(JᵀJ + λI)⁻¹`` of one damping."""

    @property
    def damping(self) -> float:
        """``λ``."""

    def variance(self, predictions: Jacobian) -> np.ndarray:
        """``diag G (JᵀJ + λI)⁻¹ Gᵀ`` of derivatives ``G``, ``(m, p)``: ``(m,)``."""

    def draws(self, key: Array, count: int) -> np.ndarray:
        """Parameters' normal deviations with this covariance, ``(count, p)``."""

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """``(JᵀJ + λI)⁻¹ g``, ``(p,)``."""


class SingularValues(NamedTuple):
    """Singular values ``(k,)`` of the rows and their right vectors ``(p, k)``, in float64."""

    values: np.ndarray
    vectors: np.ndarray


def compressed(jacobian: Jacobian, *, memory: int = _CHUNK_BYTES) -> np.ndarray:
    """A matrix ``M`` of at most ``p`` rows with ``MᵀM = JᵀJ``: ``J``, or its triangle by QR.

    Args:
        jacobian: the rows.
        memory: bytes of them to take at a time where there are more than ``p``.

    Returns:
        ``(min(n, p), p)`` in float64.

    Raises:
        ConfigurationError: where ``M`` would fill more than a gigabyte.
    """
    n, p = jacobian.shape
    size = min(n, p) * p * jacobian.dtype.itemsize
    if size > DEFAULT_MEMORY:
        raise ConfigurationError(
            f"posterior: {n} rows of {p} parameters: expected a covariance of at most "
            f"{DEFAULT_MEMORY} bytes, got {size}; give probes=64, key=... and damping=..."
        )
    return dense(jacobian) if n <= p else np.asarray(_triangle(jacobian, memory), np.float64)


def singular_values(matrix: np.ndarray) -> SingularValues:
    """Singular values of ``M`` and with them those of the rows that it stands for."""
    _, values, vectors = np.linalg.svd(matrix, full_matrices=False)
    return SingularValues(values, vectors.T)


class FromSingularValues(NamedTuple):
    """The covariance from singular values of the rows: all of it, up to rounding.

    Attributes:
        singular: of the rows.
        damping: ``λ``.
    """

    singular: SingularValues
    damping: float

    def variance(self, predictions: Jacobian) -> np.ndarray:
        """See ``Covariance``."""
        rows = dense(predictions)
        seen, unseen = self._parts(rows)
        return seen**2 @ self._inverse + np.sum(unseen**2, axis=1) / self.damping

    def draws(self, key: Array, count: int) -> np.ndarray:
        """See ``Covariance``."""
        p = len(self.singular.vectors)
        seen, unseen = self._parts(_normal(key, (count, p)))
        return (seen * np.sqrt(self._inverse)) @ self.singular.vectors.T + unseen / np.sqrt(
            self.damping
        )

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """See ``Covariance``."""
        seen, unseen = self._parts(gradient)
        return self.singular.vectors @ (seen * self._inverse) + unseen / self.damping

    @property
    def _inverse(self) -> np.ndarray:
        return 1 / (self.singular.values**2 + self.damping)

    def _parts(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients along the vectors, and what is orthogonal to all of them."""
        vectors = self.singular.vectors
        seen = rows @ vectors
        if vectors.shape[1] == vectors.shape[0]:
            return seen, np.zeros_like(rows)
        return seen, rows - seen @ vectors.T


class FromProbes(NamedTuple):
    """The covariance from random probes, to ``√(2/count)`` of a variance, by products alone.

    Attributes:
        jacobian: the rows.
        damping: ``λ``.
        probes: deviations of the parameters, ``(count, p)``.
    """

    jacobian: Jacobian
    damping: float
    probes: Array

    @classmethod
    def drawn(cls, jacobian: Jacobian, damping: float, key: Array, count: int) -> FromProbes:
        """Draw and solve for the probes."""
        return cls(jacobian, damping, _probes(jacobian, damping, key, count))

    def variance(self, predictions: Jacobian) -> np.ndarray:
        """See ``Covariance``."""
        return np.mean(np.asarray(_products(predictions, self.probes), np.float64) ** 2, axis=0)

    def draws(self, key: Array, count: int) -> np.ndarray:
        """See ``Covariance``."""
        return np.asarray(_probes(self.jacobian, self.damping, key, count), np.float64)

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """See ``Covariance``."""
        rhs = jnp.asarray(gradient, self.jacobian.dtype)[None]
        return np.asarray(_solved(self.jacobian, self.damping, rhs)[0], np.float64)


def dense(jacobian: Jacobian) -> np.ndarray:
    """The rows, ``(n, p)`` in float64."""
    return np.asarray(_dense_rows(jacobian), np.float64)


def products(predictions: Jacobian, deviations: np.ndarray) -> np.ndarray:
    """``G δ`` of several deviations, ``(count, p)``: ``(count, m)``."""
    return np.asarray(_products(predictions, jnp.asarray(deviations, predictions.dtype)))


def _probes(jacobian: Jacobian, damping: float, key: Array, count: int) -> Array:
    n, p = jacobian.shape
    key_rows, key_prior = jax.random.split(key)
    z = jnp.asarray(_normal(key_rows, (count, n)), jacobian.dtype)
    zeta = jnp.asarray(_normal(key_prior, (count, p)), jacobian.dtype)
    return _solved(jacobian, damping, _transposed(jacobian, z) + float(np.sqrt(damping)) * zeta)


def _normal(key: Array, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(jax.random.normal(key, shape), np.float64)


def _solved(jacobian: Jacobian, damping: float, rhs: Array) -> Array:
    """Conjugate gradients on ``JᵀJ + λI``, refused where they do not converge."""
    found, left = _conjugate_gradients(jacobian, jnp.asarray(damping, jacobian.dtype), rhs)
    worst = float(jnp.max(left))
    if not worst < 1e3 * _TOLERANCE:
        raise ConfigurationError(
            f"posterior: probes: conjugate gradients left {worst:.1e} of the right-hand side "
            f"after {_ITERATIONS} products; expected below {1e3 * _TOLERANCE:.0e}. Work in double "
            "precision, raise damping=, or leave probes= out"
        )
    return found


@jax.jit
def _conjugate_gradients(jacobian: Jacobian, damping: Array, rhs: Array) -> tuple[Array, Array]:
    _, unravel = ravel_real(jacobian.params)

    def normal(v: Array) -> Array:
        return ravel_real(jacobian.vm(jacobian.mv(unravel(v))))[0] + damping * v

    def one(rhs: Array) -> tuple[Array, Array]:
        found, _ = jax.scipy.sparse.linalg.cg(normal, rhs, tol=_TOLERANCE, maxiter=_ITERATIONS)
        size = jnp.linalg.norm(rhs)
        return found, jnp.linalg.norm(normal(found) - rhs) / jnp.where(size > 0, size, 1.0)

    return jax.vmap(one)(rhs)


@jax.jit
def _dense_rows(jacobian: Jacobian) -> Array:
    return jacobian.dense()


@partial(jax.jit, static_argnums=1)
def _triangle(jacobian: Jacobian, memory: int) -> Array:
    p = jacobian.shape[1]

    def add(R: Array, rows: Array, _: Array) -> Array:
        return jnp.linalg.qr(jnp.concatenate([R, rows]), mode="r")

    return jacobian.fold(add, jnp.zeros((p, p), jacobian.dtype), memory=memory)


@jax.jit
def _products(jacobian: Jacobian, deviations: Array) -> Array:
    _, unravel = ravel_real(jacobian.params)
    return jax.lax.map(lambda v: jacobian.mv(unravel(v)), deviations)


@jax.jit
def _transposed(jacobian: Jacobian, rows: Array) -> Array:
    def one(row: Array) -> Any:
        return ravel_real(jacobian.vm(row))[0]

    return jax.lax.map(one, rows)
