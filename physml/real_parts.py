"""Complex numbers as pairs of real ones, for derivatives and solvers that know real ones alone.

A complex parameter ``a + ib`` is two real ones, ``a`` and ``b``; the gradient by it is
``∂C/∂a + i ∂C/∂b``, so that ``θ − η ∇C`` descends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree


class Pair(NamedTuple):
    """The real and the imaginary part of a complex array."""

    real: Array
    imag: Array


def as_real(tree: Any) -> Any:
    """A pytree with a ``Pair`` in place of each complex array; the others as they are."""
    return jax.tree.map(
        lambda leaf: Pair(leaf.real, leaf.imag) if jnp.iscomplexobj(leaf) else leaf, tree
    )


def as_complex(tree: Any) -> Any:
    """The inverse of ``as_real``."""
    return jax.tree.map(
        lambda leaf: jax.lax.complex(*leaf) if isinstance(leaf, Pair) else leaf,
        tree,
        is_leaf=lambda leaf: isinstance(leaf, Pair),
    )


def ravel_real(tree: Any) -> tuple[Array, Callable[[Array], Any]]:
    """All numbers of a pytree as one real vector, and the way back."""
    flat, unravel = ravel_pytree(as_real(tree))
    return flat, lambda flat: as_complex(unravel(flat))


def real_type(tree: Any) -> Any:
    """The common type of a pytree's arrays, of its real and imaginary parts where complex."""
    dtype = jnp.result_type(*jax.tree.leaves(tree))
    return jnp.finfo(dtype).dtype if jnp.issubdtype(dtype, jnp.complexfloating) else dtype
