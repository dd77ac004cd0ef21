"""Fits within a block share a program, and give what they give without."""

from __future__ import annotations

import importlib

import jax.numpy as jnp
import optax

import physml as pm
from physml.train.one_program import one_program, shared


def test_the_same_parts_and_shapes_have_one_program():
    made = []

    def make():
        made.append(len(made))
        return len(made)

    def f(x):
        return x

    def g(x):
        return x

    with one_program():
        assert shared((f, jnp.ones(2)), jnp.ones(3), make) == 1
        assert shared((f, jnp.zeros(2)), jnp.zeros(3), make) == 1
        assert shared((g, jnp.ones(2)), jnp.ones(3), make) == 2
        assert shared((f, jnp.ones(2)), jnp.ones(4), make) == 3
        assert shared((f, jnp.ones(2)), jnp.ones(3, jnp.float32), make) == 4
        assert shared((f, jnp.ones(2)), {"a": jnp.ones(3)}, make) == 5
    assert shared((f, jnp.ones(2)), jnp.ones(3), make) == 6


def test_fits_are_those_of_programs_of_their_own(key):
    objective = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    parts = objective, pm.fixed({"line": jnp.linspace(0.0, 1.0, 5)}), optax.sgd(0.1)

    def ends():
        return [
            float(pm.fit(*parts, jnp.array(start), steps=5, key=key).params) for start in (0.0, 5.0)
        ]

    with one_program():
        together = ends()
    assert together == ends() and together[0] != together[1]


def test_fixed_batches_of_one_shape_share_a_program(key, monkeypatch):
    """Each start of a matrix model was compiled anew, since each batch brought a function."""
    fitting = importlib.import_module("physml.train.fit")
    made, compiled = [], fitting.compiled
    monkeypatch.setattr(fitting, "compiled", lambda *a, **k: made.append(1) or compiled(*a, **k))
    objective = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    optimizer = optax.sgd(0.1)
    with one_program():
        for scale in (1.0, 2.0):
            batch = pm.fixed({"line": scale * jnp.ones(3)})
            pm.fit(objective, batch, optimizer, jnp.array(0.0), steps=1, key=key)
    assert len(made) == 1
