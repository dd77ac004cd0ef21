"""What can be trained: a module with ``init`` and ``apply``; anything else is refused by name."""

from __future__ import annotations

import inspect
from typing import Any

from flax import linen as nn

from physml.errors import ConfigurationError

__all__ = ["as_module"]


def as_module(name: str, thing: Any) -> nn.Module:
    """A module as it is, once it is seen to be one.

    Args:
        name: of the argument, for the error.
        thing: a ``flax.linen`` module, or another object with ``init(key, z) -> params`` and
            ``apply(params, z) -> value``.

    Raises:
        ConfigurationError: a function, a class, an nnx module, or anything without the two.

    >>> from physml.networks import MLP
    >>> as_module("network", MLP((8,))).widths
    (8,)
    """
    able = callable(getattr(thing, "init", None)) and callable(getattr(thing, "apply", None))
    if able and not inspect.isclass(thing):
        module: nn.Module = thing
        return module
    came, way = f"{thing!r}", "pm.MLP((20,) * 4) is one"
    if inspect.isclass(thing):
        came, way = f"the class {thing.__name__}", f"make one of it, as {thing.__name__}(...)"
    elif any(base.__module__.startswith("flax.nnx") for base in type(thing).__mro__):
        kind = type(thing).__name__
        came = f"the nnx module {kind}, which holds its parameters itself"
        way = f"wrap its class: flax.nnx.bridge.to_linen({kind}, ...)"
    elif inspect.isroutine(thing):
        came = f"the function {getattr(thing, '__name__', thing)}, which has no parameters to train"
        way = "call it in the __call__ of a module that has some"
    raise ConfigurationError(
        f"{name}: expected a flax.linen module, or an object with init(key, z) and apply(params, "
        f"z), got {came}; {way}"
    )
