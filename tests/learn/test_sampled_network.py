"""Networks by NUTS: a linear one's posterior in closed form, and what is refused."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml import learn
from physml.errors import ConfigurationError, SamplingError, ShapeError
from physml.learn.bayes.sampled_network import SampledNetwork, _mixture_quantile
from physml.networks import MLP

pytest.importorskip("blackjax")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(20, 2))
Y = X @ [1.0, -0.5] + 0.3 * RANDOM.normal(size=20)
NEW = RANDOM.normal(size=(3, 2))


class Line:
    """``θ·x``."""

    def init(self, key: jax.Array, x: jax.Array) -> Any:
        return 0.1 * jax.random.normal(key, x.shape, x.dtype)

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        return jnp.sum(params * x)


@pytest.fixture(scope="module")
def drawn():
    return learn.sampled_network(
        Line(), X, Y, noise=0.3, prior=0.8, warm_up=200, samples=400, key=jax.random.key(0)
    )


@pytest.mark.slow
def test_a_linear_one_is_bayesian_regression(drawn):
    exact = learn.bayesian_regression(X, Y, noise=0.3, prior=0.8)
    deviation = exact.standard_deviation(NEW)
    rhat, independent = drawn.agreement(NEW)
    assert rhat < 1.03 and independent > 200
    bound = 4 * deviation / independent**0.5
    assert np.all(np.abs(drawn.predict(NEW) - exact.predict(NEW)) < bound)
    np.testing.assert_allclose(
        drawn.standard_deviation(NEW), deviation, rtol=4 / (2 * independent) ** 0.5
    )
    for observed in (False, True):
        ours, theirs = (one.interval(NEW, 0.8, observed=observed) for one in (drawn, exact))
        np.testing.assert_allclose(ours.low, theirs.low, atol=3 * bound.max())
        np.testing.assert_allclose(ours.high, theirs.high, atol=3 * bound.max())


def test_inputs_of_another_dimension_do_not_broadcast():
    one = SampledNetwork(Line(), jnp.ones((1, 1, 2)), 0.1, 1.0, 0.0, 1.0, 2)
    np.testing.assert_allclose(one.predict(NEW), NEW.sum(axis=1), rtol=1e-12)
    with pytest.raises(ShapeError, match=r"inputs: expected \(n, 2\), got \(3, 1\)"):
        one.predict(NEW[:, :1])


def test_quantiles_of_a_mixture_are_those_of_its_law():
    one = _mixture_quantile(np.full((5, 2), 3.0), 2.0, 0.95)
    np.testing.assert_allclose(one, 3.0 + 2.0 * 1.6448536, rtol=1e-7)
    apart = _mixture_quantile(np.array([[-10.0], [10.0]]), 1.0, 0.25)
    np.testing.assert_allclose(apart, -10.0, atol=1e-6)


@pytest.mark.slow
def test_other_levels_and_inputs_are_refused(drawn):
    with pytest.raises(ConfigurationError, match="level: expected a probability"):
        drawn.interval(NEW, 90)
    with pytest.raises(ShapeError, match=r"inputs: expected \(n, d\), got \(3,\)"):
        drawn.predict(NEW[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((Line(), X, Y[:, None]), {}, ShapeError, r"targets: expected one a sample, \(20,\)"),
        ((Line(), X, Y), {"noise": 0.0}, ConfigurationError, "noise: expected a finite"),
        ((Line(), X, Y), {"prior": -1.0}, ConfigurationError, "prior: expected a finite"),
        ((Line(), X, Y), {"chains": 1}, ConfigurationError, "chains: expected at least 2"),
        ((MLP((2,), outputs=2), X, Y), {}, ShapeError, r"network: expected one number, \(\)"),
    ],
)
def test_what_cannot_be_sampled_is_refused(arguments, options, error, message, key):
    with pytest.raises(error, match=message):
        learn.sampled_network(*arguments, **{"noise": 0.3, "prior": 0.8, **options}, key=key)


def test_chains_that_disagree_are_refused_and_kept(monkeypatch, key):
    stuck = jnp.stack([jnp.zeros((50, 2)), jnp.ones((50, 2))], axis=1)
    module = __import__("sys").modules["physml.learn.bayes.sampled_network"]
    monkeypatch.setattr(
        module, "_walk", lambda *_: (stuck + 1e-3 * RANDOM.normal(size=stuck.shape), 0.0)
    )
    with pytest.raises(SamplingError, match="2 chains disagree on what they predict") as told:
        learn.sampled_network(Line(), X, Y, noise=0.3, prior=0.8, chains=2, key=key)
    assert isinstance(told.value.kept, SampledNetwork) and told.value.kept.rhat > 2
