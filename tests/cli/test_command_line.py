"""Names, options, help and errors: everything that ends before a run begins."""

import subprocess
import sys
from pathlib import Path

import jax
import pytest

from physml.cli.jax_settings import cache_folder, keep_compiled_programs
from physml.cli.options import wavefunction_default
from physml.pinn.catalogue import PROBLEMS
from physml.vmc import SYSTEMS


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_overview_names_every_command(physml, words):
    said = physml(*words)
    assert said.code == 0
    for command in ("list", "solve", "ground-state", "resume", "demo", "doctor"):
        assert f"physml {command}" in said.out


def test_version(physml):
    assert physml("--version").out.startswith("physml 0.")


def test_list_has_every_entry(physml):
    said = physml("list")
    assert said.code == 0
    for entry in PROBLEMS.values():
        (line,) = [line for line in said.out.splitlines() if f"solve {entry.name} " in line]
        assert entry.equation in line and entry.reference in line
    for entry in SYSTEMS.values():
        (line,) = [line for line in said.out.splitlines() if f"state {entry.name} " in line]
        assert entry.hamiltonian in line and entry.reference in line


def test_doctor(physml, caches):
    said = physml("doctor")
    assert said.code == 0
    for word in ("python", "orbax-checkpoint", "folx", jax.__version__, "cpu", str(caches)):
        assert word in said.out


def test_doctor_tells_the_extra(physml, monkeypatch):
    from physml.cli import doctor

    monkeypatch.setattr(doctor, "_version", lambda package: None)
    assert "pip install 'physml[plot]'" in physml("doctor").out


def test_help_has_units_and_the_recipe(physml):
    said = physml("solve", "burgers", "--help")
    recipe = PROBLEMS["burgers"].recipe
    text = " ".join(said.out.replace("│", " ").split())
    assert said.code == 0
    assert f"optimizer steps, in each slab. (default: {recipe.steps})" in text
    assert f"(default: {recipe.optimizer.name})" in text
    assert "units of" in text
    assert "--network.width" in text


def test_help_of_a_system(physml):
    said = physml("ground-state", "quantum-dot", "--help")
    assert "--system.n-up" in said.out
    assert "ω in hartree. (default: 1.0)" in said.out


def test_another_wave_function_starts_with_one_determinant():
    recipe = SYSTEMS["atom"].recipe
    assert recipe.determinants > 1
    assert wavefunction_default(recipe, ["--steps", "3"]) == recipe
    for words in (["--wavefunction", "slater"], ["--wavefunction=slater"]):
        assert wavefunction_default(recipe, words).determinants == 1


@pytest.mark.parametrize("command", ["solve", "ground-state"])
def test_help_without_a_name(physml, command):
    said = physml(command, "--help")
    assert said.code == 0
    assert ("heat" if command == "solve" else "hydrogen") in said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("slove", "heat"), "Did you mean 'solve'?"),
        (("solve", "burger"), "Did you mean 'burgers'?"),
        (("ground-state", "hydrogne"), "Did you mean 'hydrogen'?"),
        (("solve", "hydrogen"), "physml ground-state hydrogen"),
        (("ground-state", "heat"), "physml solve heat"),
        (("solve",), "expected a name first"),
        (("solve", "--steps", "3"), "expected a name first"),
        (("solve", "heat", "--stesp", "3"), "--steps INT"),
        (("solve", "heat", "--optimizer.dampin", "3"), "optimizer.damping belongs to natural"),
        (("solve", "heat", "--optimizer.name", "adma"), "'adam'"),
        (("solve", "heat", "--steps", "many"), "many"),
        (("solve", "heat", "--precision", "16"), "64"),
        (("solve", "heat", "--seed", "-1"), "seed: expected 0 to"),
        (("solve", "heat", "--steps", "-1"), "steps: expected at least 0"),
        (
            ("solve", "heat", "--network.width", "0"),
            "network.width: expected a positive integer, got 0",
        ),
        (("solve", "heat", "--redraw", "-1"), "-1"),
        (
            ("solve", "heat", "--optimizer.name", "gauss-newton", "--optimizer.damping", "1"),
            "optimizer.damping: no option of gauss-newton",
        ),
        (
            ("solve", "heat", "--optimizer.name", "natural-gradient", "--optimizer.damping", "-1"),
            "damping: expected a number > 0",
        ),
        (("ground-state", "quantum-dot", "--system.n-up", "2"), "n_up: expected a closed shell"),
        (("ground-state", "hydrogen", "--walkers", "1"), "walkers: expected at least 2"),
        (("ground-state", "hydrogen", "--measurements", "1"), "at least 8"),
        (("ground-state", "hydrogen", "--pretrain", "1"), "whose orbitals are trained"),
        (
            ("ground-state", "quantum-dot", "--wavefunction", "ferminet", "--pretrain", "1"),
            "expected an Atom or a Molecule, got quantum-dot",
        ),
        (("list", "--all"), "--all"),
        (("resume",), "RUN"),
    ],
)
def test_asked_wrongly(physml, words, hint):
    said = physml(*words)
    assert said.code == 2
    assert hint in " ".join(said.err.replace("│", " ").split())
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not list(Path("runs").glob("*")), "a run that never made a step leaves nothing behind"


def test_resume_needs_a_run(physml):
    said = physml("resume", "nowhere")
    assert said.code == 1
    assert "no readable config.json" in said.err


def test_no_device_is_touched_before_a_run():
    script = (
        "from physml.cli import main; main(['list']); main(['solve', 'heat', '--help']);"
        "from jax._src import xla_bridge; assert not xla_bridge._backends"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=60)


def test_cache_that_cannot_be_written_is_done_without(physml, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    jax.config.update("jax_compilation_cache_dir", None)
    keep_compiled_programs()
    assert jax.config.jax_compilation_cache_dir is None
    assert "not writable" in physml("doctor").out


def test_cache_told_to_jax_is_respected(physml, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "told"))
    keep_compiled_programs()
    assert cache_folder() == tmp_path / "told"
