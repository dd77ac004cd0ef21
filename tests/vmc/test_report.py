"""What is said of a measured ground state: how far to trust its bar and its reference."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import physml as pm
from physml.sampling import Estimate
from physml.vmc import report


def measured(**said):
    """As much of a ground state as a report reads: six electrons in a quantum dot."""
    energy = Estimate(20.1545, 0.003, 99.0, 1.32, 0.013, 100, converged=False)
    state = {
        "energy": energy,
        "energy_per_particle": energy._replace(mean=20.1545 / 6, error=0.0005),
        "variance": 0.013,
        "reference": pm.vmc.Reference(20.1525, 0.004, "somewhere"),
        "measurement": SimpleNamespace(
            acceptance=0.5, imaginary=None, not_finite=1, first_not_finite=np.array([[1.0, 2.0]])
        ),
    }
    return SimpleNamespace(**{**state, **said})


def test_a_report_tells_how_far_to_trust_its_bar_and_its_reference():
    """An error bar in doubt is marked, holes are told, and σ are those of both errors."""
    said = report.words(measured())
    assert said["energy"].startswith("20.1545(30) [unconverged] hartree")
    assert said["per particle"].startswith("3.35908(50) [unconverged]")
    assert said["reference"] == "20.1525(40) hartree (somewhere)"
    assert said["difference"] == "+0.002 hartree (0.4 σ)"
    assert (said["split-R̂"], said["error bar"]) == ("1.320", "not converged, may be too small")
    assert "[[1.0, 2.0]] bohr" in said["left out"]
    assert "imaginary part" not in said
    assert len(report.doubts(measured())) == 2


def test_a_report_without_doubts_says_nothing_of_them():
    energy = measured().energy._replace(converged=True, rhat=1.001)
    imaginary = energy._replace(mean=0.0012, error=0.002)
    whole = SimpleNamespace(
        acceptance=0.5, imaginary=imaginary, not_finite=0, first_not_finite=None
    )
    state = measured(energy=energy, measurement=whole, reference=None)
    said = report.words(state)
    assert "unconverged" not in said["energy"] and said["error bar"] == "converged"
    assert (said["reference"], said["difference"]) == ("none known for these numbers", "unknown")
    assert said["imaginary part"] == "0.0012(20) hartree" and "left out" not in said
    assert report.doubts(state) == ()


@pytest.mark.parametrize(("mean", "error", "told"), [(0.3, 2e-3, True), (1e-7, 1e-12, False)])
def test_an_imaginary_part_that_is_there_is_told(mean, error, told):
    """Of a Hamiltonian that is not Hermitian; not the rounding of an exact state."""
    energy = measured().energy._replace(converged=True)
    imaginary = energy._replace(mean=mean, error=error)
    whole = SimpleNamespace(imaginary=imaginary, not_finite=0)
    found = report.doubts(measured(energy=energy, measurement=whole))
    assert len(found) == told and all("Hermitian" in doubt for doubt in found)
