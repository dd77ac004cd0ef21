"""Which files of a directory runs wrote: no other is ever replaced or deleted.

physml.json    the names of what was written there, recorded before it is, and digests of it

Runs begun before there was such a list are known by what only they leave: a lock and settings, with
metrics by phase and step, checkpoints, or the version that wrote the settings.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from physml.errors import RunDirectoryError
from physml.train import whole_file

MANIFEST = "physml.json"
LOCK = "lock"
CHECKPOINTS = "checkpoints"
LOGS = ("metrics.jsonl", "clock.jsonl")
CONTENTS = ("config.json", *LOGS, CHECKPOINTS, "result.json")

_DRAWN_BY_COMMANDS = ("solution.png", "state.png", "samples.npz", "result.png", "result.txt")
_CHECKPOINT = re.compile(r"(\.partial)?\.?\d{10}(\..+)?")


class Listed(NamedTuple):
    """What a run says of its files.

    Attributes:
        names: of what runs wrote there, the list itself included; none: no run.
        digests: the SHA-256 of files as they were written; of some, by earlier versions of none.
        superseded: whether more has been asked of the run since its result was written.
    """

    names: frozenset[str]
    digests: Mapping[str, str] = MappingProxyType({})
    superseded: bool = False

    def document(self) -> dict[str, Any]:
        """What the file of the list holds, with a digest of its own."""
        own: dict[str, Any] = {
            "written": sorted(self.names - {MANIFEST}),
            "sha256": dict(sorted(self.digests.items())),
            "superseded": self.superseded,
        }
        return own | {"digest": _digest(own)}


def listed(directory: Path) -> Listed:
    """What the runs of a directory say of their files; of a damaged list nothing is believed."""
    if not os.path.lexists(directory / MANIFEST):
        return Listed(_written_without_list(directory))
    document = dict(_read(directory / MANIFEST) or {})
    own = {name: part for name, part in document.items() if name != "digest"}
    names, digests = own.get("written"), own.get("sha256", {})
    if own.keys() | {"digest"} != {"written", "digest"} and document.get("digest") != _digest(own):
        return Listed(frozenset())
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return Listed(frozenset())
    inside = frozenset(name for name in names if _stays_inside(name))
    return Listed(inside | {MANIFEST}, digests, own.get("superseded", False))


def written(directory: Path) -> frozenset[str]:
    """The names of what runs wrote in a directory, the list itself included; none: no run."""
    return listed(directory).names


def read(directory: Path, name: str) -> bytes:
    """What a file of a run holds, as the run wrote it.

    Raises:
        RunDirectoryError: where it cannot be read, or was altered since.
    """
    content = whole_file.read_bytes(directory / name)
    digest = listed(directory).digests.get(name)
    if digest not in (None, hashlib.sha256(content).hexdigest()):
        raise RunDirectoryError(f"{directory / name}: was altered since the run wrote it")
    return content


def _stays_inside(name: str) -> bool:
    """Whether a name is that of a file of the directory, or in a folder of it."""
    return bool(name) and not name.startswith("/") and ".." not in Path(name).parts


def settings(directory: Path) -> dict[str, Any]:
    """The settings of the run that stands in a directory, in ``config.json``.

    A run may be without a step yet, or moved without its lock.

    Raises:
        RunDirectoryError: where there is none.
    """
    expected = "expected a directory that an earlier run made"
    try:
        config = whole_file.read_json(directory / "config.json")
    except RunDirectoryError as error:
        raise RunDirectoryError(
            f"run directory {directory}: no readable config.json ({error}); {expected}"
        ) from error
    if os.path.lexists(directory / MANIFEST) and not written(directory):
        raise RunDirectoryError(
            f"run directory {directory}: {MANIFEST}, the list of a run's files, is damaged or of "
            f"another program; {expected}. If a run did, remove {MANIFEST}: it is known without"
        )
    known = "physml" in config if isinstance(config, dict) else False
    if not isinstance(config, dict) or not (
        known or os.path.lexists(directory / MANIFEST) or _lock_left(directory)
    ):
        raise RunDirectoryError(
            f"run directory {directory}: its config.json is of no run; {expected}"
        )
    return config


def warn_of_altered_settings(directory: Path) -> None:
    """Say so where settings are no longer those that the run wrote: what it trains may differ."""
    try:
        read(directory, "config.json")
    except RunDirectoryError as error:
        warnings.warn(f"{error}; a result that stands there is of those before", stacklevel=3)


def refuse_strangers(directory: Path, names: Iterable[str]) -> None:
    """Raise where a name is taken by what no run wrote, or by a link that leads elsewhere.

    Raises:
        RunDirectoryError: with the names.
    """
    own, names = written(directory), tuple(names)
    taken = [
        name
        for name in names
        if os.path.lexists(directory / name)
        and (
            name not in own
            or os.path.islink(directory / name)
            or os.path.isdir(directory / name) != (name == CHECKPOINTS)
        )
    ]
    if CHECKPOINTS in names and CHECKPOINTS not in taken:
        phases = _entries(directory / CHECKPOINTS)
        taken += [f"{CHECKPOINTS}/{phase.name}" for phase in phases if phase.is_symlink()]
    if taken:
        raise RunDirectoryError(
            f"run directory {directory}: holds {', '.join(taken)}, which no run wrote there, or a "
            "link; expected a directory without, as nothing of others is replaced: choose another "
            "or move them"
        )


def remove_written(directory: Path) -> None:
    """Delete what runs wrote, but for the lock; of the checkpoints' folder, the checkpoints.

    Raises:
        RunDirectoryError: where something cannot be deleted.
    """
    clear(directory)
    remove_files(directory, written(directory) - {LOCK, MANIFEST, CHECKPOINTS})
    phases = directory / CHECKPOINTS
    try:
        for phase in _entries(phases):
            if phase.is_dir() and not phase.is_symlink():
                for entry in _entries(phase):
                    named = _CHECKPOINT.fullmatch(entry.name)
                    if named and entry.is_dir() and not entry.is_symlink():
                        shutil.rmtree(entry)
                _remove_empty(phase)
        _remove_empty(phases)
        (directory / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise RunDirectoryError(f"run directory {directory}: {error}") from error


def clear(directory: Path) -> None:
    """Remove what a process left that was killed while it wrote; the caller holds the directory."""
    for name in written(directory) | {MANIFEST}:
        place = directory / name.split("/")[0]
        whole_file.remove(place if whole_file.is_partial(place) else whole_file.partial(place))
        whole_file.remove(directory / f".{name}.partial")  # of earlier versions


def remove_files(directory: Path, names: Iterable[str]) -> None:
    """Delete files by name, and folders that are empty then; nothing behind a link.

    Raises:
        RunDirectoryError: where one cannot be deleted.
    """
    for name in names:
        folders = [directory / parent for parent in list(Path(name).parents)[:-1]]
        if any(folder.is_symlink() for folder in folders):
            continue
        try:
            (directory / name).unlink(missing_ok=True)
            for folder in folders:
                _remove_empty(folder)
        except OSError as error:
            raise RunDirectoryError(f"run directory {directory}: {error}") from error


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not _entries(folder):
        folder.rmdir()


def _entries(folder: Path) -> list[Path]:
    """What stands in a folder; nothing in what is none, or cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _written_without_list(directory: Path) -> frozenset[str]:
    config = _read(directory / "config.json")
    if config is None or not _lock_left(directory):
        return frozenset()
    if "physml" in config:
        kept = directory / "result"
        known = any(kept.glob("**/manifest.json"))
        files = [str(f.relative_to(directory)) for f in kept.rglob("*") if known and f.is_file()]
        return frozenset((*CONTENTS, LOCK, *_DRAWN_BY_COMMANDS, *files))
    row = _read(directory / "metrics.jsonl", first_line=True) or {}
    if {"phase", "step"} <= row.keys() or any(directory.glob("checkpoints/*/*/manifest.json")):
        return frozenset((*CONTENTS, LOCK))
    return frozenset()


def _lock_left(directory: Path) -> bool:
    try:
        return os.path.isfile(directory / LOCK) and os.path.getsize(directory / LOCK) == 0
    except OSError:
        return False


def _digest(own: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def _read(path: Path, *, first_line: bool = False) -> Mapping[str, Any] | None:
    """A JSON object, None where there is none."""
    try:
        text = whole_file.read_bytes(path)
        found = whole_file.parsed(text.split(b"\n")[0] if first_line else text)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
