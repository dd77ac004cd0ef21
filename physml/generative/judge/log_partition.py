"""What samples of a model tell about ``ln Z`` of a density that it does not have exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import NonFiniteError, ShapeError


class LogPartition(NamedTuple):
    """``ln Z`` from independent samples of a model, by their weights.

    Attributes:
        value: ``ln (1/n) Σ wᵢ``, ``w = e^{ln p̃ − ln q}``, of which the mean is ``Z``.
        error: one standard deviation, ``sd(w)/(w̄ √n)``, and, for correlated or few effective
            samples, too small.
        ess: the effective sample size over the sample size, ``(Σw)²/(n Σw²)``, in (0, 1].
        bound: the mean of ``ln w``, a lower bound of ``ln Z`` on average.
        bound_error: its standard deviation.
        samples: ``n``.
    """

    value: float
    error: float
    ess: float
    bound: float
    bound_error: float
    samples: int


def log_partition(log_weights: Any) -> LogPartition:
    """``ln Z`` by importance sampling, with its error bar.

        Z = E_q[w],   ln Z ≥ E_q[ln w]   (Jensen),   w = e^{ln p̃(x) − ln q(x)},  x ~ q

    For the exact ``q`` all weights are ``Z`` and both errors vanish. A part of the density that
    the model never draws is missed without a trace in the error bar: look at modes, too.

    Args:
        log_weights: ``ln p̃ − ln q`` of ``n ≥ 2`` independent samples of ``q``, ``(n,)``.

    Raises:
        ShapeError: another shape, fewer than two.
        NonFiniteError: a NaN or an infinity, of which the first is named.

    Source: Nicoli et al. (2020), doi:10.1103/PhysRevE.101.023304.

    >>> import numpy as np, physml as pm
    >>> pm.generative.log_partition(np.full(10, 1.5))[:3]
    (1.5, 0.0, 1.0)
    """
    logs = as_numbers("log_weights", log_weights)
    if logs.ndim != 1 or len(logs) < 2:
        raise ShapeError(f"log_weights: expected (n,) of two samples or more, got {logs.shape}")
    if not np.isfinite(logs).all():
        first = int(np.flatnonzero(~np.isfinite(logs))[0])
        raise NonFiniteError(
            f"log_weights: expected finite numbers, got {logs[first]} of sample {first}"
        )
    n, top = len(logs), logs.max()
    weights = np.exp(logs - top)
    mean = weights.mean()
    return LogPartition(
        float(top + np.log(mean)),
        float(weights.std(ddof=1) / (mean * np.sqrt(n))),
        float(weights.sum() ** 2 / (n * np.sum(weights**2))),
        float(logs.mean()),
        float(logs.std(ddof=1) / np.sqrt(n)),
        n,
    )
