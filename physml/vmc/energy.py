"""The variational energy as an objective.

Energy and gradient over walkers drawn from ``|ψ|²``::

    E = ⟨E_L⟩,   ∇E = 2 Re⟨(E_L − Ē)* (∂log ψ − ⟨∂log ψ⟩)⟩ = Jᵀr
    r = 2 (E_L − Ē)/√n,   J = (∂log ψ − mean)/√n
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.lazy_jacobian import Block, Jacobian
from physml.types import Evaluation, LocalOperator, Objective, Term
from physml.vmc.local_energies import local_energies
from physml.vmc.signed_log import LogPsi, at_params


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
    if clip is not None and not clip > 0:
        raise ConfigurationError(f"clip: expected a number > 0 or None, got {clip}")

    def real_row(params: Any, x: Array) -> Array:
        return log_psi(params, x)

    def complex_row(params: Any, x: Array) -> Array:
        value = log_psi(params, x)
        return jnp.stack([value.real, value.imag])

    # Derivatives of ψ take seconds to trace: once here, for walkers by any number.
    @partial(jax.jit, inline=True)
    def one_energy(params: Any, x: Array) -> Array:
        return jnp.asarray(local_energy(at_params(log_psi, params), x))

    def evaluate(params: Any, state: tuple[()], walkers: Array) -> tuple[Evaluation, tuple[()]]:
        n = walkers.shape[0]
        is_complex = _check_log_psi(log_psi, params, walkers)

        def traced(psi: Any, x: Array) -> Array:
            del psi
            return one_energy(params, x)

        local = local_energies(traced, log_psi, params, walkers, memory=memory)
        if local.shape != (n,):
            raise ShapeError(
                f"local_energy: expected one number a walker, got shape {local.shape[1:]}"
            )
        mean = jnp.mean(local.real)
        variance = jnp.mean(jnp.abs(local - jnp.mean(local)) ** 2)
        bounded = local if clip is None else _clip(local, clip)
        centred = (bounded - jnp.mean(bounded)) * (2.0 / jnp.sqrt(n))
        row = complex_row if is_complex else real_row
        if is_complex:
            residual = jnp.stack([centred.real, centred.imag], axis=-1).reshape(-1)
        else:
            residual = centred.real
        scale = jnp.asarray(1.0 / jnp.sqrt(n), residual.dtype)
        jacobian = Jacobian(params, (Block(row, walkers, scale, centred=True),))
        metrics = {
            "energy": mean,
            "variance": variance,
            "energy_error": jnp.std(local.real) / jnp.sqrt(n),
        }
        return Evaluation(mean, jacobian.vm(residual), residual, jacobian, metrics), state

    def single_energy(params: Any, x: Array) -> Array:
        # Its own derivative by the parameters is not taken.
        local = jax.lax.stop_gradient(one_energy(params, x))
        return jnp.stack([local.real, local.imag]) if jnp.iscomplexobj(local) else local

    def terms(walkers: Array) -> dict[str, Term]:
        def row(params: Any, x: Array) -> Array:
            value = log_psi(params, x)
            return jnp.stack([value.real, value.imag]) if jnp.iscomplexobj(value) else value

        return {
            "log ψ": Term(row, walkers, "value", "walker"),
            "energy": Term(single_energy, walkers, "local energy", "walker"),
        }

    return Objective(lambda params: (), evaluate, None, terms)


def _clip(local: Array, width: float) -> Array:
    def bounded(part: Array) -> Array:
        centre = jnp.median(part)
        reach = width * jnp.mean(jnp.abs(part - centre))
        return jnp.clip(part, centre - reach, centre + reach)

    if jnp.iscomplexobj(local):
        return jax.lax.complex(bounded(local.real), bounded(local.imag))
    return bounded(local)


def _check_log_psi(log_psi: LogPsi, params: Any, walkers: Array) -> bool:
    if walkers.ndim != 3:
        raise ShapeError(f"walkers: expected (n, N, d), got {walkers.shape}")
    one = jax.ShapeDtypeStruct(walkers.shape[1:], walkers.dtype)
    value = jax.eval_shape(log_psi, params, one)
    if not hasattr(value, "shape") or value.shape != ():
        got = getattr(value, "shape", type(value).__name__)
        raise ShapeError(
            f"log ψ: expected one number at a walker of shape {one.shape}, got {got}; a network "
            "takes outputs=None, and a function that returns a SignedLog is given as Psi(function)"
        )
    return bool(jnp.issubdtype(value.dtype, jnp.complexfloating))
