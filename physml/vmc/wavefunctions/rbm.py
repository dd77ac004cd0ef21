"""The restricted Boltzmann machine as a state of spins.

log ψ(σ) = Σ_j ln 2cosh(b_j + W_j·σ) + a·σ
"""

from __future__ import annotations

import math

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.memory import Need, check_memory
from physml.networks.sizes import checked_size
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.settings import WavefunctionSettings


class RBM(nn.Module):
    """A real, positive state of N spins, with ``density · N`` hidden units.

    Attributes:
        density: hidden units for each spin.
        translations: average over all translations of a periodic lattice: ``Σ_t`` of the sum over
            ``density`` filters, each of N weights; the visible biases then have no effect beyond
            the magnetisation and are left out.
        lattice: sites along each axis of that lattice, row-major; a chain if None.

    Raises:
        ConfigurationError: for a density below 1.
        ShapeError: for a walker that does not fill the lattice.

    Source: Carleo and Troyer (2017), doi:10.1126/science.aag2302.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> psi = pm.vmc.RBM(density=2)
    >>> spins = jnp.ones((6, 1))
    >>> psi.apply(psi.init(jax.random.key(0), spins), spins).shape
    ()
    """

    density: int = 2
    translations: bool = False
    lattice: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.density = as_whole("RBM: density", self.density, least=1)
        if self.lattice is not None:
            self.lattice = tuple(as_whole("RBM: lattice", n, least=1) for n in self.lattice)
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """``log ψ`` at spins ``(N, 1)`` of ±1."""
        spins = jnp.ravel(x)
        n, dtype = len(spins), jnp.result_type(float)
        start = nn.initializers.normal(0.05)
        if self.translations:
            kernel = self.param("kernel", start, (self.density, n), dtype)
            bias = self.param("bias", start, (self.density, 1), dtype)
            return jnp.sum(_log_2cosh(kernel @ spins[self._translations(n)] + bias))
        visible = self.param("visible_bias", nn.initializers.zeros, (n,), dtype)
        kernel = self.param("kernel", start, (self.density * n, n), dtype)
        bias = self.param("bias", start, (self.density * n,), dtype)
        return jnp.sum(_log_2cosh(kernel @ spins + bias)) + jnp.dot(visible, spins)

    def _translations(self, n: int) -> np.ndarray:
        """Which spin each site has after each translation, ``(n, n)``."""
        lattice = (n,) if self.lattice is None else self.lattice
        if math.prod(lattice) != n:
            raise ShapeError(
                f"RBM: expected spins ({math.prod(lattice)}, 1) on the lattice {lattice}, got "
                f"{n} of them"
            )
        need = Need(f"{n} translations × {n} sites", n * n, 8)
        check_memory("RBM", [need], "the lattice", host=True)
        sites = np.arange(n).reshape(lattice)
        axes = tuple(range(len(lattice)))
        moved = [np.roll(sites, [-t for t in step], axes) for step in np.ndindex(*lattice)]
        return np.stack(moved).reshape(n, n)


def _log_2cosh(x: Array) -> Array:
    return jnp.abs(x) + jnp.log1p(jnp.exp(-2 * jnp.abs(x)))


@WavefunctionSettings.offer("rbm")
def _rbm(system: QuantumSystem, *, density: int = 4) -> RBM:
    """Spins on a periodic lattice: binary hidden units, summed out, over all translations.

    Args:
        system: with a lattice.
        density: hidden units for each spin.
    """
    checked_size("density", density)
    return RBM(density, translations=True, lattice=system.lattice)
