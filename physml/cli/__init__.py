"""The ``physml`` command: it parses, calls the library and prints; and what reads its runs."""

from physml.cli.main import main
from physml.cli.stored_result import load

__all__ = ["load", "main"]
