"""One precision for parameters, points and rows, and a word where it is single."""

from __future__ import annotations

import warnings

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm


class Plain(nn.Module):
    """A network as flax writes them: its parameters are float32 whatever jax's own precision."""

    dtype: object = None
    param_dtype: object = jnp.float32

    @nn.compact
    def __call__(self, x):
        dense = lambda width: nn.Dense(width, dtype=self.dtype, param_dtype=self.param_dtype)
        return dense(1)(jnp.tanh(dense(6)(x)))[0]


GROWTH = pm.Problem(
    domain=pm.Box(t=(0, 1)),
    equation=lambda u, z: pm.partial(u, 0)(z) - u(z),
    ansatz=lambda N, z: 1 + z[0] * N(z),
    exact=lambda z: np.exp(z[:, 0]),
)


def dtypes(tree):
    return {leaf.dtype.name for leaf in jax.tree.leaves(tree)}


def solve(network, optimizer, **options):
    return pm.solve(GROWTH, network, optimizer=optimizer, points=24, check=False, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    [pm.gauss_newton(), pm.natural_gradient(0.5, damping=1e-6), pm.ssbroyden(), optax.adam(1e-2)],
    ids=["gauss-newton", "natural gradient", "ssbroyden", "adam"],
)
def test_single_precision_parameters_become_those_of_the_points(optimizer):
    solution = solve(Plain(), optimizer, steps=20)
    assert dtypes(solution.params) == {"float64"}
    assert solution.result.history["loss"][-1] < solution.result.history["loss"][0]


def test_double_precision_is_reached_by_a_plain_network():
    assert solve(Plain(), pm.gauss_newton(), steps=60).errors().relative_l2 < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("kind", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
def test_a_dtype_of_its_own_is_left_to_a_module(kind):
    """It computes as it says; its parameters, and the rows that the optimizer sees, do not."""
    module = Plain(dtype=kind, param_dtype=kind)
    solution = solve(module, pm.gauss_newton(), steps=3)
    assert dtypes(solution.params) == {"float64"}
    assert module.apply(solution.params, jnp.zeros(1)).dtype == kind
    assert solution.result.history["loss"].dtype == np.float64


@pytest.mark.slow
def test_parameters_of_another_precision_may_be_given():
    start = GROWTH.initial_params(Plain(), jax.random.key(1))
    lower = jax.tree.map(lambda x: x.astype(jnp.float16), start)
    assert dtypes(solve(Plain(), optax.adam(1e-3), params=lower, steps=1).params) == {"float64"}


@pytest.mark.slow
def test_a_fit_takes_the_widest_precision_it_meets():
    """Of parameters and points; integers are no matter, complex numbers are two of them."""
    row = lambda p, x: p["a"] * jnp.real(p["c"]) * x - 1.0
    params = {"a": jnp.float32(0.5), "c": jnp.complex64(1.0 + 1.0j)}

    def kinds(x, **start):
        fitted = pm.fit(
            pm.least_squares({"row": row}),
            pm.fixed({"row": x}),
            pm.gauss_newton(),
            params | start,
            steps=1,
            key=jax.random.key(0),
        )
        return {name: leaf.dtype.name for name, leaf in fitted.params.items()}

    assert kinds(jnp.arange(1, 4)) == {"a": "float32", "c": "complex64"}
    assert kinds(jnp.ones(3, jnp.float32)) == {"a": "float32", "c": "complex64"}
    assert kinds(jnp.ones(3)) == {"a": "float64", "c": "complex128"}
    assert kinds(jnp.arange(1, 4), a=jnp.float64(0.5)) == {"a": "float64", "c": "complex128"}


@pytest.mark.slow
def test_a_wave_function_of_flax_is_measured_in_double_precision():
    class Bump(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(1)(jnp.tanh(nn.Dense(4)(x.ravel())))[0]

    trap = pm.vmc.HarmonicOscillator()
    state = pm.ground_state(trap, Bump(), walkers=32, steps=2, measurements=20)
    assert dtypes(state.params) == {"float64"}


@pytest.mark.slow
def test_single_precision_is_said_once_and_may_be_silenced():
    with jax.enable_x64(False):
        with pytest.warns(pm.errors.PrecisionWarning, match="jax_enable_x64"):
            solution = solve(Plain(), optax.adam(1e-3), steps=1)
        assert dtypes(solution.params) == {"float32"}
        with warnings.catch_warnings(record=True) as said:
            warnings.resetwarnings()
            for _ in range(3):
                solve(Plain(), optax.adam(1e-3), steps=1)
        assert [w.category for w in said] == [pm.errors.PrecisionWarning]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pm.errors.PrecisionWarning)
            solve(Plain(), optax.adam(1e-3), steps=1)
        # A phase that asks for single precision, and a ground state, are no cause for a word.
        pm.ground_state(
            pm.vmc.HarmonicOscillator(), pm.MLP((4,)), walkers=32, steps=2, measurements=20
        )
    solve(
        Plain(), optax.adam(1e-3), steps=1, warm_up=pm.pinn.Phase(optax.adam(1e-3), 1, precision=32)
    )
