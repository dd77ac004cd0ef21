"""Temperatures of a rod: exact, emulated in the range and beyond; numbers that are none."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.pmm.catalogue import ENTRIES
from physml.pmm.catalogue.heat_family import FieldRecipe, HeatFamily

ENTRY = ENTRIES["heat-family"]


def test_the_field_is_that_of_sine_modes():
    one = HeatFamily(amplitudes=(2.0,), time=0.2, places=3).fields(np.array([-1.0]))
    falls = 2 * np.exp(-0.1 * np.pi**2 * 0.2)
    np.testing.assert_allclose(one, [falls * np.array([0.5**0.5, 1, 0.5**0.5])], rtol=1e-14)


def test_the_field_solves_its_equation():
    """``∂u/∂t = κ ∂²u/∂x²`` by differences of fields on a fine grid."""
    family, logs, h = HeatFamily(places=1999), np.array([-0.4]), 1e-5
    ahead, behind = (replace(family, time=0.1 + s).fields(logs)[0] for s in (h, -h))
    u, dx = family.fields(logs)[0], 1 / 2000
    curvature = (u[2:] - 2 * u[1:-1] + u[:-2]) / dx**2
    np.testing.assert_allclose((ahead - behind)[1:-1] / (2 * h), 10**-0.4 * curvature, atol=1e-3)


def test_what_is_asked_for_lies_in_the_range_and_beyond_it_and_is_not_seen():
    family = ENTRY.subject
    inside, outside = family.asked
    low, high = family.trained
    assert len(inside) == len(outside) == 100
    assert low < inside.min() and inside.max() < high
    assert ((outside < low) | (outside > high)).all()
    assert np.abs(inside[:, None] - family.seen).min() > 1e-6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HeatFamily(amplitudes=()), "amplitudes: expected finite numbers, not all 0"),
        (lambda: HeatFamily(amplitudes=(0.0, 0.0)), "amplitudes"),
        (lambda: HeatFamily(time=1e3), "time: expected one at which something is left of u"),
        (lambda: HeatFamily(trained=(0.0,)), "trained, beyond: expected ends"),
        (lambda: HeatFamily(time=-1.0), "time: expected a number > 0"),
        (lambda: HeatFamily(trained=(1.0, 0.0)), "trained, beyond"),
        (lambda: HeatFamily(beyond=(-1.0, 1.0)), "trained, beyond"),
        (lambda: HeatFamily(points=3), "points: expected at least 4"),
        (lambda: FieldRecipe(rows=3, keep=3), "keep: expected from 1 to 2"),
        (lambda: FieldRecipe(starts=0), "starts"),
    ],
)
def test_numbers_that_cannot_be_are_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.slow
def test_the_entry_keeps_to_its_figures(tmp_path):
    """With the seed of the page, by bounds far above its figures."""
    study = ENTRY.solve(ENTRY.subject, ENTRY.recipe, key=jax.random.key(0))
    found = study.numbers()
    assert found["mean_error"] < 1e-4 and found["trivial_mean_error"] > 0.1
    assert found["beyond_max_error"] < 0.5 < 100 < found["chebyshev_beyond_max_error"]
    study.save(tmp_path / "kept")
    assert ENTRY.load(ENTRY.subject, ENTRY.recipe, tmp_path / "kept").numbers() == found
    assert study.plot(tmp_path / "figure.png").stat().st_size > 5000
