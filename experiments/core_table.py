"""The catalogue's first problems and systems by their recipes, three seeds each, as one table.

Expected, on two free CPU cores in float64: heat and poisson-2d below 1e-7 relative L2 in 60 s,
burgers below 1e-5 in 180 s, hydrogen −0.50000(1) hartree, the two-electron dot 3.0000(1) hartree
in 90 s, compilation included.

Run: python experiments/core_table.py [--write docs/results/core.md]
"""

from __future__ import annotations

import argparse
import datetime
import math
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

import physml as pm


@dataclass(frozen=True)
class Config:
    """Which entries and seeds; where to write the table."""

    problems: tuple[str, ...] = ("heat", "poisson-2d", "burgers")
    systems: tuple[str, ...] = ("harmonic-oscillator", "double-well", "hydrogen", "quantum-dot")
    seeds: tuple[int, ...] = (0, 1, 2)
    write: Path | None = None


def solve(name: str, seed: int) -> tuple[float, float, float]:
    """Relative L2, largest error and seconds, compilation included."""
    jax.clear_caches()
    begin = time.perf_counter()
    errors = pm.catalogue.PROBLEMS[name].solve(key=jax.random.key(seed)).errors()
    return errors.relative_l2, errors.max_error, time.perf_counter() - begin


def ground_state(name: str, seed: int) -> tuple[pm.GroundState, float]:
    """The state and seconds, compilation included."""
    jax.clear_caches()
    begin = time.perf_counter()
    state = pm.SYSTEMS[name].ground_state(key=jax.random.key(seed))
    return state, time.perf_counter() - begin


def main(config: Config) -> str:
    """Run everything and return the page."""
    jax.config.update("jax_enable_x64", True)
    lines = [
        "# Results of the core",
        "",
        "Written by `python experiments/core_table.py --write docs/results/core.md`, "
        f"{datetime.date.today()}; {os.cpu_count()} CPU cores ({platform.machine()}), float64, "
        f"Python {platform.python_version()}, jax {jax.__version__}, physml {pm.__version__}. "
        "Seconds include compiling, with an empty compilation cache.",
        "",
        "## Differential equations",
        "",
        "Relative L2 against the exact solution on a 201 × 201 grid, "
        f"seeds {', '.join(map(str, config.seeds))}.",
        "",
        "| problem | median | worst | largest error (worst) | error of the reference | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name in config.problems:
        runs = [solve(name, seed) for seed in config.seeds]
        relative, largest, seconds = (np.array(column) for column in zip(*runs, strict=True))
        reference = pm.catalogue.PROBLEMS[name].problem().reference_error
        lines.append(
            f"| {name} | {np.median(relative):.1e} | {relative.max():.1e} | {largest.max():.1e} "
            f"| {reference:.0e} | {np.median(seconds):.0f} (longest {seconds.max():.0f}) |"
        )
        print(lines[-1], flush=True)
    lines += [
        "",
        "## Ground states",
        "",
        "Fresh walkers after training, unclipped, blocked error bars, hartree. The last column but "
        "one is the distance to the reference in error bars.",
        "",
        "| system | seed | energy | reference | variance | τ | σ away | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in config.systems:
        for seed in config.seeds:
            state, seconds = ground_state(name, seed)
            reference = state.system.reference
            away = (state.energy.mean - reference.energy) / math.hypot(
                state.energy.error, reference.error
            )
            lines.append(
                f"| {name} | {seed} | {state.energy} | {reference.energy:.10g} "
                f"| {state.variance:.1e} | {state.energy.tau:.1f} | {away:+.1f} | {seconds:.0f} |"
            )
            print(lines[-1], flush=True)
    page = "\n".join(lines) + "\n"
    if config.write is not None:
        config.write.parent.mkdir(parents=True, exist_ok=True)
        config.write.write_text(page)
    return page


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="file for the table")
    main(Config(write=parser.parse_args().write))
