"""Fashion-MNIST, from its four files where they lie."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from physml.datasets.dataset import Dataset
from physml.datasets.from_idx import read_idx
from physml.errors import DataFileError

_DEBIAN = Path("/usr/share/datasets/fashion-mnist")
_PLACE = "PHYSML_DATA"
_FOLDER = "fashion-mnist"
_PARTS = {"train": 60_000, "t10k": 10_000}
_SIDE = 28
_CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def fashion_mnist(directory: str | Path | None = None) -> Dataset:
    """70,000 articles of clothing, 28 × 28 pixels from 0 to 255, ten classes of equal size.

    Nothing is downloaded. The files are looked for in the directory given, or else in
    ``$PHYSML_DATA``, in ``$PHYSML_DATA/fashion-mnist``, and where Debian's package
    ``dataset-fashion-mnist`` puts them.

    Args:
        directory: of the four IDX files, ``train-images-idx3-ubyte`` and so on, plain or ``.gz``.

    Returns:
        The data with their authors' split: ``.train`` 60,000, ``.test`` 10,000.

    Raises:
        DataFileError: no such files, with what to do; one that is cut short, or holds other images,
            labels or counts than the set's.

    Source: Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747.
    """
    folder = _folder(directory)
    images, labels = [], []
    for part, count in _PARTS.items():
        images.append(_read(folder, f"{part}-images-idx3-ubyte", (count, _SIDE, _SIDE)))
        labels.append(_read(folder, f"{part}-labels-idx1-ubyte", (count,)))
        counts = np.bincount(labels[-1], minlength=len(_CLASSES))
        if counts.tolist() != [count // len(_CLASSES)] * len(_CLASSES):
            raise DataFileError(
                f"{folder}: {part}-labels: expected {count // len(_CLASSES)} of each of "
                f"{len(_CLASSES)} classes, got {counts.tolist()}; are these another set's?"
            )
    return Dataset(
        np.concatenate(images),
        np.concatenate(labels),
        name="Fashion-MNIST",
        class_names=_CLASSES,
        split=np.repeat([False, True], list(_PARTS.values())),
        licence="MIT",
        source=f"https://github.com/zalandoresearch/fashion-mnist, read from {folder}",
    )


def _folder(directory: str | Path | None) -> Path:
    """The first folder that holds the training images."""
    if directory is not None:
        places = [Path(directory)]
    else:
        own = os.environ.get(_PLACE)
        places = [] if not own else [Path(own), Path(own) / _FOLDER]
        places.append(_DEBIAN)
    for place in places:
        if any(_file(place, "train-images-idx3-ubyte")):
            return place
    raise DataFileError(
        f"Fashion-MNIST: expected train-images-idx3-ubyte.gz and its three companions in "
        f"{' or '.join(map(str, places))}, found none; install Debian's package "
        "dataset-fashion-mnist, or take the four files from "
        f"https://github.com/zalandoresearch/fashion-mnist and name their folder by {_PLACE}"
    )


def _file(folder: Path, name: str) -> list[Path]:
    return [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]


def _read(folder: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    found = _file(folder, name)
    if not found:
        raise DataFileError(f"{folder}: expected {name} or {name}.gz beside the others, found none")
    array = read_idx(found[0])
    if array.shape != shape or array.dtype != np.uint8:
        raise DataFileError(
            f"{found[0]}: expected bytes of shape {shape}, got {array.dtype} {array.shape}; is it "
            "another set's?"
        )
    return array
