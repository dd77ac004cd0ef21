"""What stands in place of letters that a terminal lacks."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

import physml
from physml.train.spelling import ERRORS, spelled


@pytest.mark.parametrize(
    ("text", "ascii_"),
    [
        ("½∇²ψ − sin 2πx ≥ R̂", "1/2 grad^2 psi - sin 2 pi x >= Rhat"),
        ("iψ_t + ½ψ_xx + |ψ|²ψ = 0", "i psi_t + 1/2 psi_xx + |psi|^2 psi = 0"),
        ("10⁻⁵ m, x₁₂ Jᵀr", "10^-5 m, x_12 J^T r"),
        ("ω²r²/2, ẋ = σ(y − x)", "omega^2 r^2/2, x' = sigma(y - x)"),
        ("Σᵢ ±3σ…, Ē ψ̃ û", "Sigma_i +-3 sigma..., Ebar psitilde uhat"),
        ("Müller, Schrödinger", "Muller, Schrodinger"),
        ("東", "?"),
        ("plain ~ text", "plain ~ text"),
    ],
)
def test_formulas_in_ascii(text, ascii_):
    assert spelled(text, "ascii") == ascii_
    assert spelled(text, "utf-8") == text and spelled(text, None) == text


def test_letters_that_an_encoding_has_stay():
    assert spelled("½ψ² ± ü", "latin-1") == "½ psi² ± ü"


def test_bytes_of_file_names_that_are_no_text_stay():
    name = b"run\xff\xc3".decode("utf-8", "surrogateescape")
    for encoding in ("ascii", "utf-8"):
        assert f"{name} ψ".encode(encoding, ERRORS).startswith(b"run\xff\xc3 ")
        assert spelled(name, encoding) == name


def test_every_letter_of_the_library_is_spelled():
    """Of whatever is printed: equations, words of options, reports, messages."""
    sources = (p.read_text(encoding="utf-8") for p in Path(physml.__file__).parent.rglob("*.py"))
    letters = set(re.findall(r"[^\x00-\x7f]", "".join(sources)))
    lost = {x for x in letters if "?" in spelled(f"a{x}", "ascii")}
    assert not lost, f"add to physml/train/spelling.py: {[unicodedata.name(x) for x in lost]}"
