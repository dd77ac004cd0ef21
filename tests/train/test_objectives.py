"""One contract, every objective: ``Jᵀr = ∇C``, ``JᵀJ`` = the metric, and who can serve it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm
from physml.train import bernoulli, fingerprint, poisson
from physml.types import Evaluation, Objective, Term

X = jax.random.normal(jax.random.key(0), (6, 2))
PARAMS = {"w": jnp.array([[0.4, -0.7], [0.2, 0.9], [-0.3, 0.5]]), "b": jnp.array([0.1, -0.4, 0.3])}


def three(params, x):
    return params["w"] @ jnp.tanh(x) + params["b"] ** 2


def one(params, x):
    return jnp.sum(jnp.sin(three(params, x)))


def slopes(f, params, samples):
    """``∂f/∂θ`` of each sample by forward differentiation, ``(n, m, p)``."""
    flat, unravel = ravel_pytree(params)
    rows = jax.vmap(lambda x: jax.jacfwd(lambda flat: f(unravel(flat), x))(flat))(samples)
    return rows.reshape(len(rows), -1, len(flat))


def gauss_newton(f):
    def metric(params, samples):
        rows = slopes(f, params, samples)
        return jnp.einsum("nmp,nmq->pq", rows, rows) / len(rows)

    return metric


def generalised(f, A):
    """``mean ∂zᵀ ∇²A(z) ∂z``."""

    def metric(params, batch):
        rows = slopes(f, params, batch[0])
        bend = jax.vmap(lambda x: jax.hessian(A)(f(params, x)))(batch[0])
        bend = bend.reshape(len(rows), rows.shape[1], -1)
        return jnp.einsum("nmp,nmk,nkq->pq", rows, bend, rows) / len(rows)

    return metric


def covariance(f):
    def metric(params, samples):
        rows = slopes(f, params, samples)
        rows = rows - jnp.mean(rows, axis=0, keepdims=True)
        return jnp.einsum("nmp,nmq->pq", rows, rows) / len(rows)

    return metric


def free(params, x):
    return jnp.sum(x**2) + one(params, x)


def oscillator(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


def log_psi(params, x):
    return -0.5 * jnp.sum(x**2) + one(params, x[0])


class Case(NamedTuple):
    """An objective, a batch, its metric by other means, and what it can serve."""

    make: Callable[[], Objective]
    batch: Any
    metric: Callable[[Any, Any], Any] | None
    has_value: bool
    params: Any = PARAMS
    has_residual: bool = True


def regression():
    return pm.least_squares({"three": three})


def classes():
    return pm.cross_entropy(three, floor=1e-12)


LABELS = jnp.array([0, 2, 1, 1, 0, 2])
CASES = {
    "least squares": Case(regression, {"three": X}, lambda p, b: gauss_newton(three)(p, b["three"]),
                          True),
    "classes": Case(classes, (X, LABELS), generalised(three, jax.nn.logsumexp), True),
    "yes or no": Case(
        lambda: pm.cross_entropy(one, family=bernoulli),
        (X, LABELS % 2),
        generalised(one, jax.nn.softplus),
        True,
    ),
    "counts": Case(
        lambda: pm.cross_entropy(one, family=poisson), (X, LABELS), generalised(one, jnp.exp), True
    ),
    "score": Case(lambda: pm.score(one, free), X, covariance(one), False),
    "energy": Case(
        lambda: pm.vmc.energy(log_psi, oscillator), X[:, None, :], covariance(log_psi), False
    ),
    "contrastive": Case(
        lambda: pm.train.contrastive(one),
        {"data": X[:4], "model": X},
        lambda p, b: covariance(one)(p, b["model"]),
        False,
        has_residual=False,
    ),
    "contrastive, weighted": Case(
        lambda: pm.train.contrastive(one),
        {"data": X[:4], "model": pm.train.Weighted(X, jnp.full(6, 1 / 6))},
        lambda p, b: covariance(one)(p, b["model"].values),
        False,
        has_residual=False,
    ),
    "total": Case(
        lambda: pm.total({"a": regression(), "b": classes()}, weights={"b": 0.3}),
        {"a": {"three": X}, "b": (X[:4], LABELS[:4])},
        lambda p, b: gauss_newton(three)(p, b["a"]["three"])
        + 0.3 * generalised(three, jax.nn.logsumexp)(p, b["b"]),
        True,
    ),
    "cost": Case(
        lambda: pm.cost(lambda p, x: jnp.mean(jax.vmap(one, (None, 0))(p, x) ** 4)), X, None, True
    ),
    "total with a cost": Case(
        lambda: pm.total({"a": regression(), "b": pm.cost(lambda p, _: jnp.sum(p["w"] ** 4))}),
        {"a": {"three": X}},
        None,
        True,
    ),
    "game": Case(
        lambda: pm.train.game(
            {
                "up": lambda p, x: jnp.mean(x) * jnp.sum(p["up"]["b"] * p["down"]["w"][:, 0]),
                "down": lambda p, x: jnp.sum((p["down"]["w"] - p["up"]["w"]) ** 2)
                + jnp.sum(p["down"]["b"] ** 2),
            }
        ),
        X,
        None,
        False,
        {"up": PARAMS, "down": jax.tree.map(lambda leaf: 0.5 * leaf, PARAMS)},
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", CASES)

# What an optimizer asks for: rows with a residual, a value.
OPTIMIZERS = {
    "natural gradient": (pm.natural_gradient(0.1, damping=1e-2), True, False),
    "SPRING with a prior": (
        pm.natural_gradient(0.1, damping=1e-2, momentum=0.9, weight_decay=0.1),
        True,
        False,
    ),
    "natural gradient, matrix free": (
        pm.natural_gradient(0.1, damping=1e-1, solve=pm.optim.matrix_free),
        True,
        False,
    ),
    "gauss-newton": (pm.gauss_newton(probes=4), True, True),
    "adam": (optax.adam(1e-2), False, False),
    "soap": (pm.soap(1e-2), False, False),
    "ssbroyden": (pm.ssbroyden(), False, True),
}


def step_of(objective, optimizer):
    """One step's updates, of parameters and a batch, as ``fit`` takes it."""

    def step(params, batch):
        state = objective.init(params)
        evaluation, _ = objective.evaluate(params, state, batch)
        value_fn = None
        if objective.value is not None:
            value_fn = lambda p, evaluation=None: objective.value(p, state, batch)
        updates, _ = optax.with_extra_args_support(optimizer).update(
            evaluation.gradient,
            optimizer.init(params),
            params,
            value=evaluation.loss,
            grad=evaluation.gradient,
            value_fn=value_fn,
            evaluation=evaluation,
        )
        return updates, evaluation.gradient

    return step


@EVERY
def test_rows_gradient_and_metric_agree(name):
    """Against ``jax.grad`` of the value and an explicit matrix; with chunks of one sample too."""
    case = CASES[name]
    objective = case.make()
    assert (objective.value is not None) == case.has_value

    @jax.jit
    def told(params, batch):
        state = objective.init(params)
        e, after = objective.evaluate(params, state, batch)
        found = {"state": (state, after), "e": e._replace(jacobian=None)}
        if case.has_value:
            found["value"], found["slope"] = jax.value_and_grad(objective.value)(
                params, state, batch
            )
        if case.metric is not None:
            J = e.jacobian
            found["rows"], found["metric"] = J.dense(), case.metric(params, batch)
            found["chunked"] = J.parameter_gram(memory=1), J.sample_gram(memory=1)
        return found

    found = told(case.params, case.batch)
    e = found["e"]
    assert isinstance(e, Evaluation) and e.loss.shape == () and "loss" not in e.metrics
    assert all(jnp.shape(number) == () for number in e.metrics.values())
    assert jax.tree.structure(found["state"][0]) == jax.tree.structure(found["state"][1])
    chex.assert_trees_all_equal_shapes_and_dtypes(e.gradient, case.params)
    gradient = ravel_pytree(e.gradient)[0]
    if case.has_value:
        np.testing.assert_allclose(found["value"], e.loss, rtol=1e-13)
        np.testing.assert_allclose(
            gradient, ravel_pytree(found["slope"])[0], rtol=1e-11, atol=1e-14
        )
    assert (case.metric is None or not case.has_residual) == (e.residual is None)
    if case.metric is not None:
        J = found["rows"]
        if case.has_residual:
            np.testing.assert_allclose(J.T @ e.residual, gradient, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(J.T @ J, found["metric"], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(found["chunked"][0], J.T @ J, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(found["chunked"][1], J @ J.T, rtol=1e-10, atol=1e-13)


@EVERY
def test_every_optimizer_that_can_serve_it_steps_downhill_and_the_rest_refuse(name):
    case = CASES[name]
    objective = case.make()
    serving, refusing = {}, {}
    for optimizer, (build, needs_rows, needs_value) in OPTIMIZERS.items():
        lacks = (needs_rows and case.metric is None) or (needs_value and not case.has_value)
        (refusing if lacks else serving)[optimizer] = step_of(objective, build)
    assert "adam" in serving and len(serving) + len(refusing) == len(OPTIMIZERS)
    for step in refusing.values():
        with pytest.raises((pm.errors.NoRowsError, pm.errors.NoValueError)):
            jax.eval_shape(step, case.params, case.batch)
    # Line searches and trust regions compile slowly: run of two, traced of the others.
    if name not in ("total", "cost"):
        for optimizer in ("gauss-newton", "ssbroyden"):
            if optimizer in serving:
                updates, gradient = jax.eval_shape(serving.pop(optimizer), case.params, case.batch)
                assert jax.tree.structure(updates) == jax.tree.structure(gradient)

    @jax.jit
    def all_steps(params, batch):
        return {optimizer: step(params, batch) for optimizer, step in serving.items()}

    for optimizer, (updates, gradient) in all_steps(case.params, case.batch).items():
        move, slope = ravel_pytree(updates)[0], ravel_pytree(gradient)[0]
        if "prior" in optimizer:
            slope = slope + 0.1 * ravel_pytree(case.params)[0]
        assert jnp.all(jnp.isfinite(move)), optimizer
        assert float(move @ slope) < 0, optimizer


@EVERY
def test_single_precision_stays_and_a_second_call_compiles_nothing(name):
    case = CASES[name]
    to_single = lambda x: x.astype(
        jnp.float32 if jnp.issubdtype(x.dtype, jnp.floating) else jnp.int32
    )
    with jax.enable_x64(False):
        params, batch = jax.tree.map(to_single, (case.params, case.batch))
        objective = case.make()
        told = jax.eval_shape(
            lambda p, b: objective.evaluate(p, objective.init(p), b), params, batch
        )
        dtypes = {x.dtype for x in jax.tree.leaves(told) if jnp.issubdtype(x.dtype, jnp.inexact)}
        assert dtypes == {jnp.dtype(jnp.float32)}
    # The rows carry their functions with them: those must be the same at every evaluation.
    first, second = (
        jax.eval_shape(
            lambda: objective.evaluate(case.params, objective.init(case.params), case.batch)
        )
        for _ in range(2)
    )
    assert jax.tree.structure(first) == jax.tree.structure(second)


@EVERY
def test_terms_are_of_single_samples(name):
    case = CASES[name]
    objective = case.make()
    if objective.terms is None:
        assert case.metric is None
        return
    terms = objective.terms(case.batch)
    assert terms
    for term in terms.values():
        assert isinstance(term, Term)
        sample = jax.tree.map(lambda leaf: leaf[0], term.samples)
        value = jax.eval_shape(term.row, case.params, sample)
        assert len(value.shape) <= 1 and jnp.issubdtype(value.dtype, jnp.floating)


@EVERY
def test_a_fingerprint_knows_it_again_and_tells_it_from_others(name):
    def of(case, make):
        state = pm.train.TrainState(
            jnp.zeros((), jnp.int32), case.params, optax.adam(1e-3).init(case.params),
            make().init(case.params), pm.fixed(case.batch).init(KEY, case.params), KEY,
        )  # fmt: skip
        return fingerprint.of_fit(make(), pm.fixed(case.batch), optax.adam(1e-3), state, KEY)

    case = CASES[name]
    assert fingerprint.compare(of(case, case.make), of(case, case.make)) == ([], [])
    other = lambda: pm.cost(lambda p, batch: sum(jnp.sum(x) for x in jax.tree.leaves(p)))
    differing, _ = fingerprint.compare(of(case, other), of(case, case.make))
    assert any("objective" in word or "term" in word for word in differing)


KEY = jax.random.key(3)


@pytest.mark.parametrize(
    ("make", "other"),
    [
        (lambda: pm.score(one, free), lambda: pm.score(one, free, power=2.0)),
        (lambda: pm.score(one, free), lambda: pm.score(one, free, clip=3.0)),
        (lambda: pm.cross_entropy(three), lambda: pm.cross_entropy(three, floor=1e-3)),
        (
            lambda: pm.total({"a": pm.score(one, free)}),
            lambda: pm.total({"a": pm.score(one, free)}, weights={"a": 0.5}),
        ),
    ],
    ids=["power", "clip", "floor", "weights"],
)
def test_options_are_part_of_the_fingerprint(make, other):
    batch = {"a": X} if make().init(PARAMS) == {"a": ()} else X
    batch = (X, LABELS) if make().value is not None else batch

    def of(objective):
        state = pm.train.TrainState(
            jnp.zeros((), jnp.int32), PARAMS, optax.adam(1e-3).init(PARAMS),
            objective.init(PARAMS), pm.fixed(batch).init(KEY, PARAMS), KEY,
        )  # fmt: skip
        return fingerprint.of_fit(objective, pm.fixed(batch), optax.adam(1e-3), state, KEY)

    assert fingerprint.compare(of(make()), of(make()))[0] == []
    (told,) = fingerprint.compare(of(other()), of(make()))[0]
    assert told.startswith("the objective") and "nan" not in told
