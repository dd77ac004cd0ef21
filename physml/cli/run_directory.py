"""Where a run lies: a directory the user named, or the next free number."""

from __future__ import annotations

from pathlib import Path

from physml.errors import RunDirectoryError
from physml.train import Run

FIGURE_FILES = ("solution.png", "state.png", "samples.npz")
"""What the command line adds to a run; ``overwrite`` removes it with the rest."""


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
        name: of the problem or system.
        config: goes to ``config.json``.
        overwrite: replace the run that stands there.

    Raises:
        RunDirectoryError: see ``Run.create``.
    """
    directory = next_free(name) if directory is None else directory
    run = Run.create(directory, config, overwrite=overwrite)
    for file in FIGURE_FILES:
        (run.directory / file).unlink(missing_ok=True)
    return run


def is_begun(run: Run) -> bool:
    """Whether there is anything to go on from."""
    return (run.directory / "checkpoints").is_dir() or (run.directory / "metrics.jsonl").exists()


def discard(run: Run) -> None:
    """Remove a run that never made a step, so that the next try finds its directory free."""
    for file in ("config.json", "lock"):
        (run.directory / file).unlink(missing_ok=True)
    if not any(run.directory.iterdir()):
        run.directory.rmdir()
