"""The catalogue's first systems by their recipes, three seeds each, as one table.

Expected, on two free CPU cores in float64: hydrogen −0.50000(1) hartree, the two-electron dot
3.0000(1) hartree in 90 s, compilation included. The differential equations are in `pinn_table.py`.

Run: python experiments/ground_states.py [--write docs/results/ground-states.md]
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

import physml as pm


@dataclass(frozen=True)
class Config:
    """Which systems and seeds; where to write the table."""

    systems: tuple[str, ...] = ("harmonic-oscillator", "double-well", "hydrogen", "quantum-dot")
    seeds: tuple[int, ...] = (0, 1, 2)
    write: Path | None = None


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
        "# Results: ground states",
        "",
        "Written by `python experiments/ground_states.py --write docs/results/ground-states.md`, "
        f"{datetime.date.today()}; {os.cpu_count()} CPU cores ({platform.machine()}), float64, "
        f"Python {platform.python_version()}, jax {jax.__version__}, physml {pm.__version__}. "
        "Seconds include compiling, with an empty compilation cache.",
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
