"""Every room's catalogue: its list is its folder, and its figures are those of the results."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import physml as pm
from physml.cli import catalogue
from physml.cli.start import asked
from physml.errors import ConfigurationError, UnknownNameError
from physml.optim import OptimizerSettings
from physml.pinn import catalogue as equations
from physml.train.entry import DEFAULT, Entry, NoNumbers, Record, Result, gathered
from physml.train.plain_data import read
from physml.vmc import catalogue as systems

ROOT = Path(__file__).parents[1]
CATALOGUES = list(catalogue.catalogues())
ROOMS = pytest.mark.parametrize("room", CATALOGUES, ids=lambda room: room.__name__.split(".")[1])
RECORDS = [
    pytest.param(entry, record, id=f"{entry.name}-{record.found}")
    for entry in catalogue.entries().values()
    for record in entry.records
]


@ROOMS
def test_the_list_is_the_folder(room: ModuleType) -> None:
    """One entry a file, under the name of its file; files without one hold what entries share."""
    folder = Path(room.__file__).parent
    stating = {path.stem for path in folder.glob("*.py") if "\nENTRY = " in path.read_text("utf-8")}
    assert stating == {name.replace("-", "_") for name in room.ENTRIES}
    assert len(stating) > 1


def test_names_are_one_s_own_across_rooms() -> None:
    names = [name for room in CATALOGUES for name in room.ENTRIES]
    assert sorted(catalogue.entries()) == sorted(names)
    assert len(CATALOGUES) > 2 and equations in CATALOGUES and systems in CATALOGUES


def test_a_problem_bears_the_name_of_its_entry() -> None:
    """Under which its result is told."""
    for name, entry in equations.ENTRIES.items():
        assert entry.subject.problem().name == name


@pytest.mark.parametrize(
    "kind", [pm.Solution, pm.GroundState, pm.pinn.March, pm.pinn.Modes, pm.train.Study]
)
def test_results_are_results(kind: type) -> None:
    for member in ("numbers", "words", "plot", "save"):
        assert callable(getattr(Result, member)) and callable(getattr(kind, member))
    assert callable(kind.load)


@pytest.mark.parametrize(("entry", "record"), RECORDS)
def test_a_figure_is_that_of_the_results(entry: Entry, record: Record) -> None:
    """By the same numbers, recipe and precision; the page told holds it too."""
    recipe = entry.recipe_for(replace(entry.subject, **record.numbers), record.recipe)
    stored = json.loads((ROOT / record.where).with_suffix(".json").read_text())
    found = [row for row in stored if _is_of(row, entry, record, recipe)]
    assert found, "no row of these numbers and this recipe"
    now = f"{_figure(found)}, {found[0]['seconds']:.0f} s, of the rows in {record.where}"
    assert record.found.startswith(_figure(found)), f"expected the figure {now}"
    assert round(found[0]["seconds"]) == record.seconds, f"expected the seconds of {now}"


@pytest.mark.parametrize(("entry", "record"), RECORDS)
def test_the_command_of_a_figure_asks_for_what_made_it(entry: Entry, record: Record) -> None:
    job, _ = asked("run", catalogue.made_by(entry.name, record).split()[2:])
    subject = replace(entry.subject, **record.numbers)
    assert job.subject == subject
    assert job.recipe == entry.recipe_for(subject, record.recipe)
    assert (job.precision, job.seed) == (record.precision, 0)


def test_several_numbers_of_one_name_are_options_too() -> None:
    words = ["poisson-multiscale", "--problem.half-waves", "1", "2", "--steps", "3"]
    job, _ = asked("solve", words)
    assert job.subject.half_waves == (1, 2) and job.recipe.steps == 3
    job, _ = asked("run", ["advection", "--subject.speed", "-7"])
    assert job.subject.speed == -7.0 and job.recipe.network.frequency == 7.0


def _is_of(row: dict, entry: Entry, record: Record, recipe: object) -> bool:
    if "energy" not in row:
        settings = {"scale": False, **row["recipe"]}
        return row["name"] == entry.name and _read(recipe, settings) == recipe
    settings = row["recipe"]
    if (settings["system"], settings["precision"]) != (entry.name, record.precision):
        return False
    system = replace(entry.subject, **settings["numbers"])
    same = system == replace(entry.subject, **record.numbers)
    return same and _read(recipe, settings["recipe"]) == recipe


def _read(recipe: object, document: dict) -> object:
    return read(type(recipe), document, where="recipe")


def _figure(rows: list[dict]) -> str:
    first = rows[0]
    if "energy" in first:
        particles = first["particles"] if first["label"].startswith("electron gas") else 1
        energy, error = first["energy"] / particles, first["error"] / particles
        return str(pm.sampling.Estimate(energy, error, 1.0, 1.0, 0.0, 1))
    by_name = {
        name: np.median([row["relative_l2"][name] for row in rows]) for name in first["relative_l2"]
    }
    if len(by_name) == 1:
        return f"{next(iter(by_name.values())):.1e} relative"
    return ", ".join(f"{name} {value:.1e}" for name, value in by_name.items())


def test_a_recipe_is_found_by_its_name_and_follows_the_subject() -> None:
    entry = Entry("toy", "", "", 3, {DEFAULT: lambda n: n + 1, "best": 9}, lambda *a, **k: None)
    assert (entry.recipe, entry.recipe_for(5), entry.recipe_for(5, "best")) == (4, 6, 9)
    with pytest.raises(UnknownNameError, match=r"unknown recipe of toy 'bets'. Did you mean"):
        entry.recipe_for(5, "bets")


def test_two_entries_of_one_name_are_refused(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "twins"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for file in ("one", "other"):
        (folder / f"{file}.py").write_text(
            "from physml.train.entry import Entry, NoNumbers\n"
            "ENTRY = Entry('twin', '', '', NoNumbers(), {'default': None}, print)\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"twins.other: a second entry named 'twin'"):
        gathered("twins", [str(folder)])
    (folder / "other.py").write_text("SHARED = 3\n")
    __import__("sys").modules.pop("twins.other")
    assert gathered("twins", [str(folder)])["twin"].subject == NoNumbers()


def test_a_folder_that_is_no_catalogue_is_named(tmp_path, monkeypatch) -> None:
    import physml
    from physml.cli.catalogue import catalogues

    (tmp_path / "odd_room" / "catalogue").mkdir(parents=True)
    (tmp_path / "odd_room" / "__init__.py").touch()
    monkeypatch.setattr(physml, "__path__", [str(tmp_path)])
    message = r"physml.odd_room.catalogue: expected an __init__.py with ENTRIES"
    with pytest.raises(ConfigurationError, match=message):
        list(catalogues())


def test_figures_of_the_readme_stand_beside_the_command_that_makes_them() -> None:
    """Each row's command is that of a record, under one of the three names of its numbers."""
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"\| `(physml run [^`]+)` \| ([^|]+) \| (\d+) \|", text)
    made = {
        (catalogue.made_by(entry.name, record), record.found, f"{record.seconds:.0f}")
        for entry in catalogue.entries().values()
        for record in entry.records
    }
    assert len(rows) >= 5
    for command, found, seconds in rows:
        plain = re.sub(r"--(system|problem)\.", "--subject.", command)
        assert (plain, found, seconds) in made


def test_every_room_compares_the_learning_rate_with_the_steps(monkeypatch) -> None:
    """Before a run is made; recipes in epochs leave it to ``classify`` and ``regress``."""

    class ComparedError(Exception):
        pass

    def check(settings: OptimizerSettings, steps: int) -> None:
        raise ComparedError

    monkeypatch.setattr(OptimizerSettings, "check", check)
    silent, asked_of = [], set()
    for room in CATALOGUES:
        for entry in room.ENTRIES.values():
            settings = getattr(entry.recipe, "optimizer", None)
            if not (isinstance(settings, OptimizerSettings) and hasattr(entry.recipe, "steps")):
                continue
            asked_of.add(room.__name__.split(".")[1])
            try:
                entry.check(entry.subject, entry.recipe)
            except ComparedError:
                continue
            silent.append(entry.name)
    assert not silent
    assert asked_of >= {"pinn", "vmc", "pmm", "learn", "generative", "control"}
