"""The size of a matrix chosen by levels that are left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets import k_fold
from physml.errors import ConfigurationError
from physml.pmm.hermitian import Hermitian
from physml.pmm.level_data import LevelData, Scaling, as_points
from physml.pmm.level_residual import level_residual
from physml.pmm.selection import selections
from physml.pmm.starts import first_params, from_starts
from physml.train import key_for


class Sized(NamedTuple):
    """A model of the size with the least error left out.

    Attributes:
        model: of that size.
        errors: root mean square error of the levels left out, in their units, of each size.
    """

    model: Hermitian
    errors: dict[str, float]


def candidates(model: Hermitian, sizes: Sequence[Any], keep: Any) -> list[Hermitian]:
    """The model in several sizes, each a number of rows, or of one for each block.

    Raises:
        ConfigurationError: no size, the same twice, another number of blocks, one that is smaller
            than the levels, or than the rank.
    """
    given: Any = sizes
    if isinstance(given, (int, str)) or not isinstance(given, Sequence) or len(given) < 2:
        raise ConfigurationError(f"sizes: expected at least two to choose from, got {given!r}")
    made: list[Hermitian] = []
    for one in given:
        rows = tuple(one) if isinstance(one, Sequence) else (one,)
        blocks = tuple(as_whole("sizes", size, least=1) for size in rows)
        if len(blocks) != len(model.blocks):
            raise ConfigurationError(
                f"sizes: expected one number a block, of which there are {len(model.blocks)}, got "
                f"{one!r}"
            )
        if any(other.blocks == blocks for other in made):
            raise ConfigurationError(f"sizes: expected different ones, got {one!r} twice")
        selections(keep, blocks)
        made.append(replace(model, size=sum(blocks), blocks=blocks))
    return made


def size_by_folds(
    models: Sequence[Hermitian],
    data: LevelData,
    keep: Any,
    *,
    folds: int,
    starts: int,
    key: Array,
    how: dict[str, Any],
) -> Sized:
    """Leave out each of several parts of the points in turn; the size with the least error.

    In each fold the start with the least training error is judged. Folds fill in between points:
    they say nothing of how far a size extrapolates. Units are those of all points.

    Args:
        models: of the sizes to choose from.
        data: points and levels.
        keep: as of ``emulate``.
        folds: how many parts.
        starts: random first matrices.
        key: a random key.
        how: of the fits.

    Raises:
        ConfigurationError: more folds than points, or so few points left that none is a fit.
    """
    parts = k_fold(len(data.x), folds, key=key_for(key, "folds"))
    errors = []
    for model in models:
        scaling = Scaling.of(data, model)
        scaled, kept = scaling.model(model), scaling.keep(selections(keep, model.blocks))
        points, levels = as_points(data.x), as_points((data.y - scaling.mean) / scaling.deviation)
        first = first_params(scaled, key_for(key, "params"), starts, points[0])
        row = level_residual(scaled, kept)
        batches = [(points[part.train], levels[part.train]) for part in parts]
        found = from_starts(
            row, batches, first, term="levels", phase="fold", how={**how, "run": None}
        )
        rows = jax.jit(jax.vmap(row, (None, 0)))
        square = 0.0
        for part, one in zip(parts, found, strict=True):
            left = rows(one.params, (points[part.test], levels[part.test]))
            square += float(np.sum(np.asarray(left, float) ** 2))
        errors.append(scaling.deviation * float(np.sqrt(square / data.y.size)))
    names = ["+".join(map(str, model.blocks)) for model in models]
    return Sized(models[int(np.argmin(errors))], dict(zip(names, errors, strict=True)))
