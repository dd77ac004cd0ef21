"""A cost as it is: gradients by jax, and what returns no cost."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm

X = jnp.array([0.5, -1.0, 2.0])


@pytest.mark.slow
def test_loss_gradient_and_what_is_logged():
    f = lambda params, x: (jnp.mean(jnp.cosh(params * x)), {"largest": jnp.max(params * x)})
    objective = pm.cost(f)
    e, _ = jax.jit(objective.evaluate)(jnp.array(0.7), (), X)
    x = np.asarray(X)
    np.testing.assert_allclose(e.loss, np.mean(np.cosh(0.7 * x)), rtol=1e-14)
    np.testing.assert_allclose(e.gradient, np.mean(x * np.sinh(0.7 * x)), rtol=1e-14)
    assert e.residual is None and e.jacobian is None
    assert {name: float(number) for name, number in e.metrics.items()} == {"largest": 1.4}
    assert float(objective.value(jnp.array(0.7), (), X)) == pytest.approx(float(e.loss))


def test_a_complex_parameter_goes_downhill():
    """``|c − (1 + 2i)|²``: jax's own gradient would lead its imaginary part away."""
    result = pm.fit(
        pm.cost(lambda c, x: jnp.abs(c - (1 + 2j)) ** 2 + 0 * jnp.sum(x)),
        pm.fixed(X),
        optax.sgd(0.1),
        jnp.array(0.3 + 0.1j),
        steps=60,
        key=jax.random.key(0),
    )
    np.testing.assert_allclose(result.params, 1 + 2j, atol=1e-5)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda p, x: p * x, r"cost: expected one real .* got float64 \(3,\)"),
        (lambda p, x: 1.0, "cost: expected one real .* got float"),
        (lambda p, x: jnp.sum(p * x) + 0j, "got complex128"),
        (lambda p, x: (jnp.sum(p * x), 1.0), "expected a dict of scalars"),
        (lambda p, x: (jnp.sum(p * x), {"x": x}), "expected a dict of scalars"),
        (lambda p, x: (jnp.sum(p * x), {"loss": p}), "'loss' by another name"),
        (lambda p, x: jnp.sum(x), "no parameter can change"),
    ],
)
def test_what_is_no_cost_is_refused(f, message):
    with pytest.raises(pm.errors.PhysmlError, match=message):
        pm.cost(f).evaluate(jnp.array(1.0), (), X)
