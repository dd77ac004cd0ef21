"""An optimizer as plain data, for command lines and files: a name and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

import optax

from physml.errors import ConfigurationError, UnknownNameError
from physml.optim.gauss_newton import gauss_newton
from physml.optim.line_search import grid_line_search
from physml.optim.natural_gradient import natural_gradient
from physml.optim.quasi_newton import ssbfgs, ssbroyden
from physml.optim.sketch import sketched
from physml.optim.soap import soap
from physml.optim.spectrum import Factorise, by_gram, by_svd
from physml.types import Optimizer


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Which optimizer, and its numbers; None leaves the optimizer's own default.

    Attributes:
        name: gauss-newton (trust region, fixed points), natural-gradient,
            ssbroyden, ssbfgs, adam, soap or lbfgs.
        learning_rate: step length η of natural-gradient (0.1, or 1 with a line search), adam
            (1e-3) and soap (3e-3).
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        damping: λ of natural-gradient, in units of J Jᵀ (1e-3).
        momentum: SPRING's μ of natural-gradient, in [0, 1) (0).
        max_norm: longest update |Δθ| of natural-gradient; unbounded if None.
        line_search: candidates 2⁻ᵏ of natural-gradient's line search; 0 or None for none.
        ratio: threshold of actual to predicted decrease of gauss-newton, in (0, 1) (0.15).
        radius: first trust radius of gauss-newton, in units of |θ| (1).
        switch_ratio: threshold of gauss-newton once λ has turned upwards, in (0, 1); never if None.
        accuracy: gram is fast, svd goes on to rounding; of gauss-newton (gram; of a sketch svd).
        sketch: rows and columns of gauss-newton's random sketch of J, for more than some 2,000
            parameters; none if None.
    """

    name: Literal[
        "gauss-newton", "natural-gradient", "ssbroyden", "ssbfgs", "adam", "soap", "lbfgs"
    ]
    learning_rate: float | None = None
    decay: float | None = None
    damping: float | None = None
    momentum: float | None = None
    max_norm: float | None = None
    line_search: int | None = None
    ratio: float | None = None
    radius: float | None = None
    switch_ratio: float | None = None
    accuracy: Literal["gram", "svd"] | None = None
    sketch: int | None = None

    def build(self) -> Optimizer:
        """The optimizer.

        Raises:
            ConfigurationError: for an option that this optimizer does not have.
            UnknownNameError: for another name, or another accuracy.

        >>> from physml.optim.settings import OptimizerSettings
        >>> optimizer = OptimizerSettings(name="natural-gradient", damping=1e-3).build()
        """
        if self.name not in _BUILDERS:
            raise UnknownNameError("optimizer", self.name, _BUILDERS)
        build, allowed = _BUILDERS[self.name]
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "name"}
        given = {name: value for name, value in given.items() if value is not None}
        for option in given:
            if option not in allowed:
                owners = [name for name, (_, names) in _BUILDERS.items() if option in names]
                raise ConfigurationError(
                    f"optimizer.{option}: no option of {self.name}, which takes "
                    f"{', '.join(allowed) or 'none'}; it belongs to {', '.join(owners)} "
                    "(choose with optimizer.name)"
                )
        return build(given)


def _rate(given: dict[str, Any], default: float) -> Any:
    rate = given.pop("learning_rate", default)
    decay = given.pop("decay", None)
    if decay is None:
        return rate
    if not decay > 0:
        raise ConfigurationError(f"optimizer.decay: expected steps > 0, got {decay}")
    return lambda step: rate / (1 + step / decay)


def _gauss_newton(given: dict[str, Any]) -> Optimizer:
    sketch = given.pop("sketch", None)
    accuracy = given.pop("accuracy", "gram" if sketch is None else "svd")
    if accuracy not in _FACTORISATIONS:
        raise UnknownNameError("optimizer.accuracy", accuracy, _FACTORISATIONS)
    factorise = _FACTORISATIONS[accuracy]
    if sketch is not None:
        if sketch < 1:
            raise ConfigurationError(f"optimizer.sketch: expected at least 1, got {sketch}")
        factorise = sketched(rows=sketch, columns=sketch, factorise=factorise)
    return gauss_newton(factorise=factorise, **given)


def _natural_gradient(given: dict[str, Any]) -> Optimizer:
    candidates = given.pop("line_search", 0)
    rate = _rate(given, 1.0 if candidates else 0.1)
    search = grid_line_search(candidates=candidates) if candidates else None
    return natural_gradient(rate, line_search=search, **given)


def _adam(given: dict[str, Any]) -> Optimizer:
    return optax.with_extra_args_support(optax.adam(_rate(given, 1e-3)))


def _soap(given: dict[str, Any]) -> Optimizer:
    return soap(_rate(given, 3e-3))


_FACTORISATIONS: dict[str, Factorise] = {"gram": by_gram, "svd": by_svd}

_BUILDERS: dict[str, tuple[Callable[[dict[str, Any]], Optimizer], tuple[str, ...]]] = {
    "gauss-newton": (_gauss_newton, ("ratio", "radius", "switch_ratio", "accuracy", "sketch")),
    "natural-gradient": (
        _natural_gradient,
        ("learning_rate", "decay", "damping", "momentum", "max_norm", "line_search"),
    ),
    "adam": (_adam, ("learning_rate", "decay")),
    "soap": (_soap, ("learning_rate", "decay")),
    "ssbroyden": (lambda given: ssbroyden(), ()),
    "ssbfgs": (lambda given: ssbfgs(), ()),
    "lbfgs": (lambda given: optax.lbfgs(), ()),
}
