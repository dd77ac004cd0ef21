"""A product of time steps that depends on their length, whose phases are energies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.calculus.eigenvalues import eigenvalues
from physml.errors import ConfigurationError, ShapeError

__all__ = ["Unitary", "energies"]

_SPREAD = 0.5
"""Deviation of the entries of a first matrix; energies are in units of their own deviation."""


@dataclass(frozen=True)
class Unitary:
    """Energies from the phases of ``U(dt) = Π_l e^{−i H_l dt}``; of ``Σ_l H_l`` at ``dt = 0``.

    ``U v = e^{−iE dt} v``: what a quantum computer has where it takes steps of length dt, one term
    of its Hamiltonian after another. The ``H_l`` are real symmetric, so that ``E(dt) = E(−dt)``;
    ``H_1`` is diagonal, since no phase knows the basis. Energies ascend, as long as none of the
    model is beyond ``±π/dt``, where phases begin again.

    Attributes:
        size: rows of each ``H_l``.
        terms: how many.

    Raises:
        ConfigurationError: no row, or fewer than two terms, whose energies would not depend on dt.

    Source: Cook, Jammooa, Hjorth-Jensen, D. D. Lee and D. Lee (2025),
    doi:10.1038/s41467-025-61362-4.

    >>> import jax
    >>> model = Unitary(3)
    >>> params = model.init(jax.random.key(0), 0.1)
    >>> sum(leaf.size for leaf in jax.tree.leaves(params)), model.apply(params, 0.1).shape
    (9, (3,))
    """

    size: int
    terms: int = 2

    def __post_init__(self) -> None:
        """Check the sizes where they are written."""
        object.__setattr__(self, "size", as_whole("size", self.size, least=1))
        object.__setattr__(self, "terms", as_whole("terms", self.terms, least=2))

    def init(self, key: Array, dt: Any) -> dict[str, Array]:
        """Random parameters: a ladder of levels, and a random matrix for each further term.

        Args:
            key: a random key.
            dt: a step, for its precision.
        """
        dtype, n = jnp.result_type(jnp.asarray(dt), 1.0), self.size
        one, other = jax.random.split(key)
        ladder = jnp.linspace(-1.0, 2.0, n, dtype=dtype)
        return {
            "diagonal": ladder + 0.3 * jax.random.normal(one, (n,), dtype),
            "others": _SPREAD * jax.random.normal(other, (self.terms - 1, n * (n + 1) // 2), dtype),
        }

    def matrices(self, params: Any) -> Array:
        """``H_l``, ``(terms, n, n)``; an entry off the diagonal is ``θ/√2``."""
        n = self.size
        above = np.triu_indices(n, 1)

        def whole(packed: Array) -> Array:
            upper = jnp.zeros((n, n), packed.dtype).at[above].set(packed[n:] / np.sqrt(2))
            return jnp.diag(packed[:n]) + upper + upper.T

        first = jnp.diag(params["diagonal"])[None]
        return jnp.concatenate([first, jax.vmap(whole)(params["others"])])

    def apply(self, params: Any, dt: Any) -> Array:
        """All energies at a step dt, ``(size,)``, ascending.

        Raises:
            ShapeError: a step that is not one number.
        """
        return energies(self.matrices(params), dt)

    def levels(self, params: Any, dt: Any, keep: int) -> Array:
        """The lowest energies at a step dt, ``(keep,)``.

        Raises:
            ConfigurationError: more than the matrices have.
        """
        return self.apply(params, dt)[: as_whole("keep", keep, least=1, most=self.size)]


def energies(terms: Any, dt: Any) -> Array:
    """``E`` of ``Π_l e^{−i H_l dt} v = e^{−iE dt} v``, in ``(−π/dt, π/dt)``, ascending.

    By the Hermitian matrix ``−i (1 + U)⁻¹ (1 − U)`` of eigenvalues ``tan(E dt/2)``, so that the
    derivative of an energy is that of an eigenvalue, finite at crossings, too.

    Args:
        terms: ``H_l``, ``(terms, n, n)``, real symmetric.
        dt: one number; 0 gives the energies of ``Σ_l H_l``.

    Raises:
        ShapeError: matrices that are not square, or a step that is not one number.
        ConfigurationError: a sum of the terms' lowest or highest eigenvalues times dt beyond ±π,
            where phases may begin again; under ``jax.jit`` nothing is known to check it by.

    >>> import jax.numpy as jnp
    >>> z, x = jnp.array([[1.0, 0.0], [0.0, -1.0]]), jnp.array([[0.0, 1.0], [1.0, 0.0]])
    >>> found = energies(jnp.stack([z, x]), 0.5)
    >>> bool(jnp.allclose(jnp.cos(found * 0.5), jnp.cos(0.5) ** 2))
    True
    """
    terms, dt = jnp.asarray(terms), jnp.asarray(dt)
    terms = terms.astype(jnp.result_type(terms.dtype, 1.0))
    if terms.ndim != 3 or terms.shape[1] != terms.shape[2]:
        raise ShapeError(f"terms: expected (terms, n, n), got {terms.shape}")
    if dt.shape != () or jnp.iscomplexobj(dt) or jnp.iscomplexobj(terms):
        raise ShapeError(f"dt: expected one real number, and real terms, got {dt.dtype} {dt.shape}")
    if not isinstance(terms, jax.core.Tracer) and not isinstance(dt, jax.core.Tracer):
        ends = np.linalg.eigvalsh(np.asarray(terms))[:, [0, -1]].sum(axis=0)
        reach = float(np.abs(ends).max() * np.abs(np.asarray(dt)))
        if reach > np.pi:
            raise ConfigurationError(
                f"dt: expected a step with |E dt| below π for all energies the terms may have, "
                f"got up to {reach:.3g}; take a shorter one"
            )
    still = dt == 0
    step = jnp.where(still, 1.0, dt).astype(terms.dtype)
    one = jnp.eye(terms.shape[1], dtype=terms.dtype)
    product = one.astype(jnp.result_type(terms.dtype, 1j))
    for term in terms:
        product = product @ jax.scipy.linalg.expm(-1j * step * term)
    tangent = 1j * jnp.linalg.solve(one + product, one - product)
    tangent = -0.5 * (tangent + jnp.conj(tangent.T))
    moving = 2 * jnp.arctan(eigenvalues(tangent)) / step
    # A negative step turns the order round.
    moving = jnp.where(dt < 0, moving[::-1], moving)
    return jnp.where(still, eigenvalues(terms.sum(axis=0)), moving)


def check_unwrapped(levels: np.ndarray, dt: np.ndarray) -> None:
    """Refuse energies too near to where phases begin again.

    Raises:
        ConfigurationError: one of ``|E dt| > 0.9 π``.
    """
    phases = np.abs(levels * dt[:, None])
    if phases.max() > 0.9 * np.pi:
        raise ConfigurationError(
            f"dt: expected steps with |E dt| well below π, got {phases.max():.2f} at dt = "
            f"{dt[phases.max(axis=1).argmax()]:g}; take shorter ones"
        )
