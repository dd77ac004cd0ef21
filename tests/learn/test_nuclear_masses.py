"""Masses of nuclei, learned: the formula's terms, and figures against what was measured."""

import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.learn.catalogue.nuclear_masses import (
    ENTRY,
    MassRecipe,
    NuclearMasses,
    judged,
    semi_empirical,
)


def test_terms_of_the_formula():
    """Of 16O, 17O and 18F, whose pairing is 1, 0 and −1 parts of 1/√A."""
    A = np.array([16.0, 17.0, 18.0])
    terms = semi_empirical(np.array([[8, 8], [8, 9], [9, 9]]))
    np.testing.assert_allclose(terms[:, 0], A)
    np.testing.assert_allclose(terms[:, 2], np.array([56, 56, 72]) / A ** (1 / 3))
    np.testing.assert_allclose(terms[:, 3], [0, 1 / 17, 0])
    np.testing.assert_allclose(terms[:, 5], np.array([1, 0, -1]) / np.sqrt(A))


@pytest.mark.slow
def test_a_process_finds_what_the_formula_leaves(key):
    """Of a few hundred heavy nuclei: the asked 0.7 MeV, and bars that hold most of them."""
    data = NuclearMasses(lightest=180).data()
    held = np.arange(len(data)) % 10 == 3
    found = judged(data, held, MassRecipe(some=120), key)
    assert found.rmse < 0.7 < found.formula and 0.8 < found.coverage <= 1
    assert found.error.shape == (held.sum(),) and np.isfinite(found.loss)


def test_a_year_without_discoveries_is_refused_before_a_run_is_made():
    pytest.importorskip("mendeleev")
    with pytest.raises(ConfigurationError, match="since: expected nuclei before and after"):
        ENTRY.check(NuclearMasses(since=2100), MassRecipe())


@pytest.mark.parametrize("wrong", [{"lightest": 3}, {"uncertainty": 0.0}, {"since": 1066}])
def test_numbers_out_of_range_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=name):
        NuclearMasses(**wrong)
    with pytest.raises(ConfigurationError, match="test"):
        MassRecipe(test=1.0)
