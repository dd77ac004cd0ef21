"""Formulas in the letters that a terminal has: ψ² as psi^2 where it knows ASCII alone."""

from __future__ import annotations

import codecs
import unicodedata
from itertools import takewhile

ERRORS = "physml.spelling"
"""The name of the error handler, for ``open``, ``str.encode`` and ``reconfigure``."""

_SIGNS = {
    **{"−": "-", "–": "-", "·": "*", "∗": "*", "⊙": "*", "×": "x", "±": "+-", "∓": "-+", "∂": "d"},
    **{"⟨": "<", "⟩": ">", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "≪": "<<", "∝": "~"},
    **{"←": "<-", "→": "->", "↦": "->", "′": "'", "″": "''", "ø": "o", "Ø": "O", "æ": "ae"},
    **{
        "ł": "l",
        "½": "1/2",
        "¼": "1/4",
        "¾": "3/4",
        "⅓": "1/3",
        "⅔": "2/3",
        "†": "^+",
        "─": "-",
        "━": "=",
        "│": "|",
    },
    **{"°": "deg", "∘": "o", "►": ">", "⌊": "[", "⌋": "]", "⌈": "[", "⌉": "]", "⋅": "*", "⊗": "x"},
    **{
        "≫": ">>",
        "≡": "==",
        "∼": "~",
        "∥": "|",
        "‖": "|",
        "⇒": "=>",
        "⊥": "_|_",
        "⊕": "(+)",
        "≲": "<~",
    },
}
_WORDS = {
    **{"∇": "grad", "√": "sqrt", "∞": "inf", "∫": "int", "∏": "prod", "↑": "up", "↓": "down"},
    **{"∈": "in", "∉": "not in", "∪": "or", "∩": "and", "∑": "sum", "∀": "all"},
    **{"ħ": "hbar", "λ": "lambda", "Λ": "Lambda"},  # which Unicode calls lamda
}
# What stands above a letter and means something; accents of names do not.
_ABOVE = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "'"}
_RAISED = {"<super>": "^", "<sub>": "_"}
# What does not run into a letter or a number that stands beside it.
_APART = ("word", *_RAISED)


def spelled(text: str, encoding: str | None) -> str:
    """A text in which what an encoding lacks is spelled out.

    Args:
        text: any; bytes of file names that are no text stay as they are.
        encoding: of a stream; None of one that takes everything.

    >>> spelled("½∇²ψ − sin 2πx ≥ R̂", "ascii")
    '1/2 grad^2 psi - sin 2 pi x >= Rhat'
    >>> spelled("½∇²ψ", "utf-8")
    '½∇²ψ'
    """
    if encoding is None:
        return text
    return text.encode(encoding, ERRORS).decode(encoding, "surrogateescape")


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """The error handler: what stands in place of letters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, start = error.object, error.start
    if _is_byte(text[start]):
        return bytes([ord(text[start]) - 0xDC00]), start + 1
    lacking = "".join(takewhile(lambda letter: not _is_byte(letter), text[start : error.end]))
    end, found = start + len(lacking), ""
    before, kind = text[start - 1 : start], ""
    for letter in lacking:
        last, (kind, word) = kind, _read(letter)
        if last == kind and kind in _RAISED:
            word = word[1:]  # ^-5, not ^-^5
        elif (kind == "word" and before.isalnum()) or (
            last in _APART and kind != "above" and word[:1].isalnum()
        ):
            word = f" {word}"
        found += word
        before = found[-1:] or before
    following = text[end : end + 1]
    apart = kind in _APART and following.isascii() and following.isalnum()
    return found + " " * apart, end


def _read(letter: str) -> tuple[str, str]:
    """What kind of sign it is, and how it is spelled."""
    for kind, known in (("word", _WORDS), ("sign", _SIGNS), ("above", _ABOVE)):
        if letter in known:
            return kind, known[letter]
    name = unicodedata.name(letter, "")
    if name.startswith(("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER ")):
        word = name.split()[3].lower()
        return "word", word if "SMALL" in name else word.capitalize()
    way, _, code = unicodedata.decomposition(letter).partition(" ")
    if way in _RAISED:
        return way, _RAISED[way] + _ascii(chr(int(code, 16)))
    parts = unicodedata.normalize("NFKD", letter)
    if parts == letter:
        return "sign", "" if unicodedata.combining(letter) else "?"
    return "sign", "".join(map(_ascii, parts))


def _ascii(letter: str) -> str:
    return letter if letter.isascii() else _read(letter)[1]


def _is_byte(letter: str) -> bool:
    """Whether it stands for a byte of a file name that is no text."""
    return "\udc80" <= letter <= "\udcff"


codecs.register_error(ERRORS, _spell)
