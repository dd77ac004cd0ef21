"""The recurrent network beside a loop over its equations, written out number by number."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.networks import Recurrent
from physml.networks.recurrent import CELLS

SERIES = np.random.default_rng(0).normal(size=(5, 2))


def logistic(z):
    return 1 / (1 + np.exp(-z))


def loop(cell, params, series):
    """States ``h_t`` by the equations of the docstring, gate by gate."""
    W, U, b = (np.asarray(params[f"layer_0_{part}"]) for part in "WUb")
    width = U.shape[0]
    gate = lambda k: np.s_[..., k * width : (k + 1) * width]
    h, c, states = np.zeros(width), np.zeros(width), []
    for x in series:
        z = [x @ W[gate(k)] + b[gate(k)] for k in range(CELLS[cell])]
        u = [h @ U[gate(k)] for k in range(CELLS[cell])]
        if cell == "rnn":
            h = np.tanh(z[0] + u[0])
        elif cell == "gru":
            r, keep = logistic(z[0] + u[0]), logistic(z[1] + u[1])
            new = np.tanh(z[2] + r * (u[2] + np.asarray(params["layer_0_d"])))
            h = (1 - keep) * new + keep * h
        else:
            i, f, o = (logistic(z[k] + u[k]) for k in range(3))
            c = f * c + i * np.tanh(z[3] + u[3])
            h = o * np.tanh(c)
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("cell", CELLS)
def test_states_are_those_of_the_equations(cell, arbitrary):
    network = Recurrent(3, 2, cell, every_step=True)
    params = arbitrary(network, SERIES)["params"]
    told = jax.jit(network.apply)({"params": params}, SERIES)
    last = params["output"]
    exact = loop(cell, params, SERIES) @ last["kernel"] + last["bias"]
    assert_allclose(told, exact, rtol=1e-12, atol=1e-13)


def test_the_last_step_is_the_last_of_every_step(arbitrary):
    network = Recurrent(3, 2, depth=2)
    params = arbitrary(network, SERIES)
    each = jax.jit(Recurrent(3, 2, depth=2, every_step=True).apply)(params, SERIES)
    assert_allclose(jax.jit(network.apply)(params, SERIES), each[-1], rtol=1e-14)


def test_no_step_sees_those_after_it(arbitrary):
    network = Recurrent(3, 2, "rnn", every_step=True)
    params, other = arbitrary(network, SERIES), SERIES.copy()
    other[3] += 1
    apply = jax.jit(network.apply)
    before, after = apply(params, SERIES), apply(params, other)
    assert_array_equal(before[:3], after[:3])
    assert np.all(np.abs(before[3:] - after[3:]).max(axis=1) > 1e-6)


def test_an_lstm_remembers_at_the_start():
    params = jax.jit(Recurrent(4).init)(jax.random.key(0), SERIES)["params"]
    assert_array_equal(params["layer_0_b"], np.repeat([0.0, 1.0, 0.0, 0.0], 4))
    for part in np.split(np.asarray(params["layer_0_U"]), 4, axis=1):
        assert_allclose(part @ part.T, np.eye(4), atol=1e-12)


def test_what_cannot_be_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown cell 'lsmt'. Did you mean 'lstm'"):
        Recurrent(3, cell="lsmt")
    with pytest.raises(ConfigurationError, match="width: expected a positive integer"):
        Recurrent(0)
    with pytest.raises(ConfigurationError, match="depth: expected a positive integer"):
        Recurrent(3, depth=0)
    for shape in ((3,), (0, 2), (9, 5, 2)):
        with pytest.raises(ShapeError, match=r"expected one series \(t, d\), got"):
            jax.eval_shape(Recurrent(3).init, jax.random.key(0), np.ones(shape))
