"""A family of levels emulated, and judged where it was not seen, beside what else gives them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.optim.settings import OptimizerSettings
from physml.pmm import baselines
from physml.pmm.emulate import emulate
from physml.pmm.emulator import Emulator
from physml.pmm.hermitian import Hermitian
from physml.pmm.level_family import LevelFamily
from physml.pmm.selection import selections
from physml.train import Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

_LEVEL = 0.9

_PROPER = {"chebyshev": "Chebyshev", "gaussian_process": "Gaussian process"}


def _shown(other: str) -> str:
    return _PROPER.get(other, other.replace("_", " "))


@dataclass(frozen=True, kw_only=True)
class EmulationRecipe:
    """How levels are emulated.

    Attributes:
        blocks: rows of the matrix, one number a symmetry.
        starts: random first matrices.
        steps: at most, of each start.
        optimizer: the optimizer.
    """

    blocks: tuple[int, ...]
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
        Hermitian(sum(self.blocks), blocks=self.blocks)


def check(subject: LevelFamily, recipe: EmulationRecipe) -> None:
    """Refuse blocks that do not fit the symmetries, before a run is made.

    Raises:
        ConfigurationError: another number of blocks than symmetries, a block smaller than its
            levels, a system too large, or too small, to diagonalise.
    """
    if len(recipe.blocks) != len(subject.sectors):
        raise ConfigurationError(
            f"blocks: expected {len(subject.sectors)} sizes, one a symmetry "
            f"({', '.join(s.name or 'none' for s in subject.sectors)}), got {recipe.blocks}"
        )
    selections(subject.keep, recipe.blocks)
    recipe.optimizer.check(recipe.steps)


def emulation(
    name: str,
    subject: LevelFamily,
    recipe: EmulationRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Emulate a family, and tell errors at values not trained on.

    Args:
        name: of the entry.
        subject: the family.
        recipe: of the emulator.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
    """
    seen, asked = subject.seen, subject.asked
    levels, exact = subject.levels(seen), subject.levels(asked)
    began, worked = time.perf_counter(), time.process_time()
    emulator = emulate(
        Hermitian(sum(recipe.blocks), blocks=recipe.blocks),
        seen,
        levels,
        keep=subject.keep,
        starts=recipe.starts,
        steps=recipe.steps,
        optimizer=recipe.optimizer.build(),
        key=key,
        run=run,
        callbacks=callbacks,
    )
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    told = emulator(asked)
    low, high = emulator.interval(asked, _LEVEL)
    others = {
        "chebyshev": baselines.chebyshev(seen, levels, asked),
        "gaussian_process": baselines.gaussian_process(seen, levels, asked),
        "network": baselines.network(
            seen,
            levels,
            asked,
            parameters=emulator.parameters,
            starts=recipe.starts,
            steps=recipe.steps,
            key=key_for(key, "pretrain"),
        ),
        "eigenvector_continuation": baselines.eigenvector_continuation(
            subject.sectors, recipe.blocks, seen, asked
        ),
    }
    inside = (low <= exact) & (exact <= high)
    found: dict[str, Any] = {
        **_errors("", told, exact),
        "parameters": emulator.parameters,
        "seconds": seconds,
        "processor_seconds": worked,
        "compile_seconds": emulator.found["compile_seconds"],
        "reference": f"exact diagonalisation, {subject.dimension} rows",
        "inside_90": float(inside.mean()),
        "inside_90_everywhere": float(inside.all(axis=1).mean()),
        "loss": emulator.found["loss"],
        "train": len(seen),
        "test": len(asked),
        "good_starts": emulator.found["good_starts"],
        "trivial_mean_error": float(np.abs(levels.mean(axis=0) - exact).mean()),
    }
    for other, curve in others.items():
        found |= _errors(f"{other}_", curve.levels, exact)
        if curve.parameters:
            found[f"{other}_parameters"] = curve.parameters
    arrays = {"x": asked, "levels": told, "exact": exact, "low": low, "high": high}
    for matrix, blocks in emulator.matrices().items():
        arrays |= {f"{matrix}/{number}": block for number, block in enumerate(blocks)}
    return Study(name, found, _words(found, emulator, others), arrays, _panels(arrays, others))


def _errors(prefix: str, told: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    off = np.abs(told - exact)
    found = {f"{prefix}mean_error": float(off.mean()), f"{prefix}max_error": float(off.max())}
    if np.all(exact != 0):
        found[f"{prefix}max_relative_error"] = float((off / np.abs(exact)).max())
    return found


def _words(
    found: dict[str, Any], emulator: Emulator, others: dict[str, baselines.Curve]
) -> dict[str, str]:
    said = {
        "error": f"{found['mean_error']:.2e} mean, {found['max_error']:.2e} at most, at "
        f"{found['test']} values not trained on",
        "90% bar": f"holds {100 * found['inside_90']:.0f}% of the levels",
        "parameters": f"{found['parameters']}, blocks {emulator.model.blocks}",
    }
    for other in others:
        said[_shown(other)] = (
            f"{found[f'{other}_mean_error']:.2e} mean, {found[f'{other}_max_error']:.2e} at most"
        )
    said["mean of the levels"] = f"{found['trivial_mean_error']:.2e} mean"
    said["emulator"] = f"{found['seconds']:.1f} s, compiling included"
    return said


def _panels(arrays: dict[str, np.ndarray], others: dict[str, baselines.Curve]) -> list[Panel]:
    x, told, exact = arrays["x"], arrays["levels"], arrays["exact"]
    curves = {f"level {n + 1}": (x, told[:, n]) for n in range(told.shape[1])}
    least = np.finfo(float).eps * np.abs(exact).max()

    def off(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x, np.maximum(np.abs(levels - exact).max(axis=1), least)

    errors = {"matrix model": off(told)}
    errors["its 90% bar"] = (x, 0.5 * (arrays["high"] - arrays["low"]).max(axis=1))
    errors |= {_shown(other): off(curve.levels) for other, curve in others.items()}
    return [
        Panel("coupling", "levels, emulated", curves),
        Panel("coupling", "largest error of a level", errors, "y"),
    ]
