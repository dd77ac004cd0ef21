"""The solution of Poisson's equation told of its source by attention, on any number of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.choices import check_choices
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.catalogue.place_attention import PlaceAttention
from physml.learn.catalogue.poisson_sources import (
    PoissonSources,
    Told,
    parabola,
    places,
    single_waves,
    sums_of_waves,
)
from physml.learn.linear import ridge
from physml.optim.settings import OptimizerSettings
from physml.sampling import minibatches
from physml.train import Entry, FitResult, Run, fit, key_for, least_squares
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study


@dataclass(frozen=True, kw_only=True)
class OperatorRecipe:
    """How the solution is told.

    Attributes:
        width: neurons of what tells the weights of attention by places.
        heads: of attention.
        optimizer: of the mean of relative squares.
        steps: of it.
        size: sources of a step, for each number of points.
    """

    width: int = 16
    heads: int = 3
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton")
    )
    steps: int = 80
    size: int = 12

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        for name in ("steps", "size"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")


def network(recipe: OperatorRecipe) -> PlaceAttention:
    """From a source and its places ``(n, 1 + features)`` to ``(n,)``."""
    return PlaceAttention(recipe.width, recipe.heads)


def check(subject: PoissonSources, recipe: OperatorRecipe) -> None:
    """Build network and optimizer, to no other end.

    Raises:
        ConfigurationError: settings that exclude each other, more sources a step than there are.
    """
    network(recipe)
    recipe.optimizer.check(recipe.steps)
    if recipe.size > subject.training:
        raise ConfigurationError(
            f"size: expected at most the {subject.training} sources, got {recipe.size}"
        )


def samples_of(told: Told) -> tuple[np.ndarray, np.ndarray]:
    """What a network sees, ``(m, n, 1 + features)``, and the unit of its values, ``(m, n)``.

    The source over its root mean square ``s``, then ``2x − 1``, and cosines and sines of four
    waves; the unit ``s x(1 − x)/2`` is 0 at the ends, as solutions are.
    """
    x, size = told.x, np.sqrt(np.mean(told.f**2, axis=1, keepdims=True))
    waves = np.pi * np.arange(1, 5) * x[:, None]
    features = np.column_stack([2 * x - 1, np.cos(waves), np.sin(waves)])
    seen = np.broadcast_to(features, (len(told.f), *features.shape))
    return np.concatenate([(told.f / size)[..., None], seen], axis=-1), size * x * (1 - x) / 2


def relative(told: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """``|u − ū|/|ū|`` of each, root mean squares over the places."""
    missed = np.linalg.norm(told - exact, axis=1)
    return np.asarray(missed / np.linalg.norm(exact, axis=1))


def solve(
    subject: PoissonSources,
    recipe: OperatorRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train on some sources and numbers of points, judge on others, once."""
    check(subject, recipe)
    normal = generator(key_for(key, "data")).normal
    own = {n: normal(size=(subject.training, 2, subject.waves + 1)) for n in subject.points}
    fresh = normal(size=(subject.test, 2, subject.waves + 1))
    module, dtype = network(recipe), jnp.result_type(float)

    def row(params: Any, sample: tuple[Array, Array, Array]) -> Array:
        """Relative to each solution."""
        series, unit, solution = sample
        told: Any = module.apply(params, series)
        missed: Array = (unit * told - solution) / jnp.linalg.norm(solution)
        return missed

    data = {}
    for n, amplitudes in own.items():
        told = sums_of_waves(amplitudes, places(n))
        data[f"points_{n}"] = tuple(
            jnp.asarray(part, dtype) for part in (*samples_of(told), told.u)
        )
    first = next(iter(data.values()))[0][0]
    result = fit(
        least_squares(dict.fromkeys(data, row)),
        minibatches(data, size=recipe.size),
        recipe.optimizer.build(),
        jax.jit(module.init)(key_for(key, "params"), first),
        steps=recipe.steps,
        key=key_for(key, "fit"),
        run=run,
        callbacks=callbacks,
    )
    apply = jax.jit(jax.vmap(partial(module.apply, result.params)))

    def tell(told: Told) -> np.ndarray:
        series, unit = samples_of(told)
        return unit * np.asarray(apply(jnp.asarray(series, dtype)), float)

    return _judged(subject, tell, list(own.values()), fresh, result)


def _judged(
    subject: PoissonSources,
    tell: Callable[[Told], np.ndarray],
    train: Sequence[np.ndarray],
    fresh: np.ndarray,
    result: FitResult,
) -> Study:
    """Errors of fresh sources on each number of points, and of both other families on one."""
    numbers = sorted({*subject.points, *subject.others})
    errors = {}
    for n in numbers:
        told = sums_of_waves(fresh, places(n))
        errors[n] = relative(tell(told), told.u)
    apart = np.stack([errors[n] for n in subject.others])
    # The linear map has one number of points, and all sources there.
    x = places(subject.points[0])
    known, told = sums_of_waves(np.concatenate(train), x), sums_of_waves(fresh, x)
    linear = ridge(known.f, known.u, 1e-14, intercept=False)
    beside = relative(linear.predict(told.f), told.u)
    ramp = np.linspace(1.0, max(subject.waves, 2), 81)
    waves, hump = single_waves(ramp, x), parabola(x)
    of_waves, of_hump = relative(tell(waves), waves.u), relative(tell(hump), hump.u)
    lined, humped = (relative(linear.predict(one.f), one.u) for one in (waves, hump))
    most = max(subject.others)
    worst = sums_of_waves(fresh[[errors[most].argmax()]], places(most))
    shown = tell(worst)
    everywhere = sums_of_waves(fresh, places(most))
    found = {
        "rmse": float(np.sqrt(np.mean((tell(everywhere) - everywhere.u) ** 2))),
        "relative_l2": float(apart.mean()),
        "largest_relative_l2": float(apart.max()),
        "by_points": {str(n): float(errors[n].mean()) for n in numbers},
        "waves_relative_l2": float(of_waves.mean()),
        "parabola_relative_l2": float(of_hump[0]),
        "linear_relative_l2": float(beside.mean()),
        "linear_waves_relative_l2": float(lined.mean()),
        "linear_parabola_relative_l2": float(humped[0]),
        "loss": float(result.history["loss"][-1]),
        "train": subject.training * len(subject.points),
        "test": subject.test,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(result.params)),
        "steps": len(result.history["loss"]),
        "compile_seconds": result.compile_seconds,
    }
    said = {
        "relative error": f"{found['relative_l2']:.2e} (L², mean of {subject.test} fresh sources "
        f"on {', '.join(map(str, subject.others))} points, none trained on), largest "
        f"{found['largest_relative_l2']:.2e}; on those trained on "
        f"{np.mean([errors[n].mean() for n in subject.points]):.2e}",
        "beside": f"linear least-squares map {found['linear_relative_l2']:.2e}, on "
        f"{subject.points[0]} points alone; u = 0 everywhere 1",
        "of sin νπx and x(1 − x)": f"{found['waves_relative_l2']:.2e} and "
        f"{found['parabola_relative_l2']:.2e}, linear map "
        f"{found['linear_waves_relative_l2']:.2e} and "
        f"{found['linear_parabola_relative_l2']:.2e}: no sources of the family",
    }
    curves = {
        name: (np.array(some), np.array([errors[n].mean() for n in some]))
        for name, some in (
            ("trained on", sorted(subject.points)),
            ("not trained on", sorted(subject.others)),
        )
    }
    panels = [
        Panel("points", "mean relative error, L²", curves, "y"),
        Panel(
            "ν of the source sin νπx",
            f"relative error, {subject.points[0]} points",
            {"attention": (ramp, of_waves), "linear map": (ramp, lined)},
            "y",
        ),
        Panel(
            "x",
            f"u, worst source, {most} points",
            {"exact": (worst.x, worst.u[0]), "told": (worst.x, shown[0])},
        ),
    ]
    arrays = {"points": np.array(numbers), "errors": np.stack([errors[n] for n in numbers])}
    return Study("poisson-transformer", found, said, arrays, panels)


ENTRY = Entry(
    "poisson-transformer",
    "−u″ = f, u(0) = u(1) = 0; u told of f on any number of points",
    "waves, and (x − 2x³ + x⁴)/12",
    PoissonSources(),
    {"default": OperatorRecipe()},
    solve,
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
