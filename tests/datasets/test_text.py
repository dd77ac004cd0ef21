"""A text and its tokens; the one that ships with the project."""

import hashlib

import numpy as np
import pytest

from physml import datasets
from physml.errors import ConfigurationError, UnknownNameError


def test_tokens_are_read_back():
    text = datasets.Text("all is light")
    assert text.alphabet == " aghilst" and len(text) == 12
    assert text.read(text.tokens()) == text.characters
    assert text.tokens("tail").tolist() == [7, 1, 4, 5]


def test_opticks_is_newton_s_first_book():
    text = datasets.opticks()
    assert (len(text), len(text.alphabet)) == (244_604, 78)
    assert text.characters.isascii() and text.characters.startswith("THE FIRST BOOK OF OPTICKS\n")
    assert text.licence == "public domain"
    digest = hashlib.sha256(text.characters.encode()).hexdigest()
    assert digest.startswith("8c908caee0872ec3")


def test_what_is_no_text_is_refused():
    for thing, got in (("", "an empty one"), (b"light", "bytes"), (None, "NoneType")):
        with pytest.raises(ConfigurationError, match=f"a string of characters, got {got}"):
            datasets.Text(thing)
    with pytest.raises(UnknownNameError, match="unknown text: character 'z'"):
        datasets.Text("light").tokens("lizt")
    for wrong in ([5], [-1], np.array([0.5])):
        with pytest.raises(ConfigurationError, match="whole numbers from 0 to 4"):
            datasets.Text("light").read(wrong)
