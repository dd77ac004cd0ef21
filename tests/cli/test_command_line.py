"""Names, options, help and errors: everything that ends before a run begins."""

import io
import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass, replace
from pathlib import Path

import jax
import pytest

from physml.cli import catalogue, main
from physml.cli.chosen import with_chosen
from physml.cli.jax_settings import cache_folder, keep_compiled_programs
from physml.train.entry import Entry


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_overview_names_every_command(physml, words):
    said = physml(*words)
    assert said.code == 0
    for command in ("list", "run", "solve", "ground-state", "resume", "demo", "doctor"):
        assert f"physml {command}" in said.out


def test_version(physml):
    assert physml("--version").out.startswith("physml 0.")


def test_list_has_every_entry(physml):
    said = physml("list")
    assert said.code == 0
    rows = {line.split()[0]: line for line in said.out.splitlines()[1:]}
    assert list(rows) == list(catalogue.entries())
    for entry in catalogue.entries().values():
        assert entry.equation in rows[entry.name] and entry.reference in rows[entry.name]


def test_list_of_one_has_its_numbers_recipes_and_what_they_came_to(physml):
    said = physml("list", "quantum-dot")
    assert said.code == 0
    lines = said.out.splitlines()
    assert any("--subject.omega 1" in line for line in lines)
    assert any(line.startswith("--recipe best") for line in lines)
    (record,) = [r for r in catalogue.entries()["quantum-dot"].records if "20.15509" in r.found]
    (row,) = [line for line in lines if record.found in line]
    assert "physml run quantum-dot --subject.n-up 3 --subject.n-down 3 " in row
    assert str(record.seconds) in row and "docs/results/vmc.md" in row
    assert physml("list", "quantm-dot").code == 2


@pytest.mark.parametrize("entry", catalogue.entries().values(), ids=catalogue.entries())
def test_every_entry_obeys_the_protocol(entry):
    """Frozen numbers, a default recipe, each recipe checked, what may be raised exists."""
    if entry.name in ("breast-cancer", "digits"):
        pytest.importorskip("sklearn", reason="its data come with scikit-learn")
    assert isinstance(entry, Entry) and "default" in entry.recipes
    assert is_dataclass(entry.subject)
    for field in fields(entry.subject):
        with pytest.raises(FrozenInstanceError):
            setattr(entry.subject, field.name, None)
    json.dumps(asdict(entry.subject))
    for name in entry.recipes:
        recipe = entry.recipe_for(entry.subject, name)
        entry.check(entry.subject, recipe)
        assert replace(recipe) == recipe
        for raised in entry.extendable:
            assert isinstance(getattr(recipe, raised), int)
    for record in entry.records:
        subject = replace(entry.subject, **record.numbers)
        entry.check(subject, entry.recipe_for(subject, record.recipe))


def test_doctor(physml, caches):
    said = physml("doctor")
    assert said.code == 0
    for word in ("python", "orbax-checkpoint", "folx", jax.__version__, "cpu", str(caches)):
        assert word in said.out


@pytest.mark.parametrize(("version", "told"), [((0, 10, 2), True), ((0, 12, 0), False)])
def test_doctor_tells_what_stands_still(physml, monkeypatch, version, told):
    monkeypatch.setattr("jax.__version_info__", version)
    monkeypatch.setattr("jax.default_backend", lambda: "cpu")
    assert ("can stand still on 2 CPU threads" in physml("doctor").out) == told


def test_doctor_tells_the_extra(physml, monkeypatch):
    from physml.cli import doctor

    monkeypatch.setattr(doctor, "_version", lambda package: None)
    assert "pip install 'physml[plot]'" in physml("doctor").out


def test_help_has_units_and_the_recipe(physml):
    said = physml("solve", "burgers", "--help")
    recipe = catalogue.entries()["burgers"].recipe
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
    assert "--subject.n-up" in physml("run", "quantum-dot", "--help").out
    assert "--problem.viscosity" in physml("solve", "burgers", "--help").out


def test_the_recipe_follows_the_numbers(physml):
    """Of two electrons a Slater–Jastrow state is exact to 1e-4; of six it lies 0.02 too high."""
    two = physml("run", "quantum-dot", "--help").out
    six = physml("run", "quantum-dot", "--system.n-up", "3", "--problem.n-down=3", "--help").out
    quick = physml("run", "quantum-dot", "--system.n-up", "3", "--recipe", "quick", "--help").out
    assert "default: slater-jastrow)" in " ".join(two.replace("│", " ").split())
    assert "default: message-passing)" in " ".join(six.replace("│", " ").split())
    assert "default: slater-jastrow)" in " ".join(quick.replace("│", " ").split())


def test_another_wave_function_starts_with_one_determinant():
    recipe = catalogue.entries()["atom"].recipe
    assert recipe.wavefunction.determinants > 1
    assert with_chosen(recipe, ["--steps", "3"])[0] == recipe
    for words in (["--wavefunction", "ferminet"], ["--wavefunction=ferminet"]):
        assert with_chosen(recipe, words)[0].wavefunction.determinants == 1


@pytest.mark.parametrize("command", ["run", "solve", "ground-state"])
def test_help_without_a_name(physml, command):
    said = physml(command, "--help")
    assert said.code == 0
    assert "heat" in said.out and "hydrogen" in said.out and "FILE.py:NAME" in said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("slove", "heat"), "Did you mean 'solve'?"),
        (("solve", "burger"), "Did you mean 'burgers'?"),
        (("ground-state", "hydrogne"), "Did you mean 'hydrogen'?"),
        (("run", "heat", "--recipe", "quik"), "unknown recipe of heat 'quik'"),
        (("run", "burgers", "--problem.viscosity", "-1"), "viscosity: expected a number > 0"),
        (("run", "absent.py:PROBLEM"), "absent.py: cannot be read"),
        (("run", "absent.py"), "expected FILE.py:NAME"),
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
        (
            ("solve", "heat", "--optimizer", "adam", "--optimizer.learning-rate", "-1e-3"),
            "optimizer.learning_rate: expected a number > 0, got -0.001",
        ),
        (
            ("solve", "heat", "--optimizer", "soap", "--optimizer.learning-rate=nan"),
            "optimizer.learning_rate: expected a number > 0, got nan",
        ),
        (
            ("solve", "heat", "--optimizer", "gauss-newton", "--optimizer.radius", "inf"),
            "optimizer.radius: expected a number > 0, got inf",
        ),
        (
            ("ground-state", "hydrogen", "--optimizer.damping", "inf"),
            "optimizer.damping: expected a number > 0 (or a schedule), got inf",
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


def test_a_user_without_a_home_does_without_the_cache(physml, homeless):
    """In a container whose users are numbers alone; it was a RuntimeError of pathlib."""
    keep_compiled_programs()
    assert cache_folder() is None and jax.config.jax_compilation_cache_dir is None
    assert "no home: each run compiles anew; set XDG_CACHE_HOME" in physml("doctor").out


def test_cache_told_to_jax_is_respected(physml, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "told"))
    keep_compiled_programs()
    assert cache_folder() == tmp_path / "told"


def test_commands_that_are_printed_can_be_typed(physml):
    """A file with a space in its name, and a record of a user's own entry."""
    Path("my file.py").write_text(
        "import physml as pm\n"
        "entry = pm.pinn.catalogue.ENTRIES['heat']\n"
        "record = pm.train.Record('1e-3', 2.0, 'mine')\n"
        "MINE = entry._replace(name='mine', records=(record,))\n"
    )
    said = physml("list", "my file.py:MINE")
    assert said.code == 0
    assert "physml run 'my file.py:MINE' --help" in said.out
    assert "\nphysml run 'my file.py:MINE'  " in said.out


@pytest.fixture
def said_in(monkeypatch):
    """What a command line writes to streams of an encoding: standard output, and error."""

    def call(encoding, *words):
        kinds = {"stdout": "strict", "stderr": "backslashreplace"}
        streams = {
            name: io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)
            for name, errors in kinds.items()
        }
        with monkeypatch.context() as patch:
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            code = main(words)
        for name, stream in streams.items():
            stream.flush()
            assert stream.errors == kinds[name], "as it was"
        return code, *(stream.buffer.getvalue().decode(encoding) for stream in streams.values())

    return call


@pytest.mark.parametrize(
    ("words", "code", "spelled"),
    [
        ("", 0, "usage: physml"),
        ("list", 0, "u_t + u u_x = nu u_xx, u(0, x) = -sin pi x"),
        ("list quantum-dot", 0, "H = Sigma -1/2 grad^2 + 1/2 omega^2 r^2"),
        ("run schrodinger --help", 0, "i h_t + 1/2 h_xx + |h|^2 h = 0"),
        ("run quantum-dot --help", 0, "omega in hartree"),
        ("run heat --optimizer natural-gradient --help", 0, "lambda, in units of J J^T"),
        ("resume --help", 0, "--file"),
        ("doctor", 0, "Hartree-Fock"),
        ("run burgers --problem.viscosity=ψ²", 2, "psi^2"),
        ("run ψ", 2, "unknown problem 'psi'"),
        ("run heat --optimizer adamw --optimizer.weight-decay=-1", 2, "expected a number >= 0"),
    ],
)
def test_terminals_without_the_letters_have_them_spelled(said_in, words, code, spelled):
    found, out, err = said_in("ascii", *words.split())
    assert found == code and spelled in " ".join((out + err).split())


def test_tables_are_aligned_as_spelled(said_in):
    _, out, _ = said_in("ascii", "list")
    head, *rows = out.splitlines()
    places = [head.index(word) for word in ("equation", "reference")]
    assert all(row[place - 2 : place] == "  " for row in rows for place in places)
    assert any(row[place] != " " for row in rows for place in places)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [["list"], ["--version"]], ids=["at a print", "at the end"])
def test_a_standard_output_that_is_full_is_one_line(monkeypatch, capsys, words):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("physml: error: what is printed cannot be written: [Errno 28]")


def test_streams_that_are_closed_are_done_without(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert (main(["list"]), main(["run", "nothing"])) == (0, 2)
