"""What a variational autoencoder tells of the evidence ``ln p(x)``: two lower bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import logsumexp

from physml.as_whole import as_whole

LogWeight = Callable[[Any, Any, Array], Array]
"""``(params, sample, ε) -> ln p(x, z) − ln q(z | x)`` of one sample at ``z = m(x) + s(x) ε``."""

_AT_ONCE = 16_384


class EvidenceBounds(NamedTuple):
    """Two lower bounds of the mean of ``ln p(x)`` over ``n`` samples, in nats a sample.

    Attributes:
        elbo: the mean of ``(1/K) Σ ln w``.
        elbo_error: one standard deviation of the mean over samples like these.
        elbo_noise: the part of it that the draws of ``z`` bring, at these very samples.
        tight: the mean of ``ln (1/K) Σ w``, importance-weighted; NaN where ``ln p(x | z)`` is a
            mean over outcomes.
        tight_error: one standard deviation of the mean over samples like these.
        tight_noise: the part that the draws bring, to first order in ``sd(w)/(w̄ √K)``.
        draws: ``K``.
        samples: ``n``.
    """

    elbo: float
    elbo_error: float
    elbo_noise: float
    tight: float
    tight_error: float
    tight_noise: float
    draws: int
    samples: int


def evidence_bounds(
    log_weight: LogWeight, params: Any, samples: Any, *, latent: int, draws: int, key: Array
) -> EvidenceBounds:
    """Both bounds from the same draws.

        ELBO = E_q[ln w],   L_K = E[ln (1/K) Σ w_k],   ELBO ≤ L_K ≤ ln p(x),   w = p(x, z)/q(z | x)

    Both have a fluctuating ``ln w`` and no closed form, so where ``q`` is the exact posterior all
    noise vanishes. ``L_K`` grows with ``K``: of few draws it is far below, without a trace in its
    error.

    Args:
        log_weight: of one sample.
        params: of it.
        samples: a pytree with leading axis ``n``.
        latent: numbers in ``ε``.
        draws: ``K ≥ 2``.
        key: a random key.

    Raises:
        ConfigurationError: fewer than two draws.

    Sources: Kingma and Welling (2014), arXiv:1312.6114; Burda, Grosse and Salakhutdinov (2016),
    arXiv:1509.00519.

    >>> import jax, jax.numpy as jnp
    >>> exact = lambda params, x, noise: jnp.log(params) + 0.0 * x  # the same weight at every z
    >>> found = evidence_bounds(exact, 0.5, jnp.ones(3), latent=2, draws=4, key=jax.random.key(0))
    >>> round(found.elbo, 4), found.elbo_error, round(found.tight, 4)
    (-0.6931, 0.0, -0.6931)
    """
    draws, n = as_whole("draws", draws, least=2), len(jax.tree.leaves(samples)[0])
    told = np.asarray(
        _each(log_weight, latent, draws, params, samples, jax.random.split(key, n)), np.float64
    )
    means, variances, tights, spreads = told.T
    root = np.sqrt(n)
    return EvidenceBounds(
        float(means.mean()),
        float(means.std(ddof=1) / root) if n > 1 else float("nan"),
        float(np.sqrt(np.mean(variances) / (draws * n))),
        float(tights.mean()),
        float(tights.std(ddof=1) / root) if n > 1 else float("nan"),
        float(np.sqrt(np.mean(spreads) / (draws * n))),
        draws,
        n,
    )


@partial(jax.jit, static_argnums=(0, 1, 2))
def _each(
    log_weight: LogWeight, latent: int, draws: int, params: Any, samples: Any, keys: Array
) -> Array:
    """Of each sample the mean and variance of ``ln w``, ``ln mean w``, and ``var(w)/w̄²``."""

    def one(given: Any) -> Array:
        sample, key = given
        noise = jax.random.normal(key, (draws, latent))
        logs = jax.vmap(lambda e: log_weight(params, sample, e))(noise)
        tight = logsumexp(logs) - jnp.log(draws)
        spread = jnp.var(jnp.exp(logs - tight), ddof=1)
        return jnp.stack([jnp.mean(logs), jnp.var(logs, ddof=1), tight, spread])

    batch = max(1, _AT_ONCE // draws)
    return jax.lax.map(one, (samples, keys), batch_size=batch)
