"""``physml list``, and how a name of the catalogue is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from physml.cli.options import NoOptions, parse
from physml.cli.output import print_table
from physml.errors import ConfigurationError, UnknownNameError
from physml.pinn.catalogue import PROBLEMS, Entry
from physml.vmc.catalogue import SYSTEMS, SystemEntry

Item = TypeVar("Item")


def problem(name: str) -> Entry:
    """A problem by its name."""
    return _find(name, "problem", PROBLEMS, "system", SYSTEMS, "ground-state")


def system(name: str) -> SystemEntry:
    """A system by its name."""
    return _find(name, "system", SYSTEMS, "problem", PROBLEMS, "solve")


def command(argv: Sequence[str]) -> None:
    """``physml list``."""
    parse(NoOptions, argv, prog="physml list", description="Every problem and system.")
    rows = [(f"solve {e.name}", e.equation, e.reference) for e in PROBLEMS.values()]
    rows += [(f"ground-state {e.name}", e.hamiltonian, e.reference) for e in SYSTEMS.values()]
    print_table(("physml", "equation (hartree, bohr)", "reference"), rows)


def _find(
    name: str,
    kind: str,
    known: Mapping[str, Item],
    other_kind: str,
    others: Mapping[str, object],
    other_command: str,
) -> Item:
    if name in known:
        return known[name]
    if name in others:
        raise ConfigurationError(f"{name} is a {other_kind}: physml {other_command} {name}")
    raise UnknownNameError(kind, name, known)
