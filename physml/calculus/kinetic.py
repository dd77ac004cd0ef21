"""The kinetic energy of a wave function at one walker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from physml.calculus.derivatives import (
    Axis,
    as_point,
    check_different,
    check_field,
    over_axes,
    value_of,
)
from physml.calculus.laplacian import LaplacianMethod, method_for
from physml.errors import ShapeError
from physml.types import Field

__all__ = ["kinetic_energy"]


def kinetic_energy(
    log_psi: Field, *, axes: Sequence[Axis] | None = None, method: LaplacianMethod | None = None
) -> Callable[[ArrayLike], Array]:
    """Local kinetic energy: ``−½ ∇²ψ/ψ = −½ [∇² log ψ + ∇log ψ · ∇log ψ]``.

    In hartree for coordinates in bohr and particles of the electron's mass; the sums run over all
    coordinates of all particles. The dot product has no conjugate: a complex ``log ψ`` gives a
    complex local energy, whose mean over ``|ψ|²`` is real. ``log |ψ|`` is enough only for a real
    ``ψ``; else the phase's ``½ |∇ arg ψ|²`` is lost.

    Args:
        log_psi: field with value ``()``, real or complex.
        axes: coordinates of the particles, as for ``laplacian``; None for all of them.
        method: how to compute the Laplacian, as for ``laplacian``.

    Returns:
        A function of one walker ``(N, d)`` or point ``(d,)``; its value is ``()``, of the dtype of
        ``log_psi``.

    Raises:
        ConfigurationError: ``log_psi`` is not a function, the method cannot pass through it, or
            one of the coordinates is time, and no axes are given.
        ShapeError: the value of ``log_psi`` is not one scalar array.

    >>> import jax.numpy as jnp
    >>> gaussian = lambda x: -0.5 * jnp.sum(x**2)
    >>> x = jnp.array([[1.0], [2.0]])
    >>> float(kinetic_energy(gaussian)(x) + 0.5 * jnp.sum(x**2))
    1.0
    """
    check_field(log_psi)
    chosen = None if axes is None else check_different("kinetic_energy", axes)

    def kinetic_energy_at(x: ArrayLike) -> Array:
        x = as_point(x)
        value = value_of(log_psi, x)
        if value.shape:
            raise ShapeError(
                f"kinetic_energy: expected log_psi with value (), got {value.shape} at a "
                f"walker {x.shape}. If that holds many walkers, use "
                "jax.vmap(kinetic_energy(log_psi))."
            )
        over = over_axes("kinetic_energy", chosen, log_psi, x)
        slope, curvature = method_for(over, method)(log_psi, x, over)
        return -0.5 * (curvature + jnp.sum(slope * slope))

    return kinetic_energy_at
