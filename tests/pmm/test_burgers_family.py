"""Waves that steepen: their fields solve the equation, and numbers that are none are refused."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.pmm.catalogue import ENTRIES, BurgersFamily

ENTRY = ENTRIES["burgers-family"]


def test_the_fields_solve_their_equation():
    """``u_t + u u_x = ν u_xx`` by differences on a fine grid."""
    family, logs, h = BurgersFamily(places=1999), np.array([-1.3]), 1e-5
    ahead, behind = (replace(family, time=0.5 + s).fields(logs)[0] for s in (h, -h))
    u, dx = family.fields(logs)[0], 1 / 2000
    slope, bend = (u[2:] - u[:-2]) / (2 * dx), (u[2:] - 2 * u[1:-1] + u[:-2]) / dx**2
    rate = (ahead - behind)[1:-1] / (2 * h)
    np.testing.assert_allclose(rate + u[1:-1] * slope, 10**-1.3 * bend, atol=2e-3)
    assert np.abs(rate).max() > 0.1


@pytest.mark.parametrize("points", [9, 20, 25, 201])
def test_what_is_asked_for_is_not_seen(points):
    family = replace(ENTRY.subject, points=points)
    inside, outside = family.asked
    low, high = family.trained
    assert low < inside.min() and inside.max() < high
    assert ((outside < low) | (outside > high)).all()
    assert np.abs(inside[:, None] - family.seen).min() > 1e-6


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"time": 60.0}, "time: expected νt ≤ 5"),
        ({"time": 0.0}, "time: expected a number > 0"),
        ({"trained": (-1.0, -2.0)}, "trained, beyond"),
        ({"beyond": (-3.0, -1.0)}, "known to rounding"),
        ({"places": 0}, "places"),
    ],
)
def test_numbers_that_cannot_be_are_refused(numbers, message):
    with pytest.raises(ConfigurationError, match=message):
        BurgersFamily(**numbers)


@pytest.mark.slow
def test_the_entry_is_nearer_than_the_mean():
    found = ENTRY.solve(ENTRY.subject, ENTRY.recipe, key=jax.random.key(0)).numbers()
    assert found["mean_error"] < 1e-2 * found["trivial_mean_error"]
    assert found["mean_error"] < found["chebyshev_mean_error"]
