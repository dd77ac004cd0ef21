"""``physml.load``: the result of a run of the command line, in Python."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from physml.cli import catalogue, run_directory
from physml.cli.resume import StoredRun, stored_job
from physml.errors import ConfigurationError, RunDirectoryError
from physml.train import run_manifest
from physml.train.entry import Result
from physml.train.going_on import of_command_line, way_on


def load(directory: str | Path, of: Any = None) -> Result:
    """The result of a finished run: a ``Solution``, a ``GroundState``, or that of another room.

    The run is read and not held: it may lie on read-only media, or go on elsewhere.

    Args:
        directory: of ``physml run``, ``solve`` or ``ground-state``, or one that a demo made.
        of: the ``Entry``, ``Problem`` or ``System`` of a run that was begun with a file of yours:
            nothing is executed because a stored file says so.

    Returns:
        What the run found; in a process of another precision with a warning that says so.

    Raises:
        RunDirectoryError: no run stands there, or one without a result.
        ConfigurationError: a run begun with a file, without ``of``; one that a Python script made.
        CheckpointError: a damaged result.
        FingerprintError: a result of another problem, network or wave function.

    >>> import tempfile, physml as pm
    >>> from physml.cli import main
    >>> place = tempfile.mkdtemp() + "/heat"
    >>> code = main(f"solve heat --run {place} --steps 1 --points 16 --quiet".split())
    heat ...
    >>> pm.load(place).problem.name
    'heat'
    """
    run = _stored(Path(directory))
    folder = run.directory / run_directory.STATE
    if not of_command_line(run.config):
        raise ConfigurationError(
            f"{directory}: expected a run of the command line, got one that a script made, whose "
            "problem it does not tell; load what the script saved: Solution.load, GroundState.load"
        )
    if ("file" in run.config) != (of is not None):
        begun = run.config.get("file", {})
        expected = (
            f"what {begun.get('path')} calls {begun.get('name')}, with which the run was begun"
            if begun
            else f"nothing, since {run.config['name']} is of the catalogue"
        )
        raise ConfigurationError(f"{directory}: of: expected {expected}, got {of!r}")
    entry = None if of is None else catalogue.adopted(of, "of")
    job = stored_job(run, own=entry)
    if not folder.is_dir():
        raise RunDirectoryError(
            f"{directory}: no result to load, expected the folder {run_directory.STATE} of a "
            f"finished run; go on with it: {way_on(run.directory, run.config)}"
        )
    if job.entry.load is None:
        raise ConfigurationError(f"{directory}: {job.entry.name} does not say how it is loaded")
    return job.entry.load(job.subject, job.recipe, folder)


def _stored(directory: Path) -> StoredRun:
    try:
        config = run_manifest.settings(directory)
    except RunDirectoryError as error:
        raise RunDirectoryError(f"{directory}: no run stands there ({error})") from error
    run_manifest.warn_of_altered_settings(directory)
    if run_manifest.listed(directory).superseded:
        warnings.warn(
            f"{directory}: its result is of before more was asked of the run; go on with: "
            f"{way_on(directory, config)}",
            stacklevel=3,
        )
    return StoredRun(directory, config)
