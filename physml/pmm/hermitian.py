"""A Hermitian matrix that depends on parameters, whose eigenvalues are levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.calculus.eigenvalues import eigenvalues
from physml.errors import ConfigurationError, ShapeError
from physml.pmm.selection import selections

__all__ = ["Hermitian"]

CONSTANT = "constant"

_SPREAD = 0.5
"""Deviation of the entries of a first matrix; levels are in units of their own deviation."""


def coordinates(x: Array) -> Array:
    """The features of an affine model: the coordinates of a point themselves."""
    return jnp.atleast_1d(x)


@dataclass(frozen=True)
class Hermitian:
    """Eigenvalues of ``M(x) = M₀ + Σ_l f_l(x) M_l``; a parametric matrix model.

    ``M₀`` is diagonal: any other one is this one in another basis, which no eigenvalue knows. In
    the basis of parameters an entry off the diagonal is ``θ/√2``, its imaginary part too, so that
    the length of parameters is that of the matrices. Symmetries that the levels keep are blocks:
    levels of different blocks cross, and those of one do not.

    Attributes:
        size: rows of ``M``, of all blocks together.
        terms: how many matrices ``M_l``, or their names.
        features: a function of one point ``()`` or ``(d,)`` to ``f(x)``, ``(terms,)``, or ``()`` of
            one term; the coordinates themselves if None.
        blocks: sizes of blocks, whose sum is the size; one of all rows if empty.
        complex: whether ``M_l`` have imaginary parts; parameters are real in any case.
        rank: of each ``M_l`` in each block, ``U diag(d) Uᵀ``, ``U`` ``(n, rank)``; full if None.

    Raises:
        ConfigurationError: sizes, terms or a rank out of range; blocks of another sum.

    Source: Cook, Jammooa, Hjorth-Jensen, Lee and Lee (2025), doi:10.1038/s41467-025-61362-4.

    >>> import jax
    >>> model = Hermitian(7)
    >>> params = model.init(jax.random.key(0), 0.3)
    >>> sum(leaf.size for leaf in jax.tree.leaves(params)), model.apply(params, 0.3).shape
    (35, (7,))
    """

    size: int
    terms: int | Sequence[str] = 1
    _: KW_ONLY
    features: Callable[[Array], Array] | None = None
    blocks: tuple[int, ...] = ()
    complex: bool = False
    rank: int | None = None

    def __post_init__(self) -> None:
        """Check the sizes where they are written."""
        size = as_whole("size", self.size, least=1)
        blocks = tuple(as_whole("blocks", b, least=1) for b in self.blocks) or (size,)
        if sum(blocks) != size:
            raise ConfigurationError(
                f"blocks: expected sizes whose sum is {size}, got {blocks}, together {sum(blocks)}"
            )
        terms: int | tuple[str, ...]
        if isinstance(self.terms, (tuple, list)):
            terms = tuple(map(str, self.terms))
            if len({*terms, CONSTANT}) != len(terms) + 1 or not terms:
                raise ConfigurationError(
                    f"terms: expected a number of matrices, or names of their own, none of them "
                    f"{CONSTANT!r}, got {self.terms!r}"
                )
        else:
            terms = as_whole("terms", self.terms, least=1)
        if self.rank is not None:
            rank = as_whole("rank", self.rank, least=1, most=min(blocks))
            object.__setattr__(self, "rank", rank)
            if self.complex:
                raise ConfigurationError("rank: expected None of complex matrices; they are full")
        for name, value in (("size", size), ("blocks", blocks), ("terms", terms)):
            object.__setattr__(self, name, value)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the matrices ``M_l``."""
        if isinstance(self.terms, tuple):
            return self.terms
        return tuple(f"term {number + 1}" for number in range(int(self.terms)))  # type: ignore[arg-type]

    def feature_values(self, x: Any) -> Array:
        """``f(x)``, ``(terms,)``, at a point.

        Raises:
            ShapeError: as many values as matrices are not given, or none that are real numbers.
        """
        x = jnp.asarray(x)
        values = jnp.atleast_1d(jnp.asarray((self.features or coordinates)(x)))
        count = len(self.names)
        if values.shape != (count,) or jnp.iscomplexobj(values):
            raise ShapeError(
                f"features: expected {count} real values at a point, one a term, got "
                f"{values.dtype} of shape {values.shape} at one of shape {x.shape}; give terms="
                f"{values.size}, or features= of the terms there are"
            )
        # Counts and truth values would cut what they are scaled by to whole numbers.
        real = jnp.issubdtype(values.dtype, jnp.floating)
        return values if real else values.astype(jnp.result_type(float))

    def init(self, key: Array, x: Any) -> dict[str, Any]:
        """Random parameters: a ladder of levels, and a random matrix a term.

        Args:
            key: a random key.
            x: a point, of the shape and the precision that points have.

        Returns:
            ``constant``, the diagonals of ``M₀``, and the parameters of ``M_l`` by its name: tuples
            with an array a block.
        """
        dtype = jnp.result_type(jnp.asarray(x), 1.0)
        self.feature_values(x)
        keys = jax.random.split(key, (len(self.names) + 1, len(self.blocks)))
        rungs = [
            jnp.linspace(-1.0, 2.0, n, dtype=dtype) + 0.3 * jax.random.normal(k, (n,), dtype)
            for n, k in zip(self.blocks, keys[0], strict=True)
        ]
        params: dict[str, Any] = {CONSTANT: tuple(rungs)}
        for name, own in zip(self.names, keys[1:], strict=True):
            params[name] = tuple(
                self._first(n, k, dtype) for n, k in zip(self.blocks, own, strict=True)
            )
        return params

    def matrices(self, params: Any) -> dict[str, tuple[Array, ...]]:
        """``M₀`` and ``M_l`` by name, ``(n, n)`` a block each."""
        made = {CONSTANT: tuple(jnp.diag(block) for block in params[CONSTANT])}
        for name in self.names:
            made[name] = tuple(
                self._matrix(n, p) for n, p in zip(self.blocks, params[name], strict=True)
            )
        return made

    def block_matrices(self, params: Any, x: Any) -> tuple[Array, ...]:
        """The blocks of ``M(x)``, ``(n, n)`` each."""
        made, values = self.matrices(params), self.feature_values(x)
        return tuple(
            made[CONSTANT][b] + sum(values[i] * made[name][b] for i, name in enumerate(self.names))
            for b in range(len(self.blocks))
        )

    def apply(self, params: Any, x: Any) -> Array:
        """All eigenvalues of ``M(x)``, ``(size,)``: block after block, each in ascending order."""
        return jnp.concatenate([eigenvalues(matrix) for matrix in self.block_matrices(params, x)])

    def levels(self, params: Any, x: Any, keep: Any) -> Array:
        """Some eigenvalues of ``M(x)``.

        Args:
            params: of ``init``.
            x: a point.
            keep: how many of the lowest, or a ``Selection``; a tuple of them, one a block, where
                there are several.

        Returns:
            ``(m,)``: block after block, each in ascending order.

        Raises:
            ConfigurationError: more levels than a block has.
        """
        chosen = selections(keep, self.blocks)
        blocks = self.block_matrices(params, x)
        return jnp.concatenate(
            [one(eigenvalues(matrix)) for one, matrix in zip(chosen, blocks, strict=True)]
        )

    def with_fewer_rows(self) -> Hermitian:
        """The same model with a row less in each block, of a rank that such blocks may have.

        Raises:
            ConfigurationError: for a block of one row.
        """
        blocks = tuple(size - 1 for size in self.blocks)
        rank = None if self.rank is None else min(self.rank, *blocks)
        return replace(self, size=sum(blocks), blocks=blocks, rank=rank)

    def _first(self, n: int, key: Array, dtype: Any) -> Any:
        if self.rank is not None:
            one, other = jax.random.split(key)
            factor = jax.random.normal(one, (n, self.rank), dtype) / np.sqrt(self.rank)
            return {
                "factor": factor,
                "weights": _SPREAD * jax.random.normal(other, (self.rank,), dtype),
            }
        count = n * n if self.complex else n * (n + 1) // 2
        return _SPREAD * jax.random.normal(key, (count,), dtype)

    def _matrix(self, n: int, params: Any) -> Array:
        if self.rank is not None:
            factor = params["factor"]
            return (factor * params["weights"][None]) @ factor.T
        above = np.triu_indices(n, 1)
        off = params[n : n + len(above[0])] / np.sqrt(2)
        if self.complex:
            off = off + 1j * params[n + len(above[0]) :] / np.sqrt(2)
        upper = jnp.zeros((n, n), off.dtype).at[above].set(off)
        return jnp.diag(params[:n]) + upper + jnp.conj(upper.T)
