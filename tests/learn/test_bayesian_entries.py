"""What the Bayesian entries find, beside what is exact, and whether their bars hold."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.learn.catalogue import ENTRIES
from physml.train.study import Study

KEY = jax.random.key(0)


def found(name, **changes):
    entry = ENTRIES[name]
    return entry.solve(entry.subject, dataclasses.replace(entry.recipe, **changes), key=KEY)


@pytest.fixture(scope="module")
def airy():
    return found("gp-ode", points=24, starts=1, problems=2, test=101)


@pytest.mark.slow
def test_the_airy_equation_is_solved_within_its_bar(airy, tmp_path):
    numbers = airy.numbers()
    assert numbers["max_error"] < 3e-3 < 0.5 < numbers["trivial_max_error"]
    assert numbers["max_error"] < 3 * numbers["largest_deviation"]
    airy.save(tmp_path / "kept")
    assert Study.load(tmp_path / "kept").numbers() == numbers


@pytest.mark.slow
def test_the_airy_equation_to_its_last_digits_with_bars_that_hold():
    numbers = found("gp-ode", problems=100).numbers()
    assert numbers["max_error"] < 1e-6
    for name, level in (("half", 0.5), ("ninety", 0.9)):
        assert abs(numbers[f"known_{name}"] - level) < 4 * numbers[f"known_{name}_error"]


def test_what_cannot_be_is_refused_before_a_run_is_made():
    entry = ENTRIES["gp-ode"]
    with jax.enable_x64(False), pytest.raises(ConfigurationError, match="precision 64"):
        entry.check(entry.subject, entry.recipe)
    with pytest.raises(ConfigurationError, match="points: expected at least 2"):
        dataclasses.replace(entry.recipe, points=1)
    with pytest.raises(ConfigurationError, match="first < last"):
        dataclasses.replace(entry.subject, first=np.inf)
