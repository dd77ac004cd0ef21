"""Nuclei are told in full, at finite places apart, or refused by name."""

from __future__ import annotations

import math
from dataclasses import asdict

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, UnknownNameError

FREE = lambda log_psi, x: pm.kinetic_energy(log_psi)(x)
APART = ((0.0, 0.0, 0.0), (0.0, 0.0, 2.07))


@pytest.mark.parametrize("positions", [APART, [list(r) for r in APART], np.array(APART)])
@pytest.mark.parametrize("nuclei", [("N", "N"), ["N", "N"]])
def test_places_come_as_any_rows_of_numbers(nuclei, positions):
    """Lists and arrays give the same molecule as tuples, which hashes and is plain data."""
    found = pm.vmc.Molecule(nuclei=nuclei, positions=positions)
    same = pm.vmc.Molecule(nuclei=("N", "N"), positions=APART)
    assert found == same and hash(found) == hash(same)
    assert asdict(found) == asdict(same)
    assert asdict(found)["positions"] == APART
    assert (found.name, found.shape) == ("N2", (14, 3))
    slater = pm.SlaterJastrow(found, widths=(2,))
    assert hash(slater) == hash(pm.SlaterJastrow(same, widths=(2,)))


def test_places_of_jax_serve_too():
    found = pm.vmc.Molecule(nuclei=("H", "H"), positions=jnp.array([[0, 0, 0], [0, 0, 1]]))
    assert found.positions == ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize(
    ("nuclei", "name"),
    [(("N", "N"), "N2"), (("Li", "H"), "LiH"), (("O", "H", "H"), "OH2"), (("H", "H"), "H2")],
)
def test_nuclei_without_a_name_have_their_formula(nuclei, name):
    positions = [[0.0, 0.0, 2.0 * i] for i in range(len(nuclei))]
    found = pm.vmc.Molecule(nuclei=nuclei, positions=positions)
    assert found.name == name
    assert pm.vmc.Molecule(**asdict(found)) == found


def test_a_name_of_ones_own_is_kept():
    assert pm.vmc.Molecule(name="nitrogen", nuclei=("N", "N"), positions=APART).name == "nitrogen"


@pytest.mark.parametrize("nuclei", [("N", "N"), ("He", "H"), ("H", "H", "H")])
@pytest.mark.parametrize("name", [{}, {"name": "LiH"}, {"name": "mine"}])
def test_nuclei_do_not_borrow_the_places_of_another_molecule(nuclei, name):
    """Nor its name: two nitrogens are no H2 with its bond length."""
    with pytest.raises(ConfigurationError, match=r"positions: expected those of \d nuclei"):
        pm.vmc.Molecule(nuclei=nuclei, **name)


def test_a_known_name_is_not_given_to_other_nuclei():
    with pytest.raises(ConfigurationError, match="name: expected a name of the nuclei"):
        pm.vmc.Molecule(name="LiH", nuclei=("N", "N"), positions=APART)


def test_the_nuclei_of_a_known_molecule_may_be_said():
    lih = pm.vmc.Molecule(name="LiH", nuclei=("Li", "H"))
    assert lih.reference == pm.vmc.Molecule(name="LiH").reference
    assert pm.vmc.Molecule(name="H2", positions=[[0, 0, 0], [0, 0, 2]]).places[1, 2] == 2.0


NEAR = [[0, 0, 0], [0, 0, 0.074]]


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([[0, 0, 0], [0, 0, math.nan]], "finite real numbers"),
        ([[0, 0, 0], [0, math.inf, 0]], "finite real numbers"),
        ([[0, 0, 0], [0, 0, 1j]], "finite real numbers"),
        ([[0, 0, 0], [0, 0, "1.4"]], "finite real numbers"),
        ([[0, 0, 0], [0, 0]], "2 times"),
        ([[0, 0, 0]], "2 times"),
        ([[0, 0], [0, 1]], "2 times"),
        ([[0, 0, 1], [0, 0, 1]], "got 0 between nuclei 0 and 1"),
        (NEAR, r"0\.1 bohr apart or more, got 0\.074.*ANGSTROM"),
    ],
)
def test_places_that_are_none_are_refused(positions, message):
    with pytest.raises(ConfigurationError, match=rf"molecule: positions: .*{message}"):
        pm.vmc.Molecule(nuclei=("H", "H"), positions=positions)
    with pytest.raises(ConfigurationError, match=rf"system: places: .*{message}"):
        pm.System(FREE, (1, 3), places=positions, charges=[1, 1])


@pytest.mark.parametrize("charges", [[0.0, 1], [-1.0, 1], [math.nan, 1], [1j, 1], [math.inf, 1]])
def test_charges_of_nuclei_are_positive(charges):
    with pytest.raises(ConfigurationError, match="charges: expected 2 finite numbers Z > 0"):
        pm.System(FREE, (1, 3), places=APART, charges=charges)


def test_places_and_charges_of_a_system_are_arrays():
    nuclei = pm.System(FREE, (1, 3), places=APART, charges=[1, 2])
    assert nuclei.places.shape == (2, 3) and nuclei.charges.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("number", [0.5, -0.5, math.nan, math.inf, 1 + 1j, "1", (1,)])
@pytest.mark.parametrize(
    "make",
    [
        lambda n: pm.vmc.Molecule(charge=n),
        lambda n: pm.vmc.Molecule(spin=n),
        lambda n: pm.vmc.Atom(symbol="Be", charge=n),
        lambda n: pm.vmc.Atom(symbol="Be", spin=n),
    ],
    ids=["molecule's charge", "molecule's spin", "ion's charge", "atom's spin"],
)
def test_charge_and_spin_are_whole_numbers(make, number):
    with pytest.raises(ConfigurationError, match=r"(charge|spin): expected a whole number, got"):
        make(number)


def test_whole_numbers_of_any_kind_are_the_same_number():
    assert pm.vmc.Atom(symbol="Be", charge=np.int64(1)) == pm.vmc.Atom(symbol="Be", charge=1.0)
    assert isinstance(pm.vmc.Atom(symbol="Be", charge=1.0).shape[0], int)
    assert pm.vmc.Molecule(charge=1).shape == (1, 3)
    assert pm.vmc.Atom(symbol="H", charge=-1).shape == (2, 3)


@pytest.mark.parametrize("charge", [2, 3])
def test_no_electron_is_left_is_said(charge):
    with pytest.raises(ConfigurationError, match="charge: expected at least one electron"):
        pm.vmc.Molecule(charge=charge)


@pytest.mark.parametrize("charge", [0.0, -1.0, math.nan, math.inf, 1 + 1j])
def test_a_hydrogen_like_nucleus_has_a_positive_charge(charge):
    with pytest.raises(ConfigurationError, match="hydrogen: charge: expected a finite number"):
        pm.vmc.Hydrogen(charge=charge)
    assert pm.vmc.Hydrogen(charge=0.5).reference.energy == -0.125


@pytest.mark.parametrize("nuclei", ["N2", "HH", ()])
def test_nuclei_are_symbols(nuclei):
    with pytest.raises(
        ConfigurationError,
        match=r"nuclei: expected symbols or atomic numbers, such as \('N', 'N'\)",
    ):
        pm.vmc.Molecule(nuclei=nuclei, positions=APART)


def test_an_element_is_known():
    with pytest.raises(UnknownNameError, match="unknown element"):
        pm.vmc.Molecule(nuclei=("N", "Q"), positions=APART)
    with pytest.raises(UnknownNameError, match="unknown element '11'"):
        pm.vmc.Atom(symbol=11)
