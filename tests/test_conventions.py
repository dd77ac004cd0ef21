"""The page of conventions, docs/conventions.md, line by line."""

from __future__ import annotations

import inspect
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm

PARAMS = {"a": jnp.array(0.7), "b": jnp.array(-1.2)}
X = jnp.array([0.5, -1.0, 2.0])


def scalar(p, x):
    return p["a"] * x + p["b"] ** 2


def vector(p, x):
    return jnp.stack([p["a"] ** 2 + x, p["b"] * x])


def evaluate(**terms):
    objective = pm.least_squares(terms, weights=dict.fromkeys(terms, 3.0))
    state = objective.init(PARAMS)
    return objective.evaluate(PARAMS, state, dict.fromkeys(terms, X))[0]


def test_loss_is_half_the_weighted_mean_square():
    f = np.array([scalar(PARAMS, x) for x in X])
    np.testing.assert_allclose(evaluate(s=scalar).loss, 0.5 * 3.0 * np.mean(f**2), rtol=1e-14)


def test_rows_carry_weight_and_count_and_stack_sample_by_sample():
    e = evaluate(v=vector)
    f = np.array([vector(PARAMS, x) for x in X])
    np.testing.assert_allclose(e.residual, np.sqrt(3.0 / 3) * f.ravel(), rtol=1e-14)
    slopes = np.array([[[2 * PARAMS["a"], 0.0], [0.0, x]] for x in X]).reshape(6, 2)
    np.testing.assert_allclose(e.jacobian.dense(), slopes, rtol=1e-14)


def test_weights_of_samples_are_not_divided_by_their_sum():
    weights, f = np.array([4.0, 0.0, 2.0]), np.array([scalar(PARAMS, x) for x in X])
    by_point = lambda x: jnp.where(x > 1, 2.0, jnp.where(x > 0, 4.0, 0.0))
    for weight in (weights, by_point):
        objective = pm.least_squares({"s": scalar}, weights={"s": weight})
        e, _ = objective.evaluate(PARAMS, objective.init(PARAMS), {"s": X})
        np.testing.assert_allclose(e.residual, np.sqrt(weights / 3) * f, rtol=1e-14)
        np.testing.assert_allclose(e.metrics["loss/s"], 0.5 * np.mean(f**2), rtol=1e-14)


def test_own_points_come_after_drawn_ones():
    problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: u(z))
    own = np.array([[0.25], [0.5]])
    sampler = pm.pinn.collocation(problem, pm.MLP(()), points=(3, own))
    key = jax.random.key(0)
    batch = sampler.sample(key, sampler.init(key, None), None)[1]["equation"]
    np.testing.assert_array_equal(batch[3:], own)


def test_normals_point_outwards():
    square = pm.Box(x=(-1, 1), y=(-1, 1)) - pm.pinn.Disk(radius=0.5, face="hole")
    for on, point, outwards in (("x-", [-1.0, 0.0], [-1, 0]), ("hole", [0.5, 0.0], [-1, 0])):
        given = pm.pinn.require(lambda u, z, normal: normal, on=on).operator(square)
        normal = jax.jit(lambda z, given=given: given(None, z))(jnp.array(point))
        np.testing.assert_allclose(normal, outwards, atol=1e-12)


def test_gradient_is_jt_r():
    e = evaluate(s=scalar, v=vector)
    both = e.jacobian.dense().T @ e.residual
    np.testing.assert_allclose([e.gradient["a"], e.gradient["b"]], both, rtol=1e-13)


def test_the_metric_is_jt_j():
    """Of a linear least-squares cost its Hessian; ½|r|² need not be the loss."""
    e = evaluate(s=scalar, v=vector)
    J = e.jacobian.dense()
    np.testing.assert_allclose(e.jacobian.parameter_gram(), J.T @ J, rtol=1e-13)
    objective = pm.least_squares({"linear": lambda p, x: p["a"] * x - p["b"] + 1.0})
    batch, state = {"linear": X}, objective.init(PARAMS)
    linear, _ = objective.evaluate(PARAMS, state, batch)
    hessian = jax.hessian(objective.value)(PARAMS, state, batch)
    explicit = [[hessian[i][j] for j in "ab"] for i in "ab"]
    np.testing.assert_allclose(linear.jacobian.parameter_gram(), explicit, rtol=1e-13)
    walkers = jax.random.normal(jax.random.key(0), (50, 2, 1))
    e, _ = vmc(lambda p, x: -p["a"] * jnp.sum(x**2) + 0.1 * p["b"] * jnp.sum(x**4), walkers)
    assert abs(float(0.5 * jnp.sum(e.residual**2)) - float(e.loss)) > 0.1


def test_without_a_residual_the_metric_stands_alone():
    """(JᵀJ + λI) δ = ∇C, whatever the gradient; without rows at all a named refusal."""
    e = evaluate(s=scalar, v=vector)._replace(residual=None, gradient={"a": 2.0, "b": -1.0})
    optimizer = pm.natural_gradient(1.0, damping=0.1)
    updates, _ = optimizer.update(e.gradient, optimizer.init(PARAMS), PARAMS, evaluation=e)
    metric = e.jacobian.parameter_gram() + 0.1 * jnp.eye(2)
    step = jnp.linalg.solve(metric, jnp.array([2.0, -1.0]))
    np.testing.assert_allclose([updates["a"], updates["b"]], -step, rtol=1e-12)
    with pytest.raises(pm.errors.NoRowsError, match="adam, soap"):
        none = e._replace(jacobian=None)
        optimizer.update(e.gradient, optimizer.init(PARAMS), PARAMS, evaluation=none)


def test_complex_parameters_are_two_real_ones_and_their_gradient_ascends():
    c = jnp.array(0.5 - 0.3j)
    row = lambda p, x: jnp.abs(p - x) ** 2 + p.imag
    objective = pm.least_squares({"row": row})
    batch = {"row": jnp.array([0.2 + 1.0j, -0.4 + 0.1j])}
    e, _ = objective.evaluate(c, objective.init(c), batch)
    cost = lambda a, b: objective.evaluate(jax.lax.complex(a, b), {"row": jnp.ones(())}, batch)[0]
    by_parts = jax.grad(lambda a, b: cost(a, b).loss, (0, 1))(c.real, c.imag)
    np.testing.assert_allclose(e.gradient, by_parts[0] + 1j * by_parts[1], rtol=1e-13)
    assert e.jacobian.shape == (2, 2) and e.jacobian.dense().dtype == c.real.dtype
    lower, _ = objective.evaluate(c - 1e-3 * e.gradient, objective.init(c), batch)
    assert float(lower.loss) < float(e.loss)


def test_rows_of_classes_are_a_factor_of_the_curvature():
    """``r = (p − y)/√p̃/√n`` and ``Lᵀ ∂z/√n`` with ``L = diag √p̃ − p̃ √p̃ᵀ``, K rows a sample."""
    floor, labels = 0.05, np.array([0, 2, 1])
    logits = lambda p, x: jnp.stack([4.0 * p["a"] * x, p["b"] * x, p["a"] * p["b"]])
    objective = pm.cross_entropy(logits, floor=floor)
    e, _ = jax.jit(objective.evaluate)(PARAMS, (), (X, jnp.asarray(labels)))
    rows = []
    for i, x in enumerate(X):
        slopes = jax.jacfwd(logits)(PARAMS, x)
        p = np.asarray(jax.nn.softmax(logits(PARAMS, x)))
        floored = np.maximum(p, floor) / np.sum(np.maximum(p, floor))
        root = np.sqrt(floored)
        L = np.diag(root) - np.outer(floored, root)
        rows.append(L.T @ np.stack([slopes["a"], slopes["b"]], axis=1) / 3**0.5)
        residual = (p - np.eye(3)[labels[i]]) / root / 3**0.5
        np.testing.assert_allclose(e.residual[3 * i : 3 * i + 3], residual, rtol=1e-12)
    np.testing.assert_allclose(e.jacobian.dense(), np.concatenate(rows), rtol=1e-12, atol=1e-15)
    batch = (X, jnp.asarray(labels), jnp.array([1.0, 4.0, 0.25]))
    weighted, _ = jax.jit(objective.evaluate)(PARAMS, (), batch)
    roots = np.repeat([1.0, 2.0, 0.5], 3)
    np.testing.assert_allclose(weighted.residual, roots * e.residual, rtol=1e-12)
    rows = roots[:, None] * np.concatenate(rows)
    np.testing.assert_allclose(weighted.jacobian.dense(), rows, rtol=1e-12, atol=1e-15)


def test_rows_of_a_score_have_the_power_in_the_residual_alone():
    log_phi, f = lambda p, x: p["a"] * jnp.sin(x) + p["b"] * x, lambda p, x: x**3
    e, _ = jax.jit(pm.score(log_phi, f, power=4).evaluate)(PARAMS, (), X)
    values, slopes = np.asarray(X) ** 3, np.stack([np.sin(X), X], axis=1)
    np.testing.assert_allclose(e.residual, 4 * (values - values.mean()) / 3**0.5, rtol=1e-13)
    np.testing.assert_allclose(
        e.jacobian.dense(), (slopes - slopes.mean(axis=0)) / 3**0.5, rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(e.loss, values.mean(), rtol=1e-13)


def test_a_prior_moves_the_centre_and_is_not_in_the_loss():
    """``(JᵀJ + λ + w) δ = Jᵀr + wθ``, δ subtracted."""
    theta = jnp.array([0.7, -1.2])
    objective = pm.least_squares({"row": lambda p, x: p[0] * x + p[1] ** 2})
    optimizer = pm.natural_gradient(1.0, damping=0.1, weight_decay=0.4)
    e, _ = objective.evaluate(theta, objective.init(theta), {"row": X})
    updates, _ = optimizer.update(e.gradient, optimizer.init(theta), theta, evaluation=e)
    J = np.asarray(e.jacobian.dense())
    delta = np.linalg.solve(J.T @ J + 0.5 * np.eye(2), J.T @ e.residual + 0.4 * theta)
    np.testing.assert_allclose(updates, -delta, rtol=1e-12)
    np.testing.assert_allclose(e.loss, 0.5 * np.sum(np.square(e.residual)), rtol=1e-13)


def test_penalties_of_linear_models_have_no_half():
    x, y, penalty = np.array([[1.0], [-1.0]]), np.array([2.0, -2.0]), 0.5
    theta = np.linspace(0.0, 2.0, 20_001)
    error = (2.0 - theta) ** 2
    for find, cost in (
        (pm.learn.ridge, error + penalty * theta**2),
        (pm.learn.lasso, error + penalty * theta),
    ):
        found = find(x, y + 7.0, penalty)
        np.testing.assert_allclose(found.coefficients, theta[np.argmin(cost)], atol=1e-4)
        np.testing.assert_allclose(found.intercept, 7.0)
    cost = np.log1p(np.exp(-theta)) + penalty * theta**2
    found = pm.learn.logistic_regression(x, [1, 0], penalty)
    np.testing.assert_allclose(found.coefficients, theta[np.argmin(cost)], atol=1e-4)


def test_weights_lead_from_their_first_index_to_their_second():
    layer = pm.learn.dense(2, 3)
    params = {"W": np.arange(6.0).reshape(2, 3), "b": np.zeros(3)}
    out, memory = layer.forward(params, np.array([[0.0, 1.0]]))
    np.testing.assert_array_equal(out, [params["W"][1]])
    gradient, upstream = layer.backward(params, memory, np.array([[0.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(gradient["W"], [[0, 0, 0], [0, 0, 1.0]])
    np.testing.assert_array_equal(upstream, [params["W"][:, 2]])


def test_metrics_take_the_truth_first_and_never_broadcast():
    assert pm.learn.recall([1, 1, 0], [1, 0, 0]) == 0.5
    with pytest.raises(pm.errors.ShapeError, match="the shape of the targets"):
        pm.learn.mean_squared_error(np.ones(3), np.ones((3, 1)))


def test_a_sum_stacks_rows_by_the_root_of_its_weights_and_names_its_metrics():
    parts = {"a": pm.least_squares({"s": scalar}), "b": pm.least_squares({"v": vector})}
    whole = pm.total(parts, weights={"b": 9.0})
    e, _ = whole.evaluate(PARAMS, whole.init(PARAMS), {"a": {"s": X}, "b": {"v": X}})
    alone = {
        name: part.evaluate(PARAMS, part.init(PARAMS), {term: X})[0]
        for (name, part), term in zip(parts.items(), "sv", strict=True)
    }
    stacked = np.concatenate([alone["a"].residual, 3 * np.asarray(alone["b"].residual)])
    np.testing.assert_allclose(e.residual, stacked, rtol=1e-14)
    np.testing.assert_allclose(e.loss, alone["a"].loss + 9 * alone["b"].loss, rtol=1e-13)
    assert set(e.metrics) == {"loss/a", "loss/s/a", "loss/b", "loss/v/b"}


def vmc(log_psi, walkers):
    oscillator = lambda f, x: pm.kinetic_energy(f)(x) + 0.5 * jnp.sum(x**2)
    objective = pm.vmc.energy(log_psi, oscillator)
    evaluation, _ = objective.evaluate(PARAMS, (), walkers)
    local = jax.vmap(lambda x: oscillator(lambda y: log_psi(PARAMS, y), x))(walkers)
    return evaluation, local


def test_vmc_rows_real():
    walkers = jax.random.normal(jax.random.key(0), (50, 2, 1))
    log_psi = lambda p, x: -p["a"] * jnp.sum(x**2) + 0.1 * p["b"] * jnp.sum(x**4)
    e, local = vmc(log_psi, walkers)
    np.testing.assert_allclose(e.loss, jnp.mean(local), rtol=1e-13)
    np.testing.assert_allclose(e.residual[:5].shape, (5,))
    gradients = jax.vmap(jax.grad(log_psi), (None, 0))(PARAMS, walkers)
    O = np.stack([gradients["a"], gradients["b"]], axis=1)
    J = (O - O.mean(axis=0)) / np.sqrt(50)
    np.testing.assert_allclose(e.jacobian.dense(), J, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        J.T @ np.asarray(e.residual), [e.gradient["a"], e.gradient["b"]], rtol=1e-12
    )
    assert e.residual.shape == (50,)


def test_vmc_rows_complex_are_two_a_walker():
    walkers = jax.random.normal(jax.random.key(0), (50, 1, 1))
    log_psi = lambda p, x: -p["a"] * jnp.sum(x**2) + 1j * p["b"] * jnp.sum(x)
    e, local = vmc(log_psi, walkers)
    assert e.residual.shape == (100,) and e.jacobian.shape == (100, 2)
    O = np.stack([-np.sum(walkers**2, axis=(1, 2)), 1j * np.sum(walkers, axis=(1, 2))], axis=1)
    centred = np.conj(local - jnp.mean(local))[:, None] * (O - O.mean(axis=0))
    objective = pm.vmc.energy(
        log_psi, lambda f, x: pm.kinetic_energy(f)(x) + 0.5 * jnp.sum(x**2), clip=None
    )
    e, _ = objective.evaluate(PARAMS, (), walkers)
    np.testing.assert_allclose(
        [e.gradient["a"], e.gradient["b"]], 2 * centred.mean(axis=0).real, rtol=1e-10, atol=1e-12
    )


def test_energies_are_never_clipped():
    walkers = jnp.concatenate([jnp.ones((50, 1, 1)), jnp.full((1, 1, 1), 40.0)])
    e, local = vmc(lambda p, x: -0.3 * p["a"] * jnp.sum(x**2), walkers)
    np.testing.assert_allclose(e.loss, jnp.mean(local), rtol=1e-13)
    assert float(jnp.abs(e.residual).max()) < 2 * float(jnp.abs(local - e.loss).max()) / 51**0.5


@pytest.mark.parametrize(
    "optimizer", [pm.natural_gradient(0.1), optax.adam(1e-3)], ids=["natural gradient", "adam"]
)
def test_updates_come_negated(optimizer):
    optimizer = optax.with_extra_args_support(optimizer)
    e = evaluate(s=scalar)
    updates, _ = optimizer.update(e.gradient, optimizer.init(PARAMS), PARAMS, evaluation=e)
    assert sum(float(updates[n] * e.gradient[n]) for n in PARAMS) < 0


def test_second_order_updates_ignore_the_incoming_gradient():
    e = evaluate(s=scalar)
    optimizer = pm.natural_gradient(0.1)
    state = optimizer.init(PARAMS)
    a, _ = optimizer.update(e.gradient, state, PARAMS, evaluation=e)
    b, _ = optimizer.update({"a": jnp.nan, "b": jnp.nan}, state, PARAMS, evaluation=e)
    assert a == b


def test_units_are_hartree_and_bohr():
    """Hydrogen: e^{−r}, r in bohr, has −½ hartree everywhere."""
    hydrogen = pm.vmc.Hydrogen()
    x = jnp.array([[0.3, -0.2, 0.9]])
    energy = hydrogen.local_energy(lambda y: -jnp.linalg.norm(y), x)
    np.testing.assert_allclose(energy, -0.5, rtol=1e-13)


def test_a_cell_is_in_bohr_and_its_energies_are_of_all_particles():
    """Volume grows with N at one r_s; one electron alone has half of Madelung's energy."""
    few, many = (pm.vmc.ElectronGas(n_up=n, n_down=n, rs=2.0) for n in (1, 7))
    np.testing.assert_allclose(many.cell.volume, 7 * few.cell.volume)
    np.testing.assert_allclose(few.cell.volume, 2 * 4 * np.pi / 3 * 2.0**3)
    x = jnp.array([[-0.5, 9.0, 4.0]])
    wrapped = few.cell.wrap(x)
    assert float(wrapped.min()) >= 0.0 and float(wrapped.max()) < few.cell.lengths[0]
    alone = pm.vmc.Ewald(few.cell)
    np.testing.assert_allclose(alone(x), alone.madelung / 2, rtol=1e-12)


def test_derivatives_sum_over_all_coordinates_of_a_walker():
    x = jnp.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(pm.laplacian(lambda y: jnp.sum(y**2))(x), 12.0)
    assert pm.gradient(lambda y: jnp.sum(y**2))(x).shape == (3, 2)


def test_wave_functions_return_log_and_sign():
    dot = pm.QuantumDot(n_up=3, n_down=0)
    psi = pm.SlaterJastrow(dot)
    x = jax.random.normal(jax.random.key(0), dot.shape)
    exchanged = x[jnp.array([1, 0, 2])]
    apply = jax.jit(partial(psi.apply, jax.jit(psi.init)(jax.random.key(1), x)))
    value, swapped = apply(x), apply(exchanged)
    assert isinstance(value, pm.vmc.SignedLog)
    np.testing.assert_allclose(value.log, swapped.log, rtol=1e-12)
    assert float(value.sign) == -float(swapped.sign)
    np.testing.assert_allclose(pm.vmc.log_amplitude(value), value.log)
    signed = pm.vmc.Psi(apply)
    np.testing.assert_allclose(signed(x), value.log)
    ratio = pm.vmc.psi_ratio(signed, exchanged, x)
    np.testing.assert_allclose(ratio, -1.0, rtol=1e-12)


def test_samplers_take_the_logarithm_of_a_density():
    """Of ``ψ = e^{−x²/2}`` the density has variance ½: 4σ of 4,000 walkers, √2/√4000 of it."""
    log_psi = lambda params, x: -0.5 * x**2
    density = pm.vmc.log_density(log_psi)
    assert float(density(None, jnp.array(3.0))) == -9.0
    start = lambda key: 0.5**0.5 * jax.random.normal(key, (4000,))
    sampler = pm.metropolis(density, start, sweeps=5)
    walkers = sampler.sample(jax.random.key(1), sampler.init(jax.random.key(0), None), None)[1]
    assert abs(float(jnp.mean(walkers**2)) - 0.5) < 4 * 0.5 * (2 / 4000) ** 0.5


def test_each_datum_comes_once_in_an_epoch():
    sampler = pm.sampling.minibatches(jnp.arange(5), size=2)
    state, seen = sampler.init(jax.random.key(0), None), []
    for _ in range(5):
        state, batch, metrics = sampler.sample(jax.random.key(1), state, None)
        seen += [*batch.tolist()]
    assert sorted(seen[:5]) == sorted(seen[5:]) == [0, 1, 2, 3, 4]
    assert (int(state.epoch), int(metrics["epoch"])) == (2, 1)


def test_coordinates_come_in_the_order_of_the_box():
    domain = pm.Box(t=(0, 1), x=(-2, 2))
    assert (domain.axis("t"), domain.axis("x")) == (0, 1)
    assert pm.MLP((4,)).init_with_output(jax.random.key(0), jnp.zeros(2))[0].shape == ()
    assert pm.MLP((4,), outputs=3).init_with_output(jax.random.key(0), jnp.zeros(2))[0].shape == (
        3,
    )


def test_time_has_a_name_and_a_beginning():
    domain = pm.Box(x=(0, 1), t=(5, 6))
    assert (domain.time, domain.times) == ("t", (5.0, 6.0))
    assert pm.Box(x=(0, 1), tau=(5, 6), time="tau").time == "tau"
    assert {"boundary", "initial", "final"} <= set((domain * pm.pinn.Disk(names="yz")).face_names)
    for operator in (pm.laplacian, pm.kinetic_energy):
        problem = pm.Problem(domain=domain, equation=lambda u, z, o=operator: o(u)(z))
        with pytest.raises(pm.errors.ConfigurationError, match="is time"):
            pm.solve(problem, pm.MLP((3,)), points=4, steps=1)


def test_options_are_keyword_only():
    """After the first argument of a constructor, and after the data of an operation."""
    for function in (pm.natural_gradient, pm.gauss_newton):
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
        assert all(kind is inspect.Parameter.KEYWORD_ONLY for kind in kinds[1:])
    for function in (
        pm.fit,
        pm.solve,
        pm.ground_state,
        pm.least_squares,
        pm.cross_entropy,
        pm.score,
        pm.total,
        pm.metropolis,
        pm.vmc.energy,
    ):
        defaults = [
            p.kind
            for p in inspect.signature(function).parameters.values()
            if p.default is not inspect.Parameter.empty
        ]
        assert all(kind is inspect.Parameter.KEYWORD_ONLY for kind in defaults)


def test_step_i_uses_fold_in_of_i():
    seen = pm.Sampler(
        lambda key, params: (),
        lambda key, state, params: (state, {"x": jax.random.normal(key, (1,))}, {}),
    )
    objective = pm.least_squares({"x": lambda p, x: x + 0 * p})
    result = pm.fit(objective, seen, optax.sgd(0.0), jnp.array(0.0), steps=4, key=jax.random.key(5))
    keys = [jax.random.fold_in(result.state.key, i) for i in range(4)]
    expected = [0.5 * float(jax.random.normal(k, (1,))[0]) ** 2 for k in keys]
    np.testing.assert_allclose(result.history["loss"], expected, rtol=1e-13)


def test_error_bars_undo_the_mean_over_samples_and_the_weight():
    """Of ten values with σ the mean has σ/√10, whatever the weight; a new value σ √(1 + 1/10)."""
    x = jnp.arange(10.0)
    for weight in (1.0, 3.0):
        objective = pm.least_squares({"data": lambda p, x: p - x}, weights={"data": weight})
        state = pm.train.TrainState(
            jnp.int32(0), jnp.mean(x), (), objective.init(x[0]), (), jax.random.key(0)
        )
        result = pm.FitResult(jnp.mean(x), state, {}, 0.0, 0.0)
        fitted = pm.train.Fitted(result, objective, {"data": x}, lambda p, _: p)
        bars = pm.posterior(fitted, damping=1e-12)
        sigma = float(np.std(x, ddof=1))
        np.testing.assert_allclose(bars.noise["data"], sigma, rtol=1e-9)
        np.testing.assert_allclose(bars.standard_deviation(x[:1]), sigma / 10**0.5, rtol=1e-9)
        field, new = bars.interval(x[:1]), bars.interval(x[:1], observed="data")
        np.testing.assert_allclose(
            (new.high - new.low) / (field.high - field.low), 11**0.5, rtol=1e-9
        )


def test_history_is_what_a_step_saw():
    objective = pm.least_squares({"x": lambda p, x: p - x})
    sampler = pm.fixed({"x": jnp.zeros(1)})
    result = pm.fit(
        objective, sampler, optax.sgd(1.0), jnp.array(2.0), steps=2, key=jax.random.key(0)
    )
    np.testing.assert_allclose(result.history["loss"], [2.0, 0.0])
    np.testing.assert_allclose(result.params, 0.0)


def test_a_measured_metric_is_what_its_last_step_saw():
    objective = pm.least_squares({"x": lambda p, x: p - x})
    result = pm.fit(
        objective,
        pm.fixed({"x": jnp.zeros(1)}),
        optax.sgd(0.5),
        jnp.array(2.0),
        steps=4,
        key=jax.random.key(0),
        measure={"size": pm.every(2, jnp.abs)},
    )
    np.testing.assert_allclose(result.history["size"], [2.0, 2.0, 0.5, 0.5])


def test_the_step_that_meets_a_rule_is_not_taken():
    objective = pm.least_squares({"x": lambda p, x: p - x})
    result = pm.fit(
        objective,
        pm.fixed({"x": jnp.zeros(1)}),
        optax.sgd(0.5),
        jnp.array(2.0),
        steps=9,
        key=jax.random.key(0),
        until=pm.train.target("loss", 0.5),
    )
    np.testing.assert_allclose(result.history["loss"], [2.0, 0.5])
    np.testing.assert_allclose(result.params, 1.0)


def test_purposes_of_a_key_have_names():
    key = jax.random.key(2)
    result = pm.fit(
        pm.least_squares({"x": lambda p, x: p - x}),
        pm.fixed({"x": jnp.zeros(1)}),
        optax.sgd(0.5),
        jnp.array(2.0),
        steps=0,
        key=key,
    )
    assert result.state.key == pm.train.key_for(key, "steps") == jax.random.fold_in(key, 1)


def test_a_twist_is_in_units_of_two_pi():
    gas = pm.vmc.ElectronGas(n_up=1, n_down=0, dimension=2, twist=(0.25, -0.125))
    sides = np.array(gas.cell.lengths)
    np.testing.assert_allclose(gas.occupied(1)[0], 2 * np.pi * np.array(gas.twist) / sides)
    psi = pm.vmc.Slater(gas)
    x = jnp.array([[0.1, 0.2]])
    params = psi.init(jax.random.key(0), x)
    here = psi.apply(params, x).sign
    for axis, phase in enumerate(gas.twist):
        moved = psi.apply(params, x.at[0, axis].add(sides[axis])).sign
        np.testing.assert_allclose(moved / here, np.exp(2j * np.pi * phase), atol=1e-5)
