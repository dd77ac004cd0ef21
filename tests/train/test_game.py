"""Two players: each one's own gradient, known spirals, known equilibria."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm

NOBODY = pm.fixed(())
PLAYERS = {"x": "x", "y": "y"}


def quadratic(a, b, c):
    """``min_x max_y ½a x² + b x y − ½c y²``, moved to an equilibrium at (1, −2)."""

    def f(p, _):
        x, y = p["x"] - 1.0, p["y"] + 2.0
        return 0.5 * a * x**2 + b * x * y - 0.5 * c * y**2

    return pm.train.game({"x": f, "y": lambda p, _: -f(p, _)})


def play(objective, optimizer, steps):
    start = {"x": jnp.array(1.5), "y": jnp.array(-1.0)}
    return pm.fit(objective, NOBODY, optimizer, start, steps=steps, key=jax.random.key(0))


def distance(params):
    return float(jnp.hypot(params["x"] - 1.0, params["y"] + 2.0))


def test_each_player_descends_its_own_cost():
    """With costs that are no zero-sum game: ``∂C_x/∂x`` and ``∂C_y/∂y``, and nothing crossed."""
    costs = {
        "x": lambda p, s: (jnp.mean(p["x"] * s) * p["y"] ** 2, {"size": p["x"]}),
        "y": lambda p, s: jnp.sum(p["y"]) * jnp.mean(s) + p["x"] ** 3 * p["y"],
    }
    params, s = {"x": jnp.array(2.0), "y": jnp.array(3.0)}, jnp.array([1.0, 3.0])
    e, _ = jax.jit(pm.train.game(costs).evaluate)(params, (), s)
    assert {name: float(slope) for name, slope in e.gradient.items()} == {"x": 18.0, "y": 10.0}
    found = {name: float(number) for name, number in e.metrics.items()}
    assert found == {"loss/x": 36.0, "loss/y": 30.0, "size/x": 2.0}
    assert float(e.loss) == 66.0 and e.jacobian is None and e.residual is None


def test_simultaneous_steps_spiral_as_known():
    """By ``√(1 + η²)`` a step outwards on ``x y``; inwards by ``|1 − η + 2iη|`` with curvature."""
    eta, steps = 0.2, 25
    away = distance(play(quadratic(0.0, 1.0, 0.0), optax.sgd(eta), steps).params)
    np.testing.assert_allclose(away, np.hypot(0.5, 1.0) * (1 + eta**2) ** (steps / 2), rtol=1e-12)
    there = distance(play(quadratic(1.0, 2.0, 1.0), optax.sgd(eta), steps).params)
    shrink = abs(1 - eta + 2j * eta)
    np.testing.assert_allclose(there, np.hypot(0.5, 1.0) * shrink**steps, rtol=1e-12)


def test_optimistic_steps_reach_the_equilibrium_of_a_bilinear_game():
    """Daskalakis et al. (2018), arXiv:1711.00141: where plain descent runs away."""
    result = play(quadratic(0.0, 1.0, 0.0), optax.optimistic_gradient_descent(0.3), 400)
    assert distance(result.params) < 1e-3


def test_the_optimizer_says_who_moves_when():
    """One mover at a time, and y five times as often: by ``multi_transform``, as by hand."""
    on = lambda optimizer, due: optax.conditionally_mask(optimizer, due)
    turns = optax.multi_transform(
        {
            "x": on(optax.sgd(0.1), lambda i: i % 6 == 5),
            "y": on(optax.sgd(0.2), lambda i: i % 6 < 5),
        },
        PLAYERS,
    )
    result = play(quadratic(0.0, 1.0, 0.3), turns, 24)
    x, y = 0.5, 1.0
    for i in range(24):
        x, y = (x - 0.1 * y, y) if i % 6 == 5 else (x, y + 0.2 * (x - 0.3 * y))
    np.testing.assert_allclose(float(result.params["x"]), 1.0 + x, rtol=1e-12)
    np.testing.assert_allclose(float(result.params["y"]), y - 2.0, rtol=1e-12)


def test_a_generator_learns_a_normal_density():
    """A linear generator against a quadratic discriminator, with a small penalty: the moments."""

    def discriminate(p, x):
        return p["discriminator"][0] * x + p["discriminator"][1] * x**2

    def fakes(p, batch):
        return p["generator"][0] + p["generator"][1] * batch["noise"]

    def of_discriminator(p, batch):
        real = jnp.mean(jax.nn.softplus(-discriminate(p, batch["real"])))
        fake = jnp.mean(jax.nn.softplus(discriminate(p, fakes(p, batch))))
        return real + fake + 0.1 * jnp.sum(p["discriminator"] ** 2)

    objective = pm.train.game(
        {
            "generator": lambda p, b: jnp.mean(jax.nn.softplus(-discriminate(p, fakes(p, b)))),
            "discriminator": of_discriminator,
        }
    )
    quantiles = jax.scipy.special.ndtri((jnp.arange(200) + 0.5) / 200)
    batch = {"real": 0.5 + 0.8 * quantiles, "noise": quantiles}
    start = {"generator": jnp.array([0.0, 1.0]), "discriminator": jnp.zeros(2)}
    result = pm.fit(
        objective, pm.fixed(batch), optax.sgd(0.1), start, steps=1500, key=jax.random.key(0)
    )
    np.testing.assert_allclose(result.params["generator"], [0.5, 0.8], atol=0.02)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"x": jnp.array(1.0)}, pm.errors.ShapeError, r"a dict of the players x, y, got \['x'\]"),
        (jnp.array(1.0), pm.errors.ShapeError, "a dict of the players"),
        (
            {"x": jnp.array(1.0), "y": jnp.array(1.0), "z": jnp.array(1.0)},
            pm.errors.ShapeError,
            r"got \['x', 'y', 'z'\]",
        ),
    ],
)
def test_parameters_are_those_of_the_players(params, error, message):
    with pytest.raises(error, match=message):
        quadratic(1.0, 1.0, 1.0).evaluate(params, (), ())


def test_what_is_no_game_is_refused():
    with pytest.raises(pm.errors.ConfigurationError, match="at least two players"):
        pm.train.game({"x": lambda p, _: p["x"]})
    params = {"x": jnp.array(1.0), "y": jnp.array(1.0)}
    mine = lambda p, _: p["x"] ** 2
    with pytest.raises(pm.errors.ConfigurationError, match="cost of 'y': no parameter"):
        pm.train.game({"x": mine, "y": mine}).evaluate(params, (), ())
    with pytest.raises(pm.errors.ShapeError, match="cost of 'y': expected one real"):
        pm.train.game({"x": mine, "y": lambda p, _: p["y"] * jnp.ones(2)}).evaluate(params, (), ())
