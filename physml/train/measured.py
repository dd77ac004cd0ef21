"""Metrics of what parameters mean, a field or log ψ, in place of the parameters themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jax.tree_util import Partial

from physml.train.callbacks import Every


def measured_of(
    measure: Mapping[str, Every] | None, meaning: Callable[[Any], Any]
) -> dict[str, Every] | None:
    """The ``measure`` of ``fit`` for functions of a field.

    Args:
        measure: ``{name: every(k, f)}`` with ``f`` of what the parameters mean; data of a
            ``Partial`` stay arguments.
        meaning: ``params -> field``.
    """

    def of(f: Callable[[Any], Any], params: Any) -> Any:
        return f(meaning(params))

    if measure is None:
        return None
    return {
        name: metric._replace(call=Partial(of, metric.call))
        if isinstance(metric, Every)
        else metric
        for name, metric in measure.items()
    }
