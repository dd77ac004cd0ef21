"""What is not finite is said with its term and its sample, whether or not a step was asked for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.errors import NonFiniteError

KEY = jax.random.key(0)


def fit(row, samples, optimizer, start, **options):
    objective = pm.least_squares({"row": row})
    return pm.fit(objective, pm.fixed({"row": samples}), optimizer, start, key=KEY, **options)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (lambda p, z: p * jnp.log(z), r"row: the residual is not finite at 3 of 5 points, such as"),
        (lambda p, z: jnp.sqrt(p**2) * z, r"row: the derivative .* at 5 of 5 points, .* 0, -1.0"),
    ],
    ids=["residual", "slope"],
)
def test_no_steps_are_no_way_around(row, words):
    start = jnp.array(0.0)
    with pytest.raises(NonFiniteError, match=words):
        fit(row, jnp.linspace(-1.0, 1.0, 5), optax.sgd(1.0), start, steps=0)
    good = fit(lambda p, z: p - z, jnp.ones(2), optax.sgd(1.0), start, steps=0)
    assert float(good.params) == 0.0 and good.history == {}


def test_the_sample_is_one_of_the_batch_that_failed():
    """Drawn anew at each step: what the message shows was met there, and is below 0."""
    draw = lambda key, params: {"row": {"x": jax.random.uniform(key, (8,), minval=-0.01)}}
    objective = pm.least_squares({"row": lambda p, z: p * jnp.log(z["x"])})
    with pytest.raises(NonFiniteError, match=r"1 of 8 points, such as .* \{'x': -0.00") as caught:
        pm.fit(
            objective, pm.drawn(draw, every=1), optax.sgd(1e-3), jnp.array(1.0), steps=99, key=KEY
        )
    assert "step 0 " not in str(caught.value)


def test_the_last_step_is_looked_at_too():
    """√p at p = 1, and one step of length 2: the loss that nobody asked for is a NaN."""
    with pytest.raises(NonFiniteError, match=r"row: the residual .* the last step \(train\) met"):
        fit(lambda p, z: jnp.sqrt(p) * z, jnp.ones(3), optax.sgd(4.0), jnp.array(1.0), steps=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    [
        pm.gauss_newton(),
        pm.natural_gradient(1.0, damping=1e-6, line_search=pm.optim.grid_line_search()),
        optax.lbfgs(),
    ],
    ids=["trust region", "grid", "zoom"],
)
def test_a_run_that_ends_beside_a_wall_says_so(optimizer):
    """The minimum is p = 1, and nothing is finite above 0.7: soon all of them rest just below."""
    row = lambda p, z: jnp.where(p > 0.7, jnp.nan, p - 1.0) * z
    with pytest.warns(UserWarning, match=r"beside parameters .* row: the residual is not finite"):
        result = fit(row, jnp.ones(3), optimizer, jnp.array(0.0), steps=2)
    assert 0.3 < float(result.params) <= 0.7
    assert not result.history.get("converged", np.zeros(1)).any()


def test_a_walker_without_a_local_energy_is_named():
    """A Hamiltonian that divides by zero at the third walker."""
    walkers = jnp.linspace(-1.0, 1.0, 5)[:, None, None]
    objective = pm.vmc.energy(lambda a, x: -a * jnp.sum(x**2), lambda log_psi, x: 1 / jnp.sum(x))
    words = r"energy: the local energy is not finite at 1 of 5 walkers, such as walker 2, \[\[0.0\]"
    for steps in (0, 3):
        with pytest.raises(NonFiniteError, match=words):
            pm.fit(
                objective, pm.fixed(walkers), optax.sgd(0.1), jnp.array(1.0), steps=steps, key=KEY
            )


@pytest.mark.slow
def test_a_root_that_is_never_zero_needs_no_word():
    """The draining tank, u' = −2√u, u = (1 − t)²: right as long as no point lies at its end."""
    problem = pm.Problem(
        domain=pm.Box(t=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) + 2 * jnp.sqrt(jnp.abs(u(z))),
        ansatz=lambda N, z: (1 - z[0]) * (1 + z[0] * N(z)),
    )
    solution = pm.solve(problem, pm.MLP((4,)), points=32, steps=40)
    np.testing.assert_allclose(solution(jnp.array([[0.5]])), 0.25, atol=1e-3)


def test_a_loss_that_is_zero_by_underflow_is_told():
    """Residuals of 1e-170 that nothing has solved: their squares are zero."""
    row = lambda p, z: 1e-170 * (p - z)
    with pytest.warns(UserWarning, match=r"the loss is 0, and residuals are not: they are up to"):
        result = fit(row, jnp.ones(3), pm.gauss_newton(), jnp.array(0.0), steps=3)
    assert float(result.history["loss"][-1]) == 0.0
    solved = fit(lambda p, z: p - z, jnp.ones(3), pm.gauss_newton(), jnp.array(1.0), steps=3)
    assert float(solved.params) == 1.0


def test_a_sample_too_long_to_read_is_told_by_its_shape():
    with pytest.raises(NonFiniteError, match=r"such as point 0, an array \(20, 20\)") as told:
        samples = jnp.ones((3, 20, 20))
        fit(lambda p, z: jnp.log(p * z[0, 0]), samples, optax.sgd(1.0), jnp.array(-1.0), steps=0)
    assert len(str(told.value)) < 500
