"""Exact Ising models: two ways to one number, known values, and what is refused."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from physml import ising
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

CRITICAL = ising.CRITICAL_COUPLING


@pytest.mark.parametrize("sides", [(2, 2), (2, 5), (3, 4), (4, 3), (4, 4)])
@pytest.mark.parametrize("coupling", [0.01, 0.3, CRITICAL, 0.6, 3.0])
def test_kaufman_s_sum_is_the_sum_over_all_states(sides, coupling):
    unit = ising.square_couplings(*sides, 1.0)
    every = ising.enumeration(coupling * unit)
    s, p, sites = every.states.astype(float), every.probabilities, np.prod(sides)
    energies = -0.5 * np.sum((s @ unit) * s, axis=1)
    mean = p @ energies
    told = (
        every.log_partition / sites,
        mean / sites,
        coupling**2 * (p @ (energies - mean) ** 2) / sites,
    )
    np.testing.assert_allclose(ising.kaufman(*sides, coupling), told, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("side", "coupling", "known"),
    [
        (4, 0.4, 0.9100683140),
        (8, 0.4, 0.8843654494),
        (4, CRITICAL, 0.9701197162),
        (8, CRITICAL, 0.9397153248),
    ],
)
def test_the_known_free_energies(side, coupling, known):
    assert ising.kaufman(side, side, coupling).log_partition == pytest.approx(known, abs=1e-10)


@pytest.mark.parametrize("coupling", [0.2, 0.42, CRITICAL, 0.46, 1.0, 40.0])
def test_energy_and_specific_heat_are_derivatives_of_the_free_energy(coupling):
    """By central differences, whose error is of the order of step²."""
    step = 1e-4
    below, at, above = (
        ising.kaufman(12, 7, coupling + change).log_partition for change in (-step, 0, step)
    )
    exact = ising.kaufman(12, 7, coupling)
    assert exact.energy == pytest.approx(-(above - below) / (2 * step), abs=3e-6)
    curvature = coupling**2 * (above - 2 * at + below) / step**2
    assert exact.specific_heat == pytest.approx(curvature, abs=2e-6 * max(1, coupling**2))


@pytest.mark.parametrize("coupling", [0.2, 0.41, 0.47, 1.5])
def test_large_lattices_come_to_onsager_s(coupling):
    """Up to the ln 2 of two ordered states below the critical temperature."""
    large, limit = ising.kaufman(300, 300, coupling), ising.infinite_lattice(coupling)
    both = np.log(2) / 300**2 if coupling > CRITICAL else 0.0
    np.testing.assert_allclose(large, np.array(limit) + [both, 0, 0], rtol=1e-9, atol=1e-12)


def test_the_critical_point():
    """``ln Z/N = ½ ln 2 + 2G/π``, ``u = −√2``, ``c`` infinite: Onsager (1944)."""
    at = ising.infinite_lattice(CRITICAL)
    catalan = 0.915965594177219015
    free = 0.5 * np.log(2) + 2 * catalan / np.pi
    np.testing.assert_allclose(at[:2], (free, -(2**0.5)), rtol=1e-12)
    assert at.specific_heat == np.inf
    assert abs(ising.CRITICAL_TEMPERATURE - 2.269185314213022) < 1e-15
    assert abs(np.sinh(2 * CRITICAL) - 1) < 1e-15
    assert ising.spontaneous_magnetisation(CRITICAL) == 0
    near = ising.spontaneous_magnetisation(CRITICAL + 1e-12)
    assert near == pytest.approx((8 * 2**0.5 * 1e-12) ** 0.125, rel=1e-4)


def test_magnetisation_where_the_size_of_a_lattice_hardly_matters():
    """``⟨m²⟩`` far below the critical temperature."""
    every = ising.enumeration(ising.square_couplings(4, 4, 1.2))
    squared = every.probabilities @ every.states.mean(axis=1) ** 2
    assert squared**0.5 == pytest.approx(ising.spontaneous_magnetisation(1.2), abs=1e-5)


def test_energy_of_states_is_that_of_the_couplings():
    random = np.random.default_rng(0)
    for sides in ((2, 2), (3, 5), (4, 2)):
        s = random.choice([-1.0, 1.0], sides)
        matrix = ising.square_couplings(*sides, 1.0)
        assert ising.energy(s) == -0.5 * s.ravel() @ matrix @ s.ravel()
        assert ising.magnetisation(s) == s.mean()
    ordered = jnp.ones((12, 12), jnp.int8)  # whose sum is no byte
    assert (ising.energy(ordered), ising.magnetisation(ordered)) == (-288, 1)


def test_spins_in_fields_without_couplings_are_independent():
    fields = np.array([0.3, -1.2, 0.0])
    every = ising.enumeration(np.zeros((3, 3)), fields)
    assert every.log_partition == pytest.approx(np.sum(np.log(2 * np.cosh(fields))), rel=1e-14)
    np.testing.assert_allclose(every.probabilities @ every.states, np.tanh(fields), atol=1e-14)
    assert every.states[0].tolist() == [-1, -1, -1] and every.states[1].tolist() == [-1, -1, 1]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ising.kaufman(1, 4, 0.4), ConfigurationError, "rows: expected at least 2"),
        (lambda: ising.kaufman(4, 4.5, 0.4), ConfigurationError, "columns: expected a whole"),
        (lambda: ising.kaufman(4, 4, -0.4), ConfigurationError, "from 0.001 to 100, got -0.4"),
        (lambda: ising.kaufman(4, 4, [0.4]), ConfigurationError, "coupling: expected a number"),
        (lambda: ising.infinite_lattice(float("nan")), ConfigurationError, "got nan"),
        (lambda: ising.spontaneous_magnetisation(0), ConfigurationError, "got 0"),
        (lambda: ising.square_couplings(2, 1, 0.4), ConfigurationError, "columns"),
        (lambda: ising.square_couplings(2, 2, [0.4] * 4), ShapeError, r"one number, .* \(4,\)"),
        (lambda: ising.square_couplings(2, 2, 0.4j), ShapeError, "coupling: expected real"),
        (lambda: ising.energy(np.ma.masked_less(2 * np.eye(4) - 1, 0)), ShapeError, "masked"),
        (lambda: ising.energy(np.ones((3, 4, 4))), ShapeError, "one lattice"),
        (lambda: ising.energy(np.eye(4, dtype=np.uint8)), ShapeError, "of bits write 2"),
        (lambda: ising.magnetisation(np.full((4, 4), np.nan)), ShapeError, "±1 at each site"),
        (lambda: ising.enumeration(np.zeros((21, 21))), ConfigurationError, "at most 20 spins"),
        (lambda: ising.enumeration(np.triu(np.ones((3, 3)), 1)), ShapeError, "symmetric"),
        (lambda: ising.enumeration(np.eye(2)), ShapeError, "zeros on its diagonal"),
        (lambda: ising.enumeration(np.zeros((2, 3))), ShapeError, r"\(N, N\), got \(2, 3\)"),
        (lambda: ising.enumeration(np.zeros((2, 2)), [1.0]), ShapeError, "one a spin"),
        (lambda: ising.enumeration(np.full((2, 2), np.nan)), NonFiniteError, "couplings"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
