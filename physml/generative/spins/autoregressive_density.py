"""A trained density of spins: samples, probabilities, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import CheckpointError, FingerprintError, ShapeError
from physml.figures import figure
from physml.generative.judge.enumerated import Enumerated, enumerated
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.generative.judge.same_model import check_model, log_densities
from physml.generative.spins.conditional import draw, log_prob
from physml.generative.spins.drawing_order import check_order
from physml.generative.spins.spin_model import SpinModel
from physml.networks.as_module import as_module
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "autoregressive density"

_AT_ONCE = 1024

_ENUMERATED = 16


@dataclass(frozen=True, eq=False)
class AutoregressiveDensity:
    """A normalised density ``q`` of spins beside that of a model; a ``Result``.

    Attributes:
        model: the spins in equilibrium.
        network: of the logits of a configuration.
        params: its parameters.
        even: whether ``q(s) = q(−s)``.
        log_partition: ``ln Z`` of the model by the weights of fresh samples.
        magnetisations: of those samples, ``(n,)``, each a mean over sites.
        losses: ``⟨βE + ln q⟩`` of each step.
        exact: what enumeration tells, of at most 16 spins.
        result: of the fit; None where there was none.
    """

    model: SpinModel
    network: Any
    params: Any
    even: bool
    log_partition: LogPartition
    magnetisations: np.ndarray
    losses: np.ndarray
    exact: Enumerated | None = None
    result: FitResult | None = None

    @classmethod
    def judged(
        cls,
        model: SpinModel,
        network: Any,
        params: Any,
        *,
        even: bool,
        samples: int,
        key: Array,
        result: FitResult | None = None,
    ) -> AutoregressiveDensity:
        """A density judged by fresh samples of its own.

        Raises:
            ShapeError: a network that sees spins which come later.
        """
        check_order(network, params, model.shape)
        keys = jax.random.split(key, samples)
        log_q, draw_one = log_prob(network, even=even), draw(network, model.shape, even=even)

        @jax.jit
        def weigh(params: Any, keys: Array) -> tuple[Array, Array]:
            def one(key: Array) -> tuple[Array, Array]:
                spins = draw_one(key, params)
                return model.log_density(spins) - log_q(params, spins), jnp.mean(spins)

            return jax.lax.map(one, keys, batch_size=_AT_ONCE)

        logs, magnetisations = map(np.asarray, weigh(params, keys))
        losses = np.asarray([] if result is None else result.history.get("loss", []))
        found, exact = log_partition(logs), None
        if model.sites <= _ENUMERATED:
            exact = enumerated(model, lambda spins: log_q(params, spins))
        return cls(model, network, params, even, found, magnetisations, losses, exact, result)

    def sample(self, key: Array, n: int) -> Array:
        """Independent samples ``(n, ...)``."""
        n = as_whole("n", n, least=1)
        one = draw(self.network, self.model.shape, even=self.even)
        return jax.vmap(one, (0, None))(jax.random.split(key, n), self.params)

    def log_prob(self, spins: Any) -> np.ndarray:
        """``ln q`` of configurations ``(n, ...)``.

        Raises:
            ShapeError: another shape, entries that are no spins.
        """
        spins = jnp.asarray(as_numbers("spins", spins), jnp.result_type(float))
        shape = self.model.shape
        if spins.shape[1:] != shape or spins.ndim != len(shape) + 1:
            expected = ", ".join(map(str, ("n", *shape)))
            raise ShapeError(f"spins: expected ({expected}), got {spins.shape}")
        if not bool(jnp.all(jnp.abs(spins) == 1)):
            raise ShapeError("spins: expected entries ±1; 2 s − 1 of 0 and 1")
        log_q = log_prob(self.network, even=self.even)
        return np.asarray(jax.lax.map(lambda s: log_q(self.params, s), spins, batch_size=_AT_ONCE))

    def numbers(self) -> dict[str, Any]:
        """Free energies per site, in the unit of the energy: ``F = −ln Z/(βN)``."""
        found, scale = self.log_partition, self.model.beta * self.model.sites
        exact = self.model.log_partition()
        whole = self.exact
        return {
            "free_energy": -found.bound / scale,
            "free_energy_error": found.bound_error / scale,
            "exact": None if exact is None else -exact / scale,
            "log_partition": found.value,
            "log_partition_error": found.error,
            "exact_log_partition": exact,
            "ess": found.ess,
            "samples": found.samples,
            "magnetisation": float(np.mean(np.abs(self.magnetisations))),
            "up": float(np.mean(self.magnetisations > 0)),
            "excess": None if whole is None else whole.excess / scale,
            "kl": None if whole is None else whole.kl,
            "exact_ess": None if whole is None else whole.ess,
            "steps": len(self.losses),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told = self.numbers()
        exact = told["exact"]
        said = {
            "free energy a site": f"{told['free_energy']:.7f} ± {told['free_energy_error']:.1e}"
            + ("" if exact is None else f", exact {exact:.7f}"),
            "ln Z": f"{told['log_partition']:.6f} ± {told['log_partition_error']:.1e}"
            + ("" if exact is None else f", exact {told['exact_log_partition']:.6f}"),
            "effective samples": f"{told['ess']:.4f} of {told['samples']}",
            "magnetisation": f"|m| {told['magnetisation']:.3f}, {100 * told['up']:.0f}% of it up",
            "parameters": str(told["parameters"]),
        }
        if self.exact is not None:
            said["of all configurations"] = (
                f"{told['excess']:.1e} a site above exact, "
                f"effective samples {told['exact_ess']:.5f}"
            )
        return said

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the free energy against the step, magnetisations, some samples.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        scale = self.model.beta * self.model.sites
        exact = self.model.log_partition()
        with figure(path, 1, 2) as (loss, histogram):
            loss.plot(self.losses / scale, linewidth=0.8, label="of the samples of a step")
            if exact is not None:
                loss.axhline(-exact / scale, color="0.4", linewidth=0.8, label="exact")
            loss.set(xlabel="step", ylabel="free energy a site")
            loss.legend(fontsize=7)
            histogram.hist(self.magnetisations, bins=41, range=(-1.025, 1.025))
            histogram.set(xlabel="magnetisation", ylabel="samples")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {
            "magnetisations": self.magnetisations,
            "losses": self.losses,
            "answers": self.log_prob(_probes(self.model)),
            "densities": log_densities(self.model, _known(self.model)),
        }
        exact = None if self.exact is None else list(self.exact)
        found = {"even": self.even, "log_partition": list(self.log_partition), "exact": exact}
        return Study(KIND, found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, model: SpinModel, network: Any) -> AutoregressiveDensity:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            model: the spins that the density is for.
            network: the one that was trained.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network with other outputs; of another model, such as of another
                temperature.
        """
        network = as_module("network", network)
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected an {KIND}, got a {kept.entry}")
        outline = jax.eval_shape(network.init, jax.random.key(0), jnp.ones(model.shape))
        found = cls(
            model,
            network,
            from_named(outline, kept.arrays, directory),
            bool(kept.found["even"]),
            LogPartition(*kept.found["log_partition"]),
            kept.arrays["magnetisations"],
            kept.arrays["losses"],
            None if kept.found["exact"] is None else Enumerated(*kept.found["exact"]),
        )
        if not np.allclose(found.log_prob(_probes(model)), kept.arrays["answers"], rtol=1e-4):
            raise FingerprintError(
                f"{directory}: the network gives other outputs than the one that was saved; "
                "expected the same activations and options"
            )
        check_model(directory, kept.arrays, model, _known(model))
        return found


def _probes(model: SpinModel) -> np.ndarray:
    """Some configurations, to know a network again."""
    random = np.random.default_rng(0)
    return 2.0 * random.integers(2, size=(4, *model.shape)) - 1


def _known(model: SpinModel) -> np.ndarray:
    """The same and all up, of which not all have energy 0, to know a model again."""
    return np.concatenate([_probes(model), np.ones((1, *model.shape))])
