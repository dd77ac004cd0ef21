"""A quantum system: a Hamiltonian as a plain function of a walker, and what belongs to it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus.pair_sum import pair_indices
from physml.errors import ConfigurationError, ShapeError
from physml.sampling.spins import Proposal
from physml.types import Field, LocalOperator
from physml.vmc.systems.cell import Cell, check_twist
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.places import check_charges, check_places


class Reference(NamedTuple):
    """A known energy.

    Attributes:
        energy: in hartree.
        error: its own uncertainty, in hartree; 0 where exact.
        source: where it comes from.
    """

    energy: float
    error: float
    source: str


class QuantumSystem(ABC):
    """What every system has: a Hamiltonian, the shape of a walker, and what it may offer beside.

    A system of one's own is a ``System`` of a plain function, or a class that derives from this one
    and says ``shape`` and ``local_energy``; every other member has a default. A class that derives
    from a system inherits all but its ``reference`` and ``hartree_fock_energy``: another
    Hamiltonian has another energy.

    Raises:
        TypeError: by Python, for a class without ``local_energy``.

    >>> import jax.numpy as jnp, physml as pm
    >>> class Quartic(pm.vmc.QuantumSystem):
    ...     shape = 1, 1
    ...     def local_energy(self, log_psi, x):
    ...         return pm.kinetic_energy(log_psi)(x) + jnp.sum(x**4)
    >>> Quartic().name, Quartic().electrons is None
    ('Quartic', True)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("reference", "hartree_fock_energy"):
            if name not in vars(cls) and name not in vars(cls).get("__annotations__", {}):
                type.__setattr__(cls, name, None)

    if TYPE_CHECKING:  # without a default: a field of a dataclass cannot replace a property

        @property
        def shape(self) -> tuple[int, int]:
            """``(N, d)``, the shape of a walker."""

    @abstractmethod
    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""

    def ansatz(self, network: Field, x: Array) -> Array:
        """``log ψ`` from a network that knows nothing of the system; the network itself."""
        return network(x)

    @property
    def name(self) -> str:
        """For messages and figures; the name of its class."""
        return type(self).__name__

    @property
    def length(self) -> float:
        """A typical distance in bohr, the spread of the first walkers; 1."""
        return 1.0

    @property
    def reference(self) -> Reference | None:
        """The known energy, if any."""
        return None

    @property
    def hartree_fock_energy(self) -> float | None:
        """Exactly that of a bare ``Slater`` state of its electrons, in hartree; None: not known."""
        return None

    @property
    def electrons(self) -> Electrons | None:
        """Spins and orbitals of fermions; None for particles that are told apart, or bosons."""
        return None

    @property
    def cell(self) -> Cell | None:
        """The periodic cell; None in open space."""
        return None

    @property
    def twist(self) -> tuple[float, ...] | None:
        """Phases of ψ across the cell in units of 2π, one for each dimension; None: periodic."""
        return None

    @property
    def lattice(self) -> tuple[int, ...] | None:
        """Sites along each axis of a periodic lattice, row-major; None: no lattice."""
        return None

    @property
    def proposal(self) -> Proposal | None:
        """``(key, walker) -> walker``, moves of its own as of spins; None: Gaussian ones."""
        return None

    @property
    def stride(self) -> Callable[[Array], Array] | None:
        """``walkers (..., N, d) -> (..., N, 1)``, a factor of each move's width; None: 1."""
        return None

    @property
    def walkers(self) -> Callable[[Array, int], Array] | None:
        """``(key, count) -> (count, N, d)``, where walkers start in bohr; None: normal."""
        return None

    @property
    def places(self) -> np.ndarray | None:
        """Of nuclei at rest, ``(M, 3)`` in bohr; None: no nuclei."""
        return None

    @property
    def charges(self) -> np.ndarray | None:
        """``Z`` of these nuclei, ``(M,)``; None: no nuclei."""
        return None

    @property
    def potential_energy(self) -> Callable[[Array], Array] | None:
        """``walker (N, d) -> V`` in hartree; None: not told."""
        return None


@dataclass(frozen=True, eq=False)
class System(QuantumSystem):
    """A system made of its local energy, one plain function.

    Particles are told apart unless it says ``electrons=``: without them a network finds the lowest
    state of all, that of bosons, however many electrons the Hamiltonian is meant for.

    Attributes:
        local_energy: ``(log_psi, x) -> Hψ/ψ`` at a walker ``x`` of shape ``(N, d)``; hartree, bohr.
        shape: ``(N, d)``, particles and dimension.
        envelope: ``(network, x) -> log ψ``: makes ψ of it square-integrable; the network itself
            must be so if it is not given.
        length: a typical distance in bohr, the spread of the first walkers.
        reference: the known energy.
        name: for messages and figures.
        electrons: spins and orbitals of fermions, which wave functions of electrons take and whose
            antisymmetry is checked.
        cell: in which they are periodic.
        twist: phases of ψ across the cell in units of 2π.
        lattice: sites along each axis, of spins.
        proposal: ``(key, walker) -> walker``, moves in place of Gaussian ones, such as
            ``pm.sampling.flip``.
        stride: ``walkers (..., N, d) -> (..., N, 1)``, a factor of each move's width.
        walkers: ``(key, count) -> (count, N, d)``, where they start; normal about the origin if
            not given, uniform in a cell.
        places: of nuclei at rest, ``(M, 3)`` in bohr, for ``nuclear_forces``, and for moves between
            those far apart.
        charges: of these nuclei, ``(M,)``.
        potential_energy: ``walker (N, d) -> V`` in hartree, for ``energy_parts``.

    Raises:
        ConfigurationError: for a shape that is not two positive integers, a length not positive,
            or members that do not belong together.

    >>> import jax.numpy as jnp, physml as pm
    >>> def quartic(log_psi, x):
    ...     return pm.kinetic_energy(log_psi)(x) + jnp.sum(x**4)
    >>> system = pm.System(quartic, (1, 1), envelope=lambda net, x: net(x) - jnp.sum(x**2))
    """

    # A field without a default, which that of the base class would be.
    local_energy: LocalOperator = field()  # type: ignore[assignment]
    shape: tuple[int, int]
    envelope: Callable[[Field, Array], Array] | None = None
    length: float = 1.0
    reference: Reference | None = None
    name: str = "system"
    _: KW_ONLY
    electrons: Electrons | None = None
    cell: Cell | None = None
    twist: tuple[float, ...] | None = None
    lattice: tuple[int, ...] | None = None
    proposal: Proposal | None = None
    stride: Callable[[Array], Array] | None = None
    walkers: Callable[[Array, int], Array] | None = None
    places: np.ndarray | None = None
    charges: np.ndarray | None = None
    potential_energy: Callable[[Array], Array] | None = None

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        check_system(self, "System")
        for name, member in (("places", self.places), ("charges", self.charges)):
            if member is not None:
                object.__setattr__(self, name, np.asarray(member, float))
        if self.lattice is not None:
            object.__setattr__(self, "lattice", tuple(self.lattice))

    def ansatz(self, network: Field, x: Array) -> Array:
        """``log ψ`` from a network."""
        return network(x) if self.envelope is None else self.envelope(network, x)


System.__abstractmethods__ = frozenset()  # each instance has its local energy as a field


def check_system(system: QuantumSystem, who: str) -> None:
    """Refuse what is no system, numbers not finite, and members that do not belong together.

    Raises:
        ConfigurationError: with the member, what was expected and what came.
    """
    if not isinstance(system, QuantumSystem):
        raise ConfigurationError(
            f"{who}: system: expected a QuantumSystem, whose members have defaults, got "
            f"{type(system).__name__}; derive it: class "
            f"{type(system).__name__}(pm.vmc.QuantumSystem)"
        )
    for name, number in vars(system).items():
        if isinstance(number, float) and not math.isfinite(number):
            raise ConfigurationError(
                f"{system.name}: {name}: expected a finite number, got {number}"
            )
    shape = system.shape
    pair = isinstance(shape, tuple) and len(shape) == 2
    if not pair or any(not isinstance(n, int) or n < 1 for n in shape):
        raise ConfigurationError(
            f"{system.name}: shape: expected (particles, dimension), got {shape}"
        )
    if not 0 < system.length < math.inf:
        raise ConfigurationError(
            f"{system.name}: length: expected a distance > 0 in bohr, got {system.length}"
        )
    n, d = shape
    electrons, cell, twist = system.electrons, system.cell, system.twist
    # One that is computed is the system's own, and may be larger than the machine.
    computed = isinstance(getattr(type(system), "reference", None), (property, cached_property))
    told = None if computed else system.reference
    faults = {
        f"electrons: expected an Electrons of {n} particles, got {electrons}": (
            electrons is not None
            and not (
                isinstance(electrons, Electrons)
                and electrons.n_up + electrons.n_down == n
                and min(electrons.n_up, electrons.n_down) >= 0
            )
        ),
        f"reference: expected a Reference(energy, error, source), got {told!r}": (
            told is not None and not isinstance(told, Reference)
        ),
        f"cell: expected a Cell of {d} lengths, got {cell}": (
            cell is not None and not (isinstance(cell, Cell) and cell.dimension == d)
        ),
        f"twist: expected that of a system with a cell, got {twist} without": (
            twist is not None and cell is None
        ),
        f"lattice: expected axes whose product is {n} sites, got {system.lattice}": (
            system.lattice is not None and math.prod(system.lattice) != n
        ),
        "walkers: expected a function (key, count) beside proposal, which alone knows what values "
        "its moves keep, got none": system.proposal is not None and system.walkers is None,
        "places, charges: expected both or neither": (
            (system.places is None) != (system.charges is None)
        ),
        f"places: expected nuclei of a system of 3 dimensions, got {d}": (
            system.places is not None and d != 3
        ),
    }
    for fault, found in faults.items():
        if found:
            raise ConfigurationError(f"{system.name}: {fault}")
    if system.places is not None:
        count = len(np.atleast_1d(np.asarray(system.charges)))
        check_places(system.places, count, f"{system.name}: places")
        check_charges(system.charges, count, f"{system.name}: charges")
    if twist is not None:
        try:
            check_twist(twist, d)
        except ConfigurationError as error:
            raise ConfigurationError(f"{system.name}: {error}") from None


def first_walkers(system: QuantumSystem, key: Array, count: int) -> Array:
    """Where walkers start, ``(count, N, d)`` in bohr.

    A system may say so by ``walkers(key, count)``; else they are uniform in its cell, or in open
    space normal about the origin, spread by the system's length.

    Whole numbers, such as spins of ``jax.random.rademacher``, become floating-point ones: an
    operator that makes its elements of the walker's type would round them.

    Raises:
        ShapeError: for walkers of the system's own of another shape.
    """
    shape = (count, *system.shape)
    if system.walkers is not None:
        own = jnp.asarray(system.walkers(key, count))
        own = own if jnp.issubdtype(own.dtype, jnp.inexact) else own.astype(float)
        if own.shape != shape:
            raise ShapeError(f"{system.name}: walkers: expected {shape}, got {own.shape}")
        return own
    if system.cell is not None:
        sides = np.asarray(system.cell.lengths)[None, None]
        unit = jax.random.uniform(key, shape)
        return unit * jnp.asarray(sides, unit.dtype)
    return system.length * jax.random.normal(key, shape)


def pair_distances(x: Array) -> Array:
    """``|x_i − x_j|`` for ``i < j``, ``(N(N−1)/2,)``, without the singular diagonal."""
    first, second = pair_indices(x.shape[0])
    return jnp.linalg.norm(x[first] - x[second], axis=-1)
