"""Heisenberg's chain of spins, with couplings to first and second neighbours.

Pauli matrices, a periodic chain. A walker is ``(N, 1)`` with entries ±1, the values of ``σᶻ``; the
local energy ``Σ_σ' H_σσ' ψ(σ')/ψ(σ)`` runs over the few σ' that H connects with σ.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.sampling.spins import Proposal, exchange
from physml.types import Field
from physml.vmc.systems.system import Reference

_EXACT_CHAINS = {20: -35.6175461195, 22: -39.1475226071}


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
