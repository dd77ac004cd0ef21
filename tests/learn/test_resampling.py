"""Parts of data: nothing is in both, nothing is lost, and nothing of the test part leaks."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from physml.datasets import Dataset, Fold, Scaler, bootstrap, k_fold, split
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.learn import (
    accuracy,
    bias_variance,
    cross_validated,
    learning_curve,
    mean_squared_error,
    ridge,
    softmax_regression,
)

KEY = jax.random.key(3)


def drawn(n, d=2, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d))
    return Dataset(x, x.sum(axis=1) + random.normal(size=n))


def test_a_split_has_every_sample_on_one_side():
    data = drawn(50)
    parted = split(data, 0.3, key=KEY)
    both = np.concatenate([parted.train.inputs, parted.test.inputs])
    assert len(parted.test) == 15
    np.testing.assert_array_equal(np.sort(both, axis=0), np.sort(data.inputs, axis=0))
    again, other = split(data, 0.3, key=KEY), split(data, 0.3, key=jax.random.key(4))
    np.testing.assert_array_equal(again.split, parted.split)
    assert (other.split != parted.split).any()


def test_a_stratified_split_has_its_part_of_each_class():
    labels = np.repeat([0, 1, 2], [60, 30, 10])  # sorted, as tables often are
    parted = split(Dataset(np.ones((100, 1)), labels), 0.2, key=KEY, stratified=True)
    assert np.bincount(parted.test.labels).tolist() == [12, 6, 2]


def test_folds_hold_each_sample_out_once():
    folds = k_fold(23, 5, key=KEY)
    assert sorted(len(f.test) for f in folds) == [4, 4, 5, 5, 5]
    np.testing.assert_array_equal(np.sort(np.concatenate([f.test for f in folds])), np.arange(23))
    for fold in folds:
        assert set(fold.train) | set(fold.test) == set(range(23))
        assert not set(fold.train) & set(fold.test)


def test_a_bootstrap_leaves_out_1_over_e():
    """(1 − 1/n)ⁿ = 0.366 of 200; the mean over 400 draws has a deviation of 1.1e-3."""
    draws = bootstrap(200, 400, key=KEY)
    left = np.mean([len(d.test) / 200 for d in draws])
    assert abs(left - (1 - 1 / 200) ** 200) < 4 * 1.1e-3
    assert all(len(d.train) == 200 and not set(d.train) & set(d.test) for d in draws)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: k_fold(5, 6, key=KEY), "folds: expected from 2 to 5, .* got 6"),
        (lambda: k_fold(5, 1, key=KEY), "folds: expected at least 2"),
        (lambda: split(drawn(5), 1.0, key=KEY), r"a part in \(0, 1\)"),
        (lambda: split(drawn(5), 0.01, key=KEY), "samples on either side, got 0 of 5"),
        (lambda: bootstrap(1, 3, key=KEY), "n: expected at least 2, got 1"),
        (
            lambda: bias_variance(mean_of, drawn(5), drawn(5), resamples=1, key=KEY),
            "resamples: expected at least 2",
        ),
    ],
)
def test_parts_that_cannot_be_are_refused(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()


def mean_of(train):
    mean = train.targets.mean()
    return lambda inputs: np.full(len(inputs), mean)


def test_leaving_one_out_of_a_mean_is_known():
    """The error of a mean, left-out sample by sample, is ``n/(n − 1)`` of its deviation."""
    data = drawn(12)
    each = cross_validated(mean_of, data, k_fold(12, 12, key=KEY), judge=mean_squared_error)
    deviations = (data.targets - data.targets.mean()) ** 2
    np.testing.assert_allclose(np.sort(each), np.sort(deviations * (12 / 11) ** 2), rtol=1e-12)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        (k_fold(6, 3, key=KEY), "those of 12 samples, got folds that hold 6"),
        (k_fold(13, 3, key=KEY), "those of 12 samples .*out of bounds"),
        ((), "got folds that hold 0"),
        ((Fold(np.arange(12), np.array([3])),), "got 3 as both in fold 0"),
    ],
)
def test_folds_of_other_data_are_refused(folds, message):
    with pytest.raises(ConfigurationError, match=message):
        cross_validated(mean_of, drawn(12), folds, judge=mean_squared_error)


def test_what_is_for_testing_alone_is_not_learned_from():
    whole = split(drawn(12), 0.5, key=KEY)
    judge = {"judge": mean_squared_error}
    for learn in (
        lambda: cross_validated(mean_of, whole, k_fold(12, 3, key=KEY), **judge),
        lambda: bias_variance(mean_of, whole, whole.test, resamples=2, key=KEY),
        lambda: learning_curve(mean_of, whole, whole.test, sizes=(2,), key=KEY, **judge),
    ):
        with pytest.raises(ConfigurationError, match=r"expected data.test or data.train"):
            learn()


def test_a_scaler_does_not_broadcast():
    with pytest.raises(ShapeError, match=r"inputs: expected \(n, ...\) of \(2,\), got \(5, 1\)"):
        Scaler.of(drawn(9).inputs)(np.ones((5, 1)))


def test_rounding_is_no_deviation():
    scaler = Scaler.of([[0.3], [0.1 + 0.2]])  # which differ in the last digit
    assert scaler.deviation.tolist() == [1.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_a_scaler_of_no_numbers_is_refused(bad):
    for make in (Scaler.of, Scaler.of_images):
        with pytest.raises(NonFiniteError, match="inputs: expected finite numbers below"):
            make([[0.0, 1.0], [bad, 2.0]])


def test_centring_before_splitting_leaks_by_a_known_factor():
    """By the mean of all the error of each sample is ((n − 1)/n)² of what it is."""
    data = drawn(12)
    centred = Dataset(data.inputs, data.targets - data.targets.mean())
    folds = k_fold(12, 12, key=KEY)
    honest = cross_validated(mean_of, data, folds, judge=mean_squared_error)
    leaked = cross_validated(
        lambda train: lambda inputs: np.zeros(len(inputs)), centred, folds, judge=mean_squared_error
    )
    np.testing.assert_allclose(leaked / honest, (11 / 12) ** 2, rtol=1e-12)


def test_scaling_before_splitting_leaks_and_within_learn_does_not():
    """What is learned by ``learn`` cannot follow the test samples; what is done before can."""
    data = drawn(40)
    fold = k_fold(40, 4, key=KEY)[0]
    changed = data.inputs.copy()
    changed[fold.test] *= 30
    other = Dataset(changed, data.targets)
    models = []

    def scaled(train):
        scaler = Scaler.of(train.inputs)
        model = ridge(scaler(train.inputs), train.targets, 0.1).behind(scaler)
        models.append(model.coefficients)
        return model.predict

    def bare(train):
        models.append(ridge(train.inputs, train.targets, 0.1).coefficients)
        return ridge(train.inputs, train.targets, 0.1).predict

    for some in (data, other):
        cross_validated(scaled, some, (fold,), judge=mean_squared_error)
    np.testing.assert_array_equal(models[0], models[1])
    models.clear()
    for some in (data, other):
        all_scaled = Dataset(Scaler.of(some.inputs)(some.inputs), some.targets)
        cross_validated(bare, all_scaled, (fold,), judge=mean_squared_error)
    assert np.abs(models[0] - models[1]).max() > 0.1


def test_choosing_inputs_before_splitting_finds_classes_in_noise():
    """Labels drawn at random: ½ is all there is, ± 0.08 of 40 samples; the leak tells 80%."""
    random = np.random.default_rng(1)
    data = Dataset(random.normal(size=(40, 1000)), np.arange(40) % 2)

    def best(train):
        means = [train.inputs[train.labels == k].mean(axis=0) for k in (0, 1)]
        return np.argsort(-np.abs(means[0] - means[1]))[:5]

    def honest(train):
        chosen = best(train)
        model = softmax_regression(train.inputs[:, chosen], train.labels, 0.1, classes=2)
        return lambda inputs: model.predict(inputs[:, chosen])

    chosen = best(data)
    leaky = Dataset(data.inputs[:, chosen], data.targets)

    def after(train):
        return softmax_regression(train.inputs, train.labels, 0.1, classes=2).predict

    folds = k_fold(40, 5, key=KEY)
    assert cross_validated(honest, data, folds, judge=accuracy).mean() < 0.5 + 3 * 0.08
    assert cross_validated(after, leaky, folds, judge=accuracy).mean() > 0.8


def test_error_is_bias_and_variance():
    train, test = drawn(30), drawn(20, seed=1)
    learn = lambda data: ridge(data.inputs, data.targets, 1e-3).predict
    parts = bias_variance(learn, train, test, resamples=20, key=KEY)
    np.testing.assert_allclose(parts.error, parts.bias_squared + parts.variance, rtol=1e-12)
    assert parts.variance > 0
    still = bias_variance(
        lambda data: lambda inputs: np.ones(len(inputs)), train, test, resamples=2, key=KEY
    )
    assert still.variance == 0
    with pytest.raises(ShapeError, match=r"expected predictions \(20,\), got \(20, 1\)"):
        bias_variance(
            lambda data: lambda x: np.ones((len(x), 1)), train, test, resamples=2, key=KEY
        )


def test_a_scaler_is_undone_in_a_model():
    data = drawn(30, d=4)
    inputs = data.inputs * [1.0, 1e3, 1e-3, 0.0] + [0.0, 5.0, 1.0, 7.0]
    scaler = Scaler.of(inputs)
    scaled = scaler(inputs)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), [1, 1, 1, 0], rtol=1e-12)
    model = ridge(scaled, data.targets, 0.1)
    np.testing.assert_allclose(
        model.behind(scaler).predict(inputs), model.predict(scaled), rtol=1e-10
    )
