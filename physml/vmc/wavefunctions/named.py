"""Wave functions by name, from plain data, for command lines and files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import flax.linen as nn

from physml.errors import ConfigurationError, UnknownNameError
from physml.networks import MLP
from physml.networks.settings import NetworkSettings
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.deep_set import DeepSet
from physml.vmc.wavefunctions.fermi_net import FermiNet
from physml.vmc.wavefunctions.gaussian_rbm import GaussianRBM
from physml.vmc.wavefunctions.message_passing import MessagePassing
from physml.vmc.wavefunctions.neural_slater import NeuralSlater
from physml.vmc.wavefunctions.psi_former import PsiFormer
from physml.vmc.wavefunctions.rbm import RBM
from physml.vmc.wavefunctions.slater import Slater
from physml.vmc.wavefunctions.slater_jastrow import SlaterJastrow
from physml.vmc.wavefunctions.slater_rbm import SlaterRBM

WavefunctionName = Literal[
    "network",
    "slater",
    "slater-jastrow",
    "slater-rbm",
    "message-passing",
    "ferminet",
    "psiformer",
    "deep-set",
    "rbm",
    "gaussian-rbm",
]


def build_wavefunction(
    name: str, system: QuantumSystem, network: NetworkSettings, *, determinants: int = 1
) -> nn.Module:
    """A wave function of a system.

    Args:
        name: ``network`` (with the system's ansatz), ``slater`` (determinants alone),
            ``slater-jastrow``, ``slater-rbm``, ``message-passing``, ``ferminet``, ``psiformer``,
            ``deep-set`` of bosons (with the system's ansatz), ``rbm`` of spins on a periodic
            lattice, or ``gaussian-rbm`` of particles in a trap.
        system: whose electrons it describes.
        network: its neural part; width and activation, and depth, which counts the rounds of
            messages of ``message-passing`` and the layers of its like; the width alone, hidden
            units for each spin of ``rbm`` and all hidden units of ``gaussian-rbm`` and
            ``slater-rbm``; unused by ``slater``.
        determinants: of ``message-passing``, ``ferminet`` and ``psiformer``.

    Raises:
        UnknownNameError: for another name.
        ConfigurationError: for an option that this wave function does not have.
    """
    if name not in _BUILDERS:
        raise UnknownNameError("wavefunction", name, _BUILDERS)
    if determinants < 1 or (determinants > 1 and name not in _NEURAL):
        raise ConfigurationError(
            f"determinants: expected 1, or more of {', '.join(_NEURAL)}, got {determinants} of "
            f"{name}"
        )
    return _BUILDERS[name](system, network, determinants)


def _perceptron(name: str, settings: NetworkSettings) -> MLP:
    network = settings.build()
    if not isinstance(network, MLP):
        raise ConfigurationError(
            f"network.name: expected mlp, the network of {name}, got {settings.name}"
        )
    return network


def _slater_jastrow(
    system: QuantumSystem, settings: NetworkSettings, determinants: int
) -> nn.Module:
    network = _perceptron("slater-jastrow", settings)
    return SlaterJastrow(system, widths=network.widths, activation=network.activation)


_NEURAL: dict[str, type[NeuralSlater]] = {
    "message-passing": MessagePassing,
    "ferminet": FermiNet,
    "psiformer": PsiFormer,
}


def _neural(
    name: str, system: QuantumSystem, settings: NetworkSettings, determinants: int
) -> nn.Module:
    network = _perceptron(name, settings)
    return _NEURAL[name](
        system,
        width=settings.width,
        iterations=settings.depth,
        determinants=determinants,
        activation=network.activation,
    )


def _deep_set(system: QuantumSystem, settings: NetworkSettings, determinants: int) -> nn.Module:
    network = _perceptron("deep-set", settings)
    return DeepSet(network.widths, network.activation, network.kernel_init)


def _rbm(system: QuantumSystem, settings: NetworkSettings, determinants: int) -> nn.Module:
    return RBM(settings.width, translations=True, lattice=system.lattice)


_BUILDERS: dict[str, Callable[[QuantumSystem, NetworkSettings, int], nn.Module]] = {
    "network": lambda system, settings, determinants: settings.build(),
    "slater": lambda system, settings, determinants: Slater(system),
    "slater-jastrow": _slater_jastrow,
    **{name: partial(_neural, name) for name in _NEURAL},
    "deep-set": _deep_set,
    "rbm": _rbm,
    "gaussian-rbm": lambda system, settings, determinants: GaussianRBM(system, settings.width),
    "slater-rbm": lambda system, settings, determinants: SlaterRBM(system, settings.width),
}
