"""What the walkers of a system need of memory, judged before the first is drawn."""

from __future__ import annotations

from physml.memory import Need, check_memory
from physml.vmc.systems.system import QuantumSystem


def check_walkers(system: QuantumSystem, walkers: int, *, measurements: int = 0) -> None:
    """Refuse walkers, or measurements of them, that this machine's memory cannot hold.

    Args:
        system: whose walkers they are, ``(N, d)`` each.
        walkers: how many; they lie there before and after a move.
        measurements: of each, whose local energies are kept in double precision.

    Raises:
        ConfigurationError: with the sum, what the machine has, and what to lower.
    """
    n, d = system.shape
    each = f"{walkers} walkers × {n} × {d} coordinates"
    check_memory(
        "walkers", [Need(f"2 × {each}", 2 * walkers * n * d)], f"walkers, or {system.name}"
    )
    kept = Need(f"{measurements} × {walkers} local energies", measurements * walkers, 8)
    check_memory("measurements", [kept], "measurements or walkers", host=True)
