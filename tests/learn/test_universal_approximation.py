"""What no width helps: a polynomial activation makes polynomials."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial import legendre

import physml as pm


def test_a_cubic_activation_stalls_at_the_best_cubic():
    """Within 10% of the Legendre projection, and not below it; by tanh it is a hundredth."""
    x, w = legendre.leggauss(40)
    y = np.sin(4 * x)
    powers = legendre.legvander(x, 3)
    best = powers @ ((powers.T @ (w * y)) * (np.arange(4) + 0.5))
    floor = np.sqrt(np.sum(w * (best - y) ** 2))
    samples = tuple(map(jnp.asarray, (x[:, None], y, np.sqrt(w * len(x)))))

    def error(activation):
        network = pm.MLP((8,), activation=activation)
        row = lambda params, s: s[2] * (network.apply(params, s[0]) - s[1])
        params = network.init(jax.random.key(0), jnp.zeros(1))
        fit = pm.fit(
            pm.least_squares({"data": row}),
            pm.fixed({"data": samples}),
            pm.gauss_newton(),
            jax.tree.map(lambda leaf: leaf + 0.3, params),
            steps=60,
            key=jax.random.key(1),
        )
        return np.sqrt(2 * fit.history["loss"][-1])

    assert floor * (1 - 1e-9) < error(lambda z: z**3) < 1.1 * floor
    assert error(jnp.tanh) < 0.01 * floor
