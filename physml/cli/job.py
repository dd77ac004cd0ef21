"""A job: an entry with all its settings, from a run directory to its result."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax

from physml import __version__
from physml.cli import run_directory
from physml.cli.jax_settings import keep_compiled_programs, use_precision
from physml.cli.output import aligned, complain, in_a_line, print_object, shown
from physml.cli.user_file import UserFile
from physml.errors import ConfigurationError, InterruptedRunError, PhysmlError
from physml.train import Run
from physml.train.devices import chosen_devices
from physml.train.entry import Entry, Result
from physml.train.going_on import way_on
from physml.train.progress import progress

Numbers = dict[str, Any]
"""Plain data: what ``--json`` prints and ``result.json`` holds."""

_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run directory is for.

    Attributes:
        entry: what is solved.
        subject: its numbers.
        recipe: how.
        seed: of all random numbers.
        precision: bits of a floating-point number.
        file: where the entry was read, if the user gave a file.
        devices: how many share its samples: of this process, and no setting of the run.
    """

    entry: Entry
    subject: Any
    recipe: Any
    seed: int
    precision: int
    file: UserFile | None = None
    devices: int = 1

    def config(self) -> dict[str, Any]:
        """What ``config.json`` holds: all that is needed to do the job again."""
        return {
            "name": self.entry.name,
            "seed": self.seed,
            "precision": self.precision,
            "recipe": asdict(self.recipe),
            "subject": asdict(self.subject),
            **({} if self.file is None else {"file": self.file.plain()}),
            "physml": __version__,
        }


def begin(job: Job, *, directory: Path | None, overwrite: bool, quiet: bool) -> Numbers:
    """Do a job in a new run.

    Args:
        job: what to do.
        directory: where; ``runs/NAME-<n>`` if None.
        overwrite: replace the run that stands there.
        quiet: no progress.

    Returns:
        The result, which then also stands in the run.

    Raises:
        PhysmlError: settings that exclude each other, a directory in use, a run that fails.
    """
    began = time.perf_counter()
    _get_ready(job)
    name = job.entry.name
    with run_directory.create(directory, name, job.config(), overwrite=overwrite) as run:
        try:
            return _carry_out(job, run, began, quiet)
        except BaseException:
            if not run_directory.is_begun(run):
                run_directory.discard(run)
            raise


def go_on(job: Job, run: Run, *, quiet: bool) -> Numbers:
    """Go on with a job from the last good checkpoint of its run.

    Args:
        job: as ``config.json`` tells it.
        run: reopened.
        quiet: no progress.

    Returns:
        The result, which then also stands in the run.

    Raises:
        PhysmlError: as ``begin``, and a damaged checkpoint.
    """
    began = time.perf_counter()
    _get_ready(job)
    return _carry_out(job, run, began, quiet)


def show(result: Numbers, *, as_json: bool) -> None:
    """Print a result: its numbers, or the words that stand beside them in its run."""
    if as_json:
        print_object(result)
        return
    try:
        print(run_directory.words(Path(result["run"])), end="")
    except OSError as error:  # of a run that was complete before words were kept, or altered
        if (Path(result["run"]) / run_directory.WORDS).exists():
            complain(f"{error}; the numbers instead")
        print(aligned({name: shown(value) for name, value in result.items()}), end="")


def _get_ready(job: Job) -> None:
    if not 0 <= job.seed <= _LARGEST_SEED:
        raise ConfigurationError(f"seed: expected 0 to {_LARGEST_SEED}, got {job.seed}")
    use_precision(job.precision)
    keep_compiled_programs()
    if len(chosen_devices(job.devices)) > 1 and not _takes_devices(job.entry):
        raise ConfigurationError(
            f"devices: expected 1, since {job.entry.name} is solved on one: its solve takes no "
            f"devices=..., got {job.devices}"
        )
    job.entry.check(job.subject, job.recipe)


def _takes_devices(entry: Entry) -> bool:
    options = inspect.signature(entry.solve).parameters.values()
    return any(o.name == "devices" or o.kind is o.VAR_KEYWORD for o in options)


def _carry_out(job: Job, run: Run, began: float, quiet: bool) -> Numbers:
    if not quiet:
        complain(f"{job.entry.name} in {run.directory}: compiling")
    line, kind = progress(quiet=quiet), jax.devices()[0].device_kind
    options: dict[str, Any] = {"run": run, "callbacks": [line]}
    if job.devices > 1:
        options["devices"], kind = job.devices, f"{job.devices} × {kind}"
    try:
        key = jax.random.key(job.seed)
        found = job.entry.solve(job.subject, job.recipe, key=key, **options)
    except KeyboardInterrupt:
        if not run_directory.is_begun(run):
            raise
        on = way_on(run.directory, run.config)
        raise InterruptedRunError(f"stopped. Go on with: {on}") from None
    finally:
        line.close()
    _draw(run, run_directory.FIGURE, found.plot)
    _keep(run, found)
    numbers, words = found.numbers(), found.words()
    taken, compiling = time.perf_counter() - began, numbers.pop("compile_seconds", 0.0)
    result = (
        {"entry": job.entry.name}
        | numbers
        | {
            "seconds": taken,
            "compile_seconds": compiling,
            "precision": job.precision,
            "device": kind,
            "seed": job.seed,
            "run": str(run.directory),
        }
    )
    said = {job.entry.name: job.entry.equation, **in_a_line(job.subject), **words} | {
        "time": f"{taken:.1f} s, compiling {compiling:.1f} s of it",
        "run": str(run.directory),
        "files": run_directory.files(run.directory),
    }
    _draw(run, run_directory.WORDS, partial(run_directory.write_words, aligned(said)))
    # Read back: what is printed is what was written, numbers that are not finite included.
    written: Numbers = json.loads(run.finish(result).read_text())
    return written


def _keep(run: Run, found: Result) -> None:
    """Save the result where ``physml.load`` finds it; a run does not fail for want of it."""
    try:
        run.add_folder(run_directory.STATE, found.save)
    except (PhysmlError, OSError) as error:
        complain(f"no {run_directory.STATE}: {error}")


def _draw(run: Run, name: str, save: Callable[[Path], Any]) -> None:
    """Save a file in a run; a run does not fail for want of one."""
    try:
        run.add(name, save)
    except (PhysmlError, OSError) as error:
        complain(f"no {name}: {error}")
