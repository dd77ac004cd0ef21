"""``physml run``, also called ``solve`` and ``ground-state``: options to a job, in a new run."""

from __future__ import annotations

from collections.abc import Sequence

from physml.cli import catalogue
from physml.cli.chosen import given, with_chosen
from physml.cli.job import Job, begin, show
from physml.cli.options import RunOptions, entry_options, subject_of
from physml.errors import ConfigurationError
from physml.train.entry import DEFAULT

PREFIXES = {"run": "subject", "solve": "problem", "ground-state": "system"}
"""What options of a subject begin with, by the name of the command, which takes all of them."""


def command(called: str, argv: Sequence[str]) -> None:
    """``physml run NAME``, ``physml run FILE.py:NAME``."""
    if not argv or argv[0].startswith("-"):
        _without_a_name(called, argv)
        return
    job, options = asked(called, argv)
    result = begin(job, directory=options.run, overwrite=options.overwrite, quiet=options.quiet)
    show(result, as_json=options.json)


def asked(called: str, argv: Sequence[str]) -> tuple[Job, RunOptions]:
    """The job that some words ask for, a name first, and where and how loudly to do it."""
    entry, file = catalogue.find(argv[0])
    prog, prefix = f"physml {called} {argv[0]}", PREFIXES[called]
    words = [_with_prefix(word, prefix) for word in argv[1:]]
    # The numbers decide on the recipe, and the recipe on the defaults of all else.
    subject = subject_of(entry, words, prog=prog, prefix=prefix)
    recipe = entry.recipe_for(subject, given(words, "--recipe") or DEFAULT)
    recipe, words = with_chosen(recipe, words)
    options = entry_options(entry, words, prog=prog, prefix=prefix, subject=subject, recipe=recipe)
    job = Job(
        entry=entry,
        subject=options.subject,
        recipe=options.settings,
        seed=options.seed,
        precision=options.precision,
        devices=options.devices,
        file=file,
    )
    return job, options


def _with_prefix(word: str, prefix: str) -> str:
    """An option of the subject by the prefix of this command."""
    for other in PREFIXES.values():
        if word.startswith(f"--{other}."):
            return f"--{prefix}." + word.removeprefix(f"--{other}.")
    return word


def _without_a_name(called: str, argv: Sequence[str]) -> None:
    """Help; the name comes first, since it decides on the defaults."""
    known = ", ".join(catalogue.entries())
    if not any(word in ("-h", "--help") for word in argv):
        raise ConfigurationError(
            f"{called}: expected a name first, as in physml {called} burgers. Known: {known}"
        )
    print(f"usage: physml {called} NAME [OPTIONS]\n       physml {called} FILE.py:NAME [OPTIONS]")
    print(f"\nNames: {known}\nIn a file of yours: an Entry, a Problem, or a System.")
    print(f"Options and their defaults: physml {called} NAME --help; recipes: physml list NAME")
