"""The regulator by its Hamilton–Jacobi–Bellman equation: known answers, and the recipe's."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.pinn.catalogue import ENTRIES, HJBLQR

ROOT = np.sqrt(3.0)


def test_riccati_of_the_double_integrator():
    P, K = HJBLQR().riccati
    np.testing.assert_allclose(P, [[ROOT, 1], [1, ROOT]], atol=1e-12)
    np.testing.assert_allclose(K, [1, ROOT], atol=1e-12)


@pytest.mark.parametrize("effort", [1.0, 0.1])
def test_the_reference_obeys_both_equations(effort):
    subject = HJBLQR(effort=effort)
    P, K = map(jnp.asarray, subject.riccati)
    f = {"value": lambda z: z @ P @ z, "feedback": lambda z: -K @ z}
    wrong = {"value": lambda z: 1.1 * (z @ P @ z), "feedback": f["feedback"]}
    z = jnp.array([0.3, -0.7])
    rows = jax.jit(lambda z: [[subject.equation(g, z), subject.least(g, z)] for g in (f, wrong)])(z)
    np.testing.assert_allclose(rows[0], 0.0, atol=1e-5)
    assert min(map(abs, rows[1])) > 1e-2
    points = np.array([[0.3, -0.7], [1.0, 0.0]])
    np.testing.assert_allclose(subject.value(points), jax.vmap(f["value"])(points), rtol=1e-5)
    np.testing.assert_allclose(subject.feedback(points), jax.vmap(f["feedback"])(points), rtol=1e-5)


def test_any_network_scales_as_a_regulator_does_and_is_known_at_rest():
    ansatz = HJBLQR().problem().ansatz
    rough = lambda z: jnp.cos(7 * z[0] + 3 * z[1])
    z = jnp.array([0.2, -0.1])
    V, u = (lambda z, name=name: ansatz[name](rough, z) for name in ("value", "feedback"))
    assert float(V(2 * z) / V(z)) == pytest.approx(4.0, rel=1e-5)
    assert float(u(2 * z) / u(z)) == pytest.approx(2.0, rel=1e-5)
    assert float(V(-z)) == pytest.approx(float(V(z)), rel=1e-12)
    assert float(u(-z)) == pytest.approx(-float(u(z)), rel=1e-12)
    assert float(ansatz["feedback"](lambda z: 0 * z[0], z)) == pytest.approx(-0.1)  # −q − v
    assert float(V(z)) > 0 and float(V(0 * z)) < 1e-20
    assert np.isfinite(jax.grad(V)(0 * z)).all()


def test_numbers_that_cannot_be_meant_are_named():
    with pytest.raises(ConfigurationError, match=r"effort: expected a number from 0\.01 to 100"):
        HJBLQR(effort=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2])
def test_the_recipe_finds_value_and_feedback(seed):
    """Seed 2 ended in a solution with a kink before the feedback began as a stable one."""
    entry = ENTRIES["hjb-lqr"]
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(seed), progress=False)
    assert found.errors(unknown="value").relative_l2 < 1e-4
    assert found.errors(unknown="feedback").relative_l2 < 1e-4
