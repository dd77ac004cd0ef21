"""Where a run lies: a directory the user named, or the next free number."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from physml.errors import RunDirectoryError
from physml.train import Run, run_manifest

FIGURE, WORDS, STATE = "result.png", "result.txt", "result"
"""What is added to a run: the result as a figure, in words, and as a folder to be loaded."""

# On every machine alike; a directory's name may have bytes that are no text.
_TEXT: Mapping[str, str] = {"encoding": "utf-8", "errors": "surrogateescape"}


def next_free(name: str) -> Path:
    """Make and return ``runs/NAME-<n>``, with a number above all that stand there."""
    parent = Path("runs")
    taken = [p.name.removeprefix(f"{name}-") for p in parent.glob(f"{name}-*")]
    n = 1 + max((int(number) for number in taken if number.isdecimal()), default=0)
    while True:
        try:
            (parent / f"{name}-{n}").mkdir(parents=True)
        except FileExistsError:  # another process was faster
            n += 1
        except OSError as error:
            raise RunDirectoryError(
                f"run directory {parent / f'{name}-{n}'}: cannot be made ({error}); "
                "name another one with --run"
            ) from error
        else:
            return parent / f"{name}-{n}"


def create(directory: Path | None, name: str, config: dict[str, object], *, overwrite: bool) -> Run:
    """Start a run.

    Args:
        directory: where; ``runs/NAME-<n>`` if None.
        name: of the entry.
        config: goes to ``config.json``.
        overwrite: replace the run that stands there.

    Raises:
        RunDirectoryError: see ``Run.create``; files that no run wrote, where figures would go.
    """
    directory = next_free(name) if directory is None else directory
    run_manifest.refuse_strangers(directory, (FIGURE, WORDS))
    return Run.create(directory, config, overwrite=overwrite)


def drawn(directory: Path) -> list[str]:
    """The names of figures, samples and folders that were added to a run."""
    names = {name.split("/")[0] for name in _added(directory)} - {WORDS}
    return sorted(name for name in names if (directory / name).exists())


def words(directory: Path) -> str:
    """The report of a complete run, with the place and the files that it has here and now.

    Raises:
        OSError: where it has none.
    """
    now = {"run": str(directory), "files": files(directory)}
    lines = []
    for line in run_manifest.read(directory, WORDS).decode(**_TEXT).splitlines():
        name, space, _ = line.partition("  ")
        width = len(line) - len(line.removeprefix(name).lstrip())
        lines.append(f"{name:<{width}}{now[name]}" if space and name in now else line)
    return "".join(f"{line}\n" for line in lines)


def write_words(said: str, path: Path) -> None:
    """Write a report."""
    path.write_text(said, **_TEXT)


def files(directory: Path) -> str:
    """The files of a complete run, in a line."""
    return ", ".join(["result.json", *drawn(directory)])


def _added(directory: Path) -> frozenset[str]:
    usual = {*run_manifest.CONTENTS, run_manifest.LOCK, run_manifest.MANIFEST}
    return run_manifest.written(directory) - usual


def is_begun(run: Run) -> bool:
    """Whether there is anything to go on from."""
    return (run.directory / "checkpoints").is_dir() or (run.directory / "metrics.jsonl").exists()


def discard(run: Run) -> None:
    """Remove a run that never made a step, so that the next try finds its directory free."""
    own = run_manifest.written(run.directory)
    with suppress(OSError):  # it is removed because of an error, which is told
        run_manifest.remove_written(run.directory)
        if run_manifest.LOCK in own:
            (run.directory / run_manifest.LOCK).unlink(missing_ok=True)
        if not any(run.directory.iterdir()):
            run.directory.rmdir()
