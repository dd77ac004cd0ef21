"""A layer as three pure functions: what a network is made of, and where to add one of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jax import Array

from physml.errors import ShapeError


class Layer(NamedTuple):
    """A layer, of ``n`` samples at once.

    Attributes:
        init: ``(key) -> params``; ``()`` of a layer that has none.
        forward: ``(params, a) -> (a', memory)``: activations to activations, and what ``backward``
            needs of the way.
        backward: ``(params, memory, ∂C/∂a') -> (∂C/∂params, ∂C/∂a)``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> double = pm.learn.Layer(
    ...     lambda key: (), lambda params, a: (2 * a, None), lambda params, memory, g: ((), 2 * g))
    >>> double.forward((), jnp.ones((1, 2)))[0].tolist()
    [[2.0, 2.0]]
    """

    init: Callable[[Array], Any]
    forward: Callable[[Any, Array], tuple[Array, Any]]
    backward: Callable[[Any, Any, Array], tuple[Any, Array]]


def expect(layer: str, a: Array, *shape: int | str) -> None:
    """Refuse activations of another shape than ``(n, *shape)``, where words stand for any number.

    Raises:
        ShapeError: for such.
    """
    fits = len(a.shape) == len(shape) + 1 and all(
        isinstance(want, str) or want == got for want, got in zip(shape, a.shape[1:], strict=True)
    )
    if not fits:
        raise ShapeError(
            f"{layer}: expected activations ({', '.join(map(str, ('n', *shape)))}), got {a.shape}"
        )
