"""A function as a text that two processes agree on, and the numbers in it.

The text is that of the function's jaxpr, with variables numbered in order, inner programs written
out, and no names of functions, memory addresses or devices in it. Its constants, literals included,
stand apart as numbers, since two arrays of one shape trace to the same text.
"""

from __future__ import annotations

import enum
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

_SHOWN = 64

# Where a program runs, and what it is called, changes nothing of what it says.
_PLACES = ("sharding", "layout", "mesh", "device", "name", "debug_info", "srcs", "compiler_options")


class Numbers(NamedTuple):
    """Floating-point numbers in order: to the bit, and up to rounding.

    Attributes:
        digest: of their bytes.
        projection: a sum over all of them that tells relative changes above ``10 √ε``, of numbers
            within ``ε^⅓`` of the largest of their array, from another machine's rounding.
        tolerance: on the projection.
        scalars: the first single numbers among them, to show.
    """

    digest: str
    projection: float
    tolerance: float
    scalars: list[float]

    def same(self, other: Numbers) -> bool:
        """Equal up to rounding."""
        if self.digest == other.digest:
            return True
        return abs(self.projection - other.projection) <= max(self.tolerance, other.tolerance)


class Program(NamedTuple):
    """A function's text, as a digest, and its numbers."""

    text: str
    numbers: Numbers


def numbers(arrays: Iterable[Any]) -> Numbers:
    """Summarise arrays of floating-point numbers.

    Args:
        arrays: real or complex; an empty one counts too.

    Returns:
        Their digest and projection.
    """
    digest, projection, count, tolerance = hashlib.sha256(), 0.0, 0, 0.0
    scalars: list[float] = []
    for array in arrays:
        flat = np.ascontiguousarray(array).ravel()
        digest.update(f"{flat.dtype}{np.shape(array)}".encode())
        digest.update(flat.tobytes())
        if flat.size == 1 and len(scalars) < _SHOWN and not np.iscomplexobj(flat):
            scalars.append(float(flat[0]))
        eps = float(jnp.finfo(flat.dtype).eps)
        tolerance = max(tolerance, 10 * math.sqrt(eps))
        parts = [flat.real, flat.imag] if np.iscomplexobj(flat) else [flat]
        values = np.concatenate(parts).astype(np.float64)
        finite = np.isfinite(values)
        values = np.where(finite, values, 0.0)
        largest = float(np.abs(values).max(initial=0.0))
        if largest > 0:
            values = np.arcsinh(values / (eps ** (1 / 3) * largest))
        weights = np.cos(1.0 + count + np.arange(len(values)))
        projection += float(weights @ (values + ~finite))
        projection += math.cos(0.5 + count) * (math.log(largest) if largest > 0 else 0.0)
        count += len(values)
    return Numbers(digest.hexdigest(), projection, tolerance, scalars)


def program(function: Callable[..., Any], *args: Any) -> tuple[Program, Any]:
    """Trace a function.

    Args:
        function: pure.
        *args: pytrees of arrays, or of their shapes and types.

    Returns:
        Its program, and the shapes and types of its value.
    """
    traced, shape = jax.make_jaxpr(function, return_shape=True)(*args)
    writer = _Writer()
    text = writer.closed(traced)
    return Program(text, numbers(writer.constants)), shape


def exact(array: Any) -> str | None:
    """What is no floating-point number, to the bit: whole numbers, keys; None for the others."""
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return f"{jax.random.key_impl(array)} {_hex(np.asarray(jax.random.key_data(array)))}"
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        return _hex(np.asarray(array))
    return None


class _Writer:
    """Writes programs, inner ones once, and collects their constants in order."""

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self._known: dict[int, tuple[Any, str, list[Any]]] = {}

    def closed(self, closed: Any) -> str:
        """The digest of a program and its constants."""
        consts = [self._constant(value) for value in closed.consts]
        return _digest(";".join(consts) + self.inner(closed.jaxpr))

    def inner(self, jaxpr: Any) -> str:
        """The digest of a program."""
        if id(jaxpr) not in self._known:
            outer, self.constants = self.constants, []
            text = _digest(self._text(jaxpr))
            self._known[id(jaxpr)] = (jaxpr, text, self.constants)
            self.constants = outer
        _, text, constants = self._known[id(jaxpr)]
        self.constants.extend(constants)
        return text

    def _text(self, jaxpr: Any) -> str:
        place: dict[Any, int] = {}

        def defined(variable: Any) -> str:
            place[variable] = len(place)
            return _type(variable.aval)

        def used(atom: Any) -> str:
            if isinstance(atom, core.Literal):
                return self._constant(atom.val, getattr(atom.aval, "dtype", None))
            return str(place[atom])

        lines = [" ".join(map(defined, [*jaxpr.constvars, *jaxpr.invars]))]
        for equation in jaxpr.eqns:
            options = ",".join(
                f"{key}={self._option(value)}"
                for key, value in sorted(equation.params.items())
                if not any(word in key for word in _PLACES)
            )
            taken = " ".join(map(used, equation.invars))
            made = " ".join(map(defined, equation.outvars))
            lines.append(f"{equation.primitive.name}[{options}] {taken} -> {made}")
        lines.append(" ".join(map(used, jaxpr.outvars)))
        return "\n".join(lines)

    def _constant(self, value: Any, dtype: Any = None) -> str:
        array = value if isinstance(value, jax.Array) else np.asarray(value, dtype)
        whole = exact(array)
        if whole is None:
            self.constants.append(np.asarray(array))
        return f"{array.dtype}{list(array.shape)}{whole or ''}"

    def _option(self, value: Any) -> str:
        if isinstance(value, core.ClosedJaxpr):
            return self.closed(value)
        if isinstance(value, core.Jaxpr):
            return self.inner(value)
        if isinstance(value, (jax.Array, np.ndarray, np.generic)):
            return self._constant(value)
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.dtype)):
            return repr(value)
        if isinstance(value, enum.Enum):
            return value.name
        if isinstance(value, Mapping):
            return str(sorted((str(k), self._option(v)) for k, v in value.items()))
        if isinstance(value, (set, frozenset)):
            return str(sorted(map(self._option, value)))
        if isinstance(value, Sequence):
            return str([self._option(item) for item in value])
        if isinstance(value, type):
            return value.__name__
        # Functions that would differentiate, and the like: their work is in the program already.
        return type(value).__name__


def _type(aval: Any) -> str:
    dtype, shape = getattr(aval, "dtype", None), getattr(aval, "shape", ())
    return f"{dtype}{list(shape)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hex(array: np.ndarray) -> str:
    head = f"{array.dtype}{list(array.shape)}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()
