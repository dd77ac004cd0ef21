"""Where to measure next: where the posterior knows least."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.learn.metrics.shapes import finite


class HasDeviation(Protocol):
    """A posterior, such as a ``GaussianProcess`` or a ``BayesianLinearModel``."""

    def standard_deviation(self, points: Any) -> Any:
        """At many points, ``(n,)``."""
        ...


def next_measurement(posterior: HasDeviation, candidates: Any) -> np.ndarray:
    """The candidate at which the posterior's deviation is largest.

    Of measurements with one noise it is the one that tells most about the function's value there,
    ``½ ln(1 + s²/σ²)``. Where a kernel's length is not yet known well, the choice is no better.

    Args:
        posterior: with ``standard_deviation``.
        candidates: ``(n, d)``, where one could measure.

    Returns:
        One of them, ``(d,)``.

    Raises:
        ShapeError, NonFiniteError: candidates of another shape, a NaN or an infinity, among
            deviations too, where it would be the largest.
        ConfigurationError: what has no error bars; bars of several fields.

    Source: MacKay (1992), doi:10.1162/neco.1992.4.4.590.

    >>> import jax, numpy as np, physml as pm
    >>> jax.config.update("jax_enable_x64", True)
    >>> seen = pm.learn.Observed([[0.0], [1.0]], [1.0, 2.0], noise=0.1)
    >>> u = pm.learn.gaussian_process(pm.learn.rbf(0.5), seen)
    >>> pm.learn.next_measurement(u, np.linspace(0, 1, 11)[:, None]).tolist()
    [0.5]
    """
    if not callable(getattr(posterior, "standard_deviation", None)):
        raise ConfigurationError(
            "posterior: expected one with standard_deviation(points), such as a GaussianProcess, "
            f"got {type(posterior).__name__}"
        )
    table = finite("candidates", candidates)
    if table.ndim != 2:
        raise ShapeError(f"candidates: expected (n, d), got {table.shape}")
    deviation = posterior.standard_deviation(table)
    if isinstance(deviation, dict) or np.shape(deviation) != (len(table),):
        raise ConfigurationError(
            "posterior: expected one deviation a candidate, got those of several fields; choose "
            "by one of them, candidates[np.argmax(deviation)]"
        )
    return table[int(np.argmax(finite("posterior: deviations", deviation)))]
