"""Densities and pair distributions: their norms, and known Gaussian answers."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

WALKERS = {
    (n, d): np.random.default_rng(10 * n + d).normal(scale=0.5**0.5, size=(4, 10_000, n, d))
    for n, d in [(1, 1), (2, 2), (3, 3)]
}


def shells(r):
    """The edges of bins around equally spaced middles."""
    half = 0.5 * (r[1] - r[0])
    return np.append(r - half, r[-1] + half)


def ball(d):
    return math.pi ** (d / 2) / math.gamma(d / 2 + 1)


@pytest.mark.parametrize(("n", "d"), WALKERS)
def test_density_integrates_to_the_number_of_particles(n, d):
    """Up to the 0.1% of particles beyond the last bin, which is where it should be."""
    r, density = pm.vmc.radial_density(WALKERS[n, d], bins=40)
    edges = shells(r)
    assert edges[0] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(np.sum(density * ball(d) * np.diff(edges**d)), 0.999 * n, rtol=1e-4)


@pytest.mark.parametrize(("n", "d"), WALKERS)
def test_density_of_a_gaussian(n, d):
    """``n(r) = N π^{−d/2} e^{−r²}`` averaged over each shell, at 5σ of the counts (40 bins)."""
    r, density = pm.vmc.radial_density(WALKERS[n, d], bins=40)
    volume = ball(d) * np.diff(shells(r) ** d)
    fine = np.linspace(shells(r)[:-1], shells(r)[1:], 201)
    weight = fine ** (d - 1)
    mean = np.sum(weight * np.exp(-(fine**2)), axis=0) / np.sum(weight, axis=0)
    expected = n * math.pi ** (-d / 2) * mean
    samples = 40_000 * n
    counts = expected * volume / n * samples
    assert np.all(np.abs(density / expected - 1) < 5 / np.sqrt(counts) + 1e-4)


def test_pairs_integrate_to_one_and_follow_a_gaussian():
    """Of independent particles: in two dimensions p(r) = r e^{−r²/2}, at 5σ of the counts."""
    for n, d in [(2, 2), (3, 3)]:
        r, pairs = pm.vmc.pair_distribution(WALKERS[n, d], bins=40)
        np.testing.assert_allclose(np.sum(pairs * np.diff(shells(r))), 0.999, rtol=1e-4)
        if d == 2:
            edges = np.exp(-(shells(r) ** 2) / 2)
            expected = -np.diff(edges) / np.diff(shells(r))
            counts = expected * np.diff(shells(r)) * 40_000
            assert np.all(np.abs(pairs / expected - 1) < 5 / np.sqrt(counts) + 1e-4)


def test_every_pair_counts_once():
    """Three particles on a line at 0, 1 and 3: distances 1, 2 and 3, alike in number."""
    walkers = np.tile(np.array([[0.0], [1.0], [3.0]]), (500, 1, 1))
    r, pairs = pm.vmc.pair_distribution(walkers, bins=9)
    filled = pairs > 0
    np.testing.assert_allclose(r[filled], [7 / 6, 13 / 6, 17 / 6], atol=0.34)
    np.testing.assert_allclose(pairs[filled] * (r[1] - r[0]), 1 / 3)


def test_snapshots_are_averaged():
    stacked = WALKERS[2, 2]
    flat = stacked.reshape(-1, 2, 2)
    for observable in (pm.vmc.radial_density, pm.vmc.pair_distribution):
        for a, b in zip(observable(stacked), observable(flat), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(5,), (0, 1, 2), (5, 0, 2)])
def test_walkers_without_particles_are_refused(shape):
    with pytest.raises(pm.errors.ShapeError, match=r"expected \(..., N, d\) with N ≥ 1"):
        pm.vmc.radial_density(np.zeros(shape))


def test_walkers_that_are_not_finite_are_refused():
    """They would count as pairs that are far apart."""
    x = np.random.default_rng(0).uniform(size=(2, 5, 3, 2))
    x[1, 2, 0, 1] = np.nan
    cell = pm.vmc.Cell((1.0, 1.0))
    for observable in (
        pm.vmc.radial_density,
        pm.vmc.pair_distribution,
        lambda x: pm.vmc.structure_factor(x, cell),
        lambda x: pm.vmc.pair_correlation(x, cell, n_up=2),
    ):
        with pytest.raises(pm.errors.NonFiniteError, match="got 1 of 10 walkers without"):
            observable(x)


def test_masked_walkers_are_refused():
    """What lies under a mask would be counted."""
    x = np.ma.masked_less(np.random.default_rng(0).uniform(size=(4, 5, 2, 3)), 0.1)
    atom, cell, flat = pm.vmc.Atom(), pm.vmc.Cell((1.0,) * 3), lambda x: 0.0 * jnp.sum(x)
    for measure in (
        pm.vmc.radial_density,
        lambda x: pm.vmc.spin_correlation(x[..., :1]),
        lambda x: pm.vmc.energy_parts(atom, flat, x),
        lambda x: pm.vmc.nuclear_forces(atom, flat, x),
        lambda x: pm.vmc.spin_squared(flat, x, n_up=1),
        lambda x: pm.vmc.momentum_distribution(flat, x, cell, key=None, particles=1, waves=1),
    ):
        with pytest.raises(pm.errors.ShapeError, match="entries masked"):
            measure(x)


def test_a_pair_needs_two():
    with pytest.raises(pm.errors.ShapeError, match=r"N ≥ 2 particles, got \(5, 1, 3\)"):
        pm.vmc.pair_distribution(np.zeros((5, 1, 3)))
