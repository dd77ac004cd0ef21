"""All that training remembers, one pytree: saved whole, restored whole."""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array


class TrainState(NamedTuple):
    """The state of a fit between two steps.

    Attributes:
        step: steps taken.
        params: the parameters.
        optimizer: the optimizer's state.
        objective: the objective's, such as weights of terms.
        sampler: the sampler's, such as walkers.
        key: step ``i`` uses ``fold_in(key, i)``.
        measured: the last value of each metric of ``measure``, by name.
        rule: the memory of the rule of ``until``.
    """

    step: Array
    params: Any
    optimizer: Any
    objective: Any
    sampler: Any
    key: Array
    measured: Any = ()
    rule: Any = ()


# What a checkpoint may lack, or have beside: it was asked for later, or no longer is.
MAY_BE_NEW = (".measured", ".rule")
