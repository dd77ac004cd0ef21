"""Arrays that users give, as float64 or complex128 numbers, with nothing lost on the way."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import NonFiniteError, ShapeError


def check_unmasked(name: str, data: Any) -> None:
    """Refuse masked entries in a pytree, where jax would take what lies under the mask.

    Args:
        name: of the argument, for the error.
        data: any pytree of arrays.

    Raises:
        ShapeError: masked entries.

    >>> check_unmasked("data", {"x": np.ma.array([1.0, 2.0], mask=False), "y": jnp.ones(3)})
    """
    for leaf in jax.tree.leaves(data):
        if np.ma.is_masked(leaf):
            raise ShapeError(
                f"{name}: expected numbers, got {np.ma.count_masked(leaf)} of {leaf.size} entries "
                "masked; leave them out, in all arrays alike"
            )


def as_numbers(name: str, values: Any, *, or_complex: bool = False) -> np.ndarray:
    """An array of numbers, or an error where numpy would make other numbers of what was given.

    ``np.asarray(values, float)`` takes what lies under a mask (−9999 as a rule) for a value, drops
    imaginary parts, and reads numbers out of dates and strings.

    Args:
        name: of the argument, for the error.
        values: an array, a list, a table's column, ...; real numbers.
        or_complex: whether complex numbers will do; they stay complex.

    Returns:
        An array of the same shape, float64, or complex128 if there are complex numbers.

    Raises:
        ShapeError: masked entries, complex numbers where real ones are expected, or no numbers.

    >>> as_numbers("values", [1, 2]).tolist()
    [1.0, 2.0]
    """
    expected = f"{name}: expected {'numbers' if or_complex else 'real numbers'}"
    try:
        masked = np.ma.asarray(values)
        array = np.asarray(masked.data)
        if array.dtype == object:
            array = np.array(array.tolist())  # by what lies in it, numbers or strings
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(f"{expected}, got no array ({error})") from error
    if jnp.issubdtype(array.dtype, np.complexfloating):
        if not or_complex:
            raise ShapeError(
                f"{expected}, got {array.dtype}; give the real part if the imaginary one is zero, "
                "else .real and .imag as two, each on its own"
            )
        kind: type = np.complex128
    elif array.dtype.kind in "biufO" or jnp.issubdtype(array.dtype, np.floating):
        kind = np.float64
    else:
        raise ShapeError(f"{expected}, got {array.dtype}; convert them, as by .astype(float)")
    hidden = np.ma.getmaskarray(masked)
    if hidden.any():
        raise ShapeError(
            f"{expected}, got {hidden.sum()} of {hidden.size} entries masked, the first at index "
            f"{tuple(np.argwhere(hidden)[0].tolist())}; leave them out, values[~mask], with all "
            "that belongs to them"
        )
    try:
        if array.dtype == object:  # element by element: astype makes a NaN of None
            array = np.array([float(one) for one in array.ravel()]).reshape(array.shape)
        return array.astype(kind)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{expected}, got {array.dtype} ({error})") from error


def check_finite(name: str, numbers: np.ndarray) -> None:
    """Refuse a NaN or an infinity, and say where it is.

    Args:
        name: of the argument, for the error.
        numbers: of any shape.

    Raises:
        NonFiniteError: for it.

    >>> check_finite("values", np.ones(3))
    """
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        first = tuple(bad[0].tolist())
        where = first[0] if len(first) == 1 else first
        raise NonFiniteError(
            f"{name}: expected finite numbers, got {numbers[first]} at index {where}"
        )
