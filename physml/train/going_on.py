"""How a run that was stopped goes on, in the words that do it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def of_command_line(config: Mapping[str, Any]) -> bool:
    """Whether the settings of a run are such that ``physml resume`` knows what to do."""
    return {"name", "recipe", "physml"} <= config.keys()


def way_on(directory: Path, config: Mapping[str, Any]) -> str:
    """The command that goes on with a run, or what a script has to call.

    Args:
        directory: of the run, as it is named here and now.
        config: its settings.

    >>> way_on(Path("my runs/1"), {"name": "heat", "recipe": {}, "physml": "0.2.0"})
    "physml resume 'my runs/1'"
    >>> way_on(Path("runs/1"), {"seed": 3})
    "pm.Run.reopen('runs/1') in place of pm.Run.create, and the same calls"
    """
    if not of_command_line(config):
        return f"pm.Run.reopen({str(directory)!r}) in place of pm.Run.create, and the same calls"
    return f"physml resume {path_word(directory)}{_file_named_again(config.get('file'))}"


def path_word(path: Path) -> str:
    """A path as a word of a command line, which is no option."""
    word = str(path)
    return shlex.quote(f"./{word}" if word.startswith("-") else word)


def _file_named_again(file: Any) -> str:
    if not isinstance(file, Mapping):
        return ""
    return " --file " + shlex.quote(f"{file.get('path')}:{file.get('name')}")
