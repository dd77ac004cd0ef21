"""Measure a trained state: fresh walkers, a frozen sampler, unclipped local energies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, InterruptedRunError, PhysmlError, SamplingError
from physml.sampling import split_rhat
from physml.train import Run
from physml.train.callbacks import STOP, Callback, Every, Stop, Update, every
from physml.train.checkpoint import Found
from physml.train.loop import loop
from physml.train.phase import begin
from physml.train.progress import shown
from physml.types import LocalOperator, Sampler
from physml.vmc.fresh_walkers import STATE, FreshWalkers
from physml.vmc.left_out import filled
from physml.vmc.measurement import Measurement, check_measurement, measurement_of, too_many
from physml.vmc.signed_log import LogPsi
from physml.vmc.walk import BLOCK, Recorder, Walk, cut, read

FEWEST_MEASUREMENTS = 8
"""Below, no block size can be judged."""

# Chains are taken as in equilibrium once two halves of a block agree this well, and the width of a
# move has grown to where moves fail: walkers of a state without a norm spread for ever.
_RHAT = 1.05
_HIGHEST_ACCEPTANCE = 0.7
_LONGEST_BURN_IN = 40 * BLOCK
# Groups of fewer walkers are taken together.
_SMALLEST_GROUP = 8


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
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
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
        steps: measurements of every walker, those before a resume included.
        bounded: whether walkers have nowhere to spread to, as in a periodic cell or on a lattice,
            where a flat ``|ψ|²`` may accept every move.
        groups: ``first walkers (n, N, d) -> labels (n,)`` of those that start alike; R̂ is taken
            between groups too, and the error bar is doubted where they differ. Of a sampler whose
            state tells no ``walkers`` all are one group.
        devices: how many share the walkers, see ``over_devices``.
        run: a run directory for checkpoints, of the phases ``burn-in`` and ``measure``: the same
            measurement goes on where it stopped, to the same bits, and on to more steps. One of
            other parameters in the same run stays beside it, the phases of this one are numbered.
        callbacks: functions of an ``Update``, called after each dispatch of either phase with the
            mean ``energy`` so far as its metric; whatever they return ends nothing. In burn-in the
            update's ``steps`` are those after which it may end.
        progress: whether to show a line at a terminal or in a notebook, where no callback does.

    Returns:
        Energy with its error bar, local energies and walkers.

    Raises:
        ConfigurationError: a local energy that would lose the sign of ψ; too few steps; moves that
            would sample ``|ψ|`` in place of ``|ψ|²``; more devices than there are; a step or
            records that this machine's memory cannot hold.
        ShapeError: walkers that the devices cannot share evenly; a local energy that is not one
            number.
        SamplingError: chains that do not move or do not come to equilibrium.
        NonFiniteError: more local energies that are not finite, or none that is; the first such
            walker is in the message, and what was measured is ``kept`` by the error.
        InterruptedRunError: Ctrl-C or SIGTERM with a run; what was walked is saved first.
        KeyboardInterrupt: Ctrl-C without one. From 8 steps on what was measured is ``kept``.
        CheckpointError, FingerprintError: see ``fit``.
    """
    steps = as_whole("steps", steps, least=FEWEST_MEASUREMENTS)
    if isinstance(moves, partial) and moves.args[:1] == (log_psi,):
        raise ConfigurationError(
            "moves: expected a sampler of ln|ψ|², got one of log ψ itself; give the sampler "
            "log_density(log_psi)"
        )
    walkers = FreshWalkers(log_psi, params, local_energy, moves, key, devices)
    walkers.check_records(steps)
    labels = None
    # The state of a sampler of the user's own need not hold its walkers by that name.
    if groups is not None and hasattr(walkers.first, "walkers"):
        labels = _large(np.asarray(groups(walkers.first.walkers)))
    burning, measuring = _Place("burn-in", None), _Place("measure", None)
    if run is not None:
        asked = walkers.fingerprint(bounded)
        burning, measuring = (
            _Place(*begin(run, place.phase, asked, another=(STATE,)))
            for place in (burning, measuring)
        )
    line = shown(callbacks, wanted=progress)
    go = partial(_go, walkers, run, [*callbacks, line])
    try:
        if measuring.found is not None:
            walk = read(measuring.found, walkers.start("measure"), keep_walkers=True)
        else:
            walk = walkers.start("burn-in")
            if burning.found is not None:
                walk = read(burning.found, walk, keep_walkers=False)
            walk = _to_equilibrium(go, walk, labels, phase=burning.phase, bounded=bounded)
            walk = walkers.start("measure", after=walk)
        walk = _through(go, walk, labels, phase=measuring.phase, steps=steps)
    except (KeyboardInterrupt, InterruptedRunError) as error:
        _keep(error, labels, walkers.compile_seconds)
        raise
    finally:
        line.close()
    measured = measurement_of(cut(walk, steps), labels, walkers.compile_seconds)
    check_measurement(measured, steps)
    return measured


class _Place(NamedTuple):
    """The phase of a run in which a walk is kept, and the checkpoint to go on from."""

    phase: str
    found: Found | None


def _go(
    walkers: FreshWalkers,
    run: Run | None,
    callbacks: Sequence[Callback],
    walk: Walk,
    *,
    phase: str,
    steps: int,
    burning: bool,
    judge: Callable[[Walk], tuple[bool, dict[str, float]]],
) -> Walk:
    """Walk on, until all steps are taken or a verdict ends it.

    Args:
        walkers: who.
        run: where checkpoints go.
        callbacks: see ``measure``.
        walk: from where.
        phase: under which name.
        steps: the most in all.
        burning: whether moves adapt, and walkers are not kept.
        judge: ``walk -> (whether it ends, what callbacks are told)``, after each block.
    """
    ended, told = judge(walk)
    if ended or int(walk.step) >= steps:
        return walk
    walk = walkers.placed(walk)
    recorder = Recorder(
        walk,
        walkers.advance(walk.chain, adapt=burning),
        steps=steps,
        keep_walkers=not burning,
        look=walkers.look,
    )

    def judged(update: Update) -> Stop | None:
        nonlocal ended, told
        if update.step % BLOCK == 0:
            ended, told = judge(recorder.walk)
        return STOP if ended else None

    def telling(callback: Callback) -> Any:
        def tell(update: Update) -> None:
            # A burn-in may end after any block but the first.
            ahead = BLOCK * max(2, 1 + update.step // BLOCK) if burning else steps
            callback(
                update._replace(
                    steps=update.step if ended else min(ahead, steps),
                    params=walkers.params,
                    metrics=update.metrics | told,
                    ended=ended,
                )
            )

        # Dispatches end on the grid of a callback that has one.
        return every(callback.steps, tell) if isinstance(callback, Every) else tell

    walk = loop(
        recorder,
        walk,
        [],
        steps=steps,
        run=run,
        phase=phase,
        callbacks=[judged, *map(telling, callbacks)],
        compile_seconds=walkers.compile_seconds,
        logged=False,
    ).state
    return walk


def _to_equilibrium(
    go: Callable[..., Walk], walk: Walk, labels: np.ndarray | None, *, phase: str, bounded: bool
) -> Walk:
    """Walk until the chains agree.

    Raises:
        SamplingError: where they do not.
    """
    rhat, acceptance, reached = np.inf, 1.0, False

    def judge(walk: Walk) -> tuple[bool, dict[str, float]]:
        nonlocal rhat, acceptance, reached
        blocks = int(walk.step) // BLOCK
        if blocks == 0:
            return False, {}
        # The later half of all steps: one block is too short to judge chains with a long memory.
        seen = [walk.local_energies[i * BLOCK :][:BLOCK].real for i in range(blocks // 2, blocks)]
        finite = [filled(block, walk.first_not_finite[None, None]) for block in seen]
        rhat = split_rhat(np.concatenate(finite), groups=labels)
        acceptance = float(np.mean(walk.acceptance[(blocks - 1) * BLOCK :][:BLOCK]))
        held = bounded or acceptance < _HIGHEST_ACCEPTANCE
        reached = rhat < _RHAT and held and blocks > 1
        return reached, {"rhat": rhat}

    walk = go(walk, phase=phase, steps=_LONGEST_BURN_IN, burning=True, judge=judge)
    if not reached:
        told = f"acceptance {acceptance:.2f}"
        why = (
            "walkers have nowhere to spread to, so that they only mix slowly, or are held in parts "
            "of the configurations; give more sweeps, or moves that change more"
        )
        if not bounded:
            told += f", expected below {_HIGHEST_ACCEPTANCE}"
            why = "is ψ square-integrable? More sweeps may help"
        raise SamplingError(
            f"no equilibrium after {_LONGEST_BURN_IN} steps (split-R̂ = {rhat:.3f}, expected below "
            f"{_RHAT}; {told}): {why}"
        )
    return walk


def _through(
    go: Callable[..., Walk], walk: Walk, labels: np.ndarray | None, *, phase: str, steps: int
) -> Walk:
    """Walk all steps of a measurement, or until too many local energies are not finite."""

    def judge(walk: Walk) -> tuple[bool, dict[str, float]]:
        whole = cut(walk, int(walk.step) // BLOCK * BLOCK)
        return too_many(whole, steps), {}

    return go(walk, phase=phase, steps=steps, burning=False, judge=judge)


def _keep(error: BaseException, labels: np.ndarray | None, compile_seconds: float) -> None:
    """Leave what was measured reachable where a measurement is stopped."""
    walk = getattr(error, "state", None)
    if not isinstance(walk, Walk) or not walk.burn_in or walk.step < FEWEST_MEASUREMENTS:
        return
    with contextlib.suppress(PhysmlError):
        error.kept = measurement_of(walk, labels, compile_seconds)  # type: ignore[attr-defined]
        if not isinstance(error, PhysmlError):
            error.add_note("physml: what was measured so far is this error's .kept")


def _large(labels: np.ndarray) -> np.ndarray:
    """Labels of which those of few walkers, whose mean says little, are one."""
    which, counts = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    return np.where(counts[which] < _SMALLEST_GROUP, -1, which)
