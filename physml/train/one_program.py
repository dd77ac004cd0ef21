"""Fits that differ in their numbers alone share one compiled program: starts, folds, repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import numpy as np

_kept: ContextVar[dict[Any, Any] | None] = ContextVar("programs", default=None)


@contextmanager
def one_program() -> Iterator[None]:
    """Within this block a fit of the same objects takes the program that another one compiled.

    The same are objective, sampler, optimizer, measures and rule by identity, but for the arrays
    that they hold by ``Partial``, and parameters and data by shape and type: nothing else enters a
    program.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> line = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    >>> parts = line, pm.fixed({"line": jnp.ones(4)}), pm.gauss_newton()
    >>> with pm.train.one_program():
    ...     ends = [pm.fit(*parts, jnp.array(start), steps=3, key=jax.random.key(0)).params
    ...             for start in (0.0, 5.0)]
    >>> [round(float(end), 6) for end in ends]
    [2.0, 2.0]
    """
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def shared(parts: Any, arrays: Any, make: Callable[[], Any]) -> Any:
    """A program that was made before of the same parts, or a new one.

    Args:
        parts: a pytree whose leaves are functions, plain values and arrays.
        arrays: a pytree of what the program is called with.
        make: compiles it.
    """
    kept = _kept.get()
    if kept is None:
        return make()
    leaves, structure = jax.tree.flatten(parts)
    functions = [leaf for leaf in leaves if not isinstance(leaf, (jax.Array, np.ndarray))]
    numbers, layout = jax.tree.flatten(arrays)
    shapes = tuple((np.shape(n), str(getattr(n, "dtype", type(n)))) for n in numbers)
    name = (structure, tuple(map(id, functions)), layout, shapes)
    if name not in kept:
        # With the functions themselves, lest another one take the place of one that is gone.
        kept[name] = (make(), functions)
    return kept[name][0]
