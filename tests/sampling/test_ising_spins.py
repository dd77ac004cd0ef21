"""Ising lattices by clusters and single spins, against exact averages."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml import ising, sampling
from physml.errors import ConfigurationError, ShapeError

KEY = jax.random.key(0)


def lattices(n, *sides):
    return lambda key: jnp.ones((n, *sides), jnp.int8)


def exact_of_three(coupling):
    """``⟨E⟩`` and ``⟨m²⟩`` of a lattice of 3 × 3 by its 512 states, with their variances."""
    unit = ising.square_couplings(3, 3, 1.0)
    every = ising.enumeration(coupling * unit)
    s, p = every.states.astype(float), every.probabilities
    for values in (-0.5 * np.sum((s @ unit) * s, axis=1), s.mean(axis=1) ** 2):
        mean = p @ values
        yield mean, p @ (values - mean) ** 2


def test_clusters_alone_sample_the_distribution():
    """An odd side has no checkerboard; 4σ of independent lattices, and clusters tell ``⟨m²⟩``."""
    n, coupling = 2000, 0.35
    sampler = sampling.ising_spins(coupling, lattices(n, 3, 3), sweeps=20)
    _, spins, metrics = jax.jit(sampler.sample)(KEY, sampler.init(KEY, None), None)
    assert spins.dtype == jnp.int8
    (energy, spread), (squared, spread_squared) = exact_of_three(coupling)
    found = jax.vmap(ising.energy)(spins)
    assert abs(found.mean() - energy) < 4 * (spread / n) ** 0.5
    found = jax.vmap(ising.magnetisation)(spins) ** 2
    assert abs(found.mean() - squared) < 4 * (spread_squared / n) ** 0.5
    assert abs(metrics["cluster"] - squared) < 0.02


def test_single_spins_alone_sample_the_distribution():
    n, coupling = 2000, 0.3

    def swept(key, spins):
        return jax.lax.scan(
            lambda s, key: (sampling.checkerboard(key, s, coupling), None),
            spins,
            jax.random.split(key, 40),
        )[0]

    start = jnp.ones((n, 2, 4), jnp.int8)
    spins = jax.jit(jax.vmap(swept))(jax.random.split(KEY, n), start)
    exact = ising.kaufman(2, 4, coupling)
    found = jax.vmap(ising.energy)(spins) / 8
    deviation = (exact.specific_heat / coupling**2 / 8) ** 0.5
    assert abs(found.mean() - exact.energy) < 4 * deviation / n**0.5


@pytest.mark.slow
@pytest.mark.parametrize("side", [8, 20])
def test_energies_at_each_temperature_are_exact(side):
    """Energies within 3 blocked σ and specific heats within 6% (20 σ/√n or so) at five at once."""
    temperatures = np.array([1.5, 2.0, ising.CRITICAL_TEMPERATURE, 2.6, 3.5])
    couplings = np.repeat(1 / temperatures, 40)
    sampler = sampling.ising_spins(couplings, lattices(200, side, side), burn_in=40)
    step, state = jax.jit(sampler.sample), sampler.init(KEY, None)
    energies = []
    for key in jax.random.split(KEY, 120):
        state, spins, _ = step(key, state, None)
        energies.append(jax.vmap(ising.energy)(spins))
    for i, coupling in enumerate(1 / temperatures):
        found = sampling.estimate(np.array(energies)[:, 40 * i : 40 * (i + 1)] / side**2)
        exact = ising.kaufman(side, side, coupling)
        assert found.converged and abs(found.mean - exact.energy) < 3 * found.error
        heat = found.variance * side**2 * coupling**2
        assert heat == pytest.approx(exact.specific_heat, rel=0.06)


def test_a_cluster_is_one_site_without_coupling_and_all_like_spins_with_a_large_one():
    turn = jax.jit(sampling.wolff)
    rows = jnp.repeat(jnp.array([1, 1, -1, -1, 1, -1]), 4).reshape(6, 4)  # of 8, 8, 4 and 4 sites
    for key in jax.random.split(KEY, 6):
        spins, part = turn(key, rows, 0.0)
        assert int(jnp.sum(spins != rows)) == round(24 * float(part)) == 1
        spins, part = turn(key, rows, 100.0)
        assert int(jnp.sum(spins != rows)) == round(24 * float(part)) in (4, 8)
        assert jnp.all(spins == spins[:, :1])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sampling.ising_spins(-0.1, lattices(2, 4, 4)), ConfigurationError, "K = J/T ≥ 0"),
        (lambda: sampling.ising_spins([[0.1]], lattices(2, 4, 4)), ConfigurationError, "coupling"),
        (lambda: sampling.ising_spins(np.nan, lattices(2, 4, 4)), ConfigurationError, "got nan"),
        (
            lambda: sampling.ising_spins(0.1, lattices(2, 4, 4), clusters=0),
            ConfigurationError,
            "clusters: expected at least 1",
        ),
        (
            lambda: sampling.ising_spins([0.1] * 3, lattices(2, 4, 4)).init(KEY, None),
            ShapeError,
            "one for each of 2 lattices, got 3",
        ),
        (
            lambda: sampling.ising_spins(0.1, lattices(2, 4)).init(KEY, None),
            ShapeError,
            r"lattices \(n, rows, columns\)",
        ),
        (
            lambda: sampling.ising_spins(0.1, lambda key: jnp.zeros((2, 4, 4))).init(KEY, None),
            ShapeError,
            "expected spins ±1",
        ),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("move", [sampling.wolff, sampling.checkerboard])
def test_many_lattices_are_not_taken_for_one(move):
    with pytest.raises(ShapeError, match=r"expected one lattice .*got \(5, 4, 4\); jax.vmap"):
        move(KEY, jnp.ones((5, 4, 4)), 0.4)
    with pytest.raises(ShapeError, match=r"coupling: expected one number, got \(4,\)"):
        move(KEY, jnp.ones((4, 4)), jnp.ones(4))


def test_what_a_move_cannot_serve_is_refused():
    with pytest.raises(ShapeError, match=r"both even, got \(3, 4\)"):
        sampling.checkerboard(KEY, jnp.ones((3, 4)), 0.4)
    with pytest.raises(ConfigurationError, match=r"K = J/T ≥ 0, got -0\.4"):
        sampling.wolff(KEY, jnp.ones((4, 4)), -0.4)
