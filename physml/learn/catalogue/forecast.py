"""The next value of a series told by networks of the last few, and then by what they told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from jax import Array
from scipy.integrate import solve_ivp

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError, ConvergenceError
from physml.learn.linear import monomials, ridge
from physml.learn.regress import regress
from physml.networks import MLP, Recurrent
from physml.optim.settings import OptimizerSettings
from physml.train import Run, key_for, key_of
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

NETWORKS = ("mlp", "rnn", "lstm", "gru")
"""Each with a key of its own, so that one is trained alike whichever others are tried."""


class Series(Protocol):
    """What is forecast: trajectories of one system, known to 1e-12."""

    @property
    def name(self) -> str:
        """Of the entry."""

    @property
    def interval(self) -> float:
        """Time between two values."""

    @property
    def time(self) -> float:
        """Of a trajectory, and of a free run."""

    @property
    def training(self) -> int:
        """Trajectories to train on."""

    @property
    def test(self) -> int:
        """Trajectories to judge by."""

    def trajectories(self, key: Array) -> np.ndarray:
        """``(n, t, d)``: those to train on, as many fifths to validate by, those to judge by."""
        ...


def validating(subject: Series) -> int:
    """How many trajectories choose: a fifth of those trained on, at least one."""
    return max(1, subject.training // 5)


def integrated(
    rates: Callable[[np.ndarray], np.ndarray], starts: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """``ẋ = f(x)`` from several starts at once, ``(n, t, d)``, by DOP853 to 1e-12 a step.

    Args:
        rates: ``f`` of all states ``(n, d)``.
        starts: ``(n, d)``, at the time 0.
        times: increasing, ``(t,)``.

    Raises:
        ConvergenceError: states that run away before the last time.
    """
    found = solve_ivp(
        lambda t, x: rates(x.reshape(starts.shape)).ravel(),
        (0.0, times[-1]),
        starts.ravel(),
        method="DOP853",
        t_eval=times,
        rtol=1e-12,
        atol=1e-12,
    )
    if not found.success:
        raise ConvergenceError(
            f"trajectories: expected them up to the time {times[-1]:g}, got {len(found.t)} of "
            f"{len(times)} values ({found.message})"
        )
    return np.moveaxis(found.y.reshape(*starts.shape, len(times)), -1, 1)


@dataclass(frozen=True, kw_only=True)
class ForecastRecipe:
    """What is tried.

    Attributes:
        networks: which, of mlp, rnn, lstm, gru; the validation trajectories choose the one told.
        window: values that a network sees.
        width: of the two hidden layers of the mlp.
        state: of the recurrent ones.
        degree: of the polynomial of the window that stands beside; 1 is linear regression.
        optimizer: on all samples a step.
        steps: of it, for each network.
    """

    networks: tuple[str, ...] = ("mlp", "rnn", "lstm")
    window: int = 3
    width: int = 12
    state: int = 8
    degree: int = 3
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton")
    )
    steps: int = 60

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("window", "width", "state", "degree", "steps"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")
        unknown = set(self.networks) - set(NETWORKS)
        if unknown or not self.networks:
            raise ConfigurationError(
                f"networks: expected some of {', '.join(NETWORKS)}, got {self.networks}"
            )

    def network(self, name: str, outputs: int) -> Any:
        """The network of a name."""
        if name == "mlp":
            return MLP((self.width,) * 2, outputs)
        return Recurrent(self.state, outputs, name)  # type: ignore[arg-type]


class Windows(NamedTuple):
    """Windows ``(n, k, d)`` of trajectories and how much the value after each is above its last."""

    inputs: np.ndarray
    targets: np.ndarray


def windows(series: np.ndarray, k: int) -> Windows:
    """All windows of ``(m, t, d)``."""
    cut = np.lib.stride_tricks.sliding_window_view(series, k + 1, axis=1)
    cut = np.moveaxis(cut, -1, 2).reshape(-1, k + 1, series.shape[-1])
    return Windows(cut[:, :-1], cut[:, -1] - cut[:, -2])


def by_component(inputs: np.ndarray) -> Scaler:
    """One scaler for all places of a window, component by component."""
    return Scaler(inputs.mean(axis=(0, 1)), inputs.std(axis=(0, 1)))


def free_run(step: Callable[[np.ndarray], np.ndarray], first: np.ndarray, steps: int) -> np.ndarray:
    """What follows windows where each value told is seen as the next one, ``(n, steps, d)``.

    Args:
        step: ``(n, k, d)`` to the increments ``(n, d)``.
        first: windows ``(n, k, d)``.
        steps: how many values to tell.
    """
    seen, told = first, []
    for _ in range(steps):
        value = seen[:, -1] + step(seen)
        told.append(value)
        seen = np.concatenate([seen[:, 1:], value[:, None]], axis=1)
    return np.stack(told, axis=1)


def check(subject: Series, recipe: ForecastRecipe) -> None:
    """Build networks and optimizer, and see that trajectories are longer than windows.

    Raises:
        ConfigurationError: for those that are not, and settings that exclude each other.
    """
    for name in recipe.networks:
        recipe.network(name, 1)
    recipe.optimizer.check(recipe.steps)
    if recipe.window + 1 >= subject.time / subject.interval:
        raise ConfigurationError(
            f"window: expected far fewer than the {subject.time / subject.interval:.0f} values of "
            f"a trajectory, got {recipe.window}"
        )


def solve(
    subject: Series,
    recipe: ForecastRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on one step, judge on one step and on a free run over all of the time."""
    check(subject, recipe)
    whole, k = subject.trajectories(key_for(key, "data")), recipe.window
    ends = np.cumsum([subject.training, validating(subject)])
    train, validation, test = np.split(whole, ends)
    learned, chosen, judged = (windows(part, k) for part in (train, validation, test))
    data = Dataset(*learned, name=subject.name)
    judge = partial(_judged, chosen=chosen, judged=judged, test=test, interval=subject.interval)
    rows: dict[str, dict[str, Any]] = {}
    curves: dict[str, np.ndarray] = {}
    compiling = 0.0
    for name in recipe.networks:
        began = time.process_time()
        outputs = whole.shape[-1]
        model = regress(
            recipe.network(name, outputs),
            data,
            epochs=recipe.steps,
            optimizer=recipe.optimizer,
            scale=by_component,
            key=key_of(key, NETWORKS.index(name)),
            run=run,
            phase=name,
            callbacks=callbacks,
        )
        rows[name] = judge(model.predict) | {
            "parameters": model.found["parameters"],
            "loss": model.found["loss"],
            "processor_seconds": time.process_time() - began,
        }
        curves[name] = model.losses
        compiling += model.numbers()["compile_seconds"]
    beside = {
        f"degree {recipe.degree}": _polynomial(learned, recipe.degree),
        "linear": _polynomial(learned, 1),
        "last value": lambda seen: np.zeros_like(seen[:, -1]),
    }
    rows |= {name: judge(step) for name, step in beside.items()}
    best = min(recipe.networks, key=lambda name: float(rows[name]["validation_rmse"]))
    found = {
        "rmse": rows[best]["rmse"],
        "free_mse": rows[best]["free_mse"],
        "loss": rows[best]["loss"],
        "train": len(data),
        "test": len(judged.inputs),
        "parameters": rows[best]["parameters"],
        "best": best,
        "compile_seconds": compiling,
        "by_model": {
            name: {what: x for what, x in row.items() if what not in ("errors", "told")}
            for name, row in rows.items()
        },
    }
    said = {
        "model": f"{best}, by {validating(subject)} trajectories of validation",
        "one step": _line(rows, "rmse", "root mean square"),
        f"free run of {subject.time:g}": _line(rows, "free_mse", "mean square over all of it"),
        "error above 0.4 deviations": _line(rows, "horizon", "time, median"),
    }
    arrays = {f"told {name}": row["told"] for name, row in rows.items()} | {"exact": test[:, k:]}
    return Study(subject.name, found, said, arrays, _panels(subject, recipe, rows, curves, test))


def _judged(
    step: Callable[[np.ndarray], np.ndarray],
    *,
    chosen: Windows,
    judged: Windows,
    test: np.ndarray,
    interval: float,
) -> dict[str, Any]:
    """One step's root mean square, and the mean square of a free run, in units of the series."""
    k = judged.inputs.shape[1]
    exact = test[:, k:]
    with np.errstate(over="ignore", invalid="ignore"):  # polynomials run away
        told = free_run(step, test[:, :k], exact.shape[1])
        squares = np.nan_to_num(np.mean((told - exact) ** 2, axis=-1), nan=np.inf)
    lost = np.sqrt(squares) > 0.4 * np.sqrt(test.var(axis=(0, 1)).mean())
    horizons = np.where(lost.any(axis=1), lost.argmax(axis=1), lost.shape[1]) * interval
    mean = float(squares.mean())
    return {
        "rmse": float(np.sqrt(np.mean((step(judged.inputs) - judged.targets) ** 2))),
        "validation_rmse": float(np.sqrt(np.mean((step(chosen.inputs) - chosen.targets) ** 2))),
        "free_mse": mean if np.isfinite(mean) else None,
        "horizon": float(np.median(horizons)),
        "errors": np.sqrt(squares.mean(axis=0)),
        "told": told,
    }


def _polynomial(learned: Windows, degree: int) -> Callable[[np.ndarray], np.ndarray]:
    """Least squares on all monomials of the scaled window; a trace of λ, since they are alike."""
    scaler = by_component(learned.inputs)

    def features(inputs: np.ndarray) -> np.ndarray:
        scaled = scaler(inputs).reshape(len(inputs), -1)
        return monomials(np.clip(scaled, -1e6, 1e6), degree)

    model = ridge(features(learned.inputs), learned.targets, 1e-14)
    return lambda inputs: model.predict(features(inputs))


def _line(rows: Mapping[str, Mapping[str, Any]], what: str, unit: str) -> str:
    told = [
        f"{name} {'ran away' if row[what] is None else format(row[what], '.2g')}"
        for name, row in rows.items()
    ]
    return f"{', '.join(told)} ({unit})"


def _panels(
    subject: Series,
    recipe: ForecastRecipe,
    rows: Mapping[str, Mapping[str, Any]],
    curves: Mapping[str, np.ndarray],
    test: np.ndarray,
) -> list[Panel]:
    after = subject.interval * (1 + np.arange(test.shape[1] - recipe.window))
    return [
        Panel(
            "time",
            "first component, first test",
            {"exact": (after, test[0, recipe.window :, 0])}
            | {name: (after, rows[name]["told"][0, :, 0]) for name in recipe.networks},
        ),
        Panel(
            "time of the free run",
            "root mean square error",
            {
                name: (after, np.where(row["errors"] < 1e6, row["errors"], np.nan))
                for name, row in rows.items()
            },
            "y",
        ),
        Panel(
            "step",
            "loss",
            {name: (np.arange(len(curve)), curve) for name, curve in curves.items()},
            "y",
        ),
    ]
