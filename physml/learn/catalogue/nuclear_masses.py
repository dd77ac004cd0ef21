"""Masses of nuclei: the semi-empirical formula, and a Gaussian process on what it leaves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.datasets.nuclear_masses import nuclear_masses
from physml.errors import ConfigurationError
from physml.learn.bayes import GaussianProcess, Kernel, Observed, matern, most_likely_process, rbf
from physml.learn.catalogue.double_precision import check_double
from physml.learn.linear import ordinary_least_squares
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

_LEVEL = 0.9
_START = {"rough": 2.0, "rough_length": 6.0, "smooth": 2.0, "smooth_length": 15.0, "noise": 0.3}


class Judged(NamedTuple):
    """What is told of nuclei that were not learned from, in MeV.

    Attributes:
        formula: the root mean square error of the formula alone.
        rmse: with the process.
        coverage: the part of nuclei inside the 90% bar.
        error: of each nucleus.
        parameters: of formula and kernel.
        loss: minus the log evidence a nucleus, of those the kernel was found with.
    """

    formula: float
    rmse: float
    coverage: float
    error: np.ndarray
    parameters: int
    loss: float


@dataclass(frozen=True)
class NuclearMasses:
    """Binding energies of nuclei.

    Attributes:
        lightest: the smallest mass number.
        uncertainty: the largest that is kept, in MeV.
        since: the first year of discovery of the newest nuclei.
    """

    lightest: int = 16
    uncertainty: float = 0.1
    since: int = 2000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("lightest", self.lightest, least=4)
        as_whole("since", self.since, least=1900)
        if not 0 < self.uncertainty < np.inf:
            raise ConfigurationError(f"uncertainty: expected MeV > 0, got {self.uncertainty}")

    def data(self) -> Dataset:
        """All nuclei.

        Raises:
            MissingDependencyError: without mendeleev.
            ConfigurationError: none, or none on one side of ``since``.
        """
        data = nuclear_masses(lightest=self.lightest, uncertainty=self.uncertainty)
        new = self.newest(data)
        if new.all() or not new.any():
            raise ConfigurationError(
                f"since: expected nuclei before and after it, got {self.since} of discoveries from "
                f"{data.inputs[:, 2].min():.0f} to {data.inputs[:, 2].max():.0f}"
            )
        return data

    def newest(self, data: Dataset) -> np.ndarray:
        """Which of the nuclei were discovered since, ``(n,)``."""
        return np.asarray(data.inputs[:, 2] >= self.since)


@dataclass(frozen=True, kw_only=True)
class MassRecipe:
    """How they are learned.

    Attributes:
        test: the part that is held out at random.
        some: nuclei that the hyperparameters are found with; means and bars are of all.
        starts: of the search for the hyperparameters.
    """

    test: float = 0.1
    some: int = 500
    starts: int = 1

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("some", self.some, least=20)
        as_whole("starts", self.starts, least=1)
        if not 0 < self.test < 1:
            raise ConfigurationError(f"test: expected a part in (0, 1), got {self.test}")


def semi_empirical(nuclei: np.ndarray) -> np.ndarray:
    """The terms of Weizsäcker's formula, ``(n, 6)``, of protons and neutrons ``(n, 2)``.

    ``A, A^⅔, Z(Z − 1)/A^⅓, (N − Z)²/A, (N − Z)²/A^(4/3)`` and ``±1/√A`` of even and of odd pairs.

    Source: von Weizsäcker (1935), doi:10.1007/BF01337700; the surface's asymmetry: Myers and
    Swiatecki (1966), doi:10.1016/0029-5582(66)90639-0.
    """
    Z, N = np.asarray(nuclei, float).T
    A = Z + N
    pairing = ((Z % 2 == 0).astype(float) + (N % 2 == 0) - 1) / np.sqrt(A)
    asymmetry = (N - Z) ** 2
    return np.stack(
        [A, A ** (2 / 3), Z * (Z - 1) / A ** (1 / 3), asymmetry / A, asymmetry / A ** (4 / 3)]
        + [pairing],
        axis=1,
    )


def kernel(h: Any) -> Kernel:
    """Shells, which bend at a magic number, and what changes slowly, over (Z, N)."""
    rough = matern(1.5, h["rough_length"], deviation=h["rough"])
    smooth = rbf(h["smooth_length"], deviation=h["smooth"])
    return lambda x, y: rough(x, y) + smooth(x, y)


def solve(
    subject: NuclearMasses,
    recipe: MassRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Learn all but a random part, then all that were known before, and judge on the others."""
    check(subject, recipe)
    began = time.perf_counter()
    data = subject.data()
    order = generator(key_for(key, "data")).permutation(len(data))
    held = np.zeros(len(data), bool)
    held[order[: max(round(recipe.test * len(data)), 1)]] = True
    new = subject.newest(data)
    random = judged(data, held, recipe, key)
    newest = judged(data, new, recipe, key)
    found = {
        "rmse": random.rmse,
        "formula_rmse": random.formula,
        "coverage": random.coverage,
        "newest_rmse": newest.rmse,
        "newest_formula_rmse": newest.formula,
        "newest_coverage": newest.coverage,
        "newest": int(new.sum()),
        "trivial_rmse": _by_one_number(data, held),
        "loss": random.loss,
        "train": int((~held).sum()),
        "test": int(held.sum()),
        "parameters": random.parameters,
        "seconds": time.perf_counter() - began,
        "compile_seconds": 0.0,
    }
    panels = [
        Panel(
            "neutrons",
            f"error of B (MeV), {name}",
            {"formula and process": (data.inputs[rows, 1], part.error)},
            points=("formula and process",),
        )
        for name, rows, part in (("held out", held, random), ("newest", new, newest))
    ]
    return Study("nuclear-masses", found, _words(found, subject), {"held_out": held}, panels)


def judged(data: Dataset, held_out: np.ndarray, recipe: MassRecipe, key: Array) -> Judged:
    """Learn from some nuclei, judge on the others.

    Args:
        data: all of them.
        held_out: ``(n,)``, True where a nucleus is not learned from.
        recipe: how.
        key: a random key, of the nuclei that the hyperparameters are found with.
    """
    nuclei, (binding, known) = data.inputs[:, :2], data.targets.T
    learned = np.flatnonzero(~held_out)
    terms = semi_empirical(nuclei)
    formula = ordinary_least_squares(terms[learned], binding[learned], intercept=False)
    left = binding - formula.predict(terms)
    some = generator(key_for(key, "params")).permutation(learned)[: recipe.some]
    best = most_likely_process(
        kernel,
        Observed(nuclei[some], left[some], noise="noise"),
        _START,
        key=key_for(key, "params"),
        starts=recipe.starts,
    )
    scatter = float(best.hyperparameters["noise"])
    observed = Observed(nuclei[learned], left[learned], noise=np.hypot(scatter, known[learned]))
    process = GaussianProcess(kernel, (observed,), best.hyperparameters, None)
    error = (left - process(nuclei))[held_out]
    bars = process.interval(nuclei[held_out], _LEVEL, noise=scatter)
    # The tables' own uncertainty is part of what a nucleus is told with.
    half = np.hypot(bars.high - bars.low, 2 * _quantile() * known[held_out]) / 2
    return Judged(
        float(np.sqrt(np.mean(left[held_out] ** 2))),
        float(np.sqrt(np.mean(error**2))),
        float(np.mean(np.abs(error) < half)),
        error,
        terms.shape[1] + len(_START),
        -best.log_evidence / len(some),
    )


def _by_one_number(data: Dataset, held_out: np.ndarray) -> float:
    """The root mean square error where all nuclei are bound alike, per nucleon."""
    nucleons = data.inputs[:, :2].sum(axis=1)
    each = np.mean((data.targets[:, 0] / nucleons)[~held_out])
    return float(np.sqrt(np.mean((data.targets[:, 0] - each * nucleons)[held_out] ** 2)))


def _quantile() -> float:
    return float(jax.scipy.special.ndtri(0.5 + 0.5 * _LEVEL))


def _words(found: dict[str, Any], subject: NuclearMasses) -> dict[str, str]:
    def told(prefix: str, count: int) -> str:
        return (
            f"{found[f'{prefix}rmse']:.3f} MeV (root mean square), the formula alone "
            f"{found[f'{prefix}formula_rmse']:.2f}; {found[f'{prefix}coverage']:.1%} of {count} "
            f"inside the {_LEVEL:.0%} bar"
        )

    return {
        "held out at random": told("", found["test"]),
        f"discovered since {subject.since}": told("newest_", found["newest"]),
    }


def check(subject: NuclearMasses, recipe: MassRecipe) -> None:
    """Refuse single precision, and ask for the data before a run is made.

    Raises:
        ConfigurationError: binding energies to 0.1 MeV of 2,000, and covariances, need double; see
            ``NuclearMasses.data``.
        MissingDependencyError: without mendeleev.
    """
    check_double("nuclear-masses")
    subject.data()


ENTRY = Entry(
    "nuclear-masses",
    "B = a₁A + a₂A^⅔ + … + u(Z, N), u a Gaussian process",
    "measured: the atomic mass evaluation 2020",
    NuclearMasses(),
    {"default": MassRecipe(), "quick": MassRecipe(some=150)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
