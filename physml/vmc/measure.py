"""Measure a trained state: fresh walkers, a frozen sampler, unclipped local energies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, NonFiniteError, SamplingError
from physml.sampling import Estimate, estimate, split_rhat
from physml.types import LocalOperator, Sampler
from physml.vmc.local_energies import local_energies
from physml.vmc.wavefunctions.signed_log import LogPsi

FEWEST_MEASUREMENTS = 8
"""Below, no block size can be judged."""

# Chains are taken as in equilibrium once two halves of a block agree this well, and the width of a
# move has grown to where moves fail: walkers of a state without a norm spread for ever.
_RHAT = 1.05
_HIGHEST_ACCEPTANCE = 0.7
_BLOCK = 25
# Walkers are kept of every so many steps: those between tell little more, and would fill memory.
_APART = 5
_MOST_BLOCKS = 40


class Measurement(NamedTuple):
    """What was measured on fresh walkers.

    Attributes:
        energy: mean, blocked error, autocorrelation time and split-R̂, in hartree.
        local_energies: ``(steps, walkers)``, unclipped, in hartree.
        walkers: ``(snapshots, walkers, N, d)``, in bohr.
        acceptance: of the frozen moves.
        burn_in: steps before equilibrium was judged to be reached.
        compile_seconds: wall time of tracing and compiling.
    """

    energy: Estimate
    local_energies: np.ndarray
    walkers: np.ndarray
    acceptance: float
    burn_in: int
    compile_seconds: float


def measure(
    log_psi: LogPsi,
    params: Any,
    local_energy: LocalOperator,
    moves: Callable[..., Sampler],
    *,
    key: Array,
    steps: int = 200,
    bounded: bool = False,
) -> Measurement:
    """Sample ``|ψ|²`` afresh and average the local energy.

    Moves may adapt during burn-in, which ends when over the later half of its steps the split-R̂ of
    the local energies falls below 1.05, with the acceptance below 70%; they are frozen afterwards.

    Args:
        log_psi: ``(params, walker) -> log ψ``.
        params: where to measure.
        local_energy: ``(log_psi, walker) -> Hψ/ψ`` in hartree.
        moves: what makes the sampler, ``(adapt=...) -> Sampler``, such as
            ``functools.partial(metropolis, log_psi, initial, sweeps=10)``.
        key: a random key that training has not used.
        steps: measurements of every walker.
        bounded: whether walkers have nowhere to spread to, as in a periodic cell or on a lattice,
            where a flat ``|ψ|²`` may accept every move.

    Returns:
        Energy with its error bar, local energies and walkers.

    Raises:
        SamplingError: chains that do not move or do not come to equilibrium.
        NonFiniteError: a local energy that is not finite; the first such walker is in the message.
    """
    if steps < FEWEST_MEASUREMENTS:
        raise ConfigurationError(
            f"steps: expected at least {FEWEST_MEASUREMENTS} measurements, got {steps}"
        )

    # One program serves both: whether the width adapts is an argument of it.
    def block(key: Array, state: Any, adapt: Array) -> tuple[Any, Any]:
        sampler = moves(adapt=adapt)

        def step(state: Any, key: Array) -> tuple[Any, Any]:
            state, walkers, metrics = sampler.sample(key, state, params)
            local = local_energies(local_energy, log_psi, params, walkers)
            return state, (jnp.real(local), metrics["acceptance"], walkers)

        return jax.lax.scan(step, state, jax.random.split(key, _BLOCK))

    key_init, key_burn, key_measure = jax.random.split(key, 3)
    state = moves().init(key_init, params)
    began = time.perf_counter()
    advance = jax.jit(block).lower(key_burn, state, jnp.bool_(True)).compile()
    compile_seconds = time.perf_counter() - began
    seen: list[np.ndarray] = []
    for burned in range(1, _MOST_BLOCKS + 1):
        state, (local, accepted, walkers) = advance(
            jax.random.fold_in(key_burn, burned), state, jnp.bool_(True)
        )
        seen.append(_finite(np.asarray(local), walkers))
        # The later half of all steps: one block is too short to judge chains with a long memory.
        rhat = split_rhat(np.concatenate(seen[burned // 2 :]))
        held = bounded or np.mean(accepted) < _HIGHEST_ACCEPTANCE
        if rhat < _RHAT and held and burned > 1:
            break
    else:
        raise SamplingError(
            f"no equilibrium after {_MOST_BLOCKS * _BLOCK} steps (split-R̂ = "
            f"{rhat:.3f}, expected below {_RHAT}; acceptance "
            f"{np.mean(accepted):.2f}, expected below {_HIGHEST_ACCEPTANCE}): is ψ "
            "square-integrable? More sweeps may help"
        )

    blocks, snapshots, acceptances = [], [], []
    for i in range(-(-steps // _BLOCK)):
        state, (local, accepted, walkers) = advance(
            jax.random.fold_in(key_measure, i), state, jnp.bool_(False)
        )
        blocks.append(_finite(np.asarray(local), walkers))
        snapshots.append(np.asarray(walkers[_APART - 1 :: _APART]))
        acceptances.append(float(jnp.mean(accepted)))
    acceptance = float(np.mean(acceptances))
    if not acceptance > 0.01:
        raise SamplingError(
            f"chains do not move: acceptance {acceptance:.3f}, expected above 0.01: is log ψ "
            "finite at the walkers?"
        )
    energies = np.concatenate(blocks)[:steps].astype(np.float64)
    return Measurement(
        estimate(energies),
        energies,
        np.concatenate(snapshots)[: max(1, steps // _APART)],
        acceptance,
        burned * _BLOCK,
        compile_seconds,
    )


def _finite(local: np.ndarray, walkers: Array) -> np.ndarray:
    bad = ~np.isfinite(local)
    if bad.any():
        step, walker = np.argwhere(bad)[0]
        raise NonFiniteError(
            f"{bad.sum()} of {bad.size} local energies are not finite; first at step {step}, "
            f"walker {walker}, at {np.asarray(walkers)[step, walker].tolist()}. "
            "Expected finite numbers away from coinciding particles: check the Hamiltonian there"
        )
    return local
