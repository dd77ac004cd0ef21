"""A linear differential equation as data of a Gaussian process, and whether its bars hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.calculus import partial
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.bayes import GaussianProcess, Kernel, Observed, most_likely_process, rbf
from physml.learn.bayes.covariance import covariances
from physml.learn.catalogue.double_precision import check_double
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study
from physml.train.tell import tell

_START = {"length": 1.0, "deviation": 1.0}
_LEVELS = {"half": 0.5, "ninety": 0.9}


def airy(u: Any, x: Array) -> Array:
    """``u″ − x u``."""
    return partial(u, 0, 0)(x) - x[0] * u(x)


def kernel(h: Any) -> Kernel:
    """``rbf`` of a length and a deviation."""
    return rbf(h["length"], deviation=h["deviation"])


@dataclass(frozen=True)
class Airy:
    """A particle on a slope, ``u″ = x u``, with the values of Ai at both ends.

    Attributes:
        first: where it begins.
        last: where it ends.
    """

    first: float = -8.0
    last: float = 2.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        if not (np.isfinite([self.first, self.last]).all() and self.first < self.last):
            raise ConfigurationError(
                f"last: expected finite ends, first < last, got {self.first} and {self.last}"
            )

    def places(self, count: int) -> np.ndarray:
        """Chebyshev's nodes, ``(n, 1)``."""
        middle, half = (self.first + self.last) / 2, (self.last - self.first) / 2
        return (middle - half * np.cos(np.pi * (np.arange(count) + 0.5) / count))[:, None]

    def ends(self) -> np.ndarray:
        """Both, ``(2, 1)``."""
        return np.array([[self.first], [self.last]])

    @staticmethod
    def exact(x: np.ndarray) -> np.ndarray:
        """Ai at ``(n, 1)``, ``(n,)``."""
        from scipy.special import airy as functions  # here, since scipy takes long to load

        return functions(x[:, 0])[0]


@dataclass(frozen=True, kw_only=True)
class OdeRecipe:
    """How it is solved, and by how many problems the bars are judged.

    Attributes:
        points: at which the equation is data.
        test: points to judge on.
        starts: of the search for the hyperparameters.
        problems: drawn from the kernel, with right-hand sides and ends of their own.
        problem_points: at which the equation of those is data: few, so that bars are above
            the rounding.
    """

    points: int = 32
    test: int = 401
    starts: int = 3
    problems: int = 200
    problem_points: int = 20

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        least = {"points": 2, "test": 2, "starts": 1, "problems": 2, "problem_points": 2}
        for name, smallest in least.items():
            as_whole(name, getattr(self, name), least=smallest)


def solve(
    subject: Airy,
    recipe: OdeRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Solve the equation, and judge the bars by problems whose solutions are drawn."""
    check(subject, recipe)
    began = time.perf_counter()
    x = np.linspace(subject.first, subject.last, recipe.test)[:, None]
    exact, ends = subject.exact(x), subject.ends()
    data = [
        Observed(subject.places(recipe.points), np.zeros(recipe.points), airy),
        Observed(ends, subject.exact(ends)),
    ]
    u = most_likely_process(kernel, data, _START, key=key_for(key, "params"), starts=recipe.starts)
    seconds = time.perf_counter() - began
    mean, deviation = u(x), u.standard_deviation(x)
    error = np.abs(mean - exact)
    line = np.interp(x[:, 0], ends[:, 0], subject.exact(ends))
    found = {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "max_error": float(error.max()),
        "largest_deviation": float(deviation.max()),
        "trivial_max_error": float(np.abs(line - exact).max()),
        "loss": -u.log_evidence,
        "train": recipe.points + 2,
        "test": recipe.test,
        "parameters": len(_START),
        "jitter": u.jitter,
        "hyperparameters": u.numbers()["hyperparameters"],
        "problems": recipe.problems,
        "solution_seconds": seconds,
    }
    held, medians = _coverage(subject, recipe, key_for(key, "data"), callbacks)
    found |= held | medians
    found["seconds"] = time.perf_counter() - began
    found["compile_seconds"] = 0.0
    return Study(
        "gp-ode",
        found,
        _words(found),
        {"mean": mean, "deviation": deviation},
        [
            Panel("x", "u", {"exact": (x[:, 0], exact), "mean": (x[:, 0], mean)}),
            Panel(
                "x",
                "size",
                {"error": (x[:, 0], error + 1e-300), "deviation": (x[:, 0], deviation)},
                "y",
            ),
            Panel(
                "level of the bar",
                "part of the truth inside",
                {"as it says": ([0, 1], [0, 1])}
                | {
                    f"kernel {which}": (
                        list(_LEVELS.values()),
                        [held[f"{which}_{n}"] for n in _LEVELS],
                    )
                    for which in ("known", "found")
                },
            ),
        ],
    )


def _coverage(
    subject: Airy, recipe: OdeRecipe, key: Array, callbacks: Sequence[Callback]
) -> tuple[dict[str, float], dict[str, float]]:
    """How much of drawn solutions is inside, with the kernel known and with it found."""
    n, ends = recipe.problem_points, subject.ends()
    places, x = subject.places(n), np.linspace(subject.first, subject.last, 101)[:, None]
    draws = _drawn(recipe.problems, (places, ends, x), key)
    inside: dict[str, list] = {"known": [], "found": []}
    sizes = []
    began = time.perf_counter()
    for done, drawn in enumerate(draws, 1):
        right, edge, truth = np.split(drawn, [n, n + 2])
        data = (Observed(places, right, airy), Observed(ends, edge))
        made = {
            "known": GaussianProcess(kernel, data, _START, None),
            "found": most_likely_process(kernel, data, _START, key=key, starts=1),
        }
        for which, u in made.items():
            z = np.abs(u(x) - truth) / u.standard_deviation(x)
            inside[which].append([np.mean(z < _quantile(level)) for level in _LEVELS.values()])
        sizes.append(np.abs(made["found"](x) - truth).max())
        tell(
            callbacks,
            "problems",
            done,
            len(draws),
            loss=-made["found"].log_evidence,
            seconds=time.perf_counter() - began,
            params=made["found"].hyperparameters,
        )
    found = {}
    for which, parts in inside.items():
        error = np.std(parts, axis=0, ddof=1) / len(parts) ** 0.5
        for i, name in enumerate(_LEVELS):
            found[f"{which}_{name}"] = float(np.mean(parts, axis=0)[i])
            found[f"{which}_{name}_error"] = float(error[i])
    return found, {"problem_max_error": float(np.median(sizes))}


def _drawn(count: int, points: tuple[np.ndarray, ...], key: Array) -> np.ndarray:
    """Right-hand sides, ends and solutions of ``_START``'s kernel, together, ``(count, ...)``."""
    rows = (airy, None, None)
    some = tuple(map(jnp.asarray, points))
    values, vectors = np.linalg.eigh(
        np.asarray(covariances(kernel, rows, rows, _START, some, some))
    )
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return generator(key).normal(size=(count, len(values))) @ root.T


def _quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + 0.5 * level))


def _words(found: dict[str, Any]) -> dict[str, str]:
    def part(which: str) -> str:
        return ", ".join(
            f"{level:.0%}: {found[f'{which}_{name}']:.1%} ± {found[f'{which}_{name}_error']:.1%}"
            for name, level in _LEVELS.items()
        )

    return {
        "error": f"{found['max_error']:.2g} at most, by {found['train']} data; a straight line "
        f"{found['trivial_max_error']:.2g}",
        "bar": f"{found['largest_deviation']:.2g} at most (one deviation)",
        "inside, kernel known": f"{part('known')}, of {found['problems']} drawn problems",
        "inside, kernel found": part("found"),
    }


def check(subject: Airy, recipe: OdeRecipe) -> None:
    """Refuse single precision.

    Raises:
        ConfigurationError: covariances would be singular.
    """
    check_double("gp-ode")


ENTRY = Entry(
    "gp-ode",
    "u″ = x u, as data of a Gaussian process",
    "exact: Airy's function",
    Airy(),
    {"default": OdeRecipe(), "quick": OdeRecipe(problems=20)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
