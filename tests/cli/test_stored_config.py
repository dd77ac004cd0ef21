"""``config.json`` read back: what was written, and nothing else."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from physml import __version__
from physml.cli import catalogue
from physml.cli.job import Job
from physml.cli.resume import stored_job
from physml.errors import ConfigurationError
from physml.pinn.recipe import Recipe
from physml.train import Run
from physml.train.plain_data import read, value


def job_of(entry, **changed):
    usual = {"subject": entry.subject, "recipe": entry.recipe, "seed": 3, "precision": 32}
    return Job(entry=entry, **usual | changed)


JOBS = [job_of(entry) for entry in catalogue.entries().values()]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.entry.name)
def test_read_back_is_what_was_written(job, tmp_path):
    Run.create(tmp_path, job.config()).close()
    with Run.reopen(tmp_path) as run:
        assert stored_job(run) == job


def test_numbers_of_the_system_are_kept(tmp_path):
    entry = catalogue.entries()["quantum-dot"]
    dot = replace(entry.subject, n_up=3, n_down=3, omega=0.5)
    job = job_of(entry, subject=dot)
    Run.create(tmp_path, job.config()).close()
    with Run.reopen(tmp_path) as run:
        assert stored_job(run).subject == dot


MISSING = object()


@pytest.mark.parametrize(
    ("keys", "change", "message"),
    [
        (("command",), "sovle", "command: expected one of solve, ground-state, got 'sovle'"),
        (("subject", "heat"), 1.0, "subject: unknown key 'heat'"),
        (("file",), {}, "begun with a file of yours"),
        (("name",), "heet", "name: unknown problem 'heet'. Did you mean 'heat'?"),
        (("name",), 3, "name: expected a string, got 3"),
        (("seed",), 1.5, "seed: expected a whole number, got 1.5"),
        (("seed",), True, "seed: expected a whole number, got True"),
        (("recipe", "warm"), 1, "recipe.warm: expected true or false, got 1"),
        (("seed",), MISSING, "missing key 'seed'"),
        (("precision",), 16, "precision: expected one of 32, 64, got 16"),
        (("sede",), 0, "unknown key 'sede'"),
        (("system",), {}, "unknown key 'system'"),
        (("recipe",), [], "recipe: expected an object, got []"),
        (("recipe", "steps"), "3", "recipe.steps: expected a whole number, got '3'"),
        (("recipe", "network", "name"), MISSING, "recipe.network: network: missing key 'name'"),
        (("recipe", "network", "breadth"), 3, "network.breadth: no option of mlp"),
        (("recipe", "network", "activation"), "relu", "activation: expected one of tanh"),
        (("recipe", "optimizer", "ratio"), 10**400, "ratio: expected a finite number, got 1000"),
        (("recipe", "steps"), 10**400, "steps: expected a whole number of 64 bits, got one of 401"),
        (("recipe", "optimizer", "ratio"), "1e-3", "ratio: expected a number, got '1e-3'"),
    ],
)
def test_damaged_config(physml, tmp_path, keys, change, message):
    document = job_of(catalogue.entries()["heat"]).config()
    *path, last = keys
    place = document
    for key in path:
        place = place[key]
    if change is MISSING:
        del place[last]
    else:
        place[last] = change
    run = tmp_path / "run"
    run.mkdir()
    Path(run, "config.json").write_text(json.dumps(document))
    said = physml("resume", str(run))
    assert said.code == 2
    assert said.err.startswith(f"physml: error: {run}")
    assert message in said.err


def test_numbers_out_of_range_are_told_with_the_file():
    system = catalogue.entries()["quantum-dot"].subject
    with pytest.raises(ConfigurationError, match=r"^run/config.json: system: .*n_up"):
        read(type(system), asdict(system) | {"n_up": 2}, where="run/config.json: system")


def test_whole_numbers_are_read_as_floats():
    optimizer = {"name": "adam", "learning_rate": 1}
    found = read(Recipe, asdict(Recipe()) | {"optimizer": optimizer}, where="config.json")
    assert type(found.optimizer.learning_rate) is float


def test_what_cannot_be_read_is_our_mistake():
    with pytest.raises(TypeError, match="no way to read"):
        value(list[int], [1], where="config.json")


BEFORE = [
    json.loads(line)
    for line in (Path(__file__).parent / "configs_before.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("document", BEFORE, ids=lambda one: f"{one['name']}-{one['commit']}")
def test_what_earlier_commits_wrote_is_read(document, tmp_path):
    """When all names of a kind had one table of options, and wave functions shared a network's."""
    document = dict(document)
    commit = document.pop("commit")
    Run.create(tmp_path, document).close()
    with Run.reopen(tmp_path) as run:
        job = stored_job(run)
    assert job.entry.name == document["name"]
    if commit == "b30ce9d":  # of the recipes before, some were others
        assert job.recipe == job.entry.recipe and job.subject == job.entry.subject
    job.entry.check(job.subject, job.recipe)


# What files of a version may lack, and what was done then. Who changes such a default gives the
# files without it what they had. Files of the present version lack nothing: who adds an option
# finds the last lines of configs_before.jsonl refused, moves the version and adds the option here.
LACKED = {
    "0.1.0": {
        ("recipe", "overlap"): 0.0,
        ("recipe", "scale"): False,
        ("recipe", "warm"): True,
        ("recipe", "pretrain"): 0,
        ("recipe", "sampler"): {"name": "metropolis"},
        ("recipe", "until"): {"name": "none"},
        ("subject", "total"): 0.0,
    },
    "0.2.0": {("recipe", "until"): {"name": "none"}},
    "0.2.1": {},
    __version__: {},
}


def leaves_of(document, path=()):
    for key, inner in document.items():
        yield (*path, key), inner
        if isinstance(inner, dict):
            yield from leaves_of(inner, (*path, key))


@pytest.mark.parametrize("document", BEFORE, ids=lambda one: f"{one['name']}-{one['commit']}")
def test_what_a_file_lacks_is_what_was_done_then(document, tmp_path):
    """Of the recipe's and the subject's own keys; options of a choice are read with their kind."""
    document = dict(document)
    del document["commit"]
    Run.create(tmp_path, document).close()
    with Run.reopen(tmp_path) as run:
        now = stored_job(run).config()
    document["subject"] = document.get("subject", document.get("system", {}))
    for place in ("recipe", "subject"):
        stored = document[place]
        wanted = now[place] if document.get("command") != "solve" or place == "recipe" else {}
        for key, got in wanted.items():
            if key not in stored:
                lacked = LACKED[document["physml"]]
                assert (place, key) in lacked, f"{place}.{key}: {document['physml']} had it"
                expected = lacked[place, key]
                found = {name: got[name] for name in expected} if isinstance(got, dict) else got
                assert found == expected, key


@pytest.mark.parametrize("name", ["heat", "quantum-dot", "heisenberg-chain"])
def test_a_file_of_this_version_lacks_nothing(name, tmp_path):
    """A key that went is told, and not filled up by a default: it may have been another."""
    document = job_of(catalogue.entries()[name]).config()
    paths = [path for path, _ in leaves_of(document)]
    assert ("recipe", "optimizer", "name") in paths
    for number, path in enumerate(paths):
        damaged = json.loads(json.dumps(document))
        place = damaged
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
        directory = tmp_path / str(number)
        Run.create(directory, damaged).close()
        with Run.reopen(directory) as run, pytest.raises(ConfigurationError, match=path[-1]):
            stored_job(run)


ROOMS_THEN = ("physml.pinn.recipe", "physml.vmc.recipe")
OF_THEN = [job for job in JOBS if type(job.recipe).__module__ in ROOMS_THEN]


@pytest.mark.parametrize("job", OF_THEN, ids=lambda job: job.entry.name)
def test_runs_of_the_time_of_two_commands_are_read(job, tmp_path):
    """By their command, their system, without pre-training, in the units they were written in."""
    document = job.config() | {"physml": "0.1.0"}
    subject = document.pop("subject")
    if "walkers" in document["recipe"]:
        document |= {"command": "ground-state", "system": subject}
        del document["recipe"]["pretrain"]
    else:
        document["command"] = "solve"
        del document["recipe"]["scale"]
    Run.create(tmp_path, document).close()
    with Run.reopen(tmp_path) as run:
        assert stored_job(run) == job
