"""A noisy function learned by polynomials of every degree, and by networks of every width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.parts import k_fold
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError
from physml.learn.catalogue.noisy_function import NoisyFunction
from physml.learn.linear import LinearModel, lasso, monomials, ordinary_least_squares, ridge
from physml.learn.metrics import mean_squared_error
from physml.learn.metrics import root_mean_squared_error as rmse
from physml.learn.resampling import Predict, bias_variance, cross_validated
from physml.networks import MLP
from physml.optim import gauss_newton
from physml.sampling import fixed
from physml.train import Run, fit, key_for, key_of, least_squares
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study


@dataclass(frozen=True, kw_only=True)
class CurveRecipe:
    """What is tried.

    Attributes:
        degree: largest degree of the polynomials.
        strengths: penalties λ of ridge and lasso at that degree.
        folds: of the cross-validation that chooses degree and strength.
        resamples: bootstrap draws for bias and variance.
        widths: of networks with two hidden layers of tanh; none where empty.
        steps: of the trust region, of each network.
    """

    degree: int = 14
    strengths: tuple[float, ...] = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    folds: int = 5
    resamples: int = 50
    widths: tuple[int, ...] = (2, 4, 8)
    steps: int = 60

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name, least in (("degree", 1), ("folds", 2), ("resamples", 2), ("steps", 1)):
            if getattr(self, name) < least:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )
        if not self.strengths or not all(0 < s < np.inf for s in self.strengths):
            raise ConfigurationError(f"strengths: expected numbers > 0, got {self.strengths}")
        if not all(width >= 1 for width in self.widths):
            raise ConfigurationError(f"widths: expected numbers ≥ 1, got {self.widths}")


Find = Callable[[np.ndarray, np.ndarray], LinearModel]
"""``(features, targets) -> model``."""


@dataclass(frozen=True)
class Polynomial:
    """A way to learn: monomials of inputs in ``[−1, 1]``, scaled, and a linear model of them."""

    degree: int
    find: Find

    def fitted(self, train: Dataset) -> LinearModel:
        """The linear model of unscaled monomials."""
        features = monomials(train.inputs, self.degree)
        scaler = Scaler.of(features)
        return self.find(scaler(features), train.targets).behind(scaler)

    def __call__(self, train: Dataset) -> Predict:
        """``(train) -> predict``."""
        model = self.fitted(train)
        return lambda inputs: model.predict(monomials(inputs, self.degree))


def penalised(model: Callable[..., LinearModel], strength: float) -> Find:
    """Ridge or lasso of one strength."""
    return lambda features, targets: model(features, targets, strength)


def check(subject: NoisyFunction, recipe: CurveRecipe) -> None:
    """Refuse polynomials with more coefficients than a fold has samples.

    Raises:
        ConfigurationError: for such a degree; more folds than samples.
    """
    if recipe.folds > subject.samples:
        raise ConfigurationError(
            f"folds: expected at most the {subject.samples} samples, got {recipe.folds}"
        )
    largest = math.comb(subject.dimensions + recipe.degree, recipe.degree)
    # Bootstrap draws hold 63% of the samples, each of them at least once.
    if largest >= 0.6 * subject.samples * (1 - 1 / recipe.folds):
        raise ConfigurationError(
            f"degree: expected far fewer coefficients than the {subject.samples} samples, got "
            f"{largest} by degree {recipe.degree}"
        )


def solve(
    subject: NoisyFunction,
    recipe: CurveRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Learn a function from the training part, and judge on the test part.

    The model that is told is the least-squares or ridge polynomial that cross-validation within the
    training part chooses; the test part draws the curves, and chooses nothing.
    """
    check(subject, recipe)
    data = subject.data(key_for(key, "data"))
    train, test = data.train, data.test
    folds = k_fold(len(train), recipe.folds, key=key_for(key, "folds"))

    def errors(learn: Polynomial) -> tuple[float, float, float]:
        """Of training, of validation, of the test samples."""
        left_out = cross_validated(learn, train, folds, judge=mean_squared_error)
        predict = learn(train)
        return (
            rmse(train.targets, predict(train.inputs)),
            float(np.sqrt(left_out.mean())),
            rmse(test.targets, predict(test.inputs)),
        )

    degrees = range(1, recipe.degree + 1)
    plain = {degree: Polynomial(degree, ordinary_least_squares) for degree in degrees}
    ridges = {s: Polynomial(recipe.degree, penalised(ridge, s)) for s in recipe.strengths}
    lassos = {s: Polynomial(recipe.degree, penalised(lasso, s)) for s in recipe.strengths}
    by_degree = np.array([errors(learn) for learn in plain.values()])
    by_ridge = np.array([errors(learn) for learn in ridges.values()])
    by_lasso = np.array([errors(learn) for learn in lassos.values()])
    parts = np.array(
        [
            bias_variance(
                learn, train, test, resamples=recipe.resamples, key=key_for(key, "bootstrap")
            )
            for learn in plain.values()
        ]
    )
    learns = [*plain.values(), *ridges.values()]
    chosen = int(np.argmin(np.concatenate([by_degree[:, 1], by_ridge[:, 1]])))
    best = learns[chosen]
    model, told = best.fitted(train), np.concatenate([by_degree, by_ridge])[chosen]
    strength = 0.0 if chosen < len(plain) else recipe.strengths[chosen - len(plain)]
    loss = told[0] ** 2 + strength * _penalised_square(model, train, best.degree)
    networks = [
        _network(width, i, train, test, recipe, key, run, callbacks)
        for i, width in enumerate(recipe.widths)
    ]
    found = {
        "rmse": told[2],
        "loss": loss,
        "train": len(train),
        "test": len(test),
        "parameters": model.numbers(),
        "train_rmse": told[0],
        "degree": best.degree,
        "strength": strength,
        "network_rmse": min((error for error, _ in networks), default=None),
    }
    said = {
        "error": f"{told[2]:.4g} (root mean square, {len(test)} test points without noise)",
        "model": f"polynomial of degree {best.degree}, λ = {strength:g}, by cross-validation",
        "coefficients": f"{model.numbers()} from {len(train)} samples",
    } | {
        f"network {width}-{width}": f"{error:.4g}, {count} parameters"
        for width, (error, count) in zip(recipe.widths, networks, strict=True)
    }
    panels = [
        Panel("degree", "RMSE", _three(list(degrees), by_degree), "y"),
        Panel(
            f"λ, degree {recipe.degree}",
            "RMSE on test",
            {
                "ridge": (recipe.strengths, by_ridge[:, 2]),
                "lasso": (recipe.strengths, by_lasso[:, 2]),
            },
            "xy",
        ),
        Panel(
            "degree",
            "mean square",
            {
                label: (list(degrees), parts[:, i])
                for i, label in enumerate(("error", "bias²", "variance"))
            },
            "y",
        ),
    ]
    if networks:
        best_line = np.full(len(networks), told[2])
        own = np.array([error for error, _ in networks])
        panels.append(
            Panel(
                "width",
                "RMSE on test",
                {"network": (recipe.widths, own), "polynomial": (recipe.widths, best_line)},
                "y",
            )
        )
    arrays = {"coefficients": model.coefficients, "intercept": model.intercept}
    return Study(data.name, {k: _plain(v) for k, v in found.items()}, said, arrays, panels)


def _three(x: Any, errors: np.ndarray) -> dict[str, tuple[Any, Any]]:
    return {
        label: (x, errors[:, i]) for i, label in enumerate(("train", "cross-validation", "test"))
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _penalised_square(model: LinearModel, train: Dataset, degree: int) -> float:
    """``|θ|²`` of the scaled features, which the penalty is of."""
    scaler = Scaler.of(monomials(train.inputs, degree))
    return float(np.sum((model.coefficients * scaler.deviation) ** 2))


def _network(
    width: int,
    number: int,
    train: Dataset,
    test: Dataset,
    recipe: CurveRecipe,
    key: Array,
    run: Run | None,
    callbacks: Sequence[Callback],
) -> tuple[float, int]:
    """The test error and the parameters of a network with two hidden layers of one width."""
    network = MLP((width, width))
    own = key_of(key_for(key, "networks"), number)
    params = network.init(key_for(own, "params"), train.inputs[0])
    trained = fit(
        least_squares({"data": lambda p, xy: network.apply(p, xy[0]) - xy[1]}),
        fixed({"data": (train.inputs, train.targets)}),
        gauss_newton(),
        params,
        steps=recipe.steps,
        key=key_for(own, "fit"),
        run=run,
        phase=f"width-{width}",
        callbacks=callbacks,
        look_beyond=False,
    ).params
    predicted = jax.jit(jax.vmap(network.apply, (None, 0)))(trained, test.inputs)
    count = sum(leaf.size for leaf in jax.tree.leaves(trained))
    return rmse(test.targets, np.asarray(predicted)), count
