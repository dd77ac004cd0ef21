"""What the rooms of the loop take beyond jax, flax and optax, which they are built on.

Each import runs in a process of its own, the kinds in turn, so that a busy machine slows them
alike. Promised: at most 0.2 s more than the three themselves.

    python benchmarks/import_time.py [--repeats 7]

Run on two CPU cores (AVX-512, 2026-11-30): see the table that it prints.
"""

import argparse
import subprocess
import sys
from statistics import median

KINDS = {
    "jax, flax, optax": "import jax, flax, optax, flax.linen",
    "physml": "import physml as pm; pm.calculus, pm.networks, pm.optim, pm.sampling, pm.train",
    "physml, both rooms": "import physml as pm; pm.pinn, pm.vmc",
}
PROMISED = 0.2


def seconds(statement: str) -> float:
    """Processor time of one import in a fresh process."""
    code = (
        f"import time; began = time.process_time(); {statement}; print(time.process_time() - began)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(ran.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    for statement in KINDS.values():
        seconds(statement)  # the first one reads the disk
    measured = {kind: [] for kind in KINDS}
    for _ in range(repeats):
        for kind, statement in KINDS.items():
            measured[kind].append(seconds(statement))
    floor = median(measured["jax, flax, optax"])
    print(f"{'import':<20} {'median s':>9} {'ratio':>6} {'more s':>7}")
    for kind, times in measured.items():
        here = median(times)
        print(f"{kind:<20} {here:9.3f} {here / floor:6.2f} {here - floor:7.3f}")
    more = median(measured["physml"]) - floor
    print(f"promised: at most {PROMISED} s more; {'kept' if more <= PROMISED else 'BROKEN'}")
    sys.exit(more > PROMISED)


if __name__ == "__main__":
    main()
