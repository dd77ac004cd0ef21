"""What the scripts of the ground-state benchmark share: the system, the network and the clock."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import physml as pm


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--walkers", type=int, default=1024)
    parser.add_argument("--sweeps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def dot_and_network() -> tuple[pm.QuantumDot, pm.MessagePassing]:
    """Six electrons at ω = 1, and one round of messages of width 16."""
    dot = pm.QuantumDot(n_up=3, n_down=3)
    return dot, pm.MessagePassing(dot, width=16, iterations=1)


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
