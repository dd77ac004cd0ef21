"""``physml resume``: the job of a run directory, gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from physml import __version__
from physml.cli import catalogue
from physml.cli.chosen import given
from physml.cli.job import Job, Numbers, go_on, show
from physml.cli.options import resume_options
from physml.cli.output import complain
from physml.cli.user_file import UserFile
from physml.errors import ConfigurationError, UnknownNameError
from physml.train import Run, run_manifest, whole_file
from physml.train.entry import Entry
from physml.train.going_on import way_on
from physml.train.plain_data import check_keys, value


class StoredRun(NamedTuple):
    """A run that is read and not held.

    Attributes:
        directory: where it lies.
        config: what its ``config.json`` holds.
    """

    directory: Path
    config: Mapping[str, Any]


_KEYS = ["name", "seed", "precision", "recipe", "subject", "physml"]


def command(argv: Sequence[str]) -> None:
    """``physml resume RUN``."""
    if not argv or not argv[0].strip() or argv[0].startswith("-"):
        resume_options((), argv)  # prints help, or what is wrong
        raise ConfigurationError("resume: expected a RUN first, as in physml resume runs/heat-1")
    stored = StoredRun(Path(argv[0]), run_manifest.settings(Path(argv[0])))
    result = _finished(stored.directory)
    with ExitStack() as held:
        # What is complete is read and not held: it may lie on read-only media.
        run = held.enter_context(Run.reopen(stored.directory)) if result is None else None
        file = given(argv, "--file") or ""
        job = None if "file" in stored.config and not file else stored_job(stored, file)
        options = resume_options(() if job is None else job.entry.extendable, argv[1:])
        made_by = stored.config.get("physml")
        if made_by != __version__:
            complain(f"begun by physml {made_by}, this is {__version__}: bits may differ")
        if job is not None and (longer := _extended(job, options)) != job:
            run = held.enter_context(Run.reopen(stored.directory)) if run is None else run
            job, result = longer, None
            held.enter_context(run.ask_for_more(job.config()))
        if run is not None:
            again = replace(_named_again(job, stored), devices=options.devices)
            result = go_on(again, run, quiet=options.quiet)
        else:
            run_manifest.warn_of_altered_settings(stored.directory)
            if not options.quiet:
                complain(f"{stored.directory} is complete; its result:")
    if result is not None:
        show(result, as_json=options.json)


def stored_job(run: Run | StoredRun, file: str = "", own: Entry | None = None) -> Job:
    """The job that a run's ``config.json`` describes.

    Args:
        run: reopened, or read only.
        file: ``FILE.py:NAME`` as it was named again on the command line, of a run that was begun
            with one: nothing is executed because a stored file says so.
        own: what stands in that file, where it is at hand.

    Raises:
        ConfigurationError: for a key or value that no version of this command wrote; a file of
            another run.
    """
    where = str(run.directory / "config.json")
    document = run.config
    if "command" in document:
        document = _since_entries(document, where)
    check_keys(document, [*_KEYS, "file"] if "file" in document else _KEYS, where=where)
    entry, named = (own, None) if own is not None else _entry(document, file, where)
    if entry.name != document["name"]:
        raise ConfigurationError(f"{where}: a run of {document['name']}, and not of {entry.name}")

    def stored(kind: Any, key: str) -> Any:
        return value(kind, document[key], where=f"{where}: {key}")

    version = stored(str, "physml")
    job = Job(
        entry=entry,
        subject=stored(type(entry.subject), "subject"),
        recipe=stored(type(entry.recipe), "recipe"),
        seed=stored(int, "seed"),
        precision=stored(Literal[32, 64], "precision"),
        file=named,
    )
    if version == __version__ and "command" not in run.config:
        _check_complete(run.config, job.config(), where)
    return job


def _check_complete(document: Any, written: Any, where: str) -> None:
    """Refuse to fill up by defaults what this version itself would have written.

    Raises:
        ConfigurationError: with the first key that is missing.
    """
    if not (isinstance(document, Mapping) and isinstance(written, Mapping)):
        return
    for key, inner in written.items():
        if key not in document:
            raise ConfigurationError(
                f"{where}: missing key {key!r}, which physml {__version__} wrote; put it back: "
                f"by default it is {inner!r}"
            )
        if document[key] is None and inner is not None:
            raise ConfigurationError(
                f"{where}: {key}: null, where physml {__version__} wrote a value; put it back: "
                f"by default it is {inner!r}"
            )
        _check_complete(document[key], inner, f"{where}: {key}")


def _entry(document: Mapping[str, Any], file: str, where: str) -> tuple[Entry, UserFile | None]:
    """The entry by its name, or in the file of the user's that was named again."""
    name = value(str, document["name"], where=f"{where}: name")
    if not file:
        if name not in catalogue.entries():
            error = UnknownNameError("problem", name, catalogue.entries())
            raise ConfigurationError(f"{where}: name: {error}")
        return catalogue.entries()[name], None
    if "file" not in document:
        raise ConfigurationError(f"--file: expected none, since {name} is of the catalogue")
    entry, named = catalogue.find(file)
    if entry.name != name:
        raise ConfigurationError(f"--file: the run is of {name}, and {file} of {entry.name}")
    if named is not None and named.sha256 != document["file"].get("sha256"):
        complain(f"{named.path} has changed since the run began; it goes on if its fit is the same")
    return entry, named


def _since_entries(document: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A ``config.json`` of the time when problems and systems had a command each."""
    kind = value(Literal["solve", "ground-state"], document["command"], where=f"{where}: command")
    numbers = [] if kind == "solve" else ["system"]
    keys = ["command", "name", "seed", "precision", "recipe", *numbers, "physml"]
    check_keys(document, keys, where=where)
    entry, _ = _entry(document, "", where)
    now = {key: part for key, part in document.items() if key not in ("command", "system")}
    now["subject"] = (
        document["system"] if numbers else json.loads(json.dumps(asdict(entry.subject)))
    )
    return now


def _extended(job: Job, options: Any) -> Job:
    """The job with more steps, or whatever its entry may have more of.

    Raises:
        ConfigurationError: for less than the run was asked for.
    """
    more = {}
    for name in job.entry.extendable:
        asked, before = getattr(options, name), getattr(job.recipe, name)
        if asked is not None and asked < before:
            raise ConfigurationError(
                f"{name}: expected at least the {before} that the run was asked for, got {asked}"
            )
        if asked is not None:
            more[name] = asked
    return replace(job, recipe=replace(job.recipe, **more))


def _named_again(job: Job | None, run: StoredRun) -> Job:
    """The job, or a word that its file has to be named.

    Raises:
        ConfigurationError: without ``--file``, of a run that was begun with one.
    """
    if job is not None:
        return job
    raise ConfigurationError(
        f"{run.directory}: begun with a file of yours, which is run only where you name it: "
        f"{way_on(run.directory, run.config)}"
    )


def _finished(directory: Path) -> Numbers | None:
    """The result of a complete run, and where it lies now; a damaged one is told."""
    if run_manifest.listed(directory).superseded or not (directory / "result.json").exists():
        return None
    try:
        result = whole_file.parsed(run_manifest.read(directory, "result.json"))
        if not isinstance(result, dict) or not result:
            raise ValueError("no numbers of a result")
    except (OSError, ValueError) as error:
        complain(f"{directory}: its result is damaged ({error}), and found again")
        return None
    return result | {"run": str(directory)}
