"""What the Bayesian entries find, beside what is exact, and whether their bars hold."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

from physml import learn
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.learn.catalogue import ENTRIES
from physml.train.study import Study

KEY = jax.random.key(0)


def found(name, **changes):
    entry = ENTRIES[name]
    return entry.solve(entry.subject, dataclasses.replace(entry.recipe, **changes), key=KEY)


@pytest.fixture(scope="module")
def airy():
    entry, seen = ENTRIES["gp-ode"], []
    recipe = dataclasses.replace(entry.recipe, points=24, starts=1, problems=2, test=101)
    study = entry.solve(entry.subject, recipe, key=KEY, callbacks=[seen.append])
    assert [(u.phase, u.step, u.steps) for u in seen] == [("problems", 1, 2), ("problems", 2, 2)]
    return study


@pytest.mark.slow
def test_the_airy_equation_is_solved_within_its_bar(airy, tmp_path):
    numbers = airy.numbers()
    assert numbers["max_error"] < 3e-3 < 0.5 < numbers["trivial_max_error"]
    assert numbers["max_error"] < 3 * numbers["largest_deviation"]
    airy.save(tmp_path / "kept")
    assert Study.load(tmp_path / "kept").numbers() == numbers


@pytest.mark.slow
def test_the_airy_equation_to_its_last_digits_with_bars_that_hold():
    numbers = found("gp-ode", problems=100).numbers()
    assert numbers["max_error"] < 1e-6
    for name, level in (("half", 0.5), ("ninety", 0.9)):
        assert abs(numbers[f"known_{name}"] - level) < 4 * numbers[f"known_{name}_error"]


@pytest.mark.slow
def test_a_gap_in_the_data_is_where_bars_are_wide(tmp_path):
    pytest.importorskip("blackjax")
    entry = ENTRIES["data-gap"]
    study = entry.solve(entry.subject, entry.recipe_for(entry.subject, "quick"), key=KEY)
    numbers = study.numbers()
    assert numbers["rhat"] < 1.05 and numbers["divergent"] < 0.05
    assert numbers["rmse"] < 0.1 < 0.4 < numbers["trivial_rmse"]
    for way in ("nuts", "laplace", "process"):
        assert numbers[f"{way}_coverage"] > 0.8
        assert numbers[f"{way}_half_width_gap"] > 0.3
    assert study.plot(tmp_path / "gap.png").exists()


def test_what_cannot_be_is_refused_before_a_run_is_made():
    entry = ENTRIES["gp-ode"]
    with jax.enable_x64(False), pytest.raises(ConfigurationError, match="precision 64"):
        entry.check(entry.subject, entry.recipe)
    with pytest.raises(ConfigurationError, match="points: expected at least 2"):
        dataclasses.replace(entry.recipe, points=1)
    with pytest.raises(ConfigurationError, match="gap: expected a number in"):
        dataclasses.replace(ENTRIES["data-gap"].subject, gap=2.0)
    with pytest.raises(ConfigurationError, match="first < last"):
        dataclasses.replace(entry.subject, first=np.inf)


@pytest.mark.slow
def test_measuring_where_the_bar_is_largest_is_better_than_at_random():
    entry = ENTRIES["next-measurement"]
    subject = dataclasses.replace(entry.subject, last=24)
    recipe = entry.recipe_for(subject, "quick")
    numbers = entry.solve(subject, recipe, key=KEY).numbers()
    assert numbers["rmse"] < numbers["random_rmse"] < numbers["trivial_rmse"]


def test_the_next_measurement_is_where_least_is_known():
    line = np.linspace(0, 1, 11)[:, None]
    model = learn.bayesian_regression([[1.0], [2.0]], [1.0, 2.1], noise=0.1, prior=1.0)
    assert learn.next_measurement(model, line) == 1.0
    with pytest.raises(ConfigurationError, match="expected one with standard_deviation"):
        learn.next_measurement(lambda x: x, line)
    with pytest.raises(ShapeError, match=r"candidates: expected \(n, d\)"):
        learn.next_measurement(model, line[:, 0])
    lost = dataclasses.replace(model, root=np.full((1, 1), np.nan))
    with pytest.raises(NonFiniteError, match="posterior: deviations"):
        learn.next_measurement(lost, line)


def test_each_repeat_of_measurements_is_told(monkeypatch):
    from physml.learn.catalogue import next_measurement as module

    monkeypatch.setattr(module, "_errors", lambda *args: [0.5] * 33)
    entry, seen = ENTRIES["next-measurement"], []
    entry.solve(entry.subject, entry.recipe, key=KEY, callbacks=[seen.append])
    assert [update.step for update in seen] == list(range(1, 11))
    assert seen[0].steps == 10 and seen[-1].last and seen[0].metrics == {"loss": 0.25}
