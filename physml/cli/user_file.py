"""``FILE.py:NAME``: an entry, a problem or a system in a file of the user's."""

from __future__ import annotations

import hashlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

from physml.errors import ConfigurationError, UnknownNameError

_FORM = "FILE.py:NAME"


class UserFile(NamedTuple):
    """Where an object was read.

    Attributes:
        path: of the file, as it was given.
        name: of the object in it.
        sha256: digest of the file.
    """

    path: str
    name: str
    sha256: str

    def __str__(self) -> str:
        """As on the command line."""
        return f"{self.path}:{self.name}"

    def plain(self) -> dict[str, str]:
        """For ``config.json``."""
        return self._asdict()


def is_file(word: str) -> bool:
    """Whether a word is ``FILE.py:NAME`` and no name of the catalogue."""
    path, colon, _ = word.rpartition(":")
    return word.endswith(".py") or (colon == ":" and path.endswith(".py"))


def read(word: str) -> tuple[Any, UserFile]:
    """Run a file that was named on the command line, and take an object of it.

    Raises:
        ConfigurationError: a word of another form, or no such file.
        UnknownNameError: for a name that the file does not define.
    """
    path, colon, name = word.rpartition(":")
    if not colon or not path.endswith(".py") or not name:
        raise ConfigurationError(
            f"expected {_FORM}, a file and what it calls an entry, a Problem or a System, got "
            f"{word!r}"
        )
    file = Path(path)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error}); expected {_FORM}") from error
    label = f"physml file {file.resolve()}"
    spec = spec_from_file_location(label, file)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path}: expected a Python file, as in {_FORM}")
    module = sys.modules[label] = module_from_spec(spec)  # where dataclasses look for their names
    sys.path.insert(0, str(file.resolve().parent))  # as of a script
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    if name not in vars(module):
        own = [key for key in vars(module) if not key.startswith("_")]
        raise UnknownNameError(f"name in {path}", name, own)
    return vars(module)[name], UserFile(path, name, digest)
