"""Frozen dataclasses read back from plain data, such as a run's ``config.json``, all checked."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from physml.choices import Choice
from physml.errors import ConfigurationError, PhysmlError

Settings = TypeVar("Settings")


def read(kind: type[Settings], document: Any, *, where: str) -> Settings:
    """A frozen dataclass from plain data.

    What came after a file was written has its default, which is what was done before.

    Args:
        kind: the dataclass, or kind of choices; its fields are numbers, strings, Literals, None or
            dataclasses again.
        document: what JSON held for it.
        where: file and key, for errors.

    Returns:
        An instance.

    Raises:
        ConfigurationError: for an unknown or missing key or a value of another type.

    >>> from dataclasses import asdict
    >>> from physml.networks.settings import NetworkSettings
    >>> plain = asdict(NetworkSettings(width=8))
    >>> read(NetworkSettings, plain, where="config.json: network").width
    8
    """
    if not isinstance(document, Mapping):
        raise _unexpected(where, "an object", document)
    if issubclass(kind, Choice):
        try:
            kind, document = kind.stored(document)
        except PhysmlError as error:
            raise ConfigurationError(f"{where}: {error}") from error
    hints = get_type_hints(kind)
    for name, hint in hints.items():
        if isinstance(hint, type) and issubclass(hint, Choice):
            document = hint.gathered(document, name)
    members = [member for member in fields(kind) if member.init]  # type: ignore[arg-type]
    lacking = {
        member.name
        for member in members
        if member.name not in document
        and not (member.default is MISSING and member.default_factory is MISSING)
    }
    names = [member.name for member in members]
    check_keys({**document, **dict.fromkeys(lacking)}, names, where=where)
    names = [name for name in names if name not in lacking]
    values = {name: value(hints[name], document[name], where=f"{where}.{name}") for name in names}
    try:
        return kind(**values)
    except PhysmlError as error:
        raise ConfigurationError(f"{where}: {error}") from error


def check_keys(document: Mapping[str, Any], names: list[str], *, where: str) -> None:
    """Refuse unknown and missing keys.

    Raises:
        ConfigurationError: with the first such key.
    """
    for name in document:
        if name not in names:
            raise ConfigurationError(f"{where}: unknown key {name!r}; expected {', '.join(names)}")
    for name in names:
        if name not in document:
            raise ConfigurationError(f"{where}: missing key {name!r}")


def value(kind: Any, document: Any, *, where: str) -> Any:
    """A value of a type, checked.

    Raises:
        ConfigurationError: for a value of another type.
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        choices = [choice for choice in get_args(kind) if choice is not types.NoneType]
        if document is None and len(choices) < len(get_args(kind)):
            return None
        if len(choices) == 1:
            return value(choices[0], document, where=where)
    elif origin is Literal:
        for choice in get_args(kind):
            if type(choice) is type(document) and choice == document:
                return choice
        raise _unexpected(where, f"one of {', '.join(map(str, get_args(kind)))}", document)
    elif origin is tuple:
        if not isinstance(document, list):
            raise _unexpected(where, "a list", document)
        (element, _) = get_args(kind)  # tuples here are of any length: tuple[float, ...]
        return tuple(value(element, item, where=f"{where}[{i}]") for i, item in enumerate(document))
    elif isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Choice)):
        return read(kind, document, where=where)
    elif kind is float and type(document) in (int, float):
        number = _as_float(document)
        if not math.isfinite(number):
            raise _unexpected(where, "a finite number", document)
        return number
    elif kind in (bool, int, float, str):
        if kind is int and type(document) is int and not -(2**63) <= document < 2**63:
            digits = len(str(abs(document)))
            raise ConfigurationError(
                f"{where}: expected a whole number of 64 bits, got one of {digits} digits"
            )
        if type(document) is kind:
            return document
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
        raise _unexpected(where, words[kind], document)
    raise TypeError(f"{where}: no way to read a {kind} from JSON")


def _as_float(document: float) -> float:
    try:
        return float(document)
    except OverflowError:  # an integer of some 400 digits
        return math.inf


def _unexpected(where: str, expected: str, got: Any) -> ConfigurationError:
    return ConfigurationError(f"{where}: expected {expected}, got {got!r}")
