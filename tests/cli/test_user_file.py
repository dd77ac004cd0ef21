"""``FILE.py:NAME``: entries, problems and systems of the user's own run as the catalogue's do."""

import json
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import physml as pm
from physml.cli import job
from physml.train import Every, Result

ROOMS = Path(__file__).parents[1] / "rooms"
MOONS = (f"{ROOMS / 'classifier.py'}:ENTRY", "--width", "4")
RING = (f"{ROOMS / 'ising_ring.py'}:ENTRY",)

PROBLEM = '''
import physml as pm

def residual(u, z):
    """u' = -u"""
    return pm.partial(u, 0)(z) + u(z)

DECAY = pm.Problem(domain=pm.Box(t=(0, 1)), equation=residual, name="decay",
                   ansatz=lambda N, z: 1 + z[0] * N(z))
SEVERAL = pm.Problem(domain=pm.Box(t=(0, 1)), equation=residual, components={"u": 2})
NUMBER = 3
'''

SYSTEM = """
from dataclasses import dataclass
import jax.numpy as jnp
import physml as pm

@dataclass(frozen=True, kw_only=True)
class Quartic(pm.vmc.QuantumSystem):
    '''H = −½d²/dx² + κx⁴'''

    kappa: float = 0.5
    shape = 1, 1

    def ansatz(self, N, x):
        return N(x) - jnp.sum(x**2) / 2

    def local_energy(self, log_psi, x):
        return pm.kinetic_energy(log_psi)(x) + self.kappa * jnp.sum(x**4)

QUARTIC = Quartic()
TRAP = pm.System(lambda psi, x: pm.kinetic_energy(psi)(x) + jnp.sum(x**2) / 2, (1, 1),
                 envelope=lambda N, x: N(x) - jnp.sum(x**2) / 2)
"""


@pytest.fixture
def written(tmp_path):
    """A file of the user's in the directory of the runs."""

    def write(text, name="mine.py"):
        Path(name).write_text(text)
        return name

    return write


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(physml):
    """Before ``written`` is used: ``physml`` changes the directory."""


@pytest.mark.slow
def test_a_room_of_one_file_learns_reports_and_plots(physml):
    pytest.importorskip("matplotlib")
    said = physml("run", *MOONS, "--json", "--run", "run")
    assert said.code == 0, said.err
    assert said.object["accuracy"] > 0.8 and said.object["test_accuracy"] > 0.7
    assert said.object == json.loads(Path("run/result.json").read_text())
    assert Path("run/result.png").stat().st_size > 1000
    told = Path("run/result.txt").read_text()
    assert told.startswith("moons ") and "test_accuracy" in told and "result.png" in told
    config = json.loads(Path("run/config.json").read_text())
    assert config["subject"] == {"noise": 0.1} and config["recipe"] == {"width": 4, "steps": 40}
    assert config["file"]["name"] == "ENTRY" and len(config["file"]["sha256"]) == 64


def test_another_room_of_one_file_comes_to_zero_variance(physml):
    said = physml("run", *RING, "--subject.beta", "0.5", "--json", "--quiet", "--run", "ring")
    result = said.object
    assert result["free_energy"] == pytest.approx(result["exact"], abs=1e-6)
    assert result["variance"] < 1e-10


@pytest.mark.slow
def test_a_run_of_a_file_goes_on_with_the_same_bits(physml, monkeypatch):
    assert physml("run", *MOONS, "--steps", "4", "--run", "whole", "--quiet").code == 0

    class CtrlC(Every):
        def close(self):
            pass

    stop = CtrlC(2, lambda update: signal.raise_signal(signal.SIGINT))
    with monkeypatch.context() as patch:
        patch.setattr(job, "progress", lambda *, quiet: stop)
        assert physml("run", *MOONS, "--steps", "4", "--run", "parts", "--quiet").code == 130

    unnamed = physml("resume", "parts")
    assert unnamed.code == 2, "nothing is executed because a stored file says so"
    assert f"physml resume parts --file {MOONS[0]}" in unnamed.err
    assert physml("resume", "parts", "--file", MOONS[0], "--quiet").code == 0
    for file in ("metrics.jsonl", "config.json"):
        assert Path("parts", file).read_bytes() == Path("whole", file).read_bytes()

    longer = physml("resume", "parts", "--file", MOONS[0], "--steps", "5", "--json", "--quiet")
    assert longer.object["steps"] == 5
    complete = physml("resume", "parts", "--json", "--quiet")
    assert complete.object == longer.object, "to tell a result takes no file"
    other = physml("resume", "parts", "--file", RING[0])
    assert other.code == 2 and "the run is of moons" in other.err


@pytest.mark.slow
def test_a_file_that_changed_is_named_and_another_equation_refused(physml, written):
    file = written(PROBLEM)
    words = ("--network.width", "4", "--network.depth", "1", "--points", "8", "--steps", "1")
    begun = physml("run", f"{file}:DECAY", *words, "--run", "run", "--quiet")
    assert begun.code == 0, begun.err
    assert Path("run/result.txt").read_text().startswith("decay  ")
    again = ("resume", "run", "--file", f"{file}:DECAY", "--steps", "2", "--quiet")
    written(PROBLEM + "# a word more\n")
    told = physml(*again)
    assert told.code == 0 and "mine.py has changed since the run began" in told.err
    written(PROBLEM.replace("+ u(z)", "+ 2 * u(z)"))
    refused = physml(*again[:-3], "--steps", "3", "--quiet")
    assert refused.code == 1 and "term 'equation'" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize(("name", "energy"), [("QUARTIC", 0.53), ("TRAP", 0.5)])
def test_a_system_of_one_s_own(physml, written, name, energy):
    """H = −½d²/dx² + ½x⁴ has 0.53018, and the trap of the ansatz ½."""
    words = ("--network.width", "4", "--network.depth", "1", "--walkers", "64", "--sweeps", "5")
    file = written(SYSTEM)
    said = physml("run", f"{file}:{name}", *words, "--steps", "20", "--json", "--quiet")
    assert said.code == 0, said.err
    result = said.object
    assert abs(result["energy"] - energy) < 0.05 + 4 * result["energy_error"]
    assert Path(result["run"], "samples.npz").exists()
    if name == "QUARTIC":
        assert "--subject.kappa" in physml("run", f"{file}:QUARTIC", "--help").out


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("NUMBER", 2, "mine.py:NUMBER: expected an Entry, a Problem or a System, got int"),
        ("SEVERAL", 2, "expected one unknown, got several"),
        ("DECAI", 2, "Did you mean 'DECAY'?"),
    ],
)
def test_what_cannot_be_run_is_named(physml, written, name, code, message):
    said = physml("run", f"{written(PROBLEM)}:{name}")
    assert said.code == code and message in said.err
    assert not Path("runs").exists()


def test_a_recipe_need_not_say_anything_of_itself(physml, written):
    rooms = (ROOMS / "classifier.py").read_text()
    silent = rooms.replace('{"default": Recipe()}', '{"default": lambda moons: Recipe(steps=7)}')
    assert silent != rooms
    file = written(silent)
    assert "--recipe default  the options' defaults" in physml("list", f"{file}:ENTRY").out
    help = physml("run", f"{file}:ENTRY", "--help").out
    assert "--steps INT" in help and "(default: 7)" in help


def test_a_file_may_import_its_neighbours(physml, written):
    written("RATE = 2\n", "neighbour_of_mine.py")
    file = written(PROBLEM + "import neighbour_of_mine\n")
    assert physml("list", f"{file}:DECAY").code == 0
    assert physml("resume", "nowhere", "--file", f"{file}:DECAY").code == 1


def test_a_trained_model_is_a_result_and_loads(tmp_path):
    objective = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    batch = pm.fixed({"line": jnp.linspace(0.0, 1.0, 10)})
    start = jnp.array(0.0)
    key = jax.random.key(0)
    optimizer = pm.natural_gradient(1.0, damping=1e-9)
    trained = pm.train.Trained(pm.fit(objective, batch, optimizer, start, steps=3, key=key))
    assert isinstance(trained, Result) and trained.numbers()["steps"] == 3
    trained.save(tmp_path / "kept")
    assert pm.train.Trained.load(tmp_path / "kept", start).params == trained.params
    with pytest.raises(pm.errors.CheckpointError, match="already holds parameters"):
        trained.save(tmp_path / "kept")
    with jax.enable_x64(False), pytest.warns(pm.errors.PrecisionWarning, match="seven digits"):
        single = pm.train.Trained.load(tmp_path / "kept", start.astype(jnp.float32)).params
    assert single.dtype == jnp.float32 and abs(single - trained.params) < 1e-6
    with pytest.raises(pm.errors.CheckpointError, match=r"float64.*load it with those that it was"):
        pm.train.Trained.load(tmp_path / "kept", jnp.zeros(3))
