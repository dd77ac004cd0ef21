"""When a run ends by itself: rules on the metrics of its steps, judged on the device.

A rule has a memory, which is part of the training state. So it is judged at each step whatever the
length of a dispatch, and a run that was stopped in between ends at the same step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.choices import Choice
from physml.errors import ConfigurationError, UnknownNameError

# A loss at its rounding floor falls by a few ε a step at best.
_ROUNDING = 10.0

# Residuals that have fallen by seven and a half digits are near what a Gram matrix resolves. There
# a fall by less than a tenth a window is a crawl along what it does not, which may go on for ever.
_DEEP = 1e-15
_CRAWL = 0.1


class Rule(NamedTuple):
    """When to end, as pure functions of the metrics that a step logs.

    Attributes:
        init: ``() -> memory``, a pytree of arrays; ``()`` if nothing is remembered.
        update: ``(memory, metrics) -> (memory, end)`` with ``end`` a boolean ``()``.
        spans: ``{metric: steps}`` over which a metric must have had the time to change: ``fit``
            refuses one that ``measure`` asks for more rarely than that.

    >>> import jax.numpy as jnp, physml as pm
    >>> small = pm.train.Rule(lambda: (), lambda memory, metrics: (memory, metrics["loss"] < 1e-6))
    """

    init: Callable[[], Any]
    update: Callable[[Any, Mapping[str, Array]], tuple[Any, Array]]
    spans: Mapping[str, int] = {}


class Waiting(NamedTuple):
    """The best value so far, and the steps since it was reached."""

    best: Array
    since: Array


def target(metric: str, value: float) -> Rule:
    """End as soon as a metric is no larger than a value.

    Args:
        metric: its name in the history: ``loss``, or a name of ``measure``.
        value: where to end; the parameters returned are those that the metric is of.

    Raises:
        ConfigurationError: for a value that is not finite.

    >>> import physml as pm
    >>> rule = pm.train.target("loss", 1e-10)
    """
    if not math.isfinite(value):
        raise ConfigurationError(f"target: value: expected a finite number, got {value}")

    def update(memory: tuple[()], metrics: Mapping[str, Array]) -> tuple[tuple[()], Array]:
        return memory, _metric(metrics, metric) <= value

    return Rule(lambda: (), update)


class Falling(NamedTuple):
    """The first value, and the lowest that counted."""

    first: Array
    lowest: Waiting


def patience(metric: str, steps: int, *, least: float = 0.0) -> Rule:
    """End when a metric has had no new minimum for so many steps.

    A NaN, as of a metric not yet measured, is no minimum, and before the first number no step is
    counted.

    Args:
        metric: its name in the history, such as a validation error of ``measure``.
        steps: without a new minimum; more than the distance of two measurements.
        least: by what part of itself a minimum must be lower than the last that counted.

    Raises:
        ConfigurationError: for fewer than one step, a part outside [0, 1).

    >>> import physml as pm
    >>> rule = pm.train.patience("validation", 500)
    """
    steps = as_whole("patience: steps", steps, least=1)
    if not 0 <= least < 1:
        raise ConfigurationError(f"patience: least: expected a part in [0, 1), got {least}")

    def update(
        memory: dict[str, Waiting], metrics: Mapping[str, Array]
    ) -> tuple[dict[str, Waiting], Array]:
        waiting = _wait(memory[metric], _metric(metrics, metric), least)
        return {metric: waiting}, waiting.since >= steps

    return Rule(lambda: {metric: _nothing_yet()}, update, {metric: steps})


def converged(metric: str = "loss", *, window: int = 50) -> Rule:
    """End at the rounding floor: the lowest loss so far falls by no more than rounding can do.

    Over ``window`` steps it must fall by more than ``10 ε window`` of itself: 1e-13 of it in
    float64, 6e-5 in float32. A plateau that goes on, however slowly, does not end a run; nor does
    any one step, accepted or refused. Below 1e-15 of the first loss it must fall by a tenth: there
    Gauss–Newton by a Gram matrix crawls, for thousands of steps. For losses on samples that stay:
    on samples drawn anew every step a minimum is luck, and ``patience`` with a metric of
    ``measure`` is the rule.

    Args:
        metric: its name in the history.
        window: steps; longer than the loss ever climbs, thousands for Adam.

    Raises:
        ConfigurationError: for fewer than one step.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> line = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    >>> result = pm.fit(line, pm.fixed({"line": jnp.ones(4)}), pm.gauss_newton(), jnp.array(0.0),
    ...                 steps=5000, key=jax.random.key(0), until=pm.train.converged())
    >>> len(result.history["loss"]) < 200
    True
    """
    window = as_whole("converged: window", window, least=1)

    def update(
        memory: dict[str, Falling], metrics: Mapping[str, Array]
    ) -> tuple[dict[str, Falling], Array]:
        value, (first, lowest) = _metric(metrics, metric), memory[metric]
        first = jnp.where(jnp.isfinite(first), first, value.astype(first.dtype))
        rounding = _ROUNDING * window * float(jnp.finfo(value.dtype).eps)
        deep = jnp.abs(lowest.best) <= _DEEP * jnp.abs(first)
        lowest = _wait(lowest, value, jnp.where(deep, _CRAWL, rounding))
        return {metric: Falling(first, lowest)}, lowest.since >= window

    def init() -> dict[str, Falling]:
        return {metric: Falling(jnp.full((), jnp.nan), _nothing_yet())}

    return Rule(init, update, {metric: window})


def _nothing_yet() -> Waiting:
    return Waiting(jnp.full((), jnp.inf), jnp.zeros((), jnp.int32))


def _wait(memory: Waiting, value: Array, part: Array | float) -> Waiting:
    """One step more, or the start from a minimum lower by a part of itself."""
    best, since = memory
    value = value.astype(best.dtype)
    lower = value < jnp.where(jnp.isfinite(best), best - part * jnp.abs(best), best)
    since = jnp.where(lower | jnp.isinf(best), 0, since + 1)
    return Waiting(jnp.where(lower, value, best).astype(best.dtype), since)


def any_of(*rules: Rule) -> Rule:
    """End as soon as one of several rules does.

    Raises:
        ConfigurationError: for no rule.

    >>> import physml as pm
    >>> rule = pm.train.any_of(pm.train.converged(), pm.train.target("loss", 1e-12))
    """
    if not rules:
        raise ConfigurationError("any_of: expected at least one rule, got none")

    def update(memory: tuple[Any, ...], metrics: Mapping[str, Array]) -> tuple[Any, Array]:
        judged = [rule.update(own, metrics) for rule, own in zip(rules, memory, strict=True)]
        ends = jnp.stack([jnp.asarray(end) for _, end in judged])
        return tuple(own for own, _ in judged), jnp.any(ends)

    spans: dict[str, int] = {}
    for rule in rules:
        for name, steps in rule.spans.items():
            spans[name] = min(steps, spans.get(name, steps))
    return Rule(lambda: tuple(rule.init() for rule in rules), update, spans)


def _metric(metrics: Mapping[str, Array], name: str) -> Array:
    if name not in metrics:
        raise UnknownNameError("metric of a rule", name, metrics)
    return jnp.asarray(metrics[name])


class RuleSettings(Choice, kind="until", usual="none"):
    """Which rule may end a run before its steps, and its options.

    >>> RuleSettings(name="patience", steps=200).metric
    'loss'
    """

    def build(self) -> Rule | None:
        """The rule; None goes through all steps.

        Raises:
            ConfigurationError: for a number outside its range.
        """
        built: Rule | None = self.construct()
        return built


def rule_of(chosen: Rule | RuleSettings | str | None) -> Rule | None:
    """The rule of a name with its usual options, that of settings, or the one that is given.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for what is no rule.

    >>> rule_of("converged").spans
    {'loss': 50}
    """
    found = RuleSettings.chosen(chosen)
    if isinstance(found, RuleSettings):
        return found.build()
    if found is not None and not isinstance(found, Rule):
        raise ConfigurationError(
            "until: expected a rule, such as converged() or patience('loss', 500), or one of "
            f"{', '.join(RuleSettings.names())}, got {found!r}"
        )
    rule: Rule | None = found
    return rule


@RuleSettings.offer("none")
def _none() -> None:
    """All steps are taken."""


@RuleSettings.offer("converged")
def _converged(*, metric: str = "loss", window: int = 50) -> Rule:
    """The lowest value so far falls by no more than rounding can do.

    Args:
        metric: its name in metrics.jsonl.
        window: steps over which it must fall; longer than it ever climbs.
    """
    return converged(metric, window=window)


@RuleSettings.offer("patience")
def _patience(*, metric: str = "loss", steps: int = 200, least: float = 0.0) -> Rule:
    """No new minimum for so many steps.

    Args:
        metric: its name in metrics.jsonl.
        steps: without a new minimum.
        least: by what part of itself a minimum must be lower than the last that counted.
    """
    return patience(metric, steps, least=least)


@RuleSettings.offer("target")
def _target(*, metric: str = "loss", value: float = 1e-12) -> Rule:
    """A value is reached.

    Args:
        metric: its name in metrics.jsonl.
        value: at most that; of a ground state's energy in hartree.
    """
    return target(metric, value)
