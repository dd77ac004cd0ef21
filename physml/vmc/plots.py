"""What a ground state looks like: energy against step, and what its walkers tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from physml.figures import figure
from physml.vmc.measurement import Measurement
from physml.vmc.observables import (
    pair_correlation,
    pair_distribution,
    radial_density,
    spin_correlation,
    structure_factor,
)
from physml.vmc.systems.cell import Cell
from physml.vmc.systems.system import QuantumSystem, Reference


def overview(
    path: str | Path,
    system: QuantumSystem,
    history: Mapping[str, np.ndarray],
    measured: Measurement,
    *,
    reference: Reference | None,
) -> None:
    """Save three panels: the optimisation, and two observables that suit the system."""
    with figure(path, 1, 3) as axes:
        _energies(axes[0], system.name, history, measured, reference)
        if system.proposal is not None and system.shape[1] == 1:
            _spins(axes[1:], measured, system.lattice)
        elif system.cell is None:
            _open_space(axes[1:], measured)
        else:
            n_up = None if system.electrons is None else system.electrons.n_up
            _cell(axes[1:], measured, system.cell, n_up)


def _energies(
    axis: Any,
    name: str,
    history: Mapping[str, np.ndarray],
    measured: Measurement,
    reference: Reference | None,
) -> None:
    energies = history.get("energy", np.array([]))
    axis.plot(energies, linewidth=0.8)
    axis.set(xlabel="step", ylabel="energy (hartree)", title=name)
    centre = measured.energy.mean if reference is None else reference.energy
    if len(energies):
        tail = energies[len(energies) // 5 :]
        reach = max(1.2 * np.max(np.abs(tail - centre)), 1e-6)
        axis.set_ylim(centre - 0.3 * reach, centre + reach)
    if reference is not None:
        # Its source may be long, and a legend would widen the panel: the report tells it.
        axis.axhline(centre, color="k", linestyle="--", linewidth=1, label="reference")
        axis.legend(fontsize="small")


def _open_space(axes: Any, measured: Measurement) -> None:
    r, density = radial_density(measured.walkers)
    axes[0].plot(r, density)
    axes[0].set(xlabel="r (bohr)", ylabel=r"$n(r)$ (bohr$^{-d}$)", title="density")
    if measured.walkers.shape[2] > 1:
        r, pairs = pair_distribution(measured.walkers)
        axes[1].plot(r, pairs)
        axes[1].set(xlabel=r"$r_{12}$ (bohr)", ylabel="pairs (1/bohr)", title="distances")
    else:
        _local_energies(axes[1], measured)


def _cell(axes: Any, measured: Measurement, cell: Cell, n_up: int | None) -> None:
    walkers = measured.walkers
    count = walkers.shape[2] if n_up is None else n_up
    if walkers.shape[2] > 1:
        for name, found in pair_correlation(walkers, cell, n_up=count).items():
            label = f"{name} spins"
            axes[0].errorbar(found.at, found.values, found.errors, label=label, linewidth=1)
        axes[0].set(xlabel="r (bohr)", ylabel="$g(r)$", title="pair correlation")
        axes[0].axhline(1.0, color="k", linewidth=0.5)
        axes[0].legend(fontsize="small")
    else:
        _local_energies(axes[0], measured)
    factor = structure_factor(walkers, cell)
    axes[1].errorbar(factor.at, factor.values, factor.errors, fmt="o-", markersize=3, linewidth=1)
    axes[1].set(xlabel="k (1/bohr)", ylabel="$S(k)$", title="structure factor")
    axes[1].axhline(1.0, color="k", linewidth=0.5)


def _spins(axes: Any, measured: Measurement, lattice: tuple[int, ...] | None) -> None:
    found = spin_correlation(measured.walkers, lattice=lattice)
    axes[0].errorbar(found.at, found.values, found.errors, fmt="o-", markersize=3, linewidth=1)
    label = r"$\langle\sigma_i\sigma_{i+r}\rangle$"
    axes[0].set(xlabel="r (sites)", ylabel=label, title="spin correlation")
    _local_energies(axes[1], measured)


def _local_energies(axis: Any, measured: Measurement) -> None:
    local = measured.local_energies[np.isfinite(measured.local_energies)]
    # Those of an exact state differ by rounding alone, less than a bin can be wide.
    least = 1e-9 * max(1.0, float(np.max(np.abs(local))))
    low, high = float(local.min()), float(local.max())
    axis.hist(local, bins=80, range=(min(low, high - least), high))
    axis.set(xlabel="local energy (hartree)", ylabel="count", title="local energy")
