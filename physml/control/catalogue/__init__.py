"""What is steered, one entry a file: a world, a recipe, what is known of it exactly."""

from typing import Any

from physml.train.entry import gathered

ENTRIES = gathered(__name__, __path__)
"""Every entry by the name it has on the command line, one for each file with an ``ENTRY``."""


def adopt(thing: Any) -> None:
    """No object of the user's own is an entry of this room but an ``Entry`` itself."""
    del thing


__all__ = ["ENTRIES", "adopt"]
