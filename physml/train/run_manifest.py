"""Which files of a directory runs wrote: no other is ever replaced or deleted.

physml.json    the names of what was written there, recorded before it is

Runs begun before there was such a list are known by what only they leave: a lock and settings, with
metrics by phase and step, checkpoints, or the version that wrote the settings.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from physml.errors import RunDirectoryError

MANIFEST = "physml.json"
LOCK = "lock"
CONTENTS = ("config.json", "metrics.jsonl", "clock.jsonl", "checkpoints", "result.json")

_DRAWN_BY_COMMANDS = ("solution.png", "state.png", "samples.npz")
_CHECKPOINT = re.compile(r"\.?\d{10}(\..+)?")


def written(directory: Path) -> frozenset[str]:
    """The names of what runs wrote in a directory, the list itself included; none: no run."""
    if not os.path.lexists(directory / MANIFEST):
        return _written_without_list(directory)
    document = _read(directory / MANIFEST)
    names = document.get("written") if document else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return frozenset()
    return frozenset(name for name in names if _stays_inside(name)) | {MANIFEST}


def settings(directory: Path) -> Mapping[str, Any]:
    """What the ``config.json`` of a directory holds; nothing where it cannot be read."""
    return _read(directory / "config.json") or {}


def _stays_inside(name: str) -> bool:
    """Whether a name is that of a file of the directory, or in a folder of it."""
    return bool(name) and not name.startswith("/") and ".." not in Path(name).parts


def goes_on(directory: Path, config: Any) -> bool:
    """Whether a run stands in a directory, be it without a step yet, or moved without its lock."""
    if not isinstance(config, dict):
        return False
    if os.path.lexists(directory / MANIFEST):
        return bool(written(directory))
    return "physml" in config or _lock_left(directory)


def listing(names: Iterable[str]) -> dict[str, Any]:
    """What the file of the list holds."""
    return {"written": sorted(set(names) - {MANIFEST})}


def refuse_strangers(directory: Path, names: Iterable[str]) -> None:
    """Raise where a name is taken by what no run wrote, or by a link that leads elsewhere.

    Raises:
        RunDirectoryError: with the names.
    """
    own = written(directory)
    taken = [
        name
        for name in names
        if os.path.lexists(directory / name)
        and (name not in own or (directory / name).is_symlink())
    ]
    if taken:
        raise RunDirectoryError(
            f"run directory {directory}: holds {', '.join(taken)}, which no run wrote there, or a "
            "link; expected a directory without, as nothing of others is replaced: choose another "
            "or move them"
        )


def remove_written(directory: Path) -> None:
    """Delete what runs wrote, but for the lock; of the checkpoints' folder, the checkpoints."""
    remove_files(directory, written(directory) - {LOCK, MANIFEST, "checkpoints"})
    phases = directory / "checkpoints"
    for phase in phases.iterdir() if phases.is_dir() else ():
        if phase.is_dir() and not phase.is_symlink():
            for entry in phase.iterdir():
                if _CHECKPOINT.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
            _remove_empty(phase)
    _remove_empty(phases)
    (directory / MANIFEST).unlink(missing_ok=True)


def remove_files(directory: Path, names: Iterable[str]) -> None:
    """Delete files by name, and folders that are empty then; nothing behind a link."""
    for name in names:
        folders = [directory / parent for parent in list(Path(name).parents)[:-1]]
        if any(folder.is_symlink() for folder in folders):
            continue
        (directory / name).unlink(missing_ok=True)
        for folder in folders:
            _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _written_without_list(directory: Path) -> frozenset[str]:
    config = _read(directory / "config.json")
    if config is None or not _lock_left(directory):
        return frozenset()
    if "physml" in config:
        return frozenset((*CONTENTS, LOCK, *_DRAWN_BY_COMMANDS))
    row = _read(directory / "metrics.jsonl", first_line=True) or {}
    if {"phase", "step"} <= row.keys() or any(directory.glob("checkpoints/*/*/manifest.json")):
        return frozenset((*CONTENTS, LOCK))
    return frozenset()


def _lock_left(directory: Path) -> bool:
    lock = directory / LOCK
    return lock.is_file() and lock.stat().st_size == 0


def _read(path: Path, *, first_line: bool = False) -> Mapping[str, Any] | None:
    """A JSON object, None where there is none."""
    try:
        with path.open() as file:
            found = json.loads(file.readline() if first_line else file.read())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
