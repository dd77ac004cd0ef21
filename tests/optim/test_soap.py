"""SOAP: Adam wherever the basis is the identity, blind to rotations, fast where axes are mixed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.optim import soap
from physml.optim.soap import _rotate


def rotation(seed: int, size: int):
    return jnp.linalg.qr(jax.random.normal(jax.random.key(seed), (size, size)))[0]


def descend(optimizer, loss, params, steps: int):
    """All iterates, each leaf ``(steps, ...)``."""

    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    run = jax.jit(lambda p: jax.lax.scan(step, (p, optimizer.init(p)), None, length=steps)[1])
    return run(params)


def test_rotated_problems_give_rotated_iterates():
    """f̃(W) = f(Uᵀ W V) has the iterates U W_t Vᵀ; Adam's turn elsewhere."""
    A, B, C = (jax.random.normal(key, (4, 4)) for key in jax.random.split(jax.random.key(0), 3))
    U, V = rotation(1, 4), rotation(2, 4)
    loss = lambda W: 0.5 * jnp.sum((A @ W @ B - C) ** 2)
    rotated_loss = lambda W: loss(U.T @ W @ V)
    start = jnp.zeros((4, 4))
    for optimizer, invariant in (
        (soap(1e-2, precondition_every=3), True),
        (optax.adam(1e-2), False),
    ):
        plain = descend(optimizer, loss, start, 20)
        rotated = descend(optimizer, rotated_loss, start, 20)
        error = float(jnp.abs(rotated - jnp.einsum("ij,tjk,lk->til", U, plain, V)).max())
        assert (error < 1e-7) == invariant


def test_it_is_adam_where_the_basis_is_the_identity():
    params = {"matrix": jnp.ones((3, 5)), "bias": jnp.ones(4), "scalar": jnp.ones(())}

    def loss(p):
        return sum(jnp.sum(jnp.cosh(i + x) ** 0.5) for i, x in enumerate(jax.tree.leaves(p)))

    ours = descend(soap(1e-2, b1=0.9, b2=0.99, max_dim=1), loss, params, 15)
    adam = descend(optax.adam(1e-2, b1=0.9, b2=0.99), loss, params, 15)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13), ours, adam)
    rotated = descend(soap(1e-2, b1=0.9, b2=0.99), loss, params, 15)
    for name in ("bias", "scalar"):
        np.testing.assert_allclose(rotated[name], adam[name], rtol=1e-13)


def test_bases_are_orthonormal_eigenvectors_for_every_number_of_axes():
    """Drawn from a fixed distribution, the bases turn towards the eigenvectors of E[G Gᵀ]."""
    roots = [
        rotation(i, size) * jnp.logspace(0, -1, size)[None] for i, size in enumerate((4, 3, 2))
    ]
    optimizer = soap(1e-3, b2=0.99, precondition_every=2)
    params = {"cube": jnp.zeros((4, 3, 2)), "tall": jnp.zeros((4, 1)), "long": jnp.zeros(7)}

    def step(state, key):
        noise = jax.random.normal(key, (4, 3, 2))
        cube = _rotate(noise, roots, back=True)
        gradient = {"cube": cube, "tall": cube[:, :1, 0], "long": jnp.ones(7)}
        return optimizer.update(gradient, state)[1], None

    keys = jax.random.split(jax.random.key(0), 400)
    state = jax.jit(lambda s, k: jax.lax.scan(step, s, k)[0])(optimizer.init(params), keys)[0]
    cube, long, tall = state.bases
    assert [None if q is None else q.shape for q in tall] == [(4, 4), None]
    assert long == (None,)
    for basis, covariance, root in zip(cube, state.covariances[0], roots, strict=True):
        size = len(basis)
        np.testing.assert_allclose(basis.T @ basis, np.eye(size), atol=1e-12)
        inner = np.asarray(basis.T @ covariance @ basis)
        scale = np.sqrt(np.outer(np.diag(inner), np.diag(inner)))
        assert np.abs((inner - np.diag(np.diag(inner))) / scale).max() < 0.1
        assert np.all(np.diff(np.diag(inner)) < 0)
        exact = np.asarray(root / jnp.linalg.norm(root, axis=0)[None])
        assert np.abs(np.diag(np.abs(exact.T @ basis)) - 1).max() < 0.1


def test_faster_than_adam_where_axes_are_mixed():
    """Regression ½|A (W − W*) B|² with condition numbers 30, the best of five rates for each."""
    A, B = (
        rotation(i, 6) @ jnp.diag(jnp.logspace(0, -1.5, 6)) @ rotation(i + 1, 6) for i in (0, 2)
    )
    exact = jax.random.normal(jax.random.key(4), (6, 6))
    loss = lambda W: 0.5 * jnp.sum((A @ (W - exact) @ B) ** 2)

    def best(make):
        final = lambda rate: loss(descend(make(rate), loss, jnp.zeros((6, 6)), 400)[-1])
        return float(jax.vmap(final)(jnp.logspace(-2.5, -0.5, 5)).min())

    adam = best(lambda rate: optax.adam(rate, b1=0.95, b2=0.95))  # 2e-5; the usual decays: 5e-5
    assert best(soap) < 0.02 * adam


def test_what_vanishes_in_the_basis_is_not_stepped_in():
    """The same gradient at each step, rank one in float32: rounding is no direction."""
    keys = jax.random.split(jax.random.key(0))
    a, b = (jax.random.normal(key, (20,), jnp.float32) for key in keys)
    gradient = 100.0 * jnp.outer(a, b)
    optimizer = soap(1.0)

    def step(state, _):
        updates, state = optimizer.update(gradient, state)
        return state, updates

    _, updates = jax.jit(lambda s: jax.lax.scan(step, s, None, length=12))(optimizer.init(gradient))
    for update in updates:
        values = jnp.linalg.svd(update, compute_uv=False)
        np.testing.assert_allclose(values[0], 1.0, rtol=0.05)
        assert float(values[1]) < 0.1


def test_schedules():
    params = jnp.ones((2, 2))
    optimizer = soap(lambda step: 1.0 / (1 + step))
    state = optimizer.init(params)
    first, state = optimizer.update(params, state)
    second, _ = optimizer.update(params, state)
    np.testing.assert_allclose(second, 0.5 * first, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"b1": 1.0}, {"b2": -0.1}, {"eps": 0.0}, {"precondition_every": 0}, {"max_dim": 0}],
)
def test_bad_numbers_are_named(options):
    with pytest.raises(pm.errors.ConfigurationError, match=f"{next(iter(options))}: expected"):
        soap(**options)
