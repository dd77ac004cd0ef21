"""Arrays from IDX files, the format of MNIST and of the sets that are like it.

0, 0, type, number of axes; the length of each axis, four bytes, big-endian; the numbers
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from physml.datasets.dataset import Dataset
from physml.errors import DataFileError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def from_idx(inputs: str | Path, targets: str | Path, **told: Any) -> Dataset:
    """The data in two IDX files, plain or compressed by gzip; numbers as they stand, not scaled.

    Args:
        inputs: the file of the inputs, such as ``train-images-idx3-ubyte.gz``.
        targets: the file of the targets, such as ``train-labels-idx1-ubyte.gz``.
        **told: further attributes of the ``Dataset``, such as ``class_names``.

    Raises:
        DataFileError: missing, of another format, cut short or too long.
        ShapeError: two files that do not belong together; see ``Dataset``.
    """
    defaults = {"name": Path(inputs).name.partition(".")[0], "source": str(inputs)}
    return Dataset(read_idx(inputs), read_idx(targets), **(defaults | told))


def read_idx(path: str | Path) -> np.ndarray:
    """The array in an IDX file, plain or compressed by gzip.

    Args:
        path: of the file.

    Returns:
        An array of the file's own type, in this machine's byte order.

    Raises:
        DataFileError: missing, of another format, cut short or too long.

    Source: http://yann.lecun.com/exdb/mnist (the format, at the end of the page).

    >>> import tempfile, pathlib, physml as pm
    >>> path = pathlib.Path(tempfile.mkdtemp(), "labels")
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> pm.datasets.read_idx(path).tolist()
    [7, 2, 1]
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{path}: expected an IDX file, whole, got {error}") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise DataFileError(
            f"{path}: expected an IDX file, which begins with 0, 0, a type and the number of axes, "
            f"got {list(content[:4])}"
        )
    kind, axes = np.dtype(_TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataFileError(f"{path}: cut short in the lengths of its {axes} axes")
    shape = struct.unpack(f">{axes}I", content[4:start])
    expected, got = math.prod(shape) * kind.itemsize, len(content) - start
    if got != expected:
        raise DataFileError(
            f"{path}: {'cut short' if got < expected else 'too long'}: expected {expected} bytes "
            f"of {kind.name} {shape}, got {got}"
        )
    numbers = np.frombuffer(content, kind, offset=start).reshape(shape)
    return numbers.astype(kind.newbyteorder("="))
