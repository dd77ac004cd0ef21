"""Energy against steps of three optimizers on six electrons in a dot, as a figure.

Expected, as in Pfau et al. (2020), arXiv:1909.02487, and Goldshlager, Abrahamsen and Lin (2024),
arXiv:2401.10190: stochastic reconfiguration (the natural gradient) needs far fewer steps than Adam,
and SPRING, which keeps what the last steps' walkers told, is ahead of both. The same wave function,
first parameters, walkers and sweeps for each; energies at the end from fresh walkers, unclipped.

Run: python experiments/vmc_optimizers.py [--steps 200] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import optax

import physml as pm

DIFFUSION = 20.15932  # diffusion Monte Carlo, ±8e-5, Høgberget (2013)

OPTIMIZERS: dict[str, Callable[[], pm.Optimizer]] = {
    "Adam": lambda: optax.with_extra_args_support(optax.adam(_decaying(3e-3))),
    "SR": lambda: pm.natural_gradient(_decaying(0.1), damping=1e-3, max_norm=0.3),
    "SPRING": lambda: pm.natural_gradient(
        _decaying(0.1), damping=1e-3, momentum=0.95, max_norm=0.3
    ),
}


@dataclass(frozen=True)
class Config:
    """Steps and walkers of each optimizer, and where page and figure go."""

    steps: int = 200
    walkers: int = 512
    measurements: int = 200
    seed: int = 0
    write: Path | None = None


def _decaying(rate: float) -> optax.Schedule:
    return lambda step: rate / (1 + step / 200)


def main(config: Config) -> str:
    """Optimise and measure with each; returns the page."""
    jax.config.update("jax_enable_x64", True)
    dot = pm.QuantumDot(n_up=3, n_down=3, omega=1.0)
    curves, lines = {}, []
    for label, make in OPTIMIZERS.items():
        jax.clear_caches()
        state = pm.ground_state(
            dot,
            pm.vmc.MessagePassing(dot, width=24, iterations=2),
            optimizer=make(),
            walkers=config.walkers,
            steps=config.steps,
            measurements=config.measurements,
            key=jax.random.key(config.seed),
        )
        curves[label] = np.asarray(state.result.history["energy"])
        each = state.result.seconds / config.steps
        lines.append(f"| {label} | {state.energy} | {state.variance:.1e} | {each:.2f} |")
        print(lines[-1], flush=True)
    text = page(lines, config)
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(curves, config.write / "vmc-optimizers.png")
        (config.write / "vmc-optimizers.md").write_text(text)
    return text


def page(lines: list[str], config: Config) -> str:
    """Energies at the end."""
    head = [
        "# Optimizers of ground states compared",
        "",
        f"Written by `python experiments/vmc_optimizers.py --steps {config.steps} --write "
        f"docs/results`, {datetime.date.today()}; Python {platform.python_version()}, jax "
        f"{jax.__version__}, {os.cpu_count()} CPU cores, float64, seed {config.seed}. Six "
        f"electrons in a dot at ω = 1, message passing 2 × 24, {config.walkers} walkers, 10 sweeps "
        f"a step, {config.steps} steps; step lengths decay as 1/(1 + t/200), settings as in the "
        "script, chosen once and not searched. Energies in hartree from fresh walkers after "
        f"training, unclipped; diffusion Monte Carlo has {DIFFUSION}(8) (Høgberget 2013), whose "
        "nodes message passing can better.",
        "",
        "| optimizer | energy | variance | seconds a step |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *lines, "", "![](vmc-optimizers.png)"]) + "\n"


def draw(curves: dict[str, np.ndarray], path: Path) -> None:
    """Distance from diffusion Monte Carlo against steps, each point the mean of ten."""
    with pm.figures.figure(path, 1, 1) as axes:
        for label, energies in curves.items():
            means = energies[: len(energies) // 10 * 10].reshape(-1, 10).mean(axis=1)
            axes.plot(10 * np.arange(len(means)) + 5, means - DIFFUSION, label=label)
        axes.set_yscale("symlog", linthresh=1e-2)
        axes.set(xlabel="step", ylabel="energy − DMC (hartree)")
        axes.legend(fontsize="small")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200, help="of each optimizer")
    parser.add_argument("--write", type=Path, help="folder for page and figure")
    given = parser.parse_args()
    main(Config(steps=given.steps, write=given.write))
