"""Masses of nuclei as they were measured (``pip install 'physml[data]'``)."""

from __future__ import annotations

import numpy as np

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.errors import ConfigurationError, MissingDependencyError

# CODATA 2022, doi:10.48550/arXiv.2409.03787: MeV of an atomic mass unit, and the neutron's mass.
_MEV = 931.49410372
_NEUTRON = 1.00866491606


def nuclear_masses(*, lightest: int = 16, uncertainty: float = 0.1) -> Dataset:
    """Binding energies of nuclei, of neutral atoms, and how well they are known.

        B = Z m(¹H) + N m(n) − M,    in MeV

    The binding of the electrons, 0.7 MeV of uranium, is in ``B``. The tables hold values that
    were estimated from neighbours beside those measured, unmarked; most are above 0.1 MeV.

    Args:
        lightest: the smallest mass number.
        uncertainty: the largest that is kept, in MeV.

    Returns:
        ``inputs (n, 3)``: protons, neutrons, the year of discovery; ``targets (n, 2)``: B and its
        standard uncertainty.

    Raises:
        ConfigurationError: no nucleus is left; a bound that is no number above 0.
        MissingDependencyError: without mendeleev.

    Source: the atomic mass evaluation (Wang et al. 2021, doi:10.1088/1674-1137/abddaf), as shipped
    by mendeleev.
    """
    lightest = as_whole("lightest", lightest, least=1)
    if not (isinstance(uncertainty, (int, float)) and uncertainty > 0):
        raise ConfigurationError(f"uncertainty: expected MeV > 0, got {uncertainty!r}")
    try:
        from mendeleev.fetch import fetch_table
    except ImportError as error:
        raise MissingDependencyError(
            "nuclear masses come with mendeleev: install it with pip install 'physml[data]'"
        ) from error
    names = ["atomic_number", "mass_number", "discovery_year", "mass", "mass_uncertainty"]
    table = fetch_table("isotopes")[names].to_numpy(float)
    protons, nucleons, year, mass, deviation = table[np.isfinite(table).all(axis=1)].T
    (hydrogen,) = mass[(protons == 1) & (nucleons == 1)]
    binding = _MEV * (protons * hydrogen + (nucleons - protons) * _NEUTRON - mass)
    kept = (nucleons >= lightest) & (_MEV * deviation <= uncertainty)
    if not kept.any():
        raise ConfigurationError(
            f"lightest, uncertainty: expected some of {len(mass)} nuclei, got none of at least "
            f"{lightest} nucleons known to {uncertainty} MeV"
        )
    return Dataset(
        np.stack([protons, nucleons - protons, year], axis=1)[kept],
        np.stack([binding, _MEV * deviation], axis=1)[kept],
        name="nuclear masses",
        input_names=("protons", "neutrons", "year"),
        target_names=("binding energy", "uncertainty"),
        units={"binding energy": "MeV", "uncertainty": "MeV"},
        licence="MIT",
        source="https://github.com/lmmentel/mendeleev, of the atomic mass evaluation 2020",
    )
