"""Self-scaled quasi-Newton updates: the secant equation, definiteness, and convergence."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.optim.quasi_newton import _bfgs, _broyden, _next

UPDATES = pytest.mark.parametrize("update", [_broyden, _bfgs], ids=["ssbroyden", "ssbfgs"])


def pair(seed: int, n: int = 6):
    """A positive H, and a step along −Hg with the gradient's change on a convex quadratic."""
    keys = jax.random.split(jax.random.key(seed), 3)
    A, B = (m @ m.T + jnp.eye(n) for m in jax.random.normal(keys[0], (2, n, n)))
    H, g = jnp.linalg.inv(B), jax.random.normal(keys[1], (n,))
    s = -jax.random.uniform(keys[2], (), minval=0.1, maxval=2.0) * (H @ g)
    return H, g, s, A @ s


@UPDATES
def test_secant_equation_and_definiteness(update):
    for seed in range(20):
        H, g, s, y = pair(seed)
        new = _next(update, H, s, y, g, first=jnp.bool_(False))
        np.testing.assert_allclose(new @ y, s, atol=1e-12 * float(jnp.abs(s).max()))
        assert float(jnp.linalg.eigvalsh(new).min()) > 0


def test_bfgs_with_unit_scale_is_the_textbook_update():
    H, g, s, y = pair(3)
    s = -0.3 * (H @ g)  # b = α·(…) as below decides the scale
    y = 0.2 * y / jnp.dot(y, s) * jnp.dot(s, -g * 0.3)  # b = 5 > 1, then undo the scale by hand
    rho = 1 / jnp.dot(y, s)
    b = rho * jnp.dot(s, jnp.linalg.solve(H, s))
    V = jnp.eye(6) - rho * jnp.outer(y, s)
    middle = V.T @ H @ V
    expected = middle / jnp.minimum(1.0, 1 / b) + rho * jnp.outer(s, s)
    new = _next(_bfgs, H, s, y, g, first=jnp.bool_(False))
    np.testing.assert_allclose(new, expected, rtol=1e-9, atol=1e-12)


@UPDATES
def test_a_broken_pair_leaves_h_alone(update):
    H, g, s, y = pair(1)
    assert (_next(update, H, s, jnp.nan * y, g, first=jnp.bool_(False)) == H).all()


@pytest.mark.parametrize("make", [pm.ssbroyden, pm.ssbfgs])
def test_rosenbrock(make):
    objective = pm.least_squares(
        {"valley": lambda p, _: jnp.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])}
    )
    sampler = pm.fixed({"valley": jnp.zeros((1, 1))})
    result = pm.fit(
        objective, sampler, make(), jnp.array([-1.2, 1.0]), steps=45, key=jax.random.key(0)
    )
    np.testing.assert_allclose(result.params, [1.0, 1.0], atol=1e-6)


def test_redrawn_points_do_not_spoil_the_hessian():
    """Gradients are compared on one batch, so a new one at each step does no harm."""
    A = jax.random.normal(jax.random.key(0), (5,))
    objective = pm.least_squares({"rows": lambda x, row: row @ (x - A)})
    sampler = pm.drawn(lambda key, params: {"rows": jax.random.normal(key, (40, 5))}, every=1)
    result = pm.fit(
        objective, sampler, pm.ssbroyden(), jnp.zeros(5), steps=25, key=jax.random.key(1)
    )
    np.testing.assert_allclose(result.params, A, atol=1e-6)


def test_errors_are_named():
    with pytest.raises(pm.errors.ConfigurationError, match="search_steps"):
        pm.ssbroyden(search_steps=0)
    objective = pm.least_squares({"x": lambda p, x: p - x})._replace(value=None)
    with pytest.raises(pm.errors.NoValueError, match="ssbroyden"):
        optimizer = pm.ssbroyden()
        optimizer.update(jnp.zeros(2), optimizer.init(jnp.zeros(2)), jnp.zeros(2), value_fn=None)
    with pytest.raises(pm.errors.NoValueError, match="fixed samples"):
        pm.fit(
            objective,
            pm.fixed({"x": jnp.ones(2)}),
            pm.ssbroyden(),
            jnp.array(0.0),
            steps=1,
            key=jax.random.key(0),
        )


def test_a_single_parameter_is_no_division_by_zero(key):
    objective = pm.least_squares({"line": lambda params, x: params["slope"] * x - 2.0 * x})
    result = pm.fit(
        objective,
        pm.fixed({"line": jnp.linspace(0.0, 1.0, 10)}),
        pm.ssbroyden(),
        {"slope": jnp.array(0.0)},
        steps=10,
        key=key,
    )
    np.testing.assert_allclose(result.params["slope"], 2.0, rtol=1e-9)
