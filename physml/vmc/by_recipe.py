"""A catalogue system's ground state by a recipe, and the entry that is made of both."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
from jax import Array

from physml.errors import NonFiniteError, PhysmlError
from physml.optim import OptimizerSettings
from physml.train import Rule, RuleSettings, Run
from physml.train.callbacks import Callback, Every
from physml.train.entry import DEFAULT, Entry, NoNumbers, Record
from physml.vmc.amplitude import first_params
from physml.vmc.ground_state import SHORT_STEPS, ground_state
from physml.vmc.hartree_fock import check_nuclei, hartree_fock
from physml.vmc.measured_state import GroundState
from physml.vmc.memory_needed import check_walkers
from physml.vmc.pretraining import check_pretraining, pretrain
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems.system import QuantumSystem, check_system, first_walkers

SAMPLES_FILE = "samples.npz"
"""What a run keeps of the measurement."""


def entry(
    name: str,
    hamiltonian: str,
    reference: str,
    system: QuantumSystem,
    recipe: Any,
    *,
    records: Sequence[Record] = (),
    **others: Any,
) -> Entry:
    """A system for a catalogue, or for ``physml run FILE.py:NAME``.

    Args:
        name: as on the command line.
        hamiltonian: in a line, hartree and bohr.
        reference: what its energy is compared with.
        system: a frozen dataclass of numbers.
        recipe: settings that find its ground state, or a function of the system that gives them.
        records: figures that recipes came to.
        **others: recipes of other names, such as ``quick`` and ``best``.
    """
    return Entry(
        name,
        hamiltonian,
        reference,
        system,
        {DEFAULT: recipe, **others},
        solve_by_recipe,
        extendable=("steps", "measurements"),
        load=load_by_recipe,
        check=check_recipe,
        records=tuple(records),
    )


def adopt(thing: Any) -> Entry | None:
    """The entry of a system of the user's own; None of anything else.

    The numbers of a dataclass can be changed on the command line where all of its fields are. Steps
    are those of ``ground_state`` without an optimizer: short ones where moves are a system's own.
    """
    if not isinstance(thing, QuantumSystem):
        return None
    said = (type(thing).__doc__ or "").strip() or thing.name
    recipe = VMCRecipe()
    if thing.proposal is not None:
        short = OptimizerSettings(name="natural-gradient", **SHORT_STEPS)
        recipe = replace(recipe, optimizer=short)
    found = entry(
        thing.name,
        said.splitlines()[0].strip("`. "),
        "none" if thing.reference is None else thing.reference.source,
        thing,
        recipe,
    )
    if is_dataclass(thing) and all(_is_plain(getattr(thing, f.name)) for f in fields(thing)):
        return found
    return found._replace(
        subject=NoNumbers(),
        solve=lambda subject, recipe, **options: solve_by_recipe(thing, recipe, **options),
        load=lambda subject, recipe, directory: load_by_recipe(thing, recipe, directory),
        check=lambda subject, recipe: check_recipe(thing, recipe),
    )


def _is_plain(value: Any) -> bool:
    inside = value if isinstance(value, tuple) else (value,)
    return all(isinstance(part, (bool, int, float, str)) for part in inside)


def check_recipe(system: QuantumSystem, recipe: VMCRecipe) -> None:
    """Build first walkers, wave function and optimizer, to no other end.

    Raises:
        ConfigurationError: for settings that exclude each other, and sizes beyond this machine's
            memory.
    """
    check_system(system, system.name)
    check_walkers(system, recipe.walkers, measurements=recipe.measurements)
    wavefunction = recipe.wavefunction.build(system)
    if recipe.pretrain:
        check_pretraining(system, wavefunction)
    recipe.optimizer.check(recipe.steps)
    recipe.until.build()
    recipe.sampler.build(system)
    first_walkers(system, jax.random.key(0), recipe.walkers)
    jax.eval_shape(partial(first_params, system, wavefunction), jax.random.key(0))


def solve_by_recipe(
    system: QuantumSystem,
    recipe: VMCRecipe,
    *,
    key: Array | None = None,
    run: Run | None = None,
    until: Rule | RuleSettings | str | None = None,
    measure: Mapping[str, Every] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    devices: int = 1,
) -> GroundState:
    """Find a ground state by a recipe; see ``physml.ground_state``.

    A run keeps the measured walkers in ``samples.npz``, also of a measurement that failed.

    Warns:
        UserWarning: of an error bar that has not converged, and of what was left out.
    """
    check_recipe(system, recipe)
    wavefunction = recipe.wavefunction.build(system)
    params = None
    if recipe.pretrain:
        params = pretrain(
            system,
            wavefunction,
            hartree_fock(check_nuclei(system)),
            walkers=recipe.walkers,
            sweeps=recipe.sweeps,
            steps=recipe.pretrain,
            key=key,
            run=run,
            callbacks=callbacks,
            progress=progress,
        ).params
    try:
        state = ground_state(
            system,
            wavefunction,
            optimizer=recipe.optimizer.build(),
            sampler=recipe.sampler.build(system),
            walkers=recipe.walkers,
            sweeps=recipe.sweeps,
            steps=recipe.steps,
            measurements=recipe.measurements,
            params=params,
            key=key,
            until=recipe.until.build() if until is None else until,
            measure=measure,
            run=run,
            callbacks=callbacks,
            progress=progress,
            devices=devices,
        )
    except NonFiniteError as error:
        if isinstance(error.kept, GroundState):
            _keep_samples(error.kept, run)
        raise
    _keep_samples(state, run)
    for doubt in state.doubts:
        warnings.warn(f"{system.name}: {doubt}", stacklevel=2)
    return state


def load_by_recipe(system: QuantumSystem, recipe: VMCRecipe, directory: Path) -> GroundState:
    """Read the saved ground state of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``GroundState.load``.
    """
    return GroundState.load(directory, system, recipe.wavefunction.build(system))


def _keep_samples(state: GroundState, run: Run | None) -> None:
    """Add what was measured to a run, which does not fail for want of it."""
    if run is None:
        return
    try:
        run.add(SAMPLES_FILE, state.save_samples)
    except (PhysmlError, OSError) as error:
        warnings.warn(f"no {SAMPLES_FILE}: {error}", stacklevel=3)
