"""A job: what a run directory is for, from its settings to its result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import jax

from physml import __version__
from physml.cli import run_directory
from physml.cli.jax_settings import keep_compiled_programs, use_precision
from physml.cli.output import complain, print_object, print_pairs
from physml.errors import ConfigurationError, InterruptedRunError, PhysmlError
from physml.train import Run
from physml.train.callbacks import Callback
from physml.train.progress import progress

Result = dict[str, Any]
"""Plain data: what ``--json`` prints and ``result.json`` holds."""

_LARGEST_SEED = 2**32 - 1


class Job(Protocol):
    """A problem to solve or a ground state to find, with all settings."""

    @property
    def name(self) -> str:
        """Of the problem or system."""
        ...

    @property
    def seed(self) -> int:
        """Of all random numbers."""
        ...

    @property
    def precision(self) -> int:
        """Bits of a floating-point number."""
        ...

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        ...

    def settings(self) -> dict[str, Any]:
        """What ``config.json`` holds of it, plain data."""
        ...

    def check(self) -> None:
        """Refuse settings that exclude each other, before a run is made or replaced."""
        ...

    def work(self, run: Run, callbacks: Sequence[Callback]) -> Result:
        """Train in a run, or go on with it; returns the part of the result that is its own."""
        ...

    def report(self, result: Result) -> dict[str, str]:
        """The result in words."""
        ...


def begin(job: Job, *, directory: Path | None, overwrite: bool, quiet: bool) -> Result:
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
    with run_directory.create(directory, job.name, config(job), overwrite=overwrite) as run:
        try:
            return _carry_out(job, run, began, quiet)
        except BaseException:
            if not run_directory.is_begun(run):
                run_directory.discard(run)
            raise


def go_on(job: Job, run: Run, *, quiet: bool) -> Result:
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


def config(job: Job) -> dict[str, Any]:
    """What ``config.json`` holds: all that is needed to do the job again."""
    return {**job.settings(), "physml": __version__}


def show(job: Job, result: Result, *, as_json: bool) -> None:
    """Print a result."""
    if as_json:
        print_object(result)
        return
    directory = Path(result["run"])
    files = run_directory.drawn(directory)
    taken, compiling = result["seconds"], result["compile_seconds"]
    print_pairs(
        job.report(result)
        | {
            "time": f"{taken:.1f} s, compiling {compiling:.1f} s of it",
            "run": str(directory),
            "files": ", ".join(["result.json", *files]),
        }
    )


def draw(run: Run, name: str, save: Callable[[Path], Path]) -> None:
    """Save a figure in a run; a run does not fail for want of one."""
    try:
        run.add(name, save)
    except (PhysmlError, OSError) as error:
        complain(f"no {name}: {error}")


def _get_ready(job: Job) -> None:
    if not 0 <= job.seed <= _LARGEST_SEED:
        raise ConfigurationError(f"seed: expected 0 to {_LARGEST_SEED}, got {job.seed}")
    if job.steps < 0:
        raise ConfigurationError(f"steps: expected a number ≥ 0, got {job.steps}")
    use_precision(job.precision)
    keep_compiled_programs()
    job.check()


def _carry_out(job: Job, run: Run, began: float, quiet: bool) -> Result:
    if not quiet:
        complain(f"{job.name} in {run.directory}: compiling, then {job.steps} steps")
    line = progress(quiet=quiet)
    try:
        found = job.work(run, [line])
    except KeyboardInterrupt:
        if not run_directory.is_begun(run):
            raise
        raise InterruptedRunError(f"stopped. Go on with: physml resume {run.directory}") from None
    finally:
        line.close()
    compile_seconds = found.pop("compile_seconds")
    result = found | {
        "seconds": time.perf_counter() - began,
        "compile_seconds": compile_seconds,
        "precision": job.precision,
        "device": jax.devices()[0].device_kind,
        "seed": job.seed,
        "run": str(run.directory),
    }
    # Read back: what is printed is what was written, numbers that are not finite included.
    written: Result = json.loads(run.write("result.json", result).read_text())
    return written
