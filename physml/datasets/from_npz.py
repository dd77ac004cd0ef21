"""Data from a file of numpy's arrays."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from physml.datasets.dataset import Dataset
from physml.errors import DataFileError, UnknownNameError


def from_npz(
    path: str | Path, *, inputs: str = "inputs", targets: str = "targets", **told: Any
) -> Dataset:
    """The data in two arrays of an ``.npz`` file; nothing in it is executed.

    Args:
        path: of the file.
        inputs: the name of the inputs in it.
        targets: the name of the targets in it.
        **told: further attributes of the ``Dataset``, such as ``licence``.

    Raises:
        DataFileError: missing, cut short, or with objects that are no arrays of numbers.
        UnknownNameError: no array of that name.
        ShapeError, NonFiniteError: see ``Dataset``.

    >>> import tempfile, numpy as np, physml as pm
    >>> path = tempfile.mkdtemp() + "/line.npz"
    >>> np.savez(path, x=np.ones((5, 2)), y=np.arange(5.0))
    >>> pm.datasets.from_npz(path, inputs="x", targets="y").inputs.shape
    (5, 2)
    """
    path = Path(path)
    try:
        with path.open("rb") as raw, _npz(raw) as file:
            for name in (inputs, targets):
                if name not in file.files:
                    raise UnknownNameError(f"array of {path}", name, file.files)
            x, y = file[inputs], file[targets]
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataFileError(
            f"{path}: expected an .npz file of arrays of numbers, whole, got {error}"
        ) from error
    return Dataset(x, y, **({"name": path.stem, "source": str(path)} | told))


def _npz(raw: BinaryIO) -> np.lib.npyio.NpzFile:
    loaded = np.load(raw, allow_pickle=False)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise ValueError("a single array")
    return loaded
