"""A random sketch of the Jacobian, for networks too large to factorise: fewer rows and columns.

    S J C  (m × q)  in place of  J  (n × p),    step = C y

``C`` (p × q) holds q orthonormal columns: random signs, a random permutation, the inverse cosine
transform of q random frequencies. ``S`` (m × n) is a count sketch: each row of ``J`` goes with a
random sign, divided by 2, into four random rows. ``E |S x|² = |x|²`` and ``E |Cᵀx|² = (q/p) |x|²``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.scipy.fft
from jax import Array

from physml.as_whole import as_whole
from physml.lazy_jacobian import Block, Jacobian
from physml.optim.spectrum import Factorise, Spectrum, by_svd

_HASHES = 4

# Rows are sketched in chunks of this many bytes: the cosine transform holds a few copies of one.
_CHUNK_BYTES = 2**26


def sketched(
    *, rows: int, columns: int, factorise: Factorise = by_svd, key: Array | None = None
) -> Factorise:
    """Factorise a random sketch ``S J C`` of the Jacobian, drawn anew each step.

    A step moves in a random subspace of ``columns`` dimensions and solves the least-squares problem
    there on ``rows`` random combinations of the residuals. Worth it above some 2,000 parameters;
    a side that is no longer than asked is left as it is.

    Args:
        rows: ``m``, at least ``columns`` for a problem with more samples than parameters.
        columns: ``q``, the dimension of the subspace: 2,000 for 5,000 parameters, 4,000 to 5,000
            above.
        factorise: what factorises the sketch, ``by_svd`` or ``by_gram``.
        key: a random key, the same sequence of sketches for the same key; ``key(0)`` if None.

    Returns:
        A function for ``gauss_newton(factorise=...)``. Memory: the sketch, ``m q`` numbers, and one
        chunk of rows at a time.

    Raises:
        ConfigurationError: for fewer than one row or column.

    Sources: Webb, Jerad and Cartis (2026), arXiv:2607.02194; Clarkson and Woodruff (2017),
    doi:10.1145/3019134 (count sketch); Halko, Martinsson and Tropp (2011), doi:10.1137/090771806
    (subsampled transforms).

    >>> import physml as pm
    >>> optimizer = pm.gauss_newton(factorise=pm.optim.sketched(rows=2000, columns=2000))
    """
    rows = as_whole("rows", rows, least=1)
    columns = as_whole("columns", columns, least=1)

    def factorise_sketch(
        jacobian: Jacobian, residual: Array, *, step: Array, memory: int
    ) -> Spectrum:
        n, p = jacobian.shape
        if n <= rows and p <= columns:
            return factorise(jacobian, residual, step=step, memory=memory)
        start = jax.random.key(0) if key is None else key
        key_rows, key_columns = jax.random.split(jax.random.fold_in(start, step))
        C = _draw_columns(key_columns, p, columns, jacobian.dtype) if p > columns else None
        S = _draw_rows(key_rows, n, rows, jacobian.dtype) if n > rows else None
        small, rhs = _sketch(jacobian, residual, S, C, min(rows, n), memory)
        spectrum = factorise(_as_jacobian(small), rhs, step=step, memory=memory)
        if C is None:
            return spectrum
        return spectrum._replace(step=lambda damping: C.expand(spectrum.step(damping)))

    return factorise_sketch


class _Columns(NamedTuple):
    """``C``: orthonormal columns of a permuted, sign-flipped cosine transform."""

    signs: Array  # (p,)
    order: Array  # (p,)
    kept: Array  # (q,) frequencies

    def reduce(self, rows: Array) -> Array:
        """``rows C``, ``(..., p)`` to ``(..., q)``."""
        mixed = (rows * self.signs[None])[:, self.order]
        return jax.scipy.fft.dct(mixed, type=2, norm="ortho", axis=-1)[:, self.kept]

    def expand(self, step: Array) -> Array:
        """``C y``, ``(q,)`` to ``(p,)``."""
        spread = jnp.zeros(len(self.signs), step.dtype).at[self.kept].set(step)
        mixed = jax.scipy.fft.idct(spread, type=2, norm="ortho")
        return jnp.zeros_like(mixed).at[self.order].set(mixed) * self.signs


class _Rows(NamedTuple):
    """``S``: four random rows and signs for each row."""

    target: Array  # (n, 4)
    signs: Array  # (n, 4)

    def reduce(self, index: Array, entries: Array, total: Array) -> Array:
        """Add the rows of these numbers to ``S``'s sum, ``(c, ...)`` into ``(m, ...)``."""
        for hashed in range(_HASHES):
            signs = self.signs.at[index, hashed].get(mode="clip")
            signed = signs.reshape((-1,) + (1,) * (entries.ndim - 1)) * entries
            target = self.target.at[index, hashed].get(mode="clip")
            total = total.at[target].add(signed / _HASHES**0.5)
        return total


def _draw_columns(key: Array, p: int, count: int, dtype: Any) -> _Columns:
    key_signs, key_order, key_kept = jax.random.split(key, 3)
    return _Columns(
        jax.random.rademacher(key_signs, (p,), dtype),
        jax.random.permutation(key_order, p),
        jax.random.choice(key_kept, p, (count,), replace=False),
    )


def _draw_rows(key: Array, n: int, count: int, dtype: Any) -> _Rows:
    key_target, key_signs = jax.random.split(key)
    return _Rows(
        jax.random.randint(key_target, (n, _HASHES), 0, count),
        jax.random.rademacher(key_signs, (n, _HASHES), dtype),
    )


def _sketch(
    jacobian: Jacobian, residual: Array, S: _Rows | None, C: _Columns | None, m: int, memory: int
) -> tuple[Array, Array]:
    """``S J C`` and ``S r``, one chunk of rows at a time."""

    def add(total: Array, rows: Array, index: Array) -> Array:
        rows = rows if C is None else C.reduce(rows)
        # Padding: rows of zeros may be added anywhere, and set nowhere.
        return total.at[index].set(rows, mode="drop") if S is None else S.reduce(index, rows, total)

    width = jacobian.shape[1] if C is None else len(C.kept)
    start = jnp.zeros((m, width), jacobian.dtype)
    small = jacobian.fold(add, start, memory=min(memory, _CHUNK_BYTES))
    if S is None:
        return small, residual
    places = jnp.arange(len(residual))
    return small, S.reduce(places, residual, jnp.zeros(m, residual.dtype))


def _product(params: Array, row: Array) -> Array:
    return jnp.dot(row, params)


def _as_jacobian(rows: Array) -> Jacobian:
    """A matrix as the Jacobian of a linear function."""
    block = Block(_product, rows, jnp.ones((), rows.dtype))
    return Jacobian(jnp.zeros(rows.shape[1], rows.dtype), (block,))
