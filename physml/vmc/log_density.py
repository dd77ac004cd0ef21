"""The density that a wave function's walkers are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.vmc.signed_log import LogPsi, check_one_number


def log_density(log_psi: LogPsi) -> Callable[[Any, Array], Array]:
    """``ln |ψ|² = 2 Re log ψ``: what samplers take, where wave functions are ``log ψ``.

    Args:
        log_psi: ``(params, walker (N, d)) -> log ψ``; only its real part matters here.

    Returns:
        ``(params, walker) -> ln |ψ|²``.

    Raises:
        ShapeError: when traced, of a log ψ that is not one number.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> log_psi = lambda params, x: -0.5 * jnp.sum(x**2) + 1j * jnp.sum(x)
    >>> sampler = pm.metropolis(pm.vmc.log_density(log_psi),
    ...                         lambda key: jax.random.normal(key, (100, 2, 3)))
    """
    return Partial(_twice, log_psi)


def _twice(log_psi: LogPsi, params: Any, walker: Array) -> Array:
    value = log_psi(params, walker)
    check_one_number(value, walker.shape)
    return 2.0 * jnp.real(value)
