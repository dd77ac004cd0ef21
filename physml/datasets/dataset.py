"""Data to learn from: arrays, and what has to be known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from physml.as_numbers import as_numbers, check_unmasked
from physml.datasets.labels import as_labels, whole_where_exact
from physml.errors import NonFiniteError, ShapeError, UnknownNameError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs and targets of ``n`` samples, checked once, where they come in.

    Targets of words become labels, in the order of the alphabet, and their words ``class_names``.
    Small whole numbers, such as pixels of one byte, become float32, which holds them exactly; all
    other inputs are float64, or float32 where they were.

    Attributes:
        inputs: ``(n, d)``, or ``(n, ...)`` of images.
        targets: ``(n,)`` or ``(n, m)``; whole numbers where they are labels.
        name: in a word.
        input_names: of the ``d`` inputs; none where empty.
        target_names: of the targets, one or ``m``; none where empty.
        class_names: of the labels; none where empty.
        units: by the name of an input or a target.
        split: ``(n,)``, True where a sample is for testing alone; None where all are for training.
        licence: under which the data may be used.
        source: where they are from.

    Raises:
        ShapeError: arrays of other shapes, no numbers, masked entries, names that do not fit.
        NonFiniteError: a NaN or an infinity; the message names the sample and the input.
        UnknownNameError: a unit of something that is not there.

    >>> import numpy as np, physml as pm
    >>> data = pm.datasets.Dataset(np.eye(3), ["cat", "dog", "cat"], input_names=("a", "b", "c"))
    >>> len(data), data.targets.tolist(), data.class_names
    (3, [0, 1, 0], ('cat', 'dog'))
    """

    inputs: Any
    targets: Any
    name: str = "data"
    input_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    split: Any = None
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Check all, and make arrays of it."""
        inputs = _inputs(self.name, self.inputs)
        targets, class_names = _targets(
            self.name, self.targets, _class_names(self.name, tuple(self.class_names))
        )
        if len(targets) != len(inputs):
            raise ShapeError(
                f"{self.name}: expected a target for each sample, got inputs {inputs.shape} and "
                f"targets {targets.shape}"
            )
        for name, array in (("inputs", inputs), ("targets", targets)):
            _check_finite(f"{self.name}: {name}", array, getattr(self, f"{name[:-1]}_names"))
        checked: dict[str, Any] = {
            "inputs": inputs,
            "targets": targets,
            "class_names": class_names,
            "input_names": _names(self.name, "input_names", self.input_names, inputs),
            "target_names": _names(self.name, "target_names", self.target_names, targets),
            "split": None if self.split is None else _split(self.name, self.split, len(inputs)),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        known = (*self.input_names, *self.target_names)
        for name in self.units:
            if name not in known:
                raise UnknownNameError(f"{self.name}: name of a unit", name, known)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, rows: Any) -> Dataset:
        """Some samples, by a slice, a mask or their numbers ``(k,)``.

        Raises:
            ShapeError: a mask of another length, numbers of no samples, none.
        """
        try:
            rows = np.atleast_1d(np.arange(len(self))[rows])
        except IndexError as error:
            raise ShapeError(f"{self.name}: expected some of {len(self)} samples ({error})") from (
                error
            )
        if not len(rows):
            raise ShapeError(f"{self.name}: expected at least one sample, got none")
        return replace(self, inputs=self.inputs[rows], targets=self.targets[rows], split=None)

    @property
    def train(self) -> Dataset:
        """The samples to train on."""
        return self[~self._held_out()]

    @property
    def test(self) -> Dataset:
        """The samples for testing alone."""
        return self[self._held_out()]

    @property
    def labels(self) -> np.ndarray:
        """The targets as labels of classes, ``(n,)``.

        Raises:
            ShapeError: targets that are none.
        """
        return as_labels(
            f"{self.name}: targets", self.targets, classes=len(self.class_names) or None
        )

    @property
    def classes(self) -> int:
        """How many classes there are: those with a name, or up to the largest label."""
        return len(self.class_names) or int(self.labels.max()) + 1

    def _held_out(self) -> np.ndarray:
        if self.split is None:
            raise ShapeError(
                f"{self.name}: expected data with a split, got data without; make one by "
                "pm.datasets.split(data, test=0.2, key=key)"
            )
        held_out: np.ndarray = self.split
        return held_out


def _inputs(name: str, values: Any) -> np.ndarray:
    given = np.asarray(np.ma.getdata(values)).dtype
    numbers = as_numbers(f"{name}: inputs", values)
    if numbers.ndim < 2 or 0 in numbers.shape:
        raise ShapeError(
            f"{name}: inputs: expected samples (n, d), or images (n, ...), got {numbers.shape}; "
            "of one input for each sample write x[:, None]"
        )
    small = given == np.float32 or (given.kind in "biu" and given.itemsize <= 2)
    return numbers.astype(np.float32) if small else numbers


def _targets(
    name: str, values: Any, class_names: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    check_unmasked(f"{name}: targets", values)
    array = np.asarray(np.ma.getdata(values))
    if array.dtype == object and all(isinstance(word, str) for word in array.ravel()):
        array = array.astype(str)  # as a table's column of words is kept
    if array.dtype.kind in "US":
        words, labels = np.unique(array.astype(str), return_inverse=True)
        found = tuple(str(word) for word in words)
        names = class_names or found
        if lost := sorted(set(found) - set(names)):
            raise UnknownNameError(f"{name}: class", lost[0], names)
        values = np.array([names.index(word) for word in found])[labels].reshape(array.shape)
        array, class_names = values, names
    numbers = as_numbers(f"{name}: targets", values)
    if numbers.ndim not in (1, 2) or 0 in numbers.shape:
        raise ShapeError(f"{name}: targets: expected (n,) or (n, m), got {numbers.shape}")
    if array.dtype.kind in "biu" or class_names:
        if class_names:
            numbers = as_labels(f"{name}: targets", numbers, classes=len(class_names))
        # Larger ones are no labels; as 64-bit integers the largest would be below 0.
        return whole_where_exact(numbers), class_names
    return numbers, class_names


def _class_names(name: str, class_names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(class_names)) != len(class_names):
        raise ShapeError(f"{name}: class_names: expected different names, got {class_names}")
    return class_names


def _names(name: str, which: str, names: tuple[str, ...], array: np.ndarray) -> tuple[str, ...]:
    names = tuple(names)
    columns = array.shape[1] if array.ndim == 2 else 1 if array.ndim == 1 else None
    if names and (len(names) != columns or len(set(names)) != len(names)):
        expected = "none, of images" if columns is None else f"{columns} different names"
        raise ShapeError(f"{name}: {which}: expected {expected}, got {names}")
    return names


def _split(name: str, split: Any, n: int) -> np.ndarray:
    mask = np.asarray(split)
    if mask.dtype != bool or mask.shape != (n,):
        raise ShapeError(
            f"{name}: split: expected a boolean for each of {n} samples, True where it is for "
            f"testing, got {mask.dtype} {mask.shape}"
        )
    return mask


def _check_finite(name: str, array: np.ndarray, names: tuple[str, ...]) -> None:
    bad = ~np.isfinite(array)
    if not bad.any():
        return
    first = np.argwhere(bad)[0].tolist()
    place = first[1:]
    column = f"{names[place[0]]!r}" if names and place else f"at {tuple(place)}" if place else ""
    raise NonFiniteError(
        f"{name}: expected finite numbers, got {array[tuple(first)]} in sample {first[0]} {column}"
        f", one of {int(bad.any(axis=tuple(range(1, array.ndim))).sum())} samples like it; leave "
        "them out, or fill in what is missing by what the training samples alone tell"
    )
