"""Several unknowns by name, as an equation is given them."""

from __future__ import annotations

from typing import Any, NoReturn

from physml.errors import UnknownNameError
from physml.types import Field


class Unknowns(dict[str, Field]):
    """The fields of a problem by name, ``u["p"]``; a name that is none is told with those that are.

    >>> Unknowns(p=lambda z: z[0])["p"]([2.0])
    2.0
    """

    def __missing__(self, name: Any) -> NoReturn:
        """Of a name that is no unknown.

        Raises:
            UnknownNameError: with the closest one.
        """
        raise UnknownNameError("field", name if isinstance(name, str) else repr(name), self)
