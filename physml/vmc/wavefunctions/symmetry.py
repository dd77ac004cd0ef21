"""Whether a wave function has the symmetries that its system demands, before anything is trained.

For electrons of one spin ``ψ(… x_j … x_i …) = −ψ(x)``; in a cell ``ψ(… x_i + L e_a …) =
e^{2πi t_a} ψ(x)`` for every ``i``, with the twist ``t``. Exchanges of neighbours make all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.errors import ConfigurationError, ShapeError
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.system import QuantumSystem, first_walkers
from physml.vmc.wavefunctions.separation import cell_lengths

# Those walkers are judged whose |ψ| is largest: rounding is amplified near a node.
_WALKERS, _JUDGED = 8, 4

# Parts of a wave function that begin as zero would hide what they violate.
_NOISE = 0.1

# What is wrong is wrong by a whole sign or a good part of one.
_TOLERANCE = {64: 1e-6, 32: 1e-2}


def check_symmetry(
    system: QuantumSystem, psi: Callable[[Any, Array], Any], params: Any, key: Array
) -> None:
    """Refuse a wave function that is not antisymmetric or not periodic where it must be.

    Measured at four walkers, with every parameter moved a little: by exchanging each electron with
    the next of its spin, and in a cell by moving each by each period. The violation is
    ``|ψ'/ψ − s|`` with the factor ``s`` that ``ψ'`` should have.

    Args:
        system: with ``electrons``, a ``cell`` or both; of another nothing is demanded.
        psi: ``(params, walker) ->`` log ψ, real or complex, or a ``SignedLog``.
        params: its parameters.
        key: random key.

    Raises:
        ConfigurationError: with the symmetry that is violated and by how much.
        ShapeError: if log ψ of one walker is not one number.
    """
    changes = list(_changes(system))
    if not changes:
        return
    key_noise, key_walkers = jax.random.split(key)
    flat, unravel = ravel_pytree(params)
    moved = unravel(flat + _NOISE * jax.random.normal(key_noise, flat.shape, flat.dtype))
    walkers = first_walkers(system, key_walkers, _WALKERS)
    places = jnp.stack([walkers, *(change.of(walkers) for change in changes)])
    # One change after another: all at once would fill memory with pairs of many electrons.
    at = jax.vmap(lambda x: _log_and_phase(psi(moved, x)))
    values = jax.jit(lambda places: jax.lax.map(at, places))(places)
    logs, phases = (np.asarray(part) for part in values)
    if logs.ndim != 2:
        raise ShapeError(f"log ψ: expected one number at a walker, got shape {logs.shape[2:]}")
    judged = np.argsort(logs[0])[-_JUDGED:]
    logs, phases = logs[:, judged], phases[:, judged]
    found = np.exp(logs[1:] - logs[0]) * phases[1:] / phases[0]
    demanded = np.array([change.factor for change in changes])[:, None]
    violations = np.max(np.abs(found - demanded), axis=1)
    tolerance = _TOLERANCE[jnp.finfo(walkers.dtype).bits]
    for change, violation in zip(changes, violations, strict=True):
        if not violation <= tolerance:
            factor = f"{change.factor:.3g}"
            raise ConfigurationError(
                f"{system.name}: expected ψ to be multiplied by {factor} {change.what}, but it is "
                f"not: |ψ'/ψ − ({factor})| = {violation:.2g} for {change.whose}, counted from 0. "
                "Use Slater, SlaterJastrow or MessagePassing, or return a SignedLog with that "
                "symmetry"
            )


def _log_and_phase(value: Array | SignedLog) -> tuple[Array, Array]:
    if isinstance(value, SignedLog):
        return value.log, value.sign
    value = jnp.asarray(value)
    return value.real, jnp.exp(1j * value.imag) if jnp.iscomplexobj(value) else jnp.ones_like(value)


class _Change(NamedTuple):
    """What is done to walkers, in words and as a function, and by what it must multiply ψ."""

    what: str
    whose: str
    of: Callable[[Array], Array]
    factor: complex


def _changes(system: QuantumSystem) -> Iterator[_Change]:
    electrons = system.electrons
    particles = system.shape[0]
    if electrons is not None:
        spins = ("up", 0, electrons.n_up), ("down", electrons.n_up, particles)
        for spin, first, end in spins:
            for i, j in pairwise(range(first, end)):
                order = np.arange(particles)
                order[[i, j]] = j, i
                what = f"when two electrons with spin {spin} change places"
                yield _Change(what, f"electrons {i} and {j}", partial(_exchanged, order), -1.0)
    lengths = cell_lengths(system)
    if lengths is not None:
        twist = system.twist or (0.0,) * len(lengths)
        for axis, (length, phase) in enumerate(zip(lengths, twist, strict=True)):
            factor = np.exp(2j * np.pi * phase)
            factor = factor.real if abs(factor.imag) < 1e-12 else factor
            what = f"when one electron moves by the period {length:.4g} bohr along axis {axis}"
            for i in range(particles):
                shift = np.zeros(system.shape)
                shift[i, axis] = length
                yield _Change(what, f"electron {i}", partial(_moved, shift), factor)


def _exchanged(order: np.ndarray, x: Array) -> Array:
    return x[:, order]


def _moved(shift: np.ndarray, x: Array) -> Array:
    return x + jnp.asarray(shift[None], x.dtype)
