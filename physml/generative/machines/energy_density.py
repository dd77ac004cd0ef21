"""A density whose energy is a network: samples, probabilities, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import CheckpointError, FingerprintError, NonFiniteError, ShapeError
from physml.figures import figure
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.networks.as_module import as_module
from physml.sampling import langevin
from physml.train import FitResult, Study
from physml.train.data_arguments import around
from physml.train.named_params import from_named, named

KIND = "energy density"

_AT_ONCE = 4096
_SETTLING = 200
_GRID = 120


@dataclass(frozen=True)
class _Tilted:
    """``f(x) + ½ Σ ((x − m)/w)²``; equal of equal networks."""

    network: Any

    def __call__(self, mean: Array, width: Array, params: Any, x: Array) -> Array:
        value: Array = self.network.apply(params, x)
        return value + 0.5 * jnp.sum(((x - mean) / width) ** 2)


@dataclass(frozen=True)
class _Minus:
    """The negative of a function; equal of equal ones."""

    function: Any

    def __call__(self, *args: Any) -> Array:
        return -self.function(*args)


def tilted(network: Any, mean: Any, width: Any) -> Any:
    """``(params, x) -> E``: a network and the energy of a normal density that holds it."""
    return Partial(_Tilted(network), jnp.asarray(mean), jnp.asarray(width))


def minus(energy: Any) -> Any:
    """``(params, x) -> −E``."""
    return around(_Minus, energy)


@dataclass(frozen=True, eq=False)
class EnergyDensity:
    """The density ``p(x) = exp(−E(x))/Z``, ``E = f + ½ Σ ((x − m)/w)²``; a ``Result``.

    Attributes:
        network: ``f``.
        params: its parameters.
        mean: ``m``, ``(d,)``.
        width: ``w``, ``(d,)``.
        log_partition: ``ln Z``, by the weights ``e^{−f}`` of samples of the normal density.
        kept: chains at the end of training, ``(n, d)``, from which samples start.
        likelihood: the mean ``ln p`` of the data, and its standard error.
        normal: the mean ``ln p`` of the data by the normal density of their own mean and spread.
        losses: ``⟨E⟩_data − ⟨E⟩_model`` of each step.
        told: further numbers, of an entry.
        result: of the fit; None where there was none.
    """

    network: Any
    params: Any
    mean: np.ndarray
    width: np.ndarray
    log_partition: LogPartition
    kept: np.ndarray
    likelihood: tuple[float, float]
    normal: float
    losses: np.ndarray
    told: Mapping[str, Any] = field(default_factory=dict)
    result: FitResult | None = None

    @classmethod
    def judged(
        cls,
        network: Any,
        params: Any,
        mean: Array,
        width: Array,
        kept: Array,
        data: Array,
        *,
        samples: int,
        key: Array,
        result: FitResult | None = None,
    ) -> EnergyDensity:
        """A density judged by ``ln Z`` and the likelihood of its data."""
        noise = jax.random.normal(key, (samples, len(mean)))
        weights = -np.asarray(
            _values(network, params, mean[None] + width[None] * noise), np.float64
        )
        normal = float(jnp.sum(jnp.log(width)) + 0.5 * len(mean) * np.log(2 * np.pi))
        by_weights = log_partition(weights + normal)
        logs = _log_density(network, params, mean, width, data) - by_weights.value
        spread = float(np.std(logs) / np.sqrt(len(logs)))
        deviations = np.std(np.asarray(data), axis=0)
        plain = -float(np.sum(np.log(deviations)) + 0.5 * len(mean) * (np.log(2 * np.pi) + 1))
        losses = np.asarray([] if result is None else result.history.get("loss", []))
        return cls(
            network,
            params,
            np.asarray(mean),
            np.asarray(width),
            by_weights,
            np.asarray(kept),
            (float(np.mean(logs)), float(np.hypot(spread, by_weights.error))),
            plain,
            losses,
            {},
            result,
        )

    def energy(self, x: Array) -> Array:
        """``E`` of one point ``(d,)``."""
        found: Array = tilted(self.network, self.mean, self.width)(self.params, x)
        return found

    def log_prob(self, points: Any) -> np.ndarray:
        """``ln p`` of points ``(n, d)``, with the error of ``log_partition`` in common.

        Raises:
            ShapeError: another shape.
            NonFiniteError: a NaN or an infinity.
        """
        x = as_numbers("points", points)
        if x.ndim != 2 or x.shape[1] != len(self.mean):
            raise ShapeError(f"points: expected (n, {len(self.mean)}), got {x.shape}")
        if not np.isfinite(x).all():
            raise NonFiniteError("points: expected finite numbers, got a NaN or an infinity")
        logs = _log_density(self.network, self.params, self.mean, self.width, jnp.asarray(x))
        return logs - self.log_partition.value

    def sample(self, key: Array, n: int) -> Array:
        """Points ``(n, d)``: from chains at the end of training, by 200 Langevin moves more."""
        n = as_whole("n", n, least=1)
        key_start, key_init, key_moves = jax.random.split(key, 3)
        places = jax.random.choice(key_start, len(self.kept), (n,))
        start = jnp.asarray(self.kept)[places]
        energy = tilted(self.network, self.mean, self.width)
        width = float(0.3 * np.min(self.width))
        chains = langevin(minus(energy), lambda key: start, sweeps=_SETTLING // 10, width=width)

        @jax.jit
        def moved(state: Any, key: Array) -> Any:
            def step(state: Any, key: Array) -> tuple[Any, None]:
                return chains.sample(key, state, self.params)[0], None

            return jax.lax.scan(step, state, jax.random.split(key, 10))[0]

        points: Array = moved(chains.init(key_init, self.params), key_moves).walkers
        return points

    def numbers(self) -> dict[str, Any]:
        """Likelihoods in nats of a point."""
        found = self.log_partition
        return {
            "log_partition": found.value,
            "log_partition_error": found.error,
            "ess": found.ess,
            "samples": found.samples,
            "log_likelihood": self.likelihood[0],
            "log_likelihood_error": self.likelihood[1],
            "normal": self.normal,
            **self.told,
            "steps": len(self.losses),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        found, (value, error) = self.log_partition, self.likelihood
        said = {
            "ln Z": f"{found.value:.5f} ± {found.error:.1e}",
            "effective samples": f"{found.ess:.4f} of {found.samples}",
            "ln p, data": f"{value:.4f} ± {error:.1e}, of a normal density {self.normal:.4f}",
        }
        for name, number in self.told.items():
            words = f"{number:.4g}" if isinstance(number, float) else str(number)
            said[name.replace("_", " ")] = words
        return said | {"parameters": str(self.numbers()["parameters"])}

    def plot(self, path: str | Path) -> Path:
        """Save a figure: training; of one or two coordinates the density and chains.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        d = len(self.mean)
        low, high = (self.mean + sign * 2.2 * self.width for sign in (-1, 1))
        with figure(path, 1, 2) as (training, density):
            training.plot(self.losses, linewidth=0.8)
            training.set(xlabel="step", ylabel="⟨E⟩ data − ⟨E⟩ model")
            if d == 1:
                x = np.linspace(low[0], high[0], 400)
                density.hist(self.kept[:, 0], bins=60, density=True, alpha=0.4, label="chains")
                density.plot(x, np.exp(self.log_prob(x[:, None])), label="p")
                density.set(xlabel="x", ylabel="density")
                density.legend(fontsize=7)
            else:
                axes = [np.linspace(low[i], high[i], _GRID) for i in (0, 1)]
                if d == 2:
                    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
                    p = np.exp(self.log_prob(grid)).reshape(_GRID, _GRID)
                    density.contourf(*axes, p, levels=12, cmap="Blues")
                density.plot(*self.kept[:400, :2].T, "k.", markersize=1.5)
                density.set(xlabel="x₁", ylabel="x₂", aspect="equal")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {
            "mean": self.mean,
            "width": self.width,
            "kept": self.kept,
            "losses": self.losses,
            "answers": self.log_prob(self.kept[:8]),
        }
        found = {
            "log_partition": list(self.log_partition),
            "likelihood": list(self.likelihood),
            "normal": self.normal,
            "told": dict(self.told),
        }
        return Study(KIND, found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, network: Any) -> EnergyDensity:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            network: the one that was trained.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network with other values.
        """
        network = as_module("network", network)
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected an {KIND}, got a {kept.entry}")
        mean = kept.arrays["mean"]
        outline = jax.eval_shape(network.init, jax.random.key(0), jnp.ones(len(mean)))
        found = cls(
            network,
            from_named(outline, kept.arrays, directory),
            mean,
            kept.arrays["width"],
            LogPartition(*kept.found["log_partition"]),
            kept.arrays["kept"],
            tuple(kept.found["likelihood"]),
            kept.found["normal"],
            kept.arrays["losses"],
            kept.found["told"],
        )
        answers = kept.arrays["answers"]
        if not np.allclose(found.log_prob(found.kept[:8]), answers, rtol=1e-4, atol=1e-4):
            raise FingerprintError(
                f"{directory}: the network gives other energies than the one that was saved; "
                "expected the same activations and options"
            )
        return found


def _log_density(network: Any, params: Any, mean: Any, width: Any, x: Array) -> np.ndarray:
    """``−E``, of many points."""
    z = (np.asarray(x) - np.asarray(mean)) / np.asarray(width)
    return -np.asarray(_values(network, params, x), np.float64) - 0.5 * np.sum(z**2, axis=1)


@partial(jax.jit, static_argnames="network")
def _values(network: Any, params: Any, x: Array) -> Array:
    return jax.lax.map(partial(network.apply, params), x, batch_size=_AT_ONCE)
