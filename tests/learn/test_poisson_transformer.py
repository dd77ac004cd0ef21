"""Solutions of Poisson's equation that are exact, and what tells them."""

import dataclasses

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from physml.errors import ConfigurationError, ShapeError
from physml.learn.catalogue.place_attention import PlaceAttention
from physml.learn.catalogue.poisson_sources import (
    PoissonSources,
    parabola,
    places,
    single_waves,
    sums_of_waves,
)
from physml.learn.catalogue.poisson_transformer import ENTRY, relative, samples_of


def test_the_parabola_s_solution_is_a_polynomial_of_degree_four():
    """``(x − 2x³ + x⁴)/12``; a course prints ``x(1 − x²)/6``, whose ``−u″`` is x."""
    x = np.linspace(0, 1, 7)
    told = parabola(x)
    polynomial = np.polynomial.Polynomial.fit(x, told.u[0], 6).convert()
    assert_allclose(-polynomial.deriv(2)(x), told.f[0], atol=1e-11)
    assert_allclose(told.u[0, [0, -1]], 0, atol=1e-16)
    printed = np.polynomial.Polynomial([0, 1, 0, -1]) / 6
    assert_allclose(-printed.deriv(2)(x), x, atol=1e-14)


def test_solutions_have_their_sources_and_vanish_at_the_ends():
    """By second differences of a fine grid, to their order."""
    x = np.linspace(0, 1, 1001)
    amplitudes = np.random.default_rng(0).normal(size=(3, 2, 6))
    for told in (sums_of_waves(amplitudes, x), single_waves(np.array([1.0, 2.5, 4.7]), x)):
        assert_allclose(told.u[:, [0, -1]], 0, atol=1e-15)
        assert_allclose(-np.diff(told.u, 2, axis=1) * 1000**2, told.f[:, 1:-1], atol=2e-4)


def test_relative_errors_are_those_of_each_solution():
    exact = np.array([[3.0, 4.0], [0.0, 2.0]])
    assert_allclose(relative(exact + [[0.0, 0.5], [1.0, 0.0]], exact), [0.1, 0.5])


def test_a_network_sees_the_same_of_a_source_and_its_multiple():
    told = parabola(places(9))
    (seen, unit), (as_well, larger) = samples_of(told), samples_of(told._replace(f=-3 * told.f))
    assert_allclose(as_well[..., 0], -seen[..., 0])
    assert_allclose(as_well[..., 1:], seen[..., 1:])
    assert_allclose(larger, 3 * unit)


def test_attention_by_places_is_its_sum():
    """Linear in values, and a mean over places: by loops over what is written."""
    network = PlaceAttention(3, heads=2, entries=2)
    random = np.random.default_rng(1)
    at, f = random.normal(size=(4, 2)), random.normal(size=4)
    sizes = {"hidden": (2, 3), "attention": (3, 8), "gains": (3, 2)}
    params = {
        name: {"kernel": random.normal(size=size), "bias": random.normal(size=size[1])}
        for name, size in sizes.items()
    }

    def layer(name: str, x: np.ndarray) -> np.ndarray:
        return x @ params[name]["kernel"] + params[name]["bias"]

    hidden = np.tanh(layer("hidden", at))
    queries, keys = np.split(layer("attention", hidden), 2, axis=1)
    exact = np.zeros(4)
    for h in range(2):
        one = slice(2 * h, 2 * h + 2)
        weights = np.exp(queries[:, one] @ keys[:, one].T / np.sqrt(2))
        exact += layer("gains", hidden)[:, h] * (weights @ f) / weights.sum(axis=1)
    found = jax.jit(network.apply)({"params": params}, np.column_stack([f, at]))
    assert_allclose(found, exact, atol=1e-12)
    with pytest.raises(ShapeError, match=r"values and places of one function, .* got \(4, 1\)"):
        network.apply({"params": params}, np.ones((4, 1)))


@pytest.mark.slow
def test_solutions_are_told_on_numbers_of_points_not_trained_on():
    found = ENTRY.solve(ENTRY.subject, ENTRY.recipe, key=jax.random.key(3)).numbers()
    assert found["relative_l2"] < 1e-2
    assert found["parabola_relative_l2"] < 1e-2
    assert found["linear_relative_l2"] < 1e-4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PoissonSources(points=(8, 32)), "points: expected numbers above 2 waves = 10"),
        (lambda: PoissonSources(others=()), "others: expected numbers above 2 waves"),
        (lambda: PoissonSources(others=(20, 32)), "others: expected numbers not among points"),
        (lambda: PoissonSources(test=0), "test: expected at least 1, got 0"),
        (lambda: dataclasses.replace(ENTRY.recipe, steps=0), "steps: expected at least 1, got 0"),
        (
            lambda: ENTRY.check(ENTRY.subject, dataclasses.replace(ENTRY.recipe, heads=0)),
            "heads: expected",
        ),
        (
            lambda: ENTRY.check(PoissonSources(training=8), ENTRY.recipe),
            "size: expected at most the 8 sources, got 12",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_before_a_run(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()
