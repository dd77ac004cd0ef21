"""Electrons in a parabolic quantum dot."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.system import QuantumSystem, Reference, pair_distances

_HOGBERGET = "fixed-node diffusion Monte Carlo, an upper bound, Høgberget (2013)"
# CCSD(T) in 9, 10 and 11 shells of the oscillator, 20.16166, 20.16045 and 20.15958 hartree, and
# full configuration interaction beyond it in 4 to 6 shells, −1.64, −1.86 and −1.97 mHa. The
# diffusion Monte Carlo of six, 20.15932(8), then has a fixed-node error of 7 mHa; one of that size
# in the other dots is not known.
_COUPLED = "CCSD(T) and full CI, extrapolated in shells; fixed-node DMC, a bound, has 20.15932"
_REFERENCES = {
    (2, 1, 1, 1.0): Reference(3.0, 0.0, "exact, Taut (1994)"),
    (2, 1, 1, 1 / 6): Reference(2 / 3, 0.0, "exact, Taut (1994)"),
    (3, 1, 1, 1 / 2): Reference(2.0, 0.0, "exact, Taut (1993)"),
    (3, 1, 1, 1 / 10): Reference(0.5, 0.0, "exact, Taut (1993)"),
    (2, 1, 1, 0.5): Reference(1.65977, 1e-5, _HOGBERGET),
    (2, 3, 0, 1.0): Reference(6.75795, 4e-5, "own exact diagonalisation, 7 to 12 shells"),
    (2, 3, 3, 1.0): Reference(20.1525, 2e-3, _COUPLED),
    (2, 3, 3, 0.5): Reference(11.78484, 6e-5, _HOGBERGET),
    (2, 6, 6, 1.0): Reference(65.7001, 1e-4, _HOGBERGET),
    (2, 6, 6, 0.5): Reference(39.1596, 1e-4, _HOGBERGET),
    (2, 10, 10, 1.0): Reference(155.8822, 1e-4, _HOGBERGET),
    (2, 10, 10, 0.5): Reference(93.8752, 1e-4, _HOGBERGET),
}


@dataclass(frozen=True, kw_only=True)
class QuantumDot(QuantumSystem):
    """``H = Σ_i [−½∇_i² + ½ω² r_i²] + Σ_{i<j} 1/r_ij``.

    Attributes:
        n_up: electrons with spin up.
        n_down: electrons with spin down.
        omega: ω in hartree.
        dimension: 2 or 3.

    Raises:
        ConfigurationError: an open shell, no electron, ω not positive, another dimension.

    >>> import physml as pm
    >>> dot = pm.QuantumDot(n_up=1, n_down=1, omega=1.0)
    >>> dot.shape, dot.reference.energy
    ((2, 2), 3.0)
    """

    n_up: int = 1
    n_down: int = 1
    omega: float = 1.0
    dimension: int = 2

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if not self.omega > 0:
            raise ConfigurationError(f"quantum-dot: omega: expected ω > 0, got {self.omega}")
        if self.dimension not in (2, 3):
            raise ConfigurationError(
                f"quantum-dot: dimension: expected 2 or 3, got {self.dimension}"
            )
        closed = closed_shells(self.dimension)
        for name, count in (("n_up", self.n_up), ("n_down", self.n_down)):
            if count not in closed:
                raise ConfigurationError(
                    f"quantum-dot: {name}: expected a closed shell of {self.dimension} dimensions "
                    f"({', '.join(map(str, closed))}), got {count}"
                )
        if self.n_up + self.n_down == 0:
            raise ConfigurationError("quantum-dot: expected at least one electron")

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "quantum-dot"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, d)``."""
        return self.n_up + self.n_down, self.dimension

    @property
    def length(self) -> float:
        """``1/√ω`` bohr."""
        return self.omega**-0.5

    @property
    def reference(self) -> Reference | None:
        """The tabulated energy, if these numbers have one."""
        for (d, up, down, omega), reference in _REFERENCES.items():
            if (d, up, down) == (self.dimension, self.n_up, self.n_down) and (
                abs(omega - self.omega) < 1e-12
            ):
                return reference
        return None

    @property
    def electrons(self) -> Electrons:
        """Electrons in harmonic-oscillator orbitals."""
        count = max(self.n_up, self.n_down)
        orbitals = partial(harmonic_orbitals, omega=self.omega, count=count)
        return Electrons(self.n_up, self.n_down, orbitals)

    def potential_energy(self, x: Array) -> Array:
        """Trap and repulsion, in hartree."""
        return 0.5 * self.omega**2 * jnp.sum(x**2) + jnp.sum(1 / pair_distances(x))

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − ½ω r²``: for networks without the cusp."""
        return network(x) - 0.5 * self.omega * jnp.sum(x**2)


def closed_shells(dimension: int) -> tuple[int, ...]:
    """Numbers of electrons of one spin that close shells of the oscillator; 0 among them."""
    return (0, 1, 3, 6, 10, 15, 21) if dimension == 2 else (0, 1, 4, 10, 20)


def harmonic_orbitals(x: Array, scale: Array, *, omega: float, count: int) -> tuple[Array, Array]:
    """Orbitals ``∏_a H_{n_a}(√(sω) x_a) e^{−sω r²/2}``, unnormalised, by shells.

    Args:
        x: ``(d,)``, in bohr.
        scale: ``s``.
        omega: ω in hartree.
        count: how many orbitals.

    Returns:
        The log envelope ``()`` and the polynomials ``(count,)``.
    """
    quanta = _quanta(x.shape[0], count)
    reduced = jnp.sqrt(scale * omega) * x
    hermite = [jnp.ones_like(reduced), 2 * reduced]
    for n in range(1, max(map(max, quanta))):
        hermite.append(2 * reduced * hermite[n] - 2 * n * hermite[n - 1])
    values = []
    for numbers in quanta:
        value = jnp.ones((), x.dtype)
        for axis, n in enumerate(numbers):
            value = value * hermite[n][axis]
        values.append(value)
    return -0.5 * jnp.sum(reduced**2), jnp.stack(values)


def _quanta(dimension: int, count: int) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for shell in itertools.count():
        if len(found) >= count:
            return found[:count]
        numbers = itertools.product(range(shell + 1), repeat=dimension)
        found += [n for n in numbers if sum(n) == shell]
    raise AssertionError("unreachable")
