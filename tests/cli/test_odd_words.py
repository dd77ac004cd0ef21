"""Odd options and damaged configurations: a named error, or exactly what was asked for."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from physml.cli.resume import StoredRun, stored_job
from physml.cli.start import asked
from physml.errors import PhysmlError

NAMES = ("burgers", "heat", "wave", "quantum-dot", "electron-gas", "heisenberg-chain", "molecule")
WORDS = (
    *("-1", "0", "-0.0", "1", "3", "1.5", "1e2", "1e400", "-1e400", "1e-400", "nan", "inf"),
    *(
        "-inf",
        "9223372036854775808",
        "1" * 400,
        "0x10",
        "1_000",
        "٣",
        "²",
        "½",
        "1,2",
        "1 2",
        "(1,2)",
    ),
    *("", " ", "-", "--", "=", "true", "True", "false", "None", "null", "[]", "[1]", "{}", "'1'"),
    *("adam", "tanh", "mlp", "Adam", "a" * 3000, "é", "\x00", "\n", "$(ls)", "../x"),
    *(
        "%s",
        "{0}",
        "H 0 0 0",
        "H",
        "1e",
        "e1",
        ".",
        "1.",
        ".5",
        "+1",
        "1e+3",
        "NaN",
        "Infinity",
        "lambda",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**400, -(2**63), 1.5, 1e308, math.nan, math.inf, -math.inf),
    *("", "a", "²", "\ud800", "1", "adam", [], [1], [[1]], [None], {}, {"name": "adam"}, {"a": 1}),
    *({"name": 3}, {"name": "mlp", "width": -1}, "x" * 5000, [1, "a"], [1.5, 2.5, 3.5], {"": {}}),
)


def leaves(document, path=()):
    for key, inner in document.items():
        yield (*path, key)
        if isinstance(inner, dict):
            yield from leaves(inner, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def option_of(path):
    """The flag of a key of ``config.json``."""
    if path[0] == "recipe":
        path = path[1:]
    return "--" + ".".join(path).replace("_", "-")


def plain(job):
    return json.loads(json.dumps(job.config()))


def same(got, wanted):
    """Equal, a whole number read as the float of its value too; NaN is itself."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(same(got[k], wanted[k]) for k in got)
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(got, bool) or isinstance(wanted, bool):
        return got is wanted
    if isinstance(got, float) and isinstance(wanted, float) and math.isnan(got):
        return math.isnan(wanted)
    return got == wanted


def said(word, stored):
    """Whether a stored value is what a word says."""
    if isinstance(stored, bool) or stored is None:
        return word.strip().lower() in ("true", "false", "none", "null", "1", "0")
    if isinstance(stored, int):
        return float(word) == stored if len(word) < 16 else int(word) == stored
    if isinstance(stored, float):
        number = float(word)
        return number == stored or (math.isnan(number) and math.isnan(stored))
    if isinstance(stored, str):
        return stored == word
    if isinstance(stored, dict):
        return stored.get("name") == word
    return all(str(item) in word or said(str(item), item) for item in stored)


@pytest.fixture(scope="module")
def usual():
    return {name: asked("run", [name])[0] for name in NAMES}


def odd_options(usual, count, seed):
    """Each an option of an entry with an odd word: both in one, or the word as its own."""
    draw = random.Random(seed)
    for _ in range(count):
        name = draw.choice(NAMES)
        paths = [p for p in leaves(plain(usual[name])) if p[-1] not in ("name", "physml")]
        path = draw.choice(paths)
        word, flag = draw.choice(WORDS), option_of(path)
        if draw.random() < 0.05:
            flag = flag[:-1]
        yield name, path, word, [f"{flag}={word}"] if draw.random() < 0.7 else [flag, word]


def check_options(usual, count, seed, capsys):
    accepted, refused = 0, 0
    for name, path, word, words in odd_options(usual, count, seed):
        try:
            job, _ = asked("run", [name, *words])
            job.entry.check(job.subject, job.recipe)
        except PhysmlError as error:
            refused += 1
            assert len(str(error)) > 10, words
            continue
        except SystemExit as end:
            refused += 1
            assert end.code == 2 and capsys.readouterr().err.strip(), words
            continue
        except BaseException as error:
            raise AssertionError(f"physml run {name} {words!r}: {error!r}") from error
        accepted += 1
        document = plain(job)
        before = plain(usual[name])
        key = path if path[0] in ("recipe", "subject") else path[:1]
        if words[0].partition("=")[0] == option_of(path):
            stored = at(document, key)
            assert said(word, stored), f"{name} {words!r} became {stored!r}"
        # What an option changes beside its own key is what it chooses: a recipe of its numbers.
        if path[0] == "recipe" and len(path) > 1:
            others = [p for p in before["recipe"] if p != path[1]]
            assert all(same(document["recipe"][p], before["recipe"][p]) for p in others), words
    assert min(accepted, refused) >= count // 50


def damaged_configs(usual, count, seed):
    draw = random.Random(seed)
    for _ in range(count):
        document = plain(usual[draw.choice(NAMES)])
        path = draw.choice(list(leaves(document)))
        place, how = at(document, path[:-1]), draw.random()
        if how < 0.15:
            del place[path[-1]]
        elif how < 0.3:
            place[draw.choice(("a", "", "name ", "steps", "²"))] = draw.choice(VALUES)
        else:
            place[path[-1]] = draw.choice(VALUES)
        yield path, document


def check_configs(usual, count, seed):
    refused = 0
    for path, document in damaged_configs(usual, count, seed):
        try:
            job = stored_job(StoredRun(Path("run"), document))
            job.entry.check(job.subject, job.recipe)
        except PhysmlError as error:
            refused += 1
            assert len(str(error)) > 10, path
            continue
        except BaseException as error:
            raise AssertionError(f"{path}: {document!r}: {error!r}") from error
        found = plain(job)
        # The version is that which will write it again.
        found["physml"] = document["physml"]
        assert same(found, document), f"{path} of {document!r} became {found!r}"
    assert count // 2 < refused < count


def test_ten_odd_options(usual, capsys):
    check_options(usual, 10, 2, capsys)


def test_a_hundred_damaged_configurations(usual):
    check_configs(usual, 100, 3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::physml.errors.ScheduleWarning")
def test_a_thousand_odd_options(usual, capsys):
    check_options(usual, 1000, 1, capsys)


@pytest.mark.slow
def test_seven_hundred_damaged_configurations(usual):
    check_configs(usual, 700, 1)
