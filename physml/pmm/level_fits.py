"""Fits of a matrix model to scaled levels from several starts, and their losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.pmm.hermitian import Hermitian
from physml.pmm.selection import Selection
from physml.sampling import fixed
from physml.train import FitResult, fit, least_squares
from physml.train.least_squares import Row
from physml.train.one_program import one_program


def row_of(model: Hermitian, keep: tuple[Selection, ...]) -> Row:
    """Levels of a model minus what they should be."""

    def row(params: Any, sample: Any) -> Array:
        point, level = sample
        return model.levels(params, point, keep) - level

    return row


def fits_of(
    model: Hermitian,
    keep: tuple[Selection, ...],
    batches: Sequence[Any],
    first: Sequence[Any],
    phase: str,
    how: dict[str, Any],
) -> list[list[FitResult]]:
    """A fit of each start, of each batch; those of batches of one shape share a program."""
    objective = least_squares({"levels": row_of(model, keep)})
    with one_program():
        return [
            [
                fit(
                    objective,
                    fixed({"levels": batch}),
                    params=params,
                    phase=f"{phase}-{number + 1}",
                    **how,
                )
                for number, params in enumerate(first)
            ]
            for batch in batches
        ]


def loss_of(model: Hermitian, keep: tuple[Selection, ...], batch: Any, params: Any) -> float:
    """``½ mean |λ − y|²`` of a start's last parameters, which no step has logged."""
    rows = jax.vmap(row_of(model, keep), in_axes=(None, 0))(params, batch)
    return float(0.5 * jnp.mean(jnp.sum(rows**2, axis=1)))
