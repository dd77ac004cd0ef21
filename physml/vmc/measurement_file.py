"""A measurement on disk: its arrays as npz, its numbers as JSON with a digest of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from physml.errors import CheckpointError
from physml.sampling import Estimate
from physml.train import whole_file
from physml.vmc.measurement import Measurement

ARRAYS, NUMBERS = "measurement.npz", "measurement.json"

_HISTORY = "history/"
_PLAIN = ("acceptance", "burn_in", "compile_seconds", "not_finite")
_OF_ARRAYS = ("local_energies", "walkers", "first_not_finite")
_ESTIMATES = ("energy", "imaginary")


def save_measurement(
    directory: Path, measured: Measurement, history: Mapping[str, np.ndarray]
) -> None:
    """Write a measurement, and the metrics of the training before it, into a directory.

    Raises:
        OSError: where it cannot be written.
    """
    arrays = {name: getattr(measured, name) for name in _OF_ARRAYS}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    arrays |= {_HISTORY + name: np.asarray(array) for name, array in history.items()}
    with (directory / ARRAYS).open("wb") as file:  # given a name, numpy would append .npz to it
        np.savez(file, allow_pickle=False, **arrays)
    numbers: dict[str, Any] = {name: getattr(measured, name) for name in _PLAIN}
    for name in _ESTIMATES:
        found = getattr(measured, name)
        numbers[name] = None if found is None else _plain(found)
    document = {"numbers": numbers, "sha256": _digest(numbers, directory / ARRAYS)}
    (directory / NUMBERS).write_text(json.dumps(document, indent=1))


def load_measurement(directory: Path) -> tuple[Measurement, dict[str, np.ndarray]]:
    """Read what ``save_measurement`` wrote.

    Raises:
        CheckpointError: where it is missing, or was altered.
    """
    try:
        document = whole_file.read_json(directory / NUMBERS)
        numbers = document["numbers"]
        if _digest(numbers, directory / ARRAYS) != document["sha256"]:
            raise ValueError("the digest differs")
        with np.load(directory / ARRAYS, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        held: dict[str, Any] = {name: numbers[name] for name in _PLAIN}
        held |= {name: arrays.get(name) for name in _OF_ARRAYS}
        for name in _ESTIMATES:
            found = numbers[name]
            held[name] = None if found is None else Estimate(**found)
        measured = Measurement(**held)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise CheckpointError(f"{directory}: no readable measurement ({error})") from error
    history = {n.removeprefix(_HISTORY): a for n, a in arrays.items() if n.startswith(_HISTORY)}
    return measured, history


def _plain(found: Estimate) -> dict[str, Any]:
    """Python's own numbers, whose text gives the same bits again."""
    return {
        name: getattr(value, "item", lambda v=value: v)() for name, value in found._asdict().items()
    }


def _digest(numbers: Mapping[str, Any], arrays: Path) -> str:
    text = json.dumps(numbers, sort_keys=True).encode()
    return hashlib.sha256(text + arrays.read_bytes()).hexdigest()
