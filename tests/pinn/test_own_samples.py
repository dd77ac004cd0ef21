"""Points of one's own, and their weights, for conditions that make their samples themselves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError

BOX = pm.Box(t=(0, 2), x=(-1, 3))
SQUARE = pm.Box(x=(-1, 1), y=(-1, 1))
DROP = pm.pinn.Disk(radius=0.5)
TIMES = np.array([[0.0, 1.0], [0.5, -1.0], [2.0, 3.0]])
WEIGHTS = np.array([1.0, 0.0, 4.0])
LINE = pm.MLP(())


def evaluated(condition, own, *, domain=BOX, network=LINE, equation=lambda u, z: u(z)):
    """Rows, weights included, of a condition at points of one's own."""
    problem = pm.Problem(domain=domain, equation=equation, conditions=[condition])
    params = problem.initial_params(network, jax.random.key(1))
    sampler = pm.pinn.collocation(
        problem, network, points=4, condition_points={condition.name: own}
    )
    batch = sampler.sample(jax.random.key(0), sampler.init(jax.random.key(0), params), params)[1]
    objective = pm.least_squares(pm.pinn.residual_rows(problem, network), weights=problem.weights)
    state = objective.init(params)
    residual = jax.jit(objective.evaluate)(params, state, batch)[0].residual
    return problem.solution_field(network, params), batch[condition.name], residual[4:]


@pytest.mark.parametrize(
    "weight", [WEIGHTS, lambda z: jnp.where(z[0] > 1, 4.0, jnp.maximum(1 - 2 * z[0], 0))]
)
def test_an_integral_at_times_of_ones_own_each_with_its_weight(weight):
    """``r_i = √(w_i/3) (∫ u dx − t_i)``; whatever stands for x is overwritten by the nodes."""
    made = pm.pinn.integral(lambda z: z[0], over="x", nodes=4, weight=weight)
    field, samples, rows = evaluated(made, TIMES)
    np.testing.assert_array_equal(samples, TIMES)
    # The field is a line, of which the mean is the value in the middle, x = 1, of length 4.
    sums = np.array([4 * float(field(jnp.array([t, 1.0]))) - t for t in TIMES[:, 0]])
    np.testing.assert_allclose(rows, np.sqrt(WEIGHTS / 3) * sums, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("weight", [np.array([0.25, 1.0]), lambda z: jnp.where(z[0] > 0, 0.25, 1)])
def test_an_interface_at_places_of_ones_own_each_with_its_weight(weight):
    """``u₁ = x``, ``u₂ = y``: jumps ``x − y`` of values and of slopes, of the radius 1/2 twice."""
    places = np.array([[0.3, 0.4], [0.0, -0.5]])
    made = pm.pinn.interface("drop", "air", of=DROP, weight=weight)
    fields, samples, rows = evaluated(
        made,
        places,
        domain=SQUARE,
        network={"drop": LINE, "air": LINE},
        equation=lambda u, z: u["drop"](z),
    )
    np.testing.assert_array_equal(samples, places)
    expected = []
    for z, w in zip(jnp.asarray(places), (0.25, 1.0), strict=True):
        drop, air = fields["drop"], fields["air"]
        slope = (jax.grad(drop)(z) - jax.grad(air)(z)) @ (z / 0.5)
        expected += [np.sqrt(w / 2) * (drop(z) - air(z)), np.sqrt(w / 2) * slope]
    np.testing.assert_allclose(rows, expected, rtol=1e-12)


def test_an_integral_whose_value_or_weight_follows_its_own_variable_is_refused():
    """Its samples have any value there: ``∫ u dx = x`` was trained at random ones, silently."""
    for made in (
        pm.pinn.integral(lambda z: z[1], over="x"),
        pm.pinn.integral(0.0, over="x", weight=lambda z: 1.0 + z[1] ** 2),
    ):
        with pytest.raises(ConfigurationError, match="got one that changes with x"):
            pm.Problem(domain=BOX, equation=lambda u, z: u(z), conditions=[made])
    whole = pm.pinn.integral(lambda z: z[0], over=("t", "x"))
    with pytest.raises(ConfigurationError, match=r"value: .* changes with t or x"):
        pm.Problem(domain=BOX, equation=lambda u, z: u(z), conditions=[whole])


def test_own_samples_that_cannot_be_meant_are_refused():
    interface = pm.pinn.interface("drop", "air", of=DROP)
    two = {"domain": SQUARE, "network": {"drop": LINE, "air": LINE},
           "equation": lambda u, z: u["drop"](z)}  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"expected all on 'boundary' of .*\[0\.3 0\.5\]"):
        evaluated(interface, np.array([[0.3, 0.4], [0.3, 0.5]]), **two)
    with pytest.raises(ConfigurationError, match="interface drop air: expected all inside"):
        evaluated(interface, np.array([[2.0, 0.0]]), **two)
    with pytest.raises(ConfigurationError, match="integral x: expected all inside"):
        evaluated(pm.pinn.integral(0.0, over="x"), np.array([[3.0, 0.0]]))
    with pytest.raises(ConfigurationError, match="no coordinate is left to vary"):
        evaluated(pm.pinn.integral(0.0, over=("t", "x")), TIMES)
    weighed = pm.pinn.integral(0.0, over="x", weight=WEIGHTS)
    problem = pm.Problem(domain=BOX, equation=lambda u, z: u(z), conditions=[weighed])
    with pytest.raises(ConfigurationError, match="as many points of one's own as weights, 3"):
        pm.solve(problem, LINE, points=4, steps=0, progress=False)
    with pytest.raises(ShapeError, match=r"integral x: weight: .*\(3, 1\)"):
        pm.pinn.integral(0.0, over="x", weight=WEIGHTS[:, None])
