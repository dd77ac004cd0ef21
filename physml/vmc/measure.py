"""Measure a trained state: fresh walkers, a frozen sampler, unclipped local energies."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, SamplingError
from physml.sampling import Estimate, estimate, split_rhat
from physml.train import key_for, key_of
from physml.train.callbacks import Update
from physml.train.devices import lying, mesh_of, over_devices, placed, working_on
from physml.train.progress import shown
from physml.types import LocalOperator, Sampler
from physml.vmc.left_out import bearable, filled
from physml.vmc.local_energies import local_energies
from physml.vmc.ratio_check import check_ratios
from physml.vmc.signed_log import LogPsi

FEWEST_MEASUREMENTS = 8
"""Below, no block size can be judged."""

# Chains are taken as in equilibrium once two halves of a block agree this well, and the width of a
# move has grown to where moves fail: walkers of a state without a norm spread for ever.
_RHAT = 1.05
_HIGHEST_ACCEPTANCE = 0.7
_BLOCK = 25
# Walkers are kept of every so many steps: those between tell little more, and would fill memory.
_APART = 5
# Walkers at which the operator is looked at.
_FEW = 16
_MOST_BLOCKS = 40
# Groups of fewer walkers are taken together.
_SMALLEST_GROUP = 8


class Measurement(NamedTuple):
    """What was measured on fresh walkers.

    Attributes:
        energy: mean, blocked error, autocorrelation time and split-R̂ of the real part, in hartree;
            the variance is ``⟨|E_L − Ē|²⟩``, of real and imaginary part.
        local_energies: ``(steps, walkers)``, the real part, unclipped, in hartree; those not finite
            as they came.
        walkers: ``(snapshots, walkers, N, d)``, in bohr.
        acceptance: of the frozen moves.
        burn_in: steps before equilibrium was judged to be reached.
        compile_seconds: wall time of tracing and compiling.
        not_finite: local energies left out of ``energy``.
        first_not_finite: the first walker with one, ``(N, d)`` in bohr; None if all are finite.
        imaginary: ``Im⟨E_L⟩`` of a complex ψ, in hartree, with its own error bar: zero within it
            where the Hamiltonian is Hermitian and ``|ψ|²`` is sampled; None of a real ψ.
    """

    energy: Estimate
    local_energies: np.ndarray
    walkers: np.ndarray
    acceptance: float
    burn_in: int
    compile_seconds: float
    not_finite: int = 0
    first_not_finite: np.ndarray | None = None
    imaginary: Estimate | None = None


def measure(
    log_psi: LogPsi,
    params: Any,
    local_energy: LocalOperator,
    moves: Callable[..., Sampler],
    *,
    key: Array,
    steps: int = 200,
    bounded: bool = False,
    groups: Callable[[Array], Any] | None = None,
    devices: int = 1,
    progress: bool = True,
) -> Measurement:
    """Sample ``|ψ|²`` afresh and average the local energy.

    Moves may adapt during burn-in, which ends when over the later half of its steps the split-R̂ of
    the local energies falls below 1.05, with the acceptance below 70%; they are frozen afterwards.

    A local energy that is not finite is left out and counted; in the chains the mean of the others
    at that step stands in its place. So are up to one in 10⁴ of all, or a single one. The error bar
    changes by a fraction of that order; the mean moves by the share ``f`` that is missing times the
    distance ``D`` of its true values from the mean: below the error bar where ``D < error/f``.

    Args:
        log_psi: ``(params, walker) -> log ψ``; ``Psi(amplitude)`` of a real ψ with a sign.
        params: where to measure.
        local_energy: ``(log_psi, walker) -> Hψ/ψ`` in hartree.
        moves: what makes the sampler, ``(adapt=...) -> Sampler``, such as
            ``functools.partial(metropolis, log_density(log_psi), initial, sweeps=10)``: of
            ``|ψ|²``, which is not ψ.
        key: a random key that training has not used.
        steps: measurements of every walker.
        bounded: whether walkers have nowhere to spread to, as in a periodic cell or on a lattice,
            where a flat ``|ψ|²`` may accept every move.
        groups: ``first walkers (n, N, d) -> labels (n,)`` of those that start alike; R̂ is taken
            between groups too, and the error bar is doubted where they differ.
        devices: how many share the walkers, see ``over_devices``.
        progress: whether to show a line at a terminal or in a notebook.

    Returns:
        Energy with its error bar, local energies and walkers.

    Raises:
        ConfigurationError: a local energy that would lose the sign of ψ; too few steps; moves that
            would sample ``|ψ|`` in place of ``|ψ|²``; more devices than there are.
        ShapeError: walkers that the devices cannot share evenly.
        SamplingError: chains that do not move or do not come to equilibrium.
        NonFiniteError: more local energies that are not finite, or none that is; the first such
            walker is in the message, and what was measured is ``kept`` by the error.
    """
    steps = as_whole("steps", steps, least=FEWEST_MEASUREMENTS)
    if isinstance(moves, partial) and moves.args[:1] == (log_psi,):
        raise ConfigurationError(
            "moves: expected a sampler of ln|ψ|², got one of log ψ itself; give the sampler "
            "log_density(log_psi)"
        )

    # One program serves both: whether the width adapts is an argument of it.
    def block(key: Array, state: Any, adapt: Array) -> tuple[Any, Any]:
        sampler = over_devices(moves(adapt=adapt), devices)

        def step(state: Any, key: Array) -> tuple[Any, Any]:
            state, walkers, metrics = sampler.sample(key, state, params)
            local = local_energies(local_energy, log_psi, params, walkers)
            return state, (local, metrics["acceptance"], walkers)

        return jax.lax.scan(step, state, jax.random.split(key, _BLOCK))

    key_burn, key_measure = key_for(key, "burn-in"), key_for(key, "measure")
    sampler = over_devices(moves(), devices)
    mesh = mesh_of(sampler)
    with working_on(mesh):
        state = sampler.init(key_for(key, "walkers"), params)
    labels = None if groups is None else _large(np.asarray(groups(state.walkers)))
    began = time.perf_counter()
    state = placed(sampler, key_burn, state, params)
    with working_on(mesh):
        compiling = jax.jit(block, **lying(mesh, state, 1))
        advance = compiling.lower(key_burn, state, jnp.bool_(True)).compile()
    compile_seconds = time.perf_counter() - began
    seen: list[np.ndarray] = []
    for burned in range(1, _MOST_BLOCKS + 1):
        state, (local, accepted, walkers) = advance(
            key_of(key_burn, burned), state, jnp.bool_(True)
        )
        seen.append(filled(np.asarray(local).real, walkers))
        if burned == 1:
            check_ratios(local_energy, log_psi, params, walkers[-1][:_FEW], name="local_energy")
        # The later half of all steps: one block is too short to judge chains with a long memory.
        rhat = split_rhat(np.concatenate(seen[burned // 2 :]), groups=labels)
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

    line = shown((), wanted=progress)
    blocks, snapshots, acceptances = [], [], []
    not_finite, first = 0, None
    most = bearable(steps * local.shape[1])
    for i in range(-(-steps // _BLOCK)):
        state, (local, accepted, walkers) = advance(key_of(key_measure, i), state, jnp.bool_(False))
        blocks.append(np.asarray(local)[: steps - i * _BLOCK])
        snapshots.append(np.asarray(walkers[_APART - 1 :: _APART]))
        acceptances.append(float(jnp.mean(accepted)))
        bad = np.argwhere(~np.isfinite(blocks[-1]))
        not_finite += len(bad)
        if len(bad) and first is None:
            first = np.asarray(walkers[tuple(bad[0])])
        taken, now = min(steps, (i + 1) * _BLOCK), time.perf_counter() - began
        so_far = {"energy": float(np.mean(np.concatenate(blocks).real))}
        told = (taken, steps, params, so_far, now - compile_seconds, compile_seconds)
        line(Update("measure", *told))
        if not_finite > most:
            break
    line.close()
    energies = np.concatenate(blocks)
    energies = energies.astype(np.result_type(energies, np.float64))
    kept = filled(energies, walkers)
    energy = estimate(kept.real, groups=labels)._replace(samples=kept.size - not_finite)
    imaginary = None
    if np.iscomplexobj(kept):
        imaginary = estimate(kept.imag, groups=labels)._replace(samples=energy.samples)
        energy = energy._replace(variance=energy.variance + imaginary.variance)
    measured = Measurement(
        energy,
        energies.real,
        np.concatenate(snapshots)[: max(1, steps // _APART)],
        float(np.mean(acceptances)),
        burned * _BLOCK,
        compile_seconds,
        not_finite,
        first,
        imaginary,
    )
    if not_finite > most:
        error = NonFiniteError(
            f"{not_finite} of {energies.size} local energies are not finite, of {steps} × "
            f"{energies.shape[1]} at most {most} are left out; first at "
            f"{np.asarray(first).tolist()}. Expected finite numbers away from coinciding "
            "particles: check the Hamiltonian there. What was measured is in the error's .kept"
        )
        error.kept = measured
        raise error
    if not measured.acceptance > 0.01:
        raise SamplingError(
            f"chains do not move: acceptance {measured.acceptance:.3f}, expected above 0.01: is "
            "log ψ finite at the walkers?"
        )
    return measured


def _large(labels: np.ndarray) -> np.ndarray:
    """Labels of which those of few walkers, whose mean says little, are one."""
    which, counts = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    return np.where(counts[which] < _SMALLEST_GROUP, -1, which)
