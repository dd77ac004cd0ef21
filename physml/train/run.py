"""A run directory: what was asked, what happened, where to go on.

config.json     the settings, plain data
metrics.jsonl   one line a step: phase, step, scalars, checksum; the same bits on every run
clock.jsonl     when each dispatch ended, kept apart so that metrics.jsonl has no wall time
checkpoints/    one folder a phase, one folder a step
result.json     written once, at the end
physml.json     names and digests of these: what no run wrote is neither replaced nor deleted
lock            held by the one process that may write here
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from physml.errors import PhysmlError, RunDirectoryError
from physml.train import run_manifest, step_log, whole_file
from physml.train.going_on import way_on
from physml.train.run_manifest import CONTENTS, LOCK, LOGS, MANIFEST, Listed


class Run:
    """A run directory held by this process; use it as a context manager.

    ``Run.create`` starts an empty directory, ``Run.reopen`` goes on with one; either refuses a
    directory that another process holds.

    Attributes:
        directory: where everything lies.
        config: the settings stored in ``config.json``.
        checkpoint_seconds: the longest time between checkpoints.
        begun: the fingerprint of each phase that this process began or went on with.
        renewed: the files that this process wrote.
        went_on: whether this process has taken a step of it.
    """

    def __init__(
        self, directory: Path, config: Mapping[str, Any], lock: IO[str], checkpoint_seconds: float
    ) -> None:
        self.directory = directory
        self.config = dict(config)
        self.checkpoint_seconds = checkpoint_seconds
        self.begun: dict[str, Mapping[str, Any]] = {}
        self.renewed: set[str] = set()
        self.went_on = False
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
            own = (*CONTENTS, *own, *(run_manifest.written(path) & {LOCK}))
            run_manifest.remove_written(path)
            run = cls(path, config or {}, lock, checkpoint_seconds)
            run._list(Listed(frozenset(own)))
            run.write("config.json", run.config)
        except BaseException:
            lock.close()
            raise
        return run

    @classmethod
    def reopen(cls, directory: str | Path, *, checkpoint_seconds: float = 30.0) -> Run:
        """Go on with the run in a directory.

        Raises:
            RunDirectoryError: if there is none, or another process holds it.
        """
        path = _named(directory)
        run_manifest.settings(path)
        lock = _acquire(path)
        try:
            run = cls(path, run_manifest.settings(path), lock, checkpoint_seconds)
            run_manifest.warn_of_altered_settings(path)
            run_manifest.clear(path)
            if not (path / MANIFEST).exists():
                own = run_manifest.written(path) | {*CONTENTS, LOCK}
                run._list(Listed(frozenset(own)))
        except BaseException:
            lock.close()
            raise
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
            RunDirectoryError: if one stands there that no run wrote, or a link or a folder.
        """
        run_manifest.refuse_strangers(self.directory, [name])
        path, before = self.directory / name, run_manifest.listed(self.directory)
        digests, found = dict(before.digests), []
        digests.pop(name, None)

        def made(fresh: Path) -> None:
            save(fresh)
            found.append(hashlib.sha256(whole_file.read_bytes(fresh)).hexdigest())

        during = before._replace(names=before.names | {name}, digests=digests)
        self._list(during)  # first, so that whoever finds the file knows whose it is
        try:
            whole_file.write(path, made)
        except BaseException:
            with contextlib.suppress(RunDirectoryError):  # the disk that is full is told already
                self._list(before)
            raise
        self._list(during._replace(digests={**digests, name: found[0]}))
        self.renewed.add(name)
        return path

    def add_folder(self, name: str, save: Callable[[Path], Any]) -> Path:
        """Add a folder to the run, whole or not at all, in place of the one it had.

        Args:
            name: of the folder.
            save: ``path -> anything``, makes it with its files.

        Raises:
            RunDirectoryError: if one stands there with files that no run wrote, or a link.
        """
        path, before = self.directory / name, run_manifest.listed(self.directory)
        fresh = whole_file.partial(path)
        there = [str(f.relative_to(self.directory)) for f in path.rglob("*") if not f.is_dir()]
        run_manifest.refuse_strangers(self.directory, there or [name])
        earlier = {file for file in before.names if file.startswith(f"{name}/")}
        try:
            self._list(before._replace(names=before.names | {fresh.name}))
            whole_file.remove(fresh)
            save(fresh)
            whole_file.settle(fresh)
            files = {f"{name}/{f.relative_to(fresh)}" for f in fresh.rglob("*") if not f.is_dir()}
            self._list(before._replace(names=before.names | {fresh.name} | files))
            run_manifest.remove_files(self.directory, earlier)
            os.replace(fresh, path)
            whole_file.settle_names(self.directory)
        except BaseException:
            whole_file.remove(fresh)
            with contextlib.suppress(RunDirectoryError):
                self._list(before)
            raise
        self._list(before._replace(names=before.names - earlier | files))
        self.renewed |= files
        return path

    def checkpoints(self, phase: str) -> Path:
        """Where the checkpoints of a phase lie."""
        return self.directory / "checkpoints" / phase

    def append(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append lines of JSON, with a checksum each, to ``metrics.jsonl`` or ``clock.jsonl``."""
        plain = [_plain(row) for row in rows]
        step_log.append(self.directory / name, plain)
        self.went_on |= bool(plain)

    def trim(self, name: str, phase: str, step: int) -> None:
        """Drop the lines of a phase from a step on, and of phases after it, before going on."""
        step_log.trim(self.directory / name, phase, step)

    def rows(self, name: str, phase: str) -> list[dict[str, Any]]:
        """The lines of a phase, as dictionaries; damaged ones are told in a warning."""
        return step_log.rows(self.directory / name, phase)

    def history(self, phase: str, steps: int) -> list[dict[str, Any]]:
        """The metrics of the first steps of a phase; of those that are lost the loss is None."""
        return step_log.history(self.directory / LOGS[0], phase, steps)

    def settle(self) -> None:
        """Bring the lines appended so far to the disk.

        Raises:
            RunDirectoryError: where they cannot be written.
        """
        try:
            for name in LOGS:
                if (self.directory / name).exists():
                    whole_file.settle(self.directory / name)
        except OSError as error:
            raise RunDirectoryError(f"{self.directory}: cannot be written ({error})") from error

    def write(self, name: str, document: Mapping[str, Any]) -> Path:
        """Write a JSON document whole or not at all.

        Raises:
            RunDirectoryError: where it cannot be written, or something stands there that no run
                wrote.
        """
        text = json.dumps(_plain(document), indent=2) + "\n"
        try:
            return self.add(name, lambda path: path.write_text(text, encoding="utf-8"))
        except OSError as error:
            if isinstance(error, RunDirectoryError):
                raise
            raise RunDirectoryError(
                f"{self.directory / name}: cannot be written ({error})"
            ) from error

    @contextlib.contextmanager
    def ask_for_more(self, config: Mapping[str, Any]) -> Iterator[None]:
        """Settings of a run that is to go further: its result stays until there is another.

        Where the run cannot go on, as with a checkpoint that is damaged, they are put back.

        Args:
            config: plain data, stored as JSON.
        """
        files, before = run_manifest.listed(self.directory), self.config
        self._list(files._replace(superseded=True))
        self.config = dict(config)
        self.write("config.json", config)
        try:
            yield
        except PhysmlError:
            if not self.went_on and self.renewed == {"config.json"}:
                with contextlib.suppress(RunDirectoryError):  # the first error is the one to tell
                    self.config = before
                    self.write("config.json", before)
                    self._list(
                        run_manifest.listed(self.directory)._replace(superseded=files.superseded)
                    )
            raise

    def finish(self, result: Mapping[str, Any]) -> Path:
        """Write ``result.json``; of an earlier result that is superseded now nothing is left."""
        path = self.write("result.json", result)
        found = run_manifest.listed(self.directory)
        usual = {*CONTENTS, LOCK, MANIFEST}
        stale = found.names - usual - self.renewed if found.superseded else frozenset()
        run_manifest.remove_files(self.directory, stale)
        digests = {name: digest for name, digest in found.digests.items() if name not in stale}
        self._list(Listed(found.names - stale, digests))
        return path

    def _list(self, files: Listed) -> None:
        """Record what the run wrote."""
        text = json.dumps(files.document(), indent=2) + "\n"
        whole_file.write_bytes(self.directory / MANIFEST, text.encode())


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
    own = run_manifest.written(path) - {LOCK}
    run_manifest.refuse_strangers(path, (*CONTENTS, MANIFEST, *(sorted(own) if overwrite else ())))


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
