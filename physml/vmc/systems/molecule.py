"""Molecules: electrons about several nuclei at rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError, UnknownNameError
from physml.types import Field
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.elements import (
    exponents,
    formula,
    free_spin,
    nuclear_charge,
    spins_of,
    symbol_of,
)
from physml.vmc.systems.nuclei import (
    around,
    coulomb_energy,
    homes,
    nuclear_distances,
    stride,
)
from physml.vmc.systems.places import check_places
from physml.vmc.systems.system import QuantumSystem, Reference, pair_distances

Positions = tuple[tuple[float, float, float], ...]

# At their equilibrium distances in bohr.
MOLECULES: dict[str, tuple[tuple[str, ...], Positions]] = {
    "H2": (("H", "H"), ((0.0, 0.0, 0.0), (0.0, 0.0, 1.401))),
    "LiH": (("Li", "H"), ((0.0, 0.0, 0.0), (0.0, 0.0, 3.015))),
}
_DEFAULT = "H2"
_TABLE = "exact non-relativistic energy, table"
# H2: Pachucki (2010), doi:10.1103/PhysRevA.82.032509, −1.1744757 at 1.4 bohr, where the curve is
# flat; LiH: Cencek and Rychlewski (2000), Chem. Phys. Lett. 320, 549, as it stands beside that of
# FermiNet in arXiv 1909.02487. Errors are half a unit of the last digit that is given here.
_REFERENCES = {
    (("H", "H"), (1, 1), 1.401): Reference(-1.17448, 5e-6, _TABLE),
    (("H", "Li"), (2, 2), 3.015): Reference(-8.070548, 5e-7, _TABLE),
}
# Extended Hückel: orbitals that overlap mix by this factor times overlap and mean energy; and a
# p orbital's energy over that of the s orbital in its shell.
_HUECKEL = 1.75
_P_SHELL = 0.6
_QUADRATURE = 20_000


@dataclass(frozen=True, kw_only=True)
class Molecule(QuantumSystem):
    """``H = Σ_i [−½∇_i² − Σ_A Z_A/r_iA] + Σ_{i<j} 1/r_ij + Σ_{A<B} Z_A Z_B/R_AB``.

    Attributes:
        name: of a molecule known at its equilibrium distance, H2 or LiH; any other name, and their
            formula if none, where nuclei and positions are given.
        charge: of the whole molecule, in elementary charges.
        spin: unpaired electrons, ``n_up − n_down``; 0 or 1 if None.
        nuclei: symbols of the elements, or their atomic numbers, of which symbols are made; those
            of the known molecule if None.
        positions: of the nuclei, ``(M, 3)`` in bohr; ``1.2 * ANGSTROM`` is 1.2 ångström. Those of
            the known molecule if None.

    Raises:
        UnknownNameError: an unknown molecule without nuclei, or an unknown element.
        ConfigurationError: nuclei without place, two in one place or nearer than 0.1 bohr, a known
            name for other nuclei, no electron, a charge or spin that is not whole, a spin that so
            many electrons cannot have.

    Sources: Wolfsberg and Helmholz (1952), doi:10.1063/1.1700580 (how orbitals of atoms mix at the
    start; the wave function corrects them).

    >>> import physml as pm
    >>> pm.vmc.Molecule(name="LiH").shape, pm.vmc.Molecule(name="LiH").reference.energy
    ((4, 3), -8.070548)
    >>> stretched = pm.vmc.Molecule(name="H2", positions=((0, 0, 0), (0, 0, 0.9 * pm.vmc.ANGSTROM)))
    """

    name: str = _DEFAULT
    charge: int = 0
    spin: int | None = None
    nuclei: tuple[str, ...] | None = None
    positions: Positions | None = None

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        if self.nuclei is not None:
            self._name_nuclei(self.nuclei)
        elif self.name not in MOLECULES:
            raise UnknownNameError("molecule", self.name, MOLECULES)
        if self.positions is not None:
            places = check_places(self.positions, len(self.symbols), "molecule: positions")
            object.__setattr__(self, "positions", tuple(map(tuple, places.tolist())))
        object.__setattr__(self, "charge", as_whole("molecule: charge", self.charge))
        if self.spin is not None:
            object.__setattr__(self, "spin", as_whole("molecule: spin", self.spin))
        if max(self._spins) > len(self._basis):
            raise ConfigurationError(
                f"molecule: charge, spin: expected at most {len(self._basis)} electrons of a spin, "
                f"as many as orbitals in these nuclei's shells, got {max(self._spins)}"
            )

    def _name_nuclei(self, nuclei: Sequence[str]) -> None:
        """Nuclei as a tuple, and a name that is theirs."""
        if isinstance(nuclei, str) or not np.iterable(nuclei) or not len(nuclei):
            raise ConfigurationError(
                "molecule: nuclei: expected symbols or atomic numbers, such as ('N', 'N') or "
                f"(7, 7), got {nuclei!r}"
            )
        symbols = tuple(map(symbol_of, nuclei))
        object.__setattr__(self, "nuclei", symbols)
        known = sorted(MOLECULES[self.name][0]) if self.name in MOLECULES else None
        if self.positions is None and known != sorted(symbols):
            raise ConfigurationError(
                f"molecule: positions: expected those of {len(symbols)} nuclei {symbols} in bohr, "
                f"got none; known without are {', '.join(MOLECULES)}"
            )
        if known not in (None, sorted(symbols)):
            if self.name != _DEFAULT:
                raise ConfigurationError(
                    f"molecule: name: expected a name of the nuclei {symbols}, got {self.name}, "
                    "which is a known molecule of others; leave it out"
                )
            object.__setattr__(self, "name", formula(symbols))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The elements."""
        return MOLECULES[self.name][0] if self.nuclei is None else self.nuclei

    @property
    def charges(self) -> np.ndarray:
        """``Z`` of the nuclei, ``(M,)``."""
        return np.array([nuclear_charge(symbol) for symbol in self.symbols])

    @property
    def places(self) -> np.ndarray:
        """Of the nuclei, ``(M, 3)`` in bohr."""
        known = self.positions is None
        return np.asarray(MOLECULES[self.name][1] if known else self.positions, float)

    @property
    def _spins(self) -> tuple[int, int]:
        electrons = int(self.charges.sum()) - self.charge
        return spins_of(electrons, electrons % 2 if self.spin is None else self.spin, "molecule")

    @property
    def n_up(self) -> int:
        """Electrons with spin up."""
        return self._spins[0]

    @property
    def n_down(self) -> int:
        """Electrons with spin down."""
        return self._spins[1]

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 3)``."""
        return self.n_up + self.n_down, 3

    @property
    def length(self) -> float:
        """1 bohr."""
        return 1.0

    @property
    def reference(self) -> Reference | None:
        """The tabulated energy, if this molecule at this distance has one."""
        if len(self.symbols) != 2:
            return None
        distance = float(np.linalg.norm(self.places[0] - self.places[1]))
        for (symbols, spins, at), reference in _REFERENCES.items():
            same = tuple(sorted(self.symbols)) == symbols and self._spins == spins
            if same and abs(distance - at) < 1e-9:
                return reference
        return None

    @property
    def electrons(self) -> Electrons:
        """Electrons in the lowest orbitals that extended Hückel theory makes of the atoms'."""
        centres = []
        for (z, first, second), place in zip(self._shells, self.places, strict=True):
            for scale in [1 / first, 2 / second] if z > 2 else [1 / first]:
                centres.append((tuple(map(float, place)), scale))
        return Electrons(self.n_up, self.n_down, self._orbitals, centres=tuple(centres))

    @property
    def _shells(self) -> list[tuple[int, float, float]]:
        """Charge and exponents of each nucleus, those of its free atom."""
        found = []
        for z in map(int, self.charges):
            spins = spins_of(z, free_spin(z), "molecule")
            found.append((z, *exponents(z, *spins)))
        return found

    @property
    def _basis(self) -> list[float]:
        """The energy of each orbital of the atoms, in hartree, from ``ζ``."""
        energies = []
        for z, first, second in self._shells:
            energies.append(-(first**2) / 2)
            if z > 2:
                energies += [-(second**2) / 2] + 3 * [-_P_SHELL * second**2 / 2]
        return energies

    def _atomic_orbitals(self, x: Array, scale: Array) -> tuple[Array, Array]:
        """``e^{−Σ h_A}`` times ``e^{−ζs_A}`` and ``(x − R_A)_a e^{−ζs_A}`` of all shells.

        ``h = Zr/(1 + Zr)`` has the slope Z at the nucleus and stays below 1;
        ``s = √(r² + 1/Z²) − 1/Z`` is smooth.
        """
        delta = x[None] - jnp.asarray(self.places, x.dtype)
        squares = jnp.sum(delta**2, axis=-1)
        reduced = jnp.sqrt(squares) * jnp.asarray(self.charges, x.dtype)
        values = []
        for nucleus, (z, first, second) in enumerate(self._shells):
            smooth = jnp.sqrt(squares[nucleus] + z**-2) - 1 / z
            values.append(jnp.exp(-scale * first * smooth)[None])
            if z > 2:
                outer = jnp.exp(-scale * second * smooth)
                values += [outer[None], delta[nucleus] * outer]
        return -jnp.sum(reduced / (1 + reduced)), jnp.concatenate(values)

    def _orbitals(self, x: Array, scale: Array) -> tuple[Array, Array]:
        envelope, values = self._atomic_orbitals(x, scale)
        return envelope, jnp.asarray(self._mixing, x.dtype) @ values

    @cached_property
    def _mixing(self) -> np.ndarray:
        """Molecular from atomic orbitals, lowest first, ``(max(n_up, n_down), K)``.

        ``H_ab = ½ · 1.75 (E_a + E_b) S_ab``, with overlaps by Monte Carlo to about a percent, which
        is the same for nuclei in another order.
        """
        order = np.lexsort((*self.places.T[::-1], -self.charges))
        if np.any(np.diff(order) < 0):
            sorted_nuclei = replace(
                self,
                nuclei=tuple(self.symbols[a] for a in order),
                positions=tuple((x, y, z) for x, y, z in self.places[order].tolist()),
            )
            ends = np.cumsum([5 if z > 2 else 1 for z in self.charges])
            own = np.split(np.arange(ends[-1]), ends[:-1])
            columns = np.argsort(np.concatenate([own[a] for a in order]))
            mixing: np.ndarray = sorted_nuclei._mixing[:, columns]
            return mixing
        rng = np.random.default_rng(0)
        sizes = np.array([2 / exponent[1 if z > 2 else 0] for z, *exponent in self._shells])
        near = rng.integers(len(sizes), size=_QUADRATURE)
        reach = rng.gamma(3.0, sizes[near] / 2)  # the density ∝ e^{−2r/size}
        points = rng.normal(size=(_QUADRATURE, 3))
        points *= (reach / np.linalg.norm(points, axis=1))[:, None]
        points += self.places[near]
        r = np.linalg.norm(points[:, None] - self.places[None], axis=-1)
        density = np.mean(np.exp(-2 * r / sizes) / (np.pi * sizes**3), axis=1)
        with jax.ensure_compile_time_eval():
            orbitals = jax.vmap(self._atomic_orbitals, in_axes=(0, None))
            log, values = map(np.asarray, orbitals(jnp.asarray(points), jnp.asarray(1.0)))
        chi = values * np.exp(log)[:, None]
        norms = np.sqrt(np.mean(chi**2 / density[:, None], axis=0))
        chi /= norms
        overlap = chi.T @ (chi / density[:, None]) / _QUADRATURE
        energies = np.array(self._basis)
        coupled = _HUECKEL * (energies[:, None] + energies[None]) / 2 * overlap
        coupled[np.diag_indices_from(coupled)] = energies
        root = np.linalg.inv(np.linalg.cholesky(overlap))
        vectors = (root.T @ np.linalg.eigh(root @ coupled @ root.T)[1]).T
        lowest = vectors[: max(self._spins)]
        return lowest / norms / np.max(np.abs(lowest / norms), axis=1, keepdims=True)

    def walkers(self, key: Array, count: int) -> Array:
        """First walkers, normal about the nuclei, ``(count, N, 3)`` in bohr.

        Each walker draws how electrons and spins are shared among the nuclei, see ``homes``; the
        spread is 1 bohr, and ``1/Z`` for the first of either spin about a nucleus with Z > 2.
        """
        key_homes, key_places = jax.random.split(key)
        near = homes(key_homes, count, charges=self.charges, n_up=self.n_up, n_down=self.n_down)
        up = np.arange(self.shape[0]) < self.n_up
        before = np.tril(up[:, None] == up, k=-1)[None]
        first = ~jnp.any((near[:, :, None] == near[:, None]) & before, axis=-1)
        z = jnp.asarray(self.charges, float)[near]
        spread = jnp.where(first & (z > 2), 1 / z, 1.0)
        return around(key_places, centres=jnp.asarray(self.places)[near], spread=spread)

    def stride(self, x: Array) -> Array:
        """What the width of each electron's move is multiplied by, ``(..., N, 1)``, at most 1."""
        return stride(x, self.charges, self.places)

    def potential_energy(self, x: Array) -> Array:
        """Attraction and repulsion of electrons and nuclei, in hartree."""
        return coulomb_energy(x, self.charges, self.places)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """Cusps and decay for a network: ``N − Σ_iA h_A(r_iA) + ½ Σ r_ij/(1 + r_ij)``.

        ``h_A`` has the slope ``Z_A`` at the nucleus and ``Z_A/Σ Z`` far away, so that an electron
        far from all nuclei decays as ``e^{−r}``.

        Raises:
            ConfigurationError: two electrons of one spin, for which a network is not
                antisymmetric.
        """
        if max(self.n_up, self.n_down) > 1:
            raise ConfigurationError(
                "molecule: a network with the ansatz describes one electron of each spin, got "
                f"n_up = {self.n_up}, n_down = {self.n_down}; use an antisymmetric wave function"
            )
        charges = np.broadcast_to(self.charges, (x.shape[0], len(self.charges)))
        z = jnp.asarray(charges, x.dtype)
        far = z / float(self.charges.sum())
        r = nuclear_distances(x, self.places)
        decay = jnp.sum(far * r + (z - far) * r / (1 + z * r))
        apart = pair_distances(x)
        return network(x) - decay + 0.5 * jnp.sum(apart / (1 + apart))
