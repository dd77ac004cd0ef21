"""Our own forward Laplacians, of sums of pairs and forms in blocks, against nested derivatives."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.calculus.block_form import block_form
from physml.calculus.pair_sum import others, pair_sum

N, WIDTH = 5, 4


def drawn(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def of_pairs(x):
    """A function of each displacement, ``(N, N − 1, WIDTH)``."""
    apart = x[:, None] - x[others(N)]
    return jnp.tanh(apart @ drawn(0, 3, WIDTH)) * jnp.exp(-jnp.sum(apart**2, -1, keepdims=True))


def of_all(x, size=N * WIDTH):
    """Numbers that depend on every coordinate."""
    return jnp.sin(x.ravel() @ drawn(1, 3 * N, size))


def of_itself(x):
    return jnp.tanh(x @ drawn(2, 3, WIDTH))


PAIRS = {
    "pairs and all": lambda x: pair_sum(of_pairs(x), of_all(x).reshape(N, WIDTH)),
    "pairs and one": lambda x: pair_sum(of_pairs(x), of_itself(x)),
    "pairs and numbers": lambda x: pair_sum(of_pairs(x), drawn(3, N, WIDTH)),
    "numbers and all": lambda x: pair_sum(drawn(4, N, N - 1, WIDTH), of_all(x).reshape(N, WIDTH)),
    "all and all": lambda x: pair_sum(
        of_all(x, N * (N - 1) * WIDTH).reshape(N, N - 1, WIDTH), of_all(x).reshape(N, WIDTH)
    ),
    "pairs of mixed features": lambda x: pair_sum(
        of_pairs(x) * jnp.where(jnp.arange(WIDTH) < 2, of_pairs(x[::-1])[::-1], 1.0),
        of_all(x).reshape(N, WIDTH),
    ),
    "pairs and the first": lambda x: pair_sum(
        of_pairs(x), of_all(x.at[2:].set(1.0)).reshape(N, WIDTH)
    ),
    "complex": lambda x: jnp.real(
        pair_sum(of_pairs(x) * jnp.exp(1j * x[:, None, :1]), of_all(x).reshape(N, WIDTH) * 1j)
    ),
    "many": lambda x: jax.vmap(pair_sum)(
        jnp.stack([of_pairs(x), of_pairs(-x)]), of_all(x, 2 * N * WIDTH).reshape(2, N, WIDTH)
    ),
}
FORMS = {
    "all and all": lambda x: block_form(
        drawn(5, 2, 3, 3), of_all(x, 12).reshape(2, 3, 2), of_all(x, 24)[12:].reshape(2, 3, 2)
    ),
    "many": lambda x: jax.vmap(block_form, in_axes=(None, 0, 0))(
        drawn(5, 2, 3, 3), of_all(x, 24).reshape(2, 2, 3, 2), of_all(-x, 24).reshape(2, 2, 3, 2)
    ),
    "the first and all": lambda x: block_form(
        drawn(5, 2, 3, 3),
        of_all(x.at[2:].set(1.0), 12).reshape(2, 3, 2),
        of_all(x, 12).reshape(2, 3, 2),
    ),
    "numbers and all": lambda x: block_form(
        drawn(5, 2, 3, 3), drawn(6, 2, 3, 2), of_all(x, 12).reshape(2, 3, 2)
    ),
    "each its own": lambda x: block_form(drawn(5, N, 3, 3), x[..., None], jnp.sin(x)[..., None]),
    "a table that moves": lambda x: block_form(
        of_all(x, 18).reshape(2, 3, 3), drawn(6, 2, 3, 2), of_all(x, 12).reshape(2, 3, 2)
    ),
}
EVERY = {f"pair_sum: {name}": u for name, u in PAIRS.items()} | {
    f"block_form: {name}": u for name, u in FORMS.items()
}


@pytest.mark.parametrize("sparsity", [0, 0.6], ids=["dense", "sparse"])
@pytest.mark.parametrize("u", EVERY.values(), ids=EVERY)
def test_as_nested_derivatives(u, sparsity):
    x, axes = drawn(9, N, 3), tuple(range(3 * N))
    one = lambda x: jnp.sum(jnp.tanh(u(x)))
    method = partial(pm.calculus.forward_laplacian, sparsity_threshold=sparsity)
    both = jax.jit(lambda x: (method(one, x, axes), pm.calculus.nested_forward(one, x, axes)))
    for found, expected in zip(*both(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_the_sum_itself():
    f, g = np.asarray(drawn(4, N, N - 1, WIDTH)), np.asarray(drawn(3, N, WIDTH))
    expected = [sum(f[i, k] * g[j] for k, j in enumerate(others(N)[i])) for i in range(N)]
    np.testing.assert_allclose(pair_sum(f, g), expected, rtol=1e-13)


def test_two_images_of_two_particles():
    """Under ``vmap`` the shapes of a sum over two particles fit one over their two images, too."""

    def log_psi(x):
        images = jnp.stack([x, -x])
        f = jax.vmap(lambda y: jnp.tanh((y[:, None] - y[others(2)]) @ drawn(0, 3, WIDTH)))(images)
        g = jax.vmap(lambda y: jnp.sin(y.ravel() @ drawn(1, 6, 2 * WIDTH)).reshape(2, WIDTH))(
            images
        )
        return jnp.sum(jnp.tanh(jax.vmap(pair_sum)(f, g)))

    x, axes = drawn(9, 2, 3), tuple(range(6))
    method = partial(pm.calculus.forward_laplacian, sparsity_threshold=0.6)
    both = jax.jit(lambda x: [f(log_psi, x, axes) for f in (method, pm.calculus.nested_forward)])
    for one, other in zip(*both(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_gradients_pass_through():
    f, g = drawn(4, N, N - 1, WIDTH), drawn(3, N, WIDTH)
    plain = lambda f, g: jnp.sum(jnp.sin(jnp.sum(f * g[others(N)], axis=1)))
    ours = lambda f, g: jnp.sum(jnp.sin(pair_sum(f, g)))
    for found, expected in zip(
        jax.jit(jax.grad(ours, (0, 1)))(f, g), jax.jit(jax.grad(plain, (0, 1)))(f, g), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
