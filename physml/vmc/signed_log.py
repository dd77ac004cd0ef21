"""What a wave function returns: the logarithm of its modulus, and its sign or phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError
from physml.types import Amplitude, Field

LogPsi = Callable[[Any, Array], Array]
"""``(params, walker (N, d)) -> log ψ``, real or complex; a ``Psi`` if ψ has a sign."""


class SignedLog(NamedTuple):
    """``ψ = sign · e^{log}``.

    Attributes:
        log: ``log|ψ|``, real.
        sign: ±1 for a real wave function, a phase ``e^{iφ}`` for a complex one.
    """

    log: Array
    sign: Array


@dataclass(frozen=True, eq=False)
class Psi(Amplitude):
    """A wave function as a function: it gives ``log ψ``, and ``psi_ratio`` knows its sign.

    Derivatives of a real ψ need ``log|ψ|`` alone, which is what a call gives; what compares ψ at
    two places needs the sign as well.

    Attributes:
        amplitude: ``walker ->`` or ``(params, walker) ->`` log ψ or a ``SignedLog``, such as the
            ``apply`` of a wave function.

    >>> import jax.numpy as jnp, physml as pm
    >>> psi = pm.vmc.Psi(lambda x: pm.vmc.SignedLog(jnp.log(jnp.abs(x[0, 0])), jnp.sign(x[0, 0])))
    >>> here, there = jnp.array([[1.0]]), jnp.array([[-2.0]])
    >>> float(psi(here)), round(float(pm.vmc.psi_ratio(psi, there, here)), 6)
    (0.0, -2.0)
    """

    amplitude: Callable[..., Array | SignedLog]

    def __call__(self, *at: Any) -> Array:
        """``log ψ``: ``log|ψ|`` of a real ψ, complex of a complex one."""
        return log_amplitude(self.amplitude(*at))


def check_one_number(value: Any, shape: tuple[int, ...]) -> None:
    """Refuse a log ψ that is not one number, real or complex.

    Args:
        value: what a function returned as log ψ, or its shape and type.
        shape: of the walker that it was given.

    Raises:
        ShapeError: with what came.
    """
    plain = isinstance(value, int | float | complex)
    got = () if plain else getattr(value, "shape", type(value).__name__)
    if got != ():
        raise ShapeError(
            f"log ψ: expected one number at a walker of shape {shape}, got {got}; a network takes "
            "outputs=None, and a function that returns a SignedLog is given as Psi(function)"
        )


def log_amplitude(value: Array | SignedLog) -> Array:
    """``log ψ`` as derivatives need it: ``log|ψ|`` for a real ψ, ``+ iφ`` for a complex one.

    Args:
        value: what a wave function returned: log ψ, real or complex, or a ``SignedLog``.

    Returns:
        ``()``; the constant ``iπ`` of a negative real ψ is left out, having no derivative.
    """
    if not isinstance(value, SignedLog):
        return value
    if jnp.iscomplexobj(value.sign):
        return value.log + jnp.log(value.sign)
    return value.log


def psi_ratio(log_psi: Callable[[Array], Any], there: Array, here: Array) -> Array:
    """``ψ(there)/ψ(here)``, with its sign or phase: what an operator that moves walkers needs.

    Args:
        log_psi: ``walker (N, d) -> log ψ`` as a Hamiltonian is given it. A plain function that
            returns a real ``log ψ`` means a positive ψ.
        there: a walker ``(N, d)`` that the operator connects with this one.
        here: this walker.

    Returns:
        ``()``, real or complex.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> def flips(log_psi, x):  # Σ_i σˣ_i over spins ±1
    ...     flipped = lambda i: pm.vmc.psi_ratio(log_psi, x.at[i].multiply(-1), x)
    ...     return jnp.sum(jax.vmap(flipped)(jnp.arange(len(x))))
    >>> float(flips(lambda x: 0.0 * jnp.sum(x), jnp.ones((6, 1))))
    6.0
    """
    amplitude = log_psi.amplitude if isinstance(log_psi, Psi) else log_psi
    after, before = amplitude(there), amplitude(here)
    if isinstance(after, SignedLog) and isinstance(before, SignedLog):
        return after.sign * jnp.conj(before.sign) * jnp.exp(after.log - before.log)
    return jnp.exp(log_amplitude(after) - log_amplitude(before))


def knows_sign(psi: Callable[[Array], Any], walker: Any) -> bool:
    """Whether ``psi_ratio`` of a ψ has a sign: a ``Psi``, a ``SignedLog``, or a complex log ψ.

    Args:
        psi: ``walker (N, d) -> log ψ`` or a ``SignedLog``.
        walker: one, or its shape and type.
    """
    if isinstance(psi, Psi):
        return True
    value = jax.eval_shape(psi, walker)
    return isinstance(value, SignedLog) or jnp.iscomplexobj(value)


def at_params(log_psi: LogPsi, params: Any) -> Field:
    """``walker -> log ψ``, with its sign where that is known."""
    if isinstance(log_psi, Psi):
        return Psi(partial(log_psi.amplitude, params))
    return partial(log_psi, params)
