"""Invertible networks: there and back, and the volume is that of the Jacobian."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from physml.errors import ConfigurationError, ShapeError
from physml.networks import (
    MLP,
    Adaptive,
    ContinuousFlow,
    LatticeVelocity,
    RealNVP,
    RungeKutta,
    Velocity,
)

KEY = jax.random.key(0)


def shaken(network, shape, size=0.1):
    """Parameters far from the start, where flows do nothing."""
    params = jax.jit(network.init)(KEY, jnp.ones(shape))
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    moved = [x + size * jax.random.normal(k, x.shape) for x, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(tree, moved)


# Exact to rounding; and, of flows in time, to what their steps leave.
FLOWS = {
    "real-nvp": (RealNVP(3, (5,)), (2, 3), 1e-13, 0.5),
    "real-nvp-odd": (RealNVP(2, (4, 4), odd=True, activation="silu"), (5,), 1e-13, 0.5),
    "lattice": (ContinuousFlow(LatticeVelocity(3, 2), RungeKutta(40)), (2, 3), 1e-6, 0.1),
    "dense": (ContinuousFlow(Velocity(MLP((4,), outputs=2)), RungeKutta(40)), (2,), 1e-6, 0.3),
    "adaptive": (
        ContinuousFlow(Velocity(MLP((4,), outputs=2)), Adaptive(1e-9, 1e-9)),
        (2,),
        1e-6,
        0.3,
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "adaptive")) for n in FLOWS]
)
def test_the_volume_is_that_of_the_jacobian_and_the_way_back_leads_back(name):
    network, shape, tolerance, size = FLOWS[name]
    params = shaken(network, shape, size)
    x = jax.random.normal(KEY, shape)

    @jax.jit
    def both(params, x):
        y, log_det = network.apply(params, x)
        flat = lambda x: network.apply(params, x.reshape(shape))[0].ravel()
        true = jnp.linalg.slogdet(jax.jacfwd(flat)(x.ravel()))[1]
        back, log_way_back = network.apply(params, y, inverse=True)
        return y, log_det, true, back, log_way_back

    y, log_det, true, back, log_way_back = both(params, x)
    assert abs(log_det - true) < tolerance and abs(log_det + log_way_back) < tolerance
    np.testing.assert_allclose(back, x, atol=tolerance)
    assert abs(log_det) > 0.01 and np.abs(y - x).max() > 0.05


def test_an_odd_flow_is_odd():
    network, shape, *_ = FLOWS["real-nvp-odd"]
    params = shaken(network, shape, 0.5)
    x = jax.random.normal(KEY, shape)
    (up, volume), (down, same) = (jax.jit(network.apply)(params, sign * x) for sign in (1, -1))
    np.testing.assert_allclose(down, -up, rtol=1e-12)
    assert float(volume) == pytest.approx(float(same), rel=1e-12)


def test_a_velocity_of_a_lattice_has_its_symmetries():
    """Translations, a reflection, an exchange of axes, and the sign of the field."""
    network = LatticeVelocity(3, 2)
    x, t = jax.random.normal(KEY, (4, 4)), jnp.array(0.3)
    params = network.init(KEY, x, t)
    params = jax.tree.map(
        lambda p: p + 0.3 * jnp.sin(1 + jnp.arange(p.size).reshape(p.shape)), params
    )
    apply = jax.jit(network.apply)
    v, divergence = apply(params, x, t)
    assert np.abs(v).max() > 0.1
    moves = (
        lambda x: jnp.roll(x, (1, 2), (0, 1)),
        lambda x: x[::-1],
        lambda x: x.T,
        lambda x: -x,
    )
    for move in moves:
        moved, same = apply(params, move(x), t)
        np.testing.assert_allclose(moved, move(v), atol=1e-12)
        assert float(same) == pytest.approx(float(divergence), abs=1e-12)
    jacobian = jax.jacfwd(lambda x: apply(params, x.reshape(4, 4), t)[0].ravel())(x.ravel())
    assert float(divergence) == pytest.approx(float(jnp.trace(jacobian)), rel=1e-12)


def test_a_rectangle_does_not_exchange_its_axes():
    kinds = lambda shape: jax.eval_shape(
        LatticeVelocity(1, 1).init, KEY, jnp.ones(shape), jnp.array(0.0)
    )["params"]["weights"].shape[1]
    assert (kinds((4, 4)), kinds((4, 6)), kinds((16,))) == (6, 12, 9)


def test_the_rule_is_of_fourth_order():
    """On y' = −y the error falls sixteen times with half the step."""
    errors = []
    for steps in (4, 8):
        end = RungeKutta(steps)(lambda t, y: -y * jnp.cos(t), jnp.array(1.0), 0.0, 1.0)
        errors.append(abs(float(end) - np.exp(-np.sin(1.0))))
    assert 13 < errors[0] / errors[1] < 20
    assert RungeKutta(4).refined() == RungeKutta(8)


class Wrong(nn.Module):
    """One output too many."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: RealNVP(0), ConfigurationError, "layers: expected"),
        (lambda: RealNVP(2, (0,)), ConfigurationError, "widths"),
        (lambda: RealNVP(2).init(KEY, jnp.ones(1)), ShapeError, "two entries or more"),
        (lambda: LatticeVelocity(0), ConfigurationError, "frequencies"),
        (lambda: LatticeVelocity(2, 0), ConfigurationError, "times"),
        (lambda: RungeKutta(0), ConfigurationError, "steps"),
        (lambda: Adaptive(0.0), ConfigurationError, "rtol"),
        (lambda: Adaptive(max_steps=0), ConfigurationError, "max_steps"),
        (
            lambda: ContinuousFlow(Velocity(Wrong())).init(KEY, jnp.ones(2)),
            ShapeError,
            r"expected outputs \(2,\)",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
