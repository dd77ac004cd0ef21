"""Energies from a quantum computer's time steps, extrapolated to steps of no length."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.optim.settings import OptimizerSettings
from physml.pmm import baselines
from physml.pmm.starts import by_recipe, first_params, from_starts
from physml.pmm.unitary import Unitary, check_unwrapped
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.named_params import named
from physml.train.study import Panel, Study


@dataclass(frozen=True)
class Trotter:
    """``H = −Σ σᶻσᶻ − h_z Σ σᶻ − h Σ σˣ`` of a ring, stepped as ``e^{−iA dt} e^{−iB dt}``.

    A is what is diagonal in σᶻ, B the rest. The phases of a step give energies ``E(dt)`` that are
    seen at some dt, and asked for below them, down to ``dt = 0``, where they are those of ``H``.

    Attributes:
        spins: of the ring.
        field: h.
        along: h_z; without it the lowest two meet below ``h = 1``.
        kept: how many energies, from the lowest.
        shortest: the shortest step that is seen.
        longest: the longest.
        points: how many are seen, at equal distances.
        test_points: how many are asked for, from 0 to the shortest.
    """

    spins: int = 6
    field: float = 1.0
    along: float = 0.5
    kept: int = 2
    shortest: float = 0.1
    longest: float = 0.25
    points: int = 8
    test_points: int = 16

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("spins", self.spins, least=3, most=10)
        as_whole("kept", self.kept, least=1, most=2**self.spins)
        as_whole("points", self.points, least=4)
        as_whole("test_points", self.test_points, least=2)
        if not (np.isfinite([self.field, self.along]).all() and self.field != 0):
            raise ConfigurationError(
                f"field: expected finite fields, h not 0, got {self.field}, {self.along}"
            )
        if not 0 < self.shortest < self.longest < np.inf:
            raise ConfigurationError(
                f"shortest: expected 0 < shortest < longest, got {self.shortest}, {self.longest}"
            )
        ends = np.linalg.eigvalsh(self.terms.sum(axis=0))[[0, -1]]
        check_unwrapped(ends[None], np.array([self.longest]))

    @cached_property
    def terms(self) -> np.ndarray:
        """``A`` and ``B``, ``(2, 2ⁿ, 2ⁿ)``."""
        n = self.spins
        states = np.arange(2**n)
        spin = 2.0 * ((states[:, None] >> np.arange(n)) & 1) - 1
        diagonal = -np.sum(spin * np.roll(spin, 1, axis=1), axis=1) - self.along * spin.sum(axis=1)
        flips = np.zeros((2**n, 2**n))
        for site in range(n):
            flips[states, states ^ (1 << site)] = -self.field
        return np.stack([np.diag(diagonal), flips])

    @property
    def seen(self) -> np.ndarray:
        """Steps that are seen, ``(points,)``."""
        return np.linspace(self.shortest, self.longest, self.points)

    @property
    def asked(self) -> np.ndarray:
        """Steps that are asked for, from 0 on, ``(test_points,)``."""
        return np.linspace(0, self.shortest, self.test_points, endpoint=False)

    def levels(self, steps: np.ndarray) -> np.ndarray:
        """The lowest energies at some steps, ``(n, kept)``, by diagonalisation."""
        first, second = self.terms
        values, vectors = np.linalg.eigh(second)
        found = []
        for dt in steps:
            if dt == 0:
                found.append(np.linalg.eigvalsh(first + second)[: self.kept])
                continue
            turned = (vectors * np.exp(-1j * values * dt)) @ vectors.T
            step = np.exp(-1j * np.diagonal(first) * dt)[:, None] * turned
            one = np.eye(len(step))
            tangent = -1j * np.linalg.solve(one + step, one - step)
            phases = 2 * np.arctan(np.linalg.eigvalsh(0.5 * (tangent + tangent.conj().T)))
            found.append(phases[: self.kept] / dt)
        return np.array(found)


@dataclass(frozen=True, kw_only=True)
class StepRecipe:
    """How energies are extrapolated.

    Attributes:
        rows: of the small matrices.
        starts: random first matrices, of which that with the least training error is taken.
        steps: at most, of each start.
        optimizer: the optimizer.
    """

    rows: int = 4
    starts: int = 4
    steps: int = 200
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton", accuracy="svd")
    )

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        for name in ("rows", "starts", "steps"):
            as_whole(name, getattr(self, name), least=1)


def check(subject: Trotter, recipe: StepRecipe) -> None:
    """Refuse what cannot be together, before a run is made.

    Raises:
        ConfigurationError: fewer rows than energies.
    """
    if recipe.rows < subject.kept:
        raise ConfigurationError(
            f"rows: expected at least {subject.kept}, as many as energies, got {recipe.rows}"
        )
    recipe.optimizer.check(recipe.steps)


def richardson(seen: np.ndarray, levels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Polynomials in ``dt²``, as energies are even, of the degree with the least error left out."""
    return baselines.chebyshev(seen**2, levels, asked**2).levels


def solve(
    subject: Trotter,
    recipe: StepRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Extrapolate the energies; tell errors at steps shorter than any seen, and at none."""
    seen, asked = subject.seen, subject.asked
    levels, exact = subject.levels(seen), subject.levels(asked)
    began, worked = time.perf_counter(), time.process_time()
    mean, deviation = levels.mean(), levels.std()
    model = Unitary(recipe.rows)

    def row(params: Any, sample: Any) -> Array:
        dt, values = sample
        return model.levels(params, dt, subject.kept) - values

    # Energies less their mean, in units of their deviation, take steps in units of its inverse.
    batch = (jnp.asarray(seen * deviation), jnp.asarray((levels - mean) / deviation))
    first = first_params(model, key_for(key, "params"), recipe.starts, batch[0][0])
    how = by_recipe(recipe.optimizer, recipe.steps, key=key, run=run, callbacks=callbacks)
    (starts,) = from_starts(row, [batch], first, term="energies", how=how)
    params = starts.params
    lowest = jax.jit(jax.vmap(lambda p, dt: model.levels(p, dt, subject.kept), (None, 0)))
    told = mean + deviation * np.asarray(lowest(params, jnp.asarray(asked * deviation)), float)
    others = {
        "richardson": richardson(seen, levels, asked),
        "gaussian_process": baselines.gaussian_process(seen, levels, asked).levels,
    }
    found: dict[str, Any] = {
        **_errors("", told, exact),
        "energies": told[0].tolist(),
        "exact": exact[0].tolist(),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(params)),
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - worked,
        "compile_seconds": starts.fits[0].compile_seconds,
        "reference": f"exact diagonalisation, {2**subject.spins} rows",
        "loss": float(starts.losses.min()),
        "train": len(seen),
        "test": len(asked),
        "shortest_step_error": float(np.abs(levels[0] - exact[0]).max()),
    }
    for other, curve in others.items():
        found |= _errors(f"{other}_", curve, exact)
    arrays = {"dt": asked, "levels": told, "exact": exact, "seen": seen, "seen_levels": levels}
    panels = _panels(subject, told, exact, levels, others)
    return Study("trotter", found, _words(found), arrays | named(params), panels)


def _errors(prefix: str, told: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    off = np.abs(told - exact)
    return {
        f"{prefix}mean_error": float(off.mean()),
        f"{prefix}max_error": float(off.max()),
        f"{prefix}error_at_0": float(off[0].max()),
    }


def _words(found: dict[str, Any]) -> dict[str, str]:
    said = {}
    names = (
        ("", "matrices"),
        ("richardson_", "polynomial in dt²"),
        ("gaussian_process_", "Gaussian process"),
    )
    for prefix, name in names:
        said[name] = (
            f"{found[f'{prefix}error_at_0']:.2e} at dt = 0, {found[f'{prefix}mean_error']:.2e} mean"
        )
    said["shortest step seen"] = f"{found['shortest_step_error']:.2e} from dt = 0"
    said["parameters"] = f"{found['parameters']}"
    said["found in"] = f"{found['seconds']:.1f} s, compiling included"
    return said


def _panels(
    subject: Trotter,
    told: np.ndarray,
    exact: np.ndarray,
    levels: np.ndarray,
    others: dict[str, np.ndarray],
) -> list[Panel]:
    seen, asked = subject.seen, subject.asked
    curves = {}
    for n in range(subject.kept):
        curves[f"E{n}, seen"] = (seen, levels[:, n] - exact[0, n])
        curves[f"E{n}, told"] = (asked, told[:, n] - exact[0, n])
    least = np.finfo(float).eps * np.abs(exact).max()
    proper = {"richardson": "polynomial in dt²", "gaussian_process": "Gaussian process"}
    errors = {"matrices": told} | {proper[name]: curve for name, curve in others.items()}
    off = {
        name: (asked, np.maximum(np.abs(curve - exact).max(axis=1), least))
        for name, curve in errors.items()
    }
    return [
        Panel("dt", "E(dt) − E(0)", curves),
        Panel("dt", "largest error of an energy", off, "y"),
    ]


ENTRY = Entry(
    "trotter",
    "e^{−iA dt} e^{−iB dt} of a ring of spins, dt → 0",
    "exact diagonalisation",
    Trotter(),
    {"default": StepRecipe(), "quick": StepRecipe(rows=3, starts=1, steps=80)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
