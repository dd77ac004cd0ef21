"""The bond of the hydrogen molecule: its energy and the force on its nuclei against distance.

Expected: energies above the exact ones of Wolniewicz (1995), doi:10.1063/1.469753, by less than a
millihartree; and forces −dE/dR that agree with the slope of coupled clusters of single and double
excitations, exact for two electrons in a basis, in cc-pV5Z. Its own error is below 5e-4
hartree/bohr, its difference from cc-pVQZ at 1 bohr; central differences of 0.005 bohr add 1e-5. One
wave function is trained at each distance, and its force comes from the same walkers as its energy,
not from differences of energies.

Run: python experiments/h2_forces.py [--write docs/results/h2-forces.md]
It needs pyscf, for the reference: pip install 'physml[chem]'.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import physml as pm

# Wolniewicz (1995), hartree, at the distances in bohr.
EXACT = {1.0: -1.12453972, 1.4: -1.17447571, 1.8: -1.15506874, 2.4: -1.10242260, 3.0: -1.05732627}
STEP = 0.005


class Point(NamedTuple):
    """One distance: energy, the force that drives the nuclei apart, and its reference."""

    distance: float
    energy: pm.sampling.Estimate
    force: float
    error: float
    reference: float
    smaller_basis: float
    seconds: float


def molecule(distance: float) -> pm.vmc.Molecule:
    """Two protons on the z axis."""
    return pm.vmc.Molecule(name="H2", positions=((0.0, 0.0, 0.0), (0.0, 0.0, distance)))


def exact_in(basis: str, distance: float) -> float:
    """``−dE/dR`` of two electrons in a basis, hartree/bohr."""
    from pyscf import cc, gto, scf

    def energy(apart: float) -> float:
        atoms = gto.M(atom=f"H 0 0 0; H 0 0 {apart!r}", unit="bohr", basis=basis, verbose=0)
        return float(cc.CCSD(scf.RHF(atoms).run(conv_tol=1e-12)).run(conv_tol=1e-11).e_tot)

    return -(energy(distance + STEP) - energy(distance - STEP)) / (2 * STEP)


def point(distance: float, steps: int, measurements: int) -> Point:
    """Train, measure, and take the force from the measurement's walkers."""
    began = time.perf_counter()
    entry = pm.vmc.SYSTEMS["molecule"]
    recipe = replace(entry.recipe, steps=steps, measurements=measurements)
    state = entry.solve(molecule(distance), recipe, key=jax.random.key(0))
    found = pm.vmc.nuclear_forces(state.system, state.log_psi, state.measurement.walkers)
    # The two nuclei are pulled alike; the larger error of the two bounds that of their mean.
    force = (found.values[1, 2] - found.values[0, 2]) / 2
    error = float(np.max(found.errors[:, 2]))
    seconds = time.perf_counter() - began
    larger, smaller = (exact_in(basis, distance) for basis in ("cc-pv5z", "cc-pvqz"))
    print(distance, state.energy, force, error, larger, f"{seconds:.0f} s", flush=True)
    return Point(distance, state.energy, float(force), error, larger, smaller, seconds)


def page(points: list[Point], options: argparse.Namespace) -> str:
    """The table."""
    lines = [
        "# The bond of the hydrogen molecule: energy and force",
        "",
        f"Written by `python experiments/h2_forces.py --steps {options.steps} --measurements "
        f"{options.measurements} --write docs/results/h2-forces.md`, {datetime.date.today()}, "
        f"{os.cpu_count()} CPU cores, jax {jax.__version__}, float64, seed 0; message passing, 4 "
        "determinants. Fresh walkers, unclipped, blocked error bars. Energies beside Wolniewicz "
        "(1995), forces −dE/dR beside coupled clusters, exact for two electrons, in cc-pV5Z "
        "(central differences; in brackets its difference from cc-pVQZ). The force is the mean of "
        "both nuclei, its error bar the larger one of the two, an upper bound.",
        "",
        "![Energy with tangents of the measured force, and the force](h2-forces.png)",
        "",
        "| R (bohr) | energy | exact | difference | force | reference | difference | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in points:
        exact = EXACT[one.distance]
        away = (one.energy.mean - exact) / one.energy.error
        shown = pm.sampling.Estimate(one.force, one.error, 1.0, 1.0, 0.0, 1)
        off = one.force - one.reference
        cells = [f"{one.distance}", str(one.energy), f"{exact}"]
        cells += [f"{one.energy.mean - exact:+.1e} ({away:+.1f} σ)", str(shown)]
        cells += [f"{one.reference:.5f} ({one.reference - one.smaller_basis:+.0e})"]
        cells += [f"{off:+.1e} ({off / one.error:+.1f} σ)", f"{one.seconds:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def plot(path: Path, points: list[Point]) -> None:
    """Energies with the measured forces as tangents, and the forces."""
    at = np.array([one.distance for one in points])
    energies = np.array([one.energy.mean for one in points])
    forces = np.array([one.force for one in points])
    with pm.figures.figure(path, 1, 2) as axes:
        axes[0].plot(list(EXACT), list(EXACT.values()), "k.", label="exact")
        for r, energy, force in zip(at, energies, forces, strict=True):
            ends = np.array([r - 0.2, r + 0.2])
            axes[0].plot(ends, energy - force * (ends - r), color="C0")
        axes[0].plot(at, energies, "o", color="C0", fillstyle="none", label="measured, with slope")
        axes[0].set(xlabel="R (bohr)", ylabel="energy (hartree)")
        axes[0].legend(fontsize="small")
        axes[1].errorbar(at, forces, [one.error for one in points], fmt="o", label="measured")
        axes[1].plot(at, [one.reference for one in points], "kx", label="cc-pV5Z")
        axes[1].axhline(0.0, color="k", linewidth=0.5)
        axes[1].set(xlabel="R (bohr)", ylabel="$-dE/dR$ (hartree/bohr)")
        axes[1].legend(fontsize="small")


def main(options: argparse.Namespace) -> str:
    """All distances; with a path, the page is written beside its figure."""
    jax.config.update("jax_enable_x64", True)
    points = [point(distance, options.steps, options.measurements) for distance in EXACT]
    text = page(points, options)
    if options.write is not None:
        plot(options.write.with_suffix(".png"), points)
        options.write.write_text(text)
    return text


if __name__ == "__main__":
    parser: Any = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200, help="optimizer steps at each distance")
    parser.add_argument("--measurements", type=int, default=1000, help="of all walkers")
    parser.add_argument("--write", type=Path, help="file for the page; its figure stands beside it")
    print(main(parser.parse_args()))
