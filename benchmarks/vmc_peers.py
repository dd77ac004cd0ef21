"""Local energies, log ψ and steps a second, beside NetKet and DeepQMC; and the cost against N.

The dot of six and the electron gas of fourteen beside NetKet, with the same linen network, walkers,
sweeps and precision in both; LiH beside DeepQMC, each with its own FermiNet of the same sizes. Each
library in a process of its own, in turn, round after round. Then physml alone on the gas of 14, 38
and 54 electrons: what a local energy costs in evaluations of log ψ, and the exponents in N.

Expected: three times NetKet's local energies a second on the dot; a local energy within 16
evaluations of log ψ on the dot of six and within 50 on the gas of fourteen.

Run: python benchmarks/vmc_peers.py --netket PYTHON --deepqmc PYTHON [--write PAGE]
with the interpreters of environments that have netket or deepqmc, and what physml needs.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import physml as pm

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parent.parent
ELECTRONS = (7, 19, 27)


class Comparison(NamedTuple):
    """A system, what it is in words, its walkers, and the library beside physml's."""

    title: str
    about: str
    walkers: int
    peer: str


COMPARISONS = {
    "dot": Comparison(
        "The dot of six electrons",
        "The same linen network in both (message passing, 1 × 16), float64, natural gradient in "
        "sample space without momentum. A step is sampling, local energies, gradient and solve "
        "together.",
        1024,
        "NetKet",
    ),
    "gas": Comparison(
        "The electron gas of fourteen",
        "The same linen network in both (message passing, 2 × 32, lifted pairs), float64, natural "
        "gradient as above.",
        128,
        "NetKet",
    ),
    "lih": Comparison(
        "LiH",
        "Each library's own FermiNet with 2 layers of width 32, pairs of width 8 and 4 "
        "determinants, float32; physml's has a backflow, a Jastrow factor and exact cusps besides, "
        "DeepQMC's none of them; forward Laplacian in both. Steps are not compared: DeepQMC's "
        "optimizer is KFAC.",
        1024,
        "DeepQMC",
    ),
}
SCRIPTS = {"NetKet": "vmc_netket.py", "DeepQMC": "vmc_deepqmc.py"}


def run(python: str, script: str, system: str, options: argparse.Namespace) -> dict[str, Any]:
    """What a library's script measured."""
    command = [python, str(PEERS / script), "--system", system]
    command += ["--walkers", str(COMPARISONS[system].walkers)]
    for name in ("sweeps", "repeats"):
        command += [f"--{name}", str(getattr(options, name))]
    path = os.pathsep.join([str(ROOT), str(PEERS)])
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=options.limit,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{script}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rate(call: Callable[[], Any], count: int, repeats: int) -> list[float]:
    """Walkers a second of each call, after one that compiles."""
    jax.block_until_ready(call())
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(call())
        found.append(count / (time.perf_counter() - begin))
    return found


def gas(spin: int, repeats: int, walkers: int = 64) -> tuple[list[float], list[float]]:
    """Rates of log ψ and of local energies for ``2 spin`` electrons, float32."""
    system = pm.vmc.ElectronGas(n_up=spin, n_down=spin, rs=2.0)
    psi = pm.vmc.MessagePassing(system, width=32, iterations=2)
    x = system.walkers(jax.random.key(0), walkers)
    params = jax.jit(psi.init)(jax.random.key(1), x[0])
    log_psi = lambda params, x: psi.apply(params, x).log
    log = jax.jit(jax.vmap(log_psi, in_axes=(None, 0)))
    local = jax.jit(partial(pm.vmc.local_energies, system.local_energy, log_psi))
    return (
        rate(lambda: log(params, x), walkers, repeats),
        rate(lambda: local(params, x), walkers, repeats),
    )


def shown(values: list[float]) -> str:
    """Median and range."""
    digits = "{:.3g}".format
    if not values:
        return "–"
    return f"{digits(np.median(values))} ({digits(min(values))}–{digits(max(values))})"


def compare(system: str, pythons: dict[str, str], options: argparse.Namespace) -> list[str]:
    """The section of one system: every library round after round, and the ratios of medians."""
    case = COMPARISONS[system]
    runners = {"physml": (sys.executable, "vmc_physml.py")}
    if case.peer in pythons:
        runners[case.peer] = (pythons[case.peer], SCRIPTS[case.peer])
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in runners}
    for _ in range(options.rounds):
        for name, (python, script) in runners.items():
            try:
                found[name].append(run(python, script, system, options))
            except subprocess.TimeoutExpired:
                # Several batches of LAPACK calls in one program can stand still for ever.
                print(f"{system} {name}: stopped after {options.limit:.0f} s", flush=True)
                continue
            print(system, name, found[name][-1], flush=True)
    found = {name: rows for name, rows in found.items() if rows}

    def all_of(name: str, what: str) -> list[float]:
        return [value for one in found[name] for value in one[what]]

    lines = [
        f"## {case.title}",
        "",
        f"{case.about} {case.walkers} walkers, {options.sweeps} sweeps a step.",
        "",
        "| library | parameters | log ψ a second | local energies a second | sampling, s "
        "| a step, s | local energy in log ψ |",
        "|---|---|---|---|---|---|---|",
    ]
    if case.peer in runners and case.peer not in found:
        lines[-2:-2] = [f"{case.peer} did not end within {options.limit:.0f} s in any round.", ""]
    for name, rows in found.items():
        cost = np.median(all_of(name, "log_psi")) / np.median(all_of(name, "local_energy"))
        cells = [shown(all_of(name, what)) for what in _COLUMNS]
        lines.append(
            f"| {rows[0]['about']} | {rows[0]['parameters']} | {' | '.join(cells)} | {cost:.1f} |"
        )
    if case.peer in found:
        ratios = []
        for what in _COLUMNS:
            mine, other = all_of("physml", what), all_of(case.peer, what)
            rates = what in ("log_psi", "local_energy")
            by = np.median(mine) / np.median(other) if mine and other else None
            ratios.append("–" if by is None else f"{by if rates else 1 / by:.2f}")
        lines.append(f"| physml, times as fast | | {' | '.join(ratios)} | |")
    return [*lines, ""]


def main(options: argparse.Namespace) -> str:
    """Measure everything and return the page."""
    given = {"NetKet": options.netket, "DeepQMC": options.deepqmc}
    pythons = {name: python for name, python in given.items() if python}
    cores = len(os.sched_getaffinity(0))
    lines = [
        "# Ground states: speed",
        "",
        "Written by `python benchmarks/vmc_peers.py --netket PYTHON --deepqmc PYTHON --rounds "
        f"{options.rounds} --repeats {options.repeats} --write docs/results/vmc-speed.md`, "
        f"{datetime.date.today()}; {cores} CPU core{'s' if cores > 1 else ''}. Median and range of "
        f"{options.rounds} rounds of {options.repeats} repeats (two of a step), the libraries in "
        "turn, compiling excluded.",
        "",
    ]
    for system in COMPARISONS:
        lines += compare(system, pythons, options)
    lines += [
        "## The electron gas against N",
        "",
        "physml alone: message passing 2 × 32, float32, 64 walkers.",
        "",
        "| electrons | log ψ a second | local energies a second | local energy in log ψ |",
        "|---|---|---|---|",
    ]
    medians = []
    for spin in ELECTRONS:
        log, local = gas(spin, options.repeats)
        medians.append((np.median(log), np.median(local)))
        cost = medians[-1][0] / medians[-1][1]
        lines.append(f"| {2 * spin} | {shown(log)} | {shown(local)} | {cost:.1f} |")
        print(lines[-1], flush=True)
    slopes = [
        -np.polyfit(np.log([2 * spin for spin in ELECTRONS]), np.log(rates), 1)[0]
        for rates in zip(*medians, strict=True)
    ]
    lines += ["", f"Fitted: log ψ costs N^{slopes[0]:.1f}, a local energy N^{slopes[1]:.1f}.", ""]
    text = "\n".join(lines)
    if options.write is not None:
        options.write.write_text(text)
    return text


_COLUMNS = ("log_psi", "local_energy", "sampling", "step")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--netket", help="interpreter of an environment with netket")
    parser.add_argument("--deepqmc", help="interpreter of an environment with deepqmc")
    parser.add_argument("--sweeps", type=int, default=10, help="moves of each walker a step")
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement in a round")
    parser.add_argument("--rounds", type=int, default=3, help="of the libraries in turn")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one process")
    parser.add_argument("--write", type=Path, help="file for the page")
    print(main(parser.parse_args()))
