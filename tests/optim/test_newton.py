"""Newton's method: exact on quadratics, away from saddles."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NoValueError

MATRIX = jnp.array([[3.0, 1.0], [1.0, 2.0]])
START = jnp.array([0.3, -0.2])


def step(value, **options):
    optimizer = pm.optim.newton(**options)
    update = lambda x: optimizer.update(jax.grad(value)(x), optimizer.init(x), x, value_fn=value)[0]
    return jax.jit(update)(START)


def test_a_step_of_a_quadratic_is_damped_newton():
    value = lambda x: 0.5 * x @ MATRIX @ x
    exact = -np.linalg.solve(MATRIX + 0.1 * np.eye(2), MATRIX @ START)
    np.testing.assert_allclose(step(value, damping=0.1), exact, rtol=1e-12)
    np.testing.assert_allclose(step(value, damping=1e-14), -START, rtol=1e-12)


def test_a_saddle_is_left():
    """Newton's own step ends at the saddle, 0."""
    value = lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4
    moved = step(value, damping=1e-3)
    assert moved[0] == pytest.approx(-float(START[0]), rel=1e-3) and START[1] + moved[1] < START[1]


def test_a_line_search_shortens_what_climbs():
    value = lambda x: jnp.sum(jnp.abs(x) ** 1.1)
    search = pm.optim.grid_line_search()
    assert value(START + step(value, line_search=search)) < value(START)


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigurationError, match="damping: expected"):
        pm.optim.newton(damping=0.0)
    with pytest.raises(ConfigurationError, match="line_search: expected 0 or more"):
        pm.optim.OptimizerSettings(name="newton", line_search=-1).build()
    with pytest.raises(NoValueError, match="newton"):
        pm.optim.newton().update(START, pm.optim.newton().init(START), START)
