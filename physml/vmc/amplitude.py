"""The amplitude of a wave function, or of a plain network, in a system: log ψ at a walker."""

from __future__ import annotations

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from physml.memory import check_parameters
from physml.train import key_for
from physml.train.precision import in_default_precision
from physml.vmc.signed_log import Psi, SignedLog
from physml.vmc.systems.system import QuantumSystem


def log_psi_of(system: QuantumSystem, wavefunction: nn.Module) -> Psi:
    """``(params, walker) -> log ψ`` of a wave function or a plain network in a system.

    A module that returns a ``SignedLog`` is a wave function as it stands; a plain number is a
    network, to which the system's ansatz is applied.
    """
    return Psi(partial(amplitude, system, wavefunction))


def amplitude(
    system: QuantumSystem, wavefunction: nn.Module, params: Any, x: Array
) -> Array | SignedLog:
    """What a wave function says at a walker: log ψ of a network in the ansatz, or a SignedLog."""

    def network(y: Array) -> Any:
        return wavefunction.apply(params, y)

    if isinstance(jax.eval_shape(network, x), jax.ShapeDtypeStruct):
        return system.ansatz(network, x)
    value: SignedLog = network(x)
    return value


def first_params(system: QuantumSystem, wavefunction: nn.Module, key: Array) -> Any:
    """The parameters from which ``ground_state`` with this key starts."""
    init = jax.jit(wavefunction.init)
    at = key_for(key, "params"), system.length * jnp.ones(system.shape)
    check_parameters("wavefunction", jax.eval_shape(init, *at))
    return in_default_precision(init(*at))
