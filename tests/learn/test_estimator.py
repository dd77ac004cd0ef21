"""Networks by scikit-learn's conventions: its own checks, its searches and pipelines."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import physml as pm
from physml.errors import (
    ConfigurationError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
)

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 2))
WORDS = np.where(X[:, 0] > 0, "right", "left")
SMALL = pm.networks.NetworkSettings(name="mlp", width=4, depth=1)


FAST = pm.optim.OptimizerSettings(name="adam", learning_rate=0.05)


@pytest.fixture(scope="module")
def fitted():
    return pm.learn.Estimator(network=SMALL, epochs=40, size=40, optimizer=FAST).fit(X, WORDS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Estimator Estimator does not inherit")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("verb", [pm.learn.classify, pm.learn.regress])
def test_all_checks_of_scikit_learn(verb):
    check_estimator(pm.learn.Estimator(verb))


@pytest.mark.slow
def test_classes_keep_their_words(fitted):
    assert fitted.classes_.tolist() == ["left", "right"]
    assert fitted.score(X, WORDS) == np.mean(fitted.predict(X) == WORDS) > 0.9
    p = fitted.predict_proba(X)
    assert p.shape == (40, 2)
    np.testing.assert_array_equal(fitted.classes_[p.argmax(axis=1)], fitted.predict(X))


def test_what_is_pickled_predicts_the_same(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params() == fitted.get_params()


@pytest.mark.slow
def test_a_search_in_a_pipeline_takes_its_options():
    model = pm.learn.Estimator(pm.learn.regress, network=SMALL)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model), {"estimator__epochs": [1, 20]}, cv=2
    )
    search.fit(X, np.sin(X[:, 0]))
    assert search.best_params_ == {"estimator__epochs": 20} and search.best_score_ > 0.9
    assert not hasattr(model, "predict_proba") and hasattr(pm.learn.Estimator(), "predict_proba")


def test_the_seed_decides_alone():
    model = pm.learn.Estimator(network=SMALL, epochs=1, random_state=3)
    first, second = (clone(model).fit(X, WORDS).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pm.learn.Estimator().predict(X), NotFittedError, "not fitted"),
        (lambda: pm.learn.Estimator(max).fit(X, WORDS), ConfigurationError, "verb: expected"),
        (lambda: pm.learn.Estimator().set_params(width=3), ConfigurationError, "got 'width'"),
        (lambda: pm.learn.Estimator().fit(X, X[:, 0]), ValueError, "Unknown label type"),
        (lambda: pm.learn.Estimator().fit(X, np.ones(40, int)), ShapeError, "one class|of class"),
        (lambda: pm.learn.Estimator().fit(X[:, 0], WORDS), ValueError, "Expected 2D array"),
        (lambda: pm.learn.Estimator().fit(X + 1j, WORDS), ValueError, "Complex data"),
        (lambda: pm.learn.Estimator().fit(X / 0, WORDS), ValueError, "NaN|infinity"),
        (lambda: pm.learn.Estimator(epochs=0).fit(X, WORDS), ConfigurationError, "epochs"),
        (lambda: pm.learn.Estimator(size=0).fit(X, WORDS), ConfigurationError, "size"),
        (
            lambda: pm.learn.Estimator().fit(np.ma.masked_greater(X, 1), WORDS),
            ShapeError,
            "entries masked",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_cannot_be_learned_from_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_other_lengths_and_inputs_are_refused(fitted):
    with pytest.raises(ShapeError, match="y: expected a target for each of 40"):
        fitted.score(X, WORDS[:3])
    with pytest.raises(ValueError, match="X has 1 features, but Estimator is expecting 2"):
        fitted.predict(X[:, :1])


def test_another_verb_waits_for_the_next_fit(fitted):
    other = pickle.loads(pickle.dumps(fitted)).set_params(verb=pm.learn.regress)
    for one in (other, pickle.loads(pickle.dumps(other))):
        np.testing.assert_array_equal(one.predict(X), fitted.predict(X))
        assert one.score(X, WORDS) == fitted.score(X, WORDS)


def test_targets_that_judge_nothing_are_refused(fitted):
    with pytest.raises(ShapeError, match="y: expected numbers, got 40 of 40 entries masked"):
        fitted.score(X, np.ma.array(np.zeros(40), mask=True))
    with pytest.raises(NonFiniteError, match="y: expected finite targets"):
        fitted.score(X, np.full(40, np.nan))


def test_without_scikit_learn_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.utils", None)
    with pytest.raises(MissingDependencyError, match=r"physml\[data\]"):
        pm.learn.Estimator().fit(X, WORDS)


def test_another_network_waits_for_the_next_fit(fitted):
    other = pickle.loads(pickle.dumps(fitted)).set_params(network="mlp")
    again = pickle.loads(pickle.dumps(other))
    assert again.network == "mlp"
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
