"""Runs from the command line: results, directories, resume, precision."""

import json
import os
import signal
import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.cli import catalogue, job, run_directory
from physml.networks import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Every, Run
from physml.train.progress import Progress
from physml.vmc.wavefunctions import WavefunctionSettings

TINY = ("--network.width", "4", "--network.depth", "1")
ADAM = ("--optimizer.name", "adam")
HEAT = ("solve", "heat", *TINY, *ADAM, "--points", "16")
TRAP = ("ground-state", "harmonic-oscillator", *TINY, *ADAM)
CHAINS = ("--walkers", "16", "--sweeps", "5", "--measurements", "8")
TRAP = (*TRAP, *CHAINS)
ATOM = ("ground-state", "atom", "--system.symbol", "H", "--determinants", "1", *TINY, *ADAM)

SOLVE_KEYS = (
    "entry problem relative_l2 max_error reference_error loss unknown_numbers check steps "
    "parameters points seconds compile_seconds precision device seed run"
)
GROUND_STATE_KEYS = (
    "entry system energy energy_error energy_per_particle energy_per_particle_error variance "
    "imaginary imaginary_error reference reference_error reference_source acceptance "
    "autocorrelation rhat converged not_finite "
    "first_not_finite steps parameters walkers seconds compile_seconds precision device "
    "seed run"
)


@pytest.fixture(autouse=True)
def without_figures():
    """Figures take a second each; the test of figures has them back by ``undo``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        yield patch


@pytest.fixture
def trained(monkeypatch):
    """What the library returned to the command line, in order."""
    found = []

    def recorded(solve, *args, **options):
        found.append(solve(*args, **options))
        return found[-1]

    for name in ("heat", "harmonic-oscillator", "atom"):
        replaced(monkeypatch, name, partial(recorded, catalogue.entries()[name].solve))
    return found


def replaced(monkeypatch, name, solve):
    entry = catalogue.entries()[name]
    monkeypatch.setitem(catalogue.entries(), name, entry._replace(solve=solve))


class CtrlC(Every):
    """A progress line that presses Ctrl-C at the first step on its grid."""

    def close(self):
        pass


def press_ctrl_c(monkeypatch, step):
    stop = CtrlC(step, lambda update: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(job, "progress", lambda *, quiet: stop)


def bits(state):
    """Every leaf of a training state, random keys included, to the bit."""
    leaves = [
        jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        for leaf in jax.tree.leaves(state)
    ]
    return [(leaf.dtype, leaf.shape, np.asarray(leaf).tobytes()) for leaf in leaves]


def test_solve(physml):
    first = physml(*HEAT, "--steps", "3", "--json")
    result = first.object
    assert first.code == 0
    assert list(result) == SOLVE_KEYS.split()
    assert (result["problem"], result["steps"], result["points"]) == ("heat", 3, 16)
    assert (result["precision"], result["seed"], result["device"]) == (64, 0, "cpu")
    assert result["parameters"] == (2 + 1) * 4 + (4 + 1)
    term = result["check"]["equation"]
    assert term["samples"] == 8 * 16 and term["fresh"] > 0 and set(term["at"]) == {"t", "x"}
    assert 0 < result["compile_seconds"] < result["seconds"]
    assert result["run"] == str(Path("runs/heat-1"))
    assert json.loads(Path("runs/heat-1/result.json").read_text()) == result
    assert "train 3/3  loss" in first.err
    assert "no result.png: figures need matplotlib" in first.err

    again = physml("resume", "runs/heat-1", "--json", "--quiet")
    assert (again.code, again.err) == (0, "")
    assert again.object == result, "a complete run tells its result again"

    refused = physml(*HEAT, "--run", "runs/heat-1")
    assert refused.code == 1
    assert "already holds a run" in refused.err

    replaced = physml(*HEAT, "--steps", "2", "--run", "runs/heat-1", "--overwrite", "--quiet")
    assert replaced.code == 0
    assert replaced.err.splitlines() == [line for line in first.err.splitlines() if "png" in line]
    assert "after 2 steps" in replaced.out
    assert "residual, equation" in replaced.out and "on 128 fresh ones" in replaced.out
    assert "compiling" in replaced.out and "runs/heat-1" in replaced.out
    assert len(Path("runs/heat-1/metrics.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_a_rule_by_name_ends_a_run_and_the_resumed_one_at_the_same_step(
    physml, monkeypatch, trained
):
    """It is stored: Ctrl-C before its step, and the run goes on to end there."""
    HEAT_30 = (*HEAT, "--steps", "30", "--json", "--quiet")
    physml(*HEAT_30)
    loss = trained[0].result.history["loss"]
    rule = ("--until", "target", "--until.value", f"{loss[12]:.17g}")
    ended = physml(*HEAT_30, *rule).object
    steps = ended["steps"]
    assert steps <= 13 and loss[steps - 1] <= loss[12] < min(loss[: steps - 1])
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, 4)
        assert physml(*HEAT_30, *rule, "--run", "stopped").code == 130
    stored = json.loads(Path("stopped/config.json").read_text())["recipe"]["until"]
    assert stored == {"name": "target", "metric": "loss", "value": float(f"{loss[12]:.17g}")}
    again = physml("resume", "stopped", "--json", "--quiet").object
    assert (again["steps"], again["loss"]) == (steps, ended["loss"])
    refused = physml(*HEAT, "--until", "patience", "--until.steps", "0", "--run", "none")
    assert refused.code != 0 and "until: patience: steps: expected at least 1" in refused.err
    assert not Path("none").exists()


@pytest.mark.slow
def test_ground_state(physml):
    said = physml(*TRAP, "--steps", "2", "--system.omega", "0.5", "--run", "trap", "--json")
    result = said.object
    assert said.code == 0
    assert list(result) == GROUND_STATE_KEYS.split()
    assert (result["system"], result["walkers"], result["reference"]) == (
        "harmonic-oscillator", 16, 0.25,
    )  # fmt: skip
    assert json.loads(Path("trap/result.json").read_text()) == result
    assert json.loads(Path("trap/config.json").read_text())["subject"]["omega"] == 0.5
    assert "energy" in said.err and "hartree" in said.err
    assert "burn-in 50/50  energy" in said.err and "measure 8/8  energy" in said.err
    assert np.load("trap/samples.npz")["local_energies"].shape == (8, 16)

    told = physml("resume", "trap").out
    energy = f"{result['energy']:.1f}"[:-1]
    assert energy in told and "0.25 hartree (exact)" in told and "σ)" in told
    assert "omega 0.5" in told, "a report tells the numbers that were solved"

    first = np.load("trap/samples.npz")["local_energies"]
    again = physml("resume", "trap", "--measurements", "20", "--json")
    assert again.code == 0 and again.object["steps"] == 2
    assert "measure 20/20" in again.err and "burn-in" not in again.err
    more = np.load("trap/samples.npz")["local_energies"]
    assert more.shape == (20, 16)
    np.testing.assert_array_equal(more[:8], first)
    assert len(Path("trap/metrics.jsonl").read_text().splitlines()) == 2


def test_a_result_kept_before_words_were_is_told_as_it_stands(physml):
    """Of a run of an earlier version nothing but its numbers is there."""
    run = Path("old")
    old = {"energy": 20.1545, "reference": None, "run": "old"}
    with Run.create(run, {"name": "hydrogen", "file": {"path": "x.py"}, "physml": "0.0"}) as begun:
        begun.write("result.json", old)
    told = physml("resume", "old")
    assert told.code == 0 and "begun by physml 0.0" in told.err
    assert told.out.splitlines()[:2] == ["energy     20.1545", "reference  None"]
    assert physml("resume", "old", "--json", "--quiet").object == old


def test_a_moved_run_tells_where_it_is_and_finds_its_files(physml):
    """It told its old place, and no figure, nor words, since it looked for them there."""
    with Run.create(Path("before"), {"name": "heat", "recipe": {}, "physml": "0.2.0"}) as run:
        run.write("result.json", {"loss": 0.5, "run": "before"})
        for name, text in (
            ("result.png", "drawn"),
            (
                "result.txt",
                "heat     u_t = u_xx\nrun ψ    x\nrun      before\nfiles    result.json\n",
            ),
        ):
            run.add(name, lambda path, text=text: path.write_text(text, encoding="utf-8"))
        run.config["file"] = {"path": "x.py", "name": "X"}
        run.write("config.json", run.config)
    Path("there").mkdir()
    Path("before").rename("there/a run")
    assert physml("resume", "there/a run", "--quiet").out.splitlines() == [
        "heat     u_t = u_xx",
        "run ψ    x",
        "run      there/a run",
        "files    result.json, result.png",
    ]
    assert physml("resume", "there/a run", "--json", "--quiet").object["run"] == "there/a run"
    Path("there/a run/result.json").unlink()
    said = physml("resume", "there/a run")
    assert said.code == 2 and "physml resume 'there/a run' --file x.py:X" in said.err


def test_a_report_is_written_and_read_whatever_the_locale(tmp_path):
    """A run below a name that is no text, as ψ where the locale has no letters, had no result."""
    place = os.fsdecode(b"\xcf\x88\xff")
    run_directory.write_words(f"heat  ∂u/∂t\nrun   {place}\n", tmp_path / "result.txt")
    assert (tmp_path / "result.txt").read_bytes().endswith(b"\xcf\x88\xff\n")
    assert run_directory.words(tmp_path) == f"heat  ∂u/∂t\nrun   {tmp_path}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        pytest.param((*HEAT, "--redraw", "3"), id="solve"),
        pytest.param(TRAP, id="ground-state", marks=pytest.mark.slow),
        pytest.param(
            (*ATOM, *CHAINS, "--pretrain", "6"),
            id="pretrain",
            marks=pytest.mark.skipif(
                find_spec("pyscf") is None,
                reason="Hartree–Fock is of pyscf, in the optional extra chem",
            ),
        ),
    ],
)
def test_interrupted_and_resumed_is_never_interrupted(physml, trained, monkeypatch, words):
    assert physml(*words, "--steps", "6", "--run", "whole", "--quiet").code == 0
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, 4)
        stopped = physml(*words, "--steps", "6", "--run", "parts", "--json")
    assert (stopped.code, stopped.out) == (130, "")
    assert "stopped after step 4 of 6" in stopped.err
    assert "Go on with: physml resume parts" in stopped.err
    assert not Path("parts/result.json").exists()

    said = physml("resume", "parts", "--json", "--quiet")
    assert said.code == 0
    whole, parts = trained
    assert bits(parts.result.state) == bits(whole.result.state)
    for file in ("metrics.jsonl", "config.json"):
        assert Path("parts", file).read_bytes() == Path("whole", file).read_bytes()
    own = {"run", "seconds", "compile_seconds"}
    result = json.loads(Path("whole/result.json").read_text())
    assert {k: v for k, v in said.object.items() if k not in own} == {
        k: v for k, v in result.items() if k not in own
    }


@pytest.mark.slow
def test_longer_run_and_unfinished_result(physml, trained):
    assert physml(*HEAT, "--steps", "3", "--run", "whole", "--quiet").code == 0
    assert physml(*HEAT, "--steps", "1", "--run", "run", "--quiet").code == 0
    assert physml("resume", "run", "--steps", "3", "--quiet").code == 0
    assert bits(trained[2].result.state) == bits(trained[0].result.state)
    assert json.loads(Path("run/config.json").read_text())["recipe"]["steps"] == 3
    shorter = physml("resume", "run", "--steps", "2")
    assert shorter.code == 2 and "at least the 3" in shorter.err
    measured = physml("resume", "run", "--measurements", "9")
    assert measured.code == 2 and "--measurements" in measured.err

    Path("run/result.json").unlink()
    said = physml("resume", "run", "--json", "--quiet")
    assert said.code == 0
    assert said.object["loss"] == json.loads(Path("whole/result.json").read_text())["loss"]
    assert said.object["compile_seconds"] == 0


@pytest.mark.parametrize(
    ("stops", "code", "message"),
    [(KeyboardInterrupt, 130, "physml: stopped\n"), (ZeroDivisionError, None, "")],
)
def test_stopped_before_the_first_step_leaves_nothing(physml, monkeypatch, stops, code, message):
    def stop(*args, **options):
        raise stops

    replaced(monkeypatch, "heat", stop)
    if code is None:
        with pytest.raises(stops):
            physml(*HEAT, "--quiet")
    else:
        said = physml(*HEAT, "--quiet")
        assert (said.code, said.err) == (code, message)
    assert not list(Path("runs").iterdir())


@pytest.mark.slow
def test_a_measurement_is_stopped_and_resumed_to_the_same_bits(physml, monkeypatch):
    """In burn-in, and once more in measuring."""

    class CtrlC(Progress):
        def __call__(self, update):
            if update.phase == phase:
                signal.raise_signal(signal.SIGINT)

    assert physml(*TRAP, "--steps", "1", "--run", "whole", "--quiet").code == 0
    words = (*TRAP, "--steps", "1", "--run", "parts")
    for phase in ("burn-in", "measure"):
        with monkeypatch.context() as patch:
            patch.setattr(job, "progress", lambda *, quiet: CtrlC(None))
            stopped = physml(*words)
        assert stopped.code == 130 and f"({phase}), saved. Go on with: physml" in stopped.err
        words = ("resume", "parts")
    assert physml(*words, "--quiet").code == 0
    whole, parts = (np.load(f"{run}/samples.npz") for run in ("whole", "parts"))
    for name in whole.files:
        np.testing.assert_array_equal(parts[name], whole[name])


def test_stopped_between_phases_tells_how_to_go_on(physml, monkeypatch):
    def stop(*args, run, **options):
        run.append("metrics.jsonl", [{"phase": "train", "step": 0}])
        raise KeyboardInterrupt

    replaced(monkeypatch, "harmonic-oscillator", stop)
    said = physml(*TRAP, "--run", "run", "--quiet")
    assert (said.code, said.err) == (130, "physml: stopped. Go on with: physml resume run\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "edit", "difference"),
    [
        (HEAT, {"seed": 1}, "the seed"),
        (HEAT, {"name": "poisson-2d"}, "differs in"),
        (TRAP, {"subject": {"omega": 2.0}}, "term 'energy'"),
    ],
)
def test_an_edited_config_is_not_answered_with_the_old_run(physml, words, edit, difference):
    """Another problem, seed or Hamiltonian than the one whose checkpoints lie there."""
    assert physml(*words, "--steps", "1", "--run", "run", "--quiet").code == 0
    path = Path("run/config.json")
    document = json.loads(path.read_text())
    for key, value in edit.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(document))
    Path("run/result.json").unlink()
    said = physml("resume", "run", "--quiet")
    assert said.code == 1
    assert "phase 'train' of run" in said.err and difference in said.err


def test_second_process_is_refused(physml):
    with Run.create("held", {}):
        for words in ((*HEAT, "--run", "held", "--overwrite"), ("resume", "held")):
            said = physml(*words)
            assert said.code == 1
            assert "another process is writing here" in said.err


@pytest.mark.slow
def test_a_user_without_a_home_can_run_and_resume(physml, homeless):
    for words in (HEAT, TRAP):
        assert physml(*words, "--steps", "1", "--run", words[1], "--quiet").code == 0
        said = physml("resume", words[1], "--steps", "2", "--json", "--quiet")
        assert said.code == 0 and said.object["steps"] == 2


@pytest.mark.slow
def test_single_precision_throughout(physml, trained):
    for words in ((*HEAT, "--redraw", "1", "--steps", "2"), (*TRAP, "--steps", "1")):
        said = physml(*words, "--precision", "32", "--json", "--quiet")
        assert said.code == 0
        assert said.object["precision"] == 32
        kinds = {leaf.dtype for leaf in jax.tree.leaves(trained[-1].result.state)}
        assert {str(kind) for kind in kinds if jnp.issubdtype(kind, jnp.inexact)} == {"float32"}
    assert trained[-1].measurement.walkers.dtype == np.float32


def test_figures(physml, without_figures):
    without_figures.undo()
    pytest.importorskip("matplotlib")
    said = physml(*HEAT, "--steps", "1", "--run", "run")
    assert Path("run/result.png").stat().st_size > 1000
    assert "result.png" in said.out


@pytest.mark.slow
def test_demo(physml, monkeypatch):
    network, adam = NetworkSettings(width=4, depth=1), OptimizerSettings(name="adam")
    entries = catalogue.entries()
    # A network compiles faster than a determinant.
    plain = WavefunctionSettings(name="network", network=network)
    few = {"walkers": 16, "sweeps": 5, "measurements": 8}
    for name, less in (
        ("burgers", {"network": network, "points": 16}),
        ("quantum-dot", {"wavefunction": plain, **few}),
    ):
        recipe = replace(entries[name].recipe, optimizer=adam, **less)
        monkeypatch.setitem(entries, name, entries[name]._replace(recipes={"default": recipe}))
    said = physml("demo", "--steps", "1", "--quiet")
    assert said.code == 0
    shock, dot, _ = said.out.split("\n\n")
    assert shock.startswith("burgers") and "relative L2" in shock
    assert dot.startswith("quantum-dot") and "3 hartree" in dot and "σ" in dot
    assert physml("resume", "runs/demo-1/quantum-dot", "--json").object["steps"] == 1


def test_runs_are_numbered(physml):
    Path("runs/heat-7").mkdir(parents=True)
    Path("runs/heat-old").mkdir()
    assert [run_directory.next_free("heat") for _ in range(2)] == [
        Path("runs/heat-8"), Path("runs/heat-9"),
    ]  # fmt: skip


def test_files_of_others_stay_as_they_are(physml, monkeypatch):
    """A run deleted the user's own figures and samples of its names, and then wrote its own."""
    own = ("result.txt", "result.png", "config.json", "checkpoints/best.pt")
    for name in own:
        place = Path(name.replace("/", "-"), name)
        place.parent.mkdir(parents=True)
        place.write_text("mine")
        folder = place.parents[len(Path(name).parts) - 1]
        for words in ((), ("--overwrite",)):
            said = physml(*HEAT, "--steps", "1", "--run", str(folder), *words)
            assert said.code == 1 and "which no run wrote there" in said.err
        assert [path for path in folder.rglob("*") if path.is_file()] == [place]
        assert place.read_text() == "mine"


@pytest.mark.slow
def test_a_figure_of_one_s_own_in_a_run_is_not_drawn_over(physml):
    assert physml(*HEAT, "--steps", "1", "--run", "run", "--quiet").code == 0
    Path("run/result.png").write_text("mine")
    said = physml("resume", "run", "--steps", "2", "--quiet")
    assert said.code == 0
    assert "no result.png: run directory run: holds result.png, which no run wrote" in said.err
    assert Path("run/result.png").read_text() == "mine"
    assert "result.png" not in physml("resume", "run").out


@pytest.mark.parametrize(
    "words",
    [(*HEAT, "--run", ""), (*HEAT, "--run="), ("resume", ""), ("demo", "--run", " ")],
    ids=["option", "equals", "resume", "blank"],
)
def test_an_empty_name_is_not_the_current_directory(physml, words):
    said = physml(*words)
    assert said.code == 2 and "expected a value, got an empty one" in said.err
    assert not list(Path().iterdir())
