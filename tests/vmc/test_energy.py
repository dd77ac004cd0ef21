"""The variational energy: its gradient by brute force, by quadrature, and by many walkers."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm

NETWORK = pm.MLP((4,), outputs=2)
WALKERS = jax.random.normal(jax.random.key(0), (9, 2, 2))
PARAMS = NETWORK.init(jax.random.key(1), WALKERS[0])


def real_log_psi(params, x):
    return NETWORK.apply(params, x)[0] - 0.5 * jnp.sum(x**2)


def complex_log_psi(params, x):
    amplitude, phase = NETWORK.apply(params, x)
    return amplitude - 0.5 * jnp.sum(x**2) + 1j * phase


def oscillator(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


BOTH = pytest.mark.parametrize("log_psi", [real_log_psi, complex_log_psi])


def brute_force(log_psi, params, walkers):
    """Local energies ``(n,)`` and ``O = ∂log ψ/∂θ`` as ``(n, p)``, walker by walker."""
    flat, unravel = ravel_pytree(params)

    def one(x):
        part = lambda which: jax.grad(lambda f: which(log_psi(unravel(f), x)))(flat)
        return oscillator(partial(log_psi, params), x), part(jnp.real) + 1j * part(jnp.imag)

    return jax.jit(jax.vmap(one))(walkers)


@pytest.mark.slow
@BOTH
def test_rows_give_the_covariance_on_the_same_walkers(log_psi):
    """``Jᵀr = 2 Re⟨(E_L − Ē)* (O − ⟨O⟩)⟩`` and ``JᵀJ = Re⟨(O − ⟨O⟩)* (O − ⟨O⟩)⟩``."""
    objective = pm.vmc.energy(log_psi, oscillator, clip=None)

    @jax.jit
    def evaluate(params, walkers):
        evaluation, _ = objective.evaluate(params, objective.init(params), walkers)
        rows = evaluation.jacobian
        return evaluation, rows.vm(evaluation.residual), rows.parameter_gram()

    evaluation, product, gram = evaluate(PARAMS, WALKERS)
    local, O = brute_force(log_psi, PARAMS, WALKERS)
    E, O = jnp.mean(local), O - jnp.mean(O, axis=0, keepdims=True)
    gradient = 2 * jnp.mean((local - E).conj()[:, None] * O, axis=0).real
    np.testing.assert_allclose(ravel_pytree(product)[0], gradient, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(
        ravel_pytree(evaluation.gradient)[0], gradient, rtol=1e-11, atol=1e-13
    )
    np.testing.assert_allclose(gram, (O.conj().T @ O).real / 9, rtol=1e-11, atol=1e-13)
    rows = 18 if jnp.iscomplexobj(local) else 9
    assert evaluation.residual.shape == (rows,)
    assert evaluation.jacobian.shape == (rows, O.shape[1])
    np.testing.assert_allclose(evaluation.loss, E.real, rtol=1e-13)
    variance = jnp.mean(jnp.abs(local - E) ** 2)
    error = jnp.std(local.real) / 3
    np.testing.assert_allclose(evaluation.metrics["energy"], E.real, rtol=1e-13)
    np.testing.assert_allclose(evaluation.metrics["variance"], variance, rtol=1e-12)
    np.testing.assert_allclose(evaluation.metrics["energy_error"], error, rtol=1e-12)


STORED = {
    # Loss, variance, error, and sums over residual, gradient and rows; clipped at 1 deviation.
    "real": (real_log_psi, [1.6100521916950041, 0.23825803769758425, 0.16270560930629152,
                            -0.06926418868120664, -0.2736563518452278, -0.4237922992013947]),
    "complex": (complex_log_psi, [1.9156454321366887, 0.4626716449151261, 0.14918689949261224,
                                  -0.37017413723847803, 0.19702135860777648, -0.7611714639533036]),
}  # fmt: skip


@pytest.mark.parametrize("name", STORED)
def test_numbers_stay_what_they_were(name):
    """As written down before the energy became a score objective."""
    log_psi, stored = STORED[name]
    evaluate = jax.jit(pm.vmc.energy(log_psi, oscillator, clip=1.0).evaluate)
    e, _ = evaluate(PARAMS, (), WALKERS)
    rows, gradient = e.jacobian.dense(), ravel_pytree(e.gradient)[0]
    w, v = np.cos(np.arange(len(e.residual))), np.sin(np.arange(len(gradient)))
    found = [e.loss, e.metrics["variance"], e.metrics["energy_error"]]
    found += [w @ e.residual, v @ gradient, w @ rows @ v]
    np.testing.assert_allclose(found, stored, rtol=1e-12)


def trial(params, x):
    """``log ψ = −a x²/2 + b e^{−x²} + c x + i (p x + q x²/2)``, in one dimension."""
    a, b, c, p, q = params
    x = jnp.sum(x)
    return -0.5 * a * x**2 + b * jnp.exp(-(x**2)) + c * x + 1j * (p * x + 0.5 * q * x**2)


@pytest.mark.parametrize(
    "log_psi", [lambda params, x: trial(params, x).real, trial], ids=["real", "complex"]
)
def test_gradient_is_that_of_the_exact_energy(log_psi):
    """``E(θ) = ∫ ½|ψ′|² + ½x²|ψ|² / ∫|ψ|²`` by quadrature, differentiated by central differences.

    The walkers are 200,000 quantiles of ``|ψ|²``: an average over them is the integral, to 1e-4.
    """
    params = jnp.array([0.8, 0.5, 0.2, 0.4, 0.3])
    grid = jnp.linspace(-9.0, 9.0, 20_001)

    @jax.jit
    def exact(params):
        psi = lambda x: jnp.exp(log_psi(params, x))
        value, slope = jax.vmap(lambda x: jax.jvp(psi, (x,), (jnp.ones(()),)))(grid)
        density = jnp.abs(value) ** 2
        return jnp.sum(0.5 * jnp.abs(slope) ** 2 + 0.5 * grid**2 * density) / jnp.sum(density)

    shift = 1e-4 * jnp.eye(5)
    difference = [(exact(params + h) - exact(params - h)) / 2e-4 for h in shift]

    density = np.exp(2 * np.asarray(jax.vmap(lambda x: log_psi(params, x).real)(grid)))
    cumulative = np.cumsum(density) / density.sum()
    cumulative -= 0.5 * density / density.sum()
    quantiles = np.interp((np.arange(200_000) + 0.5) / 200_000, cumulative, grid)
    walkers = jnp.asarray(quantiles)[:, None, None]
    objective = pm.vmc.energy(log_psi, oscillator, clip=None)
    evaluation, _ = jax.jit(objective.evaluate)(params, (), walkers)
    np.testing.assert_allclose(evaluation.loss, exact(params), rtol=1e-4)
    np.testing.assert_allclose(evaluation.gradient, difference, rtol=1e-3, atol=1e-4)
    assert np.abs(difference[:3]).min() > 0.01


def test_gradient_from_random_walkers():
    """``ψ = e^{−ax²/2}``: E = (a + 1/a)/4, so dE/da = (1 − 1/a²)/4; 50,000 walkers, 4σ."""
    a, n = 1.5, 50_000
    walkers = jax.random.normal(jax.random.key(2), (n, 1, 1)) / (2 * a) ** 0.5
    log_psi = lambda a, x: -0.5 * a * jnp.sum(x**2)
    objective = pm.vmc.energy(log_psi, oscillator, clip=None)
    evaluation, _ = jax.jit(objective.evaluate)(jnp.array(a), (), walkers)
    x2 = np.asarray(walkers).ravel() ** 2
    energy, score = a / 2 + (1 - a**2) * x2 / 2, -x2 / 2
    each = 2 * (energy - energy.mean()) * (score - score.mean())
    assert abs(evaluation.gradient - (1 - 1 / a**2) / 4) < 4 * each.std() / n**0.5
    assert abs(evaluation.loss - (a + 1 / a) / 4) < 4 * energy.std() / n**0.5


def test_clipping_moves_the_gradient_and_never_the_energy():
    """One outlier is drawn in to 5 mean absolute deviations about the median."""
    x = jnp.linspace(-1.0, 1.0, 21).at[-1].set(9.0)[:, None, None]
    local_energy = lambda log_psi, x: jnp.sum(x) ** 3 / 9
    log_psi = lambda a, x: -0.5 * a * jnp.sum(x**2)
    a = jnp.array(1.0)
    clipped, plain, wide = (
        pm.vmc.energy(log_psi, local_energy, clip=clip).evaluate(a, (), x)[0]
        for clip in (5.0, None, 1e3)
    )
    local = np.asarray(x).ravel() ** 3 / 9
    for evaluation in (clipped, plain, wide):
        np.testing.assert_allclose(evaluation.loss, local.mean(), rtol=1e-14)
        np.testing.assert_allclose(evaluation.metrics["energy"], local.mean(), rtol=1e-14)
        np.testing.assert_allclose(evaluation.metrics["variance"], local.var(), rtol=1e-13)
    median = np.median(local)
    reach = 5 * np.abs(local - median).mean()
    bounded = np.clip(local, median - reach, median + reach)
    assert np.sum(bounded != local) == 1
    score = -0.5 * np.asarray(x).ravel() ** 2
    covariance = lambda e: 2 * np.mean((e - e.mean()) * (score - score.mean()))
    np.testing.assert_allclose(clipped.gradient, covariance(bounded), rtol=1e-12)
    np.testing.assert_allclose(plain.gradient, covariance(local), rtol=1e-12)
    np.testing.assert_allclose(wide.gradient, plain.gradient, rtol=1e-14)
    np.testing.assert_allclose(np.sum(clipped.residual), 0.0, atol=1e-13)


def test_an_exact_state_has_no_gradient():
    log_psi = lambda a, x: -0.5 * a * jnp.sum(x**2)
    evaluation, _ = pm.vmc.energy(log_psi, oscillator).evaluate(jnp.array(1.0), (), WALKERS)
    np.testing.assert_allclose(evaluation.loss, 2.0, rtol=1e-14)
    assert abs(float(evaluation.gradient)) < 1e-14
    assert float(evaluation.metrics["variance"]) < 1e-28


@pytest.mark.parametrize(
    "optimizer",
    [
        pm.gauss_newton(),
        optax.lbfgs(),
        pm.natural_gradient(line_search=pm.optim.grid_line_search()),
    ],
    ids=["gauss_newton", "lbfgs", "line search"],
)
def test_walkers_follow_the_parameters_so_there_is_no_value(optimizer):
    objective = pm.vmc.energy(lambda a, x: -0.5 * a * jnp.sum(x**2), oscillator)
    assert objective.value is None
    with pytest.raises(pm.errors.NoValueError, match="use natural_gradient"):
        pm.fit(
            objective, pm.fixed(WALKERS), optimizer, jnp.array(0.8), steps=1, key=jax.random.key(0)
        )


def test_single_precision_stays():
    with jax.enable_x64(False):
        walkers = jnp.asarray(WALKERS, jnp.float32)
        params = NETWORK.init(jax.random.key(1), walkers[0])
        for log_psi in (real_log_psi, complex_log_psi):
            objective = pm.vmc.energy(log_psi, oscillator)
            evaluation, _ = jax.eval_shape(objective.evaluate, params, (), walkers)
            dtypes = {leaf.dtype for leaf in jax.tree.leaves(evaluation)}
            assert dtypes == {jnp.dtype(jnp.float32)}


@pytest.mark.parametrize("clip", [0.0, -1.0, "5"])
def test_a_clip_must_be_positive(clip):
    with pytest.raises(
        pm.errors.ConfigurationError, match=r"clip: expected a number > 0 \(or None"
    ):
        pm.vmc.energy(real_log_psi, oscillator, clip=clip)


@pytest.mark.parametrize(
    ("log_psi", "local_energy", "walkers", "message"),
    [
        (real_log_psi, oscillator, WALKERS[0], r"walkers: expected \(n, N, d\), got \(2, 2\)"),
        (
            NETWORK.apply,
            oscillator,
            WALKERS,
            r"log ψ: .* shape \(2, 2\), got \(2,\); .*outputs=None",
        ),
        (lambda params, x: (x, x), oscillator, WALKERS, "log ψ: expected one number .* got tuple"),
        (real_log_psi, lambda f, x: x**2, WALKERS, r"local_energy: .* one number .* \(2, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(log_psi, local_energy, walkers, message):
    with pytest.raises(pm.errors.ShapeError, match=message):
        pm.vmc.energy(log_psi, local_energy).evaluate(PARAMS, (), walkers)


def displaced(log_psi, x):
    """``½ (p − ¼)² + ½ (x + 1/16)²``: the ground state is ``e^{cx − x²/2}``, c = −1/16 + i/4."""
    slope = jax.jvp(log_psi, (x,), (jnp.ones_like(x),))[1]
    kinetic = pm.kinetic_energy(log_psi)(x) + 0.25j * slope + 0.5 * 0.25**2
    return kinetic + 0.5 * jnp.sum((x + 1 / 16) ** 2)


@pytest.mark.parametrize(
    "optimizer",
    [pm.natural_gradient(0.5, damping=1e-4), optax.sgd(0.5), optax.adam(0.05), pm.soap(0.05)],
    ids=["natural gradient", "sgd", "adam", "soap"],
)
def test_a_complex_parameter_goes_downhill(optimizer):
    """Uphill in its imaginary part the energy would end above ½ hartree, c at the conjugate."""
    log_psi = lambda c, x: c * jnp.sum(x) - 0.5 * jnp.sum(x**2)
    density = pm.vmc.log_density(log_psi)
    sampler = pm.metropolis(density, lambda key: jax.random.normal(key, (64, 1, 1)), sweeps=4)
    result = pm.fit(
        pm.vmc.energy(log_psi, displaced),
        sampler,
        optimizer,
        jnp.array(0.2 - 0.1j),
        steps=150,
        key=jax.random.key(0),
    )
    np.testing.assert_allclose(result.params, -0.0625 + 0.25j, atol=5e-3)
    np.testing.assert_allclose(result.history["energy"][-1], 0.5, atol=1e-3)


@pytest.mark.slow
def test_rows_of_complex_parameters_are_those_of_their_parts():
    """Gradient and metric, real and complex log ψ, against the same model in real pairs."""
    for part in (lambda value: value, jnp.real):
        log_psi = lambda c, x, part=part: part(c[0] * jnp.sum(x) - c[1] * jnp.sum(x**2))
        pairs = lambda p, x, f=log_psi: f(jax.lax.complex(p[:2], p[2:]), x)
        c = jnp.array([0.2 - 0.1j, 0.5 + 0.3j])
        found, _ = pm.vmc.energy(log_psi, oscillator).evaluate(c, (), WALKERS)
        parts, _ = pm.vmc.energy(pairs, oscillator).evaluate(
            jnp.concatenate([c.real, c.imag]), (), WALKERS
        )
        np.testing.assert_allclose(found.jacobian.dense(), parts.jacobian.dense(), rtol=1e-12)
        both = jnp.concatenate([found.gradient.real, found.gradient.imag])
        np.testing.assert_allclose(both, parts.gradient, rtol=1e-11, atol=1e-13)
