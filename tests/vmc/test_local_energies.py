"""Local energies in chunks: one program and one answer for any number of walkers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def log_psi(a, x):
    return -0.5 * a * jnp.sum(x**2) - 0.1 * jnp.sum(x) ** 4


def oscillator(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


def chunks_of(n, memory):
    """Lengths of the loop over chunks, and how many walkers are in each."""
    traced = jax.make_jaxpr(
        lambda x: pm.vmc.local_energies(oscillator, log_psi, 1.0, x, memory=memory)
    )
    found = []

    def visit(jaxpr):
        for equation in jaxpr.eqns:
            if equation.primitive.name == "scan":
                batch = next(v.aval.shape for v in equation.invars if v.aval.shape[2:] == (3, 1))
                found.append(batch[:2])
            for value in equation.params.values():
                if hasattr(value, "jaxpr"):
                    visit(value.jaxpr)

    visit(traced(jnp.ones((n, 3, 1))).jaxpr)
    return found


@pytest.mark.parametrize("n", [2, 12, 13, 97])
@pytest.mark.parametrize("memory", [1, 3_000, 2**27])
def test_any_number_of_walkers_has_the_energies_of_each(n, memory):
    """A count with few divisors went one by one: 1,021 of the dot took 2.4 times as long."""
    x = jax.random.normal(jax.random.key(0), (n, 3, 1))
    local = jax.jit(lambda x: pm.vmc.local_energies(oscillator, log_psi, 1.0, x, memory=memory))
    one = jax.jit(lambda x: oscillator(lambda y: log_psi(1.0, y), x))
    each = [float(one(walker)) for walker in x]
    found = local(x)
    assert found.shape == (n,)
    np.testing.assert_allclose(found, each, rtol=1e-12)


def test_chunks_are_as_large_as_memory_allows():
    """Budgets that hold 10 walkers: 97 of them in ten chunks, as 100, and never more than 10."""
    [(_, most)] = chunks_of(1000, 3_000)
    assert most > 1
    for n in (most + 1, 97, 101, 997, 1009):
        [(count, size)] = chunks_of(n, 3_000)
        assert size <= most
        assert count == -(-n // most)
        assert n <= count * size < n + count
    assert chunks_of(97, 2**27) == []


def test_there_is_one_program():
    """The operator is traced once, for the last chunk as for the others."""
    traced = []

    def counted(log_psi, x):
        traced.append(x)
        return oscillator(log_psi, x)

    x = jax.random.normal(jax.random.key(0), (97, 3, 1))
    jax.jit(lambda x: pm.vmc.local_energies(counted, log_psi, 1.0, x, memory=3_000))(x)
    assert len(traced) == 1


@pytest.mark.parametrize("broken", [0, 1, 50, 96])
def test_what_is_not_finite_stays_where_it_is(broken):
    """The walkers that fill up the last chunk are the first ones: theirs is theirs alone."""
    x = jax.random.normal(jax.random.key(0), (97, 3, 1)).at[broken].set(jnp.nan)
    found = np.asarray(pm.vmc.local_energies(oscillator, log_psi, 1.0, x, memory=3_000))
    assert np.flatnonzero(~np.isfinite(found)).tolist() == [broken]


def test_what_follows_a_walker_keeps_its_shape():
    x = jax.random.normal(jax.random.key(0), (13, 3, 1))
    parts = lambda log_psi, x: jnp.stack([oscillator(log_psi, x), jnp.sum(x), jnp.max(x)])
    found = pm.vmc.local_energies(parts, log_psi, 1.0, x, memory=3_000)
    assert found.shape == (13, 3)
    np.testing.assert_allclose(found[:, 1], jnp.sum(x, axis=(1, 2)), rtol=1e-12)
