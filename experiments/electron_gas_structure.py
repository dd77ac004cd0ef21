"""What the correlated electron gas looks like: pair correlation, structure factor, momenta.

Fourteen electrons at r_s = 2 by message passing, from the run directory of the row in the table
of ground states, measured again with fresh walkers. Expected: unlike electrons keep apart too,
which in the determinant they do not (g = 1); S(k) lies below that of the determinant, a count of
occupied waves, and at the shortest wave near the plasmon's k²/(2ω_p), ω_p² = 3/r_s³, where S of the
infinite gas begins; n(k) loses a few percent below the edge of the Fermi sphere to the waves above.

Run: python experiments/electron_gas_structure.py RUN [--snapshots 100] [--write PAGE]
with RUN as `python experiments/vmc_table.py "electron gas (7, 7), r_s = 2" --runs DIR` makes it.
"""

from __future__ import annotations

import argparse
import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

import physml as pm

RS, SPIN = 2.0, 7
BINS, SHELLS = 16, 12


def count_of_occupied(cell: pm.Cell, shells: int) -> tuple[np.ndarray, np.ndarray]:
    """``S(k) = 1 − |occupied q with q + k occupied|/N_σ`` of the Slater determinant, by shells."""
    unit = 2 * np.pi / cell.lengths[0]
    reach = np.stack(np.meshgrid(*[range(-4, 5)] * 3, indexing="ij"), -1).reshape(-1, 3)
    occupied = {tuple(q) for q in reach if q @ q <= 1}
    lengths = np.unique(np.sum(reach**2, axis=1))[1 : shells + 1]
    values = []
    for square in lengths:
        waves = [k for k in reach if k @ k == square]
        kept = [sum(tuple(np.add(q, k)) in occupied for q in occupied) for k in waves]
        values.append(1 - np.mean(kept) / len(occupied))
    return unit * np.sqrt(lengths), np.array(values)


def measured(gas: pm.ElectronGas, options: argparse.Namespace) -> pm.GroundState:
    """The trained state of a run directory, on fresh walkers."""
    entry = pm.SYSTEMS["electron-gas"]
    recipe = replace(entry.recipe, steps=options.steps, measurements=options.snapshots)
    with pm.Run.reopen(options.run) as opened:
        return entry.ground_state(recipe, system=gas, key=jax.random.key(7), run=opened)


def main(options: argparse.Namespace) -> str:
    """Measure, and return the page; with a path, written beside its figure."""
    gas = pm.ElectronGas(n_up=SPIN, n_down=SPIN, rs=RS)
    state = measured(gas, options)
    walkers, cell = state.measurement.walkers, gas.cell
    pairs = pm.pair_correlation(walkers, cell, n_up=SPIN, bins=BINS)
    factor = pm.structure_factor(walkers, cell, shells=SHELLS)
    psi: Any = lambda x: state.wavefunction.apply(state.params, x)
    momenta = pm.momentum_distribution(
        psi,
        walkers,
        cell,
        key=jax.random.key(1),
        particles=SPIN,
        waves=57,
    )
    waves, determinant = count_of_occupied(cell, SHELLS)
    np.testing.assert_allclose(waves, factor.at, rtol=1e-6)
    plasmon = factor.at**2 / (2 * np.sqrt(3 / RS**3))
    shown = lambda found, i: str(pm.Estimate(found.values[i], found.errors[i], 1.0, 1.0, 0.0, 1))
    unlike, like = pairs["unlike"], pairs["like"]
    lines = [
        "# The electron gas: what it looks like",
        "",
        "Written by `python experiments/electron_gas_structure.py RUN --snapshots "
        f"{options.snapshots} --write docs/results/electron-gas-structure.md`, "
        f"{datetime.date.today()}, from the run of the row r_s = 2 in the table of ground states. "
        f"Fourteen unpolarised electrons, {walkers.shape[1]} fresh walkers, energy "
        f"{state.energy_per_particle} hartree an electron; errors from the spread of the walkers' "
        "chains.",
        "",
        "![Pair correlation, structure factor and momentum distribution](electron-gas-structure"
        ".png)",
        "",
        f"- Around an electron, g of unlike ones from 0 to {2 * unlike.at[0]:.2f} bohr is "
        f"{shown(unlike, 0)} (determinant: 1), of like ones {shown(like, 0)}.",
        f"- S at the shortest wave: {shown(factor, 0)}; the determinant alone "
        f"{determinant[0]:.4f}, the plasmon's k²/(2ω_p) {plasmon[0]:.4f}.",
        f"- Occupation of one spin: {shown(momenta, 0)} of k = 0 and {shown(momenta, 1)} of the "
        f"six waves at the edge (determinant: 1), {shown(momenta, 2)} of the twelve above it "
        "(determinant: 0).",
        "",
        "| k (1/bohr) | S(k) | S(k) of the determinant | k²/(2ω_p) |",
        "|---|---|---|---|",
    ]
    for i, k in enumerate(factor.at):
        lines.append(f"| {k:.4f} | {shown(factor, i)} | {determinant[i]:.4f} | {plasmon[i]:.4f} |")
    lines += ["", "| k (1/bohr) | n(k) | n(k) of the determinant |", "|---|---|---|"]
    for i, k in enumerate(momenta.at):
        lines.append(f"| {k:.4f} | {shown(momenta, i)} | {int(i < 2)} |")
    text = "\n".join(lines) + "\n"
    if options.write is not None:
        plot(options.write.with_suffix(".png"), pairs, factor, momenta, determinant)
        options.write.write_text(text)
    return text


def plot(path: Path, pairs: Any, factor: Any, momenta: Any, determinant: np.ndarray) -> None:
    """Three panels, the determinant beside the correlated state."""
    with pm.figure(path, 1, 3) as axes:
        for name, found in pairs.items():
            axes[0].errorbar(found.at, found.values, found.errors, label=f"{name} spins")
        axes[0].axhline(1.0, color="k", linewidth=0.5)
        axes[0].set(xlabel="r (bohr)", ylabel="$g(r)$")
        axes[0].legend(fontsize="small", loc="lower right")
        axes[1].errorbar(factor.at, factor.values, factor.errors, fmt="o", label="correlated")
        axes[1].plot(factor.at, determinant, "x", color="k", label="determinant")
        k = np.linspace(0, 1.1, 50)
        axes[1].plot(k, k**2 / (2 * np.sqrt(3 / RS**3)), "--", label=r"$k^2/2\omega_p$")
        axes[1].set(xlabel="k (1/bohr)", ylabel="$S(k)$")
        axes[1].legend(fontsize="small", loc="lower right")
        axes[2].errorbar(momenta.at, momenta.values, momenta.errors, fmt="o", label="correlated")
        free = (np.arange(len(momenta.at)) < 2).astype(float)
        axes[2].plot(momenta.at, free, "x", color="k", label="determinant")
        axes[2].set(xlabel="k (1/bohr)", ylabel="$n(k)$")
        axes[2].legend(fontsize="small", loc="upper right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="directory of the trained run")
    parser.add_argument("--steps", type=int, default=1200, help="that the run has trained")
    parser.add_argument("--snapshots", type=int, default=100, help="measurements of all walkers")
    parser.add_argument("--write", type=Path, help="file for the page; its figure stands beside it")
    print(main(parser.parse_args()))
