"""A Hamiltonian on a lattice or a graph, stated by the rows of its matrix.

A walker is ``(N, 1)``, a value at each site: ±1 of spins ½, numbers of bosons or of electrons. The
local energy runs over the few configurations that H connects with it.

(Hψ/ψ)(x) = H_xx + Σ_y H_xy ψ(y)/ψ(x)
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.memory import Need, check_memory
from physml.sampling.site_moves import change, transfer
from physml.sampling.spins import Proposal, exchange, flip
from physml.types import Field
from physml.vmc.signed_log import psi_ratio
from physml.vmc.systems.system import QuantumSystem

# Of a row's configurations, so many are asked for their way back.
_SOME = 32


class Row(NamedTuple):
    """A row of H at a configuration x.

    Attributes:
        diagonal: ``H_xx``, ``()``, real.
        others: the configurations ``y ≠ x`` with ``H_xy ≠ 0``, ``(K, N, 1)``; as many for each x,
            filled up by any with element 0. One that comes twice counts twice.
        elements: ``H_xy``, ``(K,)``, real or complex.
    """

    diagonal: Array
    others: Array
    elements: Array

    def on_host(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The three as arrays of numpy."""
        return np.asarray(self.diagonal), np.asarray(self.others), np.asarray(self.elements)


class LatticeSystem(QuantumSystem):
    """Sites with a few values each, on any lattice or graph; a class of one's own says its rows.

    It says ``shape`` and ``row(x)``, and if need be ``values``, ``total`` and ``proposal``. Moves
    and first walkers follow from them: of a conserved ``total`` they exchange two unlike sites, or
    carry a unit from one to another, and without it they change a site.

    Before training ``ground_state`` looks at some rows: they must stay among the ``values`` and in
    ``total``, and be those of a Hermitian matrix. ``exact_diagonalisation`` finds the lowest levels
    where the configurations are few enough.

    >>> from dataclasses import dataclass
    >>> import jax, jax.numpy as jnp, numpy as np, physml as pm
    >>> @dataclass(frozen=True)
    ... class Star(pm.vmc.LatticeSystem):  # H = Σ_i (J σ⁺_0 σ⁻_i + h.c.) + Δ σᶻ_0 σᶻ_i / 4
    ...     arms: int = 4
    ...     anisotropy: float = 0.5
    ...     total: float = 1.0  # of five spins: three up
    ...     @property
    ...     def shape(self):
    ...         return self.arms + 1, 1
    ...     def row(self, x):
    ...         arms = jnp.arange(1, self.arms + 1)
    ...         swapped = jax.vmap(lambda i: x.at[i].set(x[0]).at[0].set(x[i]))(arms)
    ...         bonds = x[0, 0] * x[arms, 0]
    ...         return pm.vmc.Row(self.anisotropy * jnp.sum(bonds) / 4, swapped, (bonds < 0) * 1.0)
    >>> levels = pm.vmc.exact_diagonalisation(Star())
    >>> levels.configurations.shape, round(float(levels.energies[0]), 6)
    ((10, 5, 1), -2.5)
    """

    @abstractmethod
    def row(self, x: Array) -> Row:
        """The row of H at a configuration ``x``, ``(N, 1)``, in hartree."""

    @property
    def values(self) -> tuple[float, ...]:
        """What a site may hold; −1 and 1."""
        return (-1.0, 1.0)

    @property
    def total(self) -> float | None:
        """The sum over sites that H keeps, ``2 S_z`` of spins ½; None: it keeps none."""
        return None

    @property
    def proposal(self) -> Proposal | None:
        """Moves that keep ``total``: each is as likely as the way back."""
        if self.total is not None:
            return exchange if len(self.values) == 2 else transfer(self.values)
        return flip if set(self.values) == {-1.0, 1.0} else change(self.values)

    def walkers(self, key: Array, count: int) -> Array:
        """Random configurations with the total, ``(count, N, 1)``; uniform where none is kept."""
        sites, dtype = self.shape[0], jnp.result_type(float)
        values = jnp.asarray(self.values, dtype)
        if self.total is None:
            return jax.random.choice(key, values, (count, sites, 1))
        first = jnp.asarray(_filled(self, self.total, sites), dtype)
        shuffle = jax.vmap(lambda key: jax.random.permutation(key, first))
        return shuffle(jax.random.split(key, count))[..., None]

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``H_xx + Σ_y H_xy ψ(y)/ψ(x)``."""
        diagonal, others, elements = self.row(x)
        ratios = jax.vmap(lambda y: psi_ratio(log_psi, y, x))(others)
        # What fills a row up may be no configuration, and its ψ no number.
        return diagonal + jnp.sum(jnp.where(elements == 0, 0.0, elements * ratios))


def _filled(system: LatticeSystem, total: float, sites: int) -> np.ndarray:
    """Values that sum up to the total, as even as they can be, ``(N,)``.

    Raises:
        ConfigurationError: for a total that no configuration has.
    """
    values = np.sort(np.asarray(system.values, float))
    steps = np.diff(values)
    even = len(values) > 1 and np.allclose(steps, steps[0])
    units = round((total - sites * values[0]) / steps[0]) if even else -1
    reached = even and np.isclose(sites * values[0] + units * steps[0], total)
    if not reached or not 0 <= units <= sites * (len(values) - 1):
        raise ConfigurationError(
            f"{system.name}: total: expected a sum of {sites} values, evenly spaced, out of "
            f"{system.values}, got {total}; write walkers and proposal for others"
        )
    least, more = divmod(units, sites)
    return values[np.where(np.arange(sites) < more, least + 1, least)]


def check_rows(system: LatticeSystem, walkers: Array) -> None:
    """Refuse rows that leave the configurations, or are not those of a Hermitian matrix.

    Args:
        system: whose rows.
        walkers: ``(n, N, 1)``, a few.

    Raises:
        ConfigurationError: with the configuration, what was expected and what came.
    """
    one = jax.ShapeDtypeStruct(walkers.shape[1:], walkers.dtype)
    connected, n = math.prod(Row(*jax.eval_shape(system.row, one)).others.shape), len(walkers)
    need = Need(f"{n} rows × {connected} sites of connected configurations", n * connected)
    check_memory(system.name, [need], "the lattice")
    rows = jax.jit(jax.vmap(system.row))
    diagonal, others, elements = Row(*rows(walkers)).on_host()
    seen = np.asarray(walkers)
    n, sites = seen.shape[:2]
    shapes = diagonal.shape, others.shape, elements.shape
    if shapes != ((n,), (n, elements.shape[-1], sites, 1), (n, elements.shape[-1])):
        raise ConfigurationError(
            f"{system.name}: row: expected a diagonal (), others (K, {sites}, 1) and elements "
            f"(K,), got {', '.join(str(shape[1:]) for shape in shapes)}"
        )
    linked = elements != 0
    if not np.all(np.abs(diagonal.imag) <= 1e-4 * np.abs(diagonal)):
        raise ConfigurationError(
            f"{system.name}: row: expected those of a Hermitian matrix, got a diagonal of "
            f"{diagonal[np.argmax(np.abs(diagonal.imag))]:.6g}"
        )
    for name, found in (("walkers", seen), ("row", others[linked])):
        _check_configurations(system, name, found)
    # Some of the connected are asked for their way back.
    some = np.linspace(0, linked.shape[1] - 1, min(_SOME, linked.shape[1])).astype(int)
    asked = others[:, some]
    back = Row(*rows(jnp.asarray(asked.reshape(-1, sites, 1)))).on_host()
    _, returned, weights = (part.reshape(*asked.shape[:2], *part.shape[1:]) for part in back)
    there = _between(others[:, None], elements[:, None], asked)
    here = _between(returned, weights, seen[:, None])
    wrong = linked[:, some] & ~np.isclose(there, np.conj(here), rtol=1e-4, atol=1e-6)
    if wrong.any():
        i, k = np.argwhere(wrong)[0]
        raise ConfigurationError(
            f"{system.name}: row: expected those of a Hermitian matrix, got H_xy = "
            f"{there[i, k]:.6g} and H_yx = {here[i, k]:.6g} for x = {seen[i, :, 0].tolist()} and "
            f"y = {asked[i, k, :, 0].tolist()}"
        )


def _between(others: np.ndarray, elements: np.ndarray, target: np.ndarray) -> np.ndarray:
    """``Σ_k H_k`` over the others that are the target: ``(..., K, N, 1)`` and ``(..., N, 1)``."""
    same = (others == target[..., None, :, :]).all(axis=(-1, -2))
    return np.sum(np.where(same, elements, 0.0), axis=-1)


def _check_configurations(system: LatticeSystem, name: str, found: np.ndarray) -> None:
    strange = ~np.isin(found, np.asarray(system.values, found.dtype)).all(axis=(-1, -2))
    if system.total is not None:
        strange |= ~np.isclose(found.sum(axis=(-1, -2)), system.total)
    if strange.any():
        kept = "" if system.total is None else f" with the total {system.total}"
        raise ConfigurationError(
            f"{system.name}: {name}: expected sites with values of {system.values}{kept}, got "
            f"{found[strange][0, :, 0].tolist()}"
        )
