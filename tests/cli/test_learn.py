"""Entries that learn from data, run and read as all others are."""

import numpy as np
import pytest

import physml as pm


def test_couplings_by_a_command(physml):
    words = ("--subject.spins", "8", "--subject.samples", "24", "--strengths", "1e-4", "1e-2")
    said = physml("run", "ising-energies", *words, "--run", "run", "--json", "--quiet")
    assert said.code == 0, said.err
    found = said.object
    assert {"entry", "rmse", "loss", "train", "test", "parameters", "seconds"} <= set(found)
    assert (found["entry"], found["train"], found["parameters"]) == ("ising-energies", 24, 29)
    study = pm.load("run")
    assert study.numbers()["coupling_error"] == found["coupling_error"] < 1e-3
    assert np.sum(np.round(study.arrays["couplings"], 2)) == 8
    assert "largest error" in physml("resume", "run", "--quiet").out
    assert "ising-energies" in physml("list").out
    assert "--subject.spins 40" in physml("list", "ising-energies").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ising-energies", "--subject.spins", "2"), "spins: expected at least 3, got 2"),
        (("runge", "--subject.samples", "20"), "degree: expected far fewer coefficients"),
        (("runge", "--strengths", "-1"), "strengths: expected numbers > 0"),
    ],
)
def test_numbers_that_cannot_be_leave_nothing_behind(physml, tmp_path, words, message):
    said = physml("run", *words)
    assert said.code == 2 and message in said.err
    assert not list(tmp_path.glob("runs/*"))
