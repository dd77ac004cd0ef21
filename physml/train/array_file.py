"""Arrays by name on disk, by orbax, in a folder that was made and on a disk that has the room.

Orbax's threads wait five minutes for a folder that cannot be made, and log a full disk on two
hundred lines. So the disk is asked for the room before they begin.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from errno import ENOSPC
from pathlib import Path
from typing import Any

import jax
import numpy as np

FOLDER = "arrays"

Kind = Sequence[Any]
"""The shape and the type of an array, as ``[[3, 2], "float32"]``."""

# What orbax's documents take beside the arrays, measured: 5 kB each.
_BESIDE = 8192


def write(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays into a folder.

    Raises:
        OSError: where they cannot be written.
    """
    kept = {name: array for name, array in arrays.items() if array.size}  # orbax refuses others
    if not kept:
        return
    claim_room(folder, sum(array.nbytes + _BESIDE for array in kept.values()))
    try:
        with _checkpointer() as writer:
            writer.save(folder / FOLDER, kept)
            writer.wait_until_finished()
    except (ValueError, RuntimeError) as error:
        raise OSError(f"orbax: {error}") from error


def read(folder: Path, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Read arrays of known shapes and types.

    Raises:
        OSError, ValueError, KeyError: where they are not there, or of other shapes or types.
    """
    template = {name: jax.ShapeDtypeStruct(shape, kind) for name, (shape, kind) in kinds.items()}
    empty = {name: np.zeros(one.shape, one.dtype) for name, one in template.items() if not one.size}
    if len(empty) == len(template):
        return empty
    with _checkpointer() as reader:
        kept = {name: one for name, one in template.items() if name not in empty}
        arrays: dict[str, Any] = reader.restore(folder / FOLDER, kept)
    return arrays | empty


def files(folder: Path) -> list[Path]:
    """The files that hold the arrays of a folder, sorted."""
    return sorted(file for file in (folder / FOLDER).rglob("*") if file.is_file())


def claim_room(folder: Path, size: int) -> None:
    """Refuse what a disk has no room for before anything is written.

    Raises:
        OSError: where the folder cannot be written, or so many bytes do not fit.
    """
    place = folder / ".room"
    try:
        with place.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            elif shutil.disk_usage(folder).free < size:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
    finally:
        place.unlink(missing_ok=True)


def _checkpointer() -> Any:
    import orbax.checkpoint  # a fifth of a second, here and not in `import physml`

    return orbax.checkpoint.StandardCheckpointer()
