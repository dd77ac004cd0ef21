"""A trained flow: samples, probabilities, and what they tell of the density it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import CheckpointError, FingerprintError, NonFiniteError, ShapeError
from physml.figures import figure
from physml.generative.flows.flow_training import log_normal, log_prob
from physml.generative.flows.halved_steps import closely_enough, in_halved_steps
from physml.generative.flows.natural_unit import InUnits
from physml.generative.flows.observables import observable_of
from physml.generative.flows.real_model import RealModel
from physml.generative.flows.way_back import check_way_back
from physml.generative.judge.independence_chain import independence_chain
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.generative.judge.same_model import check_model, log_densities
from physml.generative.judge.weighted_mean import WeightedMean, weighted_mean
from physml.networks import ContinuousFlow
from physml.networks.as_module import as_module
from physml.sampling import Estimate, estimate
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "flow density"

_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class FlowDensity:
    """A normalised density ``q`` of real numbers beside that of a model; a ``Result``.

    ``x = u y``, ``y`` is what the network makes of ``z``, ``z`` is normal. A continuous flow is
    followed twice as closely here as it was in training, or closer, until that moves ``ln q`` by
    less than the error bar of ``ln Z``: training cannot have profited from the errors of its steps.

    Attributes:
        model: the density it was trained on.
        network: of ``y``.
        params: its parameters.
        unit: ``u``.
        log_partition: ``ln Z`` of the model by the weights of fresh samples; ``integration_error``
            is in its error bar.
        integration_error: how far ``ln q`` moves where a continuous flow is followed twice as
            closely again, the mean modulus over some samples; 0 of other flows.
        log_weights: ``ln p̃ − ln q`` of the fresh samples, ``(n,)``.
        observables: of these samples, by name, ``(n,)``.
        entries: the first entry of these samples, ``(n,)``.
        losses: ``⟨ln q − ln p̃⟩`` of each step.
        result: of the fit; None where there was none.
        halved: how often the steps of a continuous flow are halved from those of training.
    """

    model: RealModel
    network: Any
    params: Any
    unit: float
    log_partition: LogPartition
    integration_error: float
    log_weights: np.ndarray
    observables: Mapping[str, np.ndarray]
    entries: np.ndarray
    losses: np.ndarray
    result: FitResult | None = None
    halved: int = 0

    @classmethod
    def judged(
        cls,
        model: RealModel,
        network: Any,
        params: Any,
        *,
        unit: float,
        samples: int,
        key: Array,
        result: FitResult | None = None,
    ) -> FlowDensity:
        """A density judged by fresh samples of its own.

        Raises:
            NonFiniteError: a sample at which either density is not finite.
            ShapeError: a network that is not the inverse of its own way back, or tells another
                volume than its Jacobian's.
        """
        inner = InUnits(model, unit)
        moved, halved = 0.0, 0
        if isinstance(network, ContinuousFlow):
            moved, halved = closely_enough(inner, network, params, samples, key)
        followed = in_halved_steps(network, halved)
        check_way_back(followed, params, model.shape)

        def draw(params: Any, z: Array) -> tuple[Array, Array, dict[str, Array], Array]:
            y, log_det = followed.apply(params, z)
            log_weight = inner.log_density(y) + log_det - log_normal(z)
            return y, log_weight, inner.observables(y), unit * jnp.ravel(y)[0]

        @jax.jit
        def weigh(params: Any, key: Array) -> tuple[Array, dict[str, Array], Array]:
            z = jax.random.normal(key, (samples, *model.shape))
            return jax.lax.map(lambda z: draw(params, z)[1:], z, batch_size=_AT_ONCE)

        logs, observables, entries = weigh(params, key)
        logs = np.asarray(logs)
        if not np.isfinite(logs).all():
            number = int(np.flatnonzero(~np.isfinite(logs))[0])
            raise NonFiniteError(
                f"ln p − ln q is {logs[number]} at fresh sample {number} of {samples}; the density "
                "is not finite where the flow draws, or the flow has not been trained"
            )
        losses = np.asarray([] if result is None else result.history.get("loss", []))
        return cls(
            model,
            network,
            params,
            unit,
            _with_error(log_partition(logs), moved),
            moved,
            logs,
            {name: np.asarray(values) for name, values in observables.items()},
            np.asarray(entries),
            losses,
            result,
            halved,
        )

    def sample(self, key: Array, n: int) -> Array:
        """Independent samples of ``q``, ``(n, ...)``."""
        n, followed = as_whole("n", n, least=1), in_halved_steps(self.network, self.halved)
        z = jax.random.normal(key, (n, *self.model.shape))
        drawn = jax.jit(jax.vmap(lambda params, z: followed.apply(params, z)[0], (None, 0)))
        return self.unit * drawn(self.params, z)

    def log_prob(self, x: Any) -> np.ndarray:
        """``ln q`` of ``(n, ...)``.

        Raises:
            ShapeError: another shape, masked or complex numbers.
            NonFiniteError: a NaN or an infinity.
        """
        x = jnp.asarray(as_numbers("x", x), jnp.result_type(float))
        shape = self.model.shape
        if x.shape[1:] != shape or x.ndim != len(shape) + 1:
            expected = ", ".join(map(str, ("n", *shape)))
            raise ShapeError(f"x: expected ({expected}), got {x.shape}")
        if not bool(jnp.all(jnp.isfinite(x))):
            raise NonFiniteError("x: expected finite numbers")
        log_q = log_prob(in_halved_steps(self.network, self.halved))
        volume = int(np.prod(shape)) * np.log(self.unit)

        @jax.jit
        def of_all(params: Any, y: Array) -> Array:
            return jax.lax.map(lambda y: log_q(params, y), y, batch_size=_AT_ONCE)

        return np.asarray(of_all(self.params, x / self.unit)) - volume

    def mean(self, name: str) -> WeightedMean:
        """An observable's mean under the model, by weights.

        Raises:
            UnknownNameError: for a name that the model's ``observables`` do not have.
        """
        return weighted_mean(self.log_weights, observable_of(self.observables, name))

    def chain(self, name: str) -> tuple[Estimate, float]:
        """The same by Metropolis steps with the flow's samples as proposals; and acceptance."""
        chains = independence_chain(self.log_weights)
        values = observable_of(self.observables, name)
        return estimate(values[chains.indices]), chains.acceptance

    def numbers(self) -> dict[str, Any]:
        """``ln Z`` and observables, each with its error bar and what is known exactly."""
        found, known = self.log_partition, self.model.means()
        told: dict[str, Any] = {
            "log_partition": found.value,
            "log_partition_error": found.error,
            "exact": self.model.log_partition(),
            "ess": found.ess,
            "bound": found.bound,
            "integration_error": self.integration_error,
            "samples": found.samples,
        }
        for name in self.observables:
            weighted, (chained, acceptance) = self.mean(name), self.chain(name)
            told |= {
                name: weighted.value,
                f"{name}_error": weighted.error,
                f"{name}_exact": known.get(name),
                f"{name}_chain": chained.mean,
                f"{name}_chain_error": chained.error,
                f"{name}_chain_tau": chained.tau,
                f"{name}_chain_converged": bool(chained.converged),
                "acceptance": acceptance,
            }
        return told | {
            "unit": self.unit,
            "steps": len(self.losses),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told = self.numbers()

        def beside(exact: float | None) -> str:
            return "" if exact is None else f", exact {exact:.6f}"

        error = told["log_partition_error"]
        said = {
            "ln Z": f"{told['log_partition']:.6f} ± {error:.1e}" + beside(told["exact"]),
            "effective samples": f"{told['ess']:.4f} of {told['samples']}",
        }
        for name in self.observables:
            said[name] = (
                f"{told[name]:.6f} ± {told[f'{name}_error']:.1e} by weights, "
                f"{told[f'{name}_chain']:.6f} ± {told[f'{name}_chain_error']:.1e} by a chain"
                + ("" if told[f"{name}_chain_converged"] else " too short for its bar")
                + beside(told[f"{name}_exact"])
            )
        if "acceptance" in told:
            said["acceptance"] = f"{told['acceptance']:.3f} of the chain's proposals"
        if self.integration_error > 0:
            said["followed"] = (
                f"in steps halved {self.halved} times from those of training, to "
                f"{self.integration_error:.1e} of ln q"
            )
            if self.integration_error > error / 2:
                said["followed"] += ", most of ln Z's error bar: take more steps of its rule"
        return said | {"parameters": str(told["parameters"])}

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the loss against the step, the weights, and the first entry's density.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        exact = self.model.log_partition()
        base = self.log_partition.value if exact is None else exact
        weights = np.exp(self.log_weights - self.log_weights.max())
        with figure(path, 1, 3) as (loss, spread, entry):
            # Means over the samples of a step, which lie on both sides of −ln Z in the end.
            loss.semilogy(np.abs(self.losses + base), ".", markersize=3)
            loss.set(xlabel="step", ylabel="|free energy + ln Z|")
            centred = self.log_weights - base
            spread.hist(centred, bins=60, range=tuple(np.quantile(centred, [0.001, 0.999])))
            spread.set(xlabel="$\\ln p - \\ln q$", ylabel="samples")
            low, high = np.quantile(self.entries, [0.0005, 0.9995])
            bins = np.linspace(low, high, 80)
            entry.hist(self.entries, bins, density=True, alpha=0.4, label="flow")
            entry.hist(
                self.entries, bins, density=True, weights=weights, histtype="step", label="weighted"
            )
            entry.set(xlabel="first entry", ylabel="density")
            entry.legend(fontsize=7)
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {
            "log_weights": self.log_weights,
            "entries": self.entries,
            "losses": self.losses,
            "answers": self.log_prob(_probes(self.model, self.unit)),
            "densities": log_densities(self.model, _probes(self.model, self.unit)),
        }
        arrays |= {f"observable/{name}": values for name, values in self.observables.items()}
        found = {
            "unit": self.unit,
            "log_partition": list(self.log_partition),
            "integration_error": self.integration_error,
            "halved": self.halved,
            "observables": list(self.observables),
        }
        return Study(KIND, found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, model: RealModel, network: Any) -> FlowDensity:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            model: the density that the flow is for.
            network: the one that was trained.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network that gives another density; of another model.
        """
        network = as_module("network", network)
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected a {KIND}, got a {kept.entry}")
        outline = jax.eval_shape(network.init, jax.random.key(0), jnp.ones(model.shape))
        found = cls(
            model,
            network,
            from_named(outline, kept.arrays, directory),
            float(kept.found["unit"]),
            LogPartition(*kept.found["log_partition"]),
            float(kept.found["integration_error"]),
            kept.arrays["log_weights"],
            {name: kept.arrays[f"observable/{name}"] for name in kept.found["observables"]},
            kept.arrays["entries"],
            kept.arrays["losses"],
            # once, of flows saved before it was chosen
            halved=int(kept.found.get("halved", isinstance(network, ContinuousFlow))),
        )
        answers = found.log_prob(_probes(model, found.unit))
        if not np.allclose(answers, kept.arrays["answers"], rtol=1e-4, atol=1e-4):
            raise FingerprintError(
                f"{directory}: the network gives another density than the one that was saved; "
                "expected the same activations and options"
            )
        check_model(directory, kept.arrays, model, _probes(model, found.unit))
        return found


def _with_error(found: LogPartition, other: float) -> LogPartition:
    """The same, with an independent error added."""
    return found._replace(error=float(np.hypot(found.error, other)))


def _probes(model: RealModel, unit: float) -> np.ndarray:
    """Some points, to know a network again."""
    return unit * np.random.default_rng(0).normal(size=(4, *model.shape))
