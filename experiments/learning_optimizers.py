"""A network with back-propagation written out, trained by eleven optimizers in one comparison.

Expected: full-batch gradient descent is the slowest; momentum 0.9 gains what a rate ten times
larger would, 0.9999 remembers ten thousand steps and swings past the minimum; RMSProp and Adam need
fewer steps than plain stochastic gradients; methods with curvature come to the floor that the noise
sets in some tens of steps, and then fit the noise. The task is Franke's function from 300 values
with noise 0.1, 2-10-10-1, tanh. The learning rate of each (of methods with curvature the damping)
is the best of a grid on a validation part, by seed 0; then other seeds, other first weights and
other minibatches, are judged against the function without noise. Seconds are those of the
processor, the 50 evaluations of a curve included.

Run: python experiments/learning_optimizers.py [--seeds 5] [--steps 3000] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import physml as pm
from physml import learn

BATCH = 50


@dataclass(frozen=True)
class Config:
    """How many seeds are judged; steps of the first-order methods; where figure and page go."""

    seeds: int = 5
    steps: int = 3000
    write: Path | None = None


class Method(NamedTuple):
    """An optimizer of one number, the numbers to choose from, and how it is run.

    Attributes:
        make: the optimizer of a number.
        numbers: learning rates, or dampings.
        batch: samples of a step; None for all.
        rows: whether it reads rows, by jax, of the same network and cost.
        part: of the steps of a first-order method.
    """

    make: Callable[[Any], pm.Optimizer]
    numbers: tuple[float, ...]
    batch: int | None = None
    rows: bool = False
    part: float = 1.0


RATES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
DAMPINGS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1)
METHODS: dict[str, Method] = {
    "gradient descent": Method(optax.sgd, RATES),
    "momentum 0.9": Method(lambda rate: optax.sgd(rate, momentum=0.9), RATES),
    "momentum 0.9999": Method(lambda rate: optax.sgd(rate, momentum=0.9999), (1e-5, 1e-4, *RATES)),
    "stochastic gradient": Method(optax.sgd, RATES, BATCH),
    "AdaGrad": Method(optax.adagrad, RATES, BATCH),
    "RMSProp": Method(optax.rmsprop, RATES, BATCH),
    "Adam": Method(optax.adam, RATES, BATCH),
    "Newton": Method(
        lambda damping: pm.optim.newton(
            damping=lambda step: damping, line_search=pm.optim.grid_line_search()
        ),
        DAMPINGS,
        part=0.05,
    ),
    "quasi-Newton (SSBFGS)": Method(lambda unused: pm.optim.ssbfgs(), (0.0,), part=0.2),
    "natural gradient": Method(
        lambda damping: pm.optim.natural_gradient(0.5, damping=lambda step: damping),
        DAMPINGS,
        BATCH,
        rows=True,
        part=0.2,
    ),
    "Gauss–Newton": Method(lambda unused: pm.optim.gauss_newton(), (0.0,), rows=True, part=0.05),
}

NETWORK = learn.LayeredNetwork(
    (
        learn.dense(2, 10, learn.tanh),
        learn.dense(10, 10, learn.tanh),
        learn.dense(10, 1),
    ),
    learn.squared_error,
)


class Data(NamedTuple):
    """Training and validation samples with noise, test samples without."""

    train: tuple[jax.Array, jax.Array]
    validation: tuple[jax.Array, jax.Array]
    test: tuple[jax.Array, jax.Array]


def franke(x: np.ndarray) -> np.ndarray:
    """Franke's function, of ``[−1, 1]²``: NPS-53-79-003 (1979)."""
    u, v = 9 * (x.T + 1) / 2
    return (
        0.75 * np.exp(-((u - 2) ** 2) / 4 - (v - 2) ** 2 / 4)
        + 0.75 * np.exp(-((u + 1) ** 2) / 49 - (v + 1) / 10)
        + 0.5 * np.exp(-((u - 7) ** 2) / 4 - (v - 3) ** 2 / 4)
        - 0.2 * np.exp(-((u - 4) ** 2) - (v - 7) ** 2)
    )


def made() -> Data:
    """Inputs scaled to deviation 1 by the known square."""
    random = np.random.default_rng(0)

    def part(n: int, noise: float) -> tuple[jax.Array, jax.Array]:
        x = random.uniform(-1, 1, size=(n, 2))
        y = franke(x) + noise * random.normal(size=n)
        return jnp.asarray(3**0.5 * x), jnp.asarray(y[:, None])

    return Data(part(300, 0.1), part(100, 0.1), part(1000, 0.0))


class Curve(NamedTuple):
    """Errors (root mean square) after ``steps``; seconds of the processor a step."""

    steps: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    seconds: float

    @property
    def stopped(self) -> float:
        """The test error where that of the validation part is least."""
        return float(self.test[np.nanargmin(self.validation)])


def runner(method: Method, data: Data, config: Config) -> Callable[[float, int], Curve]:
    """A compiled training of a method: a number and a seed to a curve."""
    if method.rows:
        row = lambda params, xy: NETWORK.apply(params, xy[0]) - xy[1]
        objective = pm.least_squares({"data": row})
        wrapped = lambda batch: {"data": batch}
    else:
        objective, wrapped = NETWORK.objective(), lambda batch: batch
    train = wrapped(data.train)
    size = method.batch
    sampler = pm.fixed(train) if size is None else pm.sampling.minibatches(train, size=size)
    steps = max(int(method.part * config.steps), 1)
    each = max(steps // 50, 1)
    steps -= steps % each

    def rmse(params: Any, part: tuple[jax.Array, jax.Array]) -> jax.Array:
        return jnp.sqrt(jnp.mean((NETWORK.outputs(params, part[0]) - part[1]) ** 2))

    def errors(params: Any) -> tuple[jax.Array, jax.Array]:
        return rmse(params, data.validation), rmse(params, data.test)

    @jax.jit
    def run(number: jax.Array, key: jax.Array) -> tuple[Any, Any]:
        optimizer = method.make(number)
        params = NETWORK.init(jax.random.fold_in(key, 0))
        state = pm.train.TrainState(
            jnp.zeros((), jnp.int32),
            params,
            optax.with_extra_args_support(optimizer).init(params),
            objective.init(params),
            sampler.init(jax.random.fold_in(key, 1), params),
            jax.random.fold_in(key, 2),
        )
        step = pm.train.make_step(objective, sampler, optimizer)

        def some(state: Any, _: None) -> tuple[Any, Any]:
            state, _ = jax.lax.scan(lambda s, _: (step(s)[0], None), state, length=each)
            return state, errors(state.params)

        return errors(params), jax.lax.scan(some, state, length=steps // each)[1]

    program = run.lower(jnp.asarray(0.1), jax.random.key(0)).compile()

    def curve(number: float, seed: int) -> Curve:
        given = jnp.asarray(number), jax.random.key(seed)
        began = time.process_time()
        first, later = jax.block_until_ready(program(*given))
        seconds = (time.process_time() - began) / steps
        validation, test = (np.concatenate([[a], b]) for a, b in zip(first, later, strict=True))
        return Curve(each * np.arange(len(test)), validation, test, seconds)

    return curve


def judged(curve: Curve) -> float:
    """What a number is chosen by: the last tenth of the validation errors; NaN is the worst."""
    last = np.mean(curve.validation[-5:])
    return float(last) if np.isfinite(last) else np.inf


def compared(config: Config) -> dict[str, tuple[float, list[Curve]]]:
    """The number that was chosen by seed 0, and the curves of the seeds after it, by method."""
    data, found = made(), {}
    for name, method in METHODS.items():
        run = runner(method, data, config)
        tried = {number: judged(run(number, 0)) for number in method.numbers}
        best = min(tried, key=tried.__getitem__)
        curves = [run(best, 1 + seed) for seed in range(config.seeds)]
        found[name] = best, curves
        ends = [curve.test[-1] for curve in curves]
        print(
            f"{name}: {best:g} -> {np.median(ends):.4f} ({min(ends):.4f} to {max(ends):.4f})",
            f"{1e3 * curves[0].seconds:.3f} ms a step",
            flush=True,
        )
    return found


def main(config: Config) -> dict[str, tuple[float, list[Curve]]]:
    """Compare, draw, write the page."""
    jax.config.update("jax_enable_x64", True)
    found = compared(config)
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(found, config.write / "learning-optimizers.png")
        (config.write / "learning-optimizers.md").write_text(page(found, config))
    return found


def page(found: dict[str, Any], config: Config) -> str:
    """Error at the end, and what it took."""
    lines = [
        "# Optimizers of a network with back-propagation written out",
        "",
        f"Written by `python experiments/learning_optimizers.py --seeds {config.seeds} --steps "
        f"{config.steps} --write docs/results`, {datetime.date.today()}; {os.cpu_count()} busy CPU "
        f"cores, float64, jax {jax.__version__}. Franke's function from 300 values with noise 0.1, "
        "2-10-10-1, tanh; the number (a learning rate; of Newton and the natural gradient the "
        "damping) is the best of a grid on 100 other noisy values, by seed 0. Errors are "
        f"root mean squares against the function itself at 1,000 other points, median and range of "
        f"seeds 1 to {config.seeds}: at "
        "the end, and where the validation error is least. The mean of all values would be at "
        f"{float(jnp.std(made().test[1])):.3f}. Seconds are those of the processor, of all steps. "
        "Natural gradient and Gauss–Newton read rows, by jax, of the same network; Newton has "
        "jax's Hessian.",
        "",
        "| | batch | number | steps | error | range | stopped | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (number, curves) in found.items():
        ends = np.array([curve.test[-1] for curve in curves])
        steps = curves[0].steps[-1]
        seconds = steps * np.median([curve.seconds for curve in curves])
        batch = METHODS[name].batch or "all"
        shown = f"{number:g}" if number else "none"
        lines.append(
            f"| {name} | {batch} | {shown} | {steps} | {np.median(ends):.4f} | {ends.min():.4f} to "
            f"{ends.max():.4f} | {np.median([curve.stopped for curve in curves]):.4f} | "
            f"{seconds:.2f} |"
        )
    return "\n".join([*lines, "", "![](learning-optimizers.png)"]) + "\n"


def draw(found: dict[str, Any], path: Path) -> None:
    """Error against steps and seconds, median and range."""
    with pm.figures.figure(path, 1, 2) as (by_step, by_time):
        for i, (name, (_, curves)) in enumerate(found.items()):
            errors = np.array([curve.test for curve in curves])
            seconds = np.median([curve.seconds for curve in curves])
            style = {"color": f"C{i}" if i < 10 else "black"}
            for axis, x in ((by_step, curves[0].steps), (by_time, seconds * curves[0].steps)):
                axis.plot(x[1:], np.median(errors, axis=0)[1:], label=name, **style)
                low, high = errors.min(axis=0)[1:], errors.max(axis=0)[1:]
                axis.fill_between(x[1:], low, high, alpha=0.12, linewidth=0, **style)
        for axis, label in ((by_step, "step"), (by_time, "seconds of the processor")):
            axis.set(xlabel=label, ylabel="error on test points", xscale="log", yscale="log")
            axis.set_ylim(0.007, 0.6)
        by_step.legend(fontsize=5, loc="lower center", ncols=2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=Config.seeds)
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
