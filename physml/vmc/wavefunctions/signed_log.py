"""What a wave function returns: the logarithm of its modulus, and its sign or phase."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

LogPsi = Callable[[Any, Array], Array]
"""``(params, walker (N, d)) -> log ψ``, real or complex."""


class SignedLog(NamedTuple):
    """``ψ = sign · e^{log}``.

    Attributes:
        log: ``log|ψ|``, real.
        sign: ±1 for a real wave function, a phase ``e^{iφ}`` for a complex one.
    """

    log: Array
    sign: Array


def log_amplitude(value: Array | SignedLog) -> Array:
    """``log ψ`` as local energies need it: ``log|ψ|`` for a real ψ, ``+ iφ`` for a complex one.

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
