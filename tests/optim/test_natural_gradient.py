"""SPRING's identities, its bounds, and its place among optax's transformations."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm

NETWORK = pm.MLP((6,))
PARAMS = NETWORK.init(jax.random.key(0), jnp.zeros(1))
OBJECTIVE = pm.least_squares({"data": lambda params, z: NETWORK.apply(params, z) - jnp.sin(z[0])})


def evaluation(seed: int, n: int = 30):
    batch = {"data": jax.random.normal(jax.random.key(seed), (n, 1))}
    return OBJECTIVE.evaluate(PARAMS, OBJECTIVE.init(PARAMS), batch)[0]


def flat(tree):
    return ravel_pytree(tree)[0]


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 60], ids=["n < p", "n > p"])
def test_spring_identity_in_parameter_space(n):
    """(S + λ) φ = F + λ μ φ_prev, with S = JᵀJ and F = Jᵀr."""
    damping, momentum = 1e-2, 0.9
    optimizer = pm.natural_gradient(1.0, damping=damping, momentum=momentum)
    state = optimizer.init(PARAMS)
    for seed in (1, 2):
        previous = flat(state.direction)
        e = evaluation(seed, n)
        updates, state = optimizer.update(e.gradient, state, PARAMS, evaluation=e)
        J = e.jacobian.dense()
        phi = flat(state.direction)
        left = J.T @ (J @ phi) + damping * phi
        right = J.T @ e.residual + damping * momentum * previous
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(flat(updates), -phi, rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 60], ids=["n < p", "n > p"])
def test_spring_of_the_metric_alone(n):
    """(S + λ) φ = ∇C + λ μ φ_prev, for a gradient that no rows give."""
    damping, momentum = 1e-2, 0.9
    optimizer = pm.natural_gradient(1.0, damping=damping, momentum=momentum)
    state = optimizer.init(PARAMS)
    for seed in (1, 2):
        previous = flat(state.direction)
        e = evaluation(seed, n)
        noise = jax.tree.map(
            lambda leaf, s=seed: jax.random.normal(jax.random.key(s), leaf.shape), e.gradient
        )
        e = e._replace(residual=None, gradient=noise)
        _, state = optimizer.update(PARAMS, state, PARAMS, evaluation=e)
        J, phi = e.jacobian.dense(), flat(state.direction)
        left = J.T @ (J @ phi) + damping * phi
        right = flat(noise) + damping * momentum * previous
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-11)


@pytest.mark.slow
def test_rows_are_the_solver_s_affair():
    """Conjugate gradients build none, by whatever name, with momentum too."""
    e = evaluation(1)
    n, p = e.jacobian.shape

    def largest(solve):
        optimizer = pm.natural_gradient(0.1, momentum=0.9, solve=solve)
        state = optimizer.init(PARAMS)
        step = lambda e: optimizer.update(e.gradient, state, PARAMS, evaluation=e)
        program = jax.make_jaxpr(step)(e)
        return f"[{n},{p}]" in str(program)

    assert largest(pm.optim.smallest_side)
    assert not largest(pm.optim.matrix_free)
    assert not largest(partial(pm.optim.matrix_free, tolerance=1e-9))


@pytest.mark.slow
def test_direction_obeys_its_bound():
    """|φ| ≤ max|r| / √(λ(1 − μ²))."""
    damping, momentum = 1e-3, 0.95
    optimizer = pm.natural_gradient(1.0, damping=damping, momentum=momentum)
    state, largest = optimizer.init(PARAMS), 0.0
    for seed in range(40):
        e = evaluation(seed, 8)
        _, state = optimizer.update(e.gradient, state, PARAMS, evaluation=e)
        largest = max(largest, float(jnp.linalg.norm(e.residual)))
        bound = largest / np.sqrt(damping * (1 - momentum**2))
        assert float(jnp.linalg.norm(flat(state.direction))) <= bound


def test_without_momentum_nothing_is_remembered():
    assert pm.natural_gradient(0.1).init(PARAMS).direction == ()


@pytest.mark.slow
def test_max_norm_and_schedules():
    e = evaluation(1)
    optimizer = pm.natural_gradient(
        lambda step: 0.5 / (1 + step), damping=lambda step: 1e-3 * (1 + step), max_norm=1e-3
    )
    updates, state = optimizer.update(e.gradient, optimizer.init(PARAMS), PARAMS, evaluation=e)
    np.testing.assert_allclose(jnp.linalg.norm(flat(updates)), 1e-3, rtol=1e-12)
    assert float(state.metrics["step_length"]) < 0.5
    free = pm.natural_gradient(
        lambda step: 0.5 / (1 + step), damping=lambda step: 1e-3 * (1 + step)
    )
    state = free.init(PARAMS)
    _, state = free.update(e.gradient, state, PARAMS, evaluation=e)
    assert float(state.metrics["step_length"]) == 0.5
    second, state = free.update(e.gradient, state, PARAMS, evaluation=e)
    assert float(state.metrics["step_length"]) == 0.25
    by_hand = 0.25 * flat(pm.optim.in_parameter_space(e.jacobian, e.residual, 2e-3))
    np.testing.assert_allclose(-flat(second), by_hand, rtol=1e-9)


@pytest.mark.slow
def test_line_search_takes_the_best_candidate():
    e = evaluation(1)
    state = OBJECTIVE.init(PARAMS)
    batch = {"data": jax.random.normal(jax.random.key(1), (30, 1))}
    value_fn = lambda params: OBJECTIVE.value(params, state, batch)
    optimizer = pm.natural_gradient(8.0, damping=1e-6, line_search=pm.optim.grid_line_search())
    updates, new = optimizer.update(
        e.gradient, optimizer.init(PARAMS), PARAMS, evaluation=e, value_fn=value_fn
    )
    chosen = float(new.metrics["step_length"])
    direction = optax.tree.scale(1 / chosen, updates)
    losses = [
        float(value_fn(optax.apply_updates(PARAMS, optax.tree.scale(8.0 * 0.5**k, direction))))
        for k in range(16)
    ]
    assert chosen == 8.0 * 0.5 ** int(np.argmin(losses))


def test_line_search_refuses_to_climb():
    search = pm.optim.grid_line_search()
    x = jnp.array(0.0)
    assert float(search(lambda y: (y - 1.0) ** 2, x, jnp.array(-4.0))) == 0.0
    assert float(search(lambda y: 1.0 + 0.0 * y, x, jnp.array(1.0))) == 0.0
    # Nothing finite to go to is no refusal: it must not pass for one.
    assert jnp.isnan(search(lambda y: jnp.where(y == 0.0, 1.0, jnp.nan), x, jnp.array(1.0)))
    partly = search(lambda y: jnp.where(y < 0.1, (y - 1.0) ** 2, jnp.nan), x, jnp.array(1.0))
    assert float(partly) == 2.0**-4
    assert float(search(lambda y: -y, x, jnp.array(1.0))) == 1.0


def test_no_step_where_every_candidate_climbs():
    """The direction came from one batch, the loss from another that wants the opposite."""
    e = evaluation(1)
    weights = OBJECTIVE.init(PARAMS)
    batch = {"data": jax.random.normal(jax.random.key(1), (30, 1))}
    optimizer = pm.natural_gradient(1.0, damping=1e-3, line_search=pm.optim.grid_line_search())
    updates, state = optimizer.update(
        e.gradient,
        optimizer.init(PARAMS),
        PARAMS,
        evaluation=e,
        value_fn=lambda params: -OBJECTIVE.value(params, weights, batch),
    )
    assert float(state.metrics["step_length"]) == 0.0
    assert not flat(updates).any()


def test_chains_with_optax():
    e = evaluation(1)
    alone = pm.natural_gradient(1.0, damping=1e-3)
    chain = optax.chain(alone, optax.scale(0.25), optax.clip_by_global_norm(1e9))
    updates, _ = chain.update(e.gradient, chain.init(PARAMS), PARAMS, evaluation=e)
    expected, _ = alone.update(e.gradient, alone.init(PARAMS), PARAMS, evaluation=e)
    np.testing.assert_allclose(flat(updates), 0.25 * flat(expected), rtol=1e-14)


@pytest.mark.parametrize(
    "options",
    [
        {"damping": -1e-3},
        {"damping": 0.0},
        {"momentum": 1.0},
        {"momentum": -0.1},
        {"max_norm": 0.0},
    ],
)
def test_bad_numbers_are_named(options):
    (name,) = options
    with pytest.raises(pm.errors.ConfigurationError, match=f"{name}: expected"):
        pm.natural_gradient(0.1, **options)


def test_a_missing_evaluation_is_named():
    optimizer = pm.natural_gradient(0.1)
    with pytest.raises(pm.errors.ConfigurationError, match="evaluation="):
        optimizer.update(PARAMS, optimizer.init(PARAMS), PARAMS)


def test_a_line_search_without_value_is_refused():
    optimizer = pm.natural_gradient(1.0, line_search=pm.optim.grid_line_search())
    with pytest.raises(pm.errors.NoValueError, match="fixed samples"):
        e = evaluation(1)
        optimizer.update(e.gradient, optimizer.init(PARAMS), PARAMS, evaluation=e)


@pytest.mark.parametrize("options", [{"shrink": 1.0}, {"shrink": 0.0}, {"candidates": 0}])
def test_bad_line_searches_are_named(options):
    with pytest.raises(pm.errors.ConfigurationError, match=next(iter(options))):
        pm.optim.grid_line_search(**options)
