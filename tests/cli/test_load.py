"""A run of the command line, read back in Python."""

from __future__ import annotations

import json
import shutil

import jax
import numpy as np
import pytest

import physml as pm
from physml.cli import main
from physml.errors import CheckpointError, ConfigurationError, FingerprintError, RunDirectoryError

RUNS = {
    "heat": "--points 16 --steps 2 --network.width 4 --network.depth 1",
    "quantum-dot": "--walkers 16 --steps 2 --measurements 8 --sweeps 2",
}
OWN = """
import physml as pm
decay = pm.Problem(domain=pm.Box(t=(0, 1)), ansatz=lambda N, z: 1 + z[0] * N(z), name="decay",
                   equation=lambda u, z: pm.partial(u, 0)(z) + {rate} * u(z))
"""


def begin(name, options, folder):
    assert main(f"run {name} {options} --run {folder / name} --quiet".split()) == 0


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, options in RUNS.items():
        begin(name, options, folder)
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_a_run_comes_back_with_its_numbers(runs, name):
    """What is loaded tells what ``result.json`` holds, but for the training that made it."""
    found = pm.load(runs / name)
    stored = json.loads((runs / name / "result.json").read_text())
    numbers = json.loads(json.dumps(found.numbers()))
    told = {"energy", "energy_error", "variance", "relative_l2", "parameters"} & stored.keys()
    assert len(told) >= 2
    for key in told:
        np.testing.assert_allclose(
            *(
                np.array(list(v.values()) if isinstance(v, dict) else v, float)
                for v in (numbers[key], stored[key])
            ),
            rtol=1e-12,
        )


def test_a_process_that_multiplies_matrices_by_default_reads_it(runs):
    """As any but the command line's own, which asks for products in full."""
    with jax.default_matmul_precision("default"):
        assert pm.load(runs / "heat").problem.name == "heat"


@pytest.mark.slow
def test_a_march_comes_back(tmp_path):
    begin("lorenz", "--points 8 --steps 1 --slabs 2", tmp_path)
    found = pm.load(tmp_path / "lorenz")
    stored = json.loads((tmp_path / "lorenz" / "result.json").read_text())
    assert len(found.slabs) == 2
    np.testing.assert_allclose(found.errors().relative_l2, stored["relative_l2"], rtol=1e-12)


@pytest.mark.slow
def test_a_longer_run_has_a_new_result(runs, tmp_path):
    place = tmp_path / "heat"
    shutil.copytree(runs / "heat", place)
    before = pm.load(place)
    assert main(f"resume {place} --steps 3 --quiet".split()) == 0
    after = pm.load(place)
    assert not np.array_equal(after(np.full((1, 2), 0.3)), before(np.full((1, 2), 0.3)))


def test_what_is_no_finished_run_is_refused(runs, tmp_path):
    with pytest.raises(RunDirectoryError, match="no run stands there"):
        pm.load(tmp_path)
    place = tmp_path / "heat"
    shutil.copytree(runs / "heat", place)
    (next((place / "result").rglob("manifest.json"))).write_text("{")
    with pytest.raises(CheckpointError):
        pm.load(place)
    shutil.rmtree(place / "result")
    with pytest.raises(RunDirectoryError, match="physml resume"):
        pm.load(place)
    with pm.Run.create(tmp_path / "script", {"mine": 1}):
        pass
    with pytest.raises(ConfigurationError, match="that a script made"):
        pm.load(tmp_path / "script")
    with pytest.raises(ConfigurationError, match="heat is of the catalogue"):
        pm.load(runs / "heat", of=pm.vmc.Hydrogen())


@pytest.mark.slow
def test_a_run_of_a_file_is_loaded_with_what_stands_in_it(tmp_path):
    file, place = tmp_path / "mine.py", tmp_path / "run"
    file.write_text(OWN.format(rate=2.0))
    options = "--points 8 --steps 1 --quiet"
    assert main(f"run {file}:decay --run {place} {options}".split()) == 0
    with pytest.raises(ConfigurationError, match=r"of: expected what .*mine.py calls decay"):
        pm.load(place)
    held = {}
    exec(OWN.format(rate=2.0), held)
    assert pm.load(place, of=held["decay"]).problem.name == "decay"
    exec(OWN.format(rate=3.0), held)
    with pytest.raises(FingerprintError, match="equation"):
        pm.load(place, of=held["decay"])


def test_a_stranger_in_the_folder_of_the_result_is_left_alone(tmp_path):
    """Nothing that no run wrote is replaced, nor is it deleted with the run."""
    with pm.Run.create(tmp_path) as run:
        run.add_folder("result", lambda path: _one_file(path, "first"))
        assert (tmp_path / "result" / "number").read_text() == "first"
        run.add_folder("result", lambda path: _one_file(path, "second"))
        assert (tmp_path / "result" / "number").read_text() == "second"
        (tmp_path / "result" / "notes").write_text("mine")
        with pytest.raises(RunDirectoryError, match="result/notes, which no run wrote"):
            run.add_folder("result", lambda path: _one_file(path, "third"))
    with pm.Run.create(tmp_path, overwrite=True):
        assert not (tmp_path / "result" / "number").exists()
        assert (tmp_path / "result" / "notes").read_text() == "mine"


def _one_file(path, text):
    path.mkdir()
    (path / "number").write_text(text)
