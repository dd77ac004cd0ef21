"""Elements from hydrogen to neon: charge, spin, and the size of their shells."""

from __future__ import annotations

from collections import Counter
from typing import Any

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, UnknownNameError

SYMBOLS = ("H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne")
# Unpaired electrons of a free atom with so many electrons, by Hund's rules.
_UNPAIRED = (0, 1, 0, 1, 0, 1, 2, 3, 2, 1, 0)


def nuclear_charge(symbol: str) -> int:
    """Z of an element.

    Raises:
        UnknownNameError: for no element, or one beyond neon.
    """
    if symbol not in SYMBOLS:
        raise UnknownNameError("element", str(symbol), SYMBOLS)
    return SYMBOLS.index(symbol) + 1


def symbol_of(element: Any) -> str:
    """The symbol of an element that is told by its symbol or its atomic number.

    Raises:
        UnknownNameError: for no element, or one beyond neon.

    >>> symbol_of("N"), symbol_of(7), symbol_of(7.0)
    ('N', 'N', 'N')
    """
    if isinstance(element, str) and not element.isdecimal():
        nuclear_charge(element)
        return element
    number = int(element) if isinstance(element, str) else element
    try:
        return SYMBOLS[as_whole("element", number, least=1, most=len(SYMBOLS)) - 1]
    except ConfigurationError:
        raise UnknownNameError(
            "element", str(element), (*SYMBOLS, f"or atomic numbers 1 to {len(SYMBOLS)}")
        ) from None


def formula(symbols: tuple[str, ...]) -> str:
    """Of a molecule, ``N2`` of two nitrogen nuclei; elements in the order of first nuclei."""
    counts = Counter(symbols)
    return "".join(symbol + (str(n) if n > 1 else "") for symbol, n in counts.items())


def free_spin(electrons: int) -> int:
    """Unpaired electrons of an atom or ion in its ground state, by Hund's rules."""
    return _UNPAIRED[electrons] if 0 <= electrons < len(_UNPAIRED) else electrons % 2


def spins_of(electrons: int, spin: int, who: str) -> tuple[int, int]:
    """Electrons with spin up and down.

    Args:
        electrons: how many.
        spin: ``n_up − n_down``, the unpaired ones.
        who: for messages.

    Raises:
        ConfigurationError: no electron left, or a spin that this many cannot have.
    """
    if electrons < 1:
        raise ConfigurationError(
            f"{who}: charge: expected at least one electron, got {electrons} of them"
        )
    if not 0 <= spin <= electrons or (electrons - spin) % 2:
        allowed = ", ".join(map(str, range(electrons % 2, electrons + 1, 2)))
        raise ConfigurationError(
            f"{who}: spin: expected n_up − n_down of {electrons} electrons, one of {allowed}; "
            f"got {spin}"
        )
    return (electrons + spin) // 2, (electrons - spin) // 2


def exponents(charge: int, n_up: int, n_down: int) -> tuple[float, float]:
    """``ζ`` of the first and the second shell of an atom by Slater's rules, in 1/bohr.

    Source: Slater (1930), doi:10.1103/PhysRev.36.57.
    """
    inner = min(n_up, 1) + min(n_down, 1)
    outer = n_up + n_down - inner
    first = charge - 0.30 * (inner - 1)
    second = charge - 0.85 * inner - 0.35 * max(outer - 1, 0)
    return max(first, 0.3), max(second / 2, 0.3)
