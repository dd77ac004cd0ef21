"""Weights of single points of a problem: of equations, conditions and measured data."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError, UnknownNameError

LINE = pm.MLP(())
BOX = pm.Box(x=(-1, 1))
OWN = np.array([[-0.8], [0.1], [0.9]])
PLACES, VALUES = np.array([[-0.5], [0.0], [0.7], [0.3]]), np.array([1.0, 2.0, -1.0, 99.0])


def given(u, z):
    return u(z) - z[0] ** 2


def by_place(z):
    return 1.0 + 3.0 * z[0] ** 2


@pytest.mark.parametrize("weight", [by_place, by_place(OWN.T)], ids=["a function", "an array"])
def test_a_line_is_the_weighted_one(weight):
    """``u = a + b x`` solves weighted normal equations; a datum of weight 0 is none."""
    of_data = np.array([4.0, 1.0, 0.5, 0.0])
    problem = pm.Problem(
        domain=BOX,
        equation=given,
        weight=weight,
        conditions=[
            pm.pinn.measured(PLACES, VALUES, weight=of_data),
            pm.dirichlet(0.0, on="x+", weight=lambda z: 2.0 * z[0]),
        ],
    )
    solution = pm.solve(
        problem, LINE, points=OWN, condition_points=1, steps=30, scale=False, check=False
    )
    places = np.concatenate([OWN, PLACES, [[1.0]]])[:, 0]
    targets = np.concatenate([OWN[:, 0] ** 2, VALUES, [0.0]])
    roots = np.sqrt(np.concatenate([by_place(OWN.T) / 3, of_data / 4, [2.0]]))
    table = roots[:, None] * np.stack([np.ones(8), places], axis=1)
    a, b = np.linalg.lstsq(table, roots * targets, rcond=None)[0]
    np.testing.assert_allclose(solution(OWN), a + b * OWN[:, 0], rtol=1e-6)


def problem(**stated):
    return pm.Problem(**({"domain": BOX, "equation": given} | stated))


def held(weight):
    return {"conditions": [pm.dirichlet(0.0, on="x", weight=weight)]}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: problem(weight=0.0), ConfigurationError, "equation: weight: .* > 0, got 0.0"),
        (lambda: problem(weight="big"), ConfigurationError, "equation: weight: .*'big'"),
        (lambda: problem(weight=[1.0, -1.0]), ConfigurationError, "equation: weight: .* index 1"),
        (lambda: problem(weight=lambda z: z[0]), ConfigurationError, "≥ 0 at every point.* got -"),
        (lambda: problem(weight=lambda z: 0.0), ConfigurationError, "zero at all of them"),
        (lambda: problem(weight=lambda z: np.sin(z[0])), ConfigurationError, r"jnp\.sin"),
        (lambda: problem(weight=lambda z: z), ShapeError, "one number a sample"),
        (lambda: problem(weight={"mass": 2.0}), UnknownNameError, "equation 'mass'"),
        (lambda: problem(**held(lambda z: -1.0)), ConfigurationError, "^dirichlet x: weight: "),
        (lambda: problem(**held(np.ones((2, 2)))), ShapeError, r"dirichlet x: weight: .*\(2, 2\)"),
        (lambda: pm.dirichlet(0.0, on="x", weight=np.inf), ConfigurationError, "got inf"),
        (
            lambda: pm.pinn.measured(PLACES, VALUES, weight=np.ones(3)),
            ShapeError,
            "data: weight: .* 4 points",
        ),
    ],
)
def test_what_is_no_weight_is_refused_when_stated(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("points", [3, (1, OWN[:2]), OWN[:2]])
def test_an_array_of_weights_belongs_to_own_points(points):
    """Three weights and three drawn points have nothing to do with each other."""
    with pytest.raises(ConfigurationError, match="equation: weight: expected as many points of"):
        pm.solve(problem(weight=np.ones(3)), LINE, points=points, steps=1)


def test_a_function_of_the_point_weighs_measured_data_too():
    condition = pm.pinn.measured(PLACES, VALUES, weight=by_place)
    objective = pm.least_squares(
        {"data": lambda p, s: p * s[0][0] - s[1]}, weights={"data": condition.weight}
    )
    batch = {"data": condition.samples(BOX, jax.random.key(0), 4, pm.sampling.sobol)}
    found, _ = objective.evaluate(jnp.array(2.0), objective.init(jnp.array(2.0)), batch)
    rows = np.sqrt(by_place(PLACES.T) / 4) * (2 * PLACES[:, 0] - VALUES)
    np.testing.assert_allclose(found.residual, rows, rtol=1e-12)
