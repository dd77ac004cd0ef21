"""Several runs in one fit are those runs, each as it would be alone."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.errors import ConfigurationError, NoValueError
from physml.train.replicas import objective_of_replicas, optimizer_of_replicas

X = jnp.linspace(0.0, 1.0, 5)
LINE = pm.least_squares({"line": lambda params, xy: params["a"] * xy[0] ** 2 - xy[1]})
OPTIMIZERS = [
    pm.natural_gradient(0.5, damping=1e-2, momentum=0.5),
    optax.chain(optax.clip_by_global_norm(0.1), optax.adam(0.1)),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_run_is_as_it_would_be_alone(optimizer: pm.Optimizer) -> None:
    slopes, starts = (1.0, 30.0), jnp.array([0.0, 3.0])
    batch = [{"line": (X, slope * X)} for slope in slopes]
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), *batch)
    fit = lambda *what: pm.fit(*what, steps=4, key=jax.random.key(0), progress=False)
    found = fit(
        objective_of_replicas(LINE), pm.fixed(both), optimizer_of_replicas(optimizer), {"a": starts}
    )
    for i in range(2):
        alone = fit(LINE, pm.fixed(batch[i]), optimizer, {"a": starts[i]})
        np.testing.assert_allclose(found.params["a"][i], alone.params["a"], rtol=1e-5)
    assert found.history["loss"].shape == (4,)
    assert ("update_norm" in found.history) == (optimizer is OPTIMIZERS[0])


def test_rows_of_a_cost_of_all_runs_are_each_by_its_own_parameters(tmp_path) -> None:
    """As where a run directory takes the fingerprint of an optimizer; it goes on from there."""
    joint = pm.least_squares({"line": lambda params, xy: params["a"] @ xy[0] - xy[1]})
    batch = {"line": (jnp.array([[1.0, 0.0], [0.0, 2.0]]), jnp.array([3.0, 4.0]))}
    params = {"a": jnp.zeros(2)}
    optimizer = optimizer_of_replicas(pm.natural_gradient(1.0, damping=1e-8))
    with pm.Run.create(tmp_path / "run", {}) as run:
        found = pm.fit(
            joint, pm.fixed(batch), optimizer, params, steps=1, key=jax.random.key(0), run=run
        )
    np.testing.assert_allclose(found.params["a"], [3.0, 2.0], rtol=1e-5)


def test_a_line_search_is_refused_by_name() -> None:
    optimizer, params = optimizer_of_replicas("lbfgs"), {"a": jnp.zeros(2)}
    told = pm.types.Evaluation(jnp.array(1.0), params, None, None, {})
    with pytest.raises(NoValueError, match="needs the loss at fixed samples"):
        optimizer.update(params, optimizer.init(params), params, evaluation=told)


def test_a_loop_by_hand_is_told_what_is_needed() -> None:
    optimizer = optimizer_of_replicas("adam")
    params = {"a": jnp.zeros(2)}
    with pytest.raises(ConfigurationError, match="update needs evaluation"):
        optimizer.update(params, optimizer.init(params), params)
