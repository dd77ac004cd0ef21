"""The likelihood of an unnormalised density: exact where all states are there."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.train import Weighted, contrastive

STATES = jnp.array(list(itertools.product((0.0, 1.0), repeat=3)))
DATA = STATES[jnp.array([0, 3, 5, 6, 6])]
PARAMS = {"a": jnp.array([0.3, -0.5, 0.8]), "b": jnp.array(0.7)}


def free_energy(params, v):
    return -params["a"] @ v - params["b"] * jnp.tanh(v[0] * v[1] - params["a"][2] * v[2])


def likelihood(params, data):
    energies = jax.vmap(lambda v: free_energy(params, v))
    return jnp.mean(energies(data)) + jax.nn.logsumexp(-energies(STATES))


@pytest.mark.slow
def test_with_all_states_the_gradient_and_the_fisher_matrix_are_exact():
    """By ``jax.grad`` of the normalised likelihood, and the Hessian of its mean under itself."""

    @jax.jit
    def told(params):
        weights = jax.nn.softmax(-jax.vmap(lambda v: free_energy(params, v))(STATES))
        batch = {"data": DATA, "model": Weighted(STATES, weights)}
        e, _ = contrastive(free_energy).evaluate(params, (), batch)
        log_p = lambda params: -jax.vmap(lambda v: free_energy(params, v))(STATES)
        slopes = jax.jacobian(lambda p: jax.nn.log_softmax(log_p(p)))(params)
        rows = jnp.concatenate([slopes["a"], slopes["b"][:, None]], axis=1)
        fisher = rows.T @ (weights[:, None] * rows)
        return e._replace(jacobian=e.jacobian.parameter_gram()), fisher

    e, fisher = told(PARAMS)
    exact = jax.grad(likelihood)(PARAMS, DATA)
    for name in PARAMS:
        np.testing.assert_allclose(e.gradient[name], exact[name], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(e.jacobian, fisher, rtol=1e-10, atol=1e-14)
    assert e.residual is None


@pytest.mark.parametrize(
    ("function", "batch", "error", "message"),
    [
        (free_energy, DATA, ShapeError, "samples of 'data' and of the 'model'"),
        (free_energy, {"data": DATA}, ShapeError, r"got \['data'\]"),
        (free_energy, {"data": DATA, "model": STATES[:0]}, ShapeError, "model"),
        (lambda p, v: v * p["b"], {"data": DATA, "model": STATES}, ShapeError, "one real number"),
        *(
            (
                free_energy,
                {"data": DATA, "model": Weighted(STATES, jnp.full(8, weights))},
                ShapeError,
                "model: weights: expected probabilities",
            )
            for weights in (1.0, -0.125)
        ),
        (
            lambda p, v: jnp.sum(v),
            {"data": DATA, "model": STATES},
            ConfigurationError,
            "no parameter can change it",
        ),
    ],
)
def test_what_is_no_likelihood_is_refused(function, batch, error, message):
    with pytest.raises(error, match=message):
        contrastive(function).evaluate(PARAMS, (), batch)


@pytest.mark.slow
def test_there_is_no_value_to_search_along():
    with pytest.raises(pm.errors.NoValueError):
        pm.fit(
            contrastive(free_energy),
            pm.fixed({"data": DATA, "model": STATES}),
            pm.ssbroyden(),
            PARAMS,
            steps=1,
            key=jax.random.key(0),
        )
