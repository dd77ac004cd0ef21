"""Error bars of fits: against Bayes' formula, a grid, coverage; and what is refused."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

import physml as pm

SIGMA = 0.2
KEY = jax.random.key(0)


def features(x):
    return jnp.stack([jnp.ones(()), x, x**2, jnp.sin(5 * x)])


def linear(params, x):
    return features(x) @ params["w"]


def linear_row(params, sample):
    return linear(params, sample[0]) - sample[1]


def decay(params, x):
    return jnp.exp(-params["k"] * x)


def decay_row(params, sample):
    return decay(params, sample[0]) - sample[1]


def ended(params, objective):
    """A fit that ended at some parameters."""
    state = pm.train.TrainState(jnp.int32(0), params, (), objective.init(params), (), KEY)
    return pm.FitResult(params, state, {}, 0.0, 0.0)


def data(n=30, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, n)
    y = np.asarray(jax.vmap(features)(jnp.asarray(x))) @ [0.5, -1.0, 0.7, 0.3]
    return jnp.asarray(x), jnp.asarray(y + SIGMA * rng.normal(size=n))


def bayes(x, y, noise, precision, points):
    """Mean and covariance of a linear regression, prior ``N(0, 1/precision)``; of the field too."""
    phi, there = (np.asarray(jax.vmap(features)(z)) for z in (x, points))
    covariance = np.linalg.inv(phi.T @ phi / noise**2 + precision * np.eye(4))
    mean = covariance @ phi.T @ np.asarray(y) / noise**2
    return mean, there @ mean, there @ covariance @ there.T


def regression(damping, weight=1.0, n=30, terms=None):
    """A fit at the minimum of ``½|r|² + ½λ|θ|²``."""
    x, y = data(n)
    objective = pm.least_squares({"data": linear_row}, weights={"data": weight})
    phi = np.asarray(jax.vmap(features)(x)) * np.sqrt(weight / n)
    target = np.asarray(y) * np.sqrt(weight / n)
    w = np.linalg.solve(phi.T @ phi + damping * np.eye(4), phi.T @ target)
    result = ended({"w": jnp.asarray(w)}, objective)
    return pm.train.Fitted(result, objective, {"data": (x, y)}, linear)


POINTS = jnp.linspace(-1.5, 1.5, 7)


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_linear_regression_is_bayes_formula(weight):
    """The mean over n samples and the term's weight are no part of the answer."""
    alpha, n = 2.0, 30
    damping = alpha * SIGMA**2 * weight / n
    bars = pm.posterior(regression(damping, weight), noise=SIGMA, damping=damping)
    x, y = data()
    _, mean, covariance = bayes(x, y, SIGMA, alpha, POINTS)
    deviation = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(bars.standard_deviation(POINTS), deviation, rtol=1e-10)
    z = scipy.stats.norm.ppf(0.95)
    _, high = bars.interval(POINTS, 0.9)
    np.testing.assert_allclose(high, mean + z * deviation, rtol=1e-10, atol=1e-10)
    new = bars.interval(POINTS, 0.9, observed="data")
    wide = np.sqrt(deviation**2 + SIGMA**2)
    np.testing.assert_allclose(new.high - new.low, 2 * z * wide, rtol=1e-10)
    fields = bars.sample(jax.random.key(1), POINTS, 1000)
    errors = np.cov(fields.T) - covariance
    bound = 5 * np.sqrt(2 / 1000) * np.outer(deviation, deviation)
    assert fields.shape == (1000, 7) and np.all(np.abs(errors) < bound)


def test_noise_is_the_unbiased_estimate_and_bars_are_students():
    bars = pm.posterior(regression(0.0), damping=1e-13)
    x, y = data()
    phi = np.asarray(jax.vmap(features)(x))
    left = np.asarray(y) - phi @ np.linalg.lstsq(phi, np.asarray(y), rcond=None)[0]
    estimate = np.sqrt(left @ left / 26)
    np.testing.assert_allclose(bars.noise["data"], estimate, rtol=1e-8)
    low, high = bars.interval(POINTS, 0.95)
    half = scipy.stats.t.ppf(0.975, 26) * np.asarray(bars.standard_deviation(POINTS))
    np.testing.assert_allclose(0.5 * (high - low), half, rtol=1e-8)
    assert bars.determined == pytest.approx(4, rel=1e-8) and bars.observations == 30


@pytest.mark.slow
def test_noise_and_damping_are_found_together():
    """400 parameters drawn with s²/λ: σ within five of √(1/2ν), λ within five of √(2/p)."""
    rng, p, n, damping = np.random.default_rng(3), 300, 600, 2.0
    table = rng.normal(size=(n, p)) * np.sqrt(n)
    theta = SIGMA / np.sqrt(n) / np.sqrt(damping) * rng.normal(size=p)
    y = table @ theta + SIGMA * rng.normal(size=n)
    J = table / np.sqrt(n)
    best = np.linalg.solve(J.T @ J + damping * np.eye(p), J.T @ y / np.sqrt(n))
    objective = pm.least_squares({"data": lambda params, s: s[0] @ params - s[1]})
    batch = {"data": (jnp.asarray(table), jnp.asarray(y))}
    result = ended(jnp.asarray(best), objective)
    bars = pm.posterior(pm.train.Fitted(result, objective, batch, lambda params, x: x @ params))
    assert abs(np.log(bars.damping / damping)) < 5 * np.sqrt(2 / p)
    assert abs(np.log(bars.noise["data"] / SIGMA)) < 5 / np.sqrt(2 * (n - p))


def nonlinear(n=40, noise=0.05):
    rng = np.random.default_rng(4)
    x = np.linspace(0, 2, n)
    y = np.exp(-1.3 * x) + noise * rng.normal(size=n)
    objective = pm.least_squares({"data": decay_row})
    batch = {"data": (jnp.asarray(x), jnp.asarray(y))}
    result = pm.fit(
        objective, pm.fixed(batch), pm.gauss_newton(), {"k": jnp.array(1.0)}, steps=12, key=KEY
    )
    numbers = {"k": lambda params: params["k"]}
    return x, y, pm.train.Fitted(result, objective, batch, decay, unknown_numbers=numbers)


@pytest.mark.slow
def test_one_number_against_its_posterior_on_a_grid():
    """Laplace's error is of the order of the bar over the number, 4% here: its width within 1%."""
    x, y, fitted = nonlinear()
    bars = pm.posterior(fitted, noise=0.05, damping=1e-9)
    k = np.linspace(0.8, 2.0, 4001)
    log = -0.5 * np.sum((np.exp(-k[:, None] * x) - y) ** 2, axis=1) / 0.05**2
    p = np.exp(log - log.max())
    p /= p.sum()
    mean = p @ k
    deviation = np.sqrt(p @ (k - mean) ** 2)
    value, error = bars.unknown_numbers["k"]
    assert abs(value - mean) < 0.1 * deviation and error == pytest.approx(deviation, rel=0.01)
    u = np.exp(-k[:, None] * x[::8])
    spread = np.sqrt(p @ (u - p @ u) ** 2)
    np.testing.assert_allclose(bars.standard_deviation(jnp.asarray(x[::8])), spread, atol=2e-4)
    assert bars.words()["k"].startswith("1.") and "noise (given)" in bars.words()


@pytest.mark.slow
def test_probes_agree_with_singular_values():
    """Of 400 probes a deviation is within √(1/800) = 3.5%: five of them."""
    fitted = regression(1e-3)
    exact = pm.posterior(fitted, noise=SIGMA, damping=1e-3)
    probed = pm.posterior(fitted, noise=SIGMA, damping=1e-3, probes=400, key=jax.random.key(2))
    np.testing.assert_allclose(
        probed.standard_deviation(POINTS), exact.standard_deviation(POINTS), rtol=5 / np.sqrt(800)
    )
    assert probed.determined == pytest.approx(exact.determined, rel=5 * np.sqrt(2 / 400))


@pytest.mark.slow
def test_a_network_trained_with_weight_decay():
    """More parameters than data: the bars of a Gaussian process with the tangent kernel."""
    network, decay = pm.MLP((8,)), 1e-4
    x = jnp.linspace(-1, 1, 14)[:, None]
    y = jnp.sin(3 * x[:, 0]) + 0.1 * jax.random.normal(jax.random.key(7), (14,))
    objective = pm.least_squares({"data": lambda params, s: network.apply(params, s[0]) - s[1]})
    batch = {"data": (x, y)}
    result = pm.fit(
        objective,
        pm.fixed(batch),
        pm.gauss_newton(weight_decay=decay),
        network.init(jax.random.key(1), x[0]),
        steps=80,
        key=KEY,
    )
    fitted = pm.train.Fitted(result, objective, batch, network.apply)
    bars = pm.posterior(fitted, noise=0.1, damping=decay)
    there = jnp.linspace(-1.5, 1.5, 5)[:, None]

    def rows(points):
        slopes = jax.vmap(jax.grad(network.apply), (None, 0))(result.params, points)
        return np.concatenate(
            [np.reshape(g, (len(points), -1)) for g in jax.tree.leaves(slopes)], 1
        )

    J, G = rows(x), rows(there)
    assert J.shape[0] < J.shape[1]
    kernel = np.linalg.solve(J @ J.T + 14 * decay * np.eye(14), J @ G.T)
    variance = 0.1**2 / (14 * decay) * (np.sum(G * G, axis=1) - np.sum(G @ J.T * kernel.T, axis=1))
    np.testing.assert_allclose(bars.standard_deviation(there) ** 2, variance, rtol=1e-8)
    assert 2 < bars.determined < 10
    with pytest.raises(pm.errors.ConfigurationError, match="train with weight decay 1 towards"):
        pm.posterior(fitted, noise=0.1, damping=1.0)


def test_constraints_are_no_observations():
    """``w₀ + w₁ = 0`` of great weight takes one of four numbers away, and tells nothing of σ."""

    def constraint(params, _):
        return params["w"][0] + params["w"][1]

    x, y = data()
    objective = pm.least_squares({"sum": constraint, "data": linear_row}, weights={"sum": 1e6})
    phi = np.asarray(jax.vmap(features)(x))
    basis = np.array([[1.0, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]).T
    best, square = np.linalg.lstsq(phi @ basis, np.asarray(y), rcond=None)[:2]
    result = ended({"w": jnp.asarray(basis @ best)}, objective)
    deviations = []
    for many in (1, 50):  # more points of a constraint are no more information
        batch = {"sum": jnp.zeros(many), "data": (x, y)}
        fitted = pm.train.Fitted(result, objective, batch, linear, observe={"data": linear})
        bars = pm.posterior(fitted, damping=1e-12)
        assert bars.determined == pytest.approx(3, rel=1e-4) and bars.observations == 30
        np.testing.assert_allclose(bars.noise["data"], np.sqrt(square[0] / 27), rtol=1e-4)
        deviations.append(bars.standard_deviation(POINTS))
    there = np.asarray(jax.vmap(features)(POINTS)) @ basis
    covariance = np.linalg.inv(basis.T @ phi.T @ phi @ basis) * square[0] / 27
    expected = np.sqrt(np.sum(there @ covariance * there, axis=1))
    np.testing.assert_allclose(deviations[0], expected, rtol=1e-3)
    np.testing.assert_allclose(deviations[0], deviations[1], rtol=1e-9)


@pytest.mark.slow
def test_terms_of_observations_are_weighted_by_their_noise():
    """Ten precise and thirty rough values, weights n/σ²: the noise of each comes back."""
    rng = np.random.default_rng(6)
    parts, noise = {}, {"precise": 0.05, "rough": 0.4}
    for name, n in (("precise", 40), ("rough", 120)):
        x = rng.uniform(-1, 1, n)
        y = np.asarray(jax.vmap(features)(jnp.asarray(x))) @ [0.5, -1.0, 0.7, 0.3]
        parts[name] = (jnp.asarray(x), jnp.asarray(y + noise[name] * rng.normal(size=n)))

    def bars(weights, **options):
        objective = pm.least_squares(dict.fromkeys(parts, linear_row), weights=weights)
        params = {"w": jnp.zeros(4)}
        evaluation, _ = objective.evaluate(params, objective.init(params), parts)
        J, r = np.asarray(evaluation.jacobian.dense()), np.asarray(evaluation.residual)
        result = ended({"w": jnp.asarray(-np.linalg.lstsq(J, r, rcond=None)[0])}, objective)
        observe = dict.fromkeys(parts, linear)
        fitted = pm.train.Fitted(result, objective, parts, linear, observe=observe)
        return pm.posterior(fitted, damping=1e-9, **options)

    weights = {name: len(parts[name][0]) / noise[name] ** 2 for name in parts}
    found = bars(weights).noise
    for name in parts:  # within five of √(1/2ν), ν = 156 for both together
        assert abs(np.log(found[name] / noise[name])) < 5 / np.sqrt(2 * 156)
    given = bars(weights, noise=noise).standard_deviation(POINTS)
    phi = [np.asarray(jax.vmap(features)(parts[name][0])) / noise[name] for name in parts]
    covariance = np.linalg.inv(sum(p.T @ p for p in phi))
    there = np.asarray(jax.vmap(features)(POINTS))
    np.testing.assert_allclose(given**2, np.sum(there @ covariance * there, axis=1), rtol=1e-6)
    with pytest.raises(pm.errors.ConfigurationError, match=r"what the weights say .* ratio n/σ²"):
        bars({})
    with pytest.raises(pm.errors.ConfigurationError, match=r"contradicts the weights"):
        bars({}, noise=noise)
    with pytest.raises(pm.errors.ConfigurationError, match="expected that of rough, too"):
        bars(weights, noise={"precise": 0.05})


@pytest.mark.slow
def test_bars_cover_what_they_say():
    """Of 300 data sets the 90% bar holds a truth, or a new value, in 270 ± 5.2: five of these.

    The prior is the one that draws the truth, so that the coverage is exact for known noise, and
    Student's for the estimated one.
    """
    rng, count, n = np.random.default_rng(5), 300, 12
    x = np.linspace(-1, 1, n)
    phi = np.asarray(jax.vmap(features)(jnp.asarray(x)))
    objective = pm.least_squares({"data": linear_row})
    inside = {"field": 0, "new": 0}
    for _ in range(count):
        w = rng.normal(size=4) * 10
        y = phi @ w + SIGMA * rng.normal(size=n)
        params = {"w": jnp.asarray(np.linalg.lstsq(phi, y, rcond=None)[0])}
        batch = {"data": (jnp.asarray(x), jnp.asarray(y))}
        fitted = pm.train.Fitted(ended(params, objective), objective, batch, linear)
        bars = pm.posterior(fitted, damping=SIGMA**2 / 100 / n)
        there = jnp.array([0.37])
        truth = float(features(there[0]) @ w)
        field, new = bars.interval(there), bars.interval(there, observed="data")
        value = truth + SIGMA * rng.normal()
        inside["field"] += bool(field.low[0] <= truth <= field.high[0])
        inside["new"] += bool(new.low[0] <= value <= new.high[0])
    bound = 5 * np.sqrt(count * 0.9 * 0.1)
    assert all(abs(found - 0.9 * count) < bound for found in inside.values()), inside


def test_a_fit_that_has_not_ended_is_refused():
    fitted = regression(0.0)
    away = {"w": fitted.result.params["w"] + 0.3}
    unfinished = fitted._replace(result=ended(away, fitted.objective))
    with pytest.raises(pm.errors.ConfigurationError, match=r"train on, to the minimum"):
        pm.posterior(unfinished, noise=SIGMA, damping=1e-9)
    with pytest.raises(pm.errors.ConfigurationError, match=r"train with weight decay 0.1 towards"):
        pm.posterior(fitted, noise=SIGMA, damping=0.1)
    centre = fitted.result.params
    pm.posterior(fitted, noise=SIGMA, damping=0.1, prior=centre)  # no pull there
    with pytest.raises(pm.errors.ConfigurationError, match="prior alone"):
        pm.posterior(fitted, prior=centre)
    with pytest.raises(pm.errors.ConfigurationError, match="parameters like those"):
        pm.posterior(fitted, prior={"w": jnp.zeros(3)})


def test_too_few_data_are_refused():
    with pytest.raises(pm.errors.ConfigurationError, match=r"4 observations determine 4 numbers"):
        pm.posterior(regression(0.0, n=4), damping=1e-12)


def test_noise_that_the_residual_contradicts_is_told():
    with pytest.warns(UserWarning, match=r"times what the given noise allows"):
        pm.posterior(regression(0.0), noise=10 * SIGMA, damping=1e-12)


def test_what_is_no_least_squares_fit_is_refused():
    walkers = jnp.linspace(-1, 1, 8)[:, None, None]
    energy = pm.vmc.energy(
        lambda params, x: -params * jnp.sum(x**2), lambda f, x: pm.kinetic_energy(f)(x)
    )
    params = jnp.array(0.3)
    fitted = pm.train.Fitted(ended(params, energy), energy, walkers, lambda params, x: params)
    with pytest.raises(pm.errors.ConfigurationError, match="expected a least-squares objective"):
        pm.posterior(fitted)
    with pytest.raises(pm.errors.ConfigurationError, match=r"expected a Solution .* got FitResult"):
        pm.posterior(fitted.result)
    bare = pm.least_squares({"data": linear_row})

    def without(params, state, batch):
        evaluation, state = bare.evaluate(params, state, batch)
        return evaluation._replace(residual=None, jacobian=None), state

    plain = regression(0.0)
    with pytest.raises(pm.errors.NoRowsError, match="expected an objective with a residual"):
        pm.posterior(plain._replace(objective=bare._replace(evaluate=without)))
    with pytest.raises(pm.errors.ConfigurationError, match="names its terms"):
        pm.posterior(plain._replace(objective=bare._replace(terms=None)))


def test_complex_numbers_are_refused():
    objective = pm.least_squares({"data": lambda params, s: jnp.abs(params * s[0]) - s[1]})
    fitted = regression(0.0)
    result = ended(jnp.array(1.0 + 0.5j), objective)
    with pytest.raises(pm.errors.ConfigurationError, match="expected real parameters"):
        pm.posterior(fitted._replace(result=result, objective=objective))
    wave = lambda params, x: jnp.exp(1j * linear(params, x))
    bars = pm.posterior(fitted._replace(predict=wave), noise=SIGMA, damping=1e-9)
    with pytest.raises(pm.errors.ConfigurationError, match="expected real predictions"):
        bars.standard_deviation(POINTS)


def test_terms_must_say_which_are_observations():
    fitted = regression(0.0)
    objective = pm.least_squares({"equation": linear_row, "data": linear_row})
    batch = dict.fromkeys(("equation", "data"), fitted.batch["data"])
    result = ended(fitted.result.params, objective)
    both = fitted._replace(result=result, objective=objective, batch=batch)
    with pytest.raises(pm.errors.ConfigurationError, match="which of them hold observations"):
        pm.posterior(both)
    with pytest.raises(pm.errors.ConfigurationError, match="no term holds observations"):
        pm.posterior(both._replace(observe={}))
    with pytest.raises(pm.errors.UnknownNameError, match="Did you mean 'data'"):
        pm.posterior(both._replace(observe={"date": linear}))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"noise": 0.0}, "noise: expected finite numbers > 0"),
        ({"noise": np.nan}, "noise: expected finite"),
        ({"noise": {"other": 1.0}}, "unknown term"),
        ({"damping": -1.0}, "damping: expected"),
        ({"damping": 1e-3, "probes": 10}, "key="),
        ({"probes": 10, "key": KEY}, "the evidence of a damping needs"),
    ],
)
def test_options_out_of_range(options, match):
    with pytest.raises(pm.errors.PhysmlError, match=match):
        pm.posterior(regression(0.0), **options)


def test_single_precision_where_rounding_decides_is_refused():
    """Columns 1e-6 apart: float32 sees one where there are two."""
    x = jnp.linspace(0, 1, 20, dtype=jnp.float32)

    def close(params, x):
        return params[0] * x + params[1] * (x + 1e-6 * jnp.cos(9 * x))

    objective = pm.least_squares({"data": lambda params, s: close(params, s[0]) - s[1]})
    params = jnp.ones(2, jnp.float32)
    noise = 0.1 * jax.random.normal(KEY, (20,), jnp.float32)
    batch = {"data": (x, jax.vmap(partial(close, params))(x) + noise)}
    fitted = pm.train.Fitted(ended(params, objective), objective, batch, close)
    with pytest.raises(pm.errors.ConfigurationError, match=r"rows in float32 hide"):
        pm.posterior(fitted, noise=0.1, damping=1e-12)


def test_points_and_levels_are_checked(tmp_path):
    bars = pm.posterior(regression(0.0), noise=SIGMA, damping=1e-9)
    with pytest.raises(pm.errors.ShapeError, match="expected finite coordinates"):
        bars.standard_deviation(jnp.array([jnp.nan]))
    with pytest.raises(pm.errors.ShapeError, match="1 of 2 entries masked"):
        bars.interval(np.ma.array([0.5, -9999.0], mask=[False, True]))
    with pytest.raises(pm.errors.ShapeError, match="points: expected real numbers"):
        bars.interval(np.array([0.5j]))
    with pytest.raises(pm.errors.ShapeError, match="at least one point"):
        bars.standard_deviation(jnp.zeros(0))
    with pytest.raises(pm.errors.ConfigurationError, match="level"):
        bars.interval(POINTS, 1.0)
    with pytest.raises(pm.errors.ConfigurationError, match="observed: expected a term"):
        bars.interval(POINTS, observed="equation")
    with pytest.raises(pm.errors.ConfigurationError, match="one coordinate, got 0"):
        bars.plot(tmp_path / "one.png", jnp.zeros(3))
    assert bars.plot(tmp_path / "line.png", POINTS).stat().st_size > 5000


def test_many_points_come_in_parts():
    bars = pm.posterior(regression(0.0), noise=SIGMA, damping=1e-9)
    many = jnp.linspace(-1, 1, 1500)
    found = bars.standard_deviation(many)
    np.testing.assert_allclose(
        found[1200:1207], bars.standard_deviation(many[1200:1207]), rtol=1e-9
    )


def test_weights_of_samples_state_the_noise_of_each():
    """Generalised least squares: ``Σ = (Φᵀ diag(1/σᵢ²) Φ)⁻¹``, in any units of weights."""
    x, y = data(n=12)
    sigma = np.linspace(0.1, 0.4, 12)
    weights = 5.0 / sigma**2
    objective = pm.least_squares({"data": linear_row}, weights={"data": weights})
    phi = np.asarray(jax.vmap(features)(x)) / sigma[:, None]
    w = np.linalg.lstsq(phi, np.asarray(y) / sigma, rcond=None)[0]
    result = ended({"w": jnp.asarray(w)}, objective)
    fitted = pm.train.Fitted(result, objective, {"data": (x, y)}, linear)
    points = jnp.array([-0.5, 0.9])
    there = np.asarray(jax.vmap(features)(points))
    variance = np.diag(there @ np.linalg.inv(phi.T @ phi) @ there.T)
    bars = pm.posterior(fitted, noise={"data": sigma}, damping=1e-9)
    np.testing.assert_allclose(bars.standard_deviation(points), np.sqrt(variance), rtol=1e-5)
    np.testing.assert_allclose(bars.noise["data"], sigma, rtol=1e-12)
    estimated = pm.posterior(fitted, damping=1e-9)
    left = phi @ w - np.asarray(y) / sigma
    unit = np.sqrt(left @ left / 8)
    np.testing.assert_allclose(estimated.noise["data"], unit * sigma, rtol=1e-6)
    assert "data 0.1 to 0.4" in bars.words()["noise (given)"]
    for noise in (0.2, {"data": sigma[::-1]}):
        with pytest.raises(pm.errors.ConfigurationError, match=r"contradicts the weights.* to "):
            pm.posterior(fitted, noise=noise, damping=1e-9)
    with pytest.raises(pm.errors.ConfigurationError, match=r"noise: data: .*\(12, 1\)"):
        pm.posterior(fitted, noise=sigma[:5], damping=1e-9)
    with pytest.raises(pm.errors.ConfigurationError, match=r"observed: .*of their own"):
        bars.interval(points, observed="data")
    silent = pm.least_squares({"data": linear_row}, weights={"data": weights * (sigma > 0.15)})
    without = pm.train.Fitted(result, silent, {"data": (x, y)}, linear)
    with pytest.raises(pm.errors.ConfigurationError, match="leave those observations out"):
        pm.posterior(without)
