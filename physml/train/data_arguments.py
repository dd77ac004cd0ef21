"""Data are arguments: the arrays of an objective and a sampler, apart from their functions.

A member of either may be ``jax.tree_util.Partial(f, data)``. Its arrays enter the compiled program
as arguments: they are neither constants in it nor part of the checkpointed state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

Tree = TypeVar("Tree")


def around(wrap: Callable[[Callable[..., Any]], Callable[..., Any]], function: Any) -> Any:
    """A function made of another one, whose data, if it has any, are those of the new one too.

    Args:
        wrap: makes it of the function alone; it is called with the data before the arguments.
        function: a plain one, or a ``jax.tree_util.Partial(f, data)``.

    >>> import jax.numpy as jnp
    >>> from jax.tree_util import Partial
    >>> double = around(lambda f: lambda *args: 2 * f(*args), Partial(jnp.add, 1.0))
    >>> float(double(2.0)), jax.tree.leaves(double)
    (6.0, [1.0])
    """
    if isinstance(function, Partial):
        return Partial(wrap(function.func), *function.args, **function.keywords)
    return wrap(function)


def split(tree: Tree) -> tuple[list[Array], Callable[[Sequence[Any]], Tree]]:
    """Take the arrays out of a pytree whose other leaves are functions or plain values.

    Args:
        tree: such as an objective; an array that stands in it more than once is taken once.

    Returns:
        The arrays, and the function that puts them, or what stands for them, back.

    >>> import jax.numpy as jnp
    >>> arrays, rebuild = split({"f": jnp.sin, "data": jnp.ones(3), "again": 2})
    >>> len(arrays), rebuild([None])["data"]
    (1, None)
    """
    leaves, structure = jax.tree.flatten(tree)
    places: dict[int, int] = {}
    arrays: list[Array] = []
    for leaf in leaves:
        if isinstance(leaf, (jax.Array, np.ndarray)) and id(leaf) not in places:
            places[id(leaf)] = len(arrays)
            arrays.append(jnp.asarray(leaf))

    def rebuild(values: Sequence[Any]) -> Tree:
        whole = [values[places[id(leaf)]] if id(leaf) in places else leaf for leaf in leaves]
        restored: Tree = jax.tree.unflatten(structure, whole)
        return restored

    return arrays, rebuild
