"""Quantum dots of 2 to 20 electrons beside known energies; RBM, Jastrow and backflow on six.

Expected: a Slater–Jastrow state within 0.1% of fixed-node diffusion Monte Carlo, message passing
(backflow, Jastrow factor and orbitals that know all electrons) at it or below, since its nodes are
trained and those of diffusion Monte Carlo are a determinant's; six electrons, whose energy is known
better, within that estimate's error or above it. On six the energy falls from the bare
determinants to hidden units that see sums over the electrons, to a Jastrow factor with cusps, to
backflow.

Reads the rows that `python experiments/vmc_table.py "dot N = 6, ω = 1" ...` has kept, and trains
nothing.

Run: python experiments/quantum_dots.py [--write docs/results/quantum-dots.md]
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import physml as pm

KINDS = {
    "slater": "Slater determinants",
    "slater-rbm": "Slater–RBM",
    "slater-jastrow": "Slater–Jastrow",
    "message-passing": "message passing",
}
SIX = 6


@dataclass(frozen=True)
class Config:
    """Where the rows are kept, and where page and figure go."""

    kept: Path = Path("docs/results/vmc.json")
    write: Path | None = None


def dots(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of closed dots at ω = 1, by kind and number; the first seed's."""
    found = {}
    for row in sorted(rows, key=lambda row: -row["seed"]):
        recipe = row["recipe"]
        numbers = recipe["numbers"]
        closed = numbers.get("n_up", 1) == numbers.get("n_down", 1)
        kind = recipe["recipe"]["wavefunction"]["name"]
        ours = recipe["system"] == "quantum-dot" and kind in KINDS
        if ours and closed and "omega" not in numbers:
            found[kind, row["particles"]] = row
    order = list(KINDS)
    return [found[at] for at in sorted(found, key=lambda at: (at[1], order.index(at[0])))]


def estimate(row: dict[str, Any]) -> pm.sampling.Estimate:
    """Its energy and error, to print."""
    return pm.sampling.Estimate(row["energy"], row["error"], 1.0, 1.0, 0.0, 1)


def known(row: dict[str, Any]) -> str:
    """The reference with its own error, to print."""
    energy, error, _ = row["reference"]
    return str(pm.sampling.Estimate(energy, error, 1.0, 1.0, 0.0, 1)) if error else f"{energy:.10g}"


def main(config: Config) -> str:
    """The page; with a path, written beside its figure."""
    rows = dots(json.loads(config.kept.read_text()))
    lines = [
        "# Quantum dots",
        "",
        "Written by `python experiments/quantum_dots.py --write docs/results/quantum-dots.md` from "
        "the rows of `docs/results/vmc.json`, where settings, seconds and versions stand. Closed "
        "shells in two dimensions at ω = 1, hartree. Two electrons have an exact energy, 3; six an "
        "estimate from coupled cluster and full configuration interaction, 20.1525(20). That of "
        "more is fixed-node diffusion Monte Carlo (Høgberget, 2013), an upper bound with the nodes "
        "of its trial state, so a state with better nodes may lie below it: of six it has "
        "20.15932(8), some 7 mHa high, and twelve extrapolate to 65.67(1) by coupled cluster. The "
        "difference has the errors of both.",
        "",
        "| electrons | wave function | parameters | energy | reference | relative difference |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        energy, doubt, _ = row["reference"]
        away, error = row["energy"] / energy - 1, math.hypot(row["error"], doubt) / energy
        kind = KINDS[row["recipe"]["recipe"]["wavefunction"]["name"]]
        cells = [row["particles"], kind, row["parameters"], estimate(row), known(row)]
        lines.append(f"| {' | '.join(map(str, cells))} | {away:+.1e} ± {error:.0e} |")
    if config.write is not None:
        figure = config.write.with_suffix(".png")
        plot(rows, figure)
        lines += ["", f"![Difference to the reference against N, and on six]({figure.name})"]
        config.write.write_text("\n".join(lines) + "\n")
    return "\n".join(lines) + "\n"


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Relative difference against N, and the energies of six by wave function."""
    with pm.figures.figure(path, 1, 2) as axes:
        for kind in ("slater-jastrow", "message-passing"):
            mine = [row for row in rows if row["recipe"]["recipe"]["wavefunction"]["name"] == kind]
            counts = [row["particles"] for row in mine]
            away = [1e3 * (row["energy"] / row["reference"][0] - 1) for row in mine]
            error = [
                1e3 * math.hypot(row["error"], row["reference"][1]) / row["reference"][0]
                for row in mine
            ]
            axes[0].errorbar(counts, away, error, fmt="o-", label=KINDS[kind])
        axes[0].axhline(0.0, color="k", linewidth=0.8)
        axes[0].set(xlabel="electrons", ylabel="energy above the reference (‰)")
        axes[0].legend(fontsize="small")
        six = [row for row in rows if row["particles"] == SIX]
        names = [KINDS[row["recipe"]["recipe"]["wavefunction"]["name"]] for row in six]
        above = [row["energy"] - six[0]["reference"][0] for row in six]
        places = range(len(six))
        axes[1].barh(places, above)
        axes[1].set_yticks(places, names)
        axes[1].invert_yaxis()
        axes[1].set_xscale("symlog", linthresh=1e-2)
        axes[1].axvline(0.0, color="k", linewidth=0.8)
        axes[1].set(xlabel="above the reference (hartree)", title="six electrons")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kept", type=Path, default=Config.kept, help="file of finished rows")
    parser.add_argument("--write", type=Path, help="file for the page; its figure stands beside it")
    given = parser.parse_args()
    print(main(Config(given.kept, given.write)))
