"""A term that no parameter can change is refused before training, alone or beside others."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.errors import ConfigurationError


def network(activation):
    return pm.MLP((4, 4), activation=activation)


def plane(operator, **options):
    return pm.Problem(domain=pm.Box(x=(0, 1), y=(0, 1)), equation=operator, **options)


UNTOUCHED = {
    "relu, second derivative": (nn.relu, lambda u, z: pm.partial(u, 0, 0)(z) - 1.0),
    "relu, Laplacian": (nn.relu, lambda u, z: pm.laplacian(u)(z)),
    "relu, forward Laplacian": (
        nn.relu,
        lambda u, z: pm.laplacian(u, method=pm.calculus.forward_laplacian)(z) - z[0],
    ),
    "leaky relu, mixed derivative": (nn.leaky_relu, lambda u, z: pm.partial(u, 0, 1)(z)),
    "a linear network": (lambda x: x, lambda u, z: pm.laplacian(u)(z) + 1.0),
    "no unknown": (jnp.tanh, lambda u, z: jnp.sin(z[0])),
    "a rounded unknown": (jnp.tanh, lambda u, z: jnp.round(u(z)) - 1.0),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_an_equation_that_no_parameter_can_change_is_refused(case):
    activation, operator = UNTOUCHED[case]
    with pytest.raises(ConfigurationError, match="term 'equation': no parameter can change"):
        pm.solve(plane(operator), network(activation), points=8, steps=1)


def test_one_term_of_several_is_named():
    equations = {
        "first": lambda u, z: pm.partial(u, 0)(z) - 1.0,
        "second": lambda u, z: pm.partial(u, 1, 1)(z),
    }
    for steps in (0, 1):
        with pytest.raises(ConfigurationError, match=r"term 'second'.*smooth activation"):
            pm.solve(plane(equations), network(nn.relu), points=8, steps=steps)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [pm.gauss_newton(), optax.adam(1e-3)], ids=["2nd", "1st"])
def test_what_is_zero_only_at_the_start_passes(optimizer):
    """Sums that start at zero, u u_x whose every row then vanishes, and conditions that are met."""
    problem = pm.Problem(
        domain=pm.Box(t=(0, 1), x=(-1, 1)),
        equation=lambda u, z: u(z) * pm.partial(u, 1)(z),
        ansatz=lambda N, z: z[0] * N(z),
        conditions=[pm.dirichlet(0.0, on="t-")],
        periodic="x",
    )
    sums = pm.networks.FourierSeries(2, waves=2)
    solution = pm.solve(problem, sums, optimizer=optimizer, points=16, steps=1)
    np.testing.assert_array_equal(solution(np.array([[0.0, 0.3], [0.5, 0.1]]))[0], 0.0)
    assert np.isfinite(solution.result.history["loss"]).all()


@pytest.mark.slow
def test_smooth_and_first_derivatives_pass():
    for activation, operator in (
        (nn.relu, lambda u, z: pm.partial(u, 0)(z) - 1.0),
        (jnp.tanh, lambda u, z: pm.laplacian(u, method=pm.calculus.forward_laplacian)(z)),
        (nn.elu, lambda u, z: pm.laplacian(u)(z)),
    ):
        pm.solve(plane(operator), network(activation), points=8, steps=0)


def test_it_sees_through_what_jit_hides():
    row = jax.jit(lambda p, z: jnp.floor(p * z) + jax.jit(jnp.zeros_like)(p))
    objective = pm.least_squares({"steps": row})
    with pytest.raises(ConfigurationError, match="term 'steps'"):
        objective.evaluate(jnp.array(1.0), objective.init(jnp.array(1.0)), {"steps": jnp.ones(3)})
