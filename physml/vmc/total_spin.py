"""The total spin of electrons: what their spatial wave function says of it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import check_unmasked
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.sampling import Estimate, estimate
from physml.types import Field
from physml.vmc.local_energies import local_energies
from physml.vmc.signed_log import knows_sign, psi_ratio


def spin_squared(log_psi: Field, walkers: np.ndarray, *, n_up: int) -> Estimate:
    """``⟨S²⟩ = ¼ (n_up − n_down)² + ½ N − ⟨Σ_{i up, j down} ψ(r_i and r_j exchanged)/ψ⟩``.

    ``S (S + 1)``: 0 of a singlet, ¾ of a doublet, 2 of a triplet; between them of a mixture.

    Args:
        log_psi: ``walker (N, d) -> log ψ`` with its sign, as ``GroundState.log_psi``, or a
            ``SignedLog``.
        walkers: ``(snapshots, walkers, N, d)`` drawn from ``|ψ|²``, spin up first, as
            ``GroundState.measurement.walkers``.
        n_up: electrons with spin up.

    Returns:
        The mean with its blocked error bar, without units.

    Raises:
        ConfigurationError: for a ψ of two electrons of one spin whose sign is not known.
        ShapeError: for walkers of another shape, fewer electrons, or fewer than four snapshots.

    Source: Löwdin (1955), doi:10.1103/PhysRev.97.1474.

    >>> import jax.numpy as jnp, numpy as np, physml as pm
    >>> x = np.random.default_rng(0).normal(size=(8, 10, 2, 3))
    >>> pm.vmc.spin_squared(lambda x: -0.5 * jnp.sum(x**2), x, n_up=1).mean  # a singlet
    0.0
    """
    n_up = as_whole("n_up", n_up, least=0)
    check_unmasked("walkers", walkers)
    if walkers.ndim != 4 or n_up > walkers.shape[2]:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, N, d) with N ≥ n_up = {n_up}, got "
            f"{walkers.shape}"
        )
    particles = walkers.shape[2]
    n_down = particles - n_up
    one = jax.ShapeDtypeStruct(walkers.shape[2:], jnp.asarray(walkers[:0]).dtype)
    if max(n_up, n_down) > 1 and not knows_sign(log_psi, one):
        raise ConfigurationError(
            "log_psi: expected a ψ with its sign, such as GroundState.log_psi or Psi(amplitude), "
            "since electrons of one spin exchange with a sign; got a function of log|ψ| alone"
        )
    up, down = (pairs.ravel() for pairs in np.indices((n_up, n_down)))

    def exchanged(x: Array) -> Array:
        def ratio(pair: tuple[Array, Array]) -> Array:
            i, j = pair
            return jnp.real(psi_ratio(log_psi, x.at[i].set(x[j]).at[j].set(x[i]), x))

        ratios = jax.lax.map(ratio, (jnp.asarray(up), jnp.asarray(n_up + down)))
        return jnp.sum(ratios)

    def snapshot(x: Array) -> Array:
        return local_energies(lambda _, y: exchanged(y), lambda params, y: log_psi(y), (), x)

    found = np.asarray(jax.lax.map(snapshot, jnp.asarray(walkers)), np.float64)
    return estimate(0.25 * (n_up - n_down) ** 2 + 0.5 * particles - found)
