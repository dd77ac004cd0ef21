"""Each factorisation gives the same damped steps, and says how small a damping it resolves."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm
from physml.optim import by_gram, by_svd
from physml.optim.gauss_newton import _damping_at

NETWORK = pm.MLP((6,), outputs=2)
PARAMS = NETWORK.init(jax.random.key(0), jnp.zeros(2))  # 32 numbers


def vector(params, z):
    return NETWORK.apply(params, z) - jnp.sin(z)


def scalar(params, z):
    return NETWORK.apply(params, z)[0] - 1.0


@cache
def evaluation(n: int):
    """Two terms, one with two components: 3n rows."""
    objective = pm.least_squares({"vector": vector, "scalar": scalar}, weights={"scalar": 2.0})
    keys = jax.random.split(jax.random.key(1))
    batch = {
        "vector": jax.random.normal(keys[0], (n, 2)),
        "scalar": jax.random.normal(keys[1], (n, 2)),
    }
    evaluate = jax.jit(lambda params: objective.evaluate(params, objective.init(params), batch)[0])
    return evaluate(PARAMS)


@pytest.mark.parametrize(
    ("factorise", "n", "memory"),
    [
        (by_gram, 30, 2**30),
        (by_gram, 6, 2**30),
        (by_svd, 30, 2**30),
        (by_svd, 30, 5000),
        (by_svd, 6, 2**30),
    ],
    ids=["gram, n > p", "gram, n < p", "svd, n > p", "svd, n > p in chunks", "svd, n < p"],
)
def test_step_of_given_length(factorise, n, memory):
    """‖step(λ)‖ = Δ, the step solves (JᵀJ + λ) s = −Jᵀr, and the decrease is as predicted."""
    e = evaluation(n)

    @jax.jit
    def probe(jacobian, r, radius):
        spectrum = factorise(jacobian, r, step=jnp.int32(0), memory=memory)
        damping = _damping_at(spectrum, jnp.ones(()), radius)
        step = spectrum.step(damping)
        J = jacobian.dense()
        decrease = 0.5 * jnp.sum(r**2) - 0.5 * jnp.sum((r + J @ step) ** 2)
        lengths = jnp.stack([jnp.linalg.norm(step), spectrum.norm(damping)])
        normal = J.T @ (J @ step) + damping * step
        return lengths, normal, -J.T @ r, spectrum.predicted(damping), decrease

    for radius in (1e-3, 1e-2, 0.1):
        lengths, normal, rhs, predicted, decrease = probe(e.jacobian, e.residual, radius)
        np.testing.assert_allclose(lengths, radius, rtol=1e-8)
        np.testing.assert_allclose(normal, rhs, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(predicted, decrease, rtol=1e-9)


def test_singular_values_are_not_squared():
    """From 1 to 1e-12: the SVD finds them all, the Gram matrix those above 1e-8."""
    exact = np.logspace(0, -12, 13)
    keys = jax.random.split(jax.random.key(0))
    U, V = (
        jnp.linalg.qr(jax.random.normal(k, (m, 13)))[0] for k, m in zip(keys, (40, 13), strict=True)
    )
    rows = {"a": (U * jnp.asarray(exact)[None]) @ V.T * 40**0.5}
    objective = pm.least_squares({"rows": lambda x, row: row["a"] @ x - 1.0})
    e, _ = objective.evaluate(jnp.zeros(13), objective.init(jnp.zeros(13)), {"rows": rows})

    def values_and_floor(factorise):
        spectrum = factorise(e.jacobian, e.residual, step=0, memory=2**30)
        return jnp.sort(spectrum.values, descending=True), spectrum.floor

    results = {f: jax.jit(values_and_floor, static_argnums=0)(f) for f in (by_gram, by_svd)}
    found = {f: np.sqrt(values) for f, (values, _) in results.items()}
    np.testing.assert_allclose(found[by_svd], exact, rtol=1e-3)
    np.testing.assert_allclose(found[by_gram][:7], exact[:7], rtol=1e-3)
    # Lost in rounding: some come out at 0, where the least one is pushed below it.
    assert np.abs(found[by_gram][10:] / exact[10:] - 1).max() > 0.9
    floors = [float(floor) for _, floor in results.values()]
    eps = np.finfo(float).eps
    np.testing.assert_allclose(floors, [eps, eps**2], rtol=1e-9)


def test_rows_beyond_the_memory_are_refused_where_all_are_needed():
    e = evaluation(6)
    with pytest.raises(pm.errors.ConfigurationError, match=r"memory=100.*sketched"):
        by_svd(e.jacobian, e.residual, step=0, memory=100)


@pytest.mark.parametrize("n", [30, 6], ids=["n > p", "n < p"])
def test_broken_rows_give_broken_steps_not_a_crash(n):
    e = evaluation(n)
    broken = jax.tree.map(lambda x: x * jnp.nan, PARAMS)

    @jax.jit
    def take(jacobian, r):
        return by_svd(jacobian, r, step=jnp.int32(0), memory=2**30).step(jnp.asarray(1.0))

    step = take(pm.Jacobian(broken, e.jacobian.blocks), e.residual)
    assert step.shape == ravel_pytree(PARAMS)[0].shape
    assert not np.isfinite(step).any()
