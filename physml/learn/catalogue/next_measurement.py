"""Franke's function measured where the posterior knows least, beside places drawn at random."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.datasets.generator import generator
from physml.errors import ConvergenceError
from physml.learn.bayes import (
    GaussianProcess,
    Kernel,
    Observed,
    most_likely_process,
    next_measurement,
    rbf,
)
from physml.learn.catalogue.double_precision import check_double
from physml.learn.catalogue.franke import Franke
from physml.ranges import check_positive
from physml.train import Entry, Run, key_for, key_of
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study
from physml.train.tell import tell

_START = {"length": np.ones(2), "deviation": np.array(1.0)}


@dataclass(frozen=True)
class Measured:
    """Franke's function in ``[−1, 1]²``, a value at a time.

    Attributes:
        first: places drawn at random, which both ways begin with.
        last: measurements in all.
        noise: of a value.
    """

    first: int = 8
    last: int = 40
    noise: float = 0.01

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("first", self.first, least=2)
        as_whole("last", self.last, least=self.first + 1)
        check_positive("noise", self.noise)


@dataclass(frozen=True, kw_only=True)
class MeasuredRecipe:
    """How it is measured.

    Attributes:
        candidates: places of which the next one is chosen, drawn anew each time.
        repeats: with first places and noise of their own.
        found_every: measurements after which the kernel is found anew.
        test: points a side of the grid to judge on.
    """

    candidates: int = 256
    repeats: int = 5
    found_every: int = 8
    test: int = 25

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("candidates", "repeats", "test"):
            as_whole(name, getattr(self, name), least=2)
        as_whole("found_every", self.found_every, least=1)


def kernel(h: Any) -> Kernel:
    """``rbf`` of a length a dimension, and a deviation."""
    return rbf(h["length"], deviation=h["deviation"])


def solve(
    subject: Measured,
    recipe: MeasuredRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Measure in both ways, several times, and tell the error after each measurement."""
    check(subject, recipe)
    began = time.perf_counter()
    side = np.linspace(-1, 1, recipe.test)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    counts = np.arange(subject.first, subject.last + 1)
    errors = _measured(subject, recipe, grid, key, callbacks)
    middle = {way: np.exp(np.log(rows).mean(axis=0)) for way, rows in errors.items()}
    last = {way: rows[:, -1] for way, rows in errors.items()}
    same = int(np.argmax(middle["chosen"] <= middle["random"][-1]))
    found: dict[str, Any] = {
        "rmse": float(middle["chosen"][-1]),
        "random_rmse": float(middle["random"][-1]),
        "better_in": int(np.sum(last["chosen"] < last["random"])),
        "repeats": recipe.repeats,
        "as_good_after": int(counts[same])
        if middle["chosen"][same] <= middle["random"][-1]
        else None,
        "trivial_rmse": float(Franke.exact(grid).std()),
        "loss": float(np.mean(last["chosen"] ** 2)),
        "train": subject.last,
        "test": len(grid),
        "parameters": 3,
        "seconds": time.perf_counter() - began,
        "compile_seconds": 0.0,
    }
    said = {
        "error": f"{found['rmse']:.3g} after {subject.last} measurements (root mean square, "
        f"geometric mean of {recipe.repeats} repeats), {found['random_rmse']:.3g} by random places",
        "better": f"in {found['better_in']} of {recipe.repeats}; as good as {subject.last} random "
        f"ones after {found['as_good_after']}",
        "the mean alone": f"{found['trivial_rmse']:.3g}",
    }
    curves = {
        "where the bar is largest": (counts, middle["chosen"]),
        "at random": (counts, middle["random"]),
    }
    return Study(
        "next-measurement",
        found,
        said,
        {f"errors_{way}": rows for way, rows in errors.items()},
        [Panel("measurements", "RMSE", curves, "y")],
    )


def _measured(
    subject: Measured,
    recipe: MeasuredRecipe,
    grid: np.ndarray,
    key: Array,
    callbacks: Sequence[Callback],
) -> dict[str, np.ndarray]:
    """Errors ``(repeats, measurements)`` of both ways; each repeat is told."""
    began, steps = time.perf_counter(), 2 * recipe.repeats
    rows: dict[str, list[list[float]]] = {"chosen": [], "random": []}
    for done in range(steps):
        way = "chosen" if done < recipe.repeats else "random"
        own = key_of(key, done % recipe.repeats)
        rows[way].append(_errors(subject, recipe, grid, way == "chosen", own))
        tell(
            callbacks,
            "repeats",
            done + 1,
            steps,
            loss=rows[way][-1][-1] ** 2,
            seconds=time.perf_counter() - began,
        )
    return {way: np.array(errors) for way, errors in rows.items()}


def _errors(
    subject: Measured, recipe: MeasuredRecipe, grid: np.ndarray, choose: bool, key: Array
) -> list[float]:
    """The error after each measurement; both ways share first places, candidates and noise."""
    random = generator(key_for(key, "data"))
    places = random.uniform(-1, 1, (subject.first, 2))
    noise = subject.noise * random.normal(size=subject.last)
    truth, errors, numbers = Franke.exact(grid), [], dict(_START)
    while True:
        data = (Observed(places, Franke.exact(places) + noise[: len(places)], noise=subject.noise),)
        if (len(places) - subject.first) % recipe.found_every == 0:
            numbers = _found(data, numbers, key_for(key, "params"))
        process = GaussianProcess(kernel, data, numbers, None)
        errors.append(float(np.sqrt(np.mean((process(grid) - truth) ** 2))))
        if len(places) == subject.last:
            return errors
        candidates = random.uniform(-1, 1, (recipe.candidates, 2))
        place = next_measurement(process, candidates) if choose else candidates[0]
        places = np.concatenate([places, place[None]])


def _found(data: tuple[Observed, ...], numbers: dict[str, Any], key: Array) -> dict[str, Any]:
    """The most likely hyperparameters; those of before where few measurements do not tell them."""
    try:
        return dict(most_likely_process(kernel, data, numbers, key=key).hyperparameters)
    except ConvergenceError:
        return numbers


def check(subject: Measured, recipe: MeasuredRecipe) -> None:
    """Refuse single precision.

    Raises:
        ConfigurationError: covariances would be singular.
    """
    check_double("next-measurement")


ENTRY = Entry(
    "next-measurement",
    "Franke's function, measured where its bar is largest",
    "exact",
    Measured(),
    {"default": MeasuredRecipe(), "quick": MeasuredRecipe(repeats=2)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
