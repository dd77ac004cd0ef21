"""The systems that the command line offers, with wave function and recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import flax.linen as nn
from jax import Array

from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Run
from physml.train.callbacks import Callback
from physml.vmc.ground_state import ground_state
from physml.vmc.hartree_fock import check_nuclei, hartree_fock
from physml.vmc.measured_state import GroundState, reference_of
from physml.vmc.pretraining import pretrain
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import (
    Atom,
    Calogero,
    DoubleWell,
    ElectronGas,
    HarmonicOscillator,
    HeisenbergChain,
    HeisenbergSquare,
    Hydrogen,
    IsingChain,
    Molecule,
    QuantumDot,
    QuantumSystem,
    Reference,
    SpinlessFermions,
    TrappedBosons,
)
from physml.vmc.wavefunctions import build_wavefunction


class SystemEntry(NamedTuple):
    """A system of the catalogue.

    Attributes:
        name: as on the command line.
        hamiltonian: in a line, hartree and bohr.
        reference: what its energy is compared with.
        system: a frozen dataclass with default numbers, which the command line may change.
        recipe: settings that find its ground state.
    """

    name: str
    hamiltonian: str
    reference: str
    system: QuantumSystem
    recipe: VMCRecipe

    def wavefunction(self, recipe: VMCRecipe, system: QuantumSystem | None = None) -> nn.Module:
        """The wave function of a recipe for this system, or for one with other numbers."""
        return build_wavefunction(
            recipe.wavefunction,
            self.system if system is None else system,
            recipe.network,
            determinants=recipe.determinants,
        )

    def compared_with(self, recipe: VMCRecipe, system: QuantumSystem) -> Reference | None:
        """What the energy of a recipe for this system is to be held against, if it is known."""
        return reference_of(system, self.wavefunction(recipe, system))

    def ground_state(
        self,
        recipe: VMCRecipe | None = None,
        *,
        system: QuantumSystem | None = None,
        key: Array | None = None,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> GroundState:
        """Find the ground state by a recipe, its own if none is given; see ``physml.ground_state``.

        Args:
            recipe: settings.
            system: with other numbers than the entry's own.
            key: random key.
            run: a run directory.
            callbacks: see ``physml.fit``.
        """
        chosen = self.recipe if recipe is None else recipe
        system = self.system if system is None else system
        wavefunction = self.wavefunction(chosen, system)
        params = None
        if chosen.pretrain:
            params = pretrain(
                system,
                wavefunction,
                hartree_fock(check_nuclei(system)),
                walkers=chosen.walkers,
                sweeps=chosen.sweeps,
                steps=chosen.pretrain,
                key=key,
                run=run,
                callbacks=callbacks,
            ).params
        return ground_state(
            system,
            wavefunction,
            optimizer=chosen.optimizer.build(),
            sampler=chosen.sampler,
            walkers=chosen.walkers,
            sweeps=chosen.sweeps,
            steps=chosen.steps,
            measurements=chosen.measurements,
            params=params,
            key=key,
            run=run,
            callbacks=callbacks,
        )


_BOSONS = VMCRecipe(
    wavefunction="deep-set",
    optimizer=OptimizerSettings(
        name="natural-gradient", learning_rate=0.1, damping=1e-3, momentum=0.9, max_norm=0.3
    ),
)

_SPINS = VMCRecipe(
    wavefunction="rbm",
    network=NetworkSettings(width=4, depth=1),
    optimizer=OptimizerSettings(
        name="natural-gradient", learning_rate=0.05, damping=1e-3, momentum=0.8, max_norm=0.2
    ),
    walkers=1024,
    sweeps=1,
    steps=300,
)

# Several determinants: 2s² and 2p² are nearly degenerate in beryllium.
_MOLECULES = VMCRecipe(
    wavefunction="message-passing",
    network=NetworkSettings(width=16, depth=2, initial="glorot"),
    determinants=4,
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.05,
        decay=300.0,
        damping=1e-3,
        momentum=0.95,
        max_norm=0.3,
    ),
    walkers=512,
    sweeps=20,
    steps=400,
)

SYSTEMS = {
    entry.name: entry
    for entry in (
        SystemEntry(
            "harmonic-oscillator",
            "H = Σ −½∇² + ½ω²r²",
            "exact: N d ω/2",
            HarmonicOscillator(),
            VMCRecipe(),
        ),
        SystemEntry(
            "double-well",
            "H = −½d²/dx² + λx⁴/4 − μx²/2",
            "finite differences, extrapolated",
            DoubleWell(),
            VMCRecipe(),
        ),
        SystemEntry(
            "hydrogen",
            "H = −½∇² − Z/r",
            "exact: −Z²/2",
            Hydrogen(),
            VMCRecipe(wavefunction="slater-jastrow"),
        ),
        SystemEntry(
            "quantum-dot",
            "H = Σ −½∇² + ½ω²r² + Σ 1/r_ij",
            "exact for two at ω = 1, 1/6; coupled cluster for six at ω = 1; else diffusion MC",
            QuantumDot(),
            VMCRecipe(wavefunction="slater-jastrow"),
        ),
        SystemEntry(
            "electron-gas",
            "H = Σ −½∇² + Ewald energy in a periodic cell",
            "full configuration interaction QMC for 14 electrons",
            ElectronGas(),
            VMCRecipe(
                wavefunction="message-passing",
                network=NetworkSettings(width=32, depth=2, initial="glorot"),
                optimizer=OptimizerSettings(
                    name="natural-gradient",
                    learning_rate=0.05,
                    decay=500.0,
                    damping=1e-3,
                    momentum=0.95,
                    max_norm=0.3,
                ),
                walkers=512,
                sweeps=20,
                steps=500,
            ),
        ),
        SystemEntry(
            "atom",
            "H = Σ −½∇² − Z/r_i + Σ 1/r_ij",
            "exact energies, table",
            Atom(),
            _MOLECULES,
        ),
        SystemEntry(
            "molecule",
            "H = Σ −½∇² − Σ Z/r_iA + Σ 1/r_ij + Σ ZZ/R",
            "exact energies, table",
            Molecule(),
            _MOLECULES,
        ),
        SystemEntry(
            "calogero",
            "H = Σ −½d²/dx² + ½ω²x² + Σ β(β−1)/(x_i−x_j)²",
            "exact: ω [N/2 + βN(N−1)/2]",
            Calogero(),
            _BOSONS,
        ),
        SystemEntry(
            "spinless-fermions",
            "H = Σ −½d²/dx² + ½ω²x² + Σ V₀/(√(2π) σ₀) e^{−(x_i−x_j)²/2σ₀²}",
            "exact without interaction and for two; own exact diagonalisation for three",
            SpinlessFermions(),
            VMCRecipe(
                wavefunction="message-passing",
                optimizer=OptimizerSettings(
                    name="natural-gradient",
                    learning_rate=0.1,
                    decay=200.0,
                    damping=1e-3,
                    momentum=0.9,
                    max_norm=0.3,
                ),
            ),
        ),
        SystemEntry(
            "trapped-bosons",
            "H = Σ −½∇² + ½ω²(x²+y²+γ²z²), hard spheres",
            "the ideal gas where the spheres are points",
            TrappedBosons(),
            _BOSONS,
        ),
        SystemEntry(
            "ising-chain",
            "H = −J Σ σᶻσᶻ − h Σ σˣ, periodic",
            "exact: free fermions",
            IsingChain(),
            _SPINS,
        ),
        SystemEntry(
            "heisenberg-chain",
            "H = J₁ Σ σ_i·σ_{i+1} + J₂ Σ σ_i·σ_{i+2}, periodic",
            "exact diagonalisation for 20 and 22 sites",
            HeisenbergChain(),
            _SPINS,
        ),
        SystemEntry(
            "heisenberg-square",
            "H = J₁ Σ S_i·S_j + J₂ Σ S_i·S_j of neighbours and diagonals, L × L periodic",
            "exact diagonalisation for 4 × 4 and 6 × 6 sites",
            HeisenbergSquare(),
            _SPINS,
        ),
    )
}
"""Every system by the name it has on the command line."""
