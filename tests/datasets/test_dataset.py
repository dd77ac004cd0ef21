"""Data sets: what comes in as it is, and what is refused, by name, where it comes in."""

from __future__ import annotations

import gzip
import re
import struct

import numpy as np
import pytest

import physml as pm
from physml.datasets import Dataset, from_csv, from_idx, from_npz, read_idx
from physml.errors import (
    ConfigurationError,
    DataFileError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)

X = np.arange(12.0).reshape(6, 2)


def test_a_part_keeps_what_is_known_of_the_whole():
    data = Dataset(
        X,
        ["b", "a", "b", "b", "a", "b"],
        input_names=("u", "v"),
        units={"u": "m"},
        licence="CC0",
        split=[False, True, False, False, True, False],
    )
    assert data.classes == 2 and data.class_names == ("a", "b")
    assert data.labels.tolist() == [1, 0, 1, 1, 0, 1]
    np.testing.assert_array_equal(data.test.inputs, X[[1, 4]])
    np.testing.assert_array_equal(data.train.targets, [1, 1, 1, 1])
    assert data.train.classes == 2, "a part without a class still knows it"
    assert data.train.units == {"u": "m"} and data.test.licence == "CC0"
    np.testing.assert_array_equal(data[[3, 3, 0]].inputs, X[[3, 3, 0]])


@pytest.mark.parametrize(
    ("given", "kept"),
    [("uint8", "float32"), ("int16", "float32"), ("int32", "float64"), ("float32", "float32")],
)
def test_inputs_keep_every_digit(given, kept):
    top = np.iinfo(given).max if given != "float32" else np.float32(0.1)
    values = np.array([[top, 1]], given)
    data = Dataset(values, [0.0])
    assert data.inputs.dtype == kept and data.inputs[0, 0] == top


def test_targets_are_labels_where_they_are_whole_numbers():
    assert Dataset(X, np.arange(6)).targets.dtype == np.int64
    assert Dataset(X, [True, False] * 3).labels.tolist() == [1, 0] * 3
    assert Dataset(X, np.arange(6.0)).targets.dtype == np.float64
    with pytest.raises(ShapeError, match=r"got 0.5 as label 1; number the classes"):
        Dataset(X, [0, 0.5, 1, 1, 0, 0]).labels  # noqa: B018


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"inputs": X[:, 0]}, ShapeError, r"write x\[:, None\]"),
        ({"inputs": X[:0], "targets": []}, ShapeError, r"got \(0, 2\)"),
        ({"inputs": X[:5]}, ShapeError, "a target for each sample"),
        ({"inputs": X * 1j}, ShapeError, "real numbers"),
        ({"inputs": np.where(X == 7, np.nan, X)}, NonFiniteError, r"sample 3 'v'"),
        ({"targets": [1, 2, np.inf, 4, 5, 6]}, NonFiniteError, "targets.*sample 2"),
        ({"inputs": np.ma.masked_equal(X, 7)}, ShapeError, "masked"),
        ({"targets": np.ma.array(["a", "b"] * 3, mask=X[:, 0] > 8)}, ShapeError, "masked"),
        ({"targets": np.zeros((6, 1, 1))}, ShapeError, r"\(n,\) or \(n, m\)"),
        ({"targets": [-1, 1, 0, 0, 0, 0], "class_names": ("a", "b")}, ShapeError, "got -1"),
        ({"targets": ["a", "c"] * 3, "class_names": ("a", "b")}, UnknownNameError, "class 'c'"),
        ({"targets": [0, 1] * 3, "class_names": ("a", "a")}, ShapeError, "different names"),
        ({"targets": np.array(["a", None] * 3)}, ShapeError, "real numbers"),
        ({"input_names": ("u",)}, ShapeError, "2 different names"),
        ({"input_names": ("u", "u")}, ShapeError, "2 different names"),
        ({"units": {"mass": "kg"}}, UnknownNameError, "unit 'mass'"),
        ({"split": [1, 0, 0, 0, 0, 0]}, ShapeError, "a boolean for each of 6"),
    ],
)
def test_what_is_no_data_is_refused(options, error, message):
    given = {"inputs": X, "targets": np.arange(6.0), "input_names": ("u", "v")}
    with pytest.raises(error, match=message):
        Dataset(**(given | options))


def test_a_column_of_words_is_kept_as_words():
    data = Dataset(X, np.array(["b", "a"] * 3, object))
    assert data.class_names == ("a", "b") and data.labels.tolist() == [1, 0] * 3


@pytest.mark.parametrize("largest", [np.uint64(2**64 - 1), 2**63 - 1, 2**53])
def test_whole_numbers_that_no_float_tells_from_others_are_no_labels(largest):
    """As 64-bit integers the largest would be below 0."""
    data = Dataset(X, np.array([0, 1, 2, 3, 4, largest]))
    assert data.targets[-1] == float(largest)
    with pytest.raises(ShapeError, match="as label 5"):
        data.labels  # noqa: B018


def test_no_split_and_no_samples():
    with pytest.raises(ShapeError, match=r"make one by pm.datasets.split"):
        Dataset(X, X).train  # noqa: B018
    with pytest.raises(ShapeError, match="at least one sample"):
        Dataset(X, X)[6:]
    for rows in ([6], [True, False]):
        with pytest.raises(ShapeError, match="expected some of 6 samples"):
            Dataset(X, X)[rows]


@pytest.fixture
def table(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_table_is_read_as_it_stands(table):
    path = table("\ufeffx, y ,kind\n1,2.5,cat\n\n-3e2,4,dog\n5,6,cat\n")
    data = from_csv(path, targets="kind", units={"x": "m"}, name="pets")
    np.testing.assert_array_equal(data.inputs, [[1, 2.5], [-300, 4], [5, 6]])
    assert data.class_names == ("cat", "dog") and data.labels.tolist() == [0, 1, 0]
    assert (data.input_names, data.target_names, data.name) == (("x", "y"), ("kind",), "pets")
    both = from_csv(table("a;b;c\n1;2;3\n"), targets=("c", "a"), delimiter=";")
    np.testing.assert_array_equal(both.targets, [[3, 1]])
    whole = from_csv(table("1,0\n2,1\n"), targets="t", names=("x", "t"))
    assert whole.targets.dtype == np.int64 and whole.targets.tolist() == [0, 1]
    large = from_csv(table("x,t\n1,0\n2,12345678901234567890\n"), targets="t")
    assert large.targets[1] == 12345678901234567890.0


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("x,t\n1,2\n3\n4,5\n", {}, DataFileError, r"line 3: expected 2 fields, got 1$"),
        ("x,t\n1,2\n3,4\n5", {}, DataFileError, r"line 4: .* was the file cut short\?"),
        ("x,t\n1,2,9\n", {}, DataFileError, r"line 2: expected 2 fields, got 3"),
        ("x,t\n1,2\n,3\n", {}, DataFileError, r"line 3, column 'x': .* an empty field"),
        ("x,t\n1,2\nnan,3\n", {}, DataFileError, r"line 3, column 'x': .* 'nan'"),
        ("x,t\n1,2\n1_0,3\n", {}, DataFileError, "'1_0'"),
        ("x;t\n1,5;2\n", {"delimiter": ";"}, DataFileError, "of decimal commas make points"),
        ("x,t\n1,cat\n2,3\n", {}, DataFileError, r"column 't': .* 'cat'"),
        ("1,2\n3,4\n", {}, DataFileError, r"expected a line of names first"),
        ("", {}, DataFileError, "empty file"),
        ("x,t\n", {}, DataFileError, "at least one sample"),
        ("x,t\n1,2\n", {"delimiter": "::"}, ConfigurationError, "delimiter: expected one"),
        ("x,x,t\n1,2,3\n", {}, ConfigurationError, "'x' twice"),
        ("x,u\n1,2\n", {}, UnknownNameError, "unknown column"),
        ("x,t\n1,2\n", {"inputs": ("x", "t")}, ConfigurationError, "no target, got 't'"),
        ('x,t\n"1,2\n', {}, DataFileError, "unexpected end of data"),
    ],
)
def test_a_table_that_is_none_says_where(table, text, options, error, message):
    with pytest.raises(error, match=message):
        from_csv(table(text), **({"targets": "t"} | options))


def test_missing_files_are_named(tmp_path):
    for read in (read_idx, from_npz, lambda path: from_csv(path, targets="t")):
        with pytest.raises(DataFileError, match="nowhere"):
            read(tmp_path / "nowhere")


def idx(array, code):
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize(
    ("kind", "code"),
    [("u1", 8), ("i1", 9), ("i2", 11), ("i4", 12), ("f4", 13), ("f8", 14)],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_of_every_type(tmp_path, kind, code, pack):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    path = tmp_path / "images"
    path.write_bytes(pack(idx(array, code)))
    found = read_idx(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype and found.flags.writeable


def test_images_and_labels(tmp_path):
    images, labels = np.arange(8, dtype="u1").reshape(2, 2, 2), np.array([1, 0], "u1")
    (tmp_path / "images.idx").write_bytes(idx(images, 8))
    (tmp_path / "labels.idx").write_bytes(idx(labels, 8))
    data = from_idx(tmp_path / "images.idx", tmp_path / "labels.idx", class_names=("a", "b"))
    np.testing.assert_array_equal(data.inputs, images)
    assert data.labels.tolist() == [1, 0] and data.name == "images"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda b: b[:-1], "cut short: expected 12 bytes of uint8 (3, 4), got 11"),
        (lambda b: b + b"\0", "too long: expected 12"),
        (lambda b: b[:7], "cut short in the lengths of its 2 axes"),
        (lambda b: b"\0\0\x07" + b[3:], "begins with 0, 0, a type"),
        (lambda b: b"PK" + b[2:], "begins with 0, 0, a type"),
        (lambda b: b"", "begins with 0, 0, a type"),
        (lambda b: gzip.compress(b)[:-6], "Compressed file ended"),
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path, spoil, message):
    path = tmp_path / "spoilt"
    path.write_bytes(spoil(idx(np.ones((3, 4), "u1"), 8)))
    with pytest.raises(DataFileError, match=re.escape(message)):
        read_idx(path)


def test_npz_is_read_and_never_executed(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, inputs=X, targets=np.arange(6), bad=np.array([{}], object))
    assert from_npz(path, licence="mine").licence == "mine"
    with pytest.raises(UnknownNameError, match="Did you mean 'targets'"):
        from_npz(path, targets="target")
    with pytest.raises(DataFileError, match="allow_pickle=False"):
        from_npz(path, targets="bad")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataFileError, match="whole"):
        from_npz(path)
    np.save(tmp_path / "one.npy", X)
    with pytest.raises(DataFileError, match="npz"):
        from_npz(tmp_path / "one.npy")


def test_a_data_set_is_a_flat_name():
    assert pm.Dataset is Dataset
