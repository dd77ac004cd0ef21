"""A trained variational autoencoder: there and back, samples, and what it is worth."""

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

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.errors import CheckpointError, FingerprintError, NonFiniteError, ShapeError
from physml.generative.autoencoders.evidence_bounds import EvidenceBounds, evidence_bounds
from physml.generative.autoencoders.latent_figure import draw_latents
from physml.generative.autoencoders.latent_model import LatentModel
from physml.generative.autoencoders.observation_model import ObservationModel
from physml.generative.sample_parts import as_condition, as_samples
from physml.networks.as_module import as_module
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "variational autoencoder"

# The variance of a posterior mean over samples below which a latent number is not used (Burda).
_ACTIVE = 0.01

_ANSWERED = {
    "answers": "networks give other outputs",
    "log_likelihoods": "likelihood gives other probabilities",
}


@dataclass(frozen=True, eq=False)
class VariationalAutoencoder:
    """``p(x) = ∫ p(x | z) N(z; 0, 1) dz`` and its encoder ``q(z | x)``; a ``Result``.

    Attributes:
        model: encoder, decoder, likelihood.
        params: of all three.
        beta: with which it was trained.
        bounds: of ``ln p(x)``, of what it was judged by; of ``ln p(x | class)`` where the model is
            conditional.
        rate: ``KL(q ‖ N(0, 1))``, the mean over those, nats.
        held_out: whether they were not trained on.
        codes: their posterior means, ``(n, latent)``.
        labels: theirs, ``(n,)``; None where there are none.
        losses: of each step.
        found: more numbers, of an entry.
        result: of the fit; None where it was loaded.
    """

    model: LatentModel
    params: Any
    beta: float
    bounds: EvidenceBounds
    rate: float
    held_out: bool
    codes: np.ndarray
    labels: np.ndarray | None
    losses: np.ndarray
    found: Mapping[str, Any] = field(default_factory=dict)
    result: FitResult | None = None

    @classmethod
    def judged(
        cls,
        model: LatentModel,
        params: Any,
        data: Dataset,
        *,
        held_out: bool,
        labelled: bool,
        beta: float,
        draws: int,
        key: Array,
        result: FitResult | None = None,
    ) -> VariationalAutoencoder:
        """An autoencoder judged by data and by fresh draws."""
        labels = data.targets if labelled and _is_label(data) else None
        known = data.targets if model.classes else None
        found = cls(
            model,
            params,
            beta,
            _bounds(model, params, as_samples(data, model.classes), data.inputs, draws, key),
            0.0,
            held_out,
            np.zeros((0, model.latent)),
            labels,
            np.asarray([] if result is None else result.history.get("loss", [])),
            {},
            result,
        )
        mean, deviation = found.encode(data.inputs, known)
        rate = 0.5 * np.sum(mean**2 + deviation**2 - 1 - 2 * np.log(deviation), axis=1)
        object.__setattr__(found, "codes", mean)
        object.__setattr__(found, "rate", float(rate.mean()))
        return found

    def encode(self, inputs: Any, labels: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Posterior means and standard deviations ``(n, latent)`` of samples ``(n, ...)``.

        Args:
            inputs: the samples.
            labels: their classes ``(n,)``, of a conditional model.

        Raises:
            ShapeError: samples of another shape, or out of the likelihood's range.
            NonFiniteError: a NaN or an infinity.
        """
        x = self._checked(inputs)
        samples = {"x": jnp.asarray(x, jnp.result_type(float))}
        samples |= as_condition(labels, self.model.classes, len(x))
        mean, log_variance = _posteriors(self.model, self.params, samples)
        return np.asarray(mean), np.exp(0.5 * np.asarray(log_variance))

    def decode(self, latents: Any, labels: Any = None) -> np.ndarray:
        """Mean samples ``E[x | z]``, ``(n, ...)``, of latent numbers ``(n, latent)``.

        Raises:
            ShapeError: latent numbers of another shape.
        """
        z = as_numbers("latents", latents)
        if z.ndim != 2 or z.shape[1] != self.model.latent:
            raise ShapeError(f"latents: expected (n, {self.model.latent}), got {z.shape}")
        condition = as_condition(labels, self.model.classes, len(z))
        latents = jnp.asarray(z, jnp.result_type(float))
        return np.asarray(_means(self.model, self.params, latents, condition))

    def sample(self, key: Array, n: int, labels: Any = None) -> Array:
        """Independent samples ``x ~ p(x | z)``, ``z ~ N(0, 1)``, ``(n, ...)``."""
        n = as_whole("n", n, least=1)
        key_latent, key_sample = jax.random.split(key)
        z = jax.random.normal(key_latent, (n, self.model.latent))
        condition = as_condition(labels, self.model.classes, n)
        keys = jax.random.split(key_sample, n)
        samples: Array = _drawn(self.model, self.params, keys, z, condition)
        return samples

    def interpolate(self, first: Any, last: Any, steps: int = 8, labels: Any = None) -> np.ndarray:
        """Mean samples along the line between the codes of two samples, ``(steps, ...)``.

        Args:
            first: a sample.
            last: another.
            steps: how many, the two ends among them.
            labels: the classes of the two, of a conditional model; those between have the nearer.
        """
        steps = as_whole("steps", steps, least=2)
        ends = [as_numbers("first", first)[None], as_numbers("last", last)[None]]
        codes, _ = self.encode(np.concatenate([self._checked(one) for one in ends]), labels)
        part = np.linspace(0.0, 1.0, steps)[:, None]
        between = None if labels is None else np.asarray(labels)[(part[:, 0] > 0.5).astype(int)]
        return self.decode((1 - part) * codes[0] + part * codes[1], between)

    def evidence(
        self, inputs: Any, labels: Any = None, *, draws: int = 64, key: Array
    ) -> EvidenceBounds:
        """Both lower bounds of ``ln p(x)`` of samples ``(n, ...)``, by fresh draws."""
        x = self._checked(inputs)
        samples = {"x": jnp.asarray(x, jnp.result_type(float))}
        samples |= as_condition(labels, self.model.classes, len(x))
        return _bounds(self.model, self.params, samples, x, draws, key)

    def numbers(self) -> dict[str, Any]:
        """Bounds in nats a sample, where the rate goes, and what was found beside."""
        bounds = self.bounds
        return {
            "elbo": bounds.elbo,
            "elbo_error": bounds.elbo_error,
            "elbo_noise": bounds.elbo_noise,
            "importance_bound": None if np.isnan(bounds.tight) else bounds.tight,
            "importance_bound_error": None if np.isnan(bounds.tight) else bounds.tight_error,
            "draws": bounds.draws,
            "rate": self.rate,
            "beta": self.beta,
            "active_latents": int(np.sum(self.codes.var(axis=0) > _ACTIVE)),
            "latent": self.model.latent,
            "judged": bounds.samples,
            "held_out": self.held_out,
            "steps": len(self.losses),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            **self.found,
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told, whose = self.numbers(), "held out" if self.held_out else "trained on"
        active = told["active_latents"]
        said = {
            "ELBO": f"{told['elbo']:.4f} ± {told['elbo_error']:.1e} nats a sample, of "
            f"{told['judged']} {whose}"
        }
        if told["importance_bound"] is not None:
            said["importance-weighted bound"] = (
                f"{told['importance_bound']:.4f} ± {told['importance_bound_error']:.1e}, "
                f"{told['draws']} draws"
            )
        said["rate"] = f"{told['rate']:.4g} nats, {active} of {self.model.latent} latents active"
        if not active:
            said["doubt"] = "no latent number is used: the decoder ignores them; lower β"
        said["parameters"] = str(told["parameters"])
        for name, value in self.found.items():
            said[name.replace("_", " ")] = (
                f"{value:.6g}" if isinstance(value, float) else f"{value}"
            )
        return said

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the latent map, samples, an interpolation; of no images the loss.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        return draw_latents(self, path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {
            "codes": self.codes,
            "losses": self.losses,
            **self._answers(),
        }
        if self.labels is not None:
            arrays["labels"] = self.labels
        told = {
            "bounds": list(self.bounds),
            "rate": self.rate,
            "beta": self.beta,
            "held_out": self.held_out,
            "latent": self.model.latent,
            "classes": self.model.classes,
            "shape": list(self.model.shape),
            "likelihood": self.model.likelihood.name,
            "found": dict(self.found),
        }
        return Study(KIND, told, {}, arrays).save(directory)

    @classmethod
    def load(
        cls, directory: str | Path, encoder: Any, decoder: Any, likelihood: ObservationModel
    ) -> VariationalAutoencoder:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            encoder: the one that was trained.
            decoder: likewise.
            likelihood: likewise.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of networks with other outputs, or of another likelihood.
        """
        encoder = as_module("encoder", encoder)
        decoder = as_module("decoder", decoder)
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected a {KIND}, got a {kept.entry}")
        told, arrays = kept.found, kept.arrays
        if told["likelihood"] != likelihood.name:
            raise FingerprintError(
                f"{directory}: expected the likelihood {told['likelihood']}, got {likelihood.name}"
            )
        shape, latent, classes = tuple(told["shape"]), told["latent"], told["classes"]
        model = LatentModel(encoder, decoder, likelihood, latent, shape, classes)
        outline = jax.eval_shape(model.init, jax.random.key(0))
        params = from_named(outline, arrays, directory)
        found = cls(
            model,
            params,
            told["beta"],
            EvidenceBounds(*told["bounds"]),
            told["rate"],
            told["held_out"],
            arrays["codes"],
            arrays.get("labels"),
            arrays.get("losses", np.zeros(0)),  # at first they were not saved
            told["found"],
        )
        for name, answers in found._answers().items():
            known = arrays.get(name, np.zeros(0))
            scale = 1e-3 * np.abs(known).max(initial=0.0)
            if known.shape != answers.shape or not np.allclose(answers, known, rtol=0, atol=scale):
                raise FingerprintError(
                    f"{directory}: the {_ANSWERED[name]} than those that were saved; expected the "
                    "same activations and options"
                )
        return found

    def _answers(self) -> dict[str, np.ndarray]:
        """What networks and likelihood say of some samples and latents, to know them again."""
        random = np.random.default_rng(0)
        z = random.normal(size=(4, self.model.latent))
        unit = self.model.likelihood.unit
        x = np.round(unit * random.uniform(size=(4, *self.model.shape)))
        labels = np.arange(4) % self.model.classes if self.model.classes else None
        mean, deviation = self.encode(x, labels)
        told = np.concatenate([mean.ravel(), deviation.ravel(), self.decode(z, labels).ravel()])
        samples = {"x": jnp.asarray(x, jnp.result_type(float))}
        samples |= as_condition(labels, self.model.classes, len(x))
        latents = jnp.asarray(z, jnp.result_type(float))
        logs = _log_likelihoods(self.model, self.params, latents, samples)
        return {"answers": told, "log_likelihoods": np.asarray(logs)}

    def _checked(self, inputs: Any) -> np.ndarray:
        x, shape = as_numbers("inputs", inputs), self.model.shape
        if x.shape[1:] != shape or x.ndim == 0 or not len(x):
            expected = ", ".join(map(str, ("n", *shape)))
            raise ShapeError(f"inputs: expected ({expected}), got {x.shape}")
        if not np.isfinite(x).all():
            raise NonFiniteError("inputs: expected finite numbers, got a NaN or an infinity")
        self.model.likelihood.check(x)
        return x


@partial(jax.jit, static_argnums=0)
def _posteriors(model: LatentModel, params: Any, samples: Any) -> tuple[Array, Array]:
    return jax.vmap(lambda one: model.posterior(params, one))(samples)


@partial(jax.jit, static_argnums=0)
def _means(model: LatentModel, params: Any, latents: Array, condition: Any) -> Array:
    return jax.vmap(lambda z, c: model.mean(params, z, c))(latents, condition)


@partial(jax.jit, static_argnums=0)
def _log_likelihoods(model: LatentModel, params: Any, latents: Array, samples: Any) -> Array:
    def one(z: Array, sample: Any) -> Array:
        outputs = model.outputs(params, z, sample)
        return model.likelihood.log_prob(params["likelihood"], outputs, sample["x"])

    return jax.vmap(one)(latents, samples)


@partial(jax.jit, static_argnums=0)
def _drawn(model: LatentModel, params: Any, keys: Array, latents: Array, condition: Any) -> Array:
    return jax.vmap(lambda key, z, c: model.draw(key, params, z, c))(keys, latents, condition)


def _bounds(
    model: LatentModel, params: Any, samples: Any, inputs: np.ndarray, draws: int, key: Array
) -> EvidenceBounds:
    found = evidence_bounds(
        model.log_weight, params, samples, latent=model.latent, draws=draws, key=key
    )
    if model.likelihood.whole(inputs):
        return found
    nothing = float("nan")
    return found._replace(tight=nothing, tight_error=nothing, tight_noise=nothing)


def _is_label(data: Dataset) -> bool:
    return data.targets.dtype.kind == "i" and data.targets.ndim == 1
