"""The Coulomb energy of electrons in a periodic cell with a uniform positive background.

    E = Σ_{i<j} v(r_ij) + N ξ/2
    v(r) = Σ_R erfc(α|r + R|)/|r + R| + Σ_{k≠0} w_k cos k·r − s
    ξ = lim_{r→0} v(r) − 1/r

with ``w = 4π e^{−k²/4α²}/(V k²)`` and ``s = π/(α² V)`` in three dimensions,
``w = 2π erfc(k/2α)/(A k)`` and ``s = 2√π/(αA)`` in two. The sum over waves is one over
``|Σ_j e^{ik·r_j}|²``.

Source: Fraser et al. (1996), doi:10.1103/PhysRevB.53.1814.
"""

from __future__ import annotations

import itertools
import math
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.special import erfc, erfcinv

from physml.calculus.pair_sum import pair_indices
from physml.errors import ConfigurationError
from physml.vmc.systems.cell import Cell

# With α = 4.5/L the next image but one contributes erfc(4.5) < 2e-10, waves beyond n = 7 e^{-24}.
_SPLIT = 4.5
_WAVES = 7
_LEFT_OUT = 1e-9


class Ewald:
    """Coulomb energies in a cell, exact to about 1e-9 hartree a pair in double precision.

    Args:
        cell: of two or three dimensions.
        split: ``α`` times the shortest length of the cell; the energy does not depend on it.
        waves: the largest ``n`` of ``k = 2πn/L``, along the shortest length.

    Raises:
        ConfigurationError: for a cell of another dimension, or a split that leaves more than 1e-9
            to images or waves beyond those summed.

    >>> from physml.vmc.systems.cell import Cell
    >>> round(Ewald(Cell((1.0, 1.0, 1.0))).madelung, 7)
    -2.8372975
    """

    def __init__(self, cell: Cell, *, split: float = _SPLIT, waves: int = _WAVES) -> None:
        if cell.dimension not in (2, 3):
            raise ConfigurationError(f"ewald: expected 2 or 3 dimensions, got {cell.dimension}")
        if not math.erfc(split) <= _LEFT_OUT:
            raise ConfigurationError(
                f"ewald: split: expected at least {float(erfcinv(_LEFT_OUT)):.3g}, since only the "
                f"nearest images are summed, got {split}"
            )
        least = math.ceil(split / math.pi * math.sqrt(-math.log(_LEFT_OUT)))
        if not waves >= least:
            raise ConfigurationError(
                f"ewald: waves: expected at least {least} for a split of {split}, got {waves}"
            )
        self.cell = cell
        lengths = np.asarray(cell.lengths)
        self._alpha = split / lengths.min()
        self._most = [math.ceil(waves * length / lengths.min()) for length in lengths]
        first, *rest = self._most
        # Half of the waves: those with n₁ > 0 count twice.
        axes = [np.arange(first + 1), *(np.arange(-m, m + 1) for m in rest)]
        integers = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        k = np.sqrt(np.sum((2 * np.pi * integers / lengths) ** 2, axis=-1))
        k[(0, *rest)] = np.inf
        if cell.dimension == 3:
            weight = 4 * np.pi * np.exp(-((k / (2 * self._alpha)) ** 2)) / (cell.volume * k**2)
            self._shift = np.pi / (self._alpha**2 * cell.volume)
        else:
            weight = 2 * np.pi * erfc(k / (2 * self._alpha)) / (cell.volume * k)
            self._shift = 2 * math.sqrt(np.pi) / (self._alpha * cell.volume)
        weight[1:] *= 2
        self._weight = weight.reshape(first + 1, -1)

    @cached_property
    def madelung(self) -> float:
        """``ξ``, the energy of an electron with its own images and their background, in hartree."""
        lengths = np.asarray(self.cell.lengths)
        reach = range(-3, 4)
        images = np.array([n for n in itertools.product(reach, repeat=len(lengths)) if any(n)])
        r = np.sqrt(np.sum((images * lengths) ** 2, axis=1))
        near = float(np.sum(erfc(self._alpha * r) / r))
        own = 2 * self._alpha / math.sqrt(np.pi)
        return float(near + np.sum(self._weight) - self._shift - own)

    def __call__(self, x: Array) -> Array:
        """The energy of electrons at ``(N, d)``, in hartree."""
        n, d = x.shape
        lengths = np.asarray(self.cell.lengths)
        first, second = pair_indices(n)
        # v is even in every component: of the images, those on the near side of each wall suffice.
        apart = jnp.abs(self.cell.nearest(x[first] - x[second]))
        steps = np.array(list(itertools.product((0, 1), repeat=d))) * lengths
        r = jnp.sqrt(jnp.sum((apart[:, None] - jnp.asarray(steps, x.dtype)[None]) ** 2, axis=-1))
        near = jnp.sum(jax.scipy.special.erfc(self._alpha * r) / r)
        far = 0.5 * (
            jnp.sum(jnp.asarray(self._weight, x.dtype) * self._power(x))
            - n * float(np.sum(self._weight))
        )
        return near + far + n * self.madelung / 2 - n * (n - 1) / 2 * self._shift

    def _power(self, x: Array) -> Array:
        """``|Σ_j e^{ik·r_j}|²`` on the grid of the weights."""
        angle = 2 * np.pi * x / jnp.asarray(np.asarray(self.cell.lengths)[None], x.dtype)
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        real, imaginary = _powers(cosine[:, 0], sine[:, 0], self._most[0], both=False)
        other = _powers(cosine[:, 1], sine[:, 1], self._most[1], both=True)
        for axis in range(2, x.shape[1]):
            more = _powers(cosine[:, axis], sine[:, axis], self._most[axis], both=True)
            a, b = (part[:, :, None] for part in other)
            c, e = (part[:, None, :] for part in more)
            joined, turned = a * c - b * e, a * e + b * c
            other = joined.reshape(len(x), -1), turned.reshape(len(x), -1)
        sums = real.T @ other[0] - imaginary.T @ other[1]
        turned = real.T @ other[1] + imaginary.T @ other[0]
        return sums**2 + turned**2


def _powers(cosine: Array, sine: Array, most: int, *, both: bool) -> tuple[Array, Array]:
    """``e^{inθ}``, real and imaginary, for n = 0…most, or −most…most; ``(N, ·)``."""
    real, imaginary = [jnp.ones_like(cosine)], [jnp.zeros_like(sine)]
    for _ in range(most):
        a, b = real[-1], imaginary[-1]
        real.append(a * cosine - b * sine)
        imaginary.append(a * sine + b * cosine)
    if both:
        real = real[:0:-1] + real
        imaginary = [-part for part in imaginary[:0:-1]] + imaginary
    return jnp.stack(real, axis=-1), jnp.stack(imaginary, axis=-1)
