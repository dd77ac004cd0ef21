"""Which part of data trains, which validates, which judges: none is another, and all are alike."""

from __future__ import annotations

import numpy as np

from physml.datasets.dataset import Dataset
from physml.errors import ConfigurationError, ShapeError


def parts(data: Dataset) -> tuple[Dataset, Dataset | None]:
    """What to train on and what to judge by: the parts of a split, or all of the data and none.

    Raises:
        ConfigurationError: what is no data set.
    """
    _check_data("data", data)
    return (data, None) if data.split is None else (data.train, data.test)


def whole(name: str, data: Dataset) -> Dataset:
    """Refuse data with a split where one part of them must be meant.

    Raises:
        ConfigurationError: for such, and for what is no data set.
    """
    _check_data(name, data)
    if data.split is not None:
        raise ConfigurationError(f"{name}: expected data.test or data.train, got both as one")
    return data


def check_validation(
    validation: Dataset, train: Dataset, test: Dataset | None, *, chooses: bool
) -> None:
    """Refuse validation data of other inputs or classes, and those that train or judge in the end.

    Args:
        validation: judged once an epoch.
        train: trained on.
        test: judged in the end, or None.
        chooses: whether the parameters are chosen by what is judged.

    Raises:
        ShapeError: other inputs or classes than those of the training samples.
        ConfigurationError: data with a split; those that train or judge, where parameters are
            chosen by them.
    """
    whole("validation", validation)
    if validation.inputs.shape[1:] != train.inputs.shape[1:]:
        raise ShapeError(
            f"validation: expected inputs of one sample {train.inputs.shape[1:]}, got "
            f"{validation.inputs.shape[1:]}"
        )
    check_classes("validation", validation, train.class_names)
    for part, what in ((test, "data.test, which judge in the end"), (train, "those trained on")):
        if chooses and part is not None and np.array_equal(validation.inputs, part.inputs):
            raise ConfigurationError(
                "validation: expected samples of their own, since patience chooses the parameters "
                f"by them, got {what}; part data.train once more"
            )


def check_classes(name: str, data: Dataset, class_names: tuple[str, ...]) -> None:
    """Refuse labels that stand for other classes, as those of words that were numbered apart do.

    Raises:
        ShapeError: where both have names, and these differ.
    """
    if class_names and data.class_names and data.class_names != class_names:
        raise ShapeError(
            f"{name}: expected the classes {class_names}, in this order, got {data.class_names}; "
            "give class_names= to both data sets"
        )


def _check_data(name: str, data: Dataset) -> None:
    if not isinstance(data, Dataset):
        raise ConfigurationError(
            f"{name}: expected a pm.Dataset(inputs, targets), got {type(data).__name__}"
        )
