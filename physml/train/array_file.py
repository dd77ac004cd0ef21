"""Arrays by name on disk: numpy's npz, not compressed, whose bytes depend on the arrays alone.

Earlier versions wrote them by orbax, whose threads wait five minutes for a folder that cannot be
made, and log a full disk on two hundred lines; what they wrote is read by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FILE = "arrays.npz"
_BEFORE = "arrays"

Kind = Sequence[Any]
"""The shape and the type of an array, as ``[[3, 2], "float32"]``."""


def write(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays into a folder.

    Raises:
        OSError: where they cannot be written.
    """
    with (folder / FILE).open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read(folder: Path, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Read arrays of known shapes and types.

    Raises:
        OSError, ValueError, KeyError: where they are not there, or of other shapes or types.
    """
    if (folder / _BEFORE).exists():
        return _read_before(folder / _BEFORE, kinds)
    with np.load(folder / FILE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in kinds}
    for name, (shape, kind) in kinds.items():
        if arrays[name].dtype.kind == "V":  # numpy stores the bytes of jax's own types, not which
            arrays[name] = arrays[name].view(np.dtype(kind))
        if [list(arrays[name].shape), str(arrays[name].dtype)] != [list(shape), kind]:
            raise ValueError(f"{name} is not of shape {shape} and type {kind}")
    return arrays


def files(folder: Path) -> list[Path]:
    """The files that hold the arrays of a folder, sorted."""
    before = (file for file in (folder / _BEFORE).rglob("*") if file.is_file())
    return sorted([*before, *([folder / FILE] if (folder / FILE).is_file() else [])])


def _read_before(folder: Path, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    import jax
    import orbax.checkpoint  # a fifth of a second, for what earlier versions wrote alone

    template = {name: jax.ShapeDtypeStruct(shape, kind) for name, (shape, kind) in kinds.items()}
    with orbax.checkpoint.StandardCheckpointer() as reader:
        arrays: dict[str, Any] = reader.restore(folder, template)
    return arrays
