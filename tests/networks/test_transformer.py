"""Attention beside its sums, and a transformer that sees nothing of what is to come."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.networks import Transformer, attention

RANDOM = np.random.default_rng(0)
TEXT = jnp.array([3, 0, 2, 2, 4, 1])
WRITER = Transformer(8, 1, outputs=5, heads=2, vocabulary=5, causal=True, every_step=True)
write = jax.jit(WRITER.apply)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_its_sum_over_steps(causal):
    q, k, v = (RANDOM.normal(size=(4, m)) for m in (3, 3, 2))
    exact = np.zeros((4, 2))
    for s in range(4):
        seen = range(s + 1 if causal else 4)
        weights = np.array([np.exp(q[s] @ k[t] / np.sqrt(3)) for t in seen])
        exact[s] = sum(w * v[t] for w, t in zip(weights / weights.sum(), seen, strict=True))
    assert_allclose(attention(*map(jnp.asarray, (q, k, v)), causal=causal), exact, rtol=1e-13)


@pytest.mark.parametrize("place", [1, 5])
def test_no_token_sees_those_after_it(place, arbitrary):
    """Exactly: their weights are zero, and not small."""
    params = arbitrary(WRITER, TEXT)
    other = TEXT.at[place].set((TEXT[place] + 1) % 5)
    before, after = write(params, TEXT), write(params, other)
    assert_array_equal(before[:place], after[:place])
    assert np.all(np.abs(before[place:] - after[place:]).max(axis=1) > 1e-6)


def test_a_text_cut_short_is_told_the_same(arbitrary):
    params = arbitrary(WRITER, TEXT)
    assert_allclose(write(params, TEXT[:4]), write(params, TEXT)[:4], rtol=1e-12)


def test_without_places_a_series_is_a_set(arbitrary):
    series = RANDOM.normal(size=(5, 2))
    for places, alike in (("none", True), ("sine", False)):
        network = Transformer(8, 1, heads=2, places=places)
        params = arbitrary(network, series)
        told = map(functools.partial(jax.jit(network.apply), params), (series, series[::-1]))
        assert np.isclose(*told, rtol=1e-12) == alike


def test_a_token_that_is_not_in_the_vocabulary_is_no_other_one(arbitrary):
    params = arbitrary(WRITER, TEXT)
    for wrong in (5, -1):
        assert np.isnan(write(params, TEXT.at[2].set(wrong))).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Transformer(8, 1, heads=3),
            ConfigurationError,
            "heads: expected a divisor of the width 8, got 3",
        ),
        (lambda: Transformer(8, 0), ConfigurationError, "depth: expected a positive integer"),
        (lambda: Transformer(8, 1, vocabulary=0), ConfigurationError, "vocabulary: expected"),
        (lambda: Transformer(8, 1, places="sin"), UnknownNameError, "Did you mean 'sine'"),
        (
            lambda: attention(*(jnp.ones((3, 2)),) * 2, jnp.ones((4, 2))),
            ShapeError,
            r"got \(3, 2\), \(3, 2\), \(4, 2\)",
        ),
        (
            lambda: attention(jnp.ones((2, 2)), *(jnp.ones((3, 2)),) * 2, causal=True),
            ShapeError,
            "s = t if causal",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("network", "series", "message"),
    [
        (Transformer(8, 1), np.ones(3), r"expected one series \(t, d\), got \(3,\)"),
        (WRITER, np.ones(3), r"whole numbers \(t,\), got float64 \(3,\)"),
        (WRITER, np.ones((2, 3), int), "Use jax.vmap for many texts"),
    ],
)
def test_what_is_no_series_is_refused(network, series, message):
    with pytest.raises(ShapeError, match=message):
        jax.eval_shape(network.init, jax.random.key(0), series)
