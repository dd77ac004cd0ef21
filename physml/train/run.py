"""A run directory: what was asked, what happened, where to go on.

config.json     the settings, plain data
metrics.jsonl   one line a step: phase, step, scalars; the same bits on every run
clock.jsonl     when each dispatch ended, kept apart so that metrics.jsonl has no wall time
checkpoints/    one folder a phase, one folder a step
result.json     written once, at the end
physml.json     the names of all these: what no run wrote is neither replaced nor deleted
lock            held by the one process that may write here
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from physml.errors import RunDirectoryError
from physml.train import run_manifest
from physml.train.going_on import way_on
from physml.train.run_manifest import CONTENTS, LOCK, MANIFEST


class Run:
    """A run directory held by this process; use it as a context manager.

    ``Run.create`` starts an empty directory, ``Run.reopen`` goes on with one; either refuses a
    directory that another process holds.

    Attributes:
        directory: where everything lies.
        config: the settings stored in ``config.json``.
        checkpoint_seconds: the longest time between checkpoints.
        begun: the fingerprint of each phase that this process began or went on with.
    """

    def __init__(
        self, directory: Path, config: Mapping[str, Any], lock: IO[str], checkpoint_seconds: float
    ) -> None:
        self.directory = directory
        self.config = dict(config)
        self.checkpoint_seconds = checkpoint_seconds
        self.begun: dict[str, Mapping[str, Any]] = {}
        self._lock = lock

    @classmethod
    def create(
        cls,
        directory: str | Path,
        config: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
        checkpoint_seconds: float = 30.0,
    ) -> Run:
        """Start a run in a directory where none stands.

        Args:
            directory: made if absent, parents too.
            config: plain data, stored as JSON.
            overwrite: delete what an earlier run wrote first; what others wrote stays.
            checkpoint_seconds: the longest time between checkpoints.

        Raises:
            RunDirectoryError: if a run stands there, or files of others with the names of a run's;
                if another process holds it, or it is read-only.
        """
        path = _named(directory)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunDirectoryError(f"run directory {path}: cannot be made ({error})") from error
        _check_free(path, overwrite)
        own = () if os.path.lexists(path / LOCK) else (LOCK,)
        lock = _acquire(path)
        try:
            _check_free(path, overwrite)  # again, now that no other process can change it
        except RunDirectoryError:
            lock.close()
            raise
        own = (*CONTENTS, *own, *(run_manifest.written(path) & {LOCK}))
        run_manifest.remove_written(path)
        run = cls(path, config or {}, lock, checkpoint_seconds)
        run.write(MANIFEST, run_manifest.listing(own))
        run.write("config.json", run.config)
        return run

    @classmethod
    def reopen(cls, directory: str | Path, *, checkpoint_seconds: float = 30.0) -> Run:
        """Go on with the run in a directory.

        Raises:
            RunDirectoryError: if there is none, or another process holds it.
        """
        path = _named(directory)
        try:
            config = json.loads((path / "config.json").read_text())
        except (OSError, ValueError) as error:
            raise RunDirectoryError(
                f"run directory {path}: no readable config.json ({error}); expected a directory "
                "that an earlier run made"
            ) from error
        if not run_manifest.goes_on(path, config):
            raise RunDirectoryError(
                f"run directory {path}: its config.json is of no run; expected a directory that an "
                "earlier run made"
            )
        run = cls(path, config, _acquire(path), checkpoint_seconds)
        if not (path / MANIFEST).exists():
            own = run_manifest.written(path) | {*CONTENTS, LOCK}
            run.write(MANIFEST, run_manifest.listing(own))
        return run

    def __enter__(self) -> Run:
        """Hold the directory."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the directory."""
        self.close()

    def close(self) -> None:
        """Let go of the directory."""
        self._lock.close()

    def add(self, name: str, save: Callable[[Path], Any]) -> Path:
        """Add a file to the run, whole or not at all: a figure, samples.

        Args:
            name: of the file.
            save: ``path -> anything``, writes it.

        Raises:
            RunDirectoryError: if one stands there that no run wrote, or a link.
        """
        run_manifest.refuse_strangers(self.directory, [name])
        path, fresh = self.directory / name, self.directory / f".partial.{name}"
        try:
            save(fresh)
            names = run_manifest.written(self.directory) | {name}
            self.write(MANIFEST, run_manifest.listing(names))
            os.replace(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
        return path

    def add_folder(self, name: str, save: Callable[[Path], Any]) -> Path:
        """Add a folder to the run, whole or not at all, in place of the one it had.

        Args:
            name: of the folder.
            save: ``path -> anything``, makes it with its files.

        Raises:
            RunDirectoryError: if one stands there with files that no run wrote, or a link.
        """
        path, fresh = self.directory / name, self.directory / f".partial.{name}"
        own = run_manifest.written(self.directory)
        before = [file for file in own if file.startswith(f"{name}/")]
        there = [str(f.relative_to(self.directory)) for f in path.rglob("*") if not f.is_dir()]
        run_manifest.refuse_strangers(self.directory, there or [name])
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            save(fresh)
            files = [f"{name}/{f.relative_to(fresh)}" for f in fresh.rglob("*") if not f.is_dir()]
            names = own.difference(before).union(files)
            run_manifest.remove_files(self.directory, before)
            self.write(MANIFEST, run_manifest.listing(names))
            os.replace(fresh, path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return path

    def checkpoints(self, phase: str) -> Path:
        """Where the checkpoints of a phase lie."""
        return self.directory / "checkpoints" / phase

    def append(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append lines of JSON to ``metrics.jsonl`` or ``clock.jsonl``."""
        text = "".join(json.dumps(_plain(row)) + "\n" for row in rows)
        try:
            with (self.directory / name).open("a") as file:
                file.write(text)
        except OSError as error:
            raise RunDirectoryError(
                f"{self.directory / name}: cannot be written ({error})"
            ) from error

    def trim(self, name: str, phase: str, step: int) -> None:
        """Drop the lines of a phase from a step on, and of phases after it, before going on."""
        path = self.directory / name
        if not path.exists():
            return
        kept = []
        for line in path.read_text().splitlines(keepends=True):
            try:
                row = json.loads(line)
            except ValueError:
                break  # the last line of a process that was killed while writing
            if row["phase"] == phase and row["step"] >= step:
                break
            kept.append(line)
        fresh = _partial(path)
        fresh.write_text("".join(kept))
        os.replace(fresh, path)

    def rows(self, name: str, phase: str) -> list[dict[str, Any]]:
        """The lines of a phase, as dictionaries."""
        path = self.directory / name
        if not path.exists():
            return []
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return [row for row in rows if row["phase"] == phase]

    def write(self, name: str, document: Mapping[str, Any]) -> Path:
        """Write a JSON document whole or not at all."""
        path = self.directory / name
        fresh = _partial(path)
        try:
            fresh.write_text(json.dumps(_plain(document), indent=2) + "\n")
            os.replace(fresh, path)
        except OSError as error:
            raise RunDirectoryError(f"{path}: cannot be written ({error})") from error
        return path


def _named(directory: str | Path) -> Path:
    """The directory; no name is not the current one."""
    if not str(directory).strip():
        raise RunDirectoryError(
            "run directory: expected a name, got an empty one, as of a variable that is not set; "
            "the current directory is '.'"
        )
    return Path(directory)


def _check_free(path: Path, overwrite: bool) -> None:
    """Raise unless a run may begin in a directory, its files replacing no other's."""
    standing = [name for name in CONTENTS if os.path.lexists(path / name)]
    if standing and not overwrite and run_manifest.written(path):
        raise RunDirectoryError(
            f"run directory {path}: already holds a run ({', '.join(standing)}). Go on with it "
            f"({way_on(path, run_manifest.settings(path))}), choose another directory, or overwrite"
        )
    run_manifest.refuse_strangers(path, (*CONTENTS, MANIFEST))


def _partial(path: Path) -> Path:
    """Where a document is written before it takes its place, whole."""
    return path.with_name(f".{path.name}.partial")


def _acquire(path: Path) -> IO[str]:
    if (path / LOCK).is_symlink():
        raise RunDirectoryError(f"run directory {path}: its lock is a link; expected a file")
    try:
        lock = (path / LOCK).open("a")
    except OSError as error:
        raise RunDirectoryError(f"run directory {path}: cannot be written ({error})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise RunDirectoryError(
            f"run directory {path}: another process is writing here; wait for it or choose another"
        ) from error
    return lock


def _plain(value: Any) -> Any:
    """JSON has no NaN: non-finite numbers become null."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
