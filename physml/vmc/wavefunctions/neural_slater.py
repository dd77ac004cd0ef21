"""Determinants whose orbitals know all electrons, through one vector of each: its node.

    ψ = Σ_k (1 + P_k) det[φ_j(x_i + B h_i + c_i) (1 + u_kj(h_i))]↑ det[…]↓ · e^{J(x) + Σ_i w(h_i)}

How the nodes ``h_i`` come about is what tells one architecture from another; they need to follow
the electrons when these change places. Backflow ``B h_i`` moves the orbitals and not their
envelopes, to which the cusps at nuclei belong; ``c_i`` is the part of it that makes the p wave of
unlike electrons exact where they meet. ``P_k`` adds the determinants with a pair of electrons
lifted, in systems that tell such pairs.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.calculus.pair_sum import others
from physml.errors import ConfigurationError
from physml.networks.activations import Activation
from physml.networks.sizes import DEEPEST, checked_depth, checked_size
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.electrons import Electrons, electrons_of
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.cusp_backflow import CuspBackflow
from physml.vmc.wavefunctions.determinants import signed_sum, slater_determinants
from physml.vmc.wavefunctions.excited_pairs import ExcitedPairs
from physml.vmc.wavefunctions.jastrow import PairJastrow
from physml.vmc.wavefunctions.separation import cell_lengths, place, separation

# flax leaves this collection out when parameters are made.
_ASIDE = "intermediates"


class NeuralSlater(nn.Module):
    """What every architecture makes of its nodes; it starts as a Slater determinant with cusps.

    Attributes:
        system: a system with ``electrons``, such as ``QuantumDot`` or ``ElectronGas``.
        width: of nodes and hidden layers.
        iterations: layers, or rounds of messages.
        determinants: how many products of two determinants are summed.
        activation: a smooth function, or its name, such as "tanh".

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system.
    """

    system: QuantumSystem
    width: int = 32
    iterations: int = 2
    determinants: int = 1
    activation: Activation | str = nn.tanh

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.width = checked_size("width", self.width)
        self.determinants = checked_size("determinants", self.determinants)
        self.iterations = as_whole("iterations", self.iterations, least=0, most=DEEPEST)
        super().__post_init__()

    def nodes(self, x: Array, electrons: Electrons) -> Array:
        """What is known of each electron, ``(N, width)``."""
        raise ConfigurationError(
            f"{type(self).__name__}: expected a method nodes(x, electrons); use MessagePassing, "
            "FermiNet or PsiFormer, or write one"
        )

    @nn.compact
    def __call__(self, x: Array) -> SignedLog:
        """``log|ψ|`` and the sign at a walker ``(N, d)``."""
        electrons = electrons_of(self.system, x, type(self).__name__)
        dtype = jnp.result_type(float)
        nodes = self.nodes(x, electrons)
        scale = jnp.exp(self.param("log_scale", nn.initializers.zeros, (), dtype))
        orbitals = jax.vmap(electrons.orbitals, in_axes=(0, None))
        envelopes = orbitals(x, scale)[0]
        shift = self.linear(x.shape[1], "backflow", nn.initializers.zeros)(nodes)
        moved = x + self.system.length * shift + CuspBackflow(self.system, name="cusp_backflow")(x)
        values = orbitals(moved, scale)[1]
        groups = electrons.groups or tuple(range(values.shape[1]))
        # Determinants that are equal at the start would have equal gradients for ever.
        start = nn.initializers.normal(0.1) if self.determinants > 1 else nn.initializers.zeros
        count = self.determinants * (max(groups) + 1)
        factor = self.linear(count, "orbital_factors", start)(nodes)
        factor = factor.reshape(len(x), self.determinants, -1)
        spread = jnp.moveaxis(1 + factor[:, :, np.array(groups)], 1, 0)
        occupied = values[None] * spread
        if electrons.pairs is None:
            log, sign = slater_determinants(occupied, electrons.n_up)
        else:
            pairs = ExcitedPairs(electrons.pairs, electrons.n_up, name="pairs")
            lifted = jax.vmap(electrons.pairs.virtual)(moved)
            terms = [pairs(one, lifted) for one in occupied]
            log, sign = signed_sum(jax.tree.map(lambda *parts: jnp.stack(parts), *terms))
        jastrow = PairJastrow(self.system, (), name="jastrow")(x)
        one_body = self.linear(1, "log_factor", nn.initializers.zeros)(nodes)
        if self.is_mutable_collection(_ASIDE):  # by orbital_matrices alone
            rows = jnp.exp(envelopes + one_body[:, 0])
            self.sow(_ASIDE, "orbitals", occupied * rows[None, :, None])
        return SignedLog(log + jnp.sum(envelopes) + jastrow + jnp.sum(one_body), sign)

    def linear(
        self, outputs: int, name: str, start: nn.initializers.Initializer | None = None
    ) -> nn.Dense:
        """A linear layer in the default precision."""
        start = nn.initializers.lecun_normal() if start is None else start
        return nn.Dense(outputs, kernel_init=start, param_dtype=jnp.result_type(float), name=name)

    def own(self, x: Array, electrons: Electrons) -> Array:
        """What an electron knows alone, ``(N, m)``: its spin, and in open space its place."""
        own = jnp.asarray(electrons.spins, x.dtype)[:, None]
        if cell_lengths(self.system) is None:
            seen = place(self.system, x)
            own = jnp.concatenate([own, seen.vectors, seen.scalars[:, 1::2]], axis=-1)
        return own

    def edges(self, x: Array, electrons: Electrons) -> tuple[Array, np.ndarray]:
        """What each electron sees of the others, ``(N, N − 1, m)``, and which they are."""
        n, spins = len(x), electrons.spins
        seen = others(n)
        like = jnp.asarray(spins[:, None] * spins[seen], x.dtype)[..., None]
        each = np.broadcast_to(np.arange(n)[:, None], seen.shape)
        apart = separation(self.system, x, each, seen)
        return jnp.concatenate([apart.features, like], axis=-1), seen


def orbital_matrices(wavefunction: NeuralSlater, params: Any, x: Array) -> Array:
    """The orbitals in a wave function's determinants, with all factors of one electron.

    ``e^{a(x_i) + w(h_i)} φ_j(x_i + B h_i + c_i) (1 + u_kj(h_i))`` with the envelope ``e^a``:
    ``ψ = Σ_k det[…]↑ det[…]↓ · e^{J(x)}`` where no pairs are lifted.

    Args:
        wavefunction: a ``MessagePassing``, a ``FermiNet`` or a ``PsiFormer``.
        params: its parameters.
        x: a walker ``(N, d)``.

    Returns:
        ``(K, N, M)``: determinants, electrons with spin up first, at least as many orbitals as
        electrons of either spin, of which a spin takes the first.
    """
    _, aside = wavefunction.apply(params, x, mutable=_ASIDE)
    matrices: Array = aside[_ASIDE]["orbitals"][0]
    return matrices


def sizes(width: int, iterations: int, determinants: int) -> tuple[int, int, int]:
    """The sizes of a ``NeuralSlater`` as command lines give them.

    Raises:
        ConfigurationError: one of them is no positive integer.
    """
    return (
        checked_size("width", width),
        checked_depth("depth", iterations),
        checked_size("determinants", determinants),
    )
