"""Fits of one model from several random starts, of which that with the least loss is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.optim.settings import OptimizerSettings
from physml.sampling import fixed
from physml.train import FitResult, Run, converged, fit, key_for, key_of, least_squares
from physml.train.callbacks import Callback
from physml.train.least_squares import Row
from physml.train.one_program import one_program


class Starts(NamedTuple):
    """Where several starts came to.

    Attributes:
        fits: of each.
        losses: ``½ mean |row|²`` at the last parameters of each, which no step has logged,
            ``(starts,)``.
    """

    fits: list[FitResult]
    losses: np.ndarray

    @property
    def best(self) -> int:
        """That with the least loss."""
        return int(self.losses.argmin())

    @property
    def params(self) -> Any:
        """Its last parameters."""
        return self.fits[self.best].params


def first_params(model: Any, key: Array, count: int, point: Any) -> list[Any]:
    """Random first parameters, as many as there are starts; one more start changes no other."""
    return [model.init(key_of(key, number), point) for number in range(count)]


def by_recipe(
    optimizer: OptimizerSettings,
    steps: int,
    *,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
) -> dict[str, Any]:
    """How each start is fitted, until it has converged: what ``from_starts`` hands to ``fit``."""
    return {
        "optimizer": optimizer.build(),
        "steps": steps,
        "key": key_for(key, "fit"),
        "until": converged(),
        "run": run,
        "callbacks": callbacks,
    }


def from_starts(
    row: Row,
    batches: Sequence[Any],
    first: Sequence[Any],
    *,
    term: str,
    how: dict[str, Any],
    phase: str = "start",
) -> list[Starts]:
    """Least squares from each start, on each batch; batches of one shape share a program.

    Args:
        row: of one sample.
        batches: of samples, along the first axis.
        first: parameters of each start.
        term: name of the rows.
        how: other arguments of ``fit``.
        phase: of a run directory, which the number of the start follows.
    """
    objective = least_squares({term: row})
    with one_program():
        found = [
            [
                fit(
                    objective,
                    fixed({term: batch}),
                    params=params,
                    phase=f"{phase}-{number + 1}",
                    **how,
                )
                for number, params in enumerate(first)
            ]
            for batch in batches
        ]
    rows = jax.jit(jax.vmap(row, (None, 0)))

    def loss(params: Any, batch: Any) -> float:
        return float(0.5 * jnp.mean(jnp.sum(rows(params, batch) ** 2, axis=1)))

    return [
        Starts(fits, np.array([loss(one.params, batch) for one in fits]))
        for fits, batch in zip(found, batches, strict=True)
    ]
