"""Weights of single samples: one number each, or a function of a sample."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError

PARAMS = {"a": jnp.array(0.7), "b": jnp.array(-1.2)}
X = jnp.array([0.5, -1.0, 2.0, 1.5])
W = np.array([2.0, 0.0, 0.5, 8.0])


def vector(p, x):
    return jnp.stack([p["a"] ** 2 + x, p["b"] * x])


def evaluated(weight):
    objective = pm.least_squares(
        {"v": vector, "s": lambda p, x: p["a"] * x}, weights={"v": weight, "s": 3.0}
    )
    batch = {"v": X, "s": X}
    evaluation, _ = jax.jit(objective.evaluate)(PARAMS, objective.init(PARAMS), batch)
    value = objective.value(PARAMS, objective.init(PARAMS), batch)
    np.testing.assert_allclose(value, evaluation.loss, rtol=1e-14)
    return evaluation


@pytest.mark.parametrize("weight", [list(W), lambda x: jnp.interp(x, *TABLE)])
def test_each_row_has_the_root_of_its_weight(weight):
    """``r = √(w_i/n) f``, not divided by the sum of weights; the losses by name have none."""
    e = evaluated(weight)
    f = np.array([vector(PARAMS, x) for x in X])
    s = float(PARAMS["a"]) * np.asarray(X)
    rows = np.concatenate([(np.sqrt(W / 4)[:, None] * f).ravel(), np.sqrt(3 / 4) * s])
    np.testing.assert_allclose(e.residual, rows, rtol=1e-13, atol=1e-15)
    loss = 0.5 * np.mean(W * np.sum(f**2, axis=1)) + 1.5 * np.mean(s**2)
    np.testing.assert_allclose(e.loss, loss, rtol=1e-13)
    np.testing.assert_allclose(e.metrics["loss/v"], 0.5 * np.mean(np.sum(f**2, 1)), rtol=1e-13)
    slopes = np.array([[[2 * PARAMS["a"], 0.0], [0.0, x]] for x in X])
    J = e.jacobian.dense()
    np.testing.assert_allclose(
        J[:8], (np.sqrt(W / 4)[:, None, None] * slopes).reshape(8, 2), rtol=1e-13, atol=1e-15
    )
    np.testing.assert_allclose([e.gradient["a"], e.gradient["b"]], J.T @ rows, rtol=1e-12)


TABLE = np.array(sorted(zip(X.tolist(), W.tolist(), strict=True))).T


@pytest.mark.slow
def test_products_in_chunks_have_the_weights_too():
    """A fold of two samples a chunk, the last of them filled up, and Gram matrices leaf by leaf."""
    J = evaluated(W).jacobian
    dense, few = J.dense(), 4 * 8 * 2
    np.testing.assert_allclose(J.parameter_gram(memory=few), dense.T @ dense, rtol=1e-13)
    np.testing.assert_allclose(J.sample_gram(memory=1), dense @ dense.T, rtol=1e-13, atol=1e-15)


def test_equal_weights_are_one_weight_and_a_rule_multiplies_them():
    one, each = evaluated(2.5), evaluated(np.full(4, 2.5))
    np.testing.assert_allclose(one.residual, each.residual, rtol=1e-14)
    seen = {}

    def rule(weights, losses, jacobian):
        seen.update(weights=weights, losses=losses)
        return {**weights, "v": 4 * weights["v"]}

    objective = pm.least_squares({"v": vector}, weights={"v": W}, balance=rule)
    state = objective.init(PARAMS)
    first, state = objective.evaluate(PARAMS, state, {"v": X})
    second, _ = objective.evaluate(PARAMS, state, {"v": X})
    np.testing.assert_allclose(second.residual, 2 * first.residual, rtol=1e-14)
    assert seen["weights"]["v"] == 4.0
    np.testing.assert_allclose(second.metrics["loss/v"], first.metrics["loss/v"], rtol=1e-14)


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (np.ones((4, 1)), ShapeError, r"weights: v: expected .* got an array \(4, 1\)"),
        (np.array([1.0, -1.0]), ConfigurationError, r"weights: v: .* got -1.0 at index 1"),
        (np.array([1.0, np.nan]), ConfigurationError, r"got nan at index 1"),
        (np.zeros(4), ConfigurationError, "got none above 0"),
        (np.array(["a"]), ShapeError, "real numbers"),
        (np.ones(3), ShapeError, r"weights: v: expected one number a sample, \(4,\), got \(3,\)"),
        (lambda x: jnp.stack([x, x]), ShapeError, r"\(4,\), got \(4, 2\)"),
        (lambda x: 1j * x, ShapeError, "expected real numbers, got complex"),
    ],
)
def test_what_is_no_weight_is_refused(weight, error, message):
    with pytest.raises(error, match=message):
        evaluated(weight)


def test_weights_are_data_of_a_fit_and_part_of_its_fingerprint(tmp_path):
    """Not constants of its program; a run with other weights is another run."""

    def fitted(weights, steps):
        objective = pm.least_squares(
            {"line": lambda p, s: p["a"] * s[0] + p["b"] - s[1]}, weights={"line": weights}
        )
        batch = {"line": (X, jnp.array([1.0, 5.0, -3.0, 0.0]))}
        begun = (tmp_path / "run").exists()
        with (pm.Run.reopen if begun else pm.Run.create)(tmp_path / "run") as run:
            return pm.fit(
                objective, pm.fixed(batch), pm.gauss_newton(), PARAMS, steps=steps, run=run,
                key=jax.random.key(0), progress=False,
            )  # fmt: skip

    done = fitted(W, 12).params
    A = np.stack([X, np.ones(4)], axis=1) * np.sqrt(W)[:, None]
    expected = np.linalg.lstsq(A, np.sqrt(W) * np.array([1.0, 5.0, -3.0, 0.0]), rcond=None)[0]
    np.testing.assert_allclose([done["a"], done["b"]], expected, rtol=1e-7)
    with pytest.raises(pm.errors.FingerprintError, match="line"):
        fitted(W + 1.0, 14)
