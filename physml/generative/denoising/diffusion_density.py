"""A density learned by denoising: samples, likelihoods, the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.figures import figure
from physml.generative.denoising.denoiser import BestGaussian, Denoiser, inputs_of
from physml.generative.denoising.noise_schedule import (
    NoiseSchedule,
    VariancePreserving,
    check_times,
)
from physml.generative.denoising.probability_flow import angles_between, log_prob_along
from physml.generative.denoising.reverse_steps import Method, ddim, ddpm
from physml.networks.as_module import as_module
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named
from physml.train.study import Panel

KIND = "diffusion"

_AT_ONCE = 256

_SHOWN = 2000


@dataclass(frozen=True, eq=False)
class DiffusionDensity:
    """A density and its score at every noise; a ``Result``.

    Attributes:
        denoiser: network and the Gaussian of the data.
        params: of the network.
        schedule: of the noise.
        noise: ``sin φ₀`` of what ``log_prob`` is the density of, in deviations of the data.
        shape: of one sample.
        furthest: ``max |x|`` of the data.
        losses: of each step, ``(steps,)``.
        result: of the fit; None where it was loaded.
        found: what a judge found, plain data, beside what the density itself tells.
        said: the same for a reader.
        panels: of the figure, before samples.
    """

    denoiser: Denoiser
    params: Any
    schedule: NoiseSchedule = field(default_factory=VariancePreserving)
    noise: float = 0.01
    shape: tuple[int, ...] = ()
    furthest: float = 0.0
    losses: np.ndarray = field(default_factory=lambda: np.zeros(0))
    result: FitResult | None = None
    found: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    panels: Sequence[Panel] = ()

    @property
    def angles(self) -> tuple[float, float]:
        """Of the data and of noise, ``φ₀`` and ``φ(T)``."""
        most = self.schedule.angle(jnp.asarray(self.schedule.end, jnp.result_type(float)))
        return float(np.arcsin(self.noise)), float(most)

    @property
    def dimension(self) -> int:
        """``d``."""
        return len(self.denoiser.gaussian.centre)

    def sample(self, key: Array, n: int, *, steps: int = 100, method: Method = ddpm) -> Array:
        """Samples ``(n, ...)`` in the unit of the data, from noise in equal steps of ``ln tan φ``.

        The last step, by any method, takes the noise that is left, ``φ₀``, away.

        Args:
            key: a random key.
            n: how many.
            steps: network evaluations a sample; twice as many of the ``probability_flow``.
            method: ``ddpm``, ``ddim``, ``reverse_sde``, ``probability_flow``, or one of your own.

        Raises:
            ConfigurationError: fewer than one sample or step.
        """
        n, steps = as_whole("n", n, least=1), as_whole("steps", steps, least=1)
        if not callable(method):
            raise ConfigurationError(f"method: expected one such as ddim, got {method!r}")
        network, gaussian = self.denoiser
        z = _drawn(network, method, steps, n, self.angles, gaussian, self.params, key)
        centre = jnp.asarray(gaussian.centre, z.dtype)[None]
        return (z * self._scale + centre).reshape(n, *self.shape)

    def log_prob(
        self, x: Any, *, steps: int = 64, probes: int | None = None, key: Array | None = None
    ) -> np.ndarray:
        """``ln p`` of points, by the probability flow.

        The density is that of the samples with noise ``sin φ₀``, ``noise`` of their deviation.

        Args:
            x: ``(n, ...)`` in the unit of the data.
            steps: of Runge–Kutta's method, of four evaluations each.
            probes: estimate the divergence by so many of Hutchinson's probes; exact if None, at
                ``d`` derivatives an evaluation.
            key: of the probes.

        Returns:
            ``(n,)``, in nats; with probes ``(n, probes)``, independent, unbiased: ``mean`` and
            ``std/√probes`` of each row are value and error.

        Raises:
            ShapeError: points of another shape.
            NonFiniteError: points that are not finite.
            ConfigurationError: fewer than one step or probe; probes without a key.
        """
        steps = as_whole("steps", steps, least=1)
        z = self.standardised(x)
        signs = None
        if probes is not None:
            probes = as_whole("probes", probes, least=1)
            if key is None:
                raise ConfigurationError("key: expected a random key, of the probes, got None")
            signs = jax.random.rademacher(key, (len(z), probes, self.dimension), z.dtype)
        logs = _log_probs(
            self.denoiser.network,
            steps,
            self.angles,
            self.denoiser.gaussian,
            self.params,
            z,
            signs,
        )
        return np.asarray(logs, float) - self.dimension * float(np.log(self._scale))

    def score(self, x: Any, t: Any) -> np.ndarray:
        """``∇ ln p_t``, in the inverse unit of the data, ``(n, d)``.

        ``p_t`` is that of ``c + cos φ(t) (x₀ − c) + sin φ(t) a ε``, with centre ``c`` and deviation
        ``a`` of the data: of the forward process of the standardised ones.

        Args:
            x: ``(n, ...)``.
            t: ``()`` or ``(n,)``, from ``schedule.time(φ₀)`` to ``T``.

        Raises:
            ShapeError: points of another shape, times of another number.
            ConfigurationError: a time out of range.
        """
        z = self.standardised(x)
        first = float(self.schedule.time(jnp.asarray(self.angles[0], z.dtype)))
        times = check_times(self.schedule, t, least=first)
        if times.ndim > 1 or (times.ndim == 1 and len(times) != len(z)):
            raise ShapeError(f"t: expected () or ({len(z)},), got {times.shape}")
        angles = jax.vmap(self.schedule.angle)(jnp.broadcast_to(times, len(z)))
        found = jax.jit(jax.vmap(partial(self.denoiser.score, self.params)))(z, angles)
        return np.asarray(found, float) / float(self._scale)

    def gaussian_log_prob(self, x: Any) -> np.ndarray:
        """``ln p`` by the Gaussian of the data alone, at the same noise: the trivial answer."""
        z, angle = self.standardised(x), jnp.asarray(self.angles[0])
        logs = jax.jit(jax.vmap(lambda z: self.denoiser.gaussian.log_prob(z, angle)))(z)
        return np.asarray(logs, float) - self.dimension * float(np.log(self._scale))

    def standardised(self, x: Any) -> Array:
        """Points ``(n, d)`` of mean 0 and deviation 1, of such as the data are.

        Raises:
            ShapeError: points of another shape.
            NonFiniteError: points that are not finite.
        """
        points = as_numbers("x", x)
        if (
            points.ndim == 0
            or not len(points)
            or points.shape[1:] not in (self.shape, (self.dimension,))
        ):
            expected = ", ".join(map(str, ("n", *self.shape)))
            raise ShapeError(f"x: expected ({expected}), got {points.shape}")
        if not np.isfinite(points).all():
            first = int(np.argwhere(~np.isfinite(points))[0, 0])
            raise NonFiniteError(f"x: expected finite numbers, got others in point {first}")
        gaussian = self.denoiser.gaussian
        z = (points.reshape(len(points), -1) - gaussian.centre) / gaussian.scale
        return jnp.asarray(z, jnp.result_type(float))

    @property
    def _scale(self) -> float:
        return float(self.denoiser.gaussian.scale)

    def numbers(self) -> dict[str, Any]:
        """What was found, the last loss, and how large and long the fit was."""
        losses = self.losses
        return {
            **self.found,
            "loss": float(np.mean(losses[-100:])) if len(losses) else None,
            "steps": len(losses),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        return {**self.said, "parameters": str(self.numbers()["parameters"])}

    def plot(self, path: str | Path) -> Path:
        """Save a figure: samples, or images of them, behind the panels of a judge.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        drawn = np.asarray(self.sample(jax.random.key(0), _SHOWN if len(self.shape) == 1 else 40))
        with figure(path, 1, len(self.panels) + 1) as axes:
            axes = np.atleast_1d(axes)
            for axis, panel in zip(axes[1:], self.panels, strict=True):
                for label, (x, y) in panel.curves.items():
                    axis.plot(x, y, label=label)
                axis.set(xlabel=panel.x_label, ylabel=panel.y_label)
                axis.set_xscale("log" if "x" in panel.log else "linear")
                axis.set_yscale("log" if "y" in panel.log else "linear")
                axis.legend(fontsize=7)
            if len(self.shape) == 2:
                apart = ((0, 0), (1, 1), (1, 1))
                drawn = np.pad(drawn, apart, constant_values=float(drawn.max()))
                rows, columns = drawn.shape[1:]
                sheet = drawn.reshape(5, 8, rows, columns).transpose(0, 2, 1, 3)
                axes[0].imshow(sheet.reshape(5 * rows, 8 * columns), cmap="gray_r")
                axes[0].set(xticks=[], yticks=[], title="samples")
                axes[0].grid(visible=False)
            elif self.dimension == 1:
                axes[0].hist(drawn[:, 0], bins=60, density=True)
                axes[0].set(xlabel="x", ylabel="samples")
            else:
                axes[0].plot(*drawn[:, :2].T, ".", markersize=1.5)
                axes[0].set(xlabel="x₁", ylabel="x₂", title="samples")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters, the standardisation and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | named(self.denoiser.gaussian._asdict(), "gaussian")
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        arrays |= {"answers": self._answers(), "losses": self.losses}
        found = {
            "noise": self.noise,
            "shape": list(self.shape),
            "furthest": self.furthest,
            "found": dict(self.found),
        }
        return Study(KIND, found, self.said, arrays, self.panels).save(directory)

    @classmethod
    def load(
        cls, directory: str | Path, network: Any, schedule: NoiseSchedule | None = None
    ) -> DiffusionDensity:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            network: the one that was trained.
            schedule: of the noise, as it was; ``VariancePreserving()`` if None.

        Raises:
            ConfigurationError: a network that is none.
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of a network with other outputs, or another schedule.
        """
        network = as_module("network", network)
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected a {KIND} density, got a {kept.entry}")
        arrays, told = kept.arrays, kept.found
        begin = "gaussian['{}']"
        gaussian = BestGaussian(*(arrays[begin.format(name)] for name in BestGaussian._fields))
        point = inputs_of(jnp.zeros(len(gaussian.centre)), jnp.array(1.0))
        outline = jax.eval_shape(network.init, jax.random.key(0), point)
        found = cls(
            Denoiser(network, gaussian),
            from_named(outline, arrays, directory),
            VariancePreserving() if schedule is None else schedule,
            told["noise"],
            tuple(told["shape"]),
            told["furthest"],
            arrays.get("losses", np.zeros(0)),  # at first they were not saved
            None,
            told["found"],
            kept.said,
            kept.panels,
        )
        answers = arrays["answers"]
        if not np.allclose(found._answers(), answers, rtol=0, atol=1e-3 * np.abs(answers).max()):
            raise FingerprintError(
                f"{directory}: the network, or the schedule, gives other scores than what was "
                "saved; expected the same activations and options"
            )
        return found

    def _answers(self) -> np.ndarray:
        """Scores at some points, to know a network and a schedule again."""
        gaussian = self.denoiser.gaussian
        z = np.random.default_rng(0).normal(size=(4, self.dimension))
        t = self.schedule.end * np.array([0.3, 0.5, 0.7, 0.9])
        return self.score(z * gaussian.scale + gaussian.centre, t)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _drawn(
    network: Any,
    method: Method,
    steps: int,
    n: int,
    ends: tuple[float, float],
    gaussian: BestGaussian,
    params: Any,
    key: Array,
) -> Array:
    angles = angles_between(jnp.asarray(ends[0]), jnp.asarray(ends[1]), steps)[::-1]
    velocity = partial(Denoiser(network, gaussian).velocity, params)
    d = len(gaussian.centre)

    def one(key: Array) -> Array:
        key_start, key_steps = jax.random.split(key)

        def step(z: Array, now: tuple[Array, Array, Array]) -> tuple[Array, None]:
            key, angle, after = now
            return method(velocity, key, z, angle, after), None

        z = jax.random.normal(key_start, (d,), angles.dtype)
        keys = jax.random.split(key_steps, steps)
        z, _ = jax.lax.scan(step, z, (keys, angles[:-1], angles[1:]))
        return ddim(velocity, key, z, angles[-1], jnp.zeros_like(angles[-1]))

    return jax.lax.map(one, jax.random.split(key, n), batch_size=_AT_ONCE)


@partial(jax.jit, static_argnums=(0, 1))
def _log_probs(
    network: Any,
    steps: int,
    ends: tuple[float, float],
    gaussian: BestGaussian,
    params: Any,
    z: Array,
    probes: Array | None,
) -> Array:
    velocity = partial(Denoiser(network, gaussian).velocity, params)
    low, high = map(jnp.asarray, ends)

    def one(point: tuple[Array, Array | None]) -> Array:
        return log_prob_along(velocity, *point, low, high, steps)

    return jax.lax.map(one, (z, probes), batch_size=_AT_ONCE)
