"""Runs from the command line: results, directories, resume, precision."""

import json
import signal
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.cli import job, run_directory
from physml.cli.ground_state import GroundStateJob
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue import PROBLEMS, Entry
from physml.train import Every, Run
from physml.vmc import SYSTEMS, SystemEntry

TINY = ("--network.width", "4", "--network.depth", "1")
ADAM = ("--optimizer.name", "adam")
HEAT = ("solve", "heat", *TINY, *ADAM, "--points", "16")
TRAP = ("ground-state", "harmonic-oscillator", *TINY, *ADAM)
CHAINS = ("--walkers", "16", "--sweeps", "5", "--measurements", "8")
TRAP = (*TRAP, *CHAINS)
ATOM = ("ground-state", "atom", "--system.symbol", "H", "--determinants", "1", *TINY, *ADAM)

SOLVE_KEYS = (
    "problem relative_l2 max_error reference_error loss check steps parameters points seconds "
    "compile_seconds precision device seed run"
)
GROUND_STATE_KEYS = (
    "system energy energy_error energy_per_particle energy_per_particle_error variance "
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
    for entry, name in ((Entry, "solve"), (SystemEntry, "ground_state")):
        whole = getattr(entry, name)

        def recorded(*args, whole=whole, **options):
            found.append(whole(*args, **options))
            return found[-1]

        monkeypatch.setattr(entry, name, recorded)
    return found


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
    assert "no solution.png: figures need matplotlib" in first.err

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


def test_ground_state(physml):
    said = physml(*TRAP, "--steps", "2", "--system.omega", "0.5", "--run", "trap", "--json")
    result = said.object
    assert said.code == 0
    assert list(result) == GROUND_STATE_KEYS.split()
    assert (result["system"], result["walkers"], result["reference"]) == (
        "harmonic-oscillator", 16, 0.25,
    )  # fmt: skip
    assert json.loads(Path("trap/result.json").read_text()) == result
    assert json.loads(Path("trap/config.json").read_text())["system"]["omega"] == 0.5
    assert "energy" in said.err and "hartree" in said.err
    assert np.load("trap/samples.npz")["local_energies"].shape == (8, 16)

    told = physml("resume", "trap").out
    energy = f"{result['energy']:.1f}"[:-1]
    assert energy in told and "0.25 hartree (exact)" in told and "σ)" in told

    again = physml("resume", "trap", "--measurements", "20", "--json")
    assert again.code == 0 and again.object["steps"] == 2
    assert np.load("trap/samples.npz")["local_energies"].shape == (20, 16)
    assert len(Path("trap/metrics.jsonl").read_text().splitlines()) == 2


def test_a_result_tells_how_far_to_trust_its_bar_and_its_reference():
    """An error bar in doubt is marked, holes are told, and σ are those of both errors.

    A result written before it told these is reported as it was.
    """
    entry = SYSTEMS["quantum-dot"]
    system = replace(entry.system, n_up=3, n_down=3)
    job = GroundStateJob(entry=entry, system=system, recipe=entry.recipe, seed=0, precision=64)
    old = {
        "energy": 20.1545, "energy_error": 0.003, "energy_per_particle": 3.35908,
        "energy_per_particle_error": 0.0005, "variance": 0.013, "reference": 20.1525,
        "acceptance": 0.5, "autocorrelation": 99.0, "steps": 3,
    }  # fmt: skip
    new = old | {
        "reference_error": 0.004, "reference_source": "somewhere", "rhat": 1.32,
        "converged": False, "not_finite": 1, "first_not_finite": [[1.0, 2.0]],
    }  # fmt: skip
    said = job.report(new)
    assert said["energy"].startswith("20.1545(30) [unconverged] hartree")
    assert said["per particle"].startswith("3.35908(50) [unconverged]")
    assert said["reference"] == "20.1525(40) hartree (somewhere)"
    assert said["difference"] == "+0.002 hartree (0.4 σ)"
    assert (said["split-R̂"], said["error bar"]) == ("1.320", "not converged, may be too small")
    assert "[[1.0, 2.0]] bohr" in said["left out"]
    assert "imaginary part" not in said
    complex_psi = new | {"imaginary": 0.0012, "imaginary_error": 0.002}
    assert job.report(complex_psi)["imaginary part"] == "0.0012(20) hartree"
    before = job.report(old)
    assert before["energy"].startswith("20.1545(30) hartree") and "split-R̂" not in before


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((*HEAT, "--redraw", "3"), id="solve"),
        pytest.param(TRAP, id="ground-state"),
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


def test_longer_run_and_unfinished_result(physml, trained):
    assert physml(*HEAT, "--steps", "3", "--run", "whole", "--quiet").code == 0
    assert physml(*HEAT, "--steps", "1", "--run", "run", "--quiet").code == 0
    assert physml("resume", "run", "--steps", "3", "--quiet").code == 0
    assert bits(trained[2].result.state) == bits(trained[0].result.state)
    assert json.loads(Path("run/config.json").read_text())["recipe"]["steps"] == 3
    shorter = physml("resume", "run", "--steps", "2")
    assert shorter.code == 2 and "at least the 3" in shorter.err
    measured = physml("resume", "run", "--measurements", "9")
    assert measured.code == 2 and "heat is an equation to solve" in measured.err

    Path("run/result.json").unlink()
    said = physml("resume", "run", "--json", "--quiet")
    assert said.code == 0
    assert said.object["loss"] == json.loads(Path("whole/result.json").read_text())["loss"]
    assert said.object["compile_seconds"] == 0


@pytest.mark.parametrize(
    ("stops", "code", "message"),
    [(KeyboardInterrupt, 130, "physml: stopped\n"), (MemoryError, None, "")],
)
def test_stopped_before_the_first_step_leaves_nothing(physml, monkeypatch, stops, code, message):
    def stop(*args, **options):
        raise stops

    monkeypatch.setattr(Entry, "solve", stop)
    if code is None:
        with pytest.raises(stops):
            physml(*HEAT, "--quiet")
    else:
        said = physml(*HEAT, "--quiet")
        assert (said.code, said.err) == (code, message)
    assert not list(Path("runs").iterdir())


def test_stopped_while_measuring_tells_how_to_go_on(physml, monkeypatch):
    def stop(*args, run, **options):
        run.append("metrics.jsonl", [{"phase": "train", "step": 0}])
        raise KeyboardInterrupt

    monkeypatch.setattr(SystemEntry, "ground_state", stop)
    said = physml(*TRAP, "--run", "run", "--quiet")
    assert (said.code, said.err) == (130, "physml: stopped. Go on with: physml resume run\n")


@pytest.mark.parametrize(
    ("words", "edit", "difference"),
    [
        (HEAT, {"seed": 1}, "the seed"),
        (HEAT, {"name": "advection"}, "differs in"),
        (TRAP, {"system": {"omega": 2.0}}, "term 'energy'"),
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
    assert Path("run/solution.png").stat().st_size > 1000
    assert "solution.png" in said.out


def test_demo(physml, monkeypatch):
    network, adam = NetworkSettings(width=4, depth=1), OptimizerSettings(name="adam")
    for entries, name, less in (
        (PROBLEMS, "burgers", {"points": 16}),
        # A network compiles faster than a determinant.
        (
            SYSTEMS,
            "quantum-dot",
            {"wavefunction": "network", "walkers": 16, "sweeps": 5, "measurements": 8},
        ),
    ):
        recipe = replace(entries[name].recipe, network=network, optimizer=adam, **less)
        monkeypatch.setitem(entries, name, entries[name]._replace(recipe=recipe))
    said = physml("demo", "--steps", "1", "--quiet")
    assert said.code == 0
    head, *rows = said.out.splitlines()[:3]
    assert head.split() == ["name", "result", "exact", "error", "seconds"]
    assert rows[0].startswith("burgers") and "relative L2" in rows[0]
    assert rows[1].startswith("quantum-dot") and "3 hartree" in rows[1] and "σ" in rows[1]
    assert physml("resume", "runs/demo-1/quantum-dot", "--json").object["steps"] == 1


def test_runs_are_numbered(physml):
    Path("runs/heat-7").mkdir(parents=True)
    Path("runs/heat-old").mkdir()
    assert [run_directory.next_free("heat") for _ in range(2)] == [
        Path("runs/heat-8"), Path("runs/heat-9"),
    ]  # fmt: skip


def test_files_of_others_stay_as_they_are(physml, monkeypatch):
    """A run deleted the user's own figures and samples of its names, and then wrote its own."""
    own = ("samples.npz", "state.png", "solution.png", "config.json", "checkpoints/best.pt")
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


def test_a_figure_of_one_s_own_in_a_run_is_not_drawn_over(physml):
    assert physml(*HEAT, "--steps", "1", "--run", "run", "--quiet").code == 0
    Path("run/solution.png").write_text("mine")
    said = physml("resume", "run", "--steps", "2", "--quiet")
    assert said.code == 0
    assert "no solution.png: run directory run: holds solution.png, which no run wrote" in said.err
    assert Path("run/solution.png").read_text() == "mine"
    assert "solution.png" not in physml("resume", "run").out


@pytest.mark.parametrize(
    "words",
    [(*HEAT, "--run", ""), (*HEAT, "--run="), ("resume", ""), ("demo", "--run", " ")],
    ids=["option", "equals", "resume", "blank"],
)
def test_an_empty_name_is_not_the_current_directory(physml, words):
    said = physml(*words)
    assert said.code == 2 and "expected a value, got an empty one" in said.err
    assert not list(Path().iterdir())
