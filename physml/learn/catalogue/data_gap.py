"""A curve with a gap in its data: a network by NUTS and by Laplace, and a Gaussian process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.datasets.generator import generator
from physml.errors import ConfigurationError, MissingDependencyError
from physml.learn.bayes import Observed, most_likely_process, rbf, sampled_network
from physml.learn.catalogue.double_precision import check_double
from physml.networks import MLP
from physml.optim import gauss_newton
from physml.sampling import fixed
from physml.train import Entry, Fitted, Run, fit, key_for, least_squares, posterior
from physml.train.callbacks import Callback
from physml.train.error_bars import Interval
from physml.train.study import Panel, Study

_LEVEL = 0.9

Bars = Callable[[np.ndarray, bool], Interval]
"""``(inputs, observed) -> interval``."""


@dataclass(frozen=True)
class DataGap:
    """``y = sin 3x + 0.3 x + σ ε`` at places drawn in [−2, 2], none of them in the gap.

    Attributes:
        samples: to train on, half of them on each side.
        noise: ``σ``, which is known.
        gap: half its width.
    """

    samples: int = 40
    noise: float = 0.1
    gap: float = 0.7

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        as_whole("samples", self.samples, least=4)
        for name, most in (("noise", np.inf), ("gap", 2)):
            if not 0 < getattr(self, name) < most:
                raise ConfigurationError(
                    f"{name}: expected a number in (0, {most}), got {getattr(self, name)}"
                )

    @staticmethod
    def exact(x: np.ndarray) -> np.ndarray:
        """At ``(n, 1)``, ``(n,)``."""
        return np.sin(3 * x[:, 0]) + 0.3 * x[:, 0]

    def data(self, key: Array) -> tuple[np.ndarray, np.ndarray]:
        """``x (n, 1)`` and ``y (n,)``."""
        random = generator(key)
        side = np.where(np.arange(self.samples) % 2, 1.0, -1.0)
        x = (side * random.uniform(self.gap, 2, self.samples))[:, None]
        return x, self.exact(x) + self.noise * random.normal(size=self.samples)


@dataclass(frozen=True, kw_only=True)
class DataGapRecipe:
    """How it is learned.

    Attributes:
        width: of the network, one layer of tanh.
        prior: the deviation ``τ`` of each of its parameters.
        chains: of NUTS.
        warm_up: steps before the samples.
        samples: of each chain.
        steps: of the trust region, to Laplace's maximum.
        test: fresh targets.
    """

    width: int = 8
    prior: float = 2.0
    chains: int = 4
    warm_up: int = 500
    samples: int = 500
    steps: int = 200
    test: int = 2000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        least = {"width": 1, "chains": 2, "warm_up": 20, "samples": 4, "steps": 1, "test": 2}
        for name, smallest in least.items():
            as_whole(name, getattr(self, name), least=smallest)
        if not 0 < self.prior < np.inf:
            raise ConfigurationError(f"prior: expected a deviation > 0, got {self.prior}")


def solve(
    subject: DataGap,
    recipe: DataGapRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Learn the curve in three ways, and judge their bars by fresh data in the gap and outside."""
    check(subject, recipe)
    began = time.perf_counter()
    x, y = subject.data(key_for(key, "data"))
    network = MLP((recipe.width,))
    drawn = sampled_network(
        network,
        x,
        y,
        noise=subject.noise,
        prior=recipe.prior,
        chains=recipe.chains,
        warm_up=recipe.warm_up,
        samples=recipe.samples,
        key=key_for(key, "measure"),
    )
    mean, laplace, loss, count = _laplace(network, x, y, subject, recipe, key, run, callbacks)
    process = most_likely_process(
        lambda h: rbf(h["length"], deviation=h["deviation"]),
        Observed(x, y, noise=subject.noise),
        {"length": 1.0, "deviation": 1.0},
        key=key_for(key, "params"),
    )
    ways: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Bars]] = {
        "nuts": (drawn.predict, lambda z, new: drawn.interval(z, _LEVEL, observed=new)),
        "laplace": (mean, laplace),
        "process": (
            process,
            lambda z, new: process.interval(z, _LEVEL, noise=subject.noise if new else 0.0),
        ),
    }
    line = np.linspace(-2, 2, 161)[:, None]
    random = generator(key_for(key, "check"))
    fresh = random.uniform(-2, 2, (recipe.test, 1))
    targets = subject.exact(fresh) + subject.noise * random.normal(size=recipe.test)
    rhat, independent = drawn.agreement(line)
    outside = np.abs(fresh[:, 0]) >= subject.gap
    found: dict[str, Any] = {
        "rmse": _rmse(drawn.predict(fresh[outside]), subject.exact(fresh[outside])),
        "loss": loss,
        "train": len(x),
        "test": recipe.test,
        "parameters": count,
        "rhat": rhat,
        "independent_samples": independent,
        "divergent": drawn.divergent,
        "trivial_rmse": _rmse(np.full(outside.sum(), y.mean()), subject.exact(fresh[outside])),
    }
    for name, (predict, bars) in ways.items():
        low, high = bars(fresh, True)
        inside = (low < targets) & (targets < high)
        low, high = bars(line, False)
        middle = len(line) // 2
        found |= {
            f"{name}_coverage": float(inside[outside].mean()),
            f"{name}_coverage_gap": float(inside[~outside].mean()),
            f"{name}_half_width_gap": float(0.5 * (high - low)[middle]),
            f"{name}_rmse_gap": _rmse(predict(fresh[~outside]), subject.exact(fresh[~outside])),
        }
    found |= {"seconds": time.perf_counter() - began, "compile_seconds": 0.0}
    panels = _panels(ways, line, subject, (x[:, 0], y))
    return Study("data-gap", found, _words(found), {"x": x, "y": y}, panels)


def _laplace(
    network: Any,
    x: np.ndarray,
    y: np.ndarray,
    subject: DataGap,
    recipe: DataGapRecipe,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
) -> tuple[Any, Bars, float, int]:
    """The mean, the bars, the loss and the parameters of the most likely network."""
    objective = least_squares({"data": lambda params, xy: network.apply(params, xy[0]) - xy[1]})
    batch = {"data": (jnp.asarray(x), jnp.asarray(y))}
    damping = (subject.noise / recipe.prior) ** 2 / len(x)  # rows carry 1/√n
    result = fit(
        objective,
        fixed(batch),
        gauss_newton(weight_decay=damping),
        network.init(key_for(key, "params"), batch["data"][0][0]),
        steps=recipe.steps,
        key=key_for(key, "fit"),
        run=run,
        callbacks=callbacks,
        look_beyond=False,
    )
    fitted = Fitted(result, objective, batch, network.apply)
    bars = posterior(fitted, noise=subject.noise, damping=damping)
    several = jax.jit(jax.vmap(network.apply, (None, 0)))

    def mean(z: np.ndarray) -> np.ndarray:
        return np.asarray(several(result.params, jnp.asarray(z)))

    def interval(z: np.ndarray, observed: bool) -> Interval:
        return bars.interval(z, _LEVEL, observed="data" if observed else None)

    count = sum(leaf.size for leaf in jax.tree.leaves(result.params))
    return mean, interval, float(result.history["loss"][-1]), count


def _rmse(told: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((told - truth) ** 2)))


def _panels(
    ways: dict[str, Any], line: np.ndarray, subject: DataGap, data: tuple[np.ndarray, np.ndarray]
) -> list[Panel]:
    at, titles = line[:, 0], {"nuts": "NUTS", "laplace": "Laplace", "process": "process"}
    panels, widths = [], {}
    for name, (predict, bars) in ways.items():
        low, high = bars(line, False)
        curves = {"exact": subject.exact(line), "mean": predict(line), "5%": low, "95%": high}
        drawn = {word: (at, v) for word, v in curves.items()} | {"data": data}
        panels.append(Panel(f"x, by {titles[name]}", "y", drawn, points=("data",)))
        widths[titles[name]] = (at, 0.5 * (high - low))
    return [*panels, Panel("x", f"half width, {_LEVEL:.0%}", widths, "y")]


def _words(found: dict[str, Any]) -> dict[str, str]:
    said = {
        "error": f"{found['rmse']:.3g} (root mean square) outside the gap by NUTS, "
        f"{found['trivial_rmse']:.3g} by the mean alone",
        "chains": f"R̂ = {found['rhat']:.4f}, {found['independent_samples']:.0f} independent "
        f"samples at least, {found['divergent']:.2%} divergent",
    }
    names = {"nuts": "network by NUTS", "laplace": "network by Laplace", "process": "process"}
    for name, title in names.items():
        said[title] = (
            f"inside 90%: {found[f'{name}_coverage']:.1%} of fresh data outside the gap, "
            f"{found[f'{name}_coverage_gap']:.1%} in it, where the bar is ± "
            f"{found[f'{name}_half_width_gap']:.2g}"
        )
    return said


def check(subject: DataGap, recipe: DataGapRecipe) -> None:
    """Ask for blackjax and for double precision before a run is made.

    Raises:
        MissingDependencyError: without blackjax.
        ConfigurationError: in single precision, in which covariances are singular.
    """
    try:
        import blackjax  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "data-gap needs blackjax: install it with pip install 'physml[bayes]'"
        ) from error
    check_double("data-gap")


ENTRY = Entry(
    "data-gap",
    "y = sin 3x + 0.3 x + σε, none of |x| < 0.7",
    "exact",
    DataGap(),
    {"default": DataGapRecipe(), "quick": DataGapRecipe(warm_up=200, samples=200, chains=2)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
