"""The sizes of a network, checked where they are written and not where they are first used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.memory import Need, check_memory

DEEPEST = 4096
"""Layers are traced and compiled one by one: 1,000 take 6 s for each time a Laplacian is traced."""

# Kernels below this width, of half a gigabyte, are not asked about.
_SURE = 2**13


def checked_widths(widths: Any) -> tuple[int, ...]:
    """The widths of hidden layers as a tuple, which may be empty.

    Raises:
        ConfigurationError: they are no sequence of positive integers, or more than can be compiled.
    """
    if not isinstance(widths, Sequence) or not all(map(_is_size, widths)):
        raise ConfigurationError(
            "widths: expected the width of each hidden layer, positive integers such as "
            f"(20, 20, 20), got {widths!r}."
        )
    _check_depth("widths", len(widths))
    return tuple(map(int, widths))


def equal_widths(width: int, depth: int) -> tuple[int, ...]:
    """The widths of ``depth`` hidden layers of one width.

    Raises:
        ConfigurationError: one of the two is no positive integer, or too large, as where this
            machine's memory cannot hold the kernel between two layers.
    """
    width, depth = checked_size("width", width), checked_depth("depth", depth)
    if depth > 1:
        check_kernel(width)
    return (width,) * depth


def check_kernel(width: int) -> None:
    """Refuse a width of which this machine's memory cannot hold a kernel between two layers.

    Raises:
        ConfigurationError: with what it needs.
    """
    if width > _SURE:
        need = Need(f"a kernel of {width} × {width}", width**2)
        check_memory("width", [need], "the width")


def checked_outputs(outputs: Any) -> int | None:
    """A number of components, or None for a scalar field.

    Raises:
        ConfigurationError: for anything else.
    """
    if outputs is None:
        return None
    if not _is_size(outputs):
        raise ConfigurationError(
            "outputs: expected None for a scalar field or a positive number of components, "
            f"got {outputs!r}."
        )
    return int(outputs)


def checked_size(name: str, number: Any) -> int:
    """A positive integer.

    Raises:
        ConfigurationError: for anything else, and for one beyond what an index counts.
    """
    size = as_whole(name, number)
    if size < 1:
        raise ConfigurationError(f"{name}: expected a positive integer, got {number!r}.")
    return size


def checked_depth(name: str, number: Any) -> int:
    """A number of layers, or of what else is traced one by one.

    Raises:
        ConfigurationError: no positive integer, or more than can be compiled.
    """
    depth = checked_size(name, number)
    _check_depth(name, depth)
    return depth


def _check_depth(name: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ConfigurationError(
            f"{name}: expected at most {DEEPEST}, since each is traced and compiled by itself, got "
            f"{depth}; lower it."
        )


def _is_size(number: Any) -> bool:
    """Whether it is a positive integer, or a float that is one."""
    try:
        return as_whole("size", number) > 0
    except ConfigurationError:
        return False
