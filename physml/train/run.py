"""A run directory: what was asked, what happened, where to go on.

config.json     the settings, plain data
metrics.jsonl   one line a step: phase, step, scalars; the same bits on every run
clock.jsonl     when each dispatch ended, kept apart so that metrics.jsonl has no wall time
checkpoints/    one folder a phase, one folder a step
result.json     written once, at the end
lock            held by the one process that may write here
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from physml.errors import RunDirectoryError

CONTENTS = ("config.json", "metrics.jsonl", "clock.jsonl", "checkpoints", "result.json")


class Run:
    """A run directory held by this process; use it as a context manager.

    ``Run.create`` starts an empty directory, ``Run.reopen`` goes on with one; either refuses a
    directory that another process holds.

    Attributes:
        directory: where everything lies.
        config: the settings stored in ``config.json``.
        checkpoint_seconds: the longest time between checkpoints.
    """

    def __init__(
        self, directory: Path, config: Mapping[str, Any], lock: IO[str], checkpoint_seconds: float
    ) -> None:
        self.directory = directory
        self.config = dict(config)
        self.checkpoint_seconds = checkpoint_seconds
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
        """Start a run in an empty or absent directory.

        Args:
            directory: made if absent, parents too.
            config: plain data, stored as JSON.
            overwrite: delete an earlier run's files first.
            checkpoint_seconds: the longest time between checkpoints.

        Raises:
            RunDirectoryError: if a run stands there, another process holds it, or it is read-only.
        """
        path = Path(directory)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunDirectoryError(f"run directory {path}: cannot be made ({error})") from error
        lock = _acquire(path)
        standing = [name for name in CONTENTS if (path / name).exists()]
        if standing and not overwrite:
            lock.close()
            raise RunDirectoryError(
                f"run directory {path}: already holds a run ({', '.join(standing)}). Go on with it "
                f"(physml resume {shlex.quote(str(path))}), choose another directory, or overwrite"
            )
        for name in standing:
            target = path / name
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        run = cls(path, config or {}, lock, checkpoint_seconds)
        run.write("config.json", run.config)
        return run

    @classmethod
    def reopen(cls, directory: str | Path, *, checkpoint_seconds: float = 30.0) -> Run:
        """Go on with the run in a directory.

        Raises:
            RunDirectoryError: if there is none, or another process holds it.
        """
        path = Path(directory)
        try:
            config = json.loads((path / "config.json").read_text())
        except (OSError, ValueError) as error:
            raise RunDirectoryError(
                f"run directory {path}: no readable config.json ({error}); expected a directory "
                "that an earlier run made"
            ) from error
        return cls(path, config, _acquire(path), checkpoint_seconds)

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
        fresh = path.with_suffix(".partial")
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
        fresh = path.with_suffix(".partial")
        try:
            fresh.write_text(json.dumps(_plain(document), indent=2) + "\n")
            os.replace(fresh, path)
        except OSError as error:
            raise RunDirectoryError(f"{path}: cannot be written ({error})") from error
        return path


def _acquire(path: Path) -> IO[str]:
    try:
        lock = (path / "lock").open("a")
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
