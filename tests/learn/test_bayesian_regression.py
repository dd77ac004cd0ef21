"""Bayesian linear regression: closed forms, the conditions of its evidence, other ways to it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml import learn
from physml.errors import ConfigurationError, ConvergenceError, NonFiniteError, ShapeError

RANDOM = np.random.default_rng(0)
N, P = 30, 4
X = RANDOM.normal(size=(N, P)) * [1.0, 2.0, 0.5, 1.0]
Y = X @ [1.0, -0.5, 0.3, 0.0] + 0.3 * RANDOM.normal(size=N)
NEW = RANDOM.normal(size=(7, P))


def test_it_is_the_closed_form():
    model = learn.bayesian_regression(X, Y, noise=0.3, prior=0.8)
    covariance = np.linalg.inv(X.T @ X / 0.09 + np.eye(P) / 0.64)
    np.testing.assert_allclose(model.covariance, covariance, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(model.coefficients, covariance @ X.T @ Y / 0.09, rtol=1e-10)
    C = 0.09 * np.eye(N) + 0.64 * X @ X.T
    evidence = -0.5 * (Y @ np.linalg.solve(C, Y) + np.linalg.slogdet(2 * np.pi * C)[1])
    assert abs(model.log_evidence - evidence) < 1e-10
    deviation = np.sqrt(np.diag(NEW @ covariance @ NEW.T))
    np.testing.assert_allclose(model.standard_deviation(NEW), deviation, rtol=1e-10)
    low, high = model.interval(NEW, 0.9, observed=True)
    np.testing.assert_allclose(0.5 * (low + high), model.predict(NEW), rtol=1e-10)
    np.testing.assert_allclose((high - low) / 2, 1.6448536 * np.hypot(deviation, 0.3), rtol=1e-7)


def test_with_fewer_samples_than_coefficients_too():
    model = learn.bayesian_regression(X[:3], Y[:3], noise=0.3, prior=0.8)
    covariance = np.linalg.inv(X[:3].T @ X[:3] / 0.09 + np.eye(P) / 0.64)
    np.testing.assert_allclose(model.covariance, covariance, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("samples", [3, N])
def test_small_bars_are_no_difference_of_large_ones(samples):
    """Where samples were seen a bar is their noise at most, however wide the prior."""
    some, noise = X[:samples], 1e-9
    model = learn.bayesian_regression(some, Y[:samples], noise=noise, prior=100.0)
    np.testing.assert_allclose(model.root.T @ model.root, model.covariance, rtol=1e-12)
    _, S, Vt = np.linalg.svd(some)
    bars = model.standard_deviation(Vt)
    exact = np.append(noise / S, np.full(P - len(S), 100.0))
    np.testing.assert_allclose(bars, exact, rtol=1e-3)


def test_noise_and_prior_are_mackay_s_fixed_point():
    """``α = γ/|θ|²`` and ``β = (n − γ)/|y − Xθ|²``."""
    model = learn.bayesian_regression(X, Y)
    gamma, theta = model.determined, model.coefficients
    np.testing.assert_allclose(model.prior**2, theta @ theta / gamma, rtol=1e-10)
    np.testing.assert_allclose(
        model.noise**2, np.sum((Y - X @ theta) ** 2) / (N - gamma), rtol=1e-10
    )
    given = learn.bayesian_regression(X, Y, noise=0.3)
    np.testing.assert_allclose(
        given.prior**2, np.sum(given.coefficients**2) / given.determined, rtol=1e-10
    )
    given = learn.bayesian_regression(X, Y, prior=0.5)
    left = np.sum((Y - X @ given.coefficients) ** 2)
    np.testing.assert_allclose(given.noise**2, left / (N - given.determined), rtol=1e-10)


def test_scikit_learn_finds_the_same():
    BayesianRidge = pytest.importorskip("sklearn.linear_model").BayesianRidge
    flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    theirs = BayesianRidge(tol=1e-12, max_iter=1000, fit_intercept=False, **flat).fit(X, Y)
    ours = learn.bayesian_regression(X, Y)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_, rtol=1e-8)
    np.testing.assert_allclose(ours.covariance, theirs.sigma_, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(ours.noise, theirs.alpha_**-0.5, rtol=1e-8)


def test_it_is_the_gaussian_process_of_a_linear_kernel():
    model = learn.bayesian_regression(X, Y)
    process = learn.gaussian_process(
        learn.linear_kernel(model.prior), learn.Observed(X, Y, noise=model.noise)
    )
    np.testing.assert_allclose(process(NEW), model.predict(NEW), atol=1e-10)
    np.testing.assert_allclose(
        process.standard_deviation(NEW), model.standard_deviation(NEW), atol=1e-10
    )
    assert abs(process.log_evidence - model.log_evidence) < 1e-10


@pytest.mark.slow
def test_it_is_the_posterior_of_the_same_least_squares():
    noise, prior = 0.3, 0.8
    model = learn.bayesian_regression(X, Y, noise=noise, prior=prior)
    line = lambda theta, x: jnp.sum(theta * x)
    objective = pm.least_squares({"data": lambda theta, xy: line(theta, xy[0]) - xy[1]})
    batch = {"data": (jnp.asarray(X), jnp.asarray(Y))}
    damping = (noise / prior) ** 2 / N  # rows carry 1/√n
    fitted = pm.fit(
        objective,
        pm.fixed(batch),
        pm.natural_gradient(1.0, damping=0.0, weight_decay=damping),
        jnp.zeros(P),
        steps=1,
        key=jax.random.key(0),
        look_beyond=False,
        progress=False,
    )
    bars = pm.posterior(
        pm.train.Fitted(fitted, objective, batch, line), noise=noise, damping=damping
    )
    np.testing.assert_allclose(fitted.params, model.coefficients, atol=1e-10)
    np.testing.assert_allclose(
        bars.standard_deviation(NEW), model.standard_deviation(NEW), atol=1e-10
    )


def test_samples_have_its_covariance(key):
    model = learn.bayesian_regression(X, Y)
    drawn = model.sample(key, NEW[:1], 4000)[:, 0]
    deviation = model.standard_deviation(NEW[:1])[0]
    assert abs(drawn.mean() - model.predict(NEW[:1])[0]) < 4 * deviation / 4000**0.5
    assert abs(drawn.std() / deviation - 1) < 4 / 8000**0.5


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X, Y[:, None]), {}, ShapeError, r"targets: expected one a sample, \(30,\)"),
        ((X, np.where(Y > 1, np.nan, Y)), {}, NonFiniteError, "targets"),
        ((X, Y * 1j), {}, ShapeError, "targets: expected real numbers"),
        ((X[:, 0], Y), {}, ShapeError, r"inputs: expected \(n, p\)"),
        ((X, Y), {"noise": 0.0}, ConfigurationError, "noise: expected a finite deviation > 0"),
        ((X, Y), {"prior": np.nan}, ConfigurationError, "prior: expected a finite"),
        ((X, X @ np.ones(P)), {}, ConvergenceError, "without error by 4 combinations"),
        ((X, 0 * Y), {}, ConvergenceError, "no part along the inputs"),
    ],
)
def test_what_has_no_answer_is_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        learn.bayesian_regression(*arguments, **options)


def test_more_features_than_targets_have_an_evidence():
    """All combinations of 30 targets are met; which part of them is noise the evidence tells."""
    random = np.random.default_rng(0)
    x = random.normal(size=(30, 60))
    y = x @ (0.3 * random.normal(size=60)) + random.normal(size=30)

    def evidence(noise, prior):
        C = noise**2 * np.eye(30) + prior**2 * x @ x.T
        return -0.5 * (y @ np.linalg.solve(C, y) + np.linalg.slogdet(2 * np.pi * C)[1])

    for options, moves in (({}, [(1, 1.1), (1, 0.9)]), ({"prior": 0.3}, [])):
        model = learn.bayesian_regression(x, y, **options)
        best = evidence(model.noise, model.prior)
        assert model.log_evidence == pytest.approx(best, rel=1e-10) and model.noise > 0.1
        for a, b in [*moves, (1.1, 1), (0.9, 1)]:
            assert evidence(a * model.noise, b * model.prior) < best


def test_targets_without_noise_by_more_features_have_no_maximum():
    """Towards no noise the evidence is flat, and where it falls by rounding is no maximum."""
    random = np.random.default_rng(0)
    x = random.normal(size=(30, 60))
    with pytest.raises(ConvergenceError, match="the inputs alone explain the targets"):
        learn.bayesian_regression(x, x @ random.normal(size=60))


def test_targets_of_noise_alone_have_no_prior():
    rows = np.linalg.qr(X)[0]
    aside = np.linalg.qr(np.column_stack([rows, RANDOM.normal(size=N)]))[0][:, -1]
    with pytest.raises(ConvergenceError, match="the noise alone explains the targets"):
        learn.bayesian_regression(X, aside + 1e-3 * rows[:, 0])
