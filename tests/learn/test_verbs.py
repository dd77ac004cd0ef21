"""Any network trained to tell classes or numbers; what is kept, and what is refused."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml import datasets, learn
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from physml.learn.catalogue.digits import ENTRY as DIGITS
from physml.train.entry import Result

KEY = jax.random.key(0)
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 2)) * [1.0, 100.0] + [0.0, 5.0]
LINE = X[:, 0] + X[:, 1] / 100


def parted(targets, **told):
    return datasets.split(pm.Dataset(X, targets, **told), 1 / 3, key=KEY)


CLASSES = parted(np.digitize(LINE, [-0.7, 0.7]), class_names=("low", "middle", "high"), name="line")
NUMBERS = parted(np.stack([3 + 50 * LINE, LINE**2], axis=1))
NETWORK = pm.MLP((5,), outputs=3)
PAIR = pm.MLP((6,), outputs=2)


@pytest.fixture(scope="module")
def classifier():
    return learn.classify(NETWORK, CLASSES, epochs=60, size=20, optimizer=optax.adam(0.03))


@pytest.fixture(scope="module")
def regressor():
    return learn.regress(PAIR, NUMBERS, epochs=30)


def test_classes_of_data_not_trained_on_are_told(classifier):
    numbers = classifier.numbers()
    assert isinstance(classifier, Result) and numbers["entry"] == "line"
    assert (numbers["train"], numbers["test"], numbers["steps"]) == (60, 30, 180)
    assert numbers["accuracy"] == classifier.score(CLASSES.test) > 0.85
    assert numbers["train_accuracy"] == classifier.score(CLASSES.train)
    assert numbers["parameters"] == 2 * 5 + 5 + 5 * 3 + 3
    p = classifier.predict_proba(CLASSES.test.inputs)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    told = classifier.predict(CLASSES.test.inputs)
    np.testing.assert_array_equal(told, p.argmax(axis=1))
    own = classifier.predict_proba(CLASSES.train.inputs)
    loss = -np.mean(np.log(own[np.arange(60), CLASSES.train.labels]))
    assert numbers["loss"] == pytest.approx(loss, rel=1e-9)
    assert f"{numbers['accuracy']:.4f} of 30 not trained on" in classifier.words()["accuracy"]


def test_a_regression_without_a_test_part_has_words(regressor):
    alone = dataclasses.replace(regressor, found={**regressor.found, "rmse": None, "test": 0})
    assert alone.words()["error"] == "unknown"


def test_nothing_of_the_test_part_is_trained_on(classifier):
    inputs = CLASSES.inputs.copy()
    inputs[CLASSES.split] *= 7
    other = pm.Dataset(inputs, CLASSES.targets, split=CLASSES.split)
    again = learn.classify(NETWORK, other, epochs=60, size=20, optimizer=optax.adam(0.03))
    same = jax.tree.map(np.array_equal, again.model.params, classifier.model.params)
    assert all(jax.tree.leaves(same))
    assert again.found["accuracy"] != classifier.found["accuracy"]


def test_numbers_come_in_the_unit_of_the_targets(regressor):
    numbers = regressor.numbers()
    assert isinstance(regressor, Result)
    assert regressor.score(NUMBERS.test) > 0.99
    told = regressor.predict(NUMBERS.test.inputs)
    assert told.shape == (30, 2) and abs(told[:, 0].mean() - NUMBERS.test.targets[:, 0].mean()) < 2
    error = np.sqrt(np.mean((told - NUMBERS.test.targets) ** 2))
    assert numbers["rmse"] == pytest.approx(error, rel=1e-12)
    assert numbers["loss"] == pytest.approx(
        0.5
        * np.mean(
            np.sum(
                (
                    (regressor.predict(NUMBERS.train.inputs) - NUMBERS.train.targets)
                    / NUMBERS.train.targets.std(axis=0)
                )
                ** 2,
                axis=1,
            )
        ),
        rel=1e-9,
    )
    assert numbers["loss"] <= regressor.losses[-1]


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_what_is_kept_predicts_the_same(kind, request, tmp_path):
    model = request.getfixturevalue(kind)
    network, load = (
        (NETWORK, learn.Classifier.load) if kind == "classifier" else (PAIR, learn.Regressor.load)
    )
    model.save(tmp_path / "kept")
    again = load(tmp_path / "kept", network)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert {**again.numbers(), "compile_seconds": 0} == {**model.numbers(), "compile_seconds": 0}
    assert again.words() == model.words()
    with pytest.raises(FingerprintError, match="the same activations"):
        load(tmp_path / "kept", pm.MLP(network.widths, network.outputs, activation=jnp.sin))
    with pytest.raises(CheckpointError, match="the model that was saved"):
        load(tmp_path / "kept", pm.MLP((7,), network.outputs))
    assert model.plot(tmp_path / "model.png").stat().st_size > 5000


@pytest.mark.slow
def test_training_may_go_on_and_end_by_itself(classifier):
    """From saved parameters, judged by a validation loss that is measured once an epoch."""
    model = learn.classify(
        NETWORK,
        CLASSES.train,
        epochs=60,
        size=20,
        optimizer=optax.adam(0.03),
        params=classifier.model.params,
        validation=CLASSES.test,
        until=pm.train.target("validation", 10.0),
    )
    assert model.found["steps"] == 1 and model.found["accuracy"] is None
    assert model.result.history["validation"][0] == pytest.approx(
        -np.mean(
            np.log(
                classifier.predict_proba(CLASSES.test.inputs)[np.arange(30), CLASSES.test.labels]
            )
        ),
        rel=1e-9,
    )
    assert model.words()["accuracy"] == "unknown"


def test_images_are_scaled_by_one_number():
    """A pixel that hardly ever changes is not made as large as all others."""
    images = RANDOM.normal(size=(50, 3, 3))
    images[:, 0, 0] *= 1e-6
    scaler = datasets.Scaler.of_images(images)
    scaled = scaler(images)
    assert abs(scaled.mean()) < 1e-12 and scaled.std() == pytest.approx(1)
    assert scaled[:, 0, 0].std() < 1e-5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: learn.classify(pm.MLP((3,), outputs=2), CLASSES, epochs=1),
            ShapeError,
            r"expected outputs \(3,\) of one sample, got \(2,\); as by pm.MLP\(..., outputs=3\)",
        ),
        (
            lambda: learn.regress(pm.MLP((3,), outputs=1), parted(LINE), epochs=1),
            ShapeError,
            r"expected outputs \(\) of one sample, got \(1,\).*outputs=None",
        ),
        (
            lambda: learn.classify(NETWORK, parted(LINE), epochs=1),
            ShapeError,
            "as label 0; number the classes",
        ),
        (
            lambda: learn.classify(NETWORK, parted(np.ones(90, int)), epochs=1),
            ShapeError,
            "60 of class 1 alone",
        ),
        (lambda: learn.classify(jnp.tanh, CLASSES, epochs=1), ConfigurationError, "the function"),
        (
            lambda: learn.regress(NETWORK, CLASSES, epochs=1),
            ConfigurationError,
            r"labels of the classes \('low', 'middle', 'high'\): take classify",
        ),
        (
            lambda: learn.regress("mpl", NUMBERS, epochs=1),
            UnknownNameError,
            r"unknown network 'mpl'. Did you mean 'mlp'",
        ),
        (
            lambda: learn.classify("mlp", CLASSES, epochs=1, optimizer=optax.adam),
            ConfigurationError,
            "optimizer",
        ),
        (lambda: learn.classify(NETWORK, CLASSES, epochs=0), ConfigurationError, "epochs"),
        (
            lambda: learn.classify(NETWORK, CLASSES, epochs=1, size=61),
            ConfigurationError,
            "1 to 60",
        ),
        (lambda: learn.classify(NETWORK, (X, LINE), epochs=1), ConfigurationError, "a pm.Dataset"),
        (
            lambda: learn.classify(NETWORK, CLASSES.train, epochs=1, validation=CLASSES),
            ConfigurationError,
            r"validation: expected data.test or data.train",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_cannot_be_judged_is_refused(classifier):
    with pytest.raises(ConfigurationError, match=r"score: expected data.test"):
        classifier.score(CLASSES)
    with pytest.raises(ShapeError, match="labels below 3, got 3"):
        classifier.score(pm.Dataset(X[:4], [0, 1, 2, 3]))
    with pytest.raises(ShapeError, match=r"inputs: expected \(n, 2\), got \(90, 1\)"):
        classifier.predict(X[:, :1])
    with pytest.raises(ShapeError, match=r"score: expected the classes \('low'.*got \('high'"):
        classifier.score(pm.Dataset(X[:3], ["low", "middle", "high"]))


def test_inputs_of_which_any_class_would_be_told_are_refused(classifier, regressor):
    """The largest of NaNs is the first; jax drops masks and imaginary parts."""
    for model in (classifier, regressor):
        for bad in (np.nan, np.inf):
            with pytest.raises(NonFiniteError, match="inputs"):
                model.predict([[0.0, bad]])
        for odd in (np.ma.masked_less(X, 0.0), X + 1j):
            with pytest.raises(ShapeError, match="real numbers"):
                model.predict(odd)
        assert len(model.predict(X[:0])) == 0
        lost = jax.tree.map(lambda leaf: jnp.nan * leaf, model.model.params)
        with pytest.raises(NonFiniteError, match="NaN of input 0; are inputs too large"):
            dataclasses.replace(model.model, params=lost)(X)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"validation": pm.Dataset(X[:, :1], CLASSES.labels)},
            ShapeError,
            r"inputs of one sample \(2,\)",
        ),
        ({"validation": CLASSES.test, "patience": 1}, ConfigurationError, "judge in the end"),
        ({"validation": CLASSES.train, "patience": 1}, ConfigurationError, "those trained on"),
        ({"validation": X}, ConfigurationError, "validation: expected a pm.Dataset"),
        ({"params": {"params": {}}}, ShapeError, "params: expected those of the network"),
        ({"scale": lambda x: lambda z: z}, ConfigurationError, "scale: expected .* function"),
    ],
)
def test_what_would_be_judged_or_begun_wrongly_is_refused(options, error, message):
    for verb, data, network in (
        (learn.classify, CLASSES, NETWORK),
        (learn.regress, parted(LINE), pm.MLP((3,))),
    ):
        other = options.get("validation")
        if verb is learn.regress and isinstance(other, pm.Dataset):
            options = options | {"validation": pm.Dataset(other.inputs, other.inputs[:, 0])}
        with pytest.raises(error, match=message):
            verb(network, data, epochs=1, size=None, **options)


def test_words_that_were_numbered_apart_do_not_validate():
    """Of "dog" and "emu" alone a data set has other numbers than of "cat", "dog" and "emu"."""
    three = pm.Dataset(X[:3], ["cat", "dog", "emu"])
    with pytest.raises(ShapeError, match="validation: expected the classes"):
        learn.classify(NETWORK, three, epochs=1, validation=pm.Dataset(X[:2], ["dog", "emu"]))


def test_a_class_of_the_test_part_alone_is_refused_before_training():
    def never(*_):
        raise AssertionError("trained before the data were looked at")

    untouched = optax.GradientTransformation(never, never)
    held = pm.Dataset(X[:4], [0, 1, 0, 2], split=np.array([False, False, True, True]))
    with pytest.raises(ConfigurationError, match="class 2 in the test part alone"):
        learn.classify(pm.MLP((), outputs=2), held, epochs=1, optimizer=untouched)


@pytest.mark.slow
def test_digits_are_told_as_on_the_page():
    """97% of 359, whose deviation is 0.9%; a tenth of them is the largest class."""
    pytest.importorskip("sklearn")
    numbers = DIGITS.solve(DIGITS.subject, DIGITS.recipe, key=KEY).numbers()
    assert (numbers["entry"], numbers["train"], numbers["test"]) == ("digits", 1438, 359)
    assert numbers["accuracy"] > 0.97 - 3 * 0.009


@pytest.mark.slow
def test_digits_are_told_by_convolutions_as_on_the_page():
    """98.3% of 359, whose deviation is 0.7%."""
    pytest.importorskip("sklearn")
    numbers = DIGITS.solve(DIGITS.subject, DIGITS.recipes["cnn"], key=KEY).numbers()
    assert numbers["accuracy"] > 0.983 - 3 * 0.007 and numbers["parameters"] == 35_914


def test_digits_that_cannot_be_are_refused_before_a_run_is_made():
    with pytest.raises(ConfigurationError, match="size: expected at least 1"):
        dataclasses.replace(DIGITS.recipe, size=0)
    with pytest.raises(ConfigurationError, match="held_out"):
        DIGITS.check(dataclasses.replace(DIGITS.subject, held_out=1.0), DIGITS.recipe)
    pytest.importorskip("sklearn")
    with pytest.raises(ConfigurationError, match="size: expected from 1 to 1438, got 1500"):
        DIGITS.check(DIGITS.subject, dataclasses.replace(DIGITS.recipe, size=1500))
