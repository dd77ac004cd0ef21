"""Files written whole or not at all, on the disk before they count; read with what is wrong named.

A file or a folder is made as ``.partial.NAME``, brought to the disk, and given its name then. A
process killed in between leaves the partial one, which the next one that writes there removes.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from physml.errors import RunDirectoryError

_PREFIX = ".partial."


def partial(path: Path) -> Path:
    """Where a file or folder is made before it takes its name, whose ending tells its format."""
    return path.with_name(f"{_PREFIX}{path.name}")


def is_partial(path: Path) -> bool:
    """Whether a name is one of ``partial``."""
    return path.name.startswith(_PREFIX)


def write(path: Path, save: Callable[[Path], Any]) -> Path:
    """Make a file, or a folder where none stands, under its name once it is whole and on the disk.

    Args:
        path: its name.
        save: ``path -> anything``, makes it under another one.

    Raises:
        OSError: and what ``save`` raises; nothing new is left then.
    """
    fresh = partial(path)
    try:
        remove(fresh)
        save(fresh)
        settle(fresh)
        os.replace(fresh, path)
        settle_names(path.parent)
    finally:
        remove(fresh)
    return path


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file; see ``write``.

    Raises:
        RunDirectoryError: where it cannot be written.
    """
    try:
        return write(path, lambda fresh: fresh.write_bytes(content))
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be written ({error})") from error


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        RunDirectoryError: where it cannot be read, or is no file: a pipe would be waited for.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "not a file")
        return path.read_bytes()
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be read ({error})") from error


def read_json(path: Path) -> Any:
    """What a JSON document holds; see ``parsed``.

    Raises:
        RunDirectoryError: where it cannot be read, or is no JSON.
    """
    try:
        return parsed(read_bytes(path))
    except ValueError as error:
        raise RunDirectoryError(f"{path}: no readable JSON ({error})") from error


def parsed(text: bytes) -> Any:
    """A JSON document in UTF-8.

    Raises:
        ValueError: for anything else, documents nested without end and endless integers too.
    """
    try:
        return json.loads(text.decode())
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def settle(path: Path) -> None:
    """Bring a file, or a folder with all below it, to the disk."""
    if path.is_dir():
        for below in path.iterdir():
            settle(below)
        settle_names(path)
        return
    with path.open("rb") as file:
        os.fsync(file.fileno())


def settle_names(folder: Path) -> None:
    """Bring the names in a folder to the disk, where its kind of disk knows how."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all below it, if it stands and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return
