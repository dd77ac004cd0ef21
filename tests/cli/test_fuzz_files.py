"""Files of a run that were damaged: named, passed over, and never told as what they were not."""

import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import physml as pm
from physml.cli import main, resume
from physml.errors import CheckpointError, PhysmlError, RunDirectoryError
from physml.pinn.scales import Scales
from physml.train import array_file, checkpoint, run_manifest
from physml.train import run as run_module
from physml.vmc.measurement_file import load_measurement

STEPS = 3
RUNS = {
    "heat": "--network.width 4 --network.depth 1 --points 16",
    "harmonic-oscillator": "--network.width 4 --network.depth 1 --walkers 16 --sweeps 2 "
    "--measurements 8",
}


@pytest.fixture(autouse=True)
def without_figures(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """``made(name)``: a complete run, which each test copies."""
    folder = tmp_path_factory.mktemp("runs")

    def run(name):
        words = f"run {name} {RUNS[name]} --optimizer.name adam --steps {STEPS} --quiet"
        if not (folder / name).exists():
            assert main([*words.split(), "--run", str(folder / name)]) == 0
        return folder / name

    return run


@pytest.fixture
def heat(made, tmp_path):
    return Path(shutil.copytree(made("heat"), tmp_path / "heat"))


@pytest.mark.slow
def test_a_complete_run_on_read_only_media_is_told(heat, physml, monkeypatch):
    def refused(path):
        raise RunDirectoryError(f"run directory {path}: cannot be written (Read-only file system)")

    told = physml("resume", str(heat)), physml("resume", str(heat), "--json")
    monkeypatch.setattr(run_module, "_acquire", refused)
    (heat / "lock").unlink()
    assert (physml("resume", str(heat)), physml("resume", str(heat), "--json")) == told
    assert told[0].code == 0 and "relative L2" in told[0].out and not (heat / "lock").exists()
    more = physml("resume", str(heat), "--steps", "9")
    assert more.code == 1 and "Read-only file system" in more.err


@pytest.mark.slow
def test_the_result_before_stands_until_there_is_another(heat, physml, monkeypatch):
    """Asked for more, a run threw its result away before it had the next."""
    before = {name: (heat / name).read_bytes() for name in ("result.json", "result.txt")}
    reached = []

    def stopped(*args, **options):
        reached.append(args[0].recipe.steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(resume, "go_on", stopped)
    assert physml("resume", str(heat), "--steps", str(STEPS + 2)).code == 130
    assert {name: (heat / name).read_bytes() for name in before} == before
    with pytest.warns(UserWarning, match=r"before more was asked .*: physml resume"):
        pm.load(heat)
    assert physml("resume", str(heat)).code == 130, "it goes on, though a result stands there"
    assert reached == [STEPS + 2, STEPS + 2]


@pytest.mark.slow
def test_a_run_that_cannot_go_further_is_left_as_it_was(heat, physml):
    """Asked for more of a run without a readable checkpoint, its settings had said so already."""
    before = {name: (heat / name).read_bytes() for name in ("config.json", "result.json")}
    for file in heat.glob("checkpoints/**/params*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    for file in heat.glob("checkpoints/**/manifest.json"):
        file.write_text("{}")
    said = physml("resume", str(heat), "--steps", str(STEPS + 2))
    assert said.code == 1 and "checkpoint" in said.err
    assert {name: (heat / name).read_bytes() for name in before} == before
    assert physml("resume", str(heat), "--json", "--quiet").object["steps"] == STEPS


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"null", b"\x80", None])
def test_a_damaged_result_is_told_and_found_again(heat, physml, content):
    whole = physml("resume", str(heat), "--json").object
    text = (heat / "result.json").read_bytes()
    (heat / "result.json").write_bytes(text.replace(b"1", b"2") if content is None else content)
    if content is not None:  # as of an earlier version: without a digest
        names = run_manifest.written(heat)
        own = json.dumps({"written": sorted(names - {"physml.json"})})
        (heat / "physml.json").write_text(own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resume, "go_on", lambda *args, **options: dict(whole, again=True))
        said = physml("resume", str(heat), "--json", "--quiet")
    assert said.code == 0 and said.object["again"]
    assert "its result is damaged" in said.err and said.err.count("\n") == 1


def test_words_that_were_altered_are_not_told(heat, physml):
    path = heat / "result.txt"
    path.write_text(path.read_text().replace("1", "2"))
    said = physml("resume", str(heat), "--quiet")
    assert said.code == 0 and "result.txt: was altered since the run wrote it" in said.err
    loss = json.loads((heat / "result.json").read_text())["loss"]
    assert f"{loss:.12g}" in said.out


def test_settings_that_were_altered_are_told_with_the_result_of_those_before(heat, physml):
    path = heat / "config.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    said = physml("resume", str(heat), "--json", "--quiet")
    assert said.code == 0 and "config.json: was altered since the run wrote it" in said.err
    assert said.object["seed"] == 0


@pytest.mark.parametrize("content", [b"[" * 10**5, b"[1]", b"\x80", b"null", b""])
@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("measurement.json", load_measurement),
        ("scales.json", lambda folder: Scales.load(folder / "scales.json")),
        ("study.json", pm.train.Study.load),
    ],
    ids=["measurement", "units", "study"],
)
def test_documents_beside_parameters_that_are_none_are_named(tmp_path, name, load, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match="no readable"):
        load(tmp_path)


def read_all(path, capsys, *, load=True):
    """Everything that a run reports, and what was said of it; errors of the library are words."""
    found, said = {}, []

    def ask(name, read):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                found[name] = read()
            except PhysmlError as error:
                said.append(str(error))
        said.extend(str(one.message) for one in told)

    def command(*words):
        capsys.readouterr()
        code = main(["resume", str(path), "--quiet", *words])
        out, err = capsys.readouterr()
        said.extend([err] if err else [])
        assert code in (0, 1, 2) and "Traceback" not in err and (code == 0 or err)
        return out

    def held():
        with pm.Run.reopen(path) as run:
            ask("rows", lambda: run.history("train", STEPS))
            ask("clock", lambda: run.rows("clock.jsonl", "train"))
            ask("checkpoint", lambda: stored(checkpoint.newest(run.checkpoints("train"))))

    ask("numbers", lambda: command("--json"))
    ask("words", command)
    if load:
        ask("loaded", lambda: json.dumps(pm.load(path).numbers(), default=str))
    ask("held", held)
    return found, said


def stored(found):
    arrays = array_file.read(found.path, found.manifest["leaves"])
    return found.step, {name: array.tobytes() for name, array in arrays.items()}


def fuzz(complete, tmp_path, capsys, monkeypatch, count, seed):
    """Flip bits, one at a time, in files drawn one like the other; how many were told."""

    def again(*args, **options):
        raise RunDirectoryError("to be found again")

    monkeypatch.setattr(resume, "go_on", again)
    path, draw = tmp_path / "run", np.random.default_rng(seed)
    shutil.copytree(complete, path)
    whole, said = read_all(path, capsys)
    assert said == [] and len(whole) == 7
    files = sorted(f.relative_to(path) for f in path.rglob("*") if f.is_file() and f.stat().st_size)
    noticed = 0
    for _ in range(count):
        file = path / files[draw.integers(len(files))]
        content = bytearray(file.read_bytes())
        bit = int(draw.integers(8 * len(content)))
        content[bit // 8] ^= 1 << bit % 8
        file.write_bytes(content)
        name = file.relative_to(path)
        load = name.parts[0] in ("result", "config.json", "physml.json")
        found, said = read_all(path, capsys, load=load)
        changed = {key for key in whole if found.get(key) != whole[key]}
        changed -= set() if load else {"loaded"}
        assert not changed or said, f"bit {bit} of {name} changed {changed} in silence"
        noticed += bool(said)
        shutil.rmtree(path)
        shutil.copytree(complete, path)
    return noticed


def test_a_flipped_bit_changes_nothing_in_silence(made, tmp_path, capsys, monkeypatch):
    assert fuzz(made("heat"), tmp_path, capsys, monkeypatch, 8, seed=0) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_1500_flipped_bits_change_nothing_in_silence(made, tmp_path, capsys, monkeypatch, name):
    """Of 3,000 in metrics alone 618 were tracebacks, 1,524 cuts and 848 other numbers.

    Those in files that are looked at alone, such as figures, need not be told.
    """
    assert fuzz(made(name), tmp_path, capsys, monkeypatch, 1500, seed=1) > 800
