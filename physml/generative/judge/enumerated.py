"""A density of a few spins against all of their configurations: nothing is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.special import logsumexp

from physml.errors import ConfigurationError
from physml.generative.spins.enumeration import over_all
from physml.generative.spins.spin_model import SpinModel

_NORMALISED = 1e-4


class Enumerated(NamedTuple):
    """What a density ``q`` is worth, exactly.

    Attributes:
        log_partition: ``ln Z`` of the model.
        excess: ``E_q[βE + ln q] + ln Z``, which is ``KL(q‖p) ≥ 0``, of all sites together.
        kl: ``KL(p‖q)``.
        ess: ``1 / Σ p²/q``, in (0, 1]: the effective part of many samples.
    """

    log_partition: float
    excess: float
    kl: float
    ess: float


def enumerated(model: SpinModel, log_q: Callable[[Array], Array]) -> Enumerated:
    """Sums over all ``2^N`` configurations, ``N ≤ 24``.

    Args:
        model: spins in equilibrium.
        log_q: ``(spins) -> ln q``, normalised.

    Raises:
        ConfigurationError: too many spins; a density whose sum is not 1.

    >>> import jax.numpy as jnp, physml as pm
    >>> pair = pm.generative.Spins((2,), lambda s: -s[0] * s[1])
    >>> uniform = pm.generative.enumerated(pair, lambda s: -2 * jnp.log(2.0))
    >>> round(uniform.excess, 6)  # ln cosh 1
    0.433781
    """
    both = over_all(lambda s: jnp.stack([model.log_density(s), log_q(s)]), model.shape)
    log_p, logs = both[:, 0], both[:, 1]
    log_z, total = float(logsumexp(log_p)), float(logsumexp(logs))
    if not abs(total) <= _NORMALISED:
        raise ConfigurationError(
            f"log_q: expected a normalised density, got one whose sum is exp({total:.3g})"
        )
    log_p = log_p - log_z
    return Enumerated(
        log_z,
        _divergence(logs, log_p),
        _divergence(log_p, logs),
        float(np.exp(-logsumexp(2 * log_p - logs))),
    )


def _divergence(log_p: np.ndarray, log_q: np.ndarray) -> float:
    """``Σ p ln p/q``, to which a state of no probability ``p`` adds nothing."""
    seen = log_p > -np.inf
    return float(np.sum(np.exp(log_p[seen]) * (log_p[seen] - log_q[seen])))
