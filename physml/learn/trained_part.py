"""Parameters of which some are held as they are, and the network as a function of the others.

What is held is no part of what is trained: no optimizer sees it, and it has no columns of ``J``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError, UnknownNameError

Path = tuple[str, ...]
"""Where an array stands among parameters, such as ``("params", "Dense_0", "kernel")``."""

Frozen = Sequence[str] | Callable[[Path], bool]
"""Names that stand in the paths of what is held, or a function of a path."""


class TrainedPart(NamedTuple):
    """What is trained and what is held, by path in one string.

    Attributes:
        trained: arrays by path.
        held: arrays by path.
        joined: ``(trained, held) -> params``.
    """

    trained: dict[str, Array]
    held: dict[str, Array]
    joined: Callable[[dict[str, Array], dict[str, Array]], Any]


def holds_any(frozen: Frozen) -> bool:
    """Whether there is anything to be held.

    Raises:
        ConfigurationError: neither names nor a function; one word where several are meant.
    """
    if isinstance(frozen, str):
        raise ConfigurationError(f"frozen: expected several names, as ({frozen!r},), got a word")
    if not callable(frozen) and not isinstance(frozen, Sequence):
        raise ConfigurationError(
            f"frozen: expected names of parameters, or a function of a path, got {frozen!r}"
        )
    return callable(frozen) or len(frozen) > 0


def trained_part(params: Any, frozen: Frozen) -> TrainedPart:
    """Part parameters into those to train and those to hold.

    Raises:
        UnknownNameError: a name that stands in no path.
        ConfigurationError: nothing left to train.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(params)
    paths = [tuple(_word(entry) for entry in path) for path, _ in leaves]
    if callable(frozen):
        holds = [bool(frozen(path)) for path in paths]
    else:
        for name in frozen:
            if not any(name in path for path in paths):
                known = dict.fromkeys(word for path in paths for word in path)
                raise UnknownNameError("name of what is frozen", name, known)
        holds = [any(name in path for name in frozen) for path in paths]
    if all(holds):
        raise ConfigurationError("frozen: expected something left to train, got all of it frozen")
    keys = ["/".join(path) for path in paths]

    def joined(trained: dict[str, Array], held: dict[str, Array]) -> Any:
        return jax.tree.unflatten(
            structure,
            [(held if hold else trained)[key] for key, hold in zip(keys, holds, strict=True)],
        )

    arrays = [leaf for _, leaf in leaves]
    parted: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
    for key, hold, array in zip(keys, holds, arrays, strict=True):
        parted[hold][key] = array
    return TrainedPart(parted[0], parted[1], joined)


def function_of(part: TrainedPart, apply: Callable[..., Array]) -> Callable[..., Array]:
    """A network as a function of what is trained; what is held is data of it.

    Args:
        part: its parameters.
        apply: ``(params, input) -> outputs``.

    Returns:
        ``(trained, input) -> outputs``.
    """
    function: Callable[..., Array] = Partial(partial(_apply, part.joined, apply), part.held)
    return function


def _apply(
    joined: Callable[..., Any], apply: Callable[..., Array], held: Any, trained: Any, x: Any
) -> Array:
    return apply(joined(trained, held), x)


def _word(entry: Any) -> str:
    for name in ("key", "name", "idx"):
        if hasattr(entry, name):
            return str(getattr(entry, name))
    return str(entry)
