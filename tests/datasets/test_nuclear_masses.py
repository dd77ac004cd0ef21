"""Masses of nuclei: those that everyone knows, and what is left out."""

import sys

import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, MissingDependencyError


@pytest.fixture(scope="module")
def masses():
    return pm.datasets.nuclear_masses()


def binding(data, protons, neutrons):
    (row,) = np.flatnonzero((data.inputs[:, :2] == [protons, neutrons]).all(axis=1))
    return data.targets[row]


def test_binding_energies_of_well_known_nuclei(masses):
    """56Fe 492.260 and 208Pb 1636.43 MeV (AME 2020); of 132Sn the mass excess is −76.5466 MeV."""
    assert binding(masses, 26, 30)[0] == pytest.approx(492.2599, abs=2e-3)
    assert binding(masses, 82, 126)[0] == pytest.approx(1636.4302, abs=5e-3)
    excess = 50 * 7.28897106 + 82 * 8.07131806 - binding(masses, 50, 82)[0]
    assert excess == pytest.approx(-76.5466, abs=2e-3)


def test_what_is_light_or_hardly_known_is_left_out(masses):
    assert masses.inputs[:, :2].sum(axis=1).min() == 16
    assert masses.targets[:, 1].min() > 0 and masses.targets[:, 1].max() <= 0.1
    fewer = pm.datasets.nuclear_masses(lightest=200, uncertainty=0.01)
    assert 0 < len(fewer) < len(masses) / 4
    with pytest.raises(ConfigurationError, match="got none of at least 999 nucleons"):
        pm.datasets.nuclear_masses(lightest=999)


@pytest.mark.parametrize("wrong", [{"lightest": "16"}, {"uncertainty": np.nan}, {"uncertainty": 0}])
def test_bounds_that_are_none_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=name):
        pm.datasets.nuclear_masses(**wrong)


def test_without_the_tables_it_says_where_they_are(monkeypatch):
    monkeypatch.setitem(sys.modules, "mendeleev.fetch", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        pm.datasets.nuclear_masses()
