"""How a catalogue system is optimised and measured, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from physml.errors import ConfigurationError
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.vmc.moves import SamplerName
from physml.vmc.wavefunctions import WavefunctionName


@dataclass(frozen=True, kw_only=True)
class VMCRecipe:
    """Settings that reach a system's energy on two CPU cores.

    Attributes:
        wavefunction: network (with the system's ansatz), slater, slater-jastrow, slater-rbm,
            message-passing, ferminet, psiformer, deep-set (bosons, with the ansatz), rbm (spins),
            gaussian-rbm (particles in a trap).
        network: the neural part of the wave function; its depth counts the rounds of messages,
            its width the hidden units for each spin of rbm, all of gaussian-rbm and slater-rbm.
        determinants: products of two determinants, of message-passing, ferminet, psiformer.
        optimizer: the optimizer; one without a line search.
        sampler: metropolis: all particles move at once; metropolis-one-electron: one after
            another; langevin: along the drift. Spins have moves of their own.
        walkers: in training and in the measurement.
        sweeps: Metropolis moves of every walker between steps.
        pretrain: steps before those of the energy, towards the orbitals of Hartree–Fock; for an
            atom or a molecule by message-passing, ferminet or psiformer, with pyscf installed.
        steps: optimizer steps.
        measurements: steps of the measurement on fresh walkers.
    """

    wavefunction: WavefunctionName = "network"
    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(width=16, depth=2, initial="glorot")
    )
    determinants: int = 1
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient", learning_rate=0.1, decay=200.0, damping=1e-3, momentum=0.9
        )
    )
    sampler: SamplerName = "metropolis"
    walkers: int = 1024
    sweeps: int = 10
    pretrain: int = 0
    steps: int = 300
    measurements: int = 400

    def __post_init__(self) -> None:
        """Check the numbers before anything is made or overwritten."""
        lowest = {"walkers": 2, "sweeps": 1, "pretrain": 0, "steps": 0, "measurements": 8}
        lowest["determinants"] = 1
        for name, least in lowest.items():
            if getattr(self, name) < least:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )
