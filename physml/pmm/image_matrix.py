"""A parametric matrix model of images: which class, by the low-lying eigenvectors of a matrix.

    M(X) = M₀ + Σ_r ½ (A_rᵀ X B_r + B_rᵀ Xᵀ A_r)                      (n, n), symmetric
    z_k = g_k + Σ_{i,j≤s} |v_iᵀ D_k v_j|² − ½ |D_k|²,   |D| its largest |eigenvalue|

with ``v_1, …, v_s`` the eigenvectors of the s lowest eigenvalues of ``M(X)``. The sum is
``tr P D_k P D_k`` of the projector ``P = Σ v_i v_iᵀ``, whose derivative is finite wherever the s-th
eigenvalue and the next differ.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.calculus.eigenvalues import eigenvalues, spectral_projector
from physml.errors import ConfigurationError, ShapeError

__all__ = ["ImageMatrix"]


class ImageMatrix(nn.Module):
    """Logits ``(K,)`` of an image ``(h, w)`` by an affine observable model of a matrix.

    It has ``R n (h + w) + (1 + K) n (n + 1)/2 + K`` parameters.

    Attributes:
        classes: K, at least 2.
        size: n, rows of the matrix.
        rank: R, terms of the matrix.
        keep: s, eigenvectors that are looked at, from 1 to n − 1.

    Raises:
        ConfigurationError: numbers out of range.

    Source: Cook, Jammooa, Hjorth-Jensen, D. D. Lee and D. Lee, Nature Communications (2025),
    doi:10.1038/s41467-025-61362-4 (affine observable models); the matrix of low rank is our own.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> model = pm.pmm.ImageMatrix(classes=3, size=4, rank=2, keep=2)
    >>> params = model.init(jax.random.key(0), jnp.ones((5, 6)))
    >>> model.apply(params, jnp.ones((5, 6))).shape, sum(p.size for p in jax.tree.leaves(params))
    ((3,), 131)
    """

    classes: int
    size: int = 8
    rank: int = 10
    keep: int = 4

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.classes = as_whole("classes", self.classes, least=2)
        self.size = as_whole("size", self.size, least=2)
        self.rank = as_whole("rank", self.rank, least=1)
        self.keep = as_whole("keep", self.keep)
        if not 1 <= self.keep < self.size:
            raise ConfigurationError(
                f"keep: expected from 1 to {self.size - 1} eigenvectors of a matrix of {self.size} "
                f"rows, got {self.keep}"
            )
        super().__post_init__()

    @nn.compact
    def __call__(self, image: ArrayLike) -> Array:
        """The logits of an image ``(h, w)``: ``(K,)``.

        Raises:
            ShapeError: what is no image.
        """
        if jnp.ndim(image) != 2:
            raise ShapeError(
                f"image: expected one of shape (h, w), without channels, got {jnp.shape(image)}"
            )
        height, width = jnp.shape(image)
        n, terms, dtype = self.size, self.rank, jnp.result_type(float)

        def normal(name: str, shape: tuple[int, ...], deviation: float) -> Array:
            init = nn.initializers.normal(deviation)
            return jnp.asarray(self.param(name, init, shape, dtype))

        # Entries of M − M₀ begin with the size of a pixel, which the scaler made 1.
        entry = (height * width * terms) ** -0.25
        left = normal("left", (terms, height, n), entry)
        right = normal("right", (terms, width, n), entry)
        constant = self.param("constant", lambda key: packed(jnp.diag(jnp.linspace(-1, 1, n))))
        observables = self.param(
            "observables", _symmetric, (self.classes, n * (n + 1) // 2), dtype, n
        )
        bias = self.param("bias", nn.initializers.zeros, (self.classes,), dtype)
        # Of parameters alone: once for all images of a batch.
        of_pixels = packed(jnp.einsum("rai,rbj->abij", left, right))
        entries = constant + jnp.einsum("ab,abe->e", jnp.asarray(image), of_pixels)
        projector = spectral_projector(unpacked(entries, n), 0, self.keep)
        return bias + observed(projector, unpacked(observables, n))


def observed(projector: Array, observables: Array) -> Array:
    """``tr P D_k P D_k − ½ |D_k|²`` for each k, with ``|D|`` the largest ``|eigenvalue|``.

    Args:
        projector: ``P``, ``(n, n)``.
        observables: ``D_k``, symmetric, ``(K, n, n)``.

    Returns:
        ``(K,)``.
    """
    kept = jnp.einsum("ij,kjl->kil", projector, observables)
    norm = jnp.max(jnp.abs(eigenvalues(observables)), axis=-1)
    return jnp.einsum("kij,kji->k", kept, kept) - 0.5 * norm**2


def packed(matrix: Array) -> Array:
    """The upper triangle of the symmetric part of ``(..., n, n)``: ``(..., n(n + 1)/2)``."""
    rows, columns = np.triu_indices(matrix.shape[-1])
    both = 0.5 * (matrix + jnp.swapaxes(matrix, -1, -2))
    return both[..., rows, columns]


def unpacked(entries: Array, size: int) -> Array:
    """The symmetric matrix ``(..., n, n)`` of an upper triangle ``(..., n(n + 1)/2)``."""
    place = np.zeros((size, size), int)
    place[np.triu_indices(size)] = np.arange(size * (size + 1) // 2)
    return entries[..., np.maximum(place, place.T)]


def _symmetric(key: Array, shape: tuple[int, int], dtype: Any, size: int) -> Array:
    """Symmetric matrices of the Gaussian ensemble, whose eigenvalues stay near ±√2 for any n."""
    square = jax.random.normal(key, (shape[0], size, size), dtype) / size**0.5
    return packed(square)
