"""The best parameters are kept, whatever comes after them, and through a resume."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

import physml as pm
from physml.errors import ConfigurationError
from physml.train import every, keeping_best, patience

LINE = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
SAMPLER = pm.fixed({"line": jnp.ones(4)})


def fit(judge, *, steps=9, each=1, run=None, until=None):
    """``2 − 2 · 0.75ⁱ`` after ``i`` steps: past 1, the best by the judge, on the way to 2."""
    return pm.fit(
        keeping_best(LINE, judge, steps=each),
        SAMPLER,
        optax.sgd(0.25),
        jnp.array(0.0),
        steps=steps,
        key=jax.random.key(0),
        run=run,
        until=until,
        progress=False,
    )


def away_from(place, params):
    return (params - place) ** 2


def test_what_was_best_is_kept_and_training_is_not_changed():
    place = Partial(away_from, jnp.array(1.0))
    result, plain = (
        fit(place),
        pm.fit(LINE, SAMPLER, optax.sgd(0.25), jnp.array(0.0), steps=9, key=jax.random.key(0)),
    )
    assert float(result.params) == float(plain.params)
    path = 2 - 2 * 0.75 ** np.arange(9)
    np.testing.assert_allclose(result.history["validation"], (path - 1) ** 2, rtol=1e-12)
    best = result.state.objective
    np.testing.assert_allclose(best.params, path[np.argmin((path - 1) ** 2)], rtol=1e-12)
    np.testing.assert_allclose(best.lowest, ((path - 1) ** 2).min(), rtol=1e-12)


def test_it_judges_every_few_steps_and_ends_by_patience():
    """Judged at steps 0, 2, 4, ...: the best is that of step 2, and six steps later it ends."""
    result = fit(
        Partial(away_from, jnp.array(0.9)), each=2, steps=50, until=patience("validation", 6)
    )
    path = 2 - 2 * 0.75 ** np.arange(9)
    held = (path[np.arange(9) // 2 * 2] - 0.9) ** 2
    np.testing.assert_allclose(result.history["validation"], held, rtol=1e-12)
    np.testing.assert_allclose(result.state.objective.params, path[2], rtol=1e-12)


def test_a_nan_is_never_the_best():
    result = fit(lambda params: jnp.where(params > 0.6, jnp.nan, -params))
    np.testing.assert_allclose(result.state.objective.params, 0.5, rtol=1e-12)


def test_the_best_of_before_a_resume_counts(tmp_path):
    judge = Partial(away_from, jnp.array(1.0))
    with pm.Run.create(tmp_path / "run") as run:
        fit(judge, steps=5, run=run)
    with pm.Run.reopen(tmp_path / "run") as run:
        result = fit(judge, steps=9, run=run)
    whole = fit(judge)
    assert float(result.state.objective.params) == float(whole.state.objective.params)


def test_gauss_newton_has_its_value_and_odd_steps_are_refused():
    kept = keeping_best(LINE, lambda params: params**2, steps=1)
    result = pm.fit(
        kept, SAMPLER, pm.gauss_newton(), jnp.array(0.0), steps=4, key=jax.random.key(0)
    )
    assert float(result.params) == pytest.approx(2.0, abs=1e-6)
    assert float(result.state.objective.params) == 0.0
    with pytest.raises(ConfigurationError, match="keeping_best: steps"):
        keeping_best(LINE, lambda params: params**2, steps=0)
    with pytest.raises(ConfigurationError, match="validation"):  # two metrics of one name
        pm.fit(
            kept,
            SAMPLER,
            optax.sgd(0.1),
            jnp.array(0.0),
            steps=1,
            key=jax.random.key(0),
            measure={"validation": every(1, lambda params: params)},
        )
