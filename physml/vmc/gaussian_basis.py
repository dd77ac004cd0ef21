"""Contracted Gaussians, the functions in which quantum chemistry expands orbitals.

    χ_cm(x) = Σ_p k_pc e^{−α_p r²} · Y_lm(r),    r = x − R

with the real solid harmonics ``Y_lm = Σ_{a+b+c=l} T_abc,m r_x^a r_y^b r_z^c`` of a shell's angular
momentum ``l``: s, p, d and all above alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array


class Shell(NamedTuple):
    """Gaussians with one centre, one angular momentum and common exponents.

    Attributes:
        centre: ``R``, ``(3,)`` in bohr.
        exponents: ``α``, ``(P,)`` in 1/bohr².
        contraction: ``k``, ``(P, C)``, the norm of the radial parts included.
        harmonics: ``T``, ``((l + 1)(l + 2)/2, 2l + 1)``, from the products of coordinates in the
            order xx, xy, xz, yy, yz, zz to normalised solid harmonics.
    """

    centre: np.ndarray
    exponents: np.ndarray
    contraction: np.ndarray
    harmonics: np.ndarray

    @property
    def angular_momentum(self) -> int:
        """``l``."""
        return (self.harmonics.shape[1] - 1) // 2


def gaussians(shells: Sequence[Shell], x: Array) -> Array:
    """The value of every function at a point, ``(K,)`` in bohr^{−3/2}.

    Args:
        shells: in whose order the functions come; those of a shell by contraction, then by ``m``.
        x: ``(3,)``, in bohr.
    """
    values = []
    for shell in shells:
        centre, exponents, contraction, harmonics = (jnp.asarray(a, x.dtype) for a in shell)
        apart = x - centre
        radial = jnp.exp(-exponents * jnp.sum(apart**2)) @ contraction
        angular = _products(apart, shell.angular_momentum) @ harmonics
        values.append(jnp.outer(radial, angular).ravel())
    return jnp.concatenate(values)


def _products(r: Array, degree: int) -> Array:
    """``r_x^a r_y^b r_z^c`` with ``a + b + c`` as given, highest ``a`` and then ``b`` first."""
    one = jnp.ones((), r.dtype)
    powers = [jnp.stack([one, one, one])]
    for _ in range(degree):
        powers.append(powers[-1] * r)
    return jnp.stack(
        [
            powers[a][0] * powers[b][1] * powers[degree - a - b][2]
            for a in range(degree, -1, -1)
            for b in range(degree - a, -1, -1)
        ]
    )
