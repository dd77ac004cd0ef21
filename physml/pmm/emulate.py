"""Levels at a few points, described by a matrix model: least squares from several starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.optim import OptimizerSettings, by_svd, gauss_newton, optimizer_of
from physml.pmm.emulator import Emulator
from physml.pmm.hermitian import Hermitian
from physml.pmm.level_data import LevelData, Scaling, as_points
from physml.pmm.level_residual import level_residual
from physml.pmm.selection import selections
from physml.pmm.size_by_folds import candidates, size_by_folds
from physml.pmm.starts import first_params, from_starts
from physml.train import (
    Rule,
    RuleSettings,
    Run,
    converged,
    key_for,
)
from physml.train.callbacks import Callback
from physml.types import Optimizer

__all__ = ["emulate"]

_AS_GOOD = 10.0
"""Times the lowest loss up to which another start is as good, and its levels as likely."""


def emulate(
    model: Hermitian,
    x: Any,
    y: Any,
    *,
    keep: Any = None,
    sizes: Sequence[Any] | None = None,
    folds: int = 5,
    starts: int = 4,
    steps: int = 200,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    until: Rule | RuleSettings | str | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Emulator:
    """Find the matrices whose eigenvalues are levels seen: the least of ``½ mean |λ(M(x)) − y|²``.

    Levels are scaled to mean 0 and deviation 1, all together, and each feature to [−1, 1]. Of
    several random starts that with the least training error is taken; those with up to ten times
    its loss, and a matrix of one row less in each block (from half as many starts), tell how far
    it may be off elsewhere.

    Args:
        model: its features are functions of one point.
        x: points, ``(n,)`` or ``(n, d)``.
        y: levels, ``(n, m)``, or ``(n,)`` of one; block after block, those of a block in ascending
            order.
        keep: which eigenvalues they are: how many of the lowest, or a ``Selection``, such as
            ``pm.pmm.Highest(2)``; a tuple with one of either a block. All the lowest of one block
            if None.
        sizes: to choose the model's from, each a number of rows, or a tuple of one a block: the one
            with the least error of levels left out. Its model is ``emulator.model``, the errors are
            ``emulator.found["size_errors"]``. They are of levels between others: how far a size
            extrapolates they do not say.
        folds: in how many parts the points are left out in turn, where sizes are given.
        starts: random first matrices.
        steps: at most, of each start.
        optimizer: any of ``physml.optim`` or optax, or a name or settings; ``gauss_newton(
            factorise=by_svd)`` if None: there are few parameters, and levels known to rounding.
        until: ends a start before its steps; ``converged()`` if None.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory, with a phase for each start.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The emulator: ``emulator(x)``, ``derivative``, ``interval``, ``matrices``, ``plot``,
        ``save``.

    Raises:
        ShapeError: shapes that do not fit, another number of levels than are kept, levels of a
            block that do not ascend, complex or masked numbers, one point alone.
        NonFiniteError: a NaN or an infinity among points, features or levels.
        ConfigurationError: a matrix smaller than the levels asked for, levels or a feature that
            never change, no start; sizes that are no choice, more folds than points.

    Source: Cook, Jammooa, Hjorth-Jensen, Lee and Lee (2025), doi:10.1038/s41467-025-61362-4.

    >>> import numpy as np, physml as pm
    >>> g = np.linspace(-1, 1, 12)
    >>> two = np.stack([-np.sqrt(1 + g**2), np.sqrt(1 + g**2)], axis=1)  # of [[1, g], [g, -1]]
    >>> levels = pm.pmm.emulate(pm.pmm.Hermitian(2), g, two, starts=2, steps=60)
    >>> bool(abs(levels(3.0) - [-np.sqrt(10), np.sqrt(10)]).max() < 1e-6)
    True
    """
    began = time.perf_counter()
    if not isinstance(model, Hermitian):
        raise ConfigurationError(
            f"model: expected pm.pmm.Hermitian(size), got {type(model).__name__}"
        )
    key = jax.random.key(0) if key is None else key
    starts = as_whole("starts", starts, least=1)
    data = LevelData.of(x, y)
    keep = data.y.shape[1] if keep is None else keep
    models = [model] if sizes is None else candidates(model, sizes, keep)
    data.check(selections(keep, models[0].blocks))
    how: dict[str, Any] = {
        "optimizer": gauss_newton(factorise=by_svd)
        if optimizer is None
        else optimizer_of(optimizer),
        "until": converged() if until is None else until,
        "steps": steps,
        "key": key_for(key, "fit"),
        "run": run,
        "callbacks": callbacks,
        "progress": progress,
    }
    size_errors: dict[str, float] = {}
    if sizes is not None:
        model, size_errors = size_by_folds(
            models, data, keep, folds=folds, starts=starts, key=key, how=how
        )
    chosen = selections(keep, model.blocks)
    scaling = Scaling.of(data, model)
    kept = scaling.keep(chosen)
    points, levels = as_points(data.x), as_points((data.y - scaling.mean) / scaling.deviation)
    scaled = scaling.model(model)
    first = first_params(scaled, key_for(key, "params"), starts, points[0])
    (found,) = from_starts(
        level_residual(scaled, kept), [(points, levels)], first, term="levels", how=how
    )
    good = found.losses <= _AS_GOOD * found.losses.min()
    others = [found.fits[s].params for s in range(starts) if good[s] and s != found.best]
    smaller, less = None, None
    if all(one.least_size < size for one, size in zip(chosen, model.blocks, strict=True)):
        less = model.with_fewer_rows()
    if less is not None:
        beside = scaling.model(less)
        few = first_params(beside, key_for(key, "warm-up"), (starts + 1) // 2, points[0])
        (fewer,) = from_starts(
            level_residual(beside, kept),
            [(points, levels)],
            few,
            term="levels",
            phase="smaller",
            how=how,
        )
        smaller = (less, fewer.params)
    result = found.fits[found.best]
    made = Emulator(
        model,
        chosen,
        scaling,
        data,
        result.params,
        others=tuple(others),
        smaller=smaller,
        losses=result.history["loss"],
        found={},
        result=result,
    )
    misses = made(data.x).reshape(data.y.shape) - data.y
    told: dict[str, Any] = {
        "rmse": float(np.sqrt(np.mean(misses**2))),
        "largest_error": float(np.abs(misses).max()),
        "loss": float(found.losses.min()),
        "parameters": made.parameters,
        "train": len(data.x),
        "starts": starts,
        "good_starts": 1 + len(others),
        "steps": len(result.history["loss"]),
        "seconds": time.perf_counter() - began,
        "compile_seconds": found.fits[0].compile_seconds,
    }
    if size_errors:
        told["size_errors"] = size_errors
    return replace(made, found=told)
