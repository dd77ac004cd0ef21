"""Functions that bring a forward Laplacian of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import folx
import jax
from jax import Array
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

__all__ = ["Rule", "with_forward_laplacian"]

Rule = Callable[[tuple[Any, ...], dict[str, Any], int], Any]
"""``(arguments, {}, sparsity_threshold) -> value`` of arrays and folx's ``FwdLaplArray``."""


def with_forward_laplacian(name: str, plain: Callable[..., Array], rule: Rule) -> Any:
    """The function itself, as one operation to which the forward Laplacian applies a rule.

    For everything else, derivatives and ``vmap`` among them, it is what ``plain`` is made of; so
    under a ``vmap`` inside of the field, which the rule does not know, it has the usual Laplacian.

    Args:
        name: of the operation in a jaxpr.
        plain: arrays to one array, in operations of jax.
        rule: its forward Laplacian.
    """
    operation = Primitive(name)
    operation.def_impl(jax.jit(plain))

    def shape(*arguments: Any) -> ShapedArray:
        value = jax.eval_shape(plain, *arguments)
        return ShapedArray(value.shape, value.dtype)

    def batched(arguments: Any, axes: Any) -> tuple[Array, int]:
        return jax.vmap(plain, in_axes=tuple(axes))(*arguments), 0

    def pushed(primals: Any, tangents: Any) -> tuple[Array, Array]:
        return jax.jvp(plain, primals, tuple(map(ad.instantiate_zeros, tangents)))

    operation.def_abstract_eval(shape)
    mlir.register_lowering(operation, mlir.lower_fun(plain, multiple_results=False))
    batching.primitive_batchers[operation] = batched
    ad.primitive_jvps[operation] = pushed
    folx.register_function(operation, rule)
    return operation.bind
