"""The variational energy as an objective.

Energy and gradient over walkers drawn from ``|ψ|²``::

    E = ⟨E_L⟩,   ∇E = 2 Re⟨(E_L − Ē)* (∂log ψ − ⟨∂log ψ⟩)⟩ = Jᵀr
    r = 2 (E_L − Ē)/√n,   J = (∂log ψ − mean)/√n

That is the score objective (``physml.train.score``) of ``q ∝ |ψ|²``, whose ``f`` is a local energy.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError
from physml.train.score import RealRow, check_clip, score_of_values
from physml.types import Evaluation, LocalOperator, Objective, Term
from physml.vmc.local_energies import local_energies
from physml.vmc.signed_log import LogPsi, at_params, check_one_number


def energy(
    log_psi: LogPsi,
    local_energy: LocalOperator,
    *,
    clip: float | None = 5.0,
    memory: int | None = None,
) -> Objective:
    """The energy of walkers drawn from ``|ψ|²``, with its natural-gradient rows.

    A complex ``log ψ`` gives two rows a walker, its real and imaginary part, so that ``Jᵀr`` is the
    gradient ``2 Re⟨(E_L − Ē)* ∂log ψ⟩``; the variance is ``⟨|E_L − Ē|²⟩``, the energy and its error
    are those of the real part.

    Args:
        log_psi: ``(params, walker) -> log ψ``; ``Psi(amplitude)`` of a real ψ with a sign.
        local_energy: ``(log_psi, walker) -> Hψ/ψ`` in hartree.
        clip: local energies further than this many mean absolute deviations from the median are
            drawn in, for the gradient only; None leaves them. The reported energy is never clipped.
        memory: bytes that the derivatives of a local energy may fill, in chunks of walkers; by the
            device if None.

    Returns:
        An objective whose batch is walkers ``(n, N, d)``, whose loss is the mean energy in hartree,
        and which has no value at fixed walkers: they follow the parameters.

    Raises:
        ConfigurationError: for a clip that is not positive.
        ShapeError: when traced, if log ψ or the local energy of one walker is not one number.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> def oscillator(log_psi, x):
    ...     return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)
    >>> objective = pm.vmc.energy(lambda a, x: -0.5 * a * jnp.sum(x**2), oscillator)
    >>> walkers = jax.random.normal(jax.random.key(0), (100, 1, 1)) / jnp.sqrt(2.0)
    >>> evaluation, _ = objective.evaluate(jnp.array(1.0), (), walkers)
    >>> float(evaluation.loss)
    0.5
    """
    check_clip(clip)

    # Derivatives of ψ take seconds to trace: once here, for walkers by any number.
    @partial(jax.jit, inline=True)
    def one_energy(params: Any, x: Array) -> Array:
        return jnp.asarray(local_energy(at_params(log_psi, params), x))

    def evaluate(params: Any, state: tuple[()], walkers: Array) -> tuple[Evaluation, tuple[()]]:
        _check_log_psi(log_psi, params, walkers)

        def traced(psi: Any, x: Array) -> Array:
            del psi
            return one_energy(params, x)

        local = local_energies(traced, log_psi, params, walkers, memory=memory)
        if local.shape != walkers.shape[:1]:
            raise ShapeError(
                f"local_energy: expected one number a walker, got shape {local.shape[1:]}"
            )
        evaluation = score_of_values(log_psi, params, walkers, local, power=2.0, clip=clip)
        metrics = {
            "energy": evaluation.loss,
            "variance": evaluation.metrics["variance"],
            "energy_error": evaluation.metrics["error"],
        }
        return evaluation._replace(metrics=metrics), state

    def single_energy(params: Any, x: Array) -> Array:
        # Its own derivative by the parameters is not taken.
        return jax.lax.stop_gradient(one_energy(params, x))

    def terms(walkers: Array) -> dict[str, Term]:
        return {
            "log ψ": Term(RealRow(log_psi), walkers, "value", "walker"),
            "energy": Term(RealRow(single_energy), walkers, "local energy", "walker"),
        }

    return Objective(lambda params: (), evaluate, None, terms)


def _check_log_psi(log_psi: LogPsi, params: Any, walkers: Array) -> None:
    if walkers.ndim != 3:
        raise ShapeError(f"walkers: expected (n, N, d), got {walkers.shape}")
    one = jax.ShapeDtypeStruct(walkers.shape[1:], walkers.dtype)
    value = jax.eval_shape(log_psi, params, one)
    check_one_number(value, one.shape)
