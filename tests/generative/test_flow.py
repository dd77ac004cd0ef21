"""Flows: their weights tell what quadrature and transfer matrices know."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

import physml as pm
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from physml.generative.flows.natural_unit import natural_unit
from physml.generative.flows.observables import TOLD
from physml.generative.flows.torus import torus
from physml.generative.flows.transfer_matrix import ring
from physml.generative.flows.way_back import check_way_back
from physml.generative.judge.same_model import check_model

KEY = jax.random.key(0)
QUIET = {"progress": False, "key": KEY}
BANANA = pm.generative.Reals((2,), lambda x: -(x[0] ** 2) - (x[1] - 0.3 * x[0]) ** 2 - x[1] ** 4)
SMALL = pm.networks.RealNVP(2, (4,))


@pytest.fixture(scope="module")
def banana():
    return pm.generative.flow(BANANA, SMALL, steps=25, size=128, judge=4000, **QUIET)


def test_weights_tell_the_integral_within_their_bar(banana):
    density = lambda y, x: np.exp(-(x**2) - (y - 0.3 * x) ** 2 - y**4)
    exact = np.log(integrate.dblquad(density, -6, 6, -4, 4)[0])
    found = banana.log_partition
    assert abs(found.value - exact) < 4 * found.error
    assert found.error < 0.02 and found.ess > 0.8 and found.bound < exact
    for ask in (banana.mean, banana.chain):
        with pytest.raises(UnknownNameError, match="observable 'height'"):
            ask("height")


def test_the_density_is_normalised_and_samples_follow_it(banana):
    x = np.linspace(-5, 5, 201)
    grid = np.stack(np.meshgrid(x, x), -1).reshape(-1, 2)
    q = np.exp(banana.log_prob(grid))
    cell = (x[1] - x[0]) ** 2
    assert q.sum() * cell == pytest.approx(1, abs=1e-5)
    samples = np.asarray(banana.sample(jax.random.key(3), 4000))
    mean, square = (float((q * grid[:, 1] ** k).sum() * cell) for k in (1, 2))
    assert abs(samples[:, 1].mean() - mean) < 4 * np.sqrt(square / 4000)
    assert abs((samples[:, 1] ** 2).mean() - square) < 4 * np.sqrt(3 * square**2 / 4000)


@pytest.mark.slow
def test_a_flow_is_kept(banana, tmp_path):
    banana.save(tmp_path / "kept")
    load = pm.generative.FlowDensity.load
    again = load(tmp_path / "kept", BANANA, SMALL)
    x = np.asarray(banana.sample(KEY, 5))
    np.testing.assert_array_equal(again.log_prob(x), banana.log_prob(x))
    assert again.log_partition == banana.log_partition
    assert again.plot(tmp_path / "flow.png").exists()
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        load(tmp_path / "kept", BANANA, pm.networks.RealNVP(2, (5,)))
    with pytest.raises(FingerprintError, match="another density"):
        load(tmp_path / "kept", BANANA, pm.networks.RealNVP(2, (4,), activation="sin"))
    other = pm.generative.Reals((2,), lambda x: BANANA.log_density(x) - 1e-3 * x[0] ** 4)
    with pytest.raises(FingerprintError, match="model has other densities"):
        load(tmp_path / "kept", other, SMALL)
    with pytest.warns(UserWarning, match="before models were kept"):
        check_model(tmp_path, {}, BANANA, x)
    with pytest.raises(CheckpointError, match="already holds"):
        banana.save(tmp_path / "kept")


@pytest.mark.slow
def test_a_chain_of_four_sites_by_a_flow_of_its_symmetries():
    """Ln Z and ⟨φ²⟩, by weights and by Metropolis steps, against the transfer matrix."""
    field = pm.generative.ScalarField((4,), mass_squared=-4.0, coupling=8.0)
    network = pm.networks.ContinuousFlow(
        pm.networks.LatticeVelocity(3, 2), pm.networks.RungeKutta(4)
    )
    found = pm.generative.flow(field, network, steps=25, size=128, judge=8000, **QUIET)
    told = found.numbers()
    assert told["ess"] > 0.95 and told["acceptance"] > 0.85
    assert abs(told["log_partition"] - told["exact"]) < 4 * told["log_partition_error"]
    for kind in ("", "_chain"):
        off = told[f"phi_squared{kind}"] - told["phi_squared_exact"]
        assert abs(off) < 4 * told[f"phi_squared{kind}_error"]
    assert 0 < told["integration_error"] < 1e-2
    assert told["parameters"] == 2 * 3 * 4 + 3 and "followed" in found.words()


class Dilation(nn.Module):
    """``dx/dt = x``: the density at time 1 is normal, ``e`` times as wide."""

    @nn.compact
    def __call__(self, x, t):
        rate = self.param("rate", nn.initializers.ones, (), jnp.result_type(float))
        return rate * x, rate * x.size


@pytest.mark.parametrize("spread", [1.0, 1.3])
def test_steps_are_halved_until_noise_covers_their_error(spread, tmp_path):
    """In one step of Runge and Kutta ``e`` is 2.7083, and ln Z off by 0.004 an entry."""
    width = float(np.e) * spread
    model = pm.generative.Reals((2,), lambda x: -jnp.sum(x**2) / (2 * width**2))
    network = pm.networks.ContinuousFlow(Dilation(), pm.networks.RungeKutta(1))
    params = network.init(KEY, jnp.zeros(2))
    found = pm.generative.FlowDensity.judged(
        model, network, params, unit=1.0, samples=2000, key=KEY
    )
    z, exact = found.log_partition, float(np.log(2 * np.pi * width**2))
    assert abs(z.value - exact) < 3 * z.error
    assert found.halved == (5 if spread == 1 else 1) and found.integration_error <= z.error
    kept = pm.generative.FlowDensity.load(found.save(tmp_path / "kept"), model, network)
    assert (kept.halved, kept.log_partition) == (found.halved, found.log_partition)


@pytest.mark.slow
def test_gradients_through_samples_and_by_the_score_agree():
    """The means of both, at one flow of one entry pair, within the noise of their samples."""
    shape, size = (2,), 4000
    model = pm.generative.Reals(shape, lambda x: -jnp.sum(x**4) - x[0] * x[1])
    network = pm.networks.RealNVP(1, ())
    params = jax.tree.map(lambda p: p + 0.2, network.init(KEY, jnp.ones(shape)))

    def gradients(training, copies=8):
        objective, sampler = training(model, network, size, 0)

        @jax.jit
        def one(key):
            _, batch, _ = sampler.sample(key, sampler.init(key, params), params)
            found = objective.evaluate(params, objective.init(params), batch)[0]
            return jnp.concatenate([jnp.ravel(g) for g in jax.tree.leaves(found.gradient)])

        found = np.stack([one(key) for key in jax.random.split(KEY, copies)])
        return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(copies)

    (through, noise), (score, more) = map(
        gradients, (pm.generative.reparametrised, pm.generative.scored)
    )
    assert np.abs(through).max() > 0.3
    assert (np.abs(through - score) < 5 * np.hypot(noise, more)).all()


def test_heat_leads_from_the_normal_density_to_that_of_the_model():
    objective, sampler = pm.generative.reparametrised(BANANA, SMALL, 3, 4)
    params = SMALL.init(KEY, jnp.ones(2))
    state, heats = sampler.init(KEY, params), []
    for _ in range(5):
        state, batch, _ = sampler.sample(KEY, state, params)
        heats.append(batch["heat"].tolist()[0])
    assert heats == [0.25, 0.5, 0.75, 1.0, 1.0]
    cold = batch | {"heat": jnp.zeros(3)}
    value = jax.jit(lambda params, batch: objective.value(params, (), batch))
    assert abs(value(params, cold)) < 1e-12, "an identity is exact at heat 0"


def test_transfer_matrices_meet_gaussian_integrals_and_one_another():
    k = 2 * np.pi * np.arange(5) / 5
    waves = 0.7 + 2 - 2 * np.cos(k)
    ln_z, square = ring(5, 0.7, 0.0)
    assert ln_z == pytest.approx(0.5 * np.log(np.pi / waves).sum(), abs=1e-11)
    assert square == pytest.approx(0.5 * np.mean(1 / waves), abs=1e-11)
    waves = (1.0 + 4 - 2 * np.cos(k)[:, None] - 2 * np.cos(2 * np.pi * np.arange(3) / 3)).ravel()
    ln_z, square = torus(3, 5, 1.0, 0.0)
    assert ln_z == pytest.approx(0.5 * np.log(np.pi / waves).sum(), abs=1e-5)
    assert square == pytest.approx(0.5 * np.mean(1 / waves), abs=1e-5)
    # One rectangle by its rows and by its columns.
    np.testing.assert_allclose(torus(2, 3, -4.0, 7.0), torus(3, 2, -4.0, 7.0), atol=2e-5)
    assert torus(7, 7, 1.0, 1.0) is None and ring(4, 1e-9, 0.0) is None
    # Deep in the broken phase seven points do not suffice, and rows weigh more than any number.
    assert torus(4, 4, -60.0, 1.0) is None and torus(2, 2, -1e6, 1.0) is None


@pytest.mark.parametrize(("mass_squared", "coupling"), [(-20.0, 1.0), (-100.0, 1.0), (40.0, 0.0)])
def test_a_chain_deep_in_its_wells_is_integrated_over_both(mass_squared, coupling):
    """Two sites by the trapezoidal rule; the minima lie far beyond φ = 1."""
    wells = np.sqrt(max(-mass_squared, 0) / 2 / max(coupling, 1))
    x = np.linspace(-wells - 4, wells + 4, 1201)
    v = mass_squared * x**2 + coupling * x**4
    logs = -2 * (x[:, None] - x) ** 2 - v[:, None] - v
    exact = logs.max() + np.log(np.exp(logs - logs.max()).sum()) + 2 * np.log(x[1] - x[0])
    assert ring(2, mass_squared, coupling)[0] == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize(("barrier", "tilt"), [(1.0, 60.0), (1.0, -100.0), (1e7, 0.5), (1e9, -0.5)])
def test_a_double_well_that_is_steep_or_narrow_is_integrated(barrier, tilt):
    """By the Gaussian integral at its minima, which is right to a part in barrier or tilt."""
    minima = np.roots([4 * barrier, 0, -4 * barrier, tilt])
    x = minima[np.abs(minima.imag) < 1e-9].real
    curved, v = barrier * (12 * x**2 - 4), barrier * (x**2 - 1) ** 2 + tilt * x
    x, curved, v = x[curved > 0], curved[curved > 0], v[curved > 0]
    parts = np.exp(v.min() - v) * np.sqrt(2 * np.pi / curved)
    well = pm.generative.DoubleWell(barrier, tilt, 2 * np.pi)
    assert well.log_partition() == pytest.approx(np.log(parts.sum()) - v.min(), abs=5e-3)
    assert well.means()["left"] == pytest.approx(parts[x < 0].sum() / parts.sum(), abs=1e-3)


class Observed(pm.generative.RealModel):
    """A normal density with observables of one's own."""

    def __init__(self, observables):
        self.own = observables

    shape = (2,)

    def log_density(self, x):
        return -jnp.sum(x**2)

    def observables(self, x):
        return self.own(x)


@pytest.mark.parametrize(
    ("observables", "error", "message"),
    [
        (lambda x: {"ess": x[0]}, ConfigurationError, "got ess, which"),
        (lambda x: {"m": x[0], "m_error": x[1]}, ConfigurationError, "got m_error, which"),
        (lambda x: {"x": x}, ShapeError, "one real number as 'x'"),
        (lambda x: {"z": 1j * x[0]}, ShapeError, "one real number as 'z'"),
    ],
)
def test_an_observable_that_would_hide_another_number_is_refused(observables, error, message):
    with pytest.raises(error, match=message):
        pm.generative.flow(Observed(observables), SMALL)


def test_a_chain_that_stands_still_is_told():
    """Eight chains, each at the one sample that outweighs all others: their bars are none."""
    logs = np.where(np.arange(400) < 8, 50.0, 0.0)
    none = pm.generative.LogPartition(0.0, 0.0, 1.0, 0.0, 0.0, 400)
    seen = {"x": np.random.default_rng(0).normal(size=400)}
    rest = (none, 0.0, logs, seen, np.zeros(400), np.zeros(0))
    found = pm.generative.FlowDensity(BANANA, SMALL, {}, 1.0, *rest)
    assert found.numbers()["x_chain_converged"] is False
    assert "by a chain too short for its bar" in found.words()["x"]


def test_names_that_are_taken_are_those_that_are_told(banana):
    assert {*banana.numbers(), "acceptance"} == set(TOLD)


def test_numbers_of_the_issue():
    field = pm.generative.ScalarField((16,), mass_squared=-4.0, coupling=8.0)
    assert field.log_partition() == pytest.approx(6.532141032, abs=1e-9)
    assert field.means()["phi_squared"] == pytest.approx(0.179174766, abs=1e-9)


@pytest.mark.parametrize(
    "well", [pm.generative.DoubleWell(), pm.generative.DoubleWell(2.0, -1.0, 9.0)]
)
def test_the_double_well_by_two_dimensional_quadrature(well):
    x, y = np.linspace(-3, 3, 1201), np.linspace(-5, 12, 1201)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), -1).reshape(-1, 2)
    p = np.exp(np.asarray(jax.vmap(well.log_density)(jnp.asarray(grid))))
    cell = (x[1] - x[0]) * (y[1] - y[0])
    assert well.log_partition() == pytest.approx(np.log(p.sum() * cell), abs=1e-6)
    means = well.means()
    assert means["x"] == pytest.approx(p @ grid[:, 0] / p.sum(), abs=1e-6)
    assert means["y"] == pytest.approx(p @ grid[:, 1] / p.sum(), abs=1e-6)
    left = (p[grid[:, 0] < -1e-9].sum() + 0.5 * p[np.abs(grid[:, 0]) < 1e-9].sum()) / p.sum()
    assert means["left"] == pytest.approx(left, abs=1e-4)


def test_an_independence_chain_meets_a_density_it_does_not_draw_from():
    """Of three states drawn evenly and weighed 1, 2, 3; as do weighted means, both within bars."""
    states = np.random.default_rng(0).integers(3, size=40_000)
    logs = np.log(states + 1.0)
    found = pm.generative.independence_chain(logs, chains=8)
    told = pm.sampling.estimate(states[found.indices].astype(float))
    exact, weighted = 8 / 6, pm.generative.weighted_mean(logs, states.astype(float))
    assert abs(told.mean - exact) < 4 * told.error and told.tau > 1.05
    assert abs(weighted.value - exact) < 4 * weighted.error
    # Of all pairs of states: Σ min(w, w')/w over the nine.
    pairs = np.minimum(1, np.array([1, 2, 3.0])[None] / np.array([1, 2, 3.0])[:, None])
    expected = np.array([1, 2, 3]) / 6 @ pairs.mean(axis=1)
    assert found.acceptance == pytest.approx(expected, abs=0.01)


def test_bars_of_weighted_means_cover():
    """Of 300 repetitions with 200 samples, within one bar 68% and within two 95%."""
    random = np.random.default_rng(1)
    off = []
    for _ in range(300):
        x = random.normal(size=200)
        found = pm.generative.weighted_mean(-0.3 * x**2, x**2)  # variance 1/1.6
        off.append((found.value - 1 / 1.6) / found.error)
    off = np.abs(off)
    assert 0.58 < np.mean(off < 1) < 0.78 and 0.89 < np.mean(off < 2) < 0.99


def test_units_follow_the_width_of_the_density():
    wide = lambda u: pm.generative.Reals((3,), lambda x: -0.5 * jnp.sum((x / u) ** 2))
    assert natural_unit(wide(1e-2)) == pytest.approx(1e-2, rel=0.2)
    assert natural_unit(wide(200.0)) == pytest.approx(200.0, rel=0.2)


class Lies(pm.networks.RealNVP):
    """Tells another volume than its own."""

    def __call__(self, x, inverse=False):
        y, log_det = super().__call__(x, inverse)
        return y, log_det + (-0.5 if inverse else 0.5)


class Doubles(pm.networks.RealNVP):
    """Tells twice its volume, which is right of the identity that it begins as."""

    def __call__(self, x, inverse=False):
        y, log_det = super().__call__(x, inverse)
        return y, 2 * log_det


def test_a_volume_that_is_wrong_of_trained_parameters_is_refused(banana):
    message = "the volume of its Jacobian"
    with pytest.raises(ShapeError, match=message):
        pm.generative.FlowDensity.judged(
            BANANA, Doubles(2, (4,)), banana.params, unit=1.0, samples=32, key=KEY
        )


class Swirl(nn.Module):
    """A velocity by hand, whose divergence is told up to a part."""

    part: float

    @nn.compact
    def __call__(self, x, t):
        a = self.param("a", nn.initializers.ones, ())
        wave = jnp.array([jnp.sin(a * x[0]) + x[1], jnp.sin(a * x[1]) - x[0]])
        return 0.1 * wave, 0.1 * (1 + self.part) * a * jnp.sum(jnp.cos(a * x))


@pytest.mark.parametrize("part", [0.0, 0.02])
def test_a_divergence_two_percent_off_is_refused(part):
    network = pm.networks.ContinuousFlow(Swirl(part))
    params = network.init(KEY, jnp.ones(2))
    if part == 0:
        return check_way_back(network, params, (2,))
    with pytest.raises(ShapeError, match=r"velocity: expected \(v, ∇·v\) with the trace"):
        check_way_back(network, params, (2,))


def test_of_many_entries_the_jacobian_is_not_looked_at_but_said(monkeypatch, banana):
    monkeypatch.setattr("physml.generative.flows.way_back._JACOBIAN", 1)
    with pytest.warns(UserWarning, match="of 2 entries, above 1, its"):
        check_way_back(SMALL, banana.params, (2,))


def gaussian(x):
    return -jnp.sum(x**2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pm.generative.Reals((2,), lambda x: x), ShapeError, "one real number"),
        (lambda: pm.generative.Reals((2,), lambda x: 1j * x[0]), ShapeError, "one real number"),
        (lambda: pm.generative.Reals((), gaussian), ConfigurationError, "expected a shape"),
        (lambda: pm.generative.Reals((0,), gaussian), ConfigurationError, "entries"),
        (lambda: pm.generative.ScalarField((16,), 1.0, -1.0), ConfigurationError, "coupling"),
        (lambda: pm.generative.ScalarField((16,), -1.0, 0.0), ConfigurationError, "coupling"),
        (lambda: pm.generative.ScalarField((1,)), ConfigurationError, "sides of 2"),
        (lambda: pm.generative.ScalarField(16), ConfigurationError, "shape: expected a shape"),
        (lambda: pm.generative.DoubleWell(barrier=0.0), ConfigurationError, "barrier"),
        (lambda: pm.generative.flow(gaussian), ConfigurationError, "density of real numbers"),
        (
            lambda: pm.generative.flow(pm.generative.Reals((2,), lambda x: -(x[0] ** 2))),
            ConfigurationError,
            "falls faster",
        ),
        (
            lambda: pm.generative.flow(pm.generative.Reals((2,), lambda x: jnp.sum(x**2))),
            ConfigurationError,
            "falls faster",
        ),
        (
            lambda: pm.generative.flow(
                pm.generative.Reals((2,), lambda x: jnp.log(x[0]) - jnp.sum(x**2))
            ),
            NonFiniteError,
            "log_density: expected a finite number",
        ),
        (lambda: pm.generative.flow(BANANA, SMALL, unit=0.0), ConfigurationError, "unit"),
        (lambda: pm.generative.flow(BANANA, SMALL, size=1), ConfigurationError, "size"),
        (
            lambda: pm.generative.flow(BANANA, pm.MLP((2,), outputs=2)),
            ShapeError,
            r"network: expected \(y, ln",
        ),
        (
            lambda: pm.generative.flow(BANANA, Lies(2, (4,))),
            ShapeError,
            "the volume of its Jacobian",
        ),
        (
            lambda: pm.generative.flow(BANANA, Doubles(2, (4,))),
            ShapeError,
            "the volume of its Jacobian",
        ),
        (
            lambda: pm.generative.flow(pm.generative.Reals((65,), gaussian), Lies(2, ())),
            ShapeError,
            "the volume of its Jacobian",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_points_of_another_shape_have_no_probability(banana):
    with pytest.raises(ShapeError, match=r"expected \(n, 2\)"):
        banana.log_prob(np.ones(2))
    with pytest.raises(NonFiniteError, match="finite"):
        banana.log_prob(np.full((1, 2), np.nan))
    for bad in (
        np.ma.array(np.ones((1, 2)), mask=[[True, False]]),
        1j * np.ones((1, 2)),
        [["1"] * 2],
    ):
        with pytest.raises(ShapeError, match="x: expected real numbers"):
            banana.log_prob(bad)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["phi4-chain", "phi4-square", "double-well-flow"])
def test_entries_meet_what_is_known(name):
    entry = pm.generative.catalogue.ENTRIES[name]
    told = entry.solve(entry.subject, entry.recipe, key=jax.random.key(1)).numbers()
    assert told["ess"] > 0.95
    assert abs(told["log_partition"] - told["exact"]) < 4 * told["log_partition_error"]
    for observable in entry.subject.means():
        off = told[observable] - told[f"{observable}_exact"]
        assert abs(off) < 4 * told[f"{observable}_error"]
