"""What a machine has of memory and what would be needed, judged before it is asked for.

A need is a lower bound, so that nothing is refused that could be: what must lie in memory at once,
whatever the compiler makes of it. Of a compiled program it is the compiler's own count.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from physml.errors import ConfigurationError

# Where a container's share is told, of either version of control groups.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Need(NamedTuple):
    """Numbers that would lie in memory.

    Attributes:
        what: they are, as a formula, ``1000 walkers × 2 × 3 coordinates``.
        numbers: how many.
        bytes_each: of one; those of jax's own precision if None.
    """

    what: str
    numbers: int
    bytes_each: int | None = None

    @property
    def bytes(self) -> int:
        """Of all."""
        return self.numbers * (number_size() if self.bytes_each is None else self.bytes_each)

    def __str__(self) -> str:
        each = number_size() if self.bytes_each is None else self.bytes_each
        return f"{self.what} × {each} bytes"


def number_size() -> int:
    """Bytes of a number in jax's own precision."""
    return int(jnp.dtype(jnp.result_type(float)).itemsize)


def check_memory(name: str, needs: Iterable[Need], lower: str, *, host: bool = False) -> None:
    """Refuse what cannot lie in this machine's memory.

    Args:
        name: of the argument, for the error.
        needs: all that would lie there at once, at least.
        lower: the options that make it less.
        host: whether it lies beside the processor, as numpy's arrays, and not on a device.

    Raises:
        ConfigurationError: with the sum, what the machine has, and what to lower.

    >>> check_memory("walkers", [Need("1000 walkers × 2 × 3 coordinates", 6000)], "walkers")
    """
    needs = tuple(needs)
    needed, have = sum(need.bytes for need in needs), host_memory() if host else device_memory()
    if have is not None and needed > have:
        formula = " + ".join(map(str, needs))
        raise ConfigurationError(
            f"{name}: expected what {_of_this(have, host)} can hold, got {formula} = "
            f"{shown(needed)}; lower {lower}"
        )


def check_parameters(name: str, shapes: Any) -> None:
    """Refuse parameters of which this machine cannot hold two copies: before and after a step.

    Args:
        name: of what they belong to, for the error.
        shapes: a pytree of shapes and types, as of ``jax.eval_shape(module.init, ...)``.

    Raises:
        ConfigurationError: with the sum, what the machine has, and what to lower.
    """
    count = numbers_of(shapes)
    need = Need(f"2 × {count} parameters", 2 * count)
    check_memory(name, [need], "its width, depth, rank or determinants")


def check_program(name: str, program: Any, lower: str) -> None:
    """Refuse a compiled program whose arrays cannot lie in a device's memory.

    Args:
        name: of what it does, for the error.
        program: of ``jax.jit(...).lower(...).compile()``, not yet run.
        lower: the options that make it less.

    Raises:
        ConfigurationError: with the compiler's count, what the device has, and what to lower.
    """
    try:
        count = program.memory_analysis()
    except (NotImplementedError, jax.errors.JaxRuntimeError):
        return
    have = device_memory()
    if count is None or have is None:
        return
    state = count.argument_size_in_bytes + count.output_size_in_bytes - count.alias_size_in_bytes
    between = count.temp_size_in_bytes
    if state + between > have:
        raise ConfigurationError(
            f"{name}: expected what {_of_this(have, False)} can hold, got {shown(state)} of state "
            f"and data + {shown(between)} of what is computed on the way = "
            f"{shown(state + between)}; lower {lower}"
        )


def bytes_of(tree: Any) -> int:
    """Of the arrays in a pytree, or of what would be arrays of these shapes and types."""
    return sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(tree))


def numbers_of(tree: Any) -> int:
    """How many numbers there are in a pytree of arrays, or of their shapes."""
    return sum(math.prod(x.shape) for x in jax.tree.leaves(tree))


def shown(size: int) -> str:
    """Bytes in words: ``23.4 GB``."""
    for power, unit in ((18, "EB"), (15, "PB"), (12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10**power:
            number = size / 10**power if size < 10**300 else math.inf
            return f"{number:.3g} {unit}" if number < 1e6 else f"over a million {unit}"
    return f"{size} bytes"


def device_memory() -> int | None:
    """Bytes that arrays may fill on a device; of a CPU the machine's; None where nobody tells."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return host_memory()
    told = device.memory_stats() or {}
    return told.get("bytes_limit")


@cache
def host_memory() -> int | None:
    """Bytes of this machine, or of this container's share, with its swap; None if not told."""
    try:
        here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    here += _swap()
    for file in _LIMITS:
        try:
            here = min(here, int(Path(file).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return here


def _swap() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("SwapTotal:"))


def _of_this(have: int, host: bool) -> str:
    cpu = host or jax.devices()[0].platform == "cpu"
    return f"the {shown(have)} of this {'machine' if cpu else 'device'}"
