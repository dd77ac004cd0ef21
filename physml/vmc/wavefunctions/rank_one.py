"""Slater determinants when one electron moves: a ratio in O(N), a new inverse in O(N²).

    R = det A'/det A = Σ_k φ_k(r_i') (A⁻¹)_ki
    (A'⁻¹)_kj = (A⁻¹)_kj − (A⁻¹)_ki [Σ_l φ_l(r_i') (A⁻¹)_lj − δ_ij]/R

for ``A_jk = φ_k(r_j)`` with a new row ``i``, by Sherman and Morrison. Both spins stand in one array
``B_jk = (A⁻¹)_kj``, a row for each electron, so that a loop over electrons is one program.

Source: Ceperley, Chester and Kalos (1977), doi:10.1103/PhysRevB.16.3081.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from physml.calculus.log_determinant import matrix_inverse
from physml.networks import as_module
from physml.sampling import OneElectronMoves


def inverses(orbitals: Array, n_up: int) -> Array:
    """``B`` by elimination; not finite where a determinant is zero.

    Args:
        orbitals: ``φ_k(r_j)``, ``(N, K)``, spin up first, at least as many orbitals as electrons of
            either spin; a spin takes the first of them. Real or complex.
        n_up: electrons with spin up.

    Returns:
        ``(N, M)``, M electrons of the more frequent spin; zero where a spin has no such orbital.
    """
    most = max(n_up, len(orbitals) - n_up)
    rows = []
    for spin in (orbitals[:n_up], orbitals[n_up:]):
        if len(spin):
            n = len(spin)
            rows.append(jnp.pad(matrix_inverse(spin[:, :n]).T, ((0, 0), (0, most - n))))
    return jnp.concatenate(rows)


def replace_row(inverse: Array, n_up: int, i: Array, orbitals: Array) -> tuple[Array, Array]:
    """``log|R|`` and ``B'`` when electron ``i`` comes where its orbitals have other values.

    Args:
        inverse: ``B``, ``(N, M)``.
        n_up: electrons with spin up.
        i: which electron.
        orbitals: ``φ_k(r_i')``, ``(K,)``.

    Returns:
        ``log|R|``, +∞ where ``B`` is not finite since a determinant is zero, and ``B'``, which is
        not finite where the new determinant is zero.
    """
    number = jnp.arange(len(inverse))
    product = inverse @ orbitals[: inverse.shape[1]]
    ratio = product[i]
    like = (number < n_up) == (i < n_up)
    weights = jnp.where(like, (product - (number == i)) / ratio, 0.0)
    change = jnp.where(like[:, None], weights[:, None] * inverse[i][None], 0.0)
    # From a node every move is allowed; to places where orbitals are not finite none.
    node = ~jnp.all(jnp.isfinite(inverse[i]))
    return jnp.where(node, jnp.inf, jnp.log(jnp.abs(ratio))), inverse - change


def one_electron_moves(wavefunction: nn.Module) -> OneElectronMoves | None:
    """The moves of a wave function that has them, or None: those of its density ``|ψ|²``.

    Args:
        wavefunction: one with methods ``begin(x)`` and ``move(memory, x, i, place)``, such as
            ``Slater`` and ``SlaterJastrow``, which tells ``log|ψ'/ψ|`` when one electron moves.

    >>> import physml as pm
    >>> one_electron_moves(pm.MLP((8,))) is None
    True
    """
    wavefunction = as_module("wavefunction", wavefunction)
    if not (hasattr(wavefunction, "begin") and hasattr(wavefunction, "move")):
        return None

    def move(params: Any, *given: Any) -> tuple[Array, Any]:
        ratio, memory = wavefunction.apply(params, *given, method="move")
        return 2 * ratio, memory

    return OneElectronMoves(lambda params, x: wavefunction.apply(params, x, method="begin"), move)
