"""The homogeneous electron gas: electrons in a cell with a uniform positive background."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import kinetic_energy
from physml.calculus.pair_sum import check_pairs
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.cell import Cell, check_twist
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.ewald import Ewald
from physml.vmc.systems.pair_excitations import PairExcitations, momentum_conserving
from physml.vmc.systems.system import QuantumSystem, Reference

# Correlation energies −0.5969(3), −0.5325(4), −0.4447(4) and −0.306(1) hartree of all fourteen.
_FCIQMC = "i-FCIQMC, basis-set limit, Shepherd, Booth and Alavi (2012)"
_REFERENCES = {
    (3, 7, 7, 0.5): Reference(14 * 3.412258, 3e-4, _FCIQMC),
    (3, 7, 7, 1.0): Reference(14 * 0.568498, 4e-4, _FCIQMC),
    (3, 7, 7, 2.0): Reference(14 * -0.008725, 4e-4, _FCIQMC),
    (3, 7, 7, 5.0): Reference(14 * -0.079896, 1e-3, _FCIQMC),
}

# Shells of unoccupied waves to which pairs are lifted.
_SHELLS = 3


@dataclass(frozen=True, kw_only=True)
class ElectronGas(QuantumSystem):
    """``H = −½ Σ ∇_i² + Ewald energy`` in a cubic or square cell; hartree and bohr.

    The cell has ``L = r_s (4πN/3)^{1/3}`` in three dimensions, ``r_s √(πN)`` in two. Energies are
    those of all N electrons.

    Attributes:
        n_up: electrons with spin up.
        n_down: electrons with spin down; 0 for the polarised gas.
        rs: ``r_s``, the radius of the ball or disk that holds one electron, in bohr.
        dimension: 2 or 3.
        twist: phases of ψ across the cell in units of 2π, one for each dimension; it makes the
            orbitals complex. From −1/2 to 1/2; more of them by an integer is the same ψ. Periodic
            if None.

    Sources: Shepherd, Booth and Alavi (2012), doi:10.1063/1.4720076, arXiv:1201.4691 (the reference
    of fourteen electrons).

    Raises:
        ConfigurationError: a shell of plane waves that is not filled, another dimension, a density
            not positive, a twist that looks like an angle in radians.

    >>> import physml as pm
    >>> gas = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=2.0)
    >>> gas.shape, round(gas.hartree_fock_energy / 14, 6)
    ((14, 3), 0.023039)
    """

    n_up: int = 7
    n_down: int = 7
    rs: float = 2.0
    dimension: int = 3
    twist: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if not 0 < self.rs < math.inf:
            raise ConfigurationError(f"electron-gas: rs: expected r_s > 0 bohr, got {self.rs}")
        if self.dimension not in (2, 3):
            raise ConfigurationError(
                f"electron-gas: dimension: expected 2 or 3, got {self.dimension}"
            )
        if self.twist is not None:
            try:
                object.__setattr__(self, "twist", check_twist(self.twist, self.dimension))
            except ConfigurationError as error:
                raise ConfigurationError(f"electron-gas: {error}") from None
        if min(self.n_up, self.n_down) < 0 or self.n_up + self.n_down == 0:
            raise ConfigurationError(
                f"electron-gas: expected at least one electron, got n_up = {self.n_up}, "
                f"n_down = {self.n_down}"
            )
        check_pairs(self.n_up + self.n_down)
        for name, count in (("n_up", self.n_up), ("n_down", self.n_down)):
            try:
                self.occupied(count)
            except ConfigurationError as error:
                raise ConfigurationError(f"electron-gas: {name}: {error}") from None

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "electron-gas"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, d)``."""
        return self.n_up + self.n_down, self.dimension

    @property
    def length(self) -> float:
        """``r_s``."""
        return self.rs

    @property
    def cell(self) -> Cell:
        """The cell that holds N electrons at this density."""
        n = self.n_up + self.n_down
        side = (4 * np.pi * n / 3) ** (1 / 3) if self.dimension == 3 else math.sqrt(np.pi * n)
        return Cell((float(self.rs * side),) * self.dimension)

    @property
    def reference(self) -> Reference | None:
        """The tabulated energy of all electrons, if these numbers have one."""
        if any(phase != round(phase) for phase in self.twist or ()):
            return None
        return _REFERENCES.get((self.dimension, self.n_up, self.n_down, float(self.rs)))

    def occupied(self, count: int) -> np.ndarray:
        """The wave vectors of ``count`` electrons of one spin, ``(count, d)`` in 1/bohr."""
        return self.cell.waves(count, twist=self.twist) if count else np.zeros((0, self.dimension))

    @property
    def hartree_fock_energy(self) -> float:
        """The energy of the Slater determinant of plane waves, exactly, in hartree.

        ``E = Σ k²/2 + N ξ/2 − (1/2V) Σ_{k≠k'} v(k − k')`` over pairs of equal spin, with
        ``v = 4π/q²`` in three dimensions and ``2π/q`` in two.
        """
        energy = float((self.n_up + self.n_down) * self._ewald.madelung / 2)
        for count in (self.n_up, self.n_down):
            k = self.occupied(count)
            energy += float(np.sum(k**2)) / 2
            q = np.linalg.norm(k[:, None] - k[None], axis=-1) + np.diag(np.full(count, np.inf))
            exchange = 4 * np.pi / q**2 if self.dimension == 3 else 2 * np.pi / q
            energy -= float(np.sum(exchange)) / (2 * self.cell.volume)
        return energy

    @property
    def electrons(self) -> Electrons:
        """Electrons in plane waves; real ones, ``1, cos k·x, sin k·x, …``, without a twist."""
        waves = self.occupied(max(self.n_up, self.n_down))
        if self.twist is not None:

            def complex_orbitals(x: Array, scale: Array) -> tuple[Array, Array]:
                del scale
                phase = jnp.asarray(waves, x.dtype) @ x
                return jnp.zeros((), x.dtype), jax.lax.complex(jnp.cos(phase), jnp.sin(phase))

            return Electrons(self.n_up, self.n_down, complex_orbitals)

        half = waves[1::2]

        def orbitals(x: Array, scale: Array) -> tuple[Array, Array]:
            del scale
            phase = jnp.asarray(half, x.dtype) @ x
            pairs = jnp.stack([jnp.cos(phase), jnp.sin(phase)], axis=-1).reshape(-1)
            return jnp.zeros((), x.dtype), jnp.concatenate([jnp.ones(1, x.dtype), pairs])

        groups = (0, *(1 + i // 2 for i in range(2 * len(half))))
        return Electrons(self.n_up, self.n_down, orbitals, groups, pairs=self._pairs)

    @cached_property
    def _pairs(self) -> PairExcitations:
        """Excitations of two electrons into the next shells of waves."""
        occupied = max(self.n_up, self.n_down)
        unit = 2 * np.pi / self.cell.lengths[0]
        waves = self.cell.waves(self.cell.closed(occupied, shells=_SHELLS))
        integers = np.rint(waves / unit).astype(int)
        half = waves[occupied::2]

        def virtual(x: Array) -> Array:
            phase = jnp.asarray(half, x.dtype) @ x
            return jnp.stack([jnp.cos(phase), jnp.sin(phase)], axis=-1).reshape(-1)

        return momentum_conserving(integers[:occupied], integers[occupied:], virtual)

    def walkers(self, key: Array, count: int) -> Array:
        """First walkers, uniform in the cell, ``(count, N, d)`` in bohr."""
        return jax.random.uniform(key, (count, *self.shape)) * self.cell.lengths[0]

    def potential_energy(self, x: Array) -> Array:
        """The Ewald energy in hartree."""
        return self._ewald(x)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """The network as it is, which must have the period of the cell itself."""
        return network(x)

    @cached_property
    def _ewald(self) -> Ewald:
        return Ewald(self.cell)
