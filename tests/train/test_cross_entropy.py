"""Cross-entropy: exact gradients, the generalised Gauss–Newton matrix, labels that are none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

import physml as pm
from physml.train import bernoulli, categorical, cross_entropy, poisson

X = jax.random.normal(jax.random.key(0), (7, 2))
SCALE = 3.0
"""Of the outputs: some probabilities are below the floor."""


def model(params, x):
    return SCALE * (params["w"] @ jnp.tanh(x) + params["b"])


def single(params, x):
    return model(params, x)[0]


CLASSES = jnp.array([0, 2, 1, 2, 2, 0, 1])
PARAMS = {
    "w": 0.5 * jax.random.normal(jax.random.key(1), (3, 2)),
    "b": jnp.array([-2.0, 0.5, 1.0]),
}

# model, family, labels, and A(z), whose second derivative the metric is made of
CASES = {
    "classes": (model, categorical, CLASSES, jax.nn.logsumexp),
    "probabilities": (
        model,
        categorical,
        jax.nn.softmax(jax.random.normal(jax.random.key(2), (7, 3))),
        jax.nn.logsumexp,
    ),
    "yes or no": (single, bernoulli, jnp.array([0, 1, 1, 0, 1, 0, 0]), jax.nn.softplus),
    "pixels": (
        model,
        bernoulli,
        jax.random.bernoulli(jax.random.key(3), 0.5, (7, 3)),
        lambda z: jnp.sum(jax.nn.softplus(z)),
    ),
    "counts": (single, poisson, jnp.array([0, 3, 1, 7, 2, 0, 40]), jnp.exp),
}


def evaluated(objective, params, batch):
    def both(params, batch):
        e, _ = objective.evaluate(params, (), batch)
        slope = jax.grad(objective.value)(params, (), batch)
        return e, e.jacobian.dense(), slope, objective.value(params, (), batch)

    return jax.jit(both)(params, batch)


@pytest.mark.parametrize("name", CASES)
def test_rows_give_the_exact_gradient_and_the_metric(name):
    """``Jᵀr = ∇C`` by ``jax.grad``, ``JᵀJ = mean ∂zᵀ ∇²A ∂z`` by an explicit second derivative."""
    outputs, family, labels, A = CASES[name]
    objective = cross_entropy(outputs, family=family, floor=1e-12)
    e, rows, slope, value = evaluated(objective, PARAMS, (X, labels))
    slope, unravel = ravel_pytree(slope)
    np.testing.assert_allclose(rows.T @ e.residual, slope, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(ravel_pytree(e.gradient)[0], slope, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(e.loss, value, rtol=1e-14)

    def curvature(flat, x):
        z = lambda flat: outputs(unravel(flat), x)
        J = jax.jacrev(z)(flat).reshape(-1, len(flat))
        return J.T @ jax.hessian(A)(z(flat)).reshape(len(J), len(J)) @ J

    every = jax.jit(jax.vmap(curvature, (None, 0)))
    metric = jnp.mean(every(ravel_pytree(PARAMS)[0], X), axis=0)
    np.testing.assert_allclose(rows.T @ rows, metric, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_a_floor_changes_neither_loss_nor_gradient(name):
    outputs, family, labels, _ = CASES[name]
    exact, _, slope, _ = evaluated(
        cross_entropy(outputs, family=family, floor=1e-12), PARAMS, (X, labels)
    )
    e, rows, _, _ = evaluated(
        cross_entropy(outputs, family=family, floor=0.09), PARAMS, (X, labels)
    )
    assert float(e.loss) == float(exact.loss)
    assert float(jnp.max(jnp.abs(e.residual))) < float(jnp.max(jnp.abs(exact.residual)))
    np.testing.assert_allclose(rows.T @ e.residual, ravel_pytree(slope)[0], rtol=1e-11, atol=1e-13)


WEIGHTS = jnp.array([0.5, 2.0, 0.0, 1.0, 3.0, 1.0, 0.25])


@pytest.mark.parametrize("name", ["classes", "counts", "pixels"])
def test_weights_of_samples_are_repetitions(name):
    """A sample of weight 2 is two samples: loss, gradient and metric, with n as it was."""
    outputs, family, labels, _ = CASES[name]
    objective = cross_entropy(outputs, family=family)
    e, rows, slope, value = evaluated(objective, PARAMS, (X, labels, WEIGHTS))
    np.testing.assert_allclose(rows.T @ e.residual, ravel_pytree(slope)[0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(e.loss, value, rtol=1e-14)
    again = np.repeat(np.arange(7), (4 * WEIGHTS).astype(int))  # quarters
    repeated, many, _, _ = evaluated(objective, PARAMS, (X[again], labels[again]))
    share = len(again) / 4 / 7
    np.testing.assert_allclose(e.loss, share * repeated.loss, rtol=1e-12)
    np.testing.assert_allclose(rows.T @ rows, share * many.T @ many, rtol=1e-11, atol=1e-13)
    if name == "classes":
        plain, _, _, _ = evaluated(objective, PARAMS, (X, labels))
        assert float(e.metrics["accuracy"]) == float(plain.metrics["accuracy"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (WEIGHTS.at[2].set(-1.0), "finite numbers ≥ 0.*-1.0 at index 2"),
        (WEIGHTS.at[2].set(jnp.nan), "nan at index 2"),
        (0 * WEIGHTS, "none above 0"),
        (WEIGHTS[:, None], r"one a sample, \(7,\), got \(7, 1\)"),
        (WEIGHTS[:6], "lengths"),
        (1j * WEIGHTS, "real numbers"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(pm.errors.PhysmlError, match=message):
        cross_entropy(model).evaluate(PARAMS, (), (X, CLASSES, weights))


@pytest.mark.slow
def test_a_negative_weight_ends_a_compiled_fit():
    with pytest.raises(pm.errors.NonFiniteError, match="1 of 7 samples, such as sample 2"):
        pm.fit(
            cross_entropy(model),
            pm.fixed((X, CLASSES, WEIGHTS.at[2].set(-1.0))),
            optax.sgd(0.1),
            PARAMS,
            steps=2,
            key=jax.random.key(0),
        )


@pytest.mark.slow
def test_classes_are_probabilities_of_one():
    hot = jax.nn.one_hot(CLASSES, 3)
    a, b = (evaluated(cross_entropy(model), PARAMS, (X, labels))[0] for labels in (CLASSES, hot))
    np.testing.assert_allclose(a.residual, b.residual, rtol=1e-14)
    log_p = jax.nn.log_softmax(jax.vmap(model, (None, 0))(PARAMS, X))
    np.testing.assert_allclose(a.loss, -np.mean(np.asarray(log_p)[range(7), CLASSES]), rtol=1e-14)
    right = np.argmax(log_p, axis=1) == np.asarray(CLASSES)
    assert float(a.metrics["accuracy"]) == pytest.approx(right.mean())


@pytest.mark.parametrize(
    ("family", "outputs", "labels", "best"),
    [
        (categorical, 3, [0, 2, 2, 1, 2, 2, 0, 2], np.log([2 / 8, 1 / 8, 5 / 8])),
        (bernoulli, None, [1, 0, 0, 1, 0, 0, 0, 0], np.log(2 / 6)),
        (poisson, None, [4, 0, 2, 9, 1, 1, 0, 3], np.log(20 / 8)),
    ],
)
@pytest.mark.parametrize("name", ["gauss-newton", "natural gradient"])
def test_the_best_constant_is_what_was_counted(name, family, outputs, labels, best):
    """Frequencies, and the mean of counts, to the rounding of the loss."""
    optimizer = {
        "gauss-newton": pm.gauss_newton(),
        "natural gradient": pm.natural_gradient(
            1.0, damping=1e-8, line_search=pm.optim.grid_line_search(candidates=6)
        ),
    }[name]
    constant = lambda z, x: z + 0 * x
    start = jnp.zeros(() if outputs is None else (outputs,))
    result = pm.fit(
        cross_entropy(constant, family=family),
        pm.fixed((jnp.zeros(8), jnp.array(labels))),
        optimizer,
        start,
        steps=30,
        key=jax.random.key(0),
    )
    found = result.params - (jnp.mean(result.params) if outputs else 0.0)
    np.testing.assert_allclose(found, best - (np.mean(best) if outputs else 0.0), atol=1e-6)


def test_confident_and_excluded_classes_stay_finite():
    """Logits of ±60, and of −∞ for a class that never is: no NaN, no loss of digits."""
    fixed = lambda shift, x: jnp.stack([60.0 * x, shift, -jnp.inf])
    batch = (jnp.array([1.0, -1.0]), jnp.array([0, 0]))
    objective = cross_entropy(fixed)
    e, rows, slope, _ = evaluated(objective, jnp.array(0.0), batch)
    np.testing.assert_allclose(e.loss, 30.0, rtol=1e-14)
    np.testing.assert_allclose(rows.T @ e.residual, [slope], rtol=1e-12)
    assert 0 < float(jnp.max(jnp.abs(e.residual))) <= 1001


@pytest.mark.parametrize(
    ("family", "outputs", "labels", "message"),
    [
        (categorical, model, CLASSES.at[4].set(3), "class, a whole number .* got 3 as label 4"),
        (categorical, model, CLASSES.at[0].set(-1), "got -1 as label 0"),
        (categorical, model, CLASSES + 0.5, "got 0.5 as label 0"),
        (categorical, model, CLASSES * jnp.nan, "got nan as label 0"),
        (categorical, model, jnp.full((7, 3), 0.5), r"got \[0.5, 0.5, 0.5\] as label 0"),
        (categorical, model, jnp.ones((7, 2)) / 2, r"a class, or 3 probabilities, got \(2,\)"),
        (categorical, model, CLASSES[:5], r"one common leading axis .* lengths \[5, 7\]"),
        (categorical, single, CLASSES, r"at least two logits .* got \(\); .* bernoulli"),
        (categorical, lambda p, x: model(p, x)[:1], CLASSES, "at least two logits"),
        (categorical, lambda p, x: jnp.outer(x, p["b"]), CLASSES, r"model: .* got \(2, 3\)"),
        (categorical, lambda p, x: model(p, x) + 0j, CLASSES, "real floating-point .* complex"),
        (categorical, lambda p, x: jnp.ones(3), CLASSES, "no parameter can change"),
        (bernoulli, single, 2 * (CLASSES % 2) - 1, "0 or 1, .* got -1"),
        (bernoulli, single, jnp.ones((7, 1)), r"labels \(1,\) and outputs \(\)"),
        (poisson, single, CLASSES - 1, "a count, .* got -1"),
        (poisson, single, CLASSES + 0.5, "a count, .* got 0.5"),
    ],
)
def test_what_is_no_label_is_refused(family, outputs, labels, message):
    with pytest.raises(pm.errors.PhysmlError, match=message):
        cross_entropy(outputs, family=family).evaluate(PARAMS, (), (X, labels))


@pytest.mark.parametrize("batch", [X, (X,), {"inputs": X, "labels": CLASSES}])
def test_a_batch_is_a_pair(batch):
    with pytest.raises(pm.errors.ShapeError, match=r"expected a pair \(inputs, labels\)"):
        cross_entropy(model).evaluate(PARAMS, (), batch)


@pytest.mark.parametrize("floor", [0.0, 0.5, -1.0])
def test_a_floor_has_a_range(floor):
    with pytest.raises(pm.errors.ConfigurationError, match="floor: expected"):
        cross_entropy(model, floor=floor)


@pytest.mark.parametrize(
    ("family", "outputs", "labels", "message"),
    [
        (categorical, model, CLASSES.at[4].set(3), "K probabilities.*1 of 7 samples.*sample 4"),
        (categorical, model, CLASSES + 0.5, "7 of 7 samples"),
        (bernoulli, single, 2 * (CLASSES % 2) - 1, "0 or 1"),
        (poisson, single, (CLASSES - 1.5), "a count"),
    ],
)
def test_inside_a_compiled_fit_they_end_it_and_are_named(family, outputs, labels, message):
    """An index out of range would be drawn in by jax, in silence."""
    with pytest.raises(pm.errors.NonFiniteError, match=message):
        pm.fit(
            cross_entropy(outputs, family=family),
            pm.fixed((X, labels)),
            optax.sgd(0.1),
            PARAMS,
            steps=2,
            key=jax.random.key(0),
        )


@pytest.mark.slow
def test_arrays_of_a_model_are_data():
    features = jnp.eye(7, 4)
    table = Partial(lambda features, params, i: params @ features[i], features)
    objective = cross_entropy(table)
    assert any(leaf is features for leaf in jax.tree.leaves(objective))
    e, rows, slope, _ = evaluated(objective, 0.1 * jnp.ones((3, 4)), (jnp.arange(7), CLASSES))
    np.testing.assert_allclose(rows.T @ e.residual, slope.ravel(), rtol=1e-12, atol=1e-15)
    assert any(leaf.shape == (7, 4) for leaf in jax.tree.leaves(e.jacobian))


@pytest.mark.slow
def test_randomness_enters_through_the_samples():
    """A key of its own for each sample, as dropout needs; what fails is still named."""

    def thinned(params, sample):
        x, key = sample
        return model(params, x * jax.random.bernoulli(key, 0.5, x.shape))

    def draw(labels, key, state, params):
        return state, ((X, jax.random.split(key, 7)), labels), {}

    def train(labels):
        sampler = pm.Sampler(lambda key, params: (), Partial(draw, labels))
        optimizer = pm.natural_gradient(0.2, damping=1e-2, max_norm=0.2)
        options = {"steps": 3, "key": jax.random.key(0)}
        return pm.fit(cross_entropy(thinned), sampler, optimizer, PARAMS, **options)

    assert np.all(np.isfinite(train(CLASSES).history["loss"]))
    with pytest.raises(pm.errors.NonFiniteError, match="1 of 7 samples, such as sample 4"):
        train(CLASSES.at[4].set(9))
