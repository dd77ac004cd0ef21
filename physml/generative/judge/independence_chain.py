"""Metropolis steps whose proposals are independent samples of a model: exact in the long run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import NonFiniteError, ShapeError


class IndependenceChain(NamedTuple):
    """Which sample each step of each chain holds.

    Attributes:
        indices: into the samples, ``(steps, chains)``.
        acceptance: the part of proposals that was taken.
    """

    indices: np.ndarray
    acceptance: float


def independence_chain(log_weights: Any, *, chains: int = 8, seed: int = 0) -> IndependenceChain:
    """Chains of ``p`` by proposals of ``q``: accept ``x'`` with ``min(1, w(x')/w(x))``.

    ``w = e^{ln p̃ − ln q}``. Detailed balance holds for any ``q`` that draws all of ``p``; chains
    stay long where ``w`` is large, which their autocorrelation time tells: see ``estimate``.

    Args:
        log_weights: ``ln p̃ − ln q`` of ``n`` independent samples of ``q``, ``(n,)``, dealt out to
            the chains in turn; what is over is left out.
        chains: how many.
        seed: of the random numbers that accept.

    Raises:
        ShapeError: another shape, fewer than two samples a chain.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: no chain, a negative seed.

    Source: Albergo, Kanwar & Shanahan (2019), doi:10.1103/PhysRevD.100.034515.

    >>> import numpy as np
    >>> from physml.generative.judge.independence_chain import independence_chain
    >>> independence_chain(np.zeros(8), chains=2).indices.T.tolist()  # equal weights: all are taken
    [[0, 2, 4, 6], [1, 3, 5, 7]]
    """
    logs, chains = as_numbers("log_weights", log_weights), as_whole("chains", chains, least=1)
    if logs.ndim != 1 or len(logs) < 2 * chains:
        raise ShapeError(
            f"log_weights: expected (n,) of two samples a chain or more, got {logs.shape} for "
            f"{chains} chains"
        )
    if not np.isfinite(logs).all():
        raise NonFiniteError("log_weights: expected finite numbers")
    seed, steps = as_whole("seed", seed, least=0), len(logs) // chains
    proposed = np.arange(steps * chains).reshape(steps, chains)
    thresholds = np.log(np.random.default_rng(seed).random((steps, chains)))
    indices, taken = proposed.copy(), 0
    for step in range(1, steps):
        before, now = indices[step - 1], proposed[step]
        accept = thresholds[step] < logs[now] - logs[before]
        indices[step] = np.where(accept, now, before)
        taken += int(accept.sum())
    return IndependenceChain(indices, taken / ((steps - 1) * chains))
