"""A text to learn from: its characters, and the whole numbers that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from physml.errors import ConfigurationError, UnknownNameError


@dataclass(frozen=True)
class Text:
    """Characters in order, with where they are from.

    Attributes:
        characters: all of them.
        name: in a word.
        licence: under which it may be used.
        source: where it is from.

    Raises:
        ConfigurationError: what is no string, or an empty one.

    >>> text = Text("abba")
    >>> text.alphabet, text.tokens().tolist(), text.read([1, 0])
    ('ab', [0, 1, 1, 0], 'ba')
    """

    characters: str
    name: str = "text"
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what has no characters."""
        if not isinstance(self.characters, str) or not self.characters:
            got = "an empty one" if self.characters == "" else type(self.characters).__name__
            raise ConfigurationError(f"{self.name}: expected a string of characters, got {got}")

    def __len__(self) -> int:
        return len(self.characters)

    @property
    def alphabet(self) -> str:
        """Each character of the text once, in the order of their codes."""
        return "".join(sorted(set(self.characters)))

    def tokens(self, characters: str | None = None) -> np.ndarray:
        """The place of each character in the alphabet, ``(n,)``, int32.

        Args:
            characters: another text; this one's if None.

        Raises:
            UnknownNameError: for a character that this text has not.
        """
        places = {character: place for place, character in enumerate(self.alphabet)}
        text = self.characters if characters is None else characters
        if lost := sorted(set(text) - set(places)):
            raise UnknownNameError(f"{self.name}: character", lost[0], places)
        return np.array([places[character] for character in text], np.int32)

    def read(self, tokens: Any) -> str:
        """The characters of tokens ``(n,)``.

        Raises:
            ConfigurationError: for numbers that stand for none.
        """
        alphabet, places = self.alphabet, np.asarray(tokens)
        if places.size and not (
            np.issubdtype(places.dtype, np.integer)
            and places.min() >= 0
            and places.max() < len(alphabet)
        ):
            raise ConfigurationError(
                f"tokens: expected whole numbers from 0 to {len(alphabet) - 1}, got {places}"
            )
        return "".join(alphabet[place] for place in places.ravel())


def opticks() -> Text:
    """The first book of Newton's Opticks, the fourth edition: 244,604 characters, 78 different.

    A paragraph is a line. Footnotes, figures and marks of emphasis are left out, Greek letters and
    ligatures written as Latin ones.

    Source: Isaac Newton, "Opticks: or, a treatise of the reflections, refractions, inflections and
    colours of light", London 1730, as typed by the Distributed Proofreading Team, www.pgdp.net.

    >>> from physml.datasets import opticks
    >>> opticks().characters[34:77]
    'My Design in this Book is not to explain th'
    """
    characters = files("physml.datasets").joinpath("texts/opticks.txt").read_text("utf-8")
    return Text(
        characters,
        name="opticks",
        licence="public domain",
        source="Isaac Newton, Opticks, fourth edition, London 1730, www.pgdp.net",
    )
