"""Hard constraints hold for any network."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

BOX = pm.Box(t=(0, 2), x=(-1, 3), y=(0, 1))


def rough(z):
    return 100.0 * jnp.cos(3 * z[0]) * jnp.exp(z[1]) + 7.0


@pytest.mark.parametrize("on", ["x", "x-", ("x+", "y"), ("t+",), ("x", "x-")])
def test_hard_dirichlet_holds_on_its_faces_alone(on):
    value = lambda z: jnp.sin(z[0]) + 2 * z[1] ** 2 * jnp.exp(z[2])
    ansatz = pm.pinn.hard_dirichlet(BOX, value, on=on)
    u = jax.vmap(lambda z: ansatz(rough, z) - value(z))
    np.testing.assert_allclose(u(BOX.boundary(jax.random.key(0), 24, on)), 0.0, atol=1e-12)
    assert np.abs(u(BOX.interior(jax.random.key(1), 24))).min() > 1e-6
    assert np.abs(u(BOX.boundary(jax.random.key(2), 24, "t-"))).max() > 1.0


def test_hard_dirichlet_looks_at_its_faces_alone():
    """Values that are NaN inside are interpolated from the faces; bilinear ones exactly."""
    square = pm.Box(x=(0, 2), y=(-1, 1))

    def value(z):
        on_a_face = jnp.any((z == square.lower) | (z == square.upper))
        return jnp.where(on_a_face, 3 + z[0] - 2 * z[0] * z[1], jnp.nan)

    inside = square.interior(jax.random.key(0), 16)
    found = jax.vmap(lambda z: pm.pinn.hard_dirichlet(square, value)(lambda y: 0.0 * y[0], z))(
        inside
    )
    np.testing.assert_allclose(found, 3 + inside[:, 0] - 2 * inside[:, 0] * inside[:, 1])


def test_hard_dirichlet_without_faces_means_those_of_space():
    """The boundary of space at all times, and neither the first time nor the last."""
    u = jax.vmap(lambda z: pm.pinn.hard_dirichlet(BOX, 2.0)(rough, z))
    faces = BOX.boundary(jax.random.key(0), 24, ("x", "y"))
    np.testing.assert_allclose(u(faces), 2.0, atol=1e-12)
    assert np.abs(u(BOX.boundary(jax.random.key(1), 24, "t")) - 2.0).min() > 1e-3


@pytest.mark.slow
def test_hard_dirichlet_on_a_polygon_serves_a_smooth_network():
    """The solution over ``D`` is smooth: over a distance it had kinks, and ended 45% off."""
    square = pm.pinn.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
    problem = pm.Problem(
        domain=square,
        equation=lambda u, z: pm.laplacian(u)(z) + 2 * jnp.pi**2 * jnp.prod(jnp.sin(jnp.pi * z)),
        ansatz=pm.pinn.hard_dirichlet(square),
        exact=lambda z: np.prod(np.sin(np.pi * z), axis=1),
    )
    solution = pm.solve(problem, pm.MLP((12, 12)), points=200, steps=40, check=False)
    assert solution.errors(square.grid(31)).relative_l2 < 0.02  # 0.007 measured


def test_hard_dirichlet_on_a_disk():
    disk = pm.pinn.Disk(radius=2.0)
    u = jax.vmap(lambda z: pm.pinn.hard_dirichlet(disk, 1.0)(lambda y: 5.0 + y[0], z))
    np.testing.assert_allclose(u(disk.boundary(jax.random.key(0), 16, "boundary")), 1.0, atol=1e-12)
    assert np.abs(u(disk.interior(jax.random.key(0), 16)) - 1.0).min() > 1e-3
    assert (
        float(pm.pinn.hard_dirichlet(disk, 1.0, on="boundary")(rough, jnp.array([2.0, 0.0]))) == 1.0
    )
    with pytest.raises(pm.errors.ConfigurationError, match="only a Box can leave faces out"):
        pm.pinn.hard_dirichlet(pm.pinn.l_shape(), on="edge0")


def test_hard_initial_value_and_velocity():
    start, rate = lambda z: jnp.sin(z[1]) + (z[0] - 0.5), lambda z: z[1] ** 2
    for ansatz, moving in (
        (pm.pinn.hard_initial(start, start=0.5), False),
        (pm.pinn.hard_initial(start, velocity=rate, start=0.5), True),
    ):
        u = lambda z, a=ansatz: a(rough, z)
        z = jnp.array([0.5, 0.3, 0.1])
        assert float(u(z)) == pytest.approx(np.sin(0.3), abs=1e-13)
        speed = float(pm.partial(u, 0)(z))
        assert (speed == pytest.approx(0.09, abs=1e-12)) is moving
        assert abs(float(u(z.at[0].set(1.0))) - np.sin(0.3)) > 1.0


def test_a_unit_of_time_scales_the_network_alone():
    start, rate = lambda z: jnp.sin(z[1]), lambda z: z[1] ** 2
    z = jnp.array([0.7, 0.3, 0.1])
    for velocity in (None, rate):
        power = 1 if velocity is None else 2
        plain = pm.pinn.hard_initial(start, velocity=velocity, start=0.5)(rough, z)
        scaled = pm.pinn.hard_initial(start, velocity=velocity, start=0.5, unit=0.1)(rough, z)
        expected = (0.2**power) * (10**power - 1) * rough(z)
        assert float(scaled - plain) == pytest.approx(float(expected))
    with pytest.raises(pm.errors.ConfigurationError, match="unit: expected a number > 0, got 0"):
        pm.pinn.hard_initial(start, unit=0.0)


def test_compose_applies_the_first_innermost():
    both = pm.pinn.compose(
        pm.pinn.hard_dirichlet(BOX, on="x"), pm.pinn.hard_initial(lambda z: jnp.cos(z[1]))
    )
    z = jnp.array([1.0, 1.0, 0.2])
    expected = np.cos(1.0) + float(pm.pinn.hard_dirichlet(BOX, on="x")(rough, z))
    assert float(both(rough, z)) == pytest.approx(expected, rel=1e-13)
    with pytest.raises(pm.errors.ConfigurationError, match="compose: expected at least one"):
        pm.pinn.compose()


PAIR = jnp.array([1.0, 0.0])
FITS_NO_SCALAR = {
    "a value": pm.pinn.hard_initial(PAIR),
    "a function": pm.pinn.hard_initial(lambda z: z),
    "a velocity": pm.pinn.hard_initial(1.0, velocity=PAIR),
    "faces": pm.pinn.hard_dirichlet(BOX, lambda z: jnp.stack([z[0], z[1]]), on="x"),
    "a number of faces": pm.pinn.hard_dirichlet(BOX, PAIR, on="x"),
    "a user's": lambda N, z: PAIR * N(z),
    "a user's sum": lambda N, z: N(z) + z[0] * PAIR,
    "a user's part of a chain": pm.pinn.compose(
        pm.pinn.hard_initial(1.0), lambda N, z: PAIR * N(z)
    ),
    "a helper in a chain": pm.pinn.compose(lambda N, z: z[0] * N(z), pm.pinn.hard_initial(PAIR)),
    "a helper in a lambda": lambda N, z: jnp.sum(pm.pinn.hard_initial(PAIR)(N, z)),
    "one component": lambda N, z: N(z)[None],
}


@pytest.mark.parametrize("several", [False, True], ids=["one unknown", "several"])
@pytest.mark.parametrize("ansatz", FITS_NO_SCALAR.values(), ids=FITS_NO_SCALAR)
def test_nothing_is_broadcast_against_a_scalar_network(ansatz, several):
    """A value of another shape made two unknowns of one, both wrong."""
    network = {"u": pm.MLP((3,))} if several else pm.MLP((3,))
    made = {"u": ansatz} if several else ansatz
    problem = pm.Problem(domain=BOX, equation=lambda u, z: u, ansatz=made)
    with pytest.raises(pm.errors.ShapeError, match=r"expected .* shape \(\).* got \([123],\)"):
        problem.initial_params(network, jax.random.key(0))


@pytest.mark.parametrize(
    "ansatz",
    [
        pm.pinn.hard_initial(jnp.ones(3)),
        pm.pinn.hard_initial(1.0, velocity=jnp.ones(3)),
        lambda N, z: N(z)[0],
        lambda N, z: jnp.ones(3),
        pm.pinn.compose(lambda N, z: N(z)[0], lambda N, z: N(z) * PAIR),
    ],
)
def test_nothing_is_broadcast_against_a_vector_network(ansatz):
    problem = pm.Problem(domain=BOX, equation=lambda u, z: u(z), ansatz=ansatz, components=2)
    with pytest.raises(pm.errors.ShapeError, match=r"shape \(2,\).* got \((3,)?\)"):
        problem.initial_params(pm.MLP((3,), outputs=2), jax.random.key(0))


def test_a_number_stands_for_each_component_and_a_vector_for_its_own():
    for value, expected in ((2.0, [2.0, 2.0]), (PAIR, PAIR), (lambda z: z[1:], [0.5, 0.25])):
        problem = pm.Problem(
            domain=BOX,
            equation=lambda u, z: u(z),
            components=2,
            ansatz=pm.pinn.compose(pm.pinn.hard_initial(value, velocity=value)),
        )
        network = pm.MLP((3,), outputs=2)
        u = problem.solution_field(network, problem.initial_params(network, jax.random.key(0)))
        np.testing.assert_array_equal(u(jnp.array([0.0, 0.5, 0.25])), expected)
