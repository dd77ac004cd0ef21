"""Langevin walkers in a double well, beside the Fokker–Planck equation, in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.fokker_planck import FokkerPlanck
from physml.generative.denoising.gradient_flow import GradientFlow, check_start, gradient_flow
from physml.memory import Need, check_memory
from physml.ranges import check_positive
from physml.train import Entry, Run
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

_FACTORS = (1, 2, 4)
_MOVES = 1e11


@dataclass(frozen=True)
class DoubleWell:
    """``V = (x² − 1)²``, whose wells at ±1 are parted by a barrier of 1.

    Attributes:
        beta: the inverse temperature.
        start: mean of the Gaussian at time 0.
        spread: its deviation.
    """

    beta: float = 3.0
    start: float = -1.0
    spread: float = 0.2

    def __post_init__(self) -> None:
        """Check all where they are written."""
        if not 0.2 <= self.beta <= 10:
            raise ConfigurationError(f"beta: expected from 0.2 to 10, got {self.beta}")
        if not -2 <= self.start <= 2:
            raise ConfigurationError(f"start: expected from −2 to 2, got {self.start}")
        if not 0.02 <= self.spread <= 0.5:
            raise ConfigurationError(f"spread: expected from 0.02 to 0.5, got {self.spread}")

    def equation(self) -> FokkerPlanck:
        """The exact side: the density is nothing at the ends, ``βV > 20``."""
        end = float(np.sqrt(1 + np.sqrt(40 / self.beta))) + 0.5
        return FokkerPlanck(potential, self.beta, -end, end, 801)


def potential(x: Any) -> Any:
    """``(x² − 1)²``."""
    return (x**2 - 1) ** 2


@dataclass(frozen=True, kw_only=True)
class WalkRecipe:
    """How walkers walk.

    Attributes:
        walkers: independent ones.
        step: ``Δt``; walked with twice and four times of it, too.
        relaxations: how long, in units of ``1/λ₁``.
        looks: at how many times.
    """

    walkers: int = 40_000
    step: float = 0.0025
    relaxations: float = 2.0
    looks: int = 20

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name, least in (("walkers", 100), ("looks", 3)):
            as_whole(name, getattr(self, name), least=least)
        for name in ("step", "relaxations"):
            number = getattr(self, name)
            check_positive(name, number)


def solve(
    subject: DoubleWell,
    recipe: WalkRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Walk with three steps, with and without Metropolis' choice at the longest."""
    del run, callbacks
    well = subject.equation()
    length = recipe.relaxations / well.gap

    def walk(i: int, step: float, *, adjusted: bool) -> GradientFlow:
        return gradient_flow(
            well,
            (subject.start, subject.spread),
            step=step,
            between=max(1, round(length / recipe.looks / step)),
            times=recipe.looks,
            walkers=recipe.walkers,
            adjusted=adjusted,
            key=jax.random.fold_in(key, i),
        )

    flows = [walk(i, f * recipe.step, adjusted=False) for i, f in enumerate(_FACTORS)]
    kept = walk(9, _FACTORS[-1] * recipe.step, adjusted=True)
    best = flows[0]
    off = (best.distance - best.expected[:, 0]) / best.expected[:, 1]
    error = well.density_error(
        lambda x: np.exp(-((x - subject.start) ** 2) / (2 * subject.spread**2)), best.times
    )
    found: dict[str, Any] = {
        "distance": float(best.distance[1:].max()),
        "expected_distance": float(best.expected[1:, 0].max()),
        "distance_in_deviations": float(off[1:].max()),
        "exact_error": float(error.max()),
        "rate": best.rate,
        "rate_error": best.rate_error,
        "exact": well.gap,
        "exact_gap_error": well.gap_error,
        "relative_error": best.rate / well.gap - 1,
        "square": best.square,
        "square_error": best.square_error,
        "exact_square": best.exact_square,
        "adjusted_square": kept.square,
        "adjusted_square_error": kept.square_error,
        "adjusted_exact_square": kept.exact_square,
        "adjusted_rate": kept.rate,
        "adjusted_rate_error": kept.rate_error,
        "acceptance": kept.acceptance,
        "walkers": recipe.walkers,
        "parameters": 0,
        "compile_seconds": 0.0,
    }
    for factor, flow in zip(_FACTORS, flows, strict=True):
        found |= {
            f"rate_{factor}": flow.rate,
            f"rate_{factor}_error": flow.rate_error,
            f"square_{factor}_bias": flow.square - flow.exact_square,
            f"distance_{factor}": float(flow.distance[-1]),
        }
    dt = recipe.step
    said = {
        "distance of densities": f"{found['distance']:.4f} at most, of exact draws "
        f"{found['expected_distance']:.4f} (total variation, {recipe.walkers} walkers)",
        "relaxation": f"rate {best.rate:.5f} ± {best.rate_error:.5f}, spectral gap {well.gap:.6f}",
        "by steps": ", ".join(
            f"Δt = {f * dt:g}: {flow.rate:.5f} ± {flow.rate_error:.5f}, ⟨x²⟩ "
            f"{flow.square - flow.exact_square:+.4f} ± {flow.square_error:.4f}"
            for f, flow in zip(_FACTORS, flows, strict=True)
        ),
        "with Metropolis": f"Δt = {_FACTORS[-1] * dt:g}: {kept.rate:.5f} ± {kept.rate_error:.5f}, "
        f"⟨x²⟩ {kept.square - kept.exact_square:+.4f} ± {kept.square_error:.4f}, "
        f"{100 * kept.acceptance:.1f}% accepted",
    }
    return Study("langevin-relaxation", found, said, _arrays(best), _panels(best, kept, well))


def _arrays(flow: GradientFlow) -> dict[str, np.ndarray]:
    names = ("times", "edges", "exact", "counted", "distance", "expected", "slowest")
    return {name: np.asarray(getattr(flow, name)) for name in names}


def _panels(flow: GradientFlow, kept: GradientFlow, well: FokkerPlanck) -> list[Panel]:
    middles, width = (flow.edges[1:] + flow.edges[:-1]) / 2, flow.edges[1] - flow.edges[0]
    densities = {}
    for i in (0, len(flow.times) // 4, len(flow.times) - 1):
        densities[f"walkers, t = {flow.times[i]:.1f}"] = (middles, flow.counted[i] / width)
        densities[f"exact, t = {flow.times[i]:.1f}"] = (middles, flow.exact[i] / width)
    return [
        Panel("x", "density", densities),
        Panel(
            "t",
            "total variation, walkers from exact",
            {
                "Euler–Maruyama": (flow.times, flow.distance),
                "Metropolis, 4 Δt": (kept.times, kept.distance),
                "of exact draws": (flow.times, flow.expected[:, 0]),
            },
            "y",
        ),
        Panel(
            "t",
            "⟨u₁⟩ over its start",
            {
                "Euler–Maruyama": (flow.times, flow.slowest),
                "Metropolis, 4 Δt": (kept.times, kept.slowest),
                "e^{−λ₁t}": (flow.times, np.exp(-well.gap * flow.times)),
            },
            "y",
        ),
    ]


def load(subject: DoubleWell, recipe: WalkRecipe, directory: Any) -> Study:
    """Read a saved study."""
    del subject, recipe
    return Study.load(directory)


def check(subject: DoubleWell, recipe: WalkRecipe) -> None:
    """Refuse a start that does not relax, steps that run away, more than is held or walked.

    Raises:
        ConfigurationError: one of them.
    """
    well, longest = subject.equation(), _FACTORS[-1] * recipe.step
    check_start(well, (subject.start, subject.spread), recipe.walkers)
    # A step of Euler and Maruyama takes x to beyond −x where 4 (x² − 1) Δt > 2.
    stable = 1 / (2 * (well.high**2 - 1))
    if longest >= stable:
        raise ConfigurationError(
            f"step: expected below {stable / _FACTORS[-1]:.3g}, as {_FACTORS[-1]} of them at once "
            f"must not run away from the end of the line, {well.high:.3g}, got {recipe.step}"
        )
    moves = 2 * recipe.walkers * recipe.relaxations / well.gap / recipe.step
    if moves > _MOVES:
        raise ConfigurationError(
            f"step: expected at most {_MOVES:.0e} moves of walkers, got {moves:.1e}: fewer walkers "
            "or relaxations, a longer step, or a higher temperature"
        )
    seen = recipe.walkers * (recipe.looks + 1)
    check_memory("walkers", [Need(f"{seen} places of walkers", 3 * seen)], "walkers")


ENTRY = Entry(
    "langevin-relaxation",
    "dx = −V′ dt + √(2/β) dW, V = (x² − 1)², beside ∂_t p = ∂_x(V′p) + β⁻¹ ∂²_x p",
    "exact: finite volumes, refined; the gap of the Fokker–Planck operator",
    DoubleWell(),
    {"default": WalkRecipe(), "quick": WalkRecipe(walkers=4000, step=0.01, looks=10)},
    solve,
    extendable=(),
    load=load,
    check=check,
)
