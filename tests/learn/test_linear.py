"""Linear models: the conditions of their least, closed forms, and scikit-learn's own words."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml import learn
from physml.datasets import Scaler
from physml.errors import ConfigurationError, ConvergenceError, NonFiniteError, ShapeError
from physml.learn.linear.newton import newton

RANDOM = np.random.default_rng(0)
N, P = 40, 5
X = RANDOM.normal(size=(N, P)) * [1.0, 2.0, 0.5, 1.0, 1.5] + [0.0, 3.0, 0.0, -1.0, 0.0]
Y = X @ RANDOM.normal(size=(P, 2)) + 4.0 + RANDOM.normal(size=(N, 2))
LABELS = np.argmax(X[:, :3] - X[:, :3].mean(axis=0) + 2 * RANDOM.normal(size=(N, 3)), axis=1)
SOLVERS = [
    learn.closed_form,
    learn.coordinate_descent,
    learn.gradient_descent,
    learn.natural_gradient_step,
]
INTERCEPTS = [(False, False), (True, False), (True, True)]


def slopes(cost, model):
    """``∂C/∂θ`` and ``∂C/∂b`` at a model, by differences, to some 1e-10."""
    at, step = (model.coefficients, model.intercept), 1e-5

    def slope(which, place):
        moved = [np.array(part, float) for part in at]
        values = []
        for sign in (1, -1):
            moved[which][place] = at[which][place] + sign * step
            values.append(cost(*moved))
        return (values[0] - values[1]) / (2 * step)

    return [
        np.array([slope(i, place) for place in np.ndindex(part.shape)]).reshape(part.shape)
        for i, part in enumerate(at)
    ]


def ridge_cost(strength, penalised):
    def cost(theta, b):
        prior = np.sum(theta**2) + (np.sum(b**2) if penalised else 0.0)
        return np.sum((Y - (X @ theta + b)) ** 2) / N + strength * prior

    return cost


@pytest.mark.parametrize("solve", SOLVERS[:3])
@pytest.mark.parametrize(("intercept", "penalised"), INTERCEPTS)
def test_ridge_by_any_way_is_the_least(solve, intercept, penalised):
    model = learn.ridge(X, Y, 0.3, intercept=intercept, penalise_intercept=penalised, solve=solve)
    by_theta, by_b = slopes(ridge_cost(0.3, penalised), model)
    assert np.abs(by_theta).max() < 1e-8
    assert np.abs(by_b).max() < 1e-8 if intercept else np.all(model.intercept == 0)


@pytest.mark.parametrize("solve", SOLVERS[1:])
def test_ways_agree_to_rounding(solve):
    best, other = learn.ridge(X, Y, 0.3), learn.ridge(X, Y, 0.3, solve=solve)
    np.testing.assert_allclose(other.coefficients, best.coefficients, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(other.intercept, best.intercept, rtol=1e-12)


@pytest.mark.parametrize("strength", [1e-12, 1e-18, 1e-28])
def test_ridge_of_an_input_that_stands_twice_halves_its_coefficient(strength):
    """However small the penalty: rounding over rounding was 1e9 before."""
    once = learn.ridge(X[:, :1], Y, strength)
    twice = learn.ridge(X[:, [0, 0]], Y, strength)
    halved = np.repeat(once.coefficients / 2, 2, axis=0)
    np.testing.assert_allclose(twice.coefficients, halved, rtol=1e-3)


@pytest.mark.parametrize("solve", [learn.coordinate_descent, learn.natural_gradient_step])
def test_ways_that_square_the_condition_say_where_they_end(solve):
    """One rested at all of the coefficient on the first of two equal inputs."""
    with pytest.raises(ConvergenceError, match="take closed_form"):
        learn.ridge(X[:, [0, 0]], Y, 1e-18, solve=solve)


def test_a_model_behind_the_scaler_of_images_is_that_of_their_rows():
    images = X[:, :4].reshape(N, 2, 2)
    for make in (Scaler.of, Scaler.of_images):
        scaler = make(images)
        model = learn.ridge(scaler(images).reshape(N, 4), Y, 0.1)
        rows = model.behind(scaler).predict(X[:, :4])
        np.testing.assert_allclose(rows, model.predict(scaler(images).reshape(N, 4)), rtol=1e-12)
    with pytest.raises(ShapeError, match="scaler: expected one of 4 inputs"):
        model.behind(Scaler.of(X))


def test_ridge_of_orthogonal_inputs_shrinks_each_by_a_known_factor():
    """``XᵀX = n s²``: θ is that of least squares times ``s²/(s² + λ)``."""
    design = np.linalg.qr(RANDOM.normal(size=(12, 3)) - 0.0)[0] * np.sqrt(12) * [1.0, 2.0, 3.0]
    y = RANDOM.normal(size=12)
    free = learn.ordinary_least_squares(design, y, intercept=False)
    model = learn.ridge(design, y, 0.7, intercept=False)
    shrunk = np.array([1.0, 4.0, 9.0]) / (np.array([1.0, 4.0, 9.0]) + 0.7)
    np.testing.assert_allclose(model.coefficients, free.coefficients * shrunk, rtol=1e-12)


def test_least_squares_finds_what_made_the_targets():
    theta, b = RANDOM.normal(size=P), 2.5
    model = learn.ordinary_least_squares(X, X @ theta + b)
    np.testing.assert_allclose(model.coefficients, theta, rtol=1e-12)
    assert model.intercept == pytest.approx(b, rel=1e-12) and model.numbers() == P + 1


def test_units_of_inputs_do_not_make_a_design_singular():
    """Energies in joules beside temperatures in kelvin: 21 orders, none the rounding of another."""
    units = np.array([1e-19, 300.0, 1.0, 1e10, 1.0])
    for find, y in (
        (learn.ordinary_least_squares, Y),
        (lambda x, labels: learn.logistic_regression(x, labels, 0.0), LABELS % 2),
    ):
        here, there = find(X, y), find(X * units, y)
        theirs = (there.coefficients.T * units).T
        np.testing.assert_allclose(theirs, here.coefficients, rtol=1e-8)
    # The mean of three 0.1 is none: what is left of it is no input.
    with pytest.raises(ShapeError, match="2 columns have rank 1"):
        learn.ordinary_least_squares([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]], [1.0, 2.0, 3.0])


def test_a_free_intercept_moves_with_the_targets_and_a_penalised_one_does_not():
    for penalised, moved in ((False, 100.0), (True, 100.0 * 1 / (1 + 0.3))):
        options = {"penalise_intercept": penalised}
        x = X - X.mean(axis=0)  # so that only the intercept knows of the mean
        low, high = (learn.ridge(x, y, 0.3, **options).intercept for y in (Y, Y + 100))
        np.testing.assert_allclose(high - low, moved, rtol=1e-10)


@pytest.mark.parametrize(("intercept", "penalised"), INTERCEPTS)
def test_lasso_obeys_the_conditions_of_its_least(intercept, penalised):
    """Of each coefficient: slope ``∓λ`` where it is not zero, within ``λ`` where it is."""
    strength = 0.4 * learn.largest_strength(X, Y)
    options = {"intercept": intercept, "penalise_intercept": penalised}
    model = learn.lasso(X, Y, strength, **options)
    theta, b = slopes(ridge_cost(0.0, False), model)
    assert 0 < np.sum(model.coefficients == 0) < model.coefficients.size
    _check_subgradient(model.coefficients, theta, strength)
    if penalised:
        _check_subgradient(model.intercept, b, strength)
    elif intercept:
        assert np.abs(b).max() < 1e-8


def _check_subgradient(values, slope, strength):
    there = values != 0
    np.testing.assert_allclose(slope[there], -strength * np.sign(values[there]), rtol=1e-8)
    assert np.all(np.abs(slope[~there]) <= strength * (1 + 1e-8))


def test_lasso_of_orthogonal_inputs_is_a_soft_threshold():
    design = np.linalg.qr(RANDOM.normal(size=(12, 3)))[0] * np.sqrt(12)
    target = design @ [2.0, -0.3, 0.05]
    model = learn.lasso(design, target, 0.4, intercept=False)
    np.testing.assert_allclose(model.coefficients, [1.8, -0.1, 0.0], atol=1e-12)


def test_lasso_is_all_zero_from_the_largest_strength_on():
    top = learn.largest_strength(X, Y)
    assert np.all(learn.lasso(X, Y, top * (1 + 1e-9)).coefficients == 0)
    assert np.any(learn.lasso(X, Y, top * (1 - 1e-6)).coefficients != 0)


def test_lasso_finds_few_among_more_inputs_than_samples():
    design = np.sign(RANDOM.normal(size=(60, 200)))
    truth = np.zeros(200)
    truth[[3, 50, 120]] = [1.0, -2.0, 0.5]
    model = learn.lasso(design, design @ truth, 1e-4)
    np.testing.assert_allclose(model.coefficients, truth, atol=1e-3)


@pytest.mark.parametrize("samples", [6, 24])
def test_lasso_of_inputs_that_depend_on_one_another_ends(samples):
    """Two that are the same, one that is a sum; which of them is taken does not matter."""
    x = np.sign(RANDOM.normal(size=(samples, 8)))
    x = np.column_stack([x, x[:, 0], x[:, 1] + x[:, 2], -x[:, 3]])
    y = x @ RANDOM.normal(size=11)
    for strength in (1e-6, 1e-3, 0.3):
        model = learn.lasso(x, y, strength)
        slope = 2 * x.T @ (model.predict(x) - y) / samples
        there = model.coefficients != 0
        assert np.abs(slope).max() <= strength * (1 + 1e-9) + 1e-12
        np.testing.assert_allclose(
            slope[there], -strength * np.sign(model.coefficients[there]), rtol=1e-9, atol=1e-12
        )


def nll(strength, penalised, binary):
    labels = LABELS % 2 if binary else LABELS

    def cost(theta, b):
        z = X @ theta + b
        z = np.stack([np.zeros(N), z], axis=1) if binary else z
        p = np.exp(z)[np.arange(N), labels] / np.exp(z).sum(axis=1)
        prior = np.sum(theta**2) + (np.sum(b**2) if penalised else 0.0)
        return -np.mean(np.log(p)) + strength * prior

    return cost


@pytest.mark.parametrize("binary", [True, False], ids=["logistic", "softmax"])
@pytest.mark.parametrize("strength", [0.0, 0.05])
@pytest.mark.parametrize(("intercept", "penalised"), INTERCEPTS)
def test_classifiers_are_the_least_of_their_cost(binary, strength, intercept, penalised):
    find = learn.logistic_regression if binary else learn.softmax_regression
    labels = LABELS % 2 if binary else LABELS
    model = find(X, labels, strength, intercept=intercept, penalise_intercept=penalised)
    by_theta, by_b = slopes(nll(strength, penalised, binary), model)
    assert np.abs(by_theta).max() < 1e-8
    assert np.abs(by_b).max() < 1e-8 if intercept else np.all(model.intercept == 0)
    p = model.probabilities(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(p.argmax(axis=1), model.predict(X))
    if not binary:
        np.testing.assert_allclose(model.logits(X).sum(axis=1), 0, atol=1e-9)


def test_softmax_of_two_classes_is_logistic_with_half_the_penalty():
    """Two logits ``±z/2`` have ``|θ|²/2`` of the one."""
    two = learn.softmax_regression(X, LABELS % 2, 0.1)
    one = learn.logistic_regression(X, LABELS % 2, 0.05)
    np.testing.assert_allclose(two.probabilities(X), one.probabilities(X), rtol=1e-9)


def test_the_natural_gradient_about_a_prior_ends_at_softmax_regression():
    """Of a linear model the generalised Gauss–Newton matrix is the Hessian: Newton's method.

    The prior is ``½ w|θ|²``, the penalty ``λ|θ|²``: ``w = 2λ``.
    """
    model = learn.softmax_regression(X, LABELS, 0.05, intercept=False)
    fit = pm.fit(
        pm.cross_entropy(lambda theta, x: x @ theta),
        pm.fixed((jnp.asarray(X), jnp.asarray(LABELS))),
        pm.natural_gradient(1.0, damping=0.0, weight_decay=0.1),
        jnp.zeros((P, 3)),
        steps=12,
        key=jax.random.key(0),
    )
    np.testing.assert_allclose(fit.params, model.coefficients, rtol=1e-9, atol=1e-10)


def test_weights_of_scikit_learn():
    """α = nλ of ridge, α = λ/2 of lasso, C = 1/(2nλ) of logistic regression."""
    sklearn = pytest.importorskip("sklearn.linear_model")
    strength = 0.2
    ours = learn.ridge(X, Y, strength)
    theirs = sklearn.Ridge(alpha=N * strength).fit(X, Y)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_.T, rtol=1e-10)
    np.testing.assert_allclose(ours.intercept, theirs.intercept_, rtol=1e-10)
    ours = learn.lasso(X, Y, strength)
    theirs = sklearn.Lasso(alpha=strength / 2, tol=1e-14, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_.T, atol=1e-7)
    for labels in (LABELS, LABELS % 2):
        many = labels.max() > 1
        find = learn.softmax_regression if many else learn.logistic_regression
        ours = find(X, labels, strength)
        theirs = sklearn.LogisticRegression(C=1 / (2 * N * strength), tol=1e-10, max_iter=10_000)
        theirs.fit(X, labels)
        np.testing.assert_allclose(ours.probabilities(X), theirs.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: learn.ordinary_least_squares(X[:P], Y[:P]),
            ShapeError,
            "singular design, whose 5 columns have rank 4 in 5 samples",
        ),
        (
            lambda: learn.ordinary_least_squares(np.column_stack([X, X[:, 0] + X[:, 1]]), Y),
            ShapeError,
            "6 columns have rank 5",
        ),
        (lambda: learn.ordinary_least_squares(X * 0 + 1, Y), ShapeError, "rank 0"),
        (lambda: learn.ridge(X, Y, -1.0), ConfigurationError, "a number ≥ 0, got -1.0"),
        (lambda: learn.ridge(X, Y, float("nan")), ConfigurationError, "got nan"),
        (lambda: learn.ridge(X, Y, [1.0, 2.0]), ConfigurationError, "a number ≥ 0, got"),
        (lambda: learn.ridge(X, Y, "1"), ConfigurationError, "a number ≥ 0, got 1"),
        (lambda: learn.lasso(X, Y, 0.0), ConfigurationError, "a number > 0, got 0.0"),
        (
            lambda: learn.ridge(X, Y, 1.0, intercept=False, penalise_intercept=True),
            ConfigurationError,
            "without an intercept",
        ),
        (
            lambda: learn.ridge(X, Y, 0.0, solve=learn.gradient_descent),
            ConfigurationError,
            "take closed_form",
        ),
        (lambda: learn.ridge(X, Y[:-1], 1.0), ShapeError, r"\(40,\) or \(40, m\), got \(39, 2\)"),
        (lambda: learn.ridge(X[:, 0], Y, 1.0), ShapeError, r"expected \(n, p\), got \(40,\)"),
        (lambda: learn.ridge(np.where(X > 2, np.nan, X), Y, 1.0), NonFiniteError, "inputs"),
        (lambda: learn.ridge(X, Y, 1.0).predict(X[:, :3]), ShapeError, r"expected \(n, 5\)"),
        (lambda: learn.logistic_regression(X, LABELS, 1.0), ShapeError, "from 0 to 1, got 2"),
        (lambda: learn.logistic_regression(X, Y[:, 0], 1.0), ShapeError, "as label 0"),
        (
            lambda: learn.logistic_regression(X, ["up", "down"] * 20, 1.0),
            ShapeError,
            "labels: expected whole numbers from 0, got words; number the classes, as by np.unique",
        ),
        (lambda: learn.logistic_regression(X, [1] * N, 1.0), ShapeError, "40 of class 1 alone"),
        (lambda: learn.softmax_regression(X, LABELS, 1.0, classes=4), ShapeError, r"none of \[3\]"),
        (lambda: learn.softmax_regression(X[:9], LABELS, 1.0), ShapeError, "each of 9 samples"),
        (
            lambda: learn.logistic_regression(X, (X[:, 0] > 0).astype(int), 0.0),
            ShapeError,
            "planes separate the classes",
        ),
        (
            lambda: learn.softmax_regression(X[:, :1], np.digitize(X[:, 0], [-1, 1]), 0.0),
            ShapeError,
            "planes separate the classes",
        ),
        (lambda: learn.monomials(X, 0), ConfigurationError, "at least 1"),
    ],
)
def test_what_has_no_answer_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_iterations_that_do_not_end_say_so():
    nearly = np.column_stack([X[:, 0], X[:, 0] + 1e-7 * X[:, 1]])
    with pytest.raises(ConvergenceError, match="take closed_form"):
        learn.gradient_descent(nearly, Y, 1e-12, steps=100)
    with pytest.raises(ConvergenceError, match="may be at infinity"):
        newton(lambda x: float(np.exp(-x[0])), _of_exp, np.zeros(1), steps=20)


def _of_exp(x):
    return -np.exp(-x), np.exp(-x)[:, None]


def test_monomials_are_all_products_of_a_degree():
    found = learn.monomials(X[:, :3], 4)
    assert found.shape == (N, 34)  # 7!/(3! 4!) − 1
    x, y, z = X[:, :3].T
    np.testing.assert_allclose(
        found[:, 3:9], np.stack([x * x, x * y, x * z, y * y, y * z, z * z], 1), rtol=1e-14
    )
