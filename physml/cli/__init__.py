"""The ``physml`` command: it parses, calls the library and prints; and what reads its runs."""

from physml.cli.load import load
from physml.cli.main import main

__all__ = ["load", "main"]
