"""What the scripts of the ground-state benchmark share: the systems, the networks and the clock."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax

import physml as pm

SYSTEMS = ("dot", "gas", "lih")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", choices=SYSTEMS, default="dot")
    parser.add_argument("--walkers", type=int, default=1024)
    parser.add_argument("--sweeps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # DeepQMC computes in float32; the systems beside NetKet are in float64.
    jax.config.update("jax_enable_x64", options.system != "lih")
    return options


def system_and_network(name: str) -> tuple[Any, Any]:
    """The dot of six and the gas of fourteen by message passing, LiH by two layers of FermiNet."""
    if name == "dot":
        dot = pm.QuantumDot(n_up=3, n_down=3)
        return dot, pm.vmc.MessagePassing(dot, width=16, iterations=1)
    if name == "gas":
        gas = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=2.0)
        return gas, pm.vmc.MessagePassing(gas, width=32, iterations=2)
    molecule = pm.vmc.Molecule(name="LiH")
    return molecule, pm.vmc.FermiNet(molecule, width=32, iterations=2, determinants=4)


def walkers_of(system: Any, options: argparse.Namespace) -> Any:
    """Places to measure at: the system's own first walkers, or normal ones of about its size."""
    key = jax.random.key(options.seed)
    if hasattr(system, "walkers"):
        return system.walkers(key, options.walkers)
    return 0.7 * system.length * jax.random.normal(key, (options.walkers, *system.shape))


def seconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Wall time of each call, after one that compiles."""
    call()
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return found


def rate(call: Callable[[], object], options: argparse.Namespace) -> list[float]:
    """Walkers a second, of each call."""
    return [options.walkers / time for time in seconds(call, options.repeats)]
