"""Gaussian processes: closed forms, other programs, equations as data, bars that hold."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml import learn
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    ConvergenceError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-2, 2, (20, 1))
Y = np.sin(2 * X[:, 0]) + 0.1 * RANDOM.normal(size=20)
NEW = np.linspace(-2.5, 2.5, 11)[:, None]
KERNEL = learn.rbf(0.9, deviation=1.2)
LINE = np.linspace(0, 1, 5)[:, None]
STEEP = lambda length: learn.rbf(length)


class Unhashable:
    __hash__ = None

    def __call__(self, x, y):
        return KERNEL(x, y)


def slope(u, x):
    return pm.partial(u, 0)(x)


def bend(u, x):
    return pm.partial(u, 0, 0)(x)


def decay(u, x):
    return pm.partial(u, 0)(x) + 2 * u(x)


def family(h):
    return learn.rbf(h["length"], deviation=h["size"])


START = {"length": 1.0, "size": 1.0, "noise": 0.3}


@pytest.fixture(scope="module")
def process():
    return learn.gaussian_process(KERNEL, learn.Observed(X, Y, noise=0.1))


@pytest.fixture(scope="module")
def likely():
    data = learn.Observed(X, Y, noise="noise")
    return learn.most_likely_process(family, data, START, key=jax.random.key(0), starts=3)


@pytest.fixture(scope="module")
def falling():
    """``u′ + 2u = 0``, ``u(0) = 1``."""
    equation = learn.Observed(np.linspace(0, 1, 8)[:, None], np.zeros(8), decay)
    return learn.gaussian_process(learn.rbf(0.8), [equation, learn.Observed([[0.0]], [1.0])])


def regressor(kernel, **options):
    program = pytest.importorskip("sklearn.gaussian_process")
    return program.GaussianProcessRegressor(kernel, **options).fit(X, Y)


def test_mean_deviation_and_evidence_are_scikit_learn_s(process):
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    theirs = regressor(1.44 * kernels.RBF(0.9), alpha=0.01, optimizer=None)
    mean, deviation = theirs.predict(NEW, return_std=True)
    np.testing.assert_allclose(process(NEW), mean, rtol=1e-10)
    np.testing.assert_allclose(process.standard_deviation(NEW), deviation, rtol=1e-9)
    assert abs(process.log_evidence - theirs.log_marginal_likelihood_value_) < 1e-10
    _, covariance = theirs.predict(NEW, return_cov=True)
    np.testing.assert_allclose(process.covariance(NEW), covariance, atol=1e-10)
    assert process.jitter == 0


def test_the_most_likely_hyperparameters_are_scikit_learn_s(likely):
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    kernel = kernels.ConstantKernel(1.0) * kernels.RBF(1.0) + kernels.WhiteKernel(0.1)
    theirs = regressor(kernel, alpha=0.0)
    assert abs(likely.log_evidence - theirs.log_marginal_likelihood_value_) < 1e-6
    assert likely.log_evidence == pytest.approx(max(likely.starts), abs=1e-9)
    found = np.exp(theirs.kernel_.theta)
    ours = [likely.hyperparameters[name] for name in ("size", "length", "noise")]
    np.testing.assert_allclose([ours[0] ** 2, ours[1], ours[2] ** 2], found, rtol=1e-3)


def test_tinygp_gives_the_same():
    tinygp = pytest.importorskip("tinygp")
    kernel = 1.44 * tinygp.kernels.Matern52(0.9)
    theirs = tinygp.GaussianProcess(kernel, jnp.asarray(X), diag=0.01)
    evidence, given = theirs.condition(jnp.asarray(Y), jnp.asarray(NEW), diag=0.0)
    ours = learn.gaussian_process(
        learn.matern(2.5, 0.9, deviation=1.2), learn.Observed(X, Y, noise=0.1)
    )
    assert abs(ours.log_evidence - evidence) < 1e-8
    np.testing.assert_allclose(ours(NEW), given.loc, atol=1e-8)
    np.testing.assert_allclose(ours.standard_deviation(NEW) ** 2, given.variance, atol=1e-8)


def test_one_slope_is_known_in_closed_form():
    """``cov(u(z), u′(x)) = (z − x)/ℓ² k``, the variance of ``u′`` is ``1/ℓ²``."""
    given = learn.gaussian_process(STEEP(0.5), learn.Observed([[0.3]], [2.0], slope, noise=0.2))
    away = NEW[:, 0] - 0.3
    k = away / 0.25 * np.exp(-2 * away**2)
    np.testing.assert_allclose(given(NEW), k * 2.0 / (4 + 0.04), atol=1e-12)
    variance = 1 - k**2 / (4 + 0.04)
    np.testing.assert_allclose(given.standard_deviation(NEW), np.sqrt(variance), rtol=1e-10)
    np.testing.assert_allclose(
        given.standard_deviation([[0.3]], slope), np.sqrt(4 - 16 / 4.04), rtol=1e-10
    )


def test_an_equation_is_data(falling):
    exact = np.exp(-2 * LINE[:, 0])
    np.testing.assert_allclose(falling(LINE), exact, atol=1e-5)
    np.testing.assert_allclose(falling(LINE, slope), -2 * exact, atol=1e-4)
    assert 0 < falling.jitter < 1e-14
    met = falling(falling.observed[0].points, decay)
    np.testing.assert_allclose(met, 0, atol=1e-7)


def test_derivatives_are_those_of_its_mean(falling):
    slopes = falling.derivative(lambda u: pm.partial(u, 0), LINE)
    np.testing.assert_allclose(slopes, falling(LINE, slope), atol=1e-10)
    assert falling.derivative(pm.gradient, LINE).shape == (5, 1)


def test_left_out_is_what_the_others_say(process):
    found = process.left_out()
    for i in (0, 7):
        others = np.arange(20) != i
        again = learn.gaussian_process(KERNEL, learn.Observed(X[others], Y[others], noise=0.1))
        mean, deviation = again(X[i : i + 1])[0], again.standard_deviation(X[i : i + 1])[0]
        deviation = np.hypot(deviation, 0.1)
        np.testing.assert_allclose([found.mean[i]], mean, rtol=1e-9)
        np.testing.assert_allclose(found.standard_deviation[i], deviation, rtol=1e-9)
        density = process.log_evidence - again.log_evidence
        np.testing.assert_allclose(found.log_density[i], density, rtol=1e-8)


def test_samples_have_its_mean_and_covariance(process, key):
    drawn = process.sample(key, NEW[:3], 4000)
    deviation = process.standard_deviation(NEW[:3])
    assert np.all(np.abs(drawn.mean(axis=0) - process(NEW[:3])) < 4 * deviation / 4000**0.5)
    correlation = np.cov(drawn.T) / np.outer(deviation, deviation)
    exact = process.covariance(NEW[:3]) / np.outer(deviation, deviation)
    assert np.abs(correlation - exact).max() < 5 * (2 / 4000) ** 0.5


def test_intervals_hold_as_often_as_they_say():
    """Of 400 functions drawn from the kernel; at one point each, so that they are independent."""
    places = np.concatenate([X, NEW])
    K = np.exp(-0.5 * ((places - places.T) / 0.9) ** 2) * 1.44
    root = np.linalg.cholesky(K + 1e-12 * np.eye(len(K)))
    random, held = np.random.default_rng(2), []
    for i in range(400):
        truth = root @ random.normal(size=len(K))
        values = truth[:20] + 0.1 * random.normal(size=20)
        given = learn.gaussian_process(KERNEL, learn.Observed(X, values, noise=0.1))
        low, high = given.interval(NEW, 0.5)
        j = i % len(NEW)
        held.append(low[j] < truth[20 + j] < high[j])
    assert abs(np.mean(held) - 0.5) < 3 * 0.5 / 400**0.5


def test_a_mean_is_taken_off_and_put_back():
    mean = lambda x: 3.0 + x[0] ** 2
    data = learn.Observed(X, Y + 3.0 + X[:, 0] ** 2, noise=0.1)
    shifted = learn.gaussian_process(KERNEL, data, mean=mean)
    plain = learn.gaussian_process(KERNEL, learn.Observed(X, Y, noise=0.1))
    np.testing.assert_allclose(shifted(NEW), plain(NEW) + 3.0 + NEW[:, 0] ** 2, rtol=1e-10)
    np.testing.assert_allclose(shifted(NEW, slope), plain(NEW, slope) + 2 * NEW[:, 0], rtol=1e-9)
    assert abs(shifted.log_evidence - plain.log_evidence) < 1e-10
    np.testing.assert_allclose(shifted.left_out().mean, plain.left_out().mean + 3 + X[:, 0] ** 2)


def test_values_of_unlike_size_lose_no_digits():
    """A slope of 1e6 beside a value: the factor is that of correlations."""
    fast = lambda u, x: 1e6 * pm.partial(u, 0)(x)
    plain = [learn.Observed([[0.0]], [1.0]), learn.Observed(LINE, np.ones(5), slope)]
    large = [plain[0], learn.Observed(LINE, 1e6 * np.ones(5), fast)]
    one, other = (learn.gaussian_process(STEEP(0.5), data) for data in (plain, large))
    np.testing.assert_allclose(one(LINE), other(LINE), rtol=1e-9)


def test_it_is_saved_and_known_again(likely, tmp_path):
    likely.save(tmp_path / "one")
    again = learn.GaussianProcess.load(tmp_path / "one", family)
    assert np.array_equal(again(NEW), likely(NEW)) and again.numbers() == likely.numbers()
    with pytest.raises(FingerprintError, match="was saved with the log evidence"):
        learn.GaussianProcess.load(
            tmp_path / "one", lambda h: learn.matern(1.5, h["length"], deviation=h["size"])
        )
    with pytest.raises(CheckpointError, match="operators: expected one for each of 1"):
        learn.GaussianProcess.load(tmp_path / "one", family, operators=(None, slope))
    with pytest.raises(CheckpointError, match="already holds"):
        likely.save(tmp_path / "one")


def test_a_kernel_that_was_changed_is_not_told_by_its_old_program():
    class Bell:
        length = 1.0

        def __call__(self, x, y):
            return jnp.exp(-0.5 * jnp.sum((x - y) ** 2) / self.length**2)

    kernel, seen = Bell(), learn.Observed([[0.0], [1.0]], [1.0, 2.0], noise=0.1)
    learn.gaussian_process(kernel, seen)
    kernel.length = 0.2
    with pytest.raises(ConfigurationError, match="make a new one instead of changing it"):
        learn.gaussian_process(kernel, seen)


def test_another_kernel_of_the_same_evidence_is_not_the_one_that_was_saved(tmp_path):
    """Two observations far apart have one evidence, whatever the kernel between them."""
    apart = learn.Observed([[0.0], [50.0]], [1.0, 2.0], noise=0.1)
    learn.gaussian_process(learn.rbf(1.0), apart).save(tmp_path / "one")
    with pytest.raises(FingerprintError, match="was saved with the mean"):
        learn.GaussianProcess.load(tmp_path / "one", learn.matern(0.5, 3.0))


def test_an_equation_is_saved_without_its_operator(falling, tmp_path):
    falling.save(tmp_path / "one")
    again = learn.GaussianProcess.load(tmp_path / "one", learn.rbf(0.8), operators=(decay, None))
    assert np.array_equal(again(LINE), falling(LINE))


def test_it_is_a_result_with_a_figure(likely, tmp_path):
    assert isinstance(likely, pm.train.Result)
    assert likely.plot(tmp_path / "one.png").exists()
    assert set(likely.words()) == {"log evidence", "jitter", *START}
    with pytest.raises(ConfigurationError, match="along one coordinate, got 0"):
        likely.plot(tmp_path / "two.png", np.zeros((3, 1)))
    with pytest.raises(ShapeError, match=r"points: expected \(m, 1\), got \(3,\)"):
        likely.plot(tmp_path / "two.png", np.linspace(0, 1, 3))


@pytest.mark.parametrize(
    ("kernel", "operator"),
    [
        (learn.matern(0.5, 1.0), slope),
        (learn.matern(1.5, 1.0), bend),
        (learn.matern(2.5, 1.0), lambda u, x: pm.partial(u, 0, 0, 0)(x)),
        (lambda x, y: jnp.exp(-jnp.abs(x[0] - y[0])), slope),
        (lambda x, y: jnp.exp(-jnp.sqrt(jnp.sum((x - y) ** 2))), slope),
    ],
)
def test_a_kernel_without_the_derivatives_is_refused(kernel, operator):
    with pytest.raises(ConfigurationError, match="kernel: not smooth enough for operator"):
        learn.gaussian_process(kernel, learn.Observed(LINE, np.ones(5), operator))


def test_derivatives_that_a_posterior_does_not_have_are_refused():
    given = learn.gaussian_process(learn.matern(0.5, 1.0), learn.Observed(LINE, np.ones(5)))
    with pytest.raises(ConfigurationError, match="kernel: not smooth enough for operator"):
        given.derivative(pm.gradient, LINE)


@pytest.mark.parametrize(
    ("kernel", "operator"), [(learn.matern(1.5, 1.0), slope), (learn.matern(2.5, 1.0), bend)]
)
def test_a_kernel_with_just_the_derivatives_will_do(kernel, operator):
    given = learn.gaussian_process(kernel, learn.Observed(LINE, np.ones(5), operator, noise=1e-3))
    np.testing.assert_allclose(given(LINE, operator), 1.0, atol=1e-2)


@pytest.mark.parametrize(
    "operator",
    [
        lambda u, x: u(x) * pm.partial(u, 0)(x),
        lambda u, x: pm.partial(u, 0)(x) - 1.0,
        lambda u, x: jnp.abs(u(x)),
    ],
)
def test_what_is_not_linear_is_refused(operator):
    with pytest.raises(ConfigurationError, match="operator: expected one that is linear in u"):
        learn.gaussian_process(learn.rbf(1.0), learn.Observed(LINE, np.ones(5), operator))


@pytest.mark.parametrize("second", [2.0, 1.001])
def test_contradictions_without_noise_are_refused(second):
    twice = learn.Observed([[0.0], [0.0]], [1.0, second])
    with pytest.raises(ConfigurationError, match="contradict one another"):
        learn.gaussian_process(KERNEL, twice)
    noisy = learn.Observed([[0.0], [0.0]], [1.0, second], noise=1.0)
    middle = learn.gaussian_process(KERNEL, noisy)([[0.0]])
    np.testing.assert_allclose(middle, (1 + second) * 1.44 / (1 + 2 * 1.44), rtol=1e-10)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X[:, 0], Y), {}, ShapeError, r"points: expected \(n, d\), got \(20,\)"),
        ((X, Y[:, None]), {}, ShapeError, r"values: expected one a point, \(20,\)"),
        ((X, 1j * Y), {}, ShapeError, "values: expected real numbers"),
        ((X, np.ma.masked_less(Y, 0)), {}, ShapeError, "masked"),
        ((np.full((2, 1), np.nan), [1, 2]), {}, NonFiniteError, "points"),
        ((X, Y), {"noise": -0.1}, ConfigurationError, "noise: expected deviations ≥ 0"),
        ((X, Y), {"noise": np.ones(3)}, ShapeError, r"noise: expected \(\) or \(20,\)"),
        ((X, Y), {"operator": 3}, ConfigurationError, "operator: expected a function"),
    ],
)
def test_observations_that_are_none_are_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        learn.Observed(*arguments, **options)


@pytest.mark.parametrize(
    ("kernel", "error", "message"),
    [
        (3.0, ConfigurationError, "kernel: expected a function of two points"),
        (lambda x, y: x * y, ShapeError, "kernel: expected a real number"),
        (lambda x, y: jnp.sum(x), ConfigurationError, r"k\(x, y\) = k\(y, x\)"),
        (lambda x, y: jnp.nan * jnp.sum(x - y), NonFiniteError, "finite covariances"),
        (lambda x, y: 1 + jnp.sum((x - y) ** 2), ConfigurationError, "positive definite"),
        (learn.linear_kernel(), ConfigurationError, "variances of 5 that are none"),
    ],
)
def test_kernels_that_are_none_are_refused(kernel, error, message):
    with pytest.raises(error, match=message):
        learn.gaussian_process(kernel, learn.Observed(LINE, np.ones(5)))


def test_other_arguments_that_are_none_are_refused(process):
    data = learn.Observed(LINE, np.ones(5))
    with pytest.raises(ShapeError, match=r"mean: expected a number, \(\)"):
        learn.gaussian_process(KERNEL, data, mean=lambda x: x)
    with pytest.raises(ConfigurationError, match="observed: expected Observed"):
        learn.gaussian_process(KERNEL, [X, Y])
    with pytest.raises(ShapeError, match=r"points of one dimension, got \[1, 2\]"):
        learn.gaussian_process(KERNEL, [data, learn.Observed(np.ones((2, 2)), [1, 2])])
    with pytest.raises(ConfigurationError, match="names a hyperparameter"):
        learn.gaussian_process(KERNEL, learn.Observed(X, Y, noise="noise"))
    with pytest.raises(ShapeError, match=r"points: expected \(m, 1\), got \(3, 2\)"):
        process(np.ones((3, 2)))
    with pytest.raises(ConfigurationError, match="level: expected a probability"):
        process.interval(NEW, 90)
    for ask in (process, process.standard_deviation):
        with pytest.raises(ConfigurationError, match="linear in u"):
            ask(NEW, lambda u, x: u(x) ** 2)
    with pytest.raises(ConfigurationError, match="kernel: expected a function, by which"):
        learn.gaussian_process(Unhashable(), data)
    with pytest.raises(ConfigurationError, match="function of one point, got a GaussianProcess"):
        pm.gradient(process)
    with jax.enable_x64(False), pytest.raises(ConfigurationError, match="double precision"):
        learn.gaussian_process(KERNEL, data)


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        ({}, ConfigurationError, "start: expected numbers > 0 by name"),
        ({**START, "noise": 0.0}, ConfigurationError, "start: noise: expected numbers > 0"),
        ({"length": 1.0, "size": 1.0}, UnknownNameError, "hyperparameter 'noise'"),
    ],
)
def test_starts_that_are_none_are_refused(start, error, message, key):
    data = learn.Observed(X, Y, noise="noise")
    with pytest.raises(error, match=message):
        learn.most_likely_process(family, data, start, key=key)


def test_a_hyperparameter_that_the_data_do_not_tell_is_refused(key):
    with pytest.raises(ConvergenceError, match="grows without end with size"):
        learn.most_likely_process(
            lambda h: learn.rbf(0.3, deviation=h["size"]),
            learn.Observed(LINE, np.zeros(5)),
            {"size": 1.0},
            key=key,
            starts=1,
        )
