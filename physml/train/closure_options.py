"""The plain options that a function was made with: numbers, words and switches in its closure."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

# How many bytes may be filled at once decides where a sum is cut, not what is summed.
_OF_THE_MACHINE = ("memory",)


def closure_options(function: Any) -> dict[str, bool | int | float | str | None]:
    """Read them from closures, from partial applications and from what these hold, in turn.

    Args:
        function: or a tuple, a dict or a dataclass of functions and options.

    Returns:
        Each option by its dotted name.

    >>> import physml as pm
    >>> closure_options(pm.natural_gradient(0.1, momentum=0.9).update)["momentum"]
    0.9
    """
    return dict(_walk(function, (), set()))


def _walk(thing: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[str, Any]]:
    if thing is None or isinstance(thing, (bool, int, float, str)):
        plain = not isinstance(thing, float) or math.isfinite(thing)
        yield ".".join(path), thing if plain else str(thing)
        return
    if id(thing) in seen:
        return
    seen.add(id(thing))
    for name, part in _parts(thing):
        if name not in _OF_THE_MACHINE:
            yield from _walk(part, (*path, name), seen)


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, FunctionType):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # not filled yet: a function that names itself
                continue
    elif isinstance(thing, MethodType):
        yield "self", thing.__self__
    elif isinstance(thing, functools.partial):
        yield "func", thing.func
        yield from ((str(i), part) for i, part in enumerate(thing.args))
        yield from thing.keywords.items()
    elif isinstance(thing, Mapping):
        yield from ((str(name), part) for name, part in thing.items())
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        yield from ((f.name, getattr(thing, f.name, None)) for f in dataclasses.fields(thing))
    elif isinstance(thing, (tuple, list)):
        names = getattr(thing, "_fields", range(len(thing)))
        yield from ((str(name), part) for name, part in zip(names, thing, strict=True))
