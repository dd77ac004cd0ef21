"""A quantum system: a Hamiltonian as a plain function of a walker, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.types import Field, LocalOperator


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


class QuantumSystem(Protocol):
    """What ``ground_state`` needs of a system; ``System`` makes one of a plain function."""

    @property
    def name(self) -> str:
        """For messages and figures."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, d)``, the shape of a walker."""
        ...

    @property
    def length(self) -> float:
        """A typical distance in bohr: the spread of the first walkers."""
        ...

    @property
    def reference(self) -> Reference | None:
        """The known energy, if any."""
        ...

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        ...

    def ansatz(self, N: Field, x: Array) -> Array:
        """``log ψ`` from a network that knows nothing of the system."""
        ...


@dataclass(frozen=True, eq=False)
class System:
    """A system made of a Hamiltonian, one plain function.

    Attributes:
        hamiltonian: ``(log_psi, x) -> Hψ/ψ`` at a walker ``x`` of shape ``(N, d)``; hartree, bohr.
        shape: ``(N, d)``, particles and dimension.
        envelope: ``(N, x) -> log ψ``: makes ψ of a network square-integrable; the network itself
            must be so if it is not given.
        length: a typical distance in bohr, the spread of the first walkers.
        reference: the known energy.
        name: for messages and figures.

    Raises:
        ConfigurationError: for a shape that is not two positive integers, or a length not positive.

    >>> import jax.numpy as jnp, physml as pm
    >>> def quartic(log_psi, x):
    ...     return pm.kinetic_energy(log_psi)(x) + jnp.sum(x**4)
    >>> system = pm.System(quartic, (1, 1), envelope=lambda N, x: N(x) - jnp.sum(x**2))
    """

    hamiltonian: LocalOperator
    shape: tuple[int, int]
    envelope: Callable[[Field, Array], Array] | None = None
    length: float = 1.0
    reference: Reference | None = None
    name: str = "system"

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        pair = isinstance(self.shape, tuple) and len(self.shape) == 2
        if not pair or any(not isinstance(n, int) or n < 1 for n in self.shape):
            raise ConfigurationError(
                f"{self.name}: shape: expected (particles, dimension), got {self.shape}"
            )
        if not self.length > 0:
            raise ConfigurationError(
                f"{self.name}: length: expected a distance > 0 in bohr, got {self.length}"
            )

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return self.hamiltonian(log_psi, x)

    def ansatz(self, N: Field, x: Array) -> Array:
        """``log ψ`` from a network."""
        return N(x) if self.envelope is None else self.envelope(N, x)


def first_walkers(system: QuantumSystem, key: Array, count: int) -> Array:
    """Where walkers start, ``(count, N, d)`` in bohr.

    A system may say so by a method ``walkers(key, count)``; else they are normal about the origin,
    spread by the system's length.
    """
    own = getattr(system, "walkers", None)
    if own is not None:
        return jnp.asarray(own(key, count))
    return system.length * jax.random.normal(key, (count, *system.shape))


def pair_distances(x: Array) -> Array:
    """``|x_i − x_j|`` for ``i < j``, ``(N(N−1)/2,)``, without the singular diagonal."""
    first, second = np.triu_indices(x.shape[0], k=1)
    return jnp.linalg.norm(x[first] - x[second], axis=-1)
