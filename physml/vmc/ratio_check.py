"""Whether an operator asks for ratios of ψ with their sign, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.interpreters.partial_eval import dce_jaxpr

from physml.errors import ConfigurationError
from physml.types import LocalOperator
from physml.vmc.signed_log import LogPsi, Psi, SignedLog

# Of a sine that has another sign at almost any two places an operator may compare.
_WAVE_NUMBER = 500.0

_TOLERANCE = {64: 1e-8, 32: 1e-3}


@dataclass(frozen=True, eq=False)
class _Jumping(Psi):
    """A ψ whose call jumps from place to place, where its ratios do not."""

    jump: Callable[[Array], Array]

    def __call__(self, *at: Any) -> Array:
        return super().__call__(*at) + self.jump(*at)


def check_ratios(
    local_energy: LocalOperator, log_psi: LogPsi, params: Any, walkers: Array, *, name: str
) -> None:
    """Refuse an operator that compares ``log|ψ|`` at two places where ψ has a sign.

    The operator is given another, cheap ψ, whose call jumps by ±1 from place to place; neither
    derivatives nor ``psi_ratio`` see that, and what does see it would lose a sign. Most operators
    are found right by their program alone, in which the jumps are dead code.

    Args:
        local_energy: ``(log_psi, walker) -> Hψ/ψ``.
        log_psi: with a real sign; of another nothing is demanded.
        params: its parameters.
        walkers: ``(n, N, d)``, a few.
        name: of the operator, for the message.

    Raises:
        ConfigurationError: for an operator that would lose the sign.
    """
    one = jax.ShapeDtypeStruct(walkers.shape[1:], walkers.dtype)
    if not isinstance(log_psi, Psi):
        return
    value = jax.eval_shape(log_psi.amplitude, params, one)
    if not isinstance(value, SignedLog) or jnp.issubdtype(value.sign.dtype, jnp.complexfloating):
        return
    waves = _WAVE_NUMBER * np.sqrt(1.0 + np.arange(one.size).reshape(one.shape))

    def smooth(x: Array) -> SignedLog:
        return SignedLog(jnp.mean(jnp.cos(x)), jnp.ones((), x.dtype))

    def at(height: Array, x: Array) -> Array:
        def jump(y: Array) -> Array:
            return height * jnp.sign(jnp.sin(jnp.sum(jnp.asarray(waves, y.dtype) * y)))

        return jnp.asarray(local_energy(_Jumping(smooth, jump), x))

    heights = jnp.asarray([0.0, 1.0], one.dtype)
    program = jax.make_jaxpr(at)(heights[0], walkers[0]).jaxpr
    _, (may_matter, _) = dce_jaxpr(program, [True] * len(program.outvars))
    if not may_matter:
        return
    flat, jumping = np.asarray(
        jax.jit(jax.vmap(jax.vmap(at, (None, 0)), (0, None)))(heights, walkers)
    )
    # Where this ψ has a local energy that is not finite, it says nothing.
    seen = np.abs(jumping - flat) > _TOLERANCE[jnp.finfo(one.dtype).bits] * (1 + np.abs(flat))
    if seen.any():
        raise ConfigurationError(
            f"{name}: expected ratios of ψ with their sign, since ψ is real and may change sign, "
            "but the local energy compares log|ψ| at two places: write psi_ratio(log_psi, there, "
            "here) for exp(log_psi(there) - log_psi(here))"
        )
