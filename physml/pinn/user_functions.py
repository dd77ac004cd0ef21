"""Functions that a user states: how many arguments they take, and their failures in words.

They are traced by jax, once for all points; what numpy, Python's ``if`` and ``math`` make of a
traced number is an error that says nothing of the equation it comes from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import jax

from physml.errors import ConfigurationError, PhysmlError

_CHOICE = (jax.errors.TracerBoolConversionError, jax.errors.NonConcreteBooleanIndexError)
_NUMPY = (jax.errors.TracerArrayConversionError,)
_NUMBER = (jax.errors.ConcretizationTypeError, jax.errors.TracerIntegerConversionError)


def accepts(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many arguments; yes where it does not tell.

    >>> [accepts(lambda u, z, scale=1.0: u(z), count) for count in (1, 2, 3, 4)]
    [False, True, True, False]
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def checked_function(name: str, function: Any, arguments: Sequence[str]) -> Any:
    """A function that can be called with these arguments.

    Args:
        name: of what it is, for messages.
        function: what the user gave.
        arguments: what it will be given, in words.

    Raises:
        ConfigurationError: for what is no function, or one of other arguments.
    """
    wanted = f"{name}: expected a function of ({', '.join(arguments)})"
    if not callable(function):
        raise ConfigurationError(f"{wanted}, got {_short(function)}")
    if not accepts(function, len(arguments)):
        raise ConfigurationError(f"{wanted}, got one of {inspect.signature(function)}")
    return function


@contextmanager
def named(name: str) -> Iterator[None]:
    """Say of what fails within where it is, and of what jax cannot trace what to write instead.

    Raises:
        ConfigurationError: for numpy, ``if`` or ``math`` of traced numbers, and a field that is
            taken for a number.
    """
    try:
        yield
    except PhysmlError as error:
        if error.args and not str(error).startswith(name):
            error.args = (f"{name}: {error.args[0]}", *error.args[1:])
        raise
    except _NUMPY as error:
        raise ConfigurationError(
            f"{name}: expected functions of jax.numpy, since it is traced once for all points; got "
            "a numpy function of a traced number, such as np.sin or np.interp: write jnp.sin, "
            "jnp.interp"
        ) from error
    except _CHOICE as error:
        raise ConfigurationError(
            f"{name}: expected no choice by Python of what is known at each point only, since it "
            "is traced once for all points; got an if, and, or, min, max or a mask: write "
            "jnp.where(condition, a, b), jnp.minimum, jnp.maximum, & and |"
        ) from error
    except _NUMBER as error:
        raise ConfigurationError(
            f"{name}: expected functions of jax.numpy, since it is traced once for all points; got "
            "float(), int(), a function of math, or a loop or an index by a traced number: write "
            "jnp.sin for math.sin, jnp.asarray for float, jnp.take for an index"
        ) from error
    except TypeError as error:
        told = str(error)
        if "'Unknowns' object is not callable" in told:
            raise ConfigurationError(
                f"{name}: expected one of several unknowns by its name, as u['p'](z), got u(z)"
            ) from error
        if "NamedField" not in told and "'function'" not in told:
            error.add_note(f"This was met in {name}.")
            raise
        raise ConfigurationError(
            f"{name}: expected numbers, got a function in their place ({told}): a field and its "
            "derivatives are functions, u(z) and pm.partial(u, 0)(z) are their values at a point"
        ) from error
    except Exception as error:
        error.add_note(f"This was met in {name}.")
        raise


def in_words(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose failures say its name.

    Raises:
        ConfigurationError: when called, see ``named``; where its value is a function.
    """

    @wraps(function, updated=())
    def told(*arguments: Any) -> Any:
        with named(name):
            value = function(*arguments)
            if callable(value) and not hasattr(value, "shape"):
                raise ConfigurationError(
                    f"{name}: expected a value at the point, got a function; evaluate it there, "
                    "as pm.partial(u, 0)(z)"
                )
            return value

    return told


def _short(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 80 else f"{text[:77]}..."
