"""How a catalogue system is optimised and measured, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from physml.as_whole import as_whole
from physml.choices import check_choices
from physml.optim.settings import OptimizerSettings
from physml.train import RuleSettings
from physml.vmc.sampler_settings import SamplerSettings
from physml.vmc.wavefunctions import WavefunctionSettings


@dataclass(frozen=True, kw_only=True)
class VMCRecipe:
    """Settings that reach a system's energy on two CPU cores.

    Attributes:
        wavefunction: the wave function, with its own options.
        optimizer: the optimizer; one without a line search.
        sampler: how walkers move; spins have moves of their own.
        walkers: in training and in the measurement.
        sweeps: Metropolis moves of every walker between steps.
        pretrain: steps before those of the energy, towards the orbitals of Hartree–Fock; for an
            atom or a molecule by message-passing, ferminet or psiformer, with pyscf installed.
        steps: optimizer steps.
        until: what may end them sooner, such as ``patience`` of the metric ``energy``.
        measurements: steps of the measurement on fresh walkers.
    """

    wavefunction: WavefunctionSettings = field(default_factory=WavefunctionSettings)
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient", learning_rate=0.1, decay=200.0, damping=1e-3, momentum=0.9
        )
    )
    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    walkers: int = 1024
    sweeps: int = 10
    pretrain: int = 0
    steps: int = 300
    until: RuleSettings = field(default_factory=RuleSettings)
    measurements: int = 400

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        lowest = {"walkers": 2, "sweeps": 1, "pretrain": 0, "steps": 0, "measurements": 8}
        for name, least in lowest.items():
            object.__setattr__(self, name, as_whole(name, getattr(self, name), least=least))
