"""The ``physml`` command: it parses, calls the library and prints."""

from physml.cli.main import main

__all__ = ["main"]
