"""A measured ground state in numbers and in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax

from physml.sampling import Estimate
from physml.vmc.systems.system import Reference

if TYPE_CHECKING:
    from physml.vmc.measured_state import GroundState

# By how many error bars an imaginary part may be off zero, and by how much of the local energies'
# size through rounding in single precision.
_SIGMAS = 5.0
_ROUNDING = 1e-5


def numbers(state: GroundState) -> dict[str, Any]:
    """Energies in hartree with their error bars, what judges them, and what they are held against.

    Returns:
        Plain data, as ``result.json`` holds it.
    """
    reference, measured = state.reference, state.measurement
    first, imaginary = measured.first_not_finite, measured.imaginary
    return {
        "system": state.system.name,
        "energy": state.energy.mean,
        "energy_error": state.energy.error,
        "energy_per_particle": state.energy_per_particle.mean,
        "energy_per_particle_error": state.energy_per_particle.error,
        "variance": state.variance,
        "imaginary": None if imaginary is None else imaginary.mean,
        "imaginary_error": None if imaginary is None else imaginary.error,
        "reference": None if reference is None else reference.energy,
        "reference_error": None if reference is None else reference.error,
        "reference_source": None if reference is None else reference.source,
        "acceptance": measured.acceptance,
        "autocorrelation": state.energy.tau,
        "rhat": state.energy.rhat,
        "converged": state.energy.converged,
        "not_finite": measured.not_finite,
        "first_not_finite": None if first is None else first.tolist(),
        "steps": len(state.history.get("loss", ())),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(state.params)),
        "walkers": measured.walkers.shape[1],
        "compile_seconds": measured.compile_seconds
        + (0.0 if state.result is None else state.result.compile_seconds),
    }


def words(state: GroundState) -> dict[str, str]:
    """The same for a reader."""
    measured = state.measurement
    said = {
        "energy": f"{state.energy} hartree",
        "per particle": f"{state.energy_per_particle} hartree",
        "reference": exact(state.reference),
        "difference": difference(state.energy, state.reference),
        "variance": f"{state.variance:.3g} hartree²",
    }
    if measured.imaginary is not None:  # what ought to be zero of a complex ψ
        said["imaginary part"] = f"{measured.imaginary} hartree"
    said |= {
        "acceptance": f"{100 * measured.acceptance:.0f}%",
        "autocorrelation": f"{state.energy.tau:.3g} measurements",
        "split-R̂": f"{state.energy.rhat:.3f}",
        "error bar": "converged" if state.energy.converged else "not converged, may be too small",
    }
    if measured.not_finite:
        said["left out"] = left_out(state)
    return said


def exact(reference: Reference | None) -> str:
    """A reference, its own error and its source."""
    if reference is None:
        return "none known for these numbers"
    value = f"{reference.energy:.12g}"
    if reference.error > 0:
        value = str(_bar(reference))
    return f"{value} hartree ({reference.source})"


def difference(energy: Estimate, reference: Reference | None) -> str:
    """The distance to a reference, in hartree and in both errors' σ."""
    if reference is None:
        return "unknown"
    distance = energy.mean - reference.energy
    error = math.hypot(energy.error, reference.error)
    sigmas = f" ({abs(distance) / error:.1f} σ)" if error > 0 else ""
    return f"{distance:+.2g} hartree{sigmas}"


def left_out(state: GroundState) -> str:
    """How many local energies were left out, and the first walker with one."""
    first: Any = state.measurement.first_not_finite
    count = state.measurement.not_finite
    return f"{count} local energies are not finite, first at {first.tolist()} bohr"


def doubts(state: GroundState) -> tuple[str, ...]:
    """Why not to trust the energy or its error bar, a sentence each."""
    found = []
    if not state.energy.converged:
        found.append("the error bar has not converged, it may be too small: more measurements")
    imaginary = state.measurement.imaginary
    if imaginary is not None and _is_there(imaginary, state.energy):
        found.append(
            f"the energy has an imaginary part of {imaginary} hartree, which a Hermitian "
            "Hamiltonian has not where |ψ|² is sampled: check the Hamiltonian, or sample more"
        )
    if state.measurement.not_finite:
        found.append(left_out(state))
    return tuple(found)


def _is_there(imaginary: Estimate, energy: Estimate) -> bool:
    """Whether an imaginary part is more than its error bar and rounding explain."""
    size = abs(energy.mean) + math.sqrt(energy.variance)
    return abs(imaginary.mean) > _SIGMAS * imaginary.error + _ROUNDING * size


def _bar(reference: Reference) -> Estimate:
    mean, error = reference.energy, reference.error
    return Estimate(mean, error, tau=1.0, rhat=1.0, variance=0.0, samples=1)
