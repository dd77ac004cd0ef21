"""The Ising model by restricted Boltzmann machines: one learned from samples, one exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import LARGEST, as_whole
from physml.errors import ConfigurationError
from physml.generative.catalogue.boltzmann_by_recipe import BoltzmannRecipe
from physml.generative.judge.enumerated import enumerated
from physml.generative.judge.log_partition import log_partition
from physml.generative.machines.annealed_importance import annealed_importance
from physml.generative.machines.boltzmann import boltzmann
from physml.generative.machines.boltzmann_density import BoltzmannDensity
from physml.generative.machines.chain_settings import ChainSettings
from physml.generative.machines.exact_machine import exact_machine
from physml.generative.spins.ising import Ising
from physml.ising import enumeration, square_couplings
from physml.networks import RestrictedBoltzmannMachine
from physml.optim import OptimizerSettings
from physml.sampling import ising_spins
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback

_LEARNED = 4
_SHOWN = 1000
_EQUILIBRIUM = 200


@dataclass(frozen=True, kw_only=True)
class IsingRecipe(BoltzmannRecipe):
    """How a machine of spins without biases is learned; with no steps, it is the exact one.

    Attributes:
        data: independent samples of the model to learn from.
    """

    hidden: int = 24
    chains: ChainSettings = field(
        default_factory=lambda: ChainSettings(name="persistent", sweeps=2, chains=2048)
    )
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient",
            learning_rate=0.3,
            cosine=300.0,
            damping=3e-2,
            max_norm=1.0,
        )
    )
    size: int = 2048
    judge: int = 20_000
    data: int = 200_000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        super().__post_init__()
        as_whole("data", self.data, least=2)


def solve(
    subject: Ising,
    recipe: IsingRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> BoltzmannDensity:
    """Learn from exact samples, or take the machine that is exact; judge against Kaufman's sum."""
    if recipe.steps == 0:
        return _exact(subject, recipe, key)
    found = boltzmann(
        _samples(subject, recipe.data, key_for(key, "data")),
        machine_of(subject, recipe),
        chains=recipe.chains.build(),
        optimizer=recipe.optimizer.build(),
        size=recipe.size or None,
        steps=recipe.steps,
        judge=min(recipe.judge, _SHOWN),
        levels=recipe.levels,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return _judged(subject, found, recipe.judge, key_for(key, "check"))


def _exact(subject: Ising, recipe: IsingRecipe, key: Array) -> BoltzmannDensity:
    """One hidden spin a bond, ``ln Z`` by annealed chains, and by a sum where that is short."""
    machine = exact_machine(square_couplings(subject.side, subject.side, subject.beta))
    shape, scale = subject.shape, subject.beta * subject.sites
    data, whence = compared_to(subject, key_for(key, "data"))
    found = BoltzmannDensity.judged(
        machine.network,
        machine.params,
        data,
        samples=recipe.judge,
        levels=recipe.levels,
        key=key_for(key, "measure"),
    )
    chains = found.log_partition
    if found.is_exact:
        chains = annealed_importance(
            machine.network,
            machine.params,
            shape,
            chains=recipe.judge,
            levels=recipe.levels,
            key=key_for(key, "check"),
        )
    told = _against(subject, chains.value + machine.log_factor, chains.error)
    told |= {"ess": chains.ess, "chains": chains.samples}
    told["data"] = whence
    told |= {
        "free_energy": -told["log_partition"] / scale,
        "free_energy_error": chains.error / scale,
    }
    if found.is_exact:
        told["machine_log_partition"] = found.log_partition.value + machine.log_factor
    return replace(found, told=told)


def _judged(subject: Ising, found: BoltzmannDensity, samples: int, key: Array) -> BoltzmannDensity:
    """A learned machine as a density of the model: by weights of its samples, by all states."""
    spins = found.sample(key, samples)
    log_q = jnp.asarray(found.log_prob(spins))
    by_weights = log_partition(jax.vmap(subject.log_density)(spins) - log_q)
    scale, z = subject.beta * subject.sites, found.log_partition.value
    whole = enumerated(subject, lambda s: -found.network.energy(found.params, s) - z)
    told = _against(subject, by_weights.value, by_weights.error) | {
        "free_energy": -by_weights.bound / scale,
        "free_energy_error": by_weights.bound_error / scale,
        "ess": by_weights.ess,
        "samples": by_weights.samples,
        "kl": whole.kl,
        "excess": whole.excess / scale,
        "exact_ess": whole.ess,
    }
    return replace(found, told=told)


def _against(subject: Ising, value: float, error: float) -> dict[str, Any]:
    exact = subject.log_partition()
    return {
        "exact": -exact / (subject.beta * subject.sites),
        "log_partition": float(value),
        "log_partition_error": float(error),
        "exact_log_partition": exact,
    }


def _samples(subject: Ising, count: int, key: Array) -> np.ndarray:
    """Independent lattices, from all states."""
    states = enumeration(square_couplings(subject.side, subject.side, subject.beta))
    cumulated = np.cumsum(states.probabilities)
    chances = np.asarray(jax.random.uniform(key, (count,))) * cumulated[-1]
    numbers = np.minimum(np.searchsorted(cumulated, chances, "right"), len(cumulated) - 1)
    return states.states[numbers].reshape(-1, *subject.shape)


def compared_to(subject: Ising, key: Array) -> tuple[Array, str]:
    """Lattices that no machine learned from, and where they are from.

    Independent ones from all states where those are few. Else by local updates, which do not turn a
    magnetisation in the ordered phase: from all up or all down, at random.
    """
    if subject.side <= _LEARNED:
        lattices = jnp.asarray(_samples(subject, _SHOWN, key), jnp.result_type(float))
        return lattices, "exact, from all states"
    key_sign, key = jax.random.split(key)
    signs = jax.random.rademacher(key_sign, (_SHOWN,), jnp.int8)
    first = jnp.broadcast_to(signs[:, None, None], (_SHOWN, *subject.shape))
    sampler = ising_spins(subject.beta, lambda key: first, burn_in=_EQUILIBRIUM)
    lattices = sampler.init(key, None).astype(jnp.result_type(float))
    return lattices, f"{_EQUILIBRIUM} local sweeps from all up or all down, at random"


def machine_of(subject: Ising, recipe: IsingRecipe) -> RestrictedBoltzmannMachine:
    """Of spins, even: without biases."""
    hidden = recipe.hidden if recipe.steps else exact_machine(_bonds(subject)).network.hidden
    return RestrictedBoltzmannMachine(hidden=hidden, spread=recipe.spread, spins=True, bias=False)


def _bonds(subject: Ising) -> np.ndarray:
    return square_couplings(subject.side, subject.side, subject.beta)


def check(subject: Ising, recipe: IsingRecipe) -> None:
    """Build machine, chains and optimizer, before a run is made.

    Raises:
        ConfigurationError: a lattice too large to learn from all states.
    """
    if recipe.steps and subject.side > _LEARNED:
        raise ConfigurationError(
            f"side: expected at most {_LEARNED} to learn from, judged by all states, got "
            f"{subject.side}; --recipe exact takes the machine that is the model"
        )
    as_whole("size", recipe.size, least=0, most=recipe.data if recipe.steps else LARGEST)
    machine_of(subject, recipe)
    recipe.chains.build()
    recipe.optimizer.check(recipe.steps)


def load(subject: Ising, recipe: IsingRecipe, directory: Path) -> BoltzmannDensity:
    """Read the saved machine of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``BoltzmannDensity.load``.
    """
    return BoltzmannDensity.load(directory, machine_of(subject, recipe))


ENTRY = Entry(
    "ising-rbm",
    "max ⟨ln p⟩, p = exp(−F)/Z, of samples of E = −Σ s s', square lattice, periodic",
    "exact: Kaufman's sum",
    Ising(),
    {
        "default": IsingRecipe(),
        "quick": IsingRecipe(
            hidden=16,
            chains=ChainSettings(name="persistent", sweeps=1, chains=512),
            size=512,
            steps=60,
            judge=5000,
            data=20_000,
        ),
        "exact": IsingRecipe(steps=0, judge=1000, levels=2000),
    },
    solve,
    extendable=("steps",),
    load=load,
    check=check,
)
