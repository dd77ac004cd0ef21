"""Options of ``classify`` and ``regress``: weights of classes, dropout, patience, frozen layers."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml import datasets, learn
from physml.errors import ConfigurationError, PhysmlError, ShapeError, UnknownNameError
from physml.figures import figure
from physml.learn.learning_curve import plot_curves
from physml.learn.trained_part import trained_part
from physml.networks import RegularisedMLP

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(80, 2))
RARE = pm.Dataset(X, (X[:, 0] + 0.5 * RANDOM.normal(size=80) > 1.1).astype(int), name="rare")
LINE = pm.Dataset(X, X @ [1.0, -2.0] + 0.3 * RANDOM.normal(size=80))
OTHER = pm.Dataset(RANDOM.normal(size=(40, 2)), np.arange(40) % 2)
PLAIN = pm.MLP((), outputs=2)
SMALL = pm.MLP((4,), outputs=2)
ADAM = optax.adam(0.05)
NATURAL = pm.natural_gradient(0.5, damping=1e-2, max_norm=0.3)

SLOWLY = pytest.param(ADAM, marks=pytest.mark.slow, id="adam")
BOTH = pytest.mark.parametrize("optimizer", [SLOWLY, pytest.param(NATURAL, id="natural")])


def classify(network=SMALL, data=RARE, *, epochs=2, size=40, **options):
    return learn.classify(network, data, epochs=epochs, size=size, progress=False, **options)


@pytest.fixture(scope="module")
def plain():
    return classify(optimizer=ADAM)


@pytest.fixture(scope="module")
def stopped():
    return classify(
        pm.MLP((20,), outputs=2), epochs=200, optimizer=ADAM, validation=OTHER, patience=3
    )


def leaves_equal(a, b):
    return [bool(np.array_equal(*pair)) for pair in zip(*map(jax.tree.leaves, (a, b)), strict=True)]


def test_balanced_classes_are_told_equally_often():
    """At the least of a linear model the weighted numbers of each class are those told, exactly."""
    counts = np.bincount(RARE.labels)
    assert counts[1] < 0.3 * len(RARE)
    model = classify(
        PLAIN, epochs=100, size=None, class_weights="balanced", optimizer=pm.gauss_newton()
    )
    p = model.predict_proba(RARE.inputs)
    weights = (len(RARE) / (2 * counts))[RARE.labels]
    np.testing.assert_allclose(weights @ p, [40, 40], rtol=1e-6)
    assert abs(p.sum(axis=0) - counts).min() > 3, "as the counts would be without weights"


def test_weights_of_one_are_none(plain):
    weighted = classify(class_weights=(1.0, 1.0), optimizer=ADAM)
    np.testing.assert_allclose(weighted.losses, plain.losses, rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ((1.0,), ShapeError, r"one a class, \(2,\), got \(1,\)"),
        ((1.0, -1.0), ConfigurationError, "finite numbers ≥ 0"),
        ("balance", ConfigurationError, "expected 'balanced'"),
    ],
)
def test_weights_that_are_none_are_refused(weights, error, message):
    with pytest.raises(error, match=f"class_weights: .*{message}"):
        classify(class_weights=weights)


def test_a_class_without_samples_cannot_be_balanced():
    data = pm.Dataset(X, RARE.targets, class_names=("a", "b", "c"))
    with pytest.raises(ConfigurationError, match="none of class 2"):
        classify(pm.MLP((), outputs=3), data, class_weights="balanced")


@pytest.mark.slow
@BOTH
def test_dropout_drops_while_training_alone(optimizer):
    """The same key, the same masks; the loss of the whole network is another."""
    network = RegularisedMLP((8,), outputs=2, dropout=0.5)
    one, again = (classify(network, optimizer=optimizer) for _ in range(2))
    np.testing.assert_array_equal(one.losses, again.losses)
    whole = network.apply(one.model.params, jnp.asarray(one.model.scaler(X[0])))
    np.testing.assert_allclose(one.model(X[:1])[0], whole, rtol=1e-12)


def test_epochs_beyond_a_cosine_are_told(monkeypatch):
    """Two epochs of two steps, of which the last is beyond a cosine of three."""

    class StoppedError(Exception):
        pass

    def fit(*args, **options):
        raise StoppedError

    monkeypatch.setattr("physml.learn.train_network.fit", fit)
    falling = pm.optim.OptimizerSettings(name="sgd", cosine=3.0)
    for verb, data, network in ((learn.classify, RARE, PLAIN), (learn.regress, LINE, pm.MLP(()))):
        with pytest.warns(pm.errors.ScheduleWarning, match="of 4"), pytest.raises(StoppedError):
            verb(network, data, epochs=2, size=40, optimizer=falling)


@pytest.mark.slow
def test_dropout_goes_with_a_run_directory(tmp_path):
    network = RegularisedMLP((4,), outputs=2, dropout=0.5)
    whole = classify(network, optimizer=ADAM)
    with pm.train.Run.create(tmp_path / "run", {}) as run:
        kept = classify(network, optimizer=ADAM, run=run)
    np.testing.assert_array_equal(kept.losses, whole.losses)


@pytest.mark.slow
def test_dropout_of_a_regression_is_a_penalty():
    """Of one linear layer on inputs it is ridge, in the mean over masks: coefficients shrink."""

    class Linear(nn.Module):
        rate: float

        @nn.compact
        def __call__(self, x):
            x = pm.networks.Dropout(self.rate)(x)
            return nn.Dense(1, param_dtype=float, use_bias=False)(x)[0]

    slope = {}
    for rate in (0.0, 0.5):
        model = learn.regress(
            Linear(rate), LINE, epochs=1500, optimizer=optax.adam(3e-2, b2=0.999), progress=False
        )
        slope[rate] = model.model.params["params"]["Dense_0"]["kernel"][:, 0]
    z = (X - X.mean(0)) / X.std(0)
    y = (LINE.targets - LINE.targets.mean()) / LINE.targets.std()
    gram = z.T @ z
    expected = np.linalg.solve(gram + np.diag(np.diag(gram)), z.T @ y)  # rate/(1 − rate) = 1
    np.testing.assert_allclose(slope[0.5], expected, atol=0.08)
    np.testing.assert_allclose(slope[0.0], np.linalg.solve(gram, z.T @ y), atol=1e-3)


def test_patience_ends_at_the_best_and_restores_it(stopped):
    """On labels of chance, validation gets worse while training gets better."""
    model = stopped
    curve = model.validation[::2]  # two steps an epoch
    best = int(np.argmin(curve))
    assert model.found["steps"] < 400 and len(curve) == best + 4
    p = model.predict_proba(OTHER.inputs)[np.arange(40), OTHER.labels]
    assert -np.mean(np.log(p)) == pytest.approx(curve[best], rel=1e-9)
    assert model.found["validation"] == pytest.approx(curve[best], rel=1e-9)
    accuracies = model.result.history["validation_accuracy"]
    assert accuracies[2 * best] == model.score(OTHER)


@pytest.mark.slow
def test_patience_keeps_the_last_parameters_where_they_are_best():
    validation = LINE[:40]
    model = learn.regress(
        pm.MLP((3,)),
        LINE[40:],
        epochs=3,
        optimizer=optax.adam(1e-3),
        validation=validation,
        patience=3,
        progress=False,
    )
    assert (np.diff(model.validation) < 0).all()
    assert model.found["validation"] < model.validation.min()
    told = (model.predict(validation.inputs) - validation.targets) / LINE[40:].targets.std()
    assert model.found["validation"] == pytest.approx(0.5 * np.mean(told**2), rel=1e-9)


@BOTH
def test_frozen_layers_stay_and_the_others_learn(plain, optimizer):
    frozen = classify(params=plain.model.params, frozen=("Dense_0",), optimizer=optimizer)
    before, after = (m.model.params["params"] for m in (plain, frozen))
    assert all(leaves_equal(before["Dense_0"], after["Dense_0"]))
    assert not any(leaves_equal(before["Dense_1"], after["Dense_1"]))
    assert frozen.found["parameters"] == plain.found["parameters"]


def test_what_is_frozen_is_named_or_chosen_by_its_path(plain):
    params = plain.model.params
    named = trained_part(params, ("kernel",))
    chosen = trained_part(params, lambda path: path[-1] == "kernel")
    assert sorted(named.held) == ["params/Dense_0/kernel", "params/Dense_1/kernel"]
    assert sorted(named.trained) == sorted(chosen.trained)
    assert all(leaves_equal(named.joined(named.trained, named.held), params))


def test_a_frozen_layer_below_is_a_linear_model_above():
    """With all but the last layer held, the least squares of it are solved by one step."""
    network = pm.MLP((6,))
    model = learn.regress(
        network,
        LINE,
        epochs=1,
        optimizer=pm.natural_gradient(1.0, damping=1e-10),
        frozen=("Dense_0",),
        progress=False,
    )
    held = model.model.params["params"]["Dense_0"]
    h = np.tanh(model.model.scaler(X) @ np.asarray(held["kernel"]) + np.asarray(held["bias"]))
    h = np.column_stack([h, np.ones(80)])
    y = (LINE.targets - LINE.targets.mean()) / LINE.targets.std()
    best = h @ np.linalg.lstsq(h, y, rcond=None)[0]
    np.testing.assert_allclose(model.model(X), best, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"frozen": ("Dense_7",)}, UnknownNameError, "frozen 'Dense_7'. Did you mean"),
        ({"frozen": "Dense_0"}, ConfigurationError, r"as \('Dense_0',\), got a word"),
        ({"frozen": None}, ConfigurationError, "frozen: expected names of parameters"),
        ({"frozen": ("params",)}, ConfigurationError, "something left to train"),
        ({"frozen": lambda path: True}, ConfigurationError, "something left to train"),
        ({"patience": 2}, ConfigurationError, "patience: expected data to judge by"),
        ({"patience": 0, "validation": OTHER}, ConfigurationError, "patience"),
    ],
)
def test_odd_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        classify(**options)


class Normalised(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(nn.BatchNorm(use_running_average=True)(x))


class AlwaysDrops(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(nn.Dropout(0.5, deterministic=False)(x))


@pytest.mark.parametrize(
    ("network", "message"),
    [(Normalised(), "batch_stats.*layer_norm=True"), (AlwaysDrops(), "pm.networks.Dropout")],
)
def test_what_is_no_function_of_one_sample_is_refused(network, message):
    with pytest.raises(PhysmlError, match=message):
        classify(network)


def test_a_schedule_is_followed():
    """At a rate of 0 from step 2 on, nothing changes."""
    schedule = optax.piecewise_constant_schedule(0.1, {2: 0.0})
    losses = classify(epochs=5, size=None, optimizer=optax.sgd(schedule)).losses
    assert losses[0] > losses[1] > losses[2] == losses[3] == losses[4]


def test_curves_are_kept_and_drawn_by_epoch(stopped, tmp_path):
    assert stopped.found["epochs"] == stopped.found["steps"] / 2
    assert len(stopped.validation) == len(stopped.losses)
    stopped.save(tmp_path / "kept")
    again = learn.Classifier.load(tmp_path / "kept", pm.MLP((20,), outputs=2))
    np.testing.assert_array_equal(again.validation, stopped.validation)
    assert again.found["validation"] == stopped.found["validation"]
    assert again.plot(tmp_path / "curves.png").stat().st_size > 5000


def test_curves_are_drawn_against_epochs_that_are_no_whole_number_of_steps(tmp_path):
    """50 samples by 40: five steps are four epochs."""
    with figure(tmp_path / "curves.png", 1, 1) as axis:
        plot_curves(axis, np.arange(1.0, 51.0), np.zeros(50), 40.0)
        training, validation = (line.get_xdata() for line in axis.lines)
    np.testing.assert_allclose(training[[0, -1]], [0.4, 39.6])
    np.testing.assert_allclose(validation[[0, -1]], [0.0, 39.2])


def test_a_learning_curve_falls_as_the_noise_over_samples():
    """Least squares with d inputs: the expected excess error is σ² d/(n − d − 1)."""
    x = RANDOM.normal(size=(4000, 3))
    data = pm.Dataset(x, x @ [1.0, 2.0, 3.0] + RANDOM.normal(size=4000))

    def learned(train):
        return learn.ordinary_least_squares(train.inputs, train.targets, intercept=False).predict

    found = learn.learning_curve(
        learned,
        data[:2000],
        data[2000:],
        sizes=(20, 200),
        judge=learn.mean_squared_error,
        draws=60,
        key=jax.random.key(0),
    )
    floor = learn.mean_squared_error(data[2000:].targets, x[2000:] @ [1.0, 2.0, 3.0])
    excess = found.test.mean(axis=0) - floor
    spread = found.test.std(axis=0) / np.sqrt(60)
    assert (np.abs(excess - [3 / 16, 3 / 196]) < 4 * spread).all()
    assert (found.train.mean(axis=0) < found.test.mean(axis=0)).all()


@pytest.mark.parametrize("sizes", [(), (5, 3), (3, 3), (3, 81), (0, 3)])
def test_odd_sizes_are_refused(sizes):
    with pytest.raises(ConfigurationError, match="sizes"):
        learn.learning_curve(
            lambda train: lambda x: np.zeros(len(x)),
            LINE,
            LINE,
            sizes=sizes,
            judge=learn.mean_squared_error,
            key=jax.random.key(0),
        )


def test_a_learning_curve_is_drawn(tmp_path):
    found = learn.learning_curve(
        lambda train: lambda x: np.full(len(x), train.targets.mean()),
        LINE[:40],
        LINE[40:],
        sizes=(5, 40),
        judge=learn.mean_squared_error,
        draws=3,
        key=jax.random.key(0),
    )
    assert found.plot(tmp_path / "curve.png", metric="MSE").stat().st_size > 5000


def test_a_split_of_validation_data_is_no_part():
    data = datasets.split(RARE, 0.5, key=jax.random.key(0))
    with pytest.raises(ConfigurationError, match=r"validation: expected data\.test"):
        classify(validation=data)
