"""The electron gas of 14 electrons against density: energy per electron beside other methods.

Expected (hartree per electron, Cassella et al. 2023 and the sources there): message passing below
fixed-node diffusion Monte Carlo with backflow, at r_s = 2 at or below the −0.008427 of FermiNet
with 16 determinants, and not below the basis-set limit of i-FCIQMC by more than its own error.

Reads the rows that `python experiments/vmc_table.py "electron gas (7, 7), r_s = 2" ...` has kept,
and trains nothing.

Run: python experiments/electron_gas_scan.py [--write docs/results/electron-gas.md]
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import physml as pm

# r_s: backflow DMC, FermiNet with 16 determinants, i-FCIQMC; Cassella et al. (2023).
PUBLISHED = {
    0.5: (3.412910, 3.412684, 3.412258),
    1.0: (0.569005, 0.568897, 0.568498),
    2.0: (-0.008282, -0.008427, -0.008725),
    5.0: (-0.079806, -0.079821, -0.079896),
}
ELECTRONS = 14
METHODS = ("Slater–Jastrow-backflow DMC", "FermiNet, 16 determinants", "i-FCIQMC, basis-set limit")


@dataclass(frozen=True)
class Config:
    """Where the rows are kept, and where page and figure go."""

    kept: Path = Path("docs/results/vmc.json")
    write: Path | None = None


def measured(rows: list[dict[str, Any]], rs: float) -> dict[str, Any] | None:
    """The row of message passing at a density, the first seed's."""
    for row in sorted(rows, key=lambda row: row["seed"]):
        recipe = row["recipe"]
        same = recipe["system"] == "electron-gas" and recipe["numbers"].get("rs") == rs
        neural = recipe["recipe"]["wavefunction"]["name"] == "message-passing"
        if same and neural and row["particles"] == ELECTRONS:
            return row
    return None


def main(config: Config) -> str:
    """The page; with a path, written beside its figure."""
    rows = json.loads(config.kept.read_text())
    titles = ["r_s", "Hartree–Fock", *METHODS, "physml", "share of the correlation energy"]
    lines = [
        "# The electron gas against density",
        "",
        "Written by `python experiments/electron_gas_scan.py --write docs/results/electron-gas.md` "
        "from the rows of `docs/results/vmc.json`, where settings, seconds and versions stand. "
        "Fourteen unpolarised electrons, hartree per electron. The share is "
        "(E − E_HF)/(E_FCIQMC − E_HF), with the error of both; what others published comes from "
        "Cassella et al. (2023), the error of i-FCIQMC from Shepherd, Booth and Alavi (2012): "
        "3e-4, 4e-4, 4e-4 and 1e-3 hartree for all fourteen. Where physml lies below i-FCIQMC, at "
        "r_s = 5, it does so within that error.",
        "",
        f"| {' | '.join(titles)} |",
        "|" + "---|" * len(titles),
    ]
    found = []
    for rs, published in PUBLISHED.items():
        hf = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=rs).hartree_fock_energy / 14
        row = measured(rows, rs)
        doubt = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=rs).reference.error / 14
        limit = pm.sampling.Estimate(
            published[2], doubt, tau=1.0, rhat=1.0, variance=0.0, samples=1
        )
        cells = [f"{rs:g}", f"{hf:.6f}", *(f"{e:.6f}" for e in published[:2]), str(limit)]
        if row is None:
            cells += ["not run", ""]
        else:
            mean, error = row["energy"] / 14, row["error"] / 14
            estimate = pm.sampling.Estimate(mean, error, tau=1.0, rhat=1.0, variance=0.0, samples=1)
            share = (mean - hf) / (published[2] - hf)
            uncertain = math.hypot(error, share * doubt) / abs(published[2] - hf)
            cells += [str(estimate), f"{100 * share:.2f}({100 * uncertain:.2f})%"]
            found.append((rs, share, uncertain))
        lines.append(f"| {' | '.join(cells)} |")
    if config.write is not None:
        figure = config.write.with_suffix(".png")
        plot(found, figure)
        lines += ["", f"![Share of the correlation energy against r_s]({figure.name})"]
        config.write.write_text("\n".join(lines) + "\n")
    return "\n".join(lines) + "\n"


def plot(found: list[tuple[float, float, float]], path: Path) -> None:
    """How much of the correlation energy each method misses, against r_s."""
    with pm.figures.figure(path, 1, 1) as axes:
        for method, name in enumerate(METHODS[:2]):
            missed = []
            for rs, published in PUBLISHED.items():
                hf = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=rs).hartree_fock_energy / 14
                missed.append(1 - (published[method] - hf) / (published[2] - hf))
            axes.plot(list(PUBLISHED), missed, "o--", label=name.replace("Slater–Jastrow-", ""))
        if found:
            rs, share, error = zip(*found, strict=True)
            axes.errorbar(rs, [1 - s for s in share], error, fmt="s", label="message passing")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(
            xscale="log",
            xlabel="$r_s$ (bohr)",
            ylabel="correlation energy missed",
        )
        axes.set_xticks(list(PUBLISHED), [f"{rs:g}" for rs in PUBLISHED])
        axes.set_xticks([], minor=True)
        axes.set_ylim(top=0.024)
        axes.legend(fontsize="small", loc="upper right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kept", type=Path, default=Config.kept, help="file of finished rows")
    parser.add_argument("--write", type=Path, help="file for the page; its figure stands beside it")
    given = parser.parse_args()
    print(main(Config(given.kept, given.write)))
