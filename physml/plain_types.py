"""The types of plain data: what an option may be, and whether a value is of a type."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

PLAIN = (bool, int, float, str, types.NoneType)


def parts(kind: Any) -> tuple[Any, ...]:
    """The types that a type is made of, and the words of its literals."""
    inner = get_args(kind)
    if get_origin(kind) is Literal:
        return inner
    if not inner:
        return (kind,)
    return tuple(part for one in inner if one is not Ellipsis for part in parts(one))


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type; a whole number is a float too."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        alike = inner[1:] == (Ellipsis,)  # files know no others
        return alike and isinstance(value, tuple) and all(fits(part, inner[0]) for part in value)
    if kind is float or kind is int:
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(kind, type) and isinstance(value, kind)
