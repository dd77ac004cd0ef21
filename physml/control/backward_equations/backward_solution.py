"""A backward equation solved at its start: the value, its error, and the curve of step sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.control.backward_equations.curvature import curvature
from physml.control.backward_equations.fresh_value import FreshValue, fresh_value
from physml.control.backward_equations.martingale import gradient_of
from physml.control.backward_equations.paths import path_of
from physml.control.backward_equations.rolled_forward import miss
from physml.control.backward_equations.steered_paths import is_controlled, steered
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.figures import figure
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "backward solution"


@dataclass(frozen=True, eq=False)
class BackwardSolution:
    """``u(0, x₀)`` of a backward equation, and a model of ``∇u`` along its paths; a ``Result``.

    Attributes:
        equation: what was solved.
        network: of ``∇u`` or of ``u``, ``(t, x)``.
        params: ``value``, the trained ``y₀``, and those of the ``model``.
        scalar: whether the network gives ``u``.
        steps: of time, in training.
        steered: what fresh paths tell that the control of the value steers; blind to first order to
            what the network misses; the plain ones where the driver has no ``Z`` to steer by.
        plain: the same of paths without control.
        without: the mean of ``g(X_T)``, with ``Z ≡ 0``, and its standard deviation.
        bound: what second order in the network's miss of ``Z`` may leave, ``½ |∂²f/∂z²| spread``;
            what a driver that depends on ``y`` leaves by the miss of ``Y`` is not in it.
        losses: ``½ mean (Y_T − g)²`` of each step.
        result: of the fit; None where there was none.
    """

    equation: BackwardEquation
    network: Any
    params: Any
    scalar: bool
    steps: int
    steered: FreshValue
    plain: FreshValue
    without: FreshValue
    bound: float
    losses: np.ndarray
    result: FitResult | None = None

    @classmethod
    def judged(
        cls,
        equation: BackwardEquation,
        network: Any,
        params: Any,
        *,
        scalar: bool,
        steps: int,
        curve: Sequence[int],
        paths: int,
        key: Array,
        result: FitResult | None = None,
    ) -> BackwardSolution:
        """A solution judged by fresh paths, at several step sizes."""
        model = network.apply
        ways: dict[str, Any] = {"plain": lambda params, noise: path_of(equation, noise)}
        if is_controlled(equation):
            ways["steered"] = steered(equation, model, scalar=scalar)
        key_paths, key_bound = jax.random.split(key)
        row = miss(equation, model, scalar=scalar)
        found = fresh_value(equation, row, ways, params, key=key_paths, paths=paths, steps=curve)
        nothing = miss(equation, lambda params, t, x: 0.0 * x, scalar=False)
        if scalar:
            nothing = miss(equation, lambda params, t, x: 0.0 * jnp.sum(x), scalar=True)
        without = fresh_value(
            equation,
            nothing,
            {"plain": ways["plain"]},
            params,
            key=key_paths,
            paths=min(paths, 20_000),
            steps=[curve[-1]],
        )["plain"]
        best = found.get("steered", found["plain"])
        bend = curvature(equation, model, params, scalar=scalar, steps=curve[-1], key=key_bound)
        bound = 0.5 * bend * best.spread
        losses = np.asarray([] if result is None else result.history.get("loss", []))
        return cls(
            equation,
            network,
            params,
            scalar,
            steps,
            best,
            found["plain"],
            without,
            float(bound),
            losses,
            result,
        )

    @property
    def value(self) -> float:
        """``u(0, x₀)``: of steered fresh paths, extrapolated to no step size."""
        return self.steered.value

    @property
    def value_error(self) -> float:
        """Of the paths, the extrapolation and, to second order, the network, added up."""
        return self.steered.error + self.steered.leap / 3 + self.bound

    def gradient(self, t: Any, x: Any) -> np.ndarray:
        """``∇u`` at one time and place, ``(d,)``: as good as paths that come there are many.

        Raises:
            ShapeError: a place that is not ``(d,)``, more than one time, masked or complex numbers.
            NonFiniteError: a NaN or an infinity.
            ConfigurationError: a time before 0 or after the last.
        """
        there, now = as_numbers("x", x), as_numbers("t", t)
        if there.shape != (self.equation.dimension,) or now.shape:
            raise ShapeError(
                f"t, x: expected one time () and one place ({self.equation.dimension},), got "
                f"{now.shape} and {there.shape}; take them one by one"
            )
        if not np.isfinite(there).all():
            raise NonFiniteError(f"x: expected finite numbers, got {there}")
        if not 0 <= now <= self.equation.horizon:
            raise ConfigurationError(f"t: expected 0 to {self.equation.horizon}, got {t}")
        place = jnp.asarray(there, jnp.result_type(float))
        gradient = gradient_of(self.network.apply, scalar=self.scalar)
        return np.asarray(gradient(self.params["model"], jnp.asarray(now, place.dtype), place))

    def numbers(self) -> dict[str, Any]:
        """Plain data; relative errors are fractions."""
        exact = self.equation.exact()
        trained = float(self.params["value"])

        def relative(value: float) -> float | None:
            return None if not exact else abs(value / exact - 1)

        return {
            "value": self.value,
            "value_error": self.value_error,
            "exact": exact,
            "relative_error": relative(self.value),
            "trained": trained,
            "trained_relative_error": relative(trained),
            "plain": self.plain.value,
            "plain_error": self.plain.error,
            "plain_relative_error": relative(self.plain.value),
            "without": self.without.value,
            "without_error": self.without.error,
            "without_relative_error": relative(self.without.value),
            "statistical_error": self.steered.error,
            "extrapolation_error": self.steered.leap / 3,
            "network_bound": self.bound,
            "paths": self.steered.paths,
            "curve_steps": self.steered.steps.tolist(),
            "curve": self.steered.values.tolist(),
            "curve_errors": self.steered.errors.tolist(),
            "plain_curve": self.plain.values.tolist(),
            "misses": self.plain.misses.tolist(),
            "steps": len(self.losses),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told = self.numbers()

        def beside(name: str) -> str:
            error = told[f"{name}_relative_error"]
            return "" if error is None else f", {error:.3%} from exact"

        said = {
            "value": f"{self.value:.6g} ± {self.value_error:.1g}, of {told['paths']} fresh paths, "
            "without step size",
            "trained value": f"{told['trained']:.6g} with {self.steps} steps of time"
            f"{beside('trained')}",
            "paths without control": f"{self.plain.value:.6g} ± {self.plain.error:.1g}"
            f"{beside('plain')}",
            "with Z ≡ 0": f"{self.without.value:.6g} ± {self.without.error:.1g}{beside('without')}",
            "error": f"paths {self.steered.error:.1g}, step size {self.steered.leap / 3:.1g}, "
            f"network's Z at most {self.bound:.1g}, its Y, where the driver has y, not bounded",
            "parameters": str(told["parameters"]),
        }
        if told["exact"] is not None:
            off = abs(self.value - told["exact"])
            said["exact"] = f"{told['exact']:.8g}, missed by {off:.1g}"
            if told["relative_error"] is not None:
                said["exact"] += f", {told['relative_error']:.4%}"
        return said

    def plot(self, path: str | Path) -> Path:
        """Save a figure: the miss against the step of training, the value against the step size.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        exact = self.equation.exact()
        with figure(path, 1, 2) as (loss, curve):
            loss.plot(np.sqrt(2 * self.losses), linewidth=0.8)
            loss.set(xlabel="step of training", ylabel=r"root mean square of $Y_T - g(X_T)$")
            loss.set_yscale("log")
            for name, found in (("steered", self.steered), ("plain", self.plain)):
                size = self.equation.horizon / found.steps
                curve.errorbar(
                    size, found.values, found.errors, fmt="o-", markersize=3, label=f"{name} paths"
                )
            curve.errorbar(
                [0], [self.value], [self.value_error], fmt="s", markersize=4, label="no step size"
            )
            curve.plot(
                [self.equation.horizon / self.steps],
                [float(self.params["value"])],
                "kx",
                label="trained",
            )
            if exact is not None:
                curve.axhline(exact, color="0.4", linewidth=0.8, label="exact")
            curve.set(xlabel="step size", ylabel=r"$u(0, x_0)$")
            curve.legend(fontsize=7)
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {"losses": self.losses, "answers": self._answers()}
        found: dict[str, Any] = {"bound": self.bound, "steps": self.steps, "scalar": self.scalar}
        found |= {"start": _start(self.equation).tolist(), "horizon": float(self.equation.horizon)}
        for name in ("steered", "plain", "without"):
            found[name] = getattr(self, name).plain()
        return Study(KIND, found, {}, arrays).save(directory)

    @classmethod
    def load(
        cls, directory: str | Path, equation: BackwardEquation, network: Any
    ) -> BackwardSolution:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            equation: that was solved.
            network: the one that was trained.

        Raises:
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of another equation, or a network with other outputs.
        """
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected a {KIND}, got a {kept.entry}")
        told = kept.found
        here = (_start(equation).tolist(), float(equation.horizon))
        if (told["start"], told["horizon"]) != here:
            raise FingerprintError(
                f"{directory}: expected the equation that was solved, from x₀ = {told['start']} to "
                f"T = {told['horizon']}, got {here[0]} and {here[1]}"
            )
        outline = {"value": jax.ShapeDtypeStruct((), jnp.result_type(float))}
        outline["model"] = jax.eval_shape(
            network.init, jax.random.key(0), jnp.zeros(()), jnp.asarray(_start(equation))
        )
        fresh = {name: FreshValue.read(told[name]) for name in ("steered", "plain", "without")}
        found = cls(
            equation,
            network,
            from_named(outline, kept.arrays, directory),
            bool(told["scalar"]),
            int(told["steps"]),
            fresh["steered"],
            fresh["plain"],
            fresh["without"],
            float(told["bound"]),
            kept.arrays["losses"],
        )
        answers, before = found._answers(), kept.arrays["answers"]
        if answers.shape != before.shape or not np.allclose(answers, before, rtol=1e-4, atol=1e-7):
            raise FingerprintError(
                f"{directory}: network and equation give other numbers than those that were "
                "saved; expected the same equation, activations and options"
            )
        return found

    def _answers(self) -> np.ndarray:
        """Some values, to know a network and an equation again."""
        start = _start(self.equation)
        x = jnp.asarray(start + 0.5 + 0.1 * np.cos(np.arange(len(start))))
        t, z = jnp.asarray(0.3 * self.equation.horizon, x.dtype), self.gradient(0.0, x)
        noises = jnp.ones(self.equation.noises, x.dtype)
        driver = self.equation.driver(t, x, jnp.ones((), x.dtype), noises)
        parts = [z, self.equation.terminal(x), driver]
        parts += [self.equation.drift(t, x), self.equation.diffusion(t, x)]
        if self.equation.jumps is not None:
            parts.append(list(self.equation.jumps.numbers().values()))
        return np.concatenate([np.ravel(np.asarray(part)) for part in parts])


def _start(equation: BackwardEquation) -> np.ndarray:
    """``x₀``, of a user's own class as it may be written."""
    return np.asarray(equation.start, float)
