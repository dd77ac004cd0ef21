"""The mean under the model's own density: its rows, its zero variance, what it refuses."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

import physml as pm
from physml.train import score

SIDE, BETA = 8, 0.5
SPINS = jnp.array(list(itertools.product((0, 1), repeat=SIDE)))
ENERGIES = -np.sum((2 * np.asarray(SPINS) - 1) * np.roll(2 * np.asarray(SPINS) - 1, 1, 1), axis=1)
EXACT = -np.log(np.sum(np.exp(-BETA * ENERGIES)))
"""``−ln Z`` of an Ising ring of eight spins, J = 1, by enumeration."""


def log_q(params, spins):
    """Spin ``i`` given its left neighbour and the first spin: exact for some parameters."""
    left, first = spins[:-1], jnp.broadcast_to(spins[0], (SIDE - 1,))
    logits = params["rest"][jnp.arange(SIDE - 1), left, first]
    return jnp.sum(
        jax.nn.log_sigmoid((2 * spins - 1) * jnp.concatenate([params["first"][None], logits]))
    )


def free_energy(params, spins):
    s = 2.0 * spins - 1
    return -BETA * jnp.sum(s * jnp.roll(s, 1)) + log_q(params, spins)


def ancestral(n):
    def draw(key, params):
        keys = jax.random.split(key, SIDE)
        first = jax.random.bernoulli(keys[0], jax.nn.sigmoid(params["first"]), (n,)).astype(int)
        spins = [first]
        for i in range(SIDE - 1):
            chance = jax.nn.sigmoid(params["rest"][i, spins[-1], first])
            spins.append(jax.random.bernoulli(keys[i + 1], chance).astype(int))
        return jnp.stack(spins, axis=1)

    def sample(key, state, params):
        return state, draw(key, params), {}

    return pm.Sampler(lambda key, params: (), sample)


def evaluate(objective, params, samples):
    """An evaluation, with its rows as an array."""

    def told(params, samples):
        e, _ = objective.evaluate(params, (), samples)
        return e._replace(jacobian=e.jacobian.dense())

    return jax.jit(told)(params, samples)


START = {"first": jnp.array(0.3), "rest": 0.1 * jnp.ones((SIDE - 1, 2, 2))}


@pytest.mark.slow
def test_an_ising_ring_at_zero_variance():
    """At the exact q ``βE + ln q`` is ``−ln Z`` at every sample; the natural gradient goes there.

    Near it ``f − f̄`` is a linear function of the rows, so a step of length 1 is Newton's whichever
    samples are drawn.
    """
    result = pm.fit(
        score(log_q, free_energy),
        ancestral(256),
        pm.natural_gradient(1.0, damping=1e-6, max_norm=2.0),
        START,
        steps=40,
        key=jax.random.key(0),
    )
    assert result.history["variance"][0] > 0.5
    assert result.history["variance"][-1] < 1e-12
    assert abs(result.history["loss"][-1] - EXACT) < 1e-6
    everywhere = jax.vmap(free_energy, (None, 0))(result.params, SPINS)
    np.testing.assert_allclose(everywhere, EXACT, atol=1e-5)


@pytest.mark.slow
def test_gradient_is_that_of_the_free_energy():
    """Each state as often as q says: the gradient of ``Σ q (βE + ln q)``."""
    table = jnp.log(jnp.array([4.0, 2.0, 1.0, 1.0]) / 8)
    states = jnp.repeat(jnp.arange(4), jnp.array([4, 2, 1, 1]))
    energies = jnp.array([0.3, -1.0, 0.7, 2.0])
    of_state = lambda logits, s: jax.nn.log_softmax(logits)[s]
    objective = score(of_state, lambda logits, s: energies[s] + of_state(logits, s))
    e = evaluate(objective, table, states)

    def free(logits):
        q = jax.nn.softmax(logits)
        return jnp.sum(q * (energies + jnp.log(q)))

    np.testing.assert_allclose(e.loss, free(table), rtol=1e-14)
    np.testing.assert_allclose(e.gradient, jax.grad(free)(table), rtol=1e-12, atol=1e-15)
    q = np.exp(table)
    np.testing.assert_allclose(
        e.jacobian.T @ e.jacobian, np.diag(q) - np.outer(q, q), rtol=1e-12, atol=1e-15
    )
    f = np.asarray(energies + table)[np.asarray(states)]
    np.testing.assert_allclose(e.metrics["variance"], f.var(), rtol=1e-12)
    np.testing.assert_allclose(e.metrics["error"], f.std() / 8**0.5, rtol=1e-12)


def test_the_power_multiplies_the_residual_alone():
    """``q = φ²``: the same gradient from ``log φ = ½ ln q``, and a quarter of its Fisher matrix."""
    spins = SPINS[::7]
    one = evaluate(score(log_q, free_energy), START, spins)
    half = lambda params, s: 0.5 * log_q(params, s)
    two = evaluate(score(half, free_energy, power=2), START, spins)
    for a, b in zip(jax.tree.leaves(one.gradient), jax.tree.leaves(two.gradient), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(one.jacobian, 2 * two.jacobian, rtol=1e-12, atol=1e-15)


def test_a_baseline_changes_nothing_and_clipping_only_the_gradient():
    spins = SPINS[::7]
    plain = evaluate(score(log_q, free_energy), START, spins)
    lifted = evaluate(score(log_q, lambda p, s: free_energy(p, s) + 7.0), START, spins)
    np.testing.assert_allclose(plain.residual, lifted.residual, atol=1e-13)
    clipped = evaluate(score(log_q, free_energy, clip=1.0), START, spins)
    assert float(clipped.loss) == float(plain.loss)
    assert float(clipped.metrics["variance"]) == float(plain.metrics["variance"])
    assert not np.allclose(clipped.residual, plain.residual)


def test_arrays_of_the_functions_are_data():
    energies = jnp.asarray(ENERGIES)
    log_table = lambda logits, s: jax.nn.log_softmax(logits)[s]
    f = lambda energies, logits, s: BETA * energies[s] + log_table(logits, s)
    objective = score(
        Partial(lambda scale, p, s: scale * log_table(p, s), 1.0), Partial(f, energies)
    )
    assert any(leaf is energies for leaf in jax.tree.leaves(objective))
    e = evaluate(objective, jnp.zeros(256), jnp.arange(256))
    np.testing.assert_allclose(e.loss, -np.log(256), rtol=1e-12)


@pytest.mark.parametrize(
    ("log_q", "f", "samples", "message"),
    [
        (lambda p, x: p * x, lambda p, x: x, jnp.ones((3, 2)), r"log_q: .* one number .* \(2,\)"),
        (lambda p, x: p * x, lambda p, x: (x, x), jnp.ones(3), "f: .* one number .* tuple"),
        (lambda p, x: p * x, lambda p, x: 1, jnp.ones(3), "f: .* real or complex .* int64"),
        (lambda p, x: p * x, lambda p, x: x > 0, jnp.ones(3), "f: .* real or complex .* bool"),
        (lambda p, x: p * x, lambda p, x: x, jnp.ones(0), "at least one sample"),
        (lambda p, x: 2.0 * x, lambda p, x: x, jnp.ones(3), "no parameter can change"),
    ],
)
def test_what_does_not_fit_is_refused(log_q, f, samples, message):
    with pytest.raises(pm.errors.PhysmlError, match=message):
        score(log_q, f).evaluate(jnp.array(1.0), (), samples)


@pytest.mark.parametrize("options", [{"power": 0.0}, {"power": -1.0}, {"clip": 0.0}])
def test_bad_numbers_are_named(options):
    (name,) = options
    with pytest.raises(pm.errors.ConfigurationError, match=f"{name}: expected"):
        score(log_q, free_energy, **options)


def test_what_is_not_finite_is_named():
    f = lambda params, spins: jnp.where(jnp.sum(spins) == 8, jnp.nan, 0.0)
    with pytest.raises(
        pm.errors.NonFiniteError, match="f: the value is not finite at 1 of 256 sam"
    ):
        pm.fit(
            score(log_q, f),
            pm.fixed(SPINS),
            pm.natural_gradient(),
            START,
            steps=1,
            key=jax.random.key(0),
        )
