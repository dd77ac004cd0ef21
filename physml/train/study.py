"""What an entry found: numbers, arrays by name, and the curves of its figure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from physml.errors import CheckpointError
from physml.figures import figure
from physml.train import whole_file

_ARRAYS, _NUMBERS = "study.npz", "study.json"


class Panel(NamedTuple):
    """One panel of a figure.

    Attributes:
        x_label: under it.
        y_label: beside it.
        curves: by label, ``(x (k,), y (k,))``.
        log: of which axes the scale is logarithmic, such as ``"xy"``.
        points: the labels of curves that are drawn as points and not joined, such as data.
    """

    x_label: str
    y_label: str
    curves: Mapping[str, tuple[Any, Any]]
    log: str = ""
    points: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """Data, models and what they are worth; a ``Result``.

    Attributes:
        entry: the name of what was studied.
        found: numbers by name, plain data: ``rmse`` or ``accuracy`` on data not trained on,
            ``loss``, how many samples to ``train`` and to ``test``, ``parameters``, and more.
        said: the same for a reader.
        arrays: by name, such as ``coefficients``.
        panels: of its figure.
    """

    entry: str
    found: Mapping[str, Any]
    said: Mapping[str, str]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    panels: Sequence[Panel] = ()

    def numbers(self) -> dict[str, Any]:
        """What was found, with the name of the entry."""
        return {"entry": self.entry, **self.found}

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        return dict(self.said)

    def plot(self, path: str | Path) -> Path:
        """Save a figure, a panel for each question.

        Args:
            path: a file whose ending names the format.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        with figure(path, 1, max(len(self.panels), 1)) as axes:
            for axis, panel in zip(np.atleast_1d(axes), self.panels, strict=False):
                for label, (x, y) in panel.curves.items():
                    joined = "o-" if len(x) < 30 else "-"
                    mark = "." if label in panel.points else joined
                    axis.plot(x, y, mark, markersize=3, label=label)
                axis.set(xlabel=panel.x_label, ylabel=panel.y_label)
                if "x" in panel.log:
                    axis.set_xscale("log")
                if "y" in panel.log:
                    axis.set_yscale("log")
                axis.legend(fontsize=7)
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep all of it in a directory, with a digest.

        Raises:
            CheckpointError: where a study stands already, or it cannot be written.
        """
        directory = Path(directory)
        if (directory / _NUMBERS).exists():
            raise CheckpointError(f"{directory}: already holds a study; choose another directory")
        arrays = {f"array/{name}": array for name, array in self.arrays.items()}
        layout = []
        for i, panel in enumerate(self.panels):
            named = list(panel.curves), panel.log, list(panel.points)
            layout.append([panel.x_label, panel.y_label, *named])
            for j, (x, y) in enumerate(panel.curves.values()):
                arrays |= {f"panel/{i}/{j}/x": np.asarray(x), f"panel/{i}/{j}/y": np.asarray(y)}
        told = {
            "entry": self.entry,
            "found": dict(self.found),
            "said": dict(self.said),
            "panels": layout,
        }
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (directory / _ARRAYS).open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            document = {"study": told, "sha256": _digest(told, directory / _ARRAYS)}
            (directory / _NUMBERS).write_text(json.dumps(document, indent=1))
        except OSError as error:
            raise CheckpointError(f"{directory}: cannot be written ({error})") from error
        return directory

    @classmethod
    def load(cls, directory: str | Path) -> Study:
        """Read what ``save`` wrote.

        Raises:
            CheckpointError: it is missing, or was altered.
        """
        directory = Path(directory)
        try:
            document = whole_file.read_json(directory / _NUMBERS)
            told = document["study"]
            if _digest(told, directory / _ARRAYS) != document["sha256"]:
                raise ValueError("the digest differs")
            with np.load(directory / _ARRAYS, allow_pickle=False) as file:
                kept = {name: file[name] for name in file.files}
            panels = []
            # Before 0.2.1 a panel had no points.
            for i, (x_label, y_label, labels, log, *points) in enumerate(told["panels"]):
                pairs = [
                    (kept[f"panel/{i}/{j}/x"], kept[f"panel/{i}/{j}/y"]) for j in range(len(labels))
                ]
                curves = dict(zip(labels, pairs, strict=True))
                panels.append(Panel(x_label, y_label, curves, log, *map(tuple, points)))
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise CheckpointError(f"{directory}: no readable study ({error})") from error
        arrays = {n.removeprefix("array/"): a for n, a in kept.items() if n.startswith("array/")}
        found, arrays = (_Kept(part, directory) for part in (told["found"], arrays))
        return cls(told["entry"], found, told["said"], arrays, panels)


class _Kept(dict[str, Any]):
    """What a directory held; a name that it did not hold is told as such."""

    def __init__(self, kept: Iterable[Any] = (), directory: Any = "found") -> None:
        super().__init__(kept)
        self._directory = directory

    def __missing__(self, name: str) -> Any:
        raise CheckpointError(
            f"{self._directory}: expected {name!r}, got a study without; it may be of an older "
            "version, or of another kind"
        )


def _digest(told: Mapping[str, Any], arrays: Path) -> str:
    text = json.dumps(told, sort_keys=True).encode()
    return hashlib.sha256(text + arrays.read_bytes()).hexdigest()
