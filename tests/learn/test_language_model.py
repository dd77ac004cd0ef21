"""Texts told by counts and by a causal network; what leaks is refused."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from physml import learn
from physml.errors import ConfigurationError, ShapeError
from physml.learn.catalogue.language_model import ENTRY
from physml.networks import Transformer

KEY = jax.random.key(0)
CYCLE = np.tile([0, 2, 3], 80)
NETWORK = Transformer(4, 1, 4, 1, vocabulary=4, causal=True, every_step=True)


@pytest.fixture(scope="module")
def model():
    """One whose parameters are drawn and not trained."""
    params = jax.jit(NETWORK.init)(KEY, CYCLE[:6].astype(np.int32))
    return learn.LanguageModel(NETWORK, params, 6)


def test_counts_are_smoothed_by_those_of_shorter_runs():
    """By the formula, run by run, of a text of three letters."""
    text, alpha, V = np.random.default_rng(0).integers(3, size=60), 2.5, 3

    def p(run):
        if not run:
            return 1 / V
        before, length = run[:-1], len(run)
        runs = [tuple(text[i : i + length]) for i in range(len(text) - length + 1)]
        n_before = sum(one[:-1] == before for one in runs)
        return (runs.count(run) + alpha * p(run[1:] if length > 1 else ())) / (n_before + alpha)

    model = learn.n_gram(text, 3, strength=alpha, vocabulary=V)
    for run in itertools.product(range(3), repeat=3):
        assert model.probabilities[run] == pytest.approx(p(run), rel=1e-12)
    assert_allclose(model.probabilities.sum(axis=-1), 1, rtol=1e-12)
    bits = [-np.log2(p(tuple(text[i : i + 3]))) for i in range(58)]
    assert_allclose(model.bits(text), bits, rtol=1e-12)


def test_letters_by_coin_cost_one_bit_whatever_is_counted():
    coin = np.random.default_rng(1).integers(2, size=40_000)
    model = learn.n_gram(coin[:20_000], 3, strength=1.0, vocabulary=2)
    assert abs(model.bits(coin[20_000:]).mean() - 1) < 1e-3


@pytest.mark.slow
def test_what_follows_by_a_rule_costs_nothing():
    network = dataclasses.replace(NETWORK, width=8)
    model = learn.language_model(
        network, CYCLE, context=6, steps=150, size=8, optimizer=optax.adam(0.03), key=KEY
    )
    told = model.judge(CYCLE[1:40])
    assert len(told.bits) == 39 - 4 and told.likeliest.all()
    assert told.bits.mean() < 0.1
    assert_array_equal(model.sample([2], 6, key=KEY, temperature=0.1), [3, 0, 2, 3, 0, 2])


def test_bits_are_those_of_the_network_given_what_came_before(model):
    tokens = CYCLE[:14]
    told = model.judge(tokens)
    assert len(told.bits) == 14 - 4
    logits = jax.jit(NETWORK.apply)(model.params, tokens[:6].astype(np.int32))
    exact = -jax.nn.log_softmax(logits)[np.arange(3, 6), tokens[4:7]] / np.log(2)
    assert_allclose(told.bits[:3], exact, rtol=1e-9)


def test_letters_are_drawn_as_often_as_the_temperature_says(model):
    """A network of equal logits but one: ``p = e^{1/T}/(e^{1/T} + 3)``, 5 σ of 4,000 draws."""
    flat = jax.tree.map(np.zeros_like, model.params)
    flat["params"]["output"]["bias"] = np.array([0.0, 1.0, 0.0, 0.0])
    other = dataclasses.replace(model, params=flat)
    drawn = other.sample([0], 4000, key=KEY, temperature=0.5)
    p = np.exp(2) / (np.exp(2) + 3)
    assert (other.sample([0], 4000, key=KEY, temperature=2e-38) == 1).all()
    assert abs(np.mean(drawn == 1) - p) < 5 * np.sqrt(p * (1 - p) / 4000)


class Peeking:
    """Sees the next token, and begins with a layer of zeros, as many do at their end."""

    def init(self, key, tokens):
        return np.zeros((4, 4), np.float32)

    def apply(self, params, tokens):
        return jax.nn.one_hot(jnp.roll(tokens, -1), 4, dtype=params.dtype) @ params


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        (Peeking(), ConfigurationError, "sees no token after the one it is at"),
        (
            Transformer(8, 1, 4, 2, vocabulary=4, every_step=True),
            ConfigurationError,
            "sees no token after the one it is at.*make it causal=True",
        ),
        (
            Transformer(8, 1, 4, 2, vocabulary=4, causal=True),
            ShapeError,
            r"logits \(6, at least 4\) of 6 tokens, got \(4,\)",
        ),
        (
            Transformer(8, 1, 3, 2, vocabulary=4, causal=True, every_step=True),
            ShapeError,
            r"got \(6, 3\)",
        ),
    ],
    ids=["peeks", "leaks", "one value", "three letters"],
)
def test_networks_that_cannot_tell_a_text_are_refused(network, error, message):
    with pytest.raises(error, match=message):
        learn.language_model(network, CYCLE, context=6, steps=1, optimizer="adam")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda model: model.judge(CYCLE[:6]), ShapeError, "more than the context 6, got 6"),
        (lambda model: model.judge([9] * 12), ConfigurationError, "the network's vocabulary"),
        (lambda model: model.sample([], 3, key=KEY), ShapeError, "tokens"),
        (lambda model: model.sample([9], 3, key=KEY), ConfigurationError, "network's vocabulary"),
        (
            lambda model: model.sample([0], 3, key=KEY, temperature=0.0),
            ConfigurationError,
            "temperature: expected a number > 0",
        ),
        (
            lambda model: learn.n_gram(CYCLE, 3, strength=0.0, vocabulary=4),
            ConfigurationError,
            "strength: expected a number > 0",
        ),
        (
            lambda model: learn.n_gram(CYCLE, 9, strength=1.0, vocabulary=99),
            ConfigurationError,
            r"at most 10\^8 entries",
        ),
        (lambda model: learn.n_gram(CYCLE, 2, strength=1.0, vocabulary=3), ShapeError, "0 to 2"),
        (
            lambda model: learn.language_model(
                NETWORK, CYCLE[:5], context=6, steps=1, optimizer="adam"
            ),
            ShapeError,
            "more than the context 6, got 5",
        ),
    ],
)
def test_what_cannot_be_told_is_refused(model, call, error, message):
    with pytest.raises(error, match=message):
        call(model)


def test_the_entry_refuses_what_cannot_be_before_a_run():
    for changes, message in (
        ({"heads": 3}, "heads: expected a divisor"),
        ({"size": 30_000}, "size: expected at most the 24452 windows"),
        ({"context": 20_000}, "far more characters than the context"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            ENTRY.check(ENTRY.subject, dataclasses.replace(ENTRY.recipe, **changes))
    with pytest.raises(ConfigurationError, match="temperature: expected numbers > 0"):
        dataclasses.replace(ENTRY.recipe, temperature=0.0)
    with pytest.raises(ConfigurationError, match="held_out: expected a part"):
        ENTRY.check(dataclasses.replace(ENTRY.subject, held_out=0.5), ENTRY.recipe)


@pytest.mark.slow
def test_the_entry_tells_more_than_single_characters():
    """In few steps; what all of them come to is on the page."""
    recipe = dataclasses.replace(ENTRY.recipes["quick"], steps=150)
    found = ENTRY.solve(ENTRY.subject, recipe, key=KEY)
    numbers = found.numbers()
    assert numbers["bits"] < numbers["single_bits"] - 0.3 and 0.2 < numbers["accuracy"] < 1
    assert 2.4 < numbers["trigram_bits"] < 2.7 and len(found.arrays["written"]) == recipe.length
