"""What is told of an Ising model at one temperature."""

from __future__ import annotations

from typing import NamedTuple


class Thermodynamics(NamedTuple):
    """Numbers of a site at a coupling ``K = J/T``.

    Attributes:
        log_partition: ``ln Z / N``; the free energy of a site is ``−T`` times it.
        energy: ``⟨E⟩/(N J) = −∂_K ln Z / N``.
        specific_heat: ``(⟨E²⟩ − ⟨E⟩²)/(N T²) = K² ∂²_K ln Z / N``, in units of Boltzmann's
            constant; infinite at the critical point of the infinite lattice.
    """

    log_partition: float
    energy: float
    specific_heat: float
