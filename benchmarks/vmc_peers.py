"""Local energies, log ψ and steps a second, beside NetKet, in one run; and the cost against N.

The dot of six electrons with the same linen network, walkers, sweeps and precision in both: each in
a process of its own, in turn, round after round. Then physml alone on the electron gas of 14, 38
and 54 electrons: what a local energy costs in evaluations of log ψ, and the exponents in N.

Expected: three times NetKet's local energies a second on the dot; a local energy within 16
evaluations of log ψ on the dot of six and within 50 on the gas of fourteen.

Run: python benchmarks/vmc_peers.py --netket PYTHON [--rounds 3] [--write PAGE]
with the interpreter of an environment that has netket and what physml needs.
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
from typing import Any

import jax
import numpy as np

import physml as pm

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parent.parent
ELECTRONS = (7, 19, 27)


def run(python: str, script: str, options: argparse.Namespace) -> dict[str, Any]:
    """What a library's script measured."""
    command = [python, str(PEERS / script)]
    for name in ("walkers", "sweeps", "repeats"):
        command += [f"--{name}", str(getattr(options, name))]
    path = os.pathsep.join([str(ROOT), str(PEERS)])
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
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
    system = pm.ElectronGas(n_up=spin, n_down=spin, rs=2.0)
    psi = pm.MessagePassing(system, width=32, iterations=2)
    x = system.walkers(jax.random.key(0), walkers)
    params = jax.jit(psi.init)(jax.random.key(1), x[0])
    log_psi = lambda params, x: psi.apply(params, x).log
    log = jax.jit(jax.vmap(log_psi, in_axes=(None, 0)))
    local = jax.jit(partial(pm.local_energies, system.local_energy, log_psi))
    return (
        rate(lambda: log(params, x), walkers, repeats),
        rate(lambda: local(params, x), walkers, repeats),
    )


def shown(values: list[float]) -> str:
    """Median and range."""
    digits = "{:.3g}".format
    return f"{digits(np.median(values))} ({digits(min(values))}–{digits(max(values))})"


def main(options: argparse.Namespace) -> str:
    """Measure everything and return the page."""
    runners = {"physml": (sys.executable, "vmc_physml.py")}
    if options.netket:
        runners["NetKet"] = (options.netket, "vmc_netket.py")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in runners}
    for _ in range(options.rounds):
        for name, (python, script) in runners.items():
            found[name].append(run(python, script, options))
            print(name, found[name][-1], flush=True)

    def all_of(name: str, what: str) -> list[float]:
        return [value for one in found[name] for value in one[what]]

    cores = len(os.sched_getaffinity(0))
    lines = [
        "# Ground states: speed",
        "",
        f"Written by `python benchmarks/vmc_peers.py --netket PYTHON --rounds {options.rounds} "
        f"--write docs/results/vmc-speed.md`, {datetime.date.today()}; {cores} CPU "
        f"core{'s' if cores > 1 else ''}. Median and range of {options.rounds} rounds of "
        f"{options.repeats} repeats, the libraries in turn.",
        "",
        "## The dot of six electrons",
        "",
        f"The same linen network (message passing, 1 × 16), {options.walkers} walkers, "
        f"{options.sweeps} sweeps a step, float64, natural gradient in sample space without "
        "momentum. A step is sampling, local energies, gradient and solve together.",
        "",
        "| library | log ψ a second | local energies a second | sampling, s | a step, s | "
        "local energy in log ψ |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        cost = np.median(all_of(name, "log_psi")) / np.median(all_of(name, "local_energy"))
        cells = [shown(all_of(name, what)) for what in _COLUMNS]
        lines.append(f"| {rows[0]['about']} | {' | '.join(cells)} | {cost:.1f} |")
    if "NetKet" in found:
        ratios = [
            np.median(all_of("physml", what)) / np.median(all_of("NetKet", what))
            for what in _COLUMNS
        ]
        lines.append(
            f"| physml over NetKet | {ratios[0]:.2f} | {ratios[1]:.2f} | 1/{1 / ratios[2]:.2f} | "
            f"1/{1 / ratios[3]:.2f} | |"
        )
    lines += [
        "",
        "## The electron gas against N",
        "",
        "Message passing 2 × 32, float32, 64 walkers.",
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
    parser.add_argument("--walkers", type=int, default=1024, help="of the dot")
    parser.add_argument("--sweeps", type=int, default=10, help="moves of each walker a step")
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement in a round")
    parser.add_argument("--rounds", type=int, default=3, help="of the libraries in turn")
    parser.add_argument("--write", type=Path, help="file for the page")
    print(main(parser.parse_args()))
