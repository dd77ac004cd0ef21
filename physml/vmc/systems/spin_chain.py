"""Chains of spins ½: the transverse-field Ising model, and Heisenberg's with two couplings.

Pauli matrices throughout, periodic chains. A walker is ``(N, 1)`` with entries ±1, the values of
``σᶻ``; the local energy ``Σ_σ' H_σσ' ψ(σ')/ψ(σ)`` runs over the few σ' that H connects with σ.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.sampling.spins import Proposal, exchange, flip
from physml.types import Field
from physml.vmc.systems.system import Reference

_EXACT_CHAINS = {20: -35.6175461195, 22: -39.1475226071}


@dataclass(frozen=True, kw_only=True)
class IsingChain:
    """``H = −J Σ σᶻ_i σᶻ_{i+1} − h Σ σˣ_i``, whose ground state is positive.

    Attributes:
        sites: N.
        coupling: J > 0.
        field: h > 0; the chain is critical at h = J.

    Raises:
        ConfigurationError: fewer than 3 sites, couplings not positive.

    >>> import physml as pm
    >>> round(pm.IsingChain(sites=20).reference.energy, 6)
    -25.490990
    """

    sites: int = 20
    coupling: float = 1.0
    field: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        if self.sites < 3:
            raise ConfigurationError(f"ising-chain: sites: expected at least 3, got {self.sites}")
        for name in ("coupling", "field"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(
                    f"ising-chain: {name}: expected a number > 0, got {getattr(self, name)}"
                )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "ising-chain"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 1)``."""
        return self.sites, 1

    @property
    def length(self) -> float:
        """The distance of the two values of a spin, in place of a typical length."""
        return 1.0

    @property
    def proposal(self) -> Proposal:
        """Single flips."""
        return flip

    @property
    def reference(self) -> Reference:
        """``−Σ_k √(J² + h² + 2Jh cos k)`` over ``k = (2m + 1)π/N``, exactly.

        Source: Pfeuty (1970), doi:10.1016/0003-4916(70)90270-8.
        """
        k = (2 * np.arange(self.sites) + 1) * np.pi / self.sites
        squares = self.coupling**2 + self.field**2 + 2 * self.coupling * self.field * np.cos(k)
        energy = -float(np.sum(np.sqrt(np.maximum(squares, 0.0))))
        return Reference(energy, 0.0, "exact, free fermions")

    def walkers(self, key: Array, count: int) -> Array:
        """Random spins, ``(count, N, 1)``."""
        return jax.random.rademacher(key, (count, *self.shape), dtype=jnp.result_type(float))

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``−J Σ σ_i σ_{i+1} − h Σ_i ψ(σ with i flipped)/ψ(σ)``."""
        bonds = jnp.sum(x * jnp.roll(x, 1, axis=0))
        here = log_psi(x)
        flipped = jax.vmap(lambda site: log_psi(x.at[site].multiply(-1)))(jnp.arange(self.sites))
        return -self.coupling * bonds - self.field * jnp.sum(jnp.exp(flipped - here[None]))

    def ansatz(self, N: Field, x: Array) -> Array:
        """``N`` as it is."""
        return N(x)


@dataclass(frozen=True, kw_only=True)
class HeisenbergChain:
    """``H = J₁ Σ σ_i·σ_{i+1} + J₂ Σ σ_i·σ_{i+2}`` with zero total spin along z.

    Every second spin is turned by π about z (Marshall's sign rule), after which the ground state is
    positive for ``J₂ = 0`` and a real ψ of any sign may be wanted otherwise. Spins in units of the
    Pauli matrices: energies are four times those of spins ½.

    Attributes:
        sites: N, even.
        coupling: J₁ > 0.
        next_coupling: J₂.

    Raises:
        ConfigurationError: an odd number of sites or fewer than 4, J₁ not positive.

    >>> import physml as pm
    >>> pm.HeisenbergChain(sites=20).reference.energy
    -35.6175461195
    """

    sites: int = 20
    coupling: float = 1.0
    next_coupling: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        if self.sites < 4 or self.sites % 2:
            raise ConfigurationError(
                f"heisenberg-chain: sites: expected an even number, at least 4, got {self.sites}"
            )
        if not self.coupling > 0:
            raise ConfigurationError(
                f"heisenberg-chain: coupling: expected J₁ > 0, got {self.coupling}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "heisenberg-chain"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 1)``."""
        return self.sites, 1

    @property
    def length(self) -> float:
        """The distance of the two values of a spin, in place of a typical length."""
        return 1.0

    @property
    def proposal(self) -> Proposal:
        """Exchanges of an up spin and a down spin."""
        return exchange

    @property
    def reference(self) -> Reference | None:
        """The energy by exact diagonalisation, where it is tabulated."""
        energy = _EXACT_CHAINS.get(self.sites) if self.next_coupling == 0 else None
        if energy is None:
            return None
        return Reference(self.coupling * energy, 0.0, "exact diagonalisation")

    def walkers(self, key: Array, count: int) -> Array:
        """Random spins whose sum is zero, ``(count, N, 1)``."""
        half = self.sites // 2
        spins = jnp.asarray(np.repeat([1.0, -1.0], half), jnp.result_type(float))
        shuffle = jax.vmap(lambda key: jax.random.permutation(key, spins))
        return shuffle(jax.random.split(key, count))[..., None]

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``Σ_bonds J [σ_i σ_j ∓ 2 ψ(σ with i, j exchanged)/ψ(σ)]``, the ratio for unlike spins."""
        sites = np.arange(self.sites)
        first = np.concatenate([sites, sites])
        second = np.concatenate([np.roll(sites, -1), np.roll(sites, -2)])
        # Marshall's sign: exchanges between the sublattices change it, those within do not.
        couplings = np.repeat([self.coupling, self.next_coupling], self.sites)
        signs = np.repeat([-1.0, 1.0], self.sites)
        kept = couplings != 0
        first, second, couplings, signs = (a[kept] for a in (first, second, couplings, signs))
        here = log_psi(x)

        def exchanged(i: Array, j: Array) -> Array:
            return jnp.exp(log_psi(x.at[i].set(x[j]).at[j].set(x[i])) - here)

        ratios = jax.vmap(exchanged)(jnp.asarray(first), jnp.asarray(second))
        products = x[first, 0] * x[second, 0]
        moved = jnp.where(products < 0, 2.0 * jnp.asarray(signs, x.dtype) * ratios, 0.0)
        return jnp.sum(jnp.asarray(couplings, x.dtype) * (products + moved))

    def ansatz(self, N: Field, x: Array) -> Array:
        """``N`` as it is."""
        return N(x)
