"""Ground states by variational Monte Carlo, as one table.

Expected: what the column "asked" says, on two free CPU cores, compilation included; the references
and their sources stand with the systems (`physml list`). Energies come from fresh walkers after
training, unclipped, with blocked error bars, in hartree: totals, and per electron for the electron
gas. Finished rows are kept in a JSON file, so that a study of hours can be taken up again.

Run: python experiments/vmc_table.py [LABEL ...] [--seeds 0 1 2] [--write docs/results/vmc.md]
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import jax

import physml as pm


@dataclass(frozen=True)
class Case:
    """A row: a system of the catalogue with its numbers, a recipe with its changes, what is asked.

    Attributes:
        system: the name in the catalogue.
        asked: the energy asked for, in words.
        numbers: of the system, where they are not its defaults.
        recipe: fields of the recipe that are not the catalogue's.
        optimizer: fields of its optimizer.
        wavefunction: which, where it is not the catalogue's.
        precision: bits of a number.
    """

    system: str
    asked: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    wavefunction: pm.vmc.WavefunctionSettings | None = None
    precision: int = 64

    def chosen(self) -> Any:
        """The whole recipe."""
        recipe = pm.vmc.SYSTEMS[self.system].recipe
        return replace(
            recipe,
            optimizer=replace(recipe.optimizer, **self.optimizer),
            wavefunction=self.wavefunction or recipe.wavefunction,
            **self.recipe,
        )


_STATE = pm.vmc.WavefunctionSettings

_SLATER = {"steps": 0, "walkers": 1024, "sweeps": 30}

RHAT = 1.05

CASES = {
    "oscillator": Case("harmonic-oscillator", "0.5"),
    "double well": Case("double-well", "0.1472351"),
    "hydrogen": Case("hydrogen", "−0.50000(1)"),
    "dot N = 2, ω = 1": Case("quantum-dot", "3.0000(1) in a minute"),
    "dot N = 2, ω = 1/6": Case("quantum-dot", "0.66667(5) in a minute", {"omega": 1 / 6}),
    "dot N = 2, ω = 1: message passing": Case(
        "quantum-dot",
        "3, exact",
        {},
        {"walkers": 512, "steps": 250, "measurements": 6000},
        optimizer={"max_norm": 0.3},
        wavefunction=_STATE(name="message-passing", width=24),
    ),
    "dot N = 3, polarised, ω = 1": Case(
        "quantum-dot",
        "as exact diagonalisation",
        {"n_up": 3, "n_down": 0},
        {"walkers": 512, "steps": 200, "measurements": 600},
        optimizer={"max_norm": 0.3},
        wavefunction=_STATE(name="message-passing", width=16),
    ),
    "dot N = 6, ω = 1: Slater": Case(
        "quantum-dot",
        "",
        {"n_up": 3, "n_down": 3},
        _SLATER | {"steps": 300},
        wavefunction=_STATE(name="slater"),
    ),
    "dot N = 6, ω = 1: Slater–RBM": Case(
        "quantum-dot",
        "",
        {"n_up": 3, "n_down": 3},
        {"walkers": 1024, "steps": 400},
        optimizer={"max_norm": 0.3},
        wavefunction=_STATE(name="slater-rbm", hidden=8),
    ),
    "dot N = 6, ω = 1: Slater–Jastrow": Case(
        "quantum-dot", "", {"n_up": 3, "n_down": 3}, {"walkers": 512}, optimizer={"max_norm": 0.3}
    ),
    "dot N = 6, ω = 1": Case(
        "quantum-dot",
        "≤ 20.165 in 10 min",
        {"n_up": 3, "n_down": 3},
        {"walkers": 512, "steps": 250, "measurements": 200},
        optimizer={"max_norm": 0.3},
        wavefunction=_STATE(name="message-passing", width=24),
    ),
    "dot N = 12, ω = 1": Case(
        "quantum-dot",
        "≤ 65.75 in an hour",
        {"n_up": 6, "n_down": 6},
        {"walkers": 512, "steps": 300, "measurements": 200},
        optimizer={"max_norm": 0.3},
        wavefunction=_STATE(name="message-passing", width=24),
        precision=32,
    ),
    "dot N = 20, ω = 1": Case(
        "quantum-dot",
        "stretch: 155.89 on a GPU",
        {"n_up": 10, "n_down": 10},
        {"walkers": 512, "steps": 250, "measurements": 200},
        optimizer={"max_norm": 0.3},
        wavefunction=_STATE(name="message-passing", width=24),
        precision=32,
    ),
    "dot N = 20, ω = 1: Slater–Jastrow": Case(
        "quantum-dot",
        "≤ 156.1",
        {"n_up": 10, "n_down": 10},
        {"walkers": 512},
        optimizer={"max_norm": 0.3},
        precision=32,
    ),
    "electron gas (7, 7), r_s = 1: Slater": Case(
        "electron-gas",
        "within 2σ of Hartree–Fock, σ ≤ 1e-4",
        {"rs": 1.0},
        _SLATER | {"measurements": 4000},
        wavefunction=_STATE(name="slater"),
    ),
    "electron gas (7, 7), r_s = 2: Slater": Case(
        "electron-gas",
        "within 2σ of Hartree–Fock, σ ≤ 1e-4",
        {"rs": 2.0},
        _SLATER | {"measurements": 1200},
        wavefunction=_STATE(name="slater"),
    ),
    "electron gas (7, 7), r_s = 5: Slater": Case(
        "electron-gas",
        "within 2σ of Hartree–Fock, σ ≤ 1e-4",
        {"rs": 5.0},
        _SLATER | {"measurements": 400},
        wavefunction=_STATE(name="slater"),
    ),
    "electron gas (7, 7), r_s = 1": Case(
        "electron-gas",
        "≤ 0.570400: 95% of the correlation energy",
        {"rs": 1.0},
        {"steps": 300, "measurements": 200},
        precision=32,
    ),
    "electron gas (7, 7), r_s = 2": Case(
        "electron-gas",
        "≤ −0.00840 in 2 h, σ ≤ 3e-5",
        {"rs": 2.0},
        {"steps": 1200, "measurements": 200},
        precision=32,
    ),
    "electron gas (7, 7), r_s = 5": Case(
        "electron-gas",
        "≤ −0.078803: 95% of the correlation energy",
        {"rs": 5.0},
        {"steps": 400, "measurements": 200},
        precision=32,
    ),
    "electron gas (27, 27), r_s = 2": Case(
        "electron-gas",
        "one optimised run on a GPU",
        {"n_up": 27, "n_down": 27, "rs": 2.0},
        {"walkers": 128, "sweeps": 10, "steps": 250, "measurements": 50},
        precision=32,
    ),
    "He": Case("atom", "−2.9036 in 30 min", {"symbol": "He"}, {"steps": 300, "measurements": 2000}),
    "Be": Case("atom", "−14.664 in 30 min", {"symbol": "Be"}, {"steps": 600, "measurements": 1000}),
    "H₂, R = 1.401": Case(
        "molecule", "−1.1743", {"name": "H2"}, {"steps": 200, "measurements": 1000}
    ),
    "LiH, R = 3.015": Case(
        "molecule", "−8.068", {"name": "LiH"}, {"steps": 600, "measurements": 1000}
    ),
    "LiH, R = 3.015: FermiNet": Case(
        "molecule",
        "",
        {"name": "LiH"},
        {"steps": 600, "measurements": 500},
        wavefunction=_STATE(name="ferminet", determinants=4),
    ),
    "LiH, R = 3.015: PsiFormer": Case(
        "molecule",
        "",
        {"name": "LiH"},
        {"steps": 600, "measurements": 500},
        wavefunction=_STATE(name="psiformer", determinants=4),
    ),
    "Ne": Case(
        "atom",
        "−128.90 on a GPU",
        {"symbol": "Ne"},
        {"walkers": 1024, "steps": 800, "measurements": 400},
        optimizer={"learning_rate": 0.02, "decay": 100.0, "max_norm": 0.2},
        wavefunction=_STATE(name="message-passing", width=24, determinants=4),
    ),
    "fermions on a line N = 2, V₀ = −10": Case(
        "spinless-fermions", "as exact diagonalisation", {"particles": 2, "strength": -10.0}
    ),
    "fermions on a line N = 3, V₀ = 10": Case(
        "spinless-fermions", "as exact diagonalisation", {"particles": 3, "strength": 10.0}
    ),
    "fermions on a line N = 3, V₀ = −20": Case(
        "spinless-fermions", "as exact diagonalisation", {"particles": 3, "strength": -20.0}
    ),
    "Calogero N = 5, β = 2": Case("calogero", "22.500(5)"),
    "hard spheres N = 10, γ = √8, a = 0.0043": Case(
        "trapped-bosons",
        "from 24.142 (ideal) to 24.402 (mean field), σ ≤ 1e-2",
        {"elongation": 8**0.5},
    ),
    "Ising chain N = 20, h = J": Case("ising-chain", "relative 1e-4"),
    "Heisenberg chain N = 20": Case("heisenberg-chain", "relative 1e-3"),
    "Heisenberg square 4 × 4": Case("heisenberg-square", "relative 1e-3", {"side": 4}),
    "Heisenberg square 4 × 4, J₂ = ½": Case(
        "heisenberg-square", "an upper bound", {"side": 4, "next_coupling": 0.5}
    ),
}
"""The rows by their labels, in the order of the table."""


@dataclass(frozen=True)
class Config:
    """Which rows and seeds; where rows and runs are kept, and where the page is written."""

    labels: tuple[str, ...] = tuple(CASES)
    seeds: tuple[int, ...] = (0,)
    kept: Path = Path("docs/results/vmc.json")
    runs: Path | None = None
    write: Path | None = None
    again: bool = False


def commit() -> str:
    """The version of the source, with a mark where its files differ from it."""

    def git(*asked: str) -> str:
        return subprocess.run(("git", *asked), capture_output=True, text=True, check=True).stdout

    changed = git("status", "--porcelain", "--", "physml", "experiments").strip()
    return git("rev-parse", "--short=7", "HEAD").strip() + ("-dirty" if changed else "")


def usable_cores() -> int | None:
    """Those that this process may use, where the system says so; else all."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count()


def numerics(label: str, seed: int) -> str:
    """A digest of all that decides a row's numbers, as the source is now."""
    case = CASES[label]
    jax.config.update("jax_enable_x64", case.precision == 64)
    entry = pm.vmc.SYSTEMS[case.system]
    system = replace(entry.subject, **case.numbers)
    return pm.train.numerics(entry, system, case.chosen(), jax.random.key(seed))


def stated(settings: Any) -> Any:
    """Settings without those that are None: an option that came later changes no older recipe."""
    if not isinstance(settings, dict):
        return settings
    return {name: stated(value) for name, value in settings.items() if value is not None}


def made_by(row: dict[str, Any]) -> str:
    """The commit that a row was made by, and whether its numbers would be others now."""
    if stated(row["recipe"]) != stated(settings(row["label"])):
        return f"{row.get('commit', '')} stale: another recipe now"
    if "numerics" not in row:
        return "stale: kept before commits were"
    same = row["numerics"] == numerics(row["label"], row["seed"])
    return row["commit"] if same else f"{row['commit']} stale: other numerics now"


def ground_state(label: str, seed: int, runs: Path | None = None) -> dict[str, Any]:
    """One row: energy, error bar, seconds with compilation, what it ran on."""
    case = CASES[label]
    jax.config.update("jax_enable_x64", case.precision == 64)
    jax.clear_caches()
    entry, recipe = pm.vmc.SYSTEMS[case.system], case.chosen()
    system = replace(entry.subject, **case.numbers)
    began = time.perf_counter()

    def show(update: pm.train.Update) -> None:
        seconds = time.perf_counter() - began
        found = {name: update.metrics[name] for name in ("energy", "variance", "acceptance")}
        print(f"  {update.step}", found, f"{seconds:.0f} s", flush=True)

    with _run(label, seed, runs) as run:
        state = entry.solve(
            system,
            recipe,
            key=jax.random.key(seed),
            run=run,
            callbacks=[pm.every(50, show)],
        )
    seconds = time.perf_counter() - began
    return {
        "label": label,
        "seed": seed,
        "particles": system.shape[0],
        "energy": state.energy.mean,
        "error": state.energy.error,
        "variance": state.variance,
        "tau": state.energy.tau,
        "rhat": state.energy.rhat,
        "converged": state.energy.converged,
        "acceptance": state.measurement.acceptance,
        "reference": reference(label),
        "seconds": seconds,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(state.params)),
        "recipe": settings(label),
        "commit": commit(),
        "numerics": numerics(label, seed),
        "date": str(datetime.date.today()),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "device": jax.devices()[0].device_kind,
        "cores": usable_cores(),
        "physml": pm.__version__,
    }


def reference(label: str) -> list[Any] | None:
    """Energy, error and source of what a row is held against, as JSON holds them."""
    case = CASES[label]
    entry = pm.vmc.SYSTEMS[case.system]
    system = replace(entry.subject, **case.numbers)
    found = pm.vmc.reference_of(system, case.chosen().wavefunction.build(system))
    return None if found is None else list(found)


def _run(label: str, seed: int, runs: Path | None) -> AbstractContextManager[pm.Run | None]:
    """A row's run directory, gone on with where it was begun by the same recipe."""
    if runs is None:
        return nullcontext()
    slug = "-".join(re.findall(r"\w+", label))
    directory = runs / f"{slug}-seed-{seed}"
    config = {"settings": settings(label), "seed": seed}
    for free in ("steps", "measurements"):  # a run may be made longer
        del config["settings"]["recipe"][free]
    if (directory / "config.json").exists():
        run = pm.Run.reopen(directory)
        if run.config == config:
            return run
        run.close()
    return pm.Run.create(directory, config, overwrite=True)


def settings(label: str) -> dict[str, Any]:
    """All that a row depends on, as JSON holds it."""
    case = CASES[label]
    chosen = {"recipe": asdict(case.chosen()), "system": case.system, "numbers": case.numbers}
    read: dict[str, Any] = json.loads(json.dumps(chosen | {"precision": case.precision}))
    return read


def line(row: dict[str, Any]) -> str:
    """A row of the page."""
    recipe, case = row["recipe"]["recipe"], CASES[row["label"]]
    each = row["particles"] if case.system == "electron-gas" else 1
    bar = _estimate(row["energy"] / each, row["error"] / each)
    # Rows kept before bars were judged: by R̂, where burn-in has its limit.
    trusted = row.get("converged", row["rhat"] < RHAT)
    shown = [str(bar._replace(converged=trusted))]
    if row["reference"] is None:
        shown += ["", ""]
    else:
        energy, error, source = row["reference"]
        away = row["energy"] - energy
        sigmas = away / math.hypot(row["error"], error)
        known = str(_estimate(energy / each, error / each)) if error else f"{energy / each:.10g}"
        shown += [f"{known}, {source}", f"{away / each:+.1e} ({sigmas:+.1f} σ)"]
    state = recipe["wavefunction"]
    what, sizes = state["name"], state.get("network", state)
    if "hidden" in sizes:
        what += f", {sizes['hidden']} hidden units"
    elif "density" in sizes:
        what += f", {sizes['density']} hidden units a spin"
    elif "width" in sizes:
        what += f", {sizes['depth']} × {sizes['width']}"
    if state.get("determinants", 1) > 1:
        what += f", {state['determinants']} determinants"
    cells = [row["label"], case.asked, *shown, f"{row['variance']:.1e}", f"{row['tau']:.1f}"]
    cells += [f"{row['rhat']:.3f}", what, str(row["parameters"]), str(row["seed"])]
    cells += [f"{row['seconds']:.0f}", f"{row['date']}, {row['cores']} core(s), jax {row['jax']}"]
    cells += [row.get("made_by", "")]
    return f"| {' | '.join(cells)} |"


def _estimate(mean: float, error: float) -> pm.sampling.Estimate:
    return pm.sampling.Estimate(mean, error, tau=1.0, rhat=1.0, variance=0.0, samples=1)


def page(rows: list[dict[str, Any]]) -> str:
    """The table of all rows."""
    titles = ["system", "asked", "energy", "reference", "difference", "variance", "τ", "split-R̂"]
    titles += ["wave function", "parameters", "seed", "seconds", "on", "commit"]
    lines = [
        "# Results: ground states",
        "",
        "Written by `python experiments/vmc_table.py [LABEL ...] --seeds 0 1 2 --write "
        "docs/results/vmc.md`. Fresh walkers after training, unclipped, blocked error bars, "
        "hartree; energies per electron for the electron gas. The difference to the reference is "
        "given in both errors' σ too. Seconds include compiling; other jobs shared the cores for "
        "some rows, so they are upper bounds. Every seed that was run with the present wave "
        "functions is shown, rows not listed were not. The message-passing electron gas at r_s = "
        "2 and 5 was trained on one core in two sittings with `--runs DIR`, 1,132 and 177 steps "
        "and the rest; its seconds are those of both. Between them the sum of determinants was "
        "rewritten, the same function without float32's cancellation near a node of the bare "
        "determinant.",
        "",
        "Be, H₂ and LiH by message passing were sampled with one width for all electrons, before "
        "moves became shorter near nuclei; neon and what is dated later with the latter. Neon's "
        "recipe is the third tried, chosen by the training of two others.",
        "",
        "Slater determinants at different r_s and one seed have the same walkers in units of r_s, "
        "so their deviations from Hartree–Fock are one draw of chance, not three.",
        "",
        "The dots of six and twelve electrons lie below diffusion Monte Carlo, 20.15932(8) and "
        "65.7001(1) (Høgberget, 2013), whose nodes are those of a trial state: an upper bound and "
        "not the exact energy, so a state with better nodes may. Six are held against an "
        "independent estimate, coupled cluster CCSD(T) in up to 11 shells of the oscillator with "
        "what full configuration interaction adds in up to 6: 20.1525(20), so that diffusion Monte "
        "Carlo is some 7 mHa high. Of twelve CCSD(T) alone extrapolates to 65.67(1). The same wave "
        "function is held against the exact energy of two electrons, and against exact "
        "diagonalisation of three polarised ones (`tests/vmc/test_exact_diagonalisation.py`), "
        "whose nodes it has to find.",
        "",
        "A row is stale where its recipe, or a program, an option or a random number that decides "
        "its numbers, is another in the source that wrote this page.",
        "",
        "References of 14 electrons in the gas are correlation energies of i-FCIQMC, −0.5325(4), "
        "−0.4447(4) and −0.306(1) hartree of all at r_s = 1, 2 and 5, on top of Hartree–Fock. "
        "Those of a Slater determinant in the gas are its exact Hartree–Fock energy.",
        "",
        f"| {' | '.join(titles)} |",
        "|" + "---|" * len(titles),
    ]
    order = list(CASES)
    known = sorted(
        (row for row in rows if row["label"] in CASES),
        key=lambda row: (order.index(row["label"]), row["seed"]),
    )
    return "\n".join([*lines, *map(line, known)]) + "\n"


def _keep(rows: list[dict[str, Any]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n")


def main(config: Config) -> str:
    """Run what is missing and return the page."""
    rows = json.loads(config.kept.read_text()) if config.kept.exists() else []
    for row in rows:  # what is known of a system may have become better since
        if row["label"] in CASES:
            row["reference"] = reference(row["label"])
    for seed in config.seeds:
        for label in config.labels:
            mine = [row for row in rows if (row["label"], row["seed"]) == (label, seed)]
            same = mine and stated(mine[0]["recipe"]) == stated(settings(label))
            if same and not config.again:
                continue
            rows = [row for row in rows if row not in mine]
            rows.append(ground_state(label, seed, config.runs))
            _keep(rows, config.kept)
            print(line(rows[-1]), flush=True)
    if config.write is not None:
        for row in rows:
            if row["label"] in CASES:
                row["made_by"] = made_by(row)
    text = page(rows)
    if config.write is not None:
        _keep(rows, config.kept)
        config.write.parent.mkdir(parents=True, exist_ok=True)
        config.write.write_text(text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labels", nargs="*", default=list(CASES), help="rows; all if none")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="random seeds")
    parser.add_argument("--kept", type=Path, default=Config.kept, help="file of finished rows")
    parser.add_argument("--runs", type=Path, help="directory of runs, to go on with long ones")
    parser.add_argument("--write", type=Path, help="file for the page")
    parser.add_argument("--again", action="store_true", help="run finished rows again")
    given = parser.parse_args()
    labels, seeds = tuple(given.labels), tuple(given.seeds)
    main(Config(labels, seeds, given.kept, given.runs, given.write, given.again))
