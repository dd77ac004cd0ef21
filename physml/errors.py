"""Every exception a user can meet, and a warning to silence by name.

Each message says the argument, what was expected, what came and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class PhysmlError(Exception):
    """The root of all errors raised by physml.

    Attributes:
        kept: what was reached before: a ``Measurement`` by ``measure``, a ``GroundState`` by
            ``ground_state``, or a ``FitResult`` if it had not yet measured; None elsewhere.
        state: the last ``TrainState``, of an error that ``fit`` raised once it took steps.
    """

    kept: Any = None
    state: Any = None


class ShapeError(PhysmlError, ValueError):
    """An array, or the value of a function, has a shape, or entries, that cannot be meant."""


class ConfigurationError(PhysmlError, ValueError):
    """An option has a value outside its range, or two options exclude each other."""


class UnknownNameError(PhysmlError, KeyError):
    """A name was not found among those on offer; the closest one is suggested."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        close = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"unknown {kind} {name!r}.{hint} Known: {', '.join(known)}.")

    def __str__(self) -> str:
        return str(self.args[0])


class NoValueError(PhysmlError, TypeError):
    """An optimizer asked for the loss at fixed samples of an objective that has none."""


class NoRowsError(PhysmlError, TypeError):
    """A second-order optimizer asked for the rows of an objective that has none."""


class NonFiniteError(PhysmlError, FloatingPointError):
    """A NaN or an infinity turned up; the message names the step and the term."""


class CheckpointError(PhysmlError, OSError):
    """A checkpoint is missing, cut, altered, or belongs to another run."""


class FingerprintError(CheckpointError):
    """What is stored is of another fit or solution than the one asked for: it says what differs."""


class RunDirectoryError(PhysmlError, OSError):
    """A run directory is in use, already filled, or cannot be written."""


class DataFileError(PhysmlError, OSError):
    """A file of data is missing, cut short, or holds what is no data."""


class ConvergenceError(PhysmlError, RuntimeError):
    """An iteration did not come to its end within the steps it was given."""


class DivergenceError(PhysmlError, RuntimeError):
    """Training ran away: the message names the metric and the step, ``kept`` is the last good."""


class SamplingError(PhysmlError, RuntimeError):
    """A sampler could not do what was asked: no points, frozen chains, no equilibrium."""


class MissingDependencyError(PhysmlError, ImportError):
    """An optional package is needed; the message says which extra brings it."""


class InterruptedRunError(PhysmlError, RuntimeError):
    """A run was stopped from outside after saving; the message says how to go on."""


class PrecisionWarning(UserWarning):
    """Single precision where its rounding decides the result."""


class ScheduleWarning(UserWarning):
    """A learning rate that is at its last, small value long before the last step."""
