"""The course's study of the heat equation: explicit scheme against network, and networks compared.

``u_t = u_xx`` on [0, 1] with ``u(0, x) = sin πx`` and zero ends; exact ``e^{−π²t} sin πx``. The
explicit scheme ``u_i ← u_i + ½ (u_{i+1} − 2u_i + u_{i−1})``, Δt = ½ Δx², has largest errors 6.16e-3
(Δx = 1/10) and 6.05e-5 (Δx = 1/100) on t ∈ [0, 1] (Hjorth-Jensen, machine learning for the physical
sciences, Oslo, project on differential equations). The course's own network reached a
root-mean-square error of 3.8e-4. Here a network of 20 × 3 is expected below 1e-8 relative.

Two times are compared as there: t₁ = 0.05, where the profile is still curved, and t₂ = 0.5, where
it has almost gone. The sweep takes width, depth and activation at a fixed number of steps.

Run: python experiments/heat_study.py [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np

import physml as pm


@dataclass(frozen=True)
class Config:
    """Times, grids and networks of the study; where figure and page go."""

    times: tuple[float, float] = (0.05, 0.5)
    spacings: tuple[int, ...] = (10, 100)
    widths: tuple[int, ...] = (10, 20, 40)
    depths: tuple[int, ...] = (1, 2, 3)
    activations: tuple[str, ...] = ("tanh", "sin", "gelu")
    steps: int = 100
    points: int = 1024
    sweep_points: int = 512
    seed: int = 0
    write: Path | None = None


def exact(t: float | np.ndarray, x: np.ndarray) -> np.ndarray:
    """``e^{−π²t} sin πx``."""
    return np.exp(-(np.pi**2) * t) * np.sin(np.pi * x)


def explicit(intervals: int, end: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The explicit scheme at Δt = ½ Δx²: times ``(m,)``, grid ``(n,)``, values ``(m, n)``."""
    x = np.linspace(0, 1, intervals + 1)
    step = 0.5 / intervals**2
    times = step * np.arange(round(end / step) + 1)
    values = np.empty((len(times), len(x)))
    values[0] = np.sin(np.pi * x)
    for now, after in pairwise(values):
        after[1:-1] = now[1:-1] + 0.5 * (now[2:] - 2 * now[1:-1] + now[:-2])
        after[[0, -1]] = 0.0
    return times, x, values


def network(
    width: int, depth: int, activation: str, points: int, config: Config
) -> tuple[pm.Solution, float]:
    """A trained network and the seconds it took, compiling included."""
    jax.clear_caches()
    begin = time.perf_counter()
    module = pm.MLP(
        (width,) * depth,
        activation=pm.networks.ACTIVATIONS[activation],
        kernel_init=pm.networks.orthogonal(),
    )
    solution = pm.solve(
        pm.pinn.catalogue.Heat().problem(),
        module,
        optimizer=pm.gauss_newton(ratio=0.3),
        points=points,
        steps=config.steps,
        key=jax.random.key(config.seed),
    )
    return solution, time.perf_counter() - begin


def main(config: Config) -> str:
    """Run the study and return the page."""
    jax.config.update("jax_enable_x64", True)
    lines = [
        "# The heat equation: explicit scheme and networks",
        "",
        "Written by `python experiments/heat_study.py --write docs/results`, "
        f"{datetime.date.today()}; {os.cpu_count()} CPU cores, float64, jax {jax.__version__}, "
        f"seed {config.seed}, {config.steps} steps of Gauss–Newton on {config.points} fixed "
        "points, hard initial and boundary values. Largest errors against the exact solution.",
        "",
        f"| method | t = {config.times[0]} | t = {config.times[1]} | all of [0, 1] | seconds |",
        "|---|---|---|---|---|",
    ]
    x = np.linspace(0, 1, 1001)
    profiles = {"exact": (x, [exact(t, x) for t in config.times])}
    for intervals in config.spacings:
        begin = time.perf_counter()
        times, grid, values = explicit(intervals)
        seconds = time.perf_counter() - begin
        error = np.abs(values - exact(times[:, None], grid))
        at = [int(np.argmin(np.abs(times - t))) for t in config.times]
        lines.append(
            f"| explicit, Δx = 1/{intervals} | {error[at[0]].max():.2e} | {error[at[1]].max():.2e} "
            f"| {error.max():.2e} | {seconds:.2g} |"
        )
        profiles[f"explicit, 1/{intervals}"] = (grid, [values[i] for i in at])
    solution, seconds = network(20, 3, "tanh", config.points, config)
    found = [np.asarray(solution(np.stack([np.full_like(x, t), x], axis=1))) for t in config.times]
    error_at = [np.abs(f - exact(t, x)).max() for f, t in zip(found, config.times, strict=True)]
    lines.append(
        f"| network, 20 × 3 tanh | {error_at[0]:.2e} | {error_at[1]:.2e} "
        f"| {solution.errors().max_error:.2e} | {seconds:.2g} |"
    )
    profiles["network"] = (x, found)
    lines += ["", "## Width, depth, activation", "", "| activation | depth | "]
    lines[-1] += " | ".join(f"width {width}" for width in config.widths) + " |"
    lines.append("|---|---|" + "---|" * len(config.widths))
    sweep: dict[str, np.ndarray] = {}
    for activation in config.activations:
        table = np.empty((len(config.depths), len(config.widths)))
        for i, depth in enumerate(config.depths):
            for j, width in enumerate(config.widths):
                trained, _ = network(width, depth, activation, config.sweep_points, config)
                table[i, j] = trained.errors().relative_l2
            cells = " | ".join(f"{error:.1e}" for error in table[i])
            lines.append(f"| {activation} | {depth} | {cells} |")
            print(lines[-1], flush=True)
        sweep[activation] = table
    lines += [
        "",
        f"{config.sweep_points} points; relative L2 on a 201 × 201 grid.",
        "",
        "![](heat-study.png)",
    ]
    page = "\n".join(lines) + "\n"
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        (config.write / "heat-study.md").write_text(page)
        draw(config, profiles, sweep, config.write / "heat-study.png")
    return page


def draw(config: Config, profiles: dict, sweep: dict[str, np.ndarray], path: Path) -> None:
    """Errors of the profiles at both times, and the sweep."""
    with pm.figures.figure(path, 1, 3) as axes:
        exact_grid = profiles.pop("exact")[0]
        for axis, t, k in zip(axes, config.times, (0, 1), strict=False):
            for label, (grid, values) in profiles.items():
                error = np.abs(values[k] - exact(t, grid))
                axis.semilogy(grid[1:-1], error[1:-1], label=label)  # the ends are exact
            axis.set(xlabel="x", ylabel="$|u - u^*|$", title=f"t = {t:g}")
            axis.set_xlim(exact_grid[0], exact_grid[-1])
        axes[0].legend(fontsize="small")
        for activation, table in sweep.items():
            axes[2].semilogy(config.depths, table[:, -1], "o-", label=activation)
        axes[2].set(xlabel="depth", ylabel="relative $L_2$", title=f"width {config.widths[-1]}")
        axes[2].set_xticks(config.depths)
        axes[2].legend(fontsize="small")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="folder for page and figure")
    main(Config(write=parser.parse_args().write))
