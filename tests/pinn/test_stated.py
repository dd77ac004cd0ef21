"""What a user may state wrongly: each is named, with what was expected, what came and the cure."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError, UnknownNameError

BOX = pm.Box(t=(0, 1), x=(0, 1))
NETWORK = pm.MLP((3,))


def transport(u, z):
    return pm.partial(u, "t")(z) + pm.partial(u, "x")(z)


def traced(network=NETWORK, **stated):
    """The shapes of all residuals: what ``solve`` sees first."""
    problem = pm.Problem(**({"domain": BOX, "equation": transport} | stated))
    one = jnp.zeros(2)
    if isinstance(network, dict):
        params = {name: module.init(jax.random.key(0), one) for name, module in network.items()}
    else:
        params = network.init(jax.random.key(0), one)
    rows = pm.pinn.residual_rows(problem, network)
    samples = {c.name: jax.tree.map(lambda leaf: leaf[0], c.data) for c in problem.conditions}
    return {
        name: jax.eval_shape(row, params, one if samples.get(name) is None else samples[name]).shape
        for name, row in rows.items()
    }


def branch(u, z):
    return u(z) if z[0] > 0.5 else -u(z)


POINT = np.zeros((1, 2))
UNTRACEABLE = {
    "np.sin": ({"equation": lambda u, z: u(z) - np.sin(z[1])}, "^equation: .*jnp.sin"),
    "by name": ({"equation": {"mass": lambda u, z: np.exp(u(z))}}, "^equation 'mass': .*jax.numpy"),
    "an if": ({"equation": branch}, r"^equation: .*if.*jnp\.where"),
    "math": ({"equation": lambda u, z: u(z) * math.sin(z[0])}, "^equation: .*math.*jnp.sin"),
    "an index": ({"equation": lambda u, z: (0.0, 1.0)[z[0].astype(int)]}, "^equation: .*index"),
    "np.interp in a value": (
        {"conditions": [pm.dirichlet(lambda z: np.interp(z[0], [0, 1], [0, 1]), on="x")]},
        "^dirichlet x: value: .*jnp.interp",
    ),
    "a slope": (
        {"conditions": [pm.pinn.neumann(lambda z: np.cos(z[0]), on="x+")]},
        r"^neumann x\+: value: .*numpy",
    ),
    "a coefficient": (
        {"conditions": [pm.pinn.robin(lambda z: np.cos(z[0]), 1.0, 0.0, on="x+")]},
        r"^robin x\+: alpha: .*numpy",
    ),
    "a start": (
        {"conditions": [pm.initial(lambda z: max(z[1], 0.5))]},
        r"^initial: value: .*max.*jnp\.maximum",
    ),
    "a residual": (
        {"conditions": [pm.pinn.require(branch, on="x")]}, "^require x: .*jnp.where",
    ),
    "what was measured": (
        {"conditions": [pm.pinn.measured(POINT, [1.0], of=lambda u, z: np.sin(u(z)))]},
        "^data: .*jnp.sin",
    ),
    "an integrand": (
        {"conditions": [pm.pinn.integral(1.0, over="x", of=lambda u, z: np.abs(u(z)))]},
        "^integral x: .*numpy",
    ),
    "an ansatz": ({"ansatz": lambda N, z: np.sin(z[0]) * N(z)}, "ansatz: .*jnp.sin"),
    "a built-in start": (
        {"ansatz": pm.pinn.hard_initial(lambda z: np.sin(z[1]))},
        "hard_initial: value: .*jnp.sin",
    ),
    "features": ({"features": lambda z: np.sin(z)}, "^features: .*jnp.sin"),
    "a field for a number": ({"equation": lambda u, z: u * 2}, r"^equation: .*u\(z\)"),
    "a derivative for a number": (
        {"equation": lambda u, z: pm.partial(u, 0) - 1}, r"^equation: .*pm\.partial\(u, 0\)\(z\)",
    ),
    "a derivative for a value": (
        {"equation": lambda u, z: pm.partial(u, 0)}, r"^equation: .*got a function; evaluate it",
    ),
    "a name of one unknown": ({"equation": lambda u, z: u["p"](z)}, r"^equation: u: .*u\['p'\]"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNTRACEABLE)
def test_what_cannot_be_traced_is_named_with_what_to_write(case):
    stated, message = UNTRACEABLE[case]
    with pytest.raises(ConfigurationError, match=f"(?s){message}"):
        traced(**stated)


def test_solve_says_the_same():
    problem = pm.Problem(domain=BOX, equation=lambda u, z: u(z) - np.sin(z[1]))
    with pytest.raises(ConfigurationError, match=r"^equation: .*jnp\.sin"):
        pm.solve(problem, NETWORK, points=4, steps=1)


def test_values_on_a_shared_face_are_named_too():
    """Two conditions on one face are compared when the problem is stated."""
    ramp = pm.dirichlet(lambda z: np.interp(z[0], [0, 1], [0, 1]), on="x-", name="ramp")
    with pytest.raises(ConfigurationError, match=r"value: .*jnp\.interp"):
        pm.Problem(domain=BOX, equation=transport, conditions=[ramp, pm.dirichlet(0.0, on="x")])


def test_a_misspelt_unknown_is_named_with_those_that_are():
    two = {"velocity": NETWORK, "pressure": NETWORK}
    for equation in (lambda f, z: f["presure"](z), lambda f, z: pm.partial(f["presure"], 0)(z)):
        with pytest.raises(UnknownNameError, match=r"^equation: unknown field 'presure'\. Did you"):
            traced(two, equation=equation)
    named = pm.pinn.require(lambda f, z: f["w"](z), on="x")
    with pytest.raises(UnknownNameError, match=r"^require x: .*Known: pressure, velocity"):
        traced(two, equation=lambda f, z: f["pressure"](z), conditions=[named])
    with pytest.raises(ConfigurationError, match=r"^equation: .*u\['p'\]\(z\), got u"):
        traced(two, equation=lambda u, z: u(z))


def test_a_field_takes_one_point():
    """Many would be read as one: rows as coordinates."""
    problem = pm.Problem(domain=BOX, equation=transport, ansatz=lambda N, z: z[0] * N(z))
    u = problem.solution_field(NETWORK, problem.initial_params(NETWORK, jax.random.key(0)))
    assert u(jnp.ones(2)).shape == ()
    for points in (jnp.ones((5, 2)), jnp.ones(3), jnp.ones((2, 2))):
        with pytest.raises(ShapeError, match=r"one point \(2,\) .*got an array"):
            u(points)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"domain": (0, 1)}, r"domain: expected a region.* got \(0, 1\)"),
        ({"equation": 0.0}, r"equation: expected a function of \(u, z\), got 0.0"),
        ({"equation": lambda z: z}, r"equation: expected .*\(u, z\), got one of \(z\)"),
        ({"equation": {"heat": lambda u: u}}, r"equation 'heat': .* got one of \(u\)"),
        ({"conditions": pm.dirichlet(0.0, on="x")}, "conditions: expected a list"),
        ({"conditions": [transport]}, "conditions: .* at index 0"),
        ({"features": lambda u, z: z}, r"features: expected a function of \(z\)"),
        ({"ansatz": lambda z: z}, r"ansatz: expected a function of \(network, z\)"),
        ({"exact": np.zeros(3)}, r"exact: expected a function of \(points\), got array"),
        ({"exact": {"u": 1.0}}, "exact 'u': expected a function"),
    ],
)
def test_a_problem_is_made_of_the_right_things(stated, message):
    with pytest.raises(ConfigurationError, match=message):
        pm.Problem(**({"domain": BOX, "equation": transport} | stated))


def test_functions_with_further_defaults_are_as_good():
    speed = 2.0
    equation = lambda u, z, c=speed: pm.partial(u, "t")(z) + c * pm.partial(u, "x")(z)
    edge = pm.pinn.require(lambda u, z, c=speed: c * u(z), on="x")
    assert not edge.normal
    assert traced(equation=equation, conditions=[edge]) == {"equation": (), "require x": ()}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pm.dirichlet(lambda u, z: z, on="x"), r"dirichlet x: value: .*\(z\), got one of"),
        (lambda: pm.pinn.require(lambda z: z, on="x"), r"require x: residual: .*\(u, z\)"),
        (lambda: pm.pinn.require(0.0, on="x"), "require x: residual: .* got 0.0"),
        (lambda: pm.pinn.measured(POINT, [1.0], of=lambda z: z), r"data: of: .*\(u, z\)"),
        (lambda: pm.pinn.integral(1.0, over="x", of=lambda z: z), r"integral x: of: .*\(u, z\)"),
    ],
)
def test_conditions_take_functions_of_the_right_arguments(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_an_exact_solution_of_one_point_is_told_that_it_gets_all():
    line = pm.Problem(
        domain=pm.Box(x=(0, 1)), equation=lambda u, z: u(z), exact=lambda z: math.sin(z[0])
    )
    params = line.initial_params(NETWORK, jax.random.key(0))
    solution = pm.pinn.Solution(line, NETWORK, params)
    with pytest.raises(ConfigurationError, match=r"problem: exact: .* z\[:, 0\], .*TypeError"):
        solution.errors(np.zeros((3, 1)) + np.arange(3)[:, None] * np.ones((3, 2))[:, :1])


def test_other_failures_keep_their_type_and_say_where():
    def broken(u, z):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        traced(equation={"momentum": broken})
    assert "equation 'momentum'" in caught.value.__notes__[0]
