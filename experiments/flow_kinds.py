"""Effective samples against time: two flows of a scalar field, each by two gradients.

Expected: the natural gradient brings a flow with the symmetries of the lattice to an effective part
of its samples above 0.9 on 6 × 6 sites (m² = −4, λ = 6.975), which Gerdes et al. (2023),
arXiv:2207.00283, report for such flows by Adam on a GPU, at 32 × 32; affine couplings without
symmetries (RealNVP) stay behind, as there. The chain is that of ``phi4-chain``. Each gets the same
number of processor seconds of steps, since other work may share the machine; parameters are judged
by fresh samples, flows in time with half the step.

Run: python experiments/flow_kinds.py [--seconds 20] [--write docs/results]
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import tyro

import physml as pm


@dataclass(frozen=True)
class Config:
    """Processor seconds of steps for each; where figure and page go.

    Attributes:
        seconds: of steps, for each flow and gradient.
        samples: fresh ones that judge.
        seed: of all.
        write: a folder for the page and the figure.
    """

    seconds: float = 20.0
    samples: int = 4000
    seed: int = 0
    write: Path | None = None


FIELDS = {
    "chain": pm.generative.ScalarField((16,), -4.0, 8.0),
    "square": pm.generative.ScalarField((6, 6), -4.0, 6.975),
}

NATURAL = pm.natural_gradient(0.2, damping=1e-3, momentum=0.9, max_norm=0.3)

KINDS: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "lattice flow, natural gradient": (
        lambda: pm.networks.ContinuousFlow(pm.networks.LatticeVelocity(6, 4)),
        NATURAL,
        pm.generative.scored,
    ),
    "lattice flow, Adam": (
        lambda: pm.networks.ContinuousFlow(pm.networks.LatticeVelocity(6, 4)),
        optax.adam(3e-3),
        pm.generative.reparametrised,
    ),
    "RealNVP, natural gradient": (
        lambda: pm.networks.RealNVP(8, (32,), odd=True),
        NATURAL,
        pm.generative.scored,
    ),
    "RealNVP, Adam": (
        lambda: pm.networks.RealNVP(8, (32,), odd=True),
        optax.adam(3e-3),
        pm.generative.reparametrised,
    ),
}

Curve = list[tuple[float, int, float, float, float]]
"""Processor seconds of steps, steps, the effective part, ln Z, its error."""


def curve(field: pm.generative.ScalarField, kind: str, config: Config) -> Curve:
    """The effective part of samples in time, at moments that double."""
    make, optimizer, training = KINDS[kind]
    network, found = make(), []
    clock = {"began": 0.0, "due": config.seconds / 8, "apart": 0.0}

    def watch(update: pm.train.Update) -> Any:
        now = time.process_time()
        clock["began"] = clock["began"] or now
        seconds = now - clock["began"] - clock["apart"]
        done = seconds >= config.seconds
        if seconds >= clock["due"] or done:
            density = pm.generative.flow(
                field,
                network,
                params=update.params,
                steps=0,
                judge=config.samples,
                key=jax.random.key(config.seed + 1000),
                progress=False,
            )
            told = density.log_partition
            found.append((seconds, update.step, told.ess, told.value, told.error))
            clock["due"] = 2 * seconds
            clock["apart"] += time.process_time() - now
        return pm.train.STOP if done else None

    pm.generative.flow(
        field,
        network,
        optimizer=optimizer,
        training=training,
        steps=1_000_000,
        judge=32,
        key=jax.random.key(config.seed),
        callbacks=[watch],
        progress=False,
    )
    return found


def main(config: Config) -> dict[str, dict[str, Curve]]:
    """Run all, draw, and return the curves by field and kind."""
    jax.config.update("jax_enable_x64", True)
    curves: dict[str, dict[str, Curve]] = {}
    for name, field in FIELDS.items():
        for kind in KINDS:
            found = curve(field, kind, config)
            curves.setdefault(name, {})[kind] = found
            seconds, steps, ess, value, error = found[-1]
            print(
                f"{name}, {kind}: {seconds:.0f} s, {steps} steps, ess {ess:.4f}, "
                f"ln Z {value:.5f} ± {error:.5f}, exact {field.log_partition():.6f}",
                flush=True,
            )
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(curves, config)
        (config.write / "flows.md").write_text(page(curves, config))
    return curves


def page(curves: dict[str, dict[str, Curve]], config: Config) -> str:
    """The last of each curve, and the time to an effective part of a half."""
    lines = [
        "# Flows in time",
        "",
        f"Written by `python experiments/flow_kinds.py --seconds {config.seconds:g} --write "
        f"docs/results`, {datetime.date.today()}; {os.cpu_count()} CPU cores, float64, jax "
        f"{jax.__version__}, seed {config.seed}, 512 samples a step, {config.seconds:g} processor "
        "seconds of steps each, compiling not counted; constant learning rates as in the script; "
        f"judged by {config.samples:,} fresh samples.",
        "",
        "| field | flow | s to half | effective part | ln Z | exact | steps |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, kinds in curves.items():
        exact = FIELDS[name].log_partition()
        for kind, found in kinds.items():
            _, steps, ess, value, error = found[-1]
            half = next((f"{point[0]:.2g}" for point in found if point[2] >= 0.5), "–")
            lines.append(
                f"| {name} | {kind} | {half} | {ess:.4f} | {value:.5f} ± {error:.5f} | "
                f"{exact:.6f} | {steps} |"
            )
    return "\n".join([*lines, "", "![](flows.png)"]) + "\n"


def draw(curves: dict[str, dict[str, Curve]], config: Config) -> None:
    """A panel for each field, a line for each flow: what is missing of an effective part of 1."""
    ticks = [config.seconds / part for part in (8, 4, 2, 1)]
    with pm.figures.figure(config.write / "flows.png", 1, len(curves)) as axes:
        for axis, (name, lines) in zip(np.atleast_1d(axes), curves.items(), strict=True):
            for kind, found in lines.items():
                seconds, missing = [p[0] for p in found], [1 - p[2] for p in found]
                axis.loglog(seconds, missing, "o-", markersize=3, label=kind)
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
            axis.set(xlabel="processor seconds of steps", ylabel="1 − effective part", title=name)
        axes[0].legend(fontsize=6)


if __name__ == "__main__":
    main(tyro.cli(Config, description=__doc__))
