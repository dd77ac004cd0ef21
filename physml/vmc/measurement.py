"""What was measured on fresh walkers: its numbers, made of a recorded walk."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physml.errors import NonFiniteError, SamplingError
from physml.sampling import Estimate, estimate
from physml.vmc.left_out import bearable, filled
from physml.vmc.walk import Walk


class Measurement(NamedTuple):
    """What was measured on fresh walkers.

    Attributes:
        energy: mean, blocked error, autocorrelation time and split-R̂ of the real part, in hartree;
            the variance is ``⟨|E_L − Ē|²⟩``, of real and imaginary part.
        local_energies: ``(steps, walkers)``, the real part, unclipped, in hartree; those not finite
            as they came.
        walkers: ``(snapshots, walkers, N, d)``, in bohr.
        acceptance: of the frozen moves.
        burn_in: steps before equilibrium was judged to be reached.
        compile_seconds: wall time of tracing and compiling, in this process.
        not_finite: local energies left out of ``energy``.
        first_not_finite: the first walker with one, ``(N, d)`` in bohr; None if all are finite.
        imaginary: ``Im⟨E_L⟩`` of a complex ψ, in hartree, with its own error bar: zero within it
            where the Hamiltonian is Hermitian and ``|ψ|²`` is sampled; None of a real ψ.
    """

    energy: Estimate
    local_energies: np.ndarray
    walkers: np.ndarray
    acceptance: float
    burn_in: int
    compile_seconds: float
    not_finite: int = 0
    first_not_finite: np.ndarray | None = None
    imaginary: Estimate | None = None


def measurement_of(walk: Walk, labels: np.ndarray | None, compile_seconds: float) -> Measurement:
    """The numbers of a walk.

    Args:
        walk: of frozen moves.
        labels: of walkers that started alike, ``(walkers,)``; None of one start.
        compile_seconds: to be told.

    Raises:
        NonFiniteError: if no local energy is finite.
    """
    energies = walk.local_energies
    energies = energies.astype(np.result_type(energies, np.float64))
    not_finite = count_not_finite(walk)
    first = walk.first_not_finite.astype(walk.walkers.dtype) if not_finite else None
    kept = filled(energies, walk.first_not_finite[None, None])
    energy = estimate(kept.real, groups=labels)._replace(samples=kept.size - not_finite)
    imaginary = None
    if np.iscomplexobj(kept):
        imaginary = estimate(kept.imag, groups=labels)._replace(samples=energy.samples)
        energy = energy._replace(variance=energy.variance + imaginary.variance)
    return Measurement(
        energy,
        energies.real,
        np.array(walk.walkers),
        float(np.mean(walk.acceptance)),
        int(walk.burn_in),
        compile_seconds,
        not_finite,
        first,
        imaginary,
    )


def count_not_finite(walk: Walk) -> int:
    """How many local energies are not finite."""
    return int(np.sum(~np.isfinite(walk.local_energies)))


def too_many(walk: Walk, steps: int) -> bool:
    """Whether more local energies are not finite than may be left out of so many steps."""
    return count_not_finite(walk) > bearable(steps * walk.local_energies.shape[1])


def check_measurement(measured: Measurement, steps: int) -> None:
    """Refuse a measurement that means nothing.

    Args:
        measured: whose ``local_energies`` may be of fewer steps.
        steps: that were asked for.

    Raises:
        NonFiniteError: more local energies that are not finite than may be left out.
        SamplingError: chains that do not move.
    """
    energies, not_finite = measured.local_energies, measured.not_finite
    most = bearable(steps * energies.shape[1])
    if not_finite > most:
        error = NonFiniteError(
            f"{not_finite} of {energies.size} local energies are not finite, of {steps} × "
            f"{energies.shape[1]} at most {most} are left out; first at "
            f"{np.asarray(measured.first_not_finite).tolist()}. Expected finite numbers away from "
            "coinciding particles: check the Hamiltonian there. What was measured is in the "
            "error's .kept"
        )
        error.kept = measured
        raise error
    if not measured.acceptance > 0.01:
        raise SamplingError(
            f"chains do not move: acceptance {measured.acceptance:.3f}, expected above 0.01: is "
            "log ψ finite at the walkers?"
        )
