"""Expectation values in the lowest eigenvectors of a matrix that depends on parameters."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.calculus.eigenvalues import spectral_projector
from physml.errors import ConfigurationError
from physml.pmm.hermitian import Hermitian
from physml.pmm.image_matrix import packed, unpacked

__all__ = ["Observables"]


@dataclass(frozen=True)
class Observables:
    """Numbers ``z_k = tr P(x) D_k = Σ_{i≤s} v_iᵀ D_k v_i`` in the lowest eigenvectors of ``M(x)``.

    ``M(x)`` is that of ``Hermitian``, ``P`` the projector on its ``s`` lowest eigenvectors, ``D_k``
    a symmetric matrix for each number: what a system has in its lowest states, or any smooth
    curves. They stay bounded wherever ``x`` goes, ``|z_k| ≤ s |D_k|``; with the coordinates as
    features they tend to constants along any ray, since the eigenvectors of ``M₀ + x M₁`` do.

    A number is linear in its ``D_k``, where that of ``ImageMatrix`` is quadratic: it has either
    sign, and units by a factor of ``D_k``. A constant needs no parameter of its own, ``D_k = c
    1/s``. Scale points to about [−1, 1], as ``init`` makes matrices for such. ``P`` jumps where the
    eigenvalue ``s`` meets the next; keep both there.

    Attributes:
        matrix: ``M(x)``, real, of one block.
        outputs: how many numbers ``z_k``.
        keep: ``s``, from 1 to one less than the rows.

    Raises:
        ConfigurationError: a complex matrix or one of several blocks; numbers out of range.

    Source: Cook, Jammooa, Hjorth-Jensen, D. D. Lee and D. Lee (2025),
    doi:10.1038/s41467-025-61362-4; their readout has squares ``|v_i† D_k v_j|²`` in place of
    ``v_i† D_k v_i``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> model = pm.pmm.Observables(pm.pmm.Hermitian(3), outputs=2)
    >>> params = model.init(jax.random.key(0), 0.3)
    >>> model.apply(params, 0.3).shape, sum(leaf.size for leaf in jax.tree.leaves(params))
    ((2,), 21)
    """

    matrix: Hermitian
    outputs: int
    _: KW_ONLY
    keep: int = 1

    def __post_init__(self) -> None:
        """Check the sizes where they are written."""
        if not isinstance(self.matrix, Hermitian):
            raise ConfigurationError(
                f"matrix: expected pm.pmm.Hermitian(size), got {type(self.matrix).__name__}"
            )
        if self.matrix.complex or len(self.matrix.blocks) > 1:
            raise ConfigurationError(
                f"matrix: expected a real one of one block, got {self.matrix}; eigenvectors of "
                "several blocks have no order of their own"
            )
        object.__setattr__(self, "outputs", as_whole("outputs", self.outputs, least=1))
        keep = as_whole("keep", self.keep)
        if not 1 <= keep < self.matrix.size:
            raise ConfigurationError(
                f"keep: expected from 1 to {self.matrix.size - 1} eigenvectors of a matrix of "
                f"{self.matrix.size} rows, got {keep}; the projector on all changes with no point"
            )
        object.__setattr__(self, "keep", keep)

    def init(self, key: Array, x: Any) -> dict[str, Any]:
        """Random parameters.

        Args:
            key: a random key.
            x: a point, of the shape and the precision that points have.

        Returns:
            ``matrix``, those of ``Hermitian``, and ``observables``, the upper triangles of ``D_k``,
            ``(outputs, n(n + 1)/2)``.

        Raises:
            ShapeError: a point of another shape than the features are of.
        """
        one, other = jax.random.split(key)
        n, dtype = self.matrix.size, jnp.result_type(jnp.asarray(x), 1.0)
        square = jax.random.normal(other, (self.outputs, n, n), dtype) / n**0.5
        return {"matrix": self.matrix.init(one, x), "observables": packed(square)}

    def projector(self, params: Any, x: Any) -> Array:
        """``P(x)``, ``(n, n)``, at a point.

        Raises:
            ShapeError: a point of another shape than the features are of.
        """
        (matrix,) = self.matrix.block_matrices(params["matrix"], x)
        return spectral_projector(matrix, 0, self.keep)

    def apply(self, params: Any, x: Any) -> Array:
        """``z(x)``, ``(outputs,)``, at a point.

        Raises:
            ShapeError: a point of another shape than the features are of.
        """
        observables = unpacked(params["observables"], self.matrix.size)
        return jnp.einsum("ij,kij->k", self.projector(params, x), observables)
