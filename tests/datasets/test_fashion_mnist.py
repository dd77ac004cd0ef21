"""Fashion-MNIST: found where it lies, checked, and told how to get where it is not."""

from __future__ import annotations

import gzip
import struct
import sys

import numpy as np
import pytest

import physml as pm
from physml.datasets import fashion_mnist
from physml.errors import DataFileError

module = sys.modules["physml.datasets.fashion_mnist"]
SMALL = {"train": 20, "t10k": 10}
TEST_LABELS = "t10k-labels-idx1-ubyte"


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype("u1").tobytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A set of 20 and 10 images, in the format of the real one; image i is i everywhere."""
    monkeypatch.setattr(module, "_PARTS", SMALL)
    monkeypatch.setattr(module, "_DEBIAN", tmp_path / "nowhere")
    monkeypatch.delenv("PHYSML_DATA", raising=False)
    place = tmp_path / "fashion-mnist"
    place.mkdir()
    for part, n in SMALL.items():
        images = np.arange(n)[:, None, None] * np.ones((28, 28))
        (place / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (place / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 10))
    return place


def test_the_authors_split_is_kept(folder):
    data = fashion_mnist(folder)
    assert (len(data.train), len(data.test), data.inputs.shape[1:]) == (20, 10, (28, 28))
    np.testing.assert_array_equal(data.train.inputs[:, 3, 4], np.arange(20))
    np.testing.assert_array_equal(data.test.inputs[:, 0, 0], np.arange(10))
    np.testing.assert_array_equal(data.test.labels, np.arange(10))
    assert data.classes == 10 and data.class_names[9] == "ankle boot"
    assert data.licence == "MIT" and "zalandoresearch" in data.source


def test_it_is_found_by_the_environment(folder, monkeypatch):
    for place in (folder, folder.parent):
        monkeypatch.setenv("PHYSML_DATA", str(place))
        assert len(fashion_mnist()) == 30
    monkeypatch.delenv("PHYSML_DATA")
    monkeypatch.setattr(module, "_DEBIAN", folder)
    assert len(fashion_mnist()) == 30


def test_where_it_is_not_the_error_says_how_to_get_it(folder, monkeypatch, tmp_path):
    with pytest.raises(DataFileError, match=r"dataset-fashion-mnist, or .* PHYSML_DATA"):
        fashion_mnist()
    monkeypatch.setenv("PHYSML_DATA", str(folder))
    with pytest.raises(DataFileError, match="found none"):
        fashion_mnist(tmp_path / "elsewhere")  # a place that is named is the only one


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (TEST_LABELS, None, "t10k-labels-idx1-ubyte or .* beside the others"),
        (
            "t10k-labels-idx1-ubyte",
            idx(np.zeros(10)),
            r"expected 1 of each of 10 classes, got \[10",
        ),
        (TEST_LABELS, idx(np.arange(10) + 1), "another set's"),
        ("train-labels-idx1-ubyte", idx(np.arange(20) % 10)[:-1], "cut short"),
        ("train-labels-idx1-ubyte", idx(np.arange(10)), r"of shape \(20,\), got uint8 \(10,"),
        (
            "train-images-idx3-ubyte",
            idx(np.zeros((20, 32, 32))),
            r"\(20, 28, 28\), got uint8",
        ),
    ],
)
def test_another_set_is_refused(folder, name, content, message):
    path = folder / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(DataFileError, match=message):
        fashion_mnist(folder)


@pytest.mark.slow
def test_the_real_set_is_as_its_authors_say():
    try:
        data = pm.datasets.fashion_mnist()
    except DataFileError as missing:
        pytest.skip(str(missing))
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert (data.inputs.min(), data.inputs.max()) == (0, 255)
    # of the training images: mean and deviation of pixels in [0, 1], widely quoted
    assert data.train.inputs.mean() / 255 == pytest.approx(0.2860, abs=1e-4)
    assert data.train.inputs.std() / 255 == pytest.approx(0.3530, abs=1e-4)
