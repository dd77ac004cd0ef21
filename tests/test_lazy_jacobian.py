"""The lazy Jacobian against jax's own, and its Gram matrices by every route."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from physml import MLP, Block, Jacobian

NETWORK = MLP((6, 5), outputs=2)
SCALAR = MLP((7,))


def vector_row(params, z):
    return NETWORK.apply(params["vector"], z)


def scalar_row(params, z):
    u = jax.grad(lambda y: SCALAR.apply(params["scalar"], y))(z)
    return u[0] + u[1] ** 2


def make(*, centred: bool) -> Jacobian:
    keys = jax.random.split(jax.random.key(1), 4)
    params = {
        "vector": NETWORK.init(keys[0], jnp.zeros(2)),
        "scalar": SCALAR.init(keys[1], jnp.zeros(2)),
    }
    blocks = (
        Block(vector_row, jax.random.normal(keys[2], (11, 2)), jnp.array(0.3), centred),
        Block(scalar_row, jax.random.normal(keys[3], (9, 2)), jnp.array(1.7), centred),
    )
    return Jacobian(params, blocks)


def stacked(jacobian: Jacobian, flat, unravel):
    """The stacked values whose derivative J claims to be, written without its code."""
    parts = []
    for block in jacobian.blocks:
        values = jnp.stack([block.row(unravel(flat), z) for z in block.batch])
        if block.centred:
            values = values - values.mean(axis=0, keepdims=True)
        parts.append((block.scale * values).reshape(-1))
    return jnp.concatenate(parts)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "centred"])
def case(request):
    jacobian = make(centred=request.param)
    flat, unravel = ravel_pytree(jacobian.params)
    brute = jax.jit(jax.jacrev(lambda x: stacked(jacobian, x, unravel)))(flat)
    return jacobian, unravel, brute


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * float(jnp.abs(b).max()))


def test_shape_is_static(case):
    jacobian, _, brute = case
    assert jacobian.shape == brute.shape == (31, 94)


@pytest.mark.slow
def test_dense_equals_jacrev(case):
    jacobian, _, brute = case
    close(jacobian.dense(), brute)


def test_products(case):
    jacobian, unravel, brute = case
    tangent = jax.random.normal(jax.random.key(2), (brute.shape[1],))
    rows = jax.random.normal(jax.random.key(3), (brute.shape[0],))
    forth, back = jax.jit(lambda j, v, r: (j.mv(v), j.vm(r)))(jacobian, unravel(tangent), rows)
    close(forth, brute @ tangent)
    close(ravel_pytree(back)[0], brute.T @ rows)


def test_products_with_rows_once_built(case):
    jacobian, unravel, brute = case
    tangent = jax.random.normal(jax.random.key(2), (brute.shape[1],))
    rows = jax.random.normal(jax.random.key(3), (brute.shape[0],))

    @jax.jit
    def products(jacobian, tangent, rows):
        built = jacobian.built(memory=2**20)
        return built.rows, built.mv(tangent), built.vm(rows), built.sample_gram()

    parts, forth, back, gram = products(jacobian, unravel(tangent), rows)
    close(jnp.concatenate(parts), brute)
    close(forth, brute @ tangent)
    close(ravel_pytree(back)[0], brute.T @ rows)
    close(gram, brute @ brute.T)
    assert jacobian.built(memory=1).rows is None


@pytest.mark.parametrize("memory", [2**30, 2000, 1], ids=["dense", "pieces", "row by row"])
def test_gram_matrices_within_any_memory(case, memory):
    jacobian, _, brute = case
    both = jax.jit(lambda j: (j.sample_gram(memory=memory), j.parameter_gram(memory=memory)))
    of_samples, of_parameters = both(jacobian)
    close(of_samples, brute @ brute.T)
    close(of_parameters, brute.T @ brute)


def test_chunks_of_rows(case, monkeypatch):
    jacobian, _, brute = case
    monkeypatch.setattr("physml.lazy_jacobian._CHUNK_BYTES", 94 * 8 * 4)
    close(jacobian.dense(), brute)


def test_passes_through_transformations(case):
    jacobian, _, brute = case
    close(jax.jit(lambda j: j.dense())(jacobian), brute)
    picked = jax.lax.cond(True, lambda j: j.sample_gram(), lambda j: 0 * j.sample_gram(), jacobian)
    close(picked, brute @ brute.T)


def test_memory_bounds_what_is_held():
    """Above the budget no array as large as the rows of a term appears in the program."""
    jacobian = make(centred=False)
    p = jacobian.shape[1]
    rows = {(len(part), p) for part in jax.eval_shape(lambda j: j.built().rows, jacobian)}

    def shapes(memory: int) -> set[tuple[int, ...]]:
        program = jax.make_jaxpr(lambda j: j.parameter_gram(memory=memory))(jacobian)
        return {v.aval.shape for e in program.jaxpr.eqns for v in e.outvars}

    assert rows <= shapes(2**30)
    assert not rows & shapes(2000)


def complex_row(params, z):
    c, a = params["c"], params["a"]
    return jnp.stack([jnp.sin(c[0] * z).real + a * z, jnp.abs(c[1] - z) ** 2 * jnp.conj(c[0]).imag])


@pytest.mark.slow
def test_complex_parameters_are_pairs_by_every_route():
    """Rows, products and Gram matrices against jax's own by real and imaginary parts."""
    params = {"a": jnp.array(0.3), "c": jnp.array([0.4 - 0.7j, 1.1 + 0.2j])}
    z = jax.random.normal(jax.random.key(0), (9,))
    jacobian = Jacobian(params, (Block(complex_row, z, jnp.array(0.6), centred=True),))

    def values(flat):
        made = {"a": flat[0], "c": jax.lax.complex(flat[1:3], flat[3:])}
        rows = jnp.stack([complex_row(made, x) for x in z])
        return (0.6 * (rows - rows.mean(axis=0, keepdims=True))).reshape(-1)

    brute = jax.jit(jax.jacrev(values))(jnp.array([0.3, 0.4, 1.1, -0.7, 0.2]))
    assert jacobian.shape == brute.shape and jacobian.dtype == jnp.float64
    close(jacobian.dense(), brute)
    close(jacobian.sample_gram(memory=1), brute @ brute.T)
    close(jacobian.parameter_gram(memory=1), brute.T @ brute)
    tangent = {"a": jnp.array(0.5), "c": jnp.array([0.1 + 2.0j, -0.3 + 0.4j])}
    change = brute @ jnp.array([0.5, 0.1, -0.3, 2.0, 0.4])
    rows = jax.random.normal(jax.random.key(1), (18,))
    for form in (jacobian, jacobian.built(memory=2**20)):
        close(form.mv(tangent), change)
        product, back = form.vm(rows), brute.T @ rows
        close(product["a"], back[0])
        close(product["c"], back[1:3] + 1j * back[3:])
