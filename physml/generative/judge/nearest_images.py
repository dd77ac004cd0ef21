"""Whether samples are like images that were held out, and not copies of those trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.datasets.labels import as_labels
from physml.errors import ShapeError
from physml.generative.judge.point_samples import as_points


class NearestImages(NamedTuple):
    """Distances to the nearest image of the training part.

    Attributes:
        samples: of samples, their median.
        held_out: of held-out images, their median.
        ratio: of the two; below 1 where samples are copied, above where they are unlike images.
        copies: the part of samples that are a training image, or nearer to one than any held-out
            image is.
        classes_off: total variation of the nearest image's class from that of the training part.
    """

    samples: float
    held_out: float
    ratio: float
    copies: float
    classes_off: float


def nearest_images(samples: Any, train: Any, held_out: Any, labels: Any) -> NearestImages:
    """Judge samples by what they are nearest to, in Euclidean distance.

    Args:
        samples: ``(n, ...)``.
        train: images trained on, ``(m, ...)``.
        held_out: images not trained on.
        labels: classes of those trained on, ``(m,)``, whole numbers from 0.

    Raises:
        ShapeError: images of different shapes, labels that are none or of another number.
        NonFiniteError: images that are not finite.

    >>> import numpy as np, physml as pm
    >>> images = np.arange(8.0).reshape(4, 2)
    >>> told = pm.generative.nearest_images(images + 0.1, images[:2], images[2:], [0, 1])
    >>> round(told.classes_off, 3)
    0.25
    """
    given = {"samples": samples, "train": train, "held_out": held_out}
    shapes = {name: np.shape(part)[1:] for name, part in given.items()}
    if len(set(shapes.values())) != 1:
        raise ShapeError(f"expected images of one shape, got {shapes}")
    x, known, other = (as_points(name, part, least=1) for name, part in given.items())
    classes = as_labels("labels", labels)
    if classes.shape != (len(known),):
        raise ShapeError(f"labels: expected ({len(known)},), got {classes.shape}")
    (own, nearest), (fresh, _) = _nearest(x, known), _nearest(other, known)
    count = int(classes.max()) + 1
    parts_of = np.bincount(classes[nearest], minlength=count) / len(x)
    exact = np.bincount(classes, minlength=count) / len(classes)
    return NearestImages(
        float(np.median(own)),
        float(np.median(fresh)),
        float(np.median(own) / np.median(fresh)),
        float(np.mean((own < fresh.min()) | (own == 0))),
        float(0.5 * np.abs(parts_of - exact).sum()),
    )


def _nearest(x: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import KDTree

    distances, places = KDTree(known).query(x)
    return np.asarray(distances), np.asarray(places)
