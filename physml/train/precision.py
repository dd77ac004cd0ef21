"""One precision for parameters, points and rows, chosen here.

It is jax's own: float64 where ``jax_enable_x64`` is set, float32 where it is not. Flax draws
float32 unless told otherwise, and a layer in single precision would quietly hold all that it feeds
to seven digits. Integers, random keys and what a module does inside, by a ``dtype`` of its own,
stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp

from physml.errors import PrecisionWarning
from physml.real_parts import real_type
from physml.train.checkpoint import Found


def in_precision(tree: Any, dtype: Any) -> Any:
    """A pytree with its floating arrays, real and complex, in one precision.

    Args:
        tree: of arrays; integers and random keys are left as they are.
        dtype: ``float32`` or ``float64``; complex arrays get the type of two of them.

    >>> import jax.numpy as jnp
    >>> lowered = in_precision({"weight": jnp.ones(2), "count": jnp.array(3)}, jnp.float32)
    >>> lowered["weight"].dtype.name, bool(jnp.issubdtype(lowered["count"].dtype, jnp.integer))
    ('float32', True)
    """

    def cast(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jnp.complexfloating):
            return leaf.astype(jnp.result_type(dtype, jnp.complex64))
        return leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(cast, tree)


def in_default_precision(params: Any) -> Any:
    """Freshly drawn parameters in jax's own precision."""
    return in_precision(params, jnp.result_type(float))


def in_common_precision(params: Any, batch: Callable[[], Any]) -> Any:
    """The parameters of a fit in the widest precision of them and of what they meet.

    Args:
        params: where a fit starts.
        batch: makes shapes and types of a batch; asked only where parameters are not in jax's own
            precision, which is the widest there is.
    """
    floating = [x for x in jax.tree.leaves(params) if jnp.issubdtype(x.dtype, jnp.inexact)]
    if all(real_type(x) == jnp.result_type(float) for x in floating):
        return params
    met = [x for x in jax.tree.leaves(batch()) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return in_precision(params, real_type([*floating, *met]))


@contextmanager
def in_precision_of(found: Found, what: str) -> Iterator[None]:
    """Work in the precision in which something was saved, and say so if it is not this process's.

    What is saved is known again by its programs, which know their precision. What is read goes on
    in the process's own: ``in_default_precision``.

    Args:
        found: the checkpoint.
        what: is stored, for the message.
    """
    kinds = {dtype for _, dtype in found.manifest["leaves"].values()}
    double = bool(kinds & {"float64", "complex128"})
    single = not double and bool(kinds & {"float32", "complex64"})
    here = jnp.result_type(float) == jnp.float64
    if double and not here:
        warnings.warn(
            f"{what} was saved in double precision, and this process works in single: its numbers "
            'are cut to seven digits. For all of them say jax.config.update("jax_enable_x64", '
            "True) before anything is computed",
            PrecisionWarning,
            stacklevel=4,
        )
    if single and here:
        warnings.warn(
            f"{what} was saved in single precision: its numbers have seven digits here too",
            PrecisionWarning,
            stacklevel=4,
        )
    with jax.enable_x64(double or (here and not single)):
        yield


def warn_of_single_precision(params: Any, *, stacklevel: int) -> None:
    """Say what single precision costs a differential equation."""
    if real_type(params) != jnp.float32:
        return
    warnings.warn(
        "solving in single precision: errors of 0.3% to 9% were measured where double precision "
        'has 1e-6 to 0.2%. Say jax.config.update("jax_enable_x64", True) before anything is '
        "computed",
        PrecisionWarning,
        stacklevel=stacklevel + 1,
    )
