"""The version of this code, which the packaging reads, and a run stores beside what it saves."""

__version__ = "0.2.2"
