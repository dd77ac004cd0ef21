"""The energy of an eigenstate from states that approach it: extrapolation to zero variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.sampling import Estimate


class Extrapolation(NamedTuple):
    """A straight line through energies against variances.

    Attributes:
        energy: at zero variance, in hartree.
        error: its standard deviation from the energies' error bars, or from the scatter about the
            line where that is larger; the curvature of the true relation is in neither.
        slope: hartree of energy for a hartree² of variance.
        chi_square: the sum of squared residuals in units of the error bars; about the number of
            energies less two if they lie on a line.
        converged: whether the error bars of all energies are; else ``error`` may be too small.
    """

    energy: float
    error: float
    slope: float
    chi_square: float
    converged: bool = True


def extrapolate_in_variance(energies: Sequence[Any]) -> Extrapolation:
    """``E = E₀ + a σ²``, fitted by weighted least squares and read at ``σ² = 0``.

    For ``ψ = ψ₀ + ε φ`` both ``E − E₀`` and the variance of the local energy grow as ``ε²``, so
    states that differ by how much of the same error is left lie on a line. States of other nodes or
    another form need not: the result is no upper bound.

    Args:
        energies: ``Estimate`` of at least two states of one system, or what has such an
            ``energy`` (``GroundState``, ``Measurement``); variances and error bars are theirs.

    Returns:
        The line at zero variance.

    Raises:
        ShapeError: fewer than two energies.
        ConfigurationError: what is no ``Estimate``, an error bar of zero, or variances that are
            all equal.
        NonFiniteError: a number that is not finite.

    Sources: Kwon, Ceperley and Martin (1993), doi:10.1103/PhysRevB.48.12037; Taddei, Ruggeri,
    Moroni and Holzmann (2015), doi:10.1103/PhysRevB.91.115106.

    >>> import physml as pm
    >>> states = [pm.sampling.Estimate(-0.9, 0.01, 1, 1, 0.2, 100),
    ...           pm.sampling.Estimate(-0.95, 0.01, 1, 1, 0.1, 100)]
    >>> round(pm.vmc.extrapolate_in_variance(states).energy, 9)
    -1.0
    """
    found: list[Estimate] = [getattr(given, "energy", given) for given in energies]
    for one in found:
        if not isinstance(one, Estimate):
            raise ConfigurationError(
                "energies: expected Estimates, or what has one as its energy, got "
                f"{type(one).__name__}"
            )
    if len(found) < 2:
        raise ShapeError(f"energies: expected those of at least two states, got {len(found)}")
    mean, error, variance = (
        np.array([getattr(one, name) for one in found], float)
        for name in ("mean", "error", "variance")
    )
    if not np.all(np.isfinite([mean, error, variance])):
        raise NonFiniteError(f"energies: expected finite numbers, got {', '.join(map(str, found))}")
    if np.any(error <= 0):
        raise ConfigurationError("energies: expected error bars > 0, got one of 0 or less")
    if np.ptp(variance) == 0:
        raise ConfigurationError(
            f"energies: expected states of different variance, got {variance[0]:g} hartree² each"
        )
    design = np.stack([np.ones_like(variance), variance], axis=-1) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    line = covariance @ (design.T @ (mean / error))
    chi_square = float(np.sum((mean / error - design @ line) ** 2))
    scatter = max(1.0, chi_square / (len(found) - 2)) if len(found) > 2 else 1.0
    return Extrapolation(
        float(line[0]),
        float(np.sqrt(covariance[0, 0] * scatter)),
        float(line[1]),
        chi_square,
        all(one.converged for one in found),
    )
