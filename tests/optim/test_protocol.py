"""One contract, every optimizer: ours and optax's go through the same loop unchanged."""

from __future__ import annotations

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm
from physml.optim import OptimizerSettings, by_svd, sketched, soap

# Steps long enough for thirty of them to show.
NUMBERS = {
    "adagrad": {"learning_rate": 0.2},
    "adam": {"learning_rate": 1e-2},
    "adamw": {"learning_rate": 1e-2},
    "natural-gradient": {"damping": 1e-4, "learning_rate": 0.5},
    "rmsprop": {"learning_rate": 1e-2},
    "sgd": {"momentum": 0.9},
    "soap": {"learning_rate": 1e-2},
}
NAMED = {
    name: OptimizerSettings(name=name, **NUMBERS.get(name, {})).build()
    for name in OptimizerSettings.names()
}
VARIANTS = {
    "SPRING": pm.natural_gradient(0.1, damping=1e-4, momentum=0.9),
    "natural-gradient, line search": pm.natural_gradient(
        1.0, damping=1e-6, line_search=pm.optim.grid_line_search()
    ),
    "natural-gradient, matrix free": pm.natural_gradient(
        0.5, damping=1e-4, solve=pm.optim.matrix_free
    ),
    "gauss-newton, svd": pm.gauss_newton(factorise=by_svd, switch_ratio=0.5),
    "gauss-newton, sketch": pm.gauss_newton(factorise=sketched(rows=20, columns=16)),
    "chain": optax.chain(pm.natural_gradient(1.0, damping=1e-4), optax.scale(0.5)),
}
OPTIMIZERS = NAMED | VARIANTS

NETWORK = pm.MLP((8,))


def decay(params, z):
    u = lambda y: 1.0 + y[0] * NETWORK.apply(params, y)
    return pm.partial(u, 0)(z) + u(z)


OBJECTIVE = pm.least_squares({"equation": decay})
PARAMS = NETWORK.init(jax.random.key(0), jnp.zeros(1))
SAMPLER = pm.fixed({"equation": jnp.linspace(0.0, 1.0, 24)[:, None]})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_loss_falls_and_every_shape_stays(name):
    optimizer = OPTIMIZERS[name]
    result = pm.fit(OBJECTIVE, SAMPLER, optimizer, PARAMS, steps=30, key=jax.random.key(0))
    assert result.history["loss"].shape == (30,)
    assert result.history["loss"][-1] < 0.2 * result.history["loss"][0]
    chex.assert_trees_all_equal_shapes_and_dtypes(result.params, PARAMS)


OF_OPTAX_SEARCH = ("lbfgs", "ssbfgs", "ssbroyden")


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_second_step_is_the_same_program(name, bits):
    """What a step returns has the types of what it was given, weak types too, in its precision.

    The line search of optax begins with weak types, which its first step makes others of.
    """
    optimizer = optax.with_extra_args_support(OPTIMIZERS[name])
    with jax.enable_x64(bits == 64):
        params = {"w": jnp.ones((2, 3)), "b": jnp.ones(2)}
        objective = pm.least_squares({"row": lambda p, x: jnp.sum(p["w"] @ x + p["b"]) ** 2})
        batch = {"row": jnp.ones((4, 3))}

        def step(params, state):
            weights = objective.init(params)
            value = lambda params, evaluation=None: objective.value(params, weights, batch)
            evaluation, _ = objective.evaluate(params, weights, batch)
            loss, gradient = evaluation.loss, evaluation.gradient
            updates, state = optimizer.update(
                gradient, state, params, evaluation=evaluation, value=loss, grad=gradient,
                value_fn=value,
            )  # fmt: skip
            return optax.apply_updates(params, updates), state

        kinds = lambda tree: [(x.shape, x.dtype, x.weak_type) for x in jax.tree.leaves(tree)]
        given = jax.eval_shape(lambda: (params, optimizer.init(params)))
        if name in OF_OPTAX_SEARCH:
            given = jax.eval_shape(step, *given)
        found = kinds(jax.eval_shape(step, *given))
        assert found == kinds(given)
        assert {kind for _, kind, _ in found if kind.kind == "f"} == {jnp.dtype(f"float{bits}")}


def complex_row(params, z):
    """Two real rows of a function of three complex and two real parameters, not analytic."""
    c, a = params["c"], params["a"]
    value = c[0] * jnp.exp(1j * z) + jnp.sin(c[1]) * z + jnp.conj(c[2]) * jnp.cos(a[1] * z)
    apart = value - jnp.exp(1j * z) * (1.0 - 0.5j) - 0.3j * z
    return jnp.stack([apart.real + a[0] * z**3, apart.imag + 0.1 * jnp.abs(c[1]) ** 2])


def real_row(params, z):
    return complex_row({"c": jax.lax.complex(params["re"], params["im"]), "a": params["a"]}, z)


COMPLEX = {"c": jnp.array([0.3 + 0.2j, -0.4 + 0.9j, 0.5 - 0.1j]), "a": jnp.array([0.7, 1.3])}
PAIRS = {"re": COMPLEX["c"].real, "im": COMPLEX["c"].imag, "a": COMPLEX["a"]}
# Adam divides a complex gradient by its absolute value: no worse, but another step than of pairs.
ALIKE = [n for n in OPTIMIZERS if n not in ("adagrad", "adam", "adamw", "lbfgs", "rmsprop")]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_complex_parameters_are_pairs_of_real_ones(name):
    """The same model with complex parameters and with their parts: the same steps, to rounding."""
    z = pm.fixed({"row": jnp.linspace(0.0, 2.0, 12)})

    def run(row, params):
        objective = pm.least_squares({"row": row})
        return pm.fit(objective, z, OPTIMIZERS[name], params, steps=4, key=jax.random.key(0))

    found = run(complex_row, COMPLEX)
    loss = found.history["loss"]
    assert found.params["c"].dtype == COMPLEX["c"].dtype and loss[-1] < loss[0]
    if name in ALIKE:
        pairs = run(real_row, PAIRS)
        rtol = 1e-6 if "matrix free" in name else 1e-8  # conjugate gradients stop at their own
        np.testing.assert_allclose(loss, pairs.history["loss"], rtol=rtol)
        c, a = found.params["c"], found.params["a"]
        parts = {"re": c.real, "im": c.imag, "a": a}
        chex.assert_trees_all_close(parts, pairs.params, rtol=rtol, atol=rtol)


def kinds_of_evaluation():
    """The same cost told by rows, by a gradient and the metric, and by its gradient alone."""
    rows, _ = OBJECTIVE.evaluate(PARAMS, OBJECTIVE.init(PARAMS), SAMPLE)
    return {
        "rows": rows,
        "metric alone": rows._replace(residual=None),
        "neither": rows._replace(residual=None, jacobian=None),
    }


SAMPLE = {"equation": jnp.linspace(0.0, 1.0, 24)[:, None]}
OF_METRICS = {name for name in OPTIMIZERS if "natural" in name} | {"SPRING", "chain"}
OF_ROWS = {name for name in OPTIMIZERS if "gauss-newton" in name}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_kind_of_evaluation_is_served_or_refused_by_name(name):
    """No rows change nothing for who reads none; who needs them says who does not."""
    optimizer = optax.with_extra_args_support(OPTIMIZERS[name])
    start = optimizer.init(PARAMS)

    def value_fn(params, evaluation=None):
        del evaluation
        return OBJECTIVE.value(params, OBJECTIVE.init(params), SAMPLE)

    def step(evaluation):
        gradient = evaluation.gradient
        updates, _ = optimizer.update(
            gradient, start, PARAMS, evaluation=evaluation, value=evaluation.loss, grad=gradient,
            value_fn=value_fn,
        )  # fmt: skip
        return ravel_pytree(updates)[0]

    found = {}
    for kind, evaluation in kinds_of_evaluation().items():
        refuses = (name in OF_ROWS and kind != "rows") or (name in OF_METRICS and kind == "neither")
        if refuses:
            other = "natural_gradient" if kind == "metric alone" else "adam, soap"
            with pytest.raises(pm.errors.NoRowsError, match=other):
                step(evaluation)
        else:
            found[kind] = jax.jit(step)(evaluation)
    for kind in found:
        # Conjugate gradients stop at 1e-6; a λ of 1e-6 leaves ε/λ of the gradient.
        rtol = 1e-4 if "matrix free" in name else 1e-6
        np.testing.assert_allclose(found[kind], found["rows"], rtol=rtol, atol=rtol * 1e-2)


def test_a_cost_without_rows_is_trained_by_first_order(tmp_path):
    """Through the loop, a run, its resume, and the search for what is not finite."""

    def evaluate(params, state, batch):
        cost = lambda p: jnp.sum((p - batch) ** 4) + 0 * jnp.log(2.0 - p[0])
        loss, gradient = jax.value_and_grad(cost)(params)
        return pm.Evaluation(loss, gradient, None, None, {}), state

    objective = pm.Objective(lambda params: (), evaluate, None)
    sampler = pm.fixed(jnp.array([1.0, -1.0]))

    def train(start, steps, run=None, optimizer=None):
        optimizer = soap(1e-2) if optimizer is None else optimizer
        return pm.fit(
            objective, sampler, optimizer, start, steps=steps, key=jax.random.key(0), run=run
        )

    whole = train(jnp.zeros(2), 40)
    assert whole.history["loss"][-1] < 0.2 * whole.history["loss"][0]
    for steps in (15, 40):
        with (pm.Run.create if steps == 15 else pm.Run.reopen)(tmp_path / "run") as run:
            resumed = train(jnp.zeros(2), steps, run)
    assert np.array_equal(resumed.params, whole.params)
    with pytest.raises(pm.errors.NonFiniteError):
        train(jnp.array([3.0, 0.0]), 1)
    with pytest.raises(pm.errors.NoRowsError, match="adam, soap"):
        train(jnp.zeros(2), 1, optimizer=pm.natural_gradient())


def flops(optimizer, *, width: int) -> float:
    """Floating-point operations of one compiled step."""
    network = pm.MLP((width, width))
    row = lambda params, z: network.apply(params, z) - jnp.sin(z[0])
    objective = pm.least_squares({"data": row})
    sampler = pm.fixed({"data": jnp.linspace(0.0, 1.0, 256)[:, None]})
    params = network.init(jax.random.key(0), jnp.zeros(1))
    state = pm.train.TrainState(
        jnp.zeros((), jnp.int32),
        params,
        optimizer.init(params),
        objective.init(params),
        sampler.init(jax.random.key(0), params),
        jax.random.key(1),
    )
    step = jax.jit(pm.train.make_step(objective, sampler, optimizer))
    return step.lower(state).compile().cost_analysis()["flops"]


@pytest.mark.slow
def test_first_order_optimizers_pay_nothing_for_the_jacobian():
    """The rows and their Gram matrix, 2np·min(n, p) flops, are not in Adam's program."""
    width, n = 24, 256
    p = 2 * width + width * (width + 1) + width + 1
    forward_and_backward = 6 * n * p
    gram = 2 * n * p * min(n, p)
    assert flops(optax.adam(1e-3), width=width) < 6 * forward_and_backward
    assert flops(pm.natural_gradient(0.1), width=width) > gram


def expansion(params, z):
    """A family small enough to compile for everyone: u = 1 + z (a + b z + c z²)."""
    return 1.0 + z * jnp.dot(params, z ** jnp.arange(3.0))


def growth(params, z):
    return jax.grad(expansion, argnums=1)(params, z) - expansion(params, z)


NOT_FINITE = {
    # A residual that is no number at some points.
    "residual": ({"equation": lambda p, z: growth(p, z) + jnp.log(z - 0.5)}, "the residual is not"),
    # A residual that is 0, and steep without bound, in one term of two.
    "slope": (
        {"equation": growth, "end": lambda p, z: jnp.sqrt(jnp.abs((1 - z) * expansion(p, z)))},
        "end: the derivative of the residual by the parameters is not",
    ),
    # A wall of NaN between the start and the solution, e at z = 1.
    "wall": (
        {"equation": lambda p, z: jnp.where(expansion(p, z) > 1.8, jnp.nan, growth(p, z))},
        "equation: the residual is not",
    ),
    # The same by a logarithm that leaves its domain.
    "logarithm": (
        {"equation": lambda p, z: growth(p, z) + 0 * jnp.log(2.0 - expansion(p, z))},
        "equation: the residual is not",
    ),
}


# The loss itself shows a residual; only what looks before it steps can hide the others.
@pytest.mark.parametrize(
    ("name", "case"),
    [
        *((name, case) for name in OPTIMIZERS for case in ("slope", "wall")),
        *((name, case) for name in ("gauss-newton", "adam") for case in ("residual", "logarithm")),
    ],
)
def test_what_is_not_finite_is_an_error_that_names_term_and_point(name, case):
    """No optimizer hides a NaN: neither by refusing the step nor by keeping what it had."""
    terms, words = NOT_FINITE[case]
    samples = {"equation": jnp.linspace(0.1, 1.0, 10), "end": jnp.ones(4)}
    sampler = pm.fixed({term: samples[term] for term in terms})
    start = jnp.array([0.2, -0.1, 0.05])
    with pytest.raises(pm.errors.NonFiniteError, match=words) as caught:
        pm.fit(
            pm.least_squares(terms),
            sampler,
            OPTIMIZERS[name],
            start,
            steps=400,
            key=jax.random.key(0),
        )
    assert "points, such as point" in str(caught.value)
