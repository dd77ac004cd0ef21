"""Fields of a family described by a small matrix, and judged where none was seen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.optim.settings import OptimizerSettings
from physml.pmm import baselines
from physml.pmm.field_family import FieldFamily
from physml.pmm.hermitian import Hermitian
from physml.pmm.observables import Observables
from physml.pmm.starts import Starts, by_recipe, first_params, from_starts
from physml.train import Run, key_for
from physml.train.callbacks import Callback
from physml.train.named_params import named
from physml.train.study import Panel, Study


@dataclass(frozen=True, kw_only=True)
class FieldRecipe:
    """How a family of fields is emulated.

    Attributes:
        rows: of the matrix.
        keep: eigenvectors that are looked at.
        starts: random first matrices, of which that with the least training error is taken.
        steps: at most, of each start.
        optimizer: the optimizer.
    """

    rows: int = 4
    keep: int = 1
    starts: int = 4
    steps: int = 200
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton", accuracy="svd")
    )

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        as_whole("starts", self.starts, least=1)
        as_whole("steps", self.steps, least=1)
        self.model(1)

    def model(self, outputs: int) -> Observables:
        """The matrix model.

        Raises:
            ConfigurationError: numbers of it out of range.
        """
        return Observables(Hermitian(self.rows), outputs, keep=self.keep)


def emulated_fields(
    name: str,
    subject: FieldFamily,
    recipe: FieldRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Emulate the fields; tell errors at coefficients not trained on, in the range and beyond."""
    seen, (inside, outside) = subject.seen, subject.asked
    asked = np.concatenate([inside, outside])
    fields, exact = subject.fields(seen), subject.fields(asked)
    began, worked = time.perf_counter(), time.process_time()
    told, starts = _emulated(subject, recipe, asked, key, run, callbacks)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    parameters = sum(leaf.size for leaf in jax.tree.leaves(starts.params))
    others = {
        "chebyshev": baselines.chebyshev(seen, fields, asked),
        "gaussian_process": baselines.gaussian_process(seen, fields, asked),
        "network": baselines.network(
            seen,
            fields,
            asked,
            parameters=parameters,
            starts=recipe.starts,
            steps=recipe.steps,
            key=key_for(key, "pretrain"),
        ),
    }
    count = len(inside)
    found: dict[str, Any] = {
        **_errors("", told, exact, count),
        "parameters": parameters,
        "seconds": seconds,
        "processor_seconds": worked,
        "compile_seconds": starts.fits[0].compile_seconds,
        "reference": subject.reference,
        "loss": float(starts.losses.min()),
        "train": len(seen),
        "test": count,
        "trivial_mean_error": float(np.abs(fields.mean(axis=0) - exact[:count]).mean()),
    }
    for other, curve in others.items():
        found |= _errors(f"{other}_", curve.levels, exact, count)
        found[f"{other}_parameters"] = curve.parameters
    arrays = {"x": subject.x, "log_coefficient": asked, "fields": told, "exact": exact}
    panels = _panels(subject.coefficient, subject.x, asked, told, exact, others)
    return Study(name, found, _words(found), arrays | named(starts.params), panels)


def _emulated(
    subject: FieldFamily,
    recipe: FieldRecipe,
    asked: np.ndarray,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
) -> tuple[np.ndarray, Starts]:
    """Fields asked for; and the fits, of scaled ones."""
    seen, fields = subject.seen, subject.fields(subject.seen)
    middle, half = 0.5 * (seen[0] + seen[-1]), 0.5 * (seen[-1] - seen[0])
    mean, deviation = fields.mean(), fields.std()
    model = recipe.model(fields.shape[1])

    def row(params: Any, sample: Any) -> Array:
        point, values = sample
        return model.apply(params, point) - values

    batch = (jnp.asarray((seen - middle) / half), jnp.asarray((fields - mean) / deviation))
    first = first_params(model, key_for(key, "params"), recipe.starts, batch[0][0])
    how = by_recipe(recipe.optimizer, recipe.steps, key=key, run=run, callbacks=callbacks)
    (starts,) = from_starts(row, [batch], first, term="fields", how=how)
    apply = jax.jit(jax.vmap(model.apply, (None, 0)))
    scaled = np.asarray(apply(starts.params, jnp.asarray((asked - middle) / half)), np.float64)
    return mean + deviation * scaled, starts


def _errors(prefix: str, told: np.ndarray, exact: np.ndarray, count: int) -> dict[str, float]:
    off = np.abs(told - exact)
    return {
        f"{prefix}mean_error": float(off[:count].mean()),
        f"{prefix}max_error": float(off[:count].max()),
        f"{prefix}beyond_mean_error": float(off[count:].mean()),
        f"{prefix}beyond_max_error": float(off[count:].max()),
    }


def _words(found: dict[str, Any]) -> dict[str, str]:
    said = {}
    for prefix, name in (
        ("", "matrix model"),
        ("chebyshev_", "Chebyshev"),
        ("gaussian_process_", "Gaussian process"),
        ("network_", "network"),
    ):
        said[name] = (
            f"{found[f'{prefix}mean_error']:.2e} mean, {found[f'{prefix}max_error']:.2e} at most; "
            f"beyond the range {found[f'{prefix}beyond_mean_error']:.2e}, "
            f"{found[f'{prefix}beyond_max_error']:.2e}"
        )
    said["mean of the fields"] = f"{found['trivial_mean_error']:.2e} mean"
    said["parameters"] = f"{found['parameters']}, of {found['train']} fields"
    said["emulator"] = f"{found['seconds']:.1f} s, compiling included"
    return said


def _panels(
    coefficient: str,
    x: np.ndarray,
    asked: np.ndarray,
    told: np.ndarray,
    exact: np.ndarray,
    others: dict[str, baselines.Curve],
) -> list[Panel]:
    order = np.argsort(asked)
    chosen = order[np.linspace(0, len(order) - 1, 5).astype(int)]
    curves = {f"{coefficient} = {asked[i]:.1f}": (x, told[i]) for i in chosen}
    least = np.finfo(float).eps * np.abs(exact).max()

    def off(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return asked[order], np.maximum(np.abs(fields - exact).max(axis=1), least)[order]

    proper = {"chebyshev": "Chebyshev", "gaussian_process": "Gaussian process"}
    errors = {"matrix model": off(told)}
    errors |= {proper.get(name, name): off(curve.levels) for name, curve in others.items()}
    return [
        Panel("x", "u, emulated", curves),
        Panel(coefficient, "largest error at a place", errors, "y"),
    ]


def check_fields(subject: FieldFamily, recipe: FieldRecipe) -> None:
    """Refuse an optimizer that cannot be made, before a run is."""
    recipe.optimizer.check(recipe.steps)
