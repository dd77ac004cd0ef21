"""Whole numbers that users give: taken where they are whole, refused by name where not."""

import jax.numpy as jnp
import numpy as np
import pytest

from physml.as_whole import LARGEST, as_whole
from physml.errors import ConfigurationError


@pytest.mark.parametrize(
    "number", [100, 1e2, np.int32(100), np.float32(100), np.array(100.0), jnp.asarray(100)]
)
def test_whole_numbers_of_every_kind_are_ints(number):
    found = as_whole("points", number, least=1)
    assert found == 100
    assert type(found) is int


@pytest.mark.parametrize(
    "number",
    [1.5, float("nan"), float("inf"), True, np.True_, "100", None, 1 + 0j, [100], np.ones(1)],
)
def test_what_is_not_whole_is_refused_by_name(number):
    with pytest.raises(ConfigurationError, match="points: expected a whole number, got"):
        as_whole("points", number)


def test_bounds_are_told_and_digits_counted():
    with pytest.raises(ConfigurationError, match="walkers: expected at least 2, got 1"):
        as_whole("walkers", 1.0, least=2)
    with pytest.raises(ConfigurationError, match=f"steps: expected at most {LARGEST}, got {2**31}"):
        as_whole("steps", 2**31)
    # Python writes out no integer of so many digits.
    with pytest.raises(ConfigurationError, match="got a number of about 100000 digits"):
        as_whole("steps", 10**99_999)
