"""Entries by name, of every room's catalogue or of a user's file; ``physml list``."""

from __future__ import annotations

import pkgutil
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import physml
from physml.cli import user_file
from physml.cli.options import ListOptions, parse
from physml.cli.output import aligned, in_a_line, print_table, shown
from physml.cli.user_file import UserFile
from physml.errors import ConfigurationError, UnknownNameError
from physml.train.entry import DEFAULT, Entry, Record


@cache
def entries() -> Mapping[str, Entry]:
    """Every entry of every room that has a catalogue, by name."""
    return {name: entry for room in catalogues() for name, entry in room.ENTRIES.items()}


def find(word: str) -> tuple[Entry, UserFile | None]:
    """The entry of a name, or in ``FILE.py:NAME``.

    Raises:
        UnknownNameError: for a name of none.
        ConfigurationError: for an object in a file that no room can solve.
    """
    if not user_file.is_file(word):
        if word not in entries():
            raise UnknownNameError("problem", word, entries())
        return entries()[word], None
    found, file = user_file.read(word)
    return adopted(found, str(file)), file


def adopted(thing: Any, who: str) -> Entry:
    """The entry of what some room can solve.

    Raises:
        ConfigurationError: for an object that none can.
    """
    if isinstance(thing, Entry):
        return thing
    for room in catalogues():
        entry: Entry | None = room.adopt(thing)
        if entry is not None:
            return entry
    raise ConfigurationError(
        f"{who}: expected an Entry, a Problem or a System, got {type(thing).__name__}"
    )


def command(argv: Sequence[str]) -> None:
    """``physml list``, ``physml list NAME``."""
    options = parse(ListOptions, argv, prog="physml list", description="What can be run.")
    if options.name is None:
        rows = [
            (e.name, e.equation, in_a_line(e.subject).get("numbers", ""), e.reference)
            for e in entries().values()
        ]
        print_table(("physml run", "equation (hartree, bohr)", "numbers", "reference"), rows)
        return
    entry, _ = find(options.name)
    numbers = [f"--subject.{_flag(n)} {shown(v)}" for n, v in asdict(entry.subject).items()]
    said = {entry.name: entry.equation, "reference": entry.reference}
    said["numbers"] = ", ".join(numbers) or "none to change"
    said |= {f"--recipe {name}": _recipe_words(entry, name) for name in entry.recipes}
    word = shlex.quote(options.name)
    said["options"] = f"physml run {word} --help"
    print(aligned(said), end="")
    if entry.records:
        print()
        made = [(made_by(word, m), m.found, f"{m.seconds:.0f}", m.where) for m in entry.records]
        print_table(("command", "found", "seconds", "measured in"), made)


def catalogues() -> Iterator[Any]:
    """The catalogue of every room that has one."""
    for room in pkgutil.iter_modules(physml.__path__):
        name = f"physml.{room.name}.catalogue"
        if room.ispkg and room.name != "cli" and find_spec(name) is not None:
            found = import_module(name)
            if not hasattr(found, "ENTRIES"):  # a folder alone is a package, too
                raise ConfigurationError(
                    f"{name}: expected an __init__.py with ENTRIES and adopt, as "
                    "physml/learn/catalogue/__init__.py has them, got a folder without"
                )
            yield found


def _recipe_words(entry: Entry, name: str) -> str:
    """What a recipe's function says of it, and where its settings differ from the default's."""
    chosen = entry.recipes[name]
    said = (chosen.__doc__ or "").strip().partition("\n")[0] if callable(chosen) else ""
    words = [said.rstrip(".")] if said else []
    usual, own = asdict(entry.recipe), asdict(entry.recipe_for(entry.subject, name))
    changed = [f"{_flag(k)} {shown(v)}" for k, v in own.items() if v != usual.get(k)]
    if changed:
        words.append(f"here {', '.join(changed)}" if words else ", ".join(changed))
    return "; ".join(words) or "the options' defaults"


def made_by(word: str, record: Record) -> str:
    """The command that makes a figure again, of an entry as a command line calls it."""
    words = [f"physml run {word}"]
    for name, value in record.numbers.items():
        words.append(f"--subject.{_flag(name)} {shlex.quote(str(value))}")
    if record.recipe != DEFAULT:
        words.append(f"--recipe {record.recipe}")
    if record.precision != 64:
        words.append(f"--precision {record.precision}")
    return " ".join(words)


def _flag(name: str) -> str:
    return name.replace("_", "-")
