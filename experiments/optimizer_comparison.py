"""Error against time of seven optimizers on Burgers' and Poisson's equation, as a figure.

Expected, as in Müller and Zeinhofer (2023), arXiv:2302.13163, Urbán, Stefanou and Pons (2025),
doi:10.1016/j.jcp.2024.113656, and Webb, Jerad and Cartis (2026), arXiv:2607.02194: first-order
methods stay near 1e-2 to 1e-4, self-scaled Broyden goes two or three decades further, Gauss–Newton
methods further still, in a fraction of the time. Same network, same hard constraints, as many
points; each gets the same number of seconds.

Run: python experiments/optimizer_comparison.py [--seconds 60] [--write docs/results]
One problem at a time with `--problems NAME --kept FILE`, which keeps finished curves for the page.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import optax

import physml as pm


@dataclass(frozen=True)
class Config:
    """Seconds for each optimizer on each problem; where curves, figure and page go."""

    seconds: float = 60.0
    problems: tuple[str, ...] = ("poisson-2d", "burgers")
    seed: int = 0
    kept: Path | None = None
    write: Path | None = None


OPTIMIZERS: dict[str, Callable[[], pm.Optimizer]] = {
    "Adam": lambda: optax.with_extra_args_support(optax.adam(1e-3)),
    "SOAP": lambda: pm.soap(3e-3),
    "L-BFGS": lambda: optax.lbfgs(),
    "SSBroyden": pm.ssbroyden,
    "natural gradient": lambda: pm.natural_gradient(
        1.0, damping=1e-4, line_search=pm.optim.grid_line_search()
    ),
    "SPRING": lambda: pm.natural_gradient(
        1.0, damping=1e-4, momentum=0.5, line_search=pm.optim.grid_line_search()
    ),
    "trust region": lambda: pm.gauss_newton(ratio=0.3),
}

REDRAW = dict.fromkeys(("natural gradient", "SPRING", "trust region"), 20)
"""Steps between draws of new points; 100 for methods whose steps take milliseconds."""


class OutOfTimeError(Exception):
    """Ends a fit from its callback."""


def run(
    problem: pm.Problem, optimizer: pm.Optimizer, redraw: int, config: Config
) -> list[pm.pinn.ErrorPoint]:
    """The error curve of one optimizer until its time is over."""
    jax.clear_caches()
    network = pm.MLP((20,) * 4, kernel_init=pm.networks.orthogonal())
    curve = pm.pinn.ErrorCurve(problem, network)
    begin = time.perf_counter()

    def watch(update: pm.train.Update) -> None:
        curve.measure(update)
        if update.seconds > config.seconds:
            raise OutOfTimeError

    with contextlib.suppress(OutOfTimeError):
        pm.solve(
            problem,
            network,
            optimizer=optimizer,
            points=2048,
            redraw=pm.sampling.by_residual(redraw),
            steps=1_000_000,
            key=jax.random.key(config.seed),
            callbacks=[watch],
        )
    print(f"{time.perf_counter() - begin:.0f} s", curve.points[-1], flush=True)
    return curve.points


def main(config: Config) -> dict[str, dict[str, list[pm.pinn.ErrorPoint]]]:
    """Run all but what is kept, and draw; returns the curves by problem and optimizer."""
    jax.config.update("jax_enable_x64", True)
    curves: dict[str, dict[str, list[pm.pinn.ErrorPoint]]] = {}
    if config.kept is not None and config.kept.exists():
        for name, label, points in map(json.loads, config.kept.read_text().splitlines()):
            curves.setdefault(name, {})[label] = [pm.pinn.ErrorPoint(*point) for point in points]
    for name in config.problems:
        problem = pm.pinn.catalogue.PROBLEMS[name].subject.problem()
        for label, make in OPTIMIZERS.items():
            if label in curves.get(name, {}):
                continue
            print(name, label, end=": ", flush=True)
            points = run(problem, make(), REDRAW.get(label, 100), config)
            curves.setdefault(name, {})[label] = points
            if config.kept is not None:
                with config.kept.open("a") as file:
                    print(json.dumps([name, label, points]), file=file)
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(curves, config.write / "optimizer-comparison.png")
        (config.write / "optimizer-comparison.md").write_text(page(curves, config))
    return curves


def page(curves: dict[str, dict[str, list[pm.pinn.ErrorPoint]]], config: Config) -> str:
    """Seconds to each error, and the last one."""
    levels = (1e-2, 1e-4, 1e-6)
    lines = [
        "# Optimizers compared",
        "",
        f"Written by `python experiments/optimizer_comparison.py --seconds {config.seconds:g} "
        f"--write docs/results`, {datetime.date.today()}; {os.cpu_count()} CPU cores, float64, jax "
        f"{jax.__version__}, seed {config.seed}. tanh 4 × 20, hard constraints, 2,048 points drawn "
        "anew by residual every 100 steps, every 20 for the methods whose step takes a tenth of a "
        f"second or more (natural gradient, SPRING, trust region), {config.seconds:g} seconds of "
        "steps each, compiling not counted; settings as in the script. With new points every 100 "
        "steps and a ratio of 0.15 the trust region was still at 1e-1 on Burgers, having seen new "
        "points once.",
        "",
        "| problem | optimizer | "
        + " | ".join(f"s to {level:.0e}" for level in levels)
        + " | error at the end | steps |",
        "|---|---|" + "---|" * (len(levels) + 2),
    ]
    for name, found in curves.items():
        for label, points in found.items():
            reached = [
                next((f"{p.seconds:.2g}" for p in points if p.relative_l2 <= level), "–")
                for level in levels
            ]
            last = points[-1]
            end = f"{last.relative_l2:.1e} | {last.step}"
            lines.append(f"| {name} | {label} | {' | '.join(reached)} | {end} |")
    return "\n".join([*lines, "", "![](optimizer-comparison.png)"]) + "\n"


def draw(curves: dict[str, dict[str, list[pm.pinn.ErrorPoint]]], path: Path) -> None:
    """A panel for each problem, a line for each optimizer."""
    with pm.figures.figure(path, 1, len(curves)) as axes:
        for axis, (name, lines) in zip(axes, curves.items(), strict=True):
            for label, points in lines.items():
                axis.loglog(
                    [p.seconds for p in points], [p.relative_l2 for p in points], label=label
                )
            axis.set(xlabel="seconds of steps", ylabel="relative $L_2$ error", title=name)
        axes[0].legend(fontsize="small")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each optimizer")
    parser.add_argument("--problems", nargs="+", default=Config.problems)
    parser.add_argument("--kept", type=Path, help="file of finished curves, not run again")
    parser.add_argument("--write", type=Path, help="folder for page and figure")
    given = parser.parse_args()
    main(
        Config(
            seconds=given.seconds,
            problems=tuple(given.problems),
            kept=given.kept,
            write=given.write,
        )
    )
