"""Images of the Ising model: temperatures and couplings from them, beside what is exact."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

import physml as pm
from physml import ising
from physml.errors import ConfigurationError, ConvergenceError, ShapeError
from physml.learn.catalogue import ENTRIES, IsingCoupling, IsingPhases
from physml.learn.catalogue.coupling_estimators import (
    ExactLikelihood,
    around,
    pseudo_likelihood,
)
from physml.learn.catalogue.finite_size_scaling import (
    binder_crossing,
    binder_cumulant,
    deviation,
    extrapolated,
    half_way,
)
from physml.learn.catalogue.ising_lattices import scaled_blocks
from physml.learn.catalogue.threshold import best_threshold

KEY = jax.random.key(0)
EVERY = ising.enumeration(ising.square_couplings(3, 3, 0.0)).states.reshape(-1, 3, 3)
"""All 512 lattices of 3 × 3."""
SITES = 9


def energies(spins):
    return np.asarray(jax.jit(jax.vmap(ising.energy))(spins)) / SITES


def test_sums_over_neighbours_count_each_bond_twice():
    np.testing.assert_allclose(-0.5 * around(EVERY).mean(axis=(1, 2)), energies(EVERY), atol=1e-14)


def test_information_is_the_variance_of_the_energy_and_bounds_the_likelihood():
    """On all lattices with their weights: bias and variance of the posterior mean are exact sums.

    Averaged over couplings drawn evenly, nothing has a smaller square error than the posterior
    mean: neither the likelihood, nor pseudo-likelihood, nor the mean of all couplings.
    """
    exact, e = ExactLikelihood(3, 0.1, 0.5, points=41), energies(EVERY)
    kinds = {
        "posterior": exact.posterior_mean(e),
        "likelihood": exact.most_likely(e),
        "pseudo": pseudo_likelihood(EVERY, 0.1, 0.5),
        "mean": np.full(len(e), 0.3),
    }
    errors = dict.fromkeys(kinds, 0.0)
    trapezoid = np.ones(41) / 40
    trapezoid[[0, -1]] /= 2
    for weight, k, log_z in zip(trapezoid, exact.couplings, exact.log_partitions, strict=True):
        p = np.exp(-SITES * (k * e + log_z))
        assert p.sum() == pytest.approx(1, rel=1e-12)
        for name, told in kinds.items():
            errors[name] += weight * (p @ (told - k) ** 2)
    middle = 20
    p = np.exp(-SITES * (exact.couplings[middle] * e + exact.log_partitions[middle]))
    spread = p @ (SITES * e) ** 2 - (p @ (SITES * e)) ** 2
    assert exact.information[middle] == pytest.approx(spread, rel=1e-10)
    assert errors["posterior"] == min(errors.values()) < 0.9 * errors["mean"]
    # Trapezoids in the definition and here are the same, so that the least is one to rounding.
    shifted = kinds["posterior"] + 0.001
    worse = sum(
        w * (np.exp(-SITES * (k * e + z)) @ (shifted - k) ** 2)
        for w, k, z in zip(trapezoid, exact.couplings, exact.log_partitions, strict=True)
    )
    assert worse - errors["posterior"] == pytest.approx(1e-6, rel=1e-6)


def test_likelihood_and_pseudo_likelihood_solve_their_equations():
    e = energies(EVERY)
    some = EVERY[(e > -1.5) & (e < -0.2)][:50]
    exact = ExactLikelihood(3, 0.01, 1.0)
    told = exact.most_likely(energies(some))
    for k, e in zip(told[:5], energies(some)[:5], strict=True):
        assert ising.kaufman(3, 3, k).energy == pytest.approx(e, abs=1e-4)
    told = pseudo_likelihood(some, 0.0, 2.0)
    field = around(some).reshape(len(some), -1)
    slope = np.sum(field / (1 + np.exp(2 * told[:, None] * field)), axis=1)
    np.testing.assert_allclose(slope[(told > 1e-6) & (told < 2 - 1e-6)], 0, atol=1e-9)
    assert pseudo_likelihood(np.ones((1, 4, 4)), 0.1, 0.7)[0] == pytest.approx(0.7)


def test_temperatures_of_known_curves():
    t = np.linspace(2, 3, 41)
    sides = (10, 20, 40)
    told = [half_way(t, 1 / (1 + np.exp((t - 2.25 - 3 / side) * side))) for side in sides]
    np.testing.assert_allclose(told, [2.55, 2.4, 2.325], atol=1e-4)
    assert extrapolated(sides, told) == pytest.approx(2.25, abs=1e-4)
    with pytest.raises(ConvergenceError, match=r"fall through ½ from T = 2 to 3, got from 0.7"):
        half_way(t, np.full(41, 0.7))


def test_cumulants_of_known_densities():
    """Of a normal density 0, of two states ⅔; crossing where two sets are alike."""
    random = np.random.default_rng(0)
    m = np.stack([random.normal(size=40_000), random.choice([-0.9, 0.9], 40_000)])
    np.testing.assert_allclose(binder_cumulant(m), [0, 2 / 3], atol=0.03)
    t = np.linspace(2.2, 2.34, 8)

    def mixed(slope):  # two states with noise that grows by T: alike at 2.26
        size = np.exp(slope * (t - 2.26))[:, None]
        noise = random.normal(size=(8, 40_000))
        return random.choice([-1.0, 1.0], (8, 40_000)) + size * noise

    small, large = mixed(1.0), mixed(6.0)
    assert binder_crossing(t, small, large) == pytest.approx(2.26, abs=0.01)
    assert 0 < deviation(lambda drawn: float(drawn.mean()), 50, random) < 5
    with pytest.raises(ConvergenceError, match=r"to cross from T = 2.2 to 2.34"):
        binder_crossing(t, small[:, :100], 0.0 * small[:, :100] + 1.0)


def test_the_threshold_tells_most_of_the_training_part():
    assert best_threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]) > 0) == 0.5
    told = best_threshold(np.array([0.1, 0.6, 0.4, 0.9, 0.4]), np.array([0, 0, 1, 1, 1]) > 0)
    assert 0.1 < told < 0.4
    assert best_threshold(np.array([0.5, 0.5]), np.array([False, True])) in (0.25, 1.25)


def test_blocks_are_means_that_grow_by_the_eighth_root_of_the_side():
    spins = np.ones((2, 10, 10), np.int8)
    spins[0, :5, :2] = -1
    blocks = scaled_blocks(spins, 2)
    assert blocks.shape == (2, 2, 2) and blocks.dtype == np.float32
    np.testing.assert_allclose(blocks[0], 10**0.125 * np.array([[0.2, 1], [1, 1]]), rtol=1e-6)
    np.testing.assert_allclose(blocks[1], 10**0.125, rtol=1e-6)


@pytest.mark.slow
def test_phases_are_told_within_the_gap():
    """Sides 10 and 20: T_c within 10%, the network near the threshold of ``|m|`` in accuracy."""
    recipe = ENTRIES["ising-phases"].recipe_for(IsingPhases(), "quick")
    subject = IsingPhases(sides=(10, 20), spacing=0.1)
    study = ENTRIES["ising-phases"].solve(subject, recipe, key=KEY)
    found = study.numbers()
    assert {"accuracy", "loss", "train", "test", "parameters"} <= set(found)
    assert found["accuracy_outside"] > 0.95 and found["magnetisation_accuracy_outside"] > 0.95
    assert found["accuracy"] > 0.8 and found["accuracy"] > found["magnetisation_accuracy"] - 0.08
    assert abs(found["relative_error"]) < 0.1
    assert abs(found["binder_temperature"] / ising.CRITICAL_TEMPERATURE - 1) < 0.04


@pytest.mark.slow
def test_a_coupling_is_learned_from_a_snapshot():
    """Between the posterior mean, which is the least of all, and the linear models."""
    subject = IsingCoupling(side=12, samples=1500, test=1000)
    recipe = ENTRIES["ising-coupling"].recipe_for(subject)
    found = ENTRIES["ising-coupling"].solve(subject, recipe, key=KEY).numbers()
    assert {"rmse", "loss", "train", "test", "parameters"} <= set(found)
    # The least up to the noise of 1,000 squares, some 5%.
    assert 0.95 * found["posterior_rmse"] < found["rmse"] < 1.3 * found["posterior_rmse"]
    assert found["rmse"] < found["energy_rmse"] < 0.5 * found["spins_rmse"]
    assert found["spins_rmse"] == pytest.approx(found["trivial_rmse"], rel=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IsingPhases(sides=(20,)), "sides: expected two or more multiples of 5"),
        (lambda: IsingPhases(sides=(12, 20)), "sides"),
        (lambda: IsingPhases(sides=(20, 10)), "rising"),
        (lambda: IsingPhases(lowest=2.4), "expected a gap from at least 1.1 around T_c"),
        (lambda: IsingPhases(spacing=0.5), "spacing: expected from 0.001"),
        (lambda: IsingCoupling(side=7), "side: expected an even number"),
        (lambda: IsingCoupling(lowest=0.6), "lowest, highest: expected couplings"),
        (lambda: IsingCoupling(samples=3), "samples: expected at least 20"),
        (
            lambda: dataclasses.replace(ENTRIES["ising-phases"].recipe, lattices=2),
            "lattices: expected at least 4",
        ),
        (
            lambda: ENTRIES["ising-phases"].check(
                IsingPhases(blocks=4, sides=(8, 16)), ENTRIES["ising-phases"].recipe
            ),
            "pooling: expected at most the blocks along a side, 4",
        ),
        (
            lambda: ENTRIES["ising-coupling"].check(
                IsingCoupling(side=8), ENTRIES["ising-coupling"].recipe
            ),
            "pooling: expected at most the side, 8",
        ),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_made(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_patches_that_do_not_divide_the_lattice_are_refused_before_a_run():
    for name, patch in (("ising-phases", 3), ("ising-coupling", 7)):
        entry = ENTRIES[name]
        patches = pm.networks.NetworkSettings(name="convolution", channels=(2,), patch=patch)
        with pytest.raises(ShapeError, match=f"multiples of patch, {patch}"):
            entry.check(entry.subject, dataclasses.replace(entry.recipe, network=patches))
