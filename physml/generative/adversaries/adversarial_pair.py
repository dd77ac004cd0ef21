"""A trained generator with its critic."""

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
from physml.errors import CheckpointError, FingerprintError, ShapeError
from physml.figures import figure
from physml.generative.adversaries.generator_model import GeneratorModel
from physml.generative.image_sheet import show_sheet
from physml.generative.sample_parts import as_condition
from physml.networks.as_module import as_module
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "adversarial pair"

_SHOWN = 1000

# The difference of the critic over its last steps is below 0 by so many of its deviations: about an
# equilibrium it turns about 0.
_LATE, _WRONG = 200, 3.0


@dataclass(frozen=True, eq=False)
class AdversarialPair:
    """A generator ``x = G(z)``, ``z ~ N(0, 1)``, and its critic ``D``; a ``Result``.

    Attributes:
        model: both networks.
        params: theirs, ``{"generator", "critic"}``.
        cost: the name of the game.
        true: some of the samples that it was trained on, ``(k, ...)``, for the figure.
        history: metrics of each step: ``loss/generator``, ``loss/critic``, the critic's
            ``slope`` and its ``difference`` between true and drawn samples.
        found: more numbers, of an entry.
        result: of the fit; None where it was loaded.
    """

    model: GeneratorModel
    params: Any
    cost: str
    true: np.ndarray
    history: Mapping[str, np.ndarray] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)
    result: FitResult | None = None

    def sample(self, key: Array, n: int, labels: Any = None) -> Array:
        """Independent samples ``(n, ...)``.

        Args:
            key: a random key.
            n: how many.
            labels: their classes ``(n,)``, of a conditional model.
        """
        n = as_whole("n", n, least=1)
        z = jax.random.normal(key, (n, self.model.latent))
        return self.generate(z, labels)

    def generate(self, latents: Any, labels: Any = None) -> Array:
        """The samples ``(n, ...)`` of latent numbers ``(n, latent)``.

        Raises:
            ShapeError: latent numbers of another shape, masked or complex.
        """
        z = jnp.asarray(as_numbers("latents", latents), jnp.result_type(float))
        if z.ndim != 2 or z.shape[1] != self.model.latent:
            raise ShapeError(f"latents: expected (n, {self.model.latent}), got {z.shape}")
        condition = as_condition(labels, self.model.classes, len(z))
        drawn: Array = _drawn(self.model, self.params["generator"], z, condition)
        return drawn

    def critic(self, samples: Any, labels: Any = None) -> np.ndarray:
        """``D`` of samples ``(n, ...)``, ``(n,)``.

        Raises:
            ShapeError: samples of another shape.
        """
        x, shape = as_numbers("samples", samples), self.model.shape
        if x.shape[1:] != shape or x.ndim == 0:
            expected = ", ".join(map(str, ("n", *shape)))
            raise ShapeError(f"samples: expected ({expected}), got {x.shape}")
        condition = as_condition(labels, self.model.classes, len(x))
        given = jnp.asarray(x, jnp.result_type(float))
        return np.asarray(_judged(self.model, self.params["critic"], given, condition))

    def numbers(self) -> dict[str, Any]:
        """The last metrics, and what was found of the samples."""
        last = {name: float(told[-1]) for name, told in self.history.items() if len(told)}
        return {
            "game": self.cost,
            **last,
            "steps": max(map(len, self.history.values()), default=0),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            **self.found,
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told = {name: value for name, value in self.numbers().items() if name != "compile_seconds"}
        said = {
            name.replace("_", " "): f"{value:.6g}" if isinstance(value, float) else str(value)
            for name, value in told.items()
        }
        late = self.history.get("difference/critic", np.zeros(0))[-_LATE:]
        if len(late) and np.mean(late) < -_WRONG * np.std(late):
            said["doubt"] = (
                "the critic slopes the wrong way, lower at true samples than at drawn ones; of one "
                "component the penalty of wasserstein() holds it there: take non_saturating()"
            )
        return said

    def plot(self, path: str | Path) -> Path:
        """Save a figure: true samples, drawn ones, the metrics of the game.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        key, classes = jax.random.key(0), self.model.classes
        with figure(path, 1, 3) as (true, drawn, losses):
            if len(self.model.shape) == 2:
                labels = np.arange(48) // 8 % classes if classes else None
                show_sheet(true, self.true[:48], 8)
                show_sheet(drawn, np.asarray(self.sample(key, 48, labels)), 8)
                drawn.set_title("drawn" + (", a class a row" if classes else ""))
            else:
                labels = np.arange(_SHOWN) % classes if classes else None
                _points((true, drawn), self.true, np.asarray(self.sample(key, _SHOWN, labels)))
                drawn.set_title("drawn")
            true.set_title("true")
            for name, told in self.history.items():
                losses.plot(told, linewidth=0.6, label=name.replace("/", " of the "))
            losses.set(xlabel="step")
            losses.legend(fontsize=7)
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {"true": self.true, "answers": self._answers()}
        arrays |= {f"history {name}": np.asarray(told) for name, told in self.history.items()}
        told = {
            "cost": self.cost,
            "latent": self.model.latent,
            "classes": self.model.classes,
            "shape": list(self.model.shape),
            "found": dict(self.found),
        }
        return Study(KIND, told, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, generator: Any, critic: Any) -> AdversarialPair:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            generator: the one that was trained.
            critic: likewise.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of networks with other outputs.
        """
        generator = as_module("generator", generator)
        critic = as_module("critic", critic)
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected an {KIND}, got a {kept.entry}")
        told, arrays = kept.found, kept.arrays
        model = GeneratorModel(
            generator, critic, told["latent"], tuple(told["shape"]), told["classes"]
        )
        outline = jax.eval_shape(model.init, jax.random.key(0))
        params = from_named(outline, arrays, directory)
        begin = "history "
        history = {n.removeprefix(begin): a for n, a in arrays.items() if n.startswith(begin)}
        found = cls(model, params, told["cost"], arrays["true"], history, told["found"])
        answers = arrays["answers"]
        scale = 1e-3 * np.abs(answers).max(initial=0.0)
        if not np.allclose(found._answers(), answers, rtol=0.0, atol=scale):
            raise FingerprintError(
                f"{directory}: the networks give other outputs than those that were saved; "
                "expected the same activations and options"
            )
        return found

    def _answers(self) -> np.ndarray:
        """What both networks say of some latents and samples, to know them again."""
        random = np.random.default_rng(0)
        labels = np.arange(4) % self.model.classes if self.model.classes else None
        drawn = self.generate(random.normal(size=(4, self.model.latent)), labels)
        told = self.critic(random.normal(size=(4, *self.model.shape)), labels)
        return np.concatenate([np.asarray(drawn).ravel(), told.ravel()])


@partial(jax.jit, static_argnums=0)
def _drawn(model: GeneratorModel, params: Any, latents: Array, condition: Any) -> Array:
    return jax.vmap(lambda z, c: model.generate(params, z, c))(latents, condition)


@partial(jax.jit, static_argnums=0)
def _judged(model: GeneratorModel, params: Any, samples: Array, condition: Any) -> Array:
    return jax.vmap(lambda x, c: model.judge(params, x, c))(samples, condition)


def _points(axes: tuple[Any, Any], true: np.ndarray, drawn: np.ndarray) -> None:
    """Histograms of one component, or the first two against one another, on the same scales."""
    flat = [x.reshape(len(x), -1) for x in (true, drawn)]
    low, high = flat[0].min(axis=0), flat[0].max(axis=0)
    low, high = low - 0.2 * (high - low), high + 0.2 * (high - low)
    for axis, x in zip(axes, flat, strict=True):
        axis.set_xlim(low[0], high[0])
        if x.shape[1] == 1:
            axis.hist(x[:, 0], bins=40, density=True)
            axis.set(xlabel="x", ylabel="density")
            continue
        axis.scatter(x[:, 0], x[:, 1], s=2)
        axis.set_ylim(low[1], high[1])
        axis.set(xlabel="component 1", ylabel="component 2")
