"""Damped least squares block by block: what is solved, and where the metric has blocks alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.generative.spins.conditional import log_prob
from physml.generative.spins.enumeration import over_all

PARAMS = {"a": jnp.zeros((2, 2)), "b": jnp.zeros(3)}
BLOCKS = {"a": np.array([[4, 0], [0, 7]]), "b": np.array([7, 0, 7])}
LABELS = np.array([4, 0, 0, 7, 7, 0, 7])
ROWS = np.sin(1.0 + np.arange(35.0) ** 1.5).reshape(5, 7)


def of_lines():
    """Five rows of seven parameters, scaled by 1/√5, and a residual."""
    objective = pm.least_squares({"line": lambda p, x: x @ ravel_pytree(p)[0] - 1.0})
    batch = {"line": jnp.asarray(ROWS)}
    evaluation, _ = objective.evaluate(PARAMS, objective.init(PARAMS), batch)
    return evaluation.jacobian, evaluation.residual


@pytest.mark.slow
@pytest.mark.parametrize("memory", [2**30, 1], ids=["rows", "chunks"])
def test_it_is_the_solution_of_the_diagonal_blocks(memory):
    jacobian, r = of_lines()
    J = ROWS / np.sqrt(5)
    metric = np.where(LABELS[:, None] == LABELS, J.T @ J, 0) + 0.01 * np.eye(7)
    solve, c = pm.optim.in_blocks(BLOCKS), np.cos(np.arange(7.0))
    unravel = ravel_pytree(PARAMS)[1]
    found = solve(jacobian, r, 0.01, memory=memory, centre=unravel(jnp.asarray(c)))
    expected = np.linalg.solve(metric, J.T @ np.asarray(r) + 0.01 * c)
    np.testing.assert_allclose(ravel_pytree(found)[0], expected, rtol=1e-9)
    alone = solve(jacobian, None, 0.01, memory=memory, gradient=unravel(jnp.asarray(c)))
    np.testing.assert_allclose(ravel_pytree(alone)[0], np.linalg.solve(metric, c), rtol=1e-9)


@pytest.mark.slow
def test_the_metric_of_drawn_spins_has_blocks_of_sites_alone():
    """Of all 64 states of 2 × 3 spins: off the blocks it vanishes, and within them it does not."""
    network, shape = pm.networks.LatticeBorder(2), (2, 3)
    params = network.init(jax.random.key(0), jnp.ones(shape))
    params = jax.tree.map(lambda x: x + 0.3 * jnp.cos(jnp.arange(x.size)).reshape(x.shape), params)
    log_q = log_prob(network)
    slope = jax.grad(log_q)
    rows = np.asarray(over_all(lambda s: ravel_pytree(slope(params, s))[0], shape))
    weights = np.exp(np.asarray(over_all(lambda s: log_q(params, s), shape)))
    fisher = rows.T @ (weights[:, None] * rows)
    labels = np.asarray(ravel_pytree(jax.tree.map(jnp.asarray, network.blocks(shape)))[0])
    same = labels[:, None] == labels
    assert labels.shape == (len(fisher),)
    assert np.abs(fisher[~same]).max() < 1e-5 * np.abs(fisher[same]).max()
    assert np.abs(rows.T @ rows)[~same].max() > 0.1, "of states that count alike it does not"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pm.optim.in_blocks({"a": np.ones(3)}), "whole numbers"),
        (lambda: pm.optim.in_blocks({"b": np.zeros(3, int)})(*of_lines(), 0.1), "got 3 of 7"),
        (lambda: pm.optim.in_blocks(BLOCKS)(of_lines()[0], None, 0.1), "gradient: expected"),
    ],
)
def test_other_blocks_are_refused(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()


def test_masked_blocks_are_refused():
    with pytest.raises(ShapeError, match="masked"):
        pm.optim.in_blocks({"a": np.ma.masked_equal([0, 1], 1)})


def test_complex_parameters_are_refused():
    jacobian, r = of_lines()
    waves = jax.tree.map(lambda x: x + 0j, PARAMS)
    with pytest.raises(ConfigurationError, match="real parameters"):
        pm.optim.in_blocks(BLOCKS)(pm.lazy_jacobian.Jacobian(waves, jacobian.blocks), r, 0.1)
