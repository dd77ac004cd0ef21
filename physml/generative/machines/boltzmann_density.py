"""A trained Boltzmann machine: samples, probabilities, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import CheckpointError, FingerprintError
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.generative.machines.annealed_importance import annealed
from physml.generative.machines.boltzmann_plot import plot_of
from physml.generative.machines.exact_partition import (
    exact_log_partition,
    exact_samples,
    is_summed,
    log_likelihoods,
)
from physml.generative.machines.independent_units import independent_log_likelihood
from physml.generative.machines.unit_data import as_network, as_units
from physml.networks import UnitEnergy
from physml.networks.as_module import as_module
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "boltzmann density"

_SHOWN = 24
_SETTLING = 20


class Likelihood(NamedTuple):
    """The mean ``ln p`` of configurations, in nats.

    Attributes:
        value: the mean.
        error: by the configurations drawn and by that of ``ln Z``.
        independent: of units with the frequencies of the training data and no correlations.
    """

    value: float
    error: float
    independent: float


@dataclass(frozen=True, eq=False)
class BoltzmannDensity:
    """The density ``p(v) = exp(−F(v))/Z`` of units of two values; a ``Result``.

    Attributes:
        network: of the energy.
        params: its parameters.
        shape: of one configuration.
        log_partition: ``ln Z``: a sum over all states, with no error and no samples, or by annealed
            importance sampling.
        likelihoods: of ``train``, and ``test`` if there was one.
        curves: of each step: ``loss``, and ``log_likelihood`` of small machines.
        moments: means of units and of products of pairs, ``(2, k)``: of the data, of samples.
        shown: some of the data and of the samples, ``(2, m, ...)``.
        levels: of annealed importance sampling.
        told: further numbers, of an entry.
        result: of the fit; None where there was none.
    """

    network: UnitEnergy
    params: Any
    shape: tuple[int, ...]
    log_partition: LogPartition
    likelihoods: Mapping[str, Likelihood]
    curves: Mapping[str, np.ndarray]
    moments: np.ndarray
    shown: np.ndarray
    levels: int = 1000
    told: Mapping[str, Any] = field(default_factory=dict)
    result: FitResult | None = None

    @classmethod
    def judged(
        cls,
        network: UnitEnergy,
        params: Any,
        data: Array,
        *,
        test: Array | None = None,
        samples: int,
        levels: int,
        key: Array,
        result: FitResult | None = None,
    ) -> BoltzmannDensity:
        """A machine judged by ``ln Z``, likelihoods, and samples of its own."""
        shape = data.shape[1:]
        key_z, key_samples = jax.random.split(key)
        found, drawn = _drawn(network, params, shape, key_z, samples, levels)
        if is_summed(network, params, shape):
            drawn = exact_samples(network, params, shape, key_samples, samples)
        parts = {"train": data} if test is None else {"train": data, "test": test}
        likelihoods = {}
        for name, part in parts.items():
            logs = np.asarray(log_likelihoods(network, params, part), np.float64)
            spread = logs.std(ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else 0.0
            likelihoods[name] = Likelihood(
                float(logs.mean()) - found.value,
                float(np.hypot(spread, found.error)),
                independent_log_likelihood(data, part),
            )
        history = {} if result is None else result.history
        curves: dict[str, np.ndarray] = {
            name: np.asarray(history[name])
            for name in ("loss", "log_likelihood")
            if name in history
        }
        moments = np.stack([_moments(data), _moments(drawn)])
        count = min(_SHOWN, len(data), len(drawn))
        shown = np.stack([np.asarray(data[:count]), np.asarray(drawn[:count])])
        return cls(
            network, params, shape, found, likelihoods, curves, moments, shown, levels, {}, result
        )

    @property
    def is_exact(self) -> bool:
        """Whether ``ln Z`` is a sum over all states."""
        return self.log_partition.samples == 0

    def sample(self, key: Array, n: int) -> Array:
        """Configurations ``(n, ...)``.

        Where a layer has at most 20 units they are exact and independent. Else chains go from
        independent units to the machine, are drawn from by their weights, and take 20 sweeps more:
        of a density with modes far apart, only as good as ``log_partition.ess`` is large. They are
        as many as told ``ln Z``, or ``n`` if that is more: few samples are no worse than many.
        """
        n = as_whole("n", n, least=1)
        if is_summed(self.network, self.params, self.shape):
            return exact_samples(self.network, self.params, self.shape, key, n)
        chains = max(n, self.log_partition.samples)
        return _drawn(self.network, self.params, self.shape, key, chains, self.levels)[1][:n]

    def log_prob(self, v: Any) -> np.ndarray:
        """``ln p`` of configurations ``(n, ...)``, with the error of ``log_partition`` in common.

        Raises:
            ShapeError: another shape, other entries.
        """
        v = as_units("v", v, self.network, self.shape)
        logs = log_likelihoods(self.network, self.params, v)
        return np.asarray(logs, np.float64) - self.log_partition.value

    def numbers(self) -> dict[str, Any]:
        """Likelihoods in nats of one configuration."""
        found = self.log_partition
        told: dict[str, Any] = {
            "log_partition": found.value,
            "log_partition_error": found.error,
            "ess": found.ess,
            "chains": found.samples,
        }
        for name, likelihood in self.likelihoods.items():
            begin = "" if name == "train" else f"{name}_"
            told |= {
                f"{begin}log_likelihood": likelihood.value,
                f"{begin}log_likelihood_error": likelihood.error,
                f"{begin}independent": likelihood.independent,
            }
        return told | {
            "moments_rms": float(np.sqrt(np.mean(np.diff(self.moments, axis=0) ** 2))),
            **self.told,
            "steps": len(self.curves.get("loss", ())),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        found = self.log_partition
        way = "all states" if self.is_exact else f"{found.samples} annealed chains"
        said = {"ln Z": f"{found.value:.6f} ± {found.error:.1e}, by {way}"}
        if not self.is_exact:
            said["effective chains"] = f"{found.ess:.3f} of {found.samples}"
            if found.ess < 0.1:
                said["effective chains"] += (
                    ": few; the error of ln Z is too small, take more levels"
                )
        for name, likelihood in self.likelihoods.items():
            said[f"ln p, {name}"] = (
                f"{likelihood.value:.4f} ± {likelihood.error:.1e}, of independent units "
                f"{likelihood.independent:.4f}"
            )
        for name, value in self.told.items():
            said[name.replace("_", " ")] = (
                f"{value:.6g}" if isinstance(value, float) else str(value)
            )
        return said | {"parameters": str(self.numbers()["parameters"])}

    def plot(self, path: str | Path) -> Path:
        """Save a figure: training, moments of samples against those of the data, samples.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        return plot_of(path, self.curves, self.moments, self.shown, self.network.low)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {
            "moments": self.moments,
            "shown": self.shown,
            "answers": self.log_prob(self.shown[0]),
            **{f"curve/{name}": curve for name, curve in self.curves.items()},
        }
        found = {
            "shape": list(self.shape),
            "log_partition": list(self.log_partition),
            "likelihoods": {name: list(part) for name, part in self.likelihoods.items()},
            "levels": self.levels,
            "told": dict(self.told),
        }
        return Study(KIND, found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, network: Any) -> BoltzmannDensity:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            network: the one that was trained.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network with other energies.
        """
        network = as_module("network", network)
        kept, network = Study.load(directory), as_network(network)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected a {KIND}, got a {kept.entry}")
        shape = tuple(kept.found["shape"])
        outline = jax.eval_shape(network.init, jax.random.key(0), jnp.ones(shape))
        found = cls(
            network,
            from_named(outline, kept.arrays, directory),
            shape,
            LogPartition(*kept.found["log_partition"]),
            {name: Likelihood(*part) for name, part in kept.found["likelihoods"].items()},
            {n.removeprefix("curve/"): a for n, a in kept.arrays.items() if n.startswith("curve/")},
            kept.arrays["moments"],
            kept.arrays["shown"],
            kept.found["levels"],
            kept.found["told"],
        )
        shown, answers = found.shown[0], kept.arrays["answers"]
        if not set(np.unique(shown).tolist()) <= {network.low, 1.0} or not np.allclose(
            found.log_prob(shown), answers, rtol=1e-4, atol=1e-4
        ):
            raise FingerprintError(
                f"{directory}: the network gives other energies than the one that was saved; "
                "expected the same units and options"
            )
        return found


def _drawn(
    network: UnitEnergy, params: Any, shape: tuple[int, ...], key: Array, n: int, levels: int
) -> tuple[LogPartition, Array]:
    """``ln Z``, by a sum where it is short, and else with chains as likely as their weights."""
    if is_summed(network, params, shape):
        value = exact_log_partition(network, params, shape)
        return LogPartition(value, 0.0, 1.0, value, 0.0, 0), jnp.zeros((0, *shape))
    key_chains, key_choice, key_settle = jax.random.split(key, 3)
    logs, ends = annealed(network, params, shape, chains=n, levels=levels, key=key_chains)
    weights = np.exp(logs - logs.max())
    places = (np.arange(n) + float(jax.random.uniform(key_choice))) / n * weights.sum()
    chosen = np.minimum(np.searchsorted(np.cumsum(weights), places, "right"), n - 1)
    turn = jax.random.permutation(key_choice, n)
    ends = ends[jnp.asarray(chosen)][turn]
    return log_partition(logs), _settled(network, params, ends, key_settle)


@partial(jax.jit, static_argnames="network")
def _settled(network: UnitEnergy, params: Any, v: Array, key: Array) -> Array:
    """After some sweeps more."""

    def sweep(v: Array, key: Array) -> tuple[Array, None]:
        return jax.vmap(partial(network.resample, params))(jax.random.split(key, len(v)), v), None

    return jax.lax.scan(sweep, v, jax.random.split(key, _SETTLING))[0]


def _moments(v: Array) -> np.ndarray:
    """Means of all units, then of the products of all pairs."""
    flat = np.asarray(v, np.float64).reshape(len(v), -1)
    pairs = flat.T @ flat / len(flat)
    return np.concatenate([flat.mean(axis=0), pairs[np.triu_indices(flat.shape[1], 1)]])
