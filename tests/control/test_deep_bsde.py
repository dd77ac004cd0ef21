"""Backward equations by paths: closed forms, the order of Euler's error, bars that hold."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

import physml as pm
from physml.control.backward_equations.curvature import curvature
from physml.control.backward_equations.deep_bsde import checked_curve
from physml.control.backward_equations.fresh_value import against_step_size
from physml.control.backward_equations.paths import coarser, draw_noise, path_of
from physml.control.backward_equations.rolled_forward import miss
from physml.control.backward_equations.steered_paths import is_controlled, steered
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)

KEY = jax.random.key(0)
QUIET = {"progress": False, "key": KEY}
SQUARE = pm.control.Backward(lambda x: jnp.sum(x**2), np.array([1.0, -1.0]), 0.5)


class Exact(nn.Module):
    """``∇u`` of the Hamilton–Jacobi–Bellman equation in one dimension, ``λ = 2``, ``g = x²/4``.

    ``u = a(t) x² + b(t)``: ``a′ = 4λa²``, so that ``a = 1/(4 + 4λ(T − t))``.
    """

    bent: float = 0.0

    @nn.compact
    def __call__(self, t, x):
        scale = self.param("scale", nn.initializers.ones, ())
        return scale * (2 * x / (4 + 8 * (1 - t)) + self.bent * jnp.cos(x))


QUADRATIC = pm.control.Backward(
    lambda x: 0.25 * jnp.sum(x**2),
    np.array([1.0]),
    1.0,
    sigma=2**0.5,
    f=lambda t, x, y, z: -jnp.sum(z**2),
    known=1 / 12 + np.log(12 / 4) / 4,
)


EXACT = Exact()
PARAMS = {"value": jnp.array(0.3), "model": EXACT.init(KEY, jnp.zeros(()), jnp.zeros(1))}


def _judged(bent, paths=20_000, seed=1, steps=(8, 16, 32)):
    network = Exact(bent)
    return pm.control.BackwardSolution.judged(
        QUADRATIC,
        network,
        PARAMS,
        scalar=False,
        steps=16,
        curve=steps,
        paths=paths,
        key=jax.random.key(seed),
    )


@pytest.fixture(scope="module")
def exact():
    return _judged(0.0)


@pytest.fixture(scope="module")
def bent():
    return _judged(0.05)


def test_the_closed_form_solves_its_equation():
    """``b′ = −2a``, and ``u(0, 1) = a(0) + b(0)``, by the field's own derivatives."""

    def u(point):
        t, x = point
        left = 4 + 8 * (1 - t)
        return x**2 / left + jnp.log(left / 4) / 4

    point = jnp.array([0.3, 0.7])
    slope, second = jax.jit(lambda p: (jax.grad(u)(p), jax.hessian(u)(p)))(point)
    assert slope[0] + second[1, 1] - 2 * slope[1] ** 2 == pytest.approx(0, abs=1e-12)
    assert u(jnp.array([0.0, 1.0])) == pytest.approx(QUADRATIC.exact(), abs=1e-12)


def test_of_the_exact_gradient_only_the_step_size_is_left(exact):
    """First order: of halves of the step half of the error; without step size the exact value."""
    for found in (exact.steered, exact.plain):
        assert abs(found.value - QUADRATIC.exact()) < 4 * found.error + found.leap / 3
        assert found.misses[0] / found.misses[2] > 1.8
    ratio = np.diff(exact.steered.values - QUADRATIC.exact())
    assert ratio[0] / ratio[1] == pytest.approx(2, rel=0.5)
    assert np.abs(exact.steered.values[0] - QUADRATIC.exact()) > 8 * exact.steered.errors[0]


def test_steered_paths_are_blind_to_a_bent_gradient_to_first_order(bent):
    """Plain paths see ``λ∫Z·δZ``; steered ones the second order, which the bound holds."""
    true = QUADRATIC.exact()
    plain, best = abs(bent.plain.value - true), abs(bent.value - true)
    assert plain > 10 * bent.plain.error and best < 0.3 * plain
    assert best < bent.value_error
    assert bent.bound > bent.steered.error


def test_bars_hold(exact):
    """A hundred judgements of an exact gradient scatter as their bars say."""
    row = miss(QUADRATIC, EXACT.apply, scalar=False)

    @jax.jit
    @jax.vmap
    def values(key):
        noise = draw_noise(QUADRATIC, key, 8)
        ends = [row(PARAMS, path_of(QUADRATIC, coarser(noise, count))) for count in (4, 8)]
        return PARAMS["value"] - jnp.stack(ends)

    each = np.asarray(values(jax.random.split(KEY, 100 * 256))).reshape(100, 256, 2)
    found = [against_step_size(one, (4, 8)) for one in each]
    values, errors = (np.array([getattr(f, name) for f in found]) for name in ("value", "error"))
    assert values.std(ddof=1) / errors.mean() == pytest.approx(1, abs=0.25)


def test_two_step_sizes_tell_of_their_error_and_one_is_refused():
    random = np.random.default_rng(0).normal(size=(50, 1))
    found = against_step_size(random + np.array([0.4, 0.2]), (4, 8))
    assert found.leap / 3 == pytest.approx(0.2)
    with pytest.raises(ConfigurationError, match="curve: expected two numbers"):
        checked_curve((8,), 4)


@pytest.mark.parametrize("steps", [(3, 9, 18), (4, 8, 16)])
def test_a_second_order_in_the_step_size_is_what_the_bar_says(steps):
    """``v_N = 1 + a/N + b/N²`` without noise: what extrapolation leaves, of any three counts."""
    size = 1 / np.array(steps)
    found = against_step_size(np.tile(1 + 0.7 * size + 0.3 * size**2, (2, 1)), steps)
    assert abs(found.value - 1) == pytest.approx(0.3 * size[1] * size[2])
    assert found.leap / 3 == pytest.approx(abs(found.value - 1))


def test_what_the_network_misses_is_not_told_too_small():
    """Misses of variance ``v + a/N + b/N²``: of 50 draws of 2,000 paths nearly all bars reach v."""
    steps = np.array([128, 256, 512])
    deviation = np.sqrt(0.3 + 50 / steps + 4000 / steps**2)
    draws = np.random.default_rng(0).normal(size=(50, 2000, 1))
    found = [against_step_size(deviation * draw, tuple(steps)).spread for draw in draws]
    assert np.mean(np.array(found) >= 0.3) >= 0.8
    assert np.mean(found) < 0.36


def test_a_driver_bends_as_told():
    found = curvature(QUADRATIC, EXACT.apply, PARAMS, scalar=False, steps=4, key=KEY)
    assert found == pytest.approx(2, rel=1e-6)
    assert is_controlled(QUADRATIC) and not is_controlled(SQUARE)
    assert not is_controlled(pm.control.AllenCahn())


def test_coarser_noise_is_the_same_motion():
    noise = draw_noise(SQUARE, KEY, 8)
    fine, coarse = path_of(SQUARE, noise).x, path_of(SQUARE, coarser(noise, 2)).x
    np.testing.assert_allclose(fine[::4], coarse, atol=1e-14)


def test_steering_changes_increments_by_its_drift():
    """``β = −2Z``: what is added to the noise moves the path as the drift ``σβ`` would."""
    noise = draw_noise(QUADRATIC, KEY, 4)
    path = steered(QUADRATIC, EXACT.apply, scalar=False)(PARAMS, noise)
    z = 2**0.5 * EXACT.apply(PARAMS["model"], jnp.array(0.25), path.x[1])
    added = (path.noise.dw - noise.dw)[1]
    np.testing.assert_allclose(added, -2 * z * 0.25, rtol=1e-12)
    np.testing.assert_allclose(path.x[2] - path.x[1], 2**0.5 * path.noise.dw[1], rtol=1e-12)


@pytest.mark.parametrize("equation", [pm.control.HamiltonJacobiBellman(3)])
def test_rows_are_the_gradient(equation):
    network = pm.control.RadialGradient((3,))
    model = network.init(KEY, jnp.zeros(()), jnp.zeros(equation.dimension))
    params = {"value": jnp.array(0.2), "model": jax.tree.map(lambda p: p + 0.1, model)}
    objective = pm.least_squares({"paths": miss(equation, network.apply, scalar=False)})
    draw = jax.jit(jax.vmap(lambda key: path_of(equation, draw_noise(equation, key, 3))))
    paths = draw(jax.random.split(KEY, 5))
    state, batch = objective.init(params), {"paths": paths}
    found, _ = jax.jit(objective.evaluate)(params, state, batch)
    numeric = jax.jit(jax.grad(lambda p: objective.value(p, state, batch)))(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), found.gradient, numeric)
    assert float(numeric["value"]) != 0


@pytest.fixture(scope="module")
def solved():
    return pm.control.deep_bsde(
        SQUARE, pm.control.RadialGradient((3,)), steps=15, time_steps=4, size=64, judge=500, **QUIET
    )


def test_a_heat_equation_is_solved(solved):
    """``u = |x|² + 2 (T − t)``, ``∇u = 2x``: 3 at the start."""
    assert abs(solved.value - 3) < 4 * solved.value_error < 0.2
    np.testing.assert_allclose(solved.gradient(0.1, [1.0, -1.0]), [2.0, -2.0], atol=0.3)
    with pytest.raises(ShapeError, match=r"one place \(2,\), got \(\) and \(5, 2\)"):
        solved.gradient(0.1, np.ones((5, 2)))  # a network of |x|² would take all for one place
    with pytest.raises(ConfigurationError, match=r"t: expected 0 to 0\.5, got 0\.6"):
        solved.gradient(0.6, [1.0, -1.0])
    told = solved.numbers()
    assert told["exact"] is None and told["relative_error"] is None
    assert told["without_error"] > 3 * told["statistical_error"]


class Listed(pm.control.BackwardEquation):
    """A user's own, whose start is a list."""

    start, horizon = [0.5, 0.5], 0.5

    def terminal(self, x):
        return jnp.sum(x**2)


def test_a_start_that_is_a_list_is_kept(solved, tmp_path):
    own = replace(solved, equation=Listed())
    again = pm.control.BackwardSolution.load(own.save(tmp_path), Listed(), solved.network)
    assert again.value == solved.value


def test_a_solution_is_shown_and_kept(solved, tmp_path):
    load, network = pm.control.BackwardSolution.load, pm.control.RadialGradient((3,))
    again = load(solved.save(tmp_path / "kept"), SQUARE, network)
    assert again.numbers() | {"compile_seconds": 0} == solved.numbers() | {"compile_seconds": 0}
    assert again.plot(tmp_path / "figure.png").exists() and again.words()["value"]
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        load(tmp_path / "kept", SQUARE, pm.control.RadialGradient((4,)))
    with pytest.raises(FingerprintError, match=r"to T = 0\.5, got"):
        load(tmp_path / "kept", pm.control.Backward(SQUARE.final, SQUARE.begin, 0.6), network)
    other = pm.control.Backward(lambda x: jnp.sum(x**4), SQUARE.begin, 0.5)
    with pytest.raises(FingerprintError, match="other numbers"):
        load(tmp_path / "kept", other, network)
    for changed in ({"mu": lambda t, x: x}, {"sigma": 1.1}):
        other = pm.control.Backward(SQUARE.final, SQUARE.begin, 0.5, **changed)
        with pytest.raises(FingerprintError, match="other numbers"):
            load(tmp_path / "kept", other, network)
    with pytest.raises(CheckpointError, match="already holds"):
        solved.save(tmp_path / "kept")


def _backward(**changed):
    given = {"final": jnp.sum, "begin": np.zeros(2), "time": 1.0} | changed
    return pm.control.Backward(**given)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _backward(final=lambda x: x), ShapeError, r"terminal: g\(x\): expected one value"),
        (lambda: _backward(final=lambda x: 1), ShapeError, "real numbers"),
        (
            lambda: _backward(f=lambda t, x, y, z: z),
            ShapeError,
            r"driver: f\(t, x, y, z\): .*got \(2,\)",
        ),
        (lambda: _backward(mu=lambda t, x: jnp.sum(x)), ShapeError, "drift"),
        (lambda: _backward(sigma=lambda t, x: jnp.ones((3, 2))), ShapeError, "diffusion"),
        (lambda: _backward(begin=np.zeros((2, 2))), ShapeError, "start: expected"),
        (lambda: _backward(begin=[0.0, np.nan]), NonFiniteError, "start: expected finite"),
        (lambda: _backward(final=lambda x: jnp.log(jnp.sum(x))), NonFiniteError, "terminal"),
        (lambda: _backward(time=0.0), ConfigurationError, "horizon: expected a time > 0"),
        (lambda: _backward(time=[1.0]), ShapeError, r"time: expected one number, got \(1,\)"),
        (lambda: _backward(known=np.nan), NonFiniteError, "known: expected a finite number"),
        (lambda: _backward(mu=0.1), ConfigurationError, "mu: expected a function, got 0.1"),
        (lambda: _backward(sigma=np.inf), NonFiniteError, "sigma: expected finite"),
        (lambda: _backward(sigma=np.ma.masked_greater([1, 9], 2)), ShapeError, "1 of 2 .* masked"),
        (lambda: pm.control.deep_bsde(SQUARE, value=[1.0]), ShapeError, "value: expected one num"),
        (lambda: pm.control.deep_bsde(jnp.sum), ConfigurationError, "expected a BackwardEquation"),
        (lambda: pm.control.deep_bsde(SQUARE, steps=-1), ConfigurationError, "steps"),
        (lambda: pm.control.deep_bsde(SQUARE, time_steps=0), ConfigurationError, "time_steps"),
        (lambda: pm.control.deep_bsde(SQUARE, part=2), ConfigurationError, "part"),
        (lambda: pm.control.deep_bsde(SQUARE, curve=(3, 4)), ConfigurationError, "divisors"),
        (
            lambda: pm.control.deep_bsde(pm.control.Merton(), pm.control.RadialGradient((2,))),
            ConfigurationError,
            "jumps ask for u",
        ),
        (
            lambda: pm.control.HamiltonJacobiBellman(coupling=-1.0),
            ConfigurationError,
            "coupling: expected a number > 0",
        ),
        (lambda: pm.control.HamiltonJacobiBellman(0), ConfigurationError, "dimension"),
        (lambda: pm.control.Merton(volatility=0.0), ConfigurationError, "volatility"),
        (lambda: pm.control.Jumps(-1.0, 0.0, 0.1), ConfigurationError, "rate"),
        (lambda: pm.control.Jumps(9.0, 0.0, 0.1).chances(1.0), ConfigurationError, "jumps a step"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


class Wide(nn.Module):
    """Of another dimension than its place."""

    @nn.compact
    def __call__(self, t, x):
        return self.param("w", nn.initializers.ones, (3,))


def test_a_network_of_another_dimension_is_refused():
    with pytest.raises(
        ShapeError, match=r"network: expected u of shape \(\) or ∇u of shape \(2,\)"
    ):
        pm.control.deep_bsde(SQUARE, Wide(), **QUIET)


def test_paths_that_are_not_finite_are_named():
    wild = pm.control.Backward(lambda x: jnp.log(x[0]), np.ones(1), 1.0)
    with pytest.raises(NonFiniteError, match="paths"):
        pm.control.deep_bsde(
            wild, pm.control.RadialGradient((2,)), steps=1, time_steps=2, size=64, **QUIET
        )
