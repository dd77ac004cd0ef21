"""Boltzmann machines against sums over all states: ln Z, samples, what is learned."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import physml as pm
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.generative.machines.boltzmann import _likelihood
from physml.generative.machines.exact_partition import exact_samples

G, KEY = pm.generative, jax.random.key(0)
RBM, VISIBLE = pm.networks.RestrictedBoltzmannMachine, pm.networks.BoltzmannMachine
XOR = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])


def wide(network, shape):
    """Parameters far from the start."""
    first = network.init(KEY, jnp.ones(shape))
    return jax.tree.map(lambda x: x + 0.6 * jnp.sin(1 + jnp.arange(x.size)).reshape(x.shape), first)


@pytest.mark.parametrize(("coupling", "exact"), [(0.4, 0.9100683140), (0.5, None)])
def test_the_ising_model_is_a_machine(coupling, exact):
    """L = 4 by all of 65,536 states of 16 visible units; 0.9100683140 of a published table."""
    exact = exact or pm.ising.kaufman(4, 4, coupling).log_partition
    machine = G.exact_machine(pm.ising.square_couplings(4, 4, coupling))
    found = G.exact_log_partition(machine.network, machine.params, (16,)) + machine.log_factor
    assert found / 16 == pytest.approx(exact, abs=1e-8 if coupling == 0.5 else 2e-10)
    assert machine.network.hidden == 32


def test_so_is_any_glass_in_a_field():
    random = np.random.default_rng(1)
    k = np.triu(random.normal(size=(5, 5)), 1)
    k, h = k + k.T, random.normal(size=5)
    exact = pm.ising.enumeration(k, h)
    machine = G.exact_machine(k, h)
    log_z = G.exact_log_partition(machine.network, machine.params, (5,))
    assert log_z + machine.log_factor == pytest.approx(exact.log_partition, abs=1e-10)
    energies = jax.vmap(lambda v: machine.network.apply(machine.params, v))
    logs = -np.asarray(energies(jnp.asarray(exact.states, float))) - log_z
    np.testing.assert_allclose(logs, exact.log_probabilities, atol=1e-10)


def test_annealed_importance_covers_what_is_exact():
    """Of 30 estimates by 40 chains some 68% lie within one bar; ⟨w⟩ is Z for any levels."""
    network = RBM(hidden=4, spins=True)
    params = wide(network, (6,))
    exact = G.exact_log_partition(network, params, (6,))
    found = [
        G.annealed_importance(network, params, (6,), chains=40, levels=20, key=key)
        for key in jax.random.split(KEY, 30)
    ]
    distance = np.array([(one.value - exact) / one.error for one in found])
    assert 12 <= np.sum(np.abs(distance) < 1) <= 28 and np.abs(distance).max() < 4
    weights = np.exp([one.value - exact for one in found])
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(30) < 0.2
    assert found[0].error > 0.005, "an estimate, not a sum"


@pytest.mark.parametrize(
    "network", [RBM(hidden=2), pytest.param(VISIBLE(spins=True), marks=pytest.mark.slow)]
)
def test_exact_samples_follow_the_density(network):
    """Pearson's test of eight states by 4,000 samples, at one in a thousand."""
    params, n = wide(network, (3,)), 4000
    v = np.asarray(exact_samples(network, params, (3,), KEY, n))
    numbers = ((v > 0) @ 2 ** np.arange(3)).astype(int)
    states = jnp.array([[1.0 if k >> i & 1 else network.low for i in range(3)] for k in range(8)])
    p = jax.nn.softmax(-jax.vmap(lambda v: network.apply(params, v))(states))
    assert stats.chisquare(np.bincount(numbers, minlength=8), n * np.asarray(p)).pvalue > 1e-3


def test_exact_samples_of_many_states_are_not_rounded(monkeypatch):
    """In single precision, too, sums over states are of double: else some were 5% off."""
    logs = 1e-3 * np.arange(2**14, dtype=np.float32)
    where = "physml.generative.machines.exact_partition."
    monkeypatch.setattr(where + "over_states", lambda *state: logs)
    monkeypatch.setattr(where + "_visible", lambda net, shape, params, numbers, keys: numbers)
    numbers = exact_samples(
        RBM(hidden=14), RBM(hidden=14).init(KEY, jnp.zeros(40)), (40,), KEY, 999
    )
    p = np.cumsum(np.exp(-logs.astype(float)))
    chances = np.asarray(jax.random.uniform(jax.random.split(KEY)[0], (999,))) * p[-1]
    np.testing.assert_array_equal(numbers, np.searchsorted(p, chances, "right"))


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(G.persistent(2, chains=4000), marks=pytest.mark.slow),
        G.tempering(2, chains=4000, levels=2),
    ],
)
def test_chains_at_fixed_parameters_reach_the_density(way):
    network = RBM(hidden=2)
    params = wide(network, (3,))
    sampler = way(network, pm.fixed(jnp.asarray(XOR, float)), (3,))

    @jax.jit
    def after(key, state):
        def step(state, key):
            state, batch, _ = sampler.sample(key, state, params)
            return state, batch["model"]

        return jax.lax.scan(step, state, jax.random.split(key, 12))[1][-1]

    v = np.asarray(after(KEY, sampler.init(KEY, params)))
    numbers = ((v > 0) @ 2 ** np.arange(3)).astype(int)
    states = jnp.array([[float(k >> i & 1) for i in range(3)] for k in range(8)])
    p = jax.nn.softmax(-jax.vmap(lambda v: network.apply(params, v))(states))
    assert stats.chisquare(np.bincount(numbers, minlength=8), 4000 * np.asarray(p)).pvalue > 1e-3


def test_contrastive_divergence_starts_at_the_data():
    network, data = RBM(hidden=2), jnp.asarray(XOR, float)
    still = {"params": {"weights": jnp.zeros((3, 2)), "hidden": jnp.zeros(2)}}
    still["params"]["visible"] = jnp.array([50.0, -50.0, 50.0])
    sampler = G.contrastive_divergence(1)(network, pm.fixed(data), (3,))
    _, batch, metrics = sampler.sample(KEY, sampler.init(KEY, still), still)
    np.testing.assert_array_equal(batch["data"], data)
    np.testing.assert_array_equal(batch["model"], np.tile([1.0, 0.0, 1.0], (4, 1)))
    assert metrics["moved"] == 0.75, "one datum of four was there already"


@pytest.fixture(scope="module")
def xor():
    return G.boltzmann(
        XOR,
        RBM(hidden=4, spread=1.0),
        chains=G.every_state(),
        optimizer=pm.natural_gradient(0.2, damping=1e-3, max_norm=1.0),
        steps=200,
        judge=400,
        key=KEY,
        progress=False,
    )


@pytest.mark.slow
def test_the_likelihood_while_training_is_of_sorted_data_too():
    """Of 5,000 sorted ones the first 1,000 are all the same."""
    data = jnp.asarray(np.repeat([[0, 0], [1, 1]], 2500, axis=0), float)
    network = RBM(hidden=2)
    params = wide(network, (2,))
    told = _likelihood(network, params, data, 1)["log_likelihood"]
    exact = np.mean(
        -np.asarray(jax.vmap(lambda v: network.apply(params, v))(data))
    ) - G.exact_log_partition(network, params, (2,))
    assert float(told.call(params)) == pytest.approx(exact, abs=0.2)


def test_xor_is_learned(xor):
    np.testing.assert_allclose(np.exp(xor.log_prob(XOR)), 0.25, atol=0.005)
    numbers = xor.numbers()
    assert -np.log(4) - 0.01 < numbers["log_likelihood"] < -np.log(4)
    assert numbers["independent"] == pytest.approx(-3 * np.log(2))
    assert xor.is_exact and numbers["log_partition_error"] == 0
    curve = xor.curves["log_likelihood"]
    assert curve[-1] == pytest.approx(numbers["log_likelihood"], abs=2e-3) and curve[0] < -1.9
    v = np.asarray(xor.sample(KEY, 200))
    assert np.mean((v[:, 0] + v[:, 1] + v[:, 2]) % 2 == 0) > 0.97


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_coupling_of_two_spins_is_found(seed):
    """Within 0.01 of J by 10⁵ samples, whose own error is some 0.004."""
    J, n = 0.4, 100_000
    random = np.random.default_rng(seed)
    first = random.choice([-1, 1], n)
    pairs = np.stack(
        [first, np.where(random.random(n) < 1 / (1 + np.exp(-2 * J)), 1, -1) * first], 1
    )
    found = G.boltzmann(
        pairs,
        VISIBLE(spins=True),
        chains=G.every_state(),
        optimizer=pm.natural_gradient(1.0, damping=1e-9),
        steps=15,
        progress=False,
    )
    assert abs(float(found.params["params"]["couplings"][0]) - J) < 0.01
    exact = np.arctanh(np.mean(pairs[:, 0] * pairs[:, 1]))
    assert abs(np.mean(pairs)) < 0.02
    assert abs(float(found.params["params"]["couplings"][0]) - exact) < 1e-3


@pytest.mark.slow
def test_a_large_machine_is_judged_by_chains(tmp_path):
    """21 hidden units over 21 visible ones: no sum is taken, but of one that can be folded up."""
    data = np.random.default_rng(0).integers(2, size=(50, 3, 7))
    found = G.boltzmann(
        data, RBM(hidden=21), steps=2, size=20, judge=64, levels=20, test=data[:9],
        chains=G.persistent(1, chains=8), progress=False,
    )  # fmt: skip
    assert not found.is_exact
    # All but ten hidden units without weights: each of those is a factor of 2, the rest a sum.
    some = jax.tree.map(lambda leaf: leaf[..., :10], wide(RBM(hidden=21), (21,))["params"])
    some["visible"] = wide(RBM(hidden=21), (21,))["params"]["visible"]
    padded = {
        name: leaf if name == "visible" else jnp.pad(leaf, [(0, 0)] * (leaf.ndim - 1) + [(0, 11)])
        for name, leaf in some.items()
    }
    exact = G.exact_log_partition(RBM(hidden=10), {"params": some}, (21,)) + 11 * np.log(2)
    strong = G.BoltzmannDensity.judged(
        found.network, {"params": padded}, jnp.asarray(data, float), samples=64, levels=20, key=KEY
    )
    told = strong.log_partition
    assert abs(told.value - exact) < 5 * told.error < 2
    numbers = found.numbers()
    assert numbers["test_log_likelihood_error"] > numbers["log_partition_error"]
    assert found.sample(KEY, 5).shape == (5, 3, 7) and "effective chains" in found.words()
    assert found.plot(tmp_path / "machine.png").exists()


def test_few_samples_are_of_as_many_chains_as_many(monkeypatch):
    density = G.BoltzmannDensity(
        RBM(hidden=21), wide(RBM(hidden=21), (21,)), (21,),
        G.LogPartition(0.0, 0.0, 1.0, 0.0, 0.0, 64), {}, {}, np.zeros(0), np.zeros(0),
    )  # fmt: skip
    chains = []

    def drawn(network, params, shape, key, n, levels):
        chains.append(n)
        return None, jnp.zeros((n, *shape))

    monkeypatch.setattr("physml.generative.machines.boltzmann_density._drawn", drawn)
    assert [len(density.sample(KEY, n)) for n in (1, 5, 99)] == [1, 5, 99]
    assert chains == [64, 64, 99]


def test_a_machine_is_kept(xor, tmp_path):
    xor.save(tmp_path / "kept")
    again = G.BoltzmannDensity.load(tmp_path / "kept", RBM(hidden=4, spread=1.0))
    np.testing.assert_array_equal(again.log_prob(XOR), xor.log_prob(XOR))
    assert again.likelihoods == xor.likelihoods and again.log_partition == xor.log_partition
    kept, told = again.numbers(), xor.numbers()
    assert {k: v for k, v in kept.items() if k != "compile_seconds"} == {
        k: v for k, v in told.items() if k != "compile_seconds"
    }
    assert again.plot(tmp_path / "xor.png").exists()
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        G.BoltzmannDensity.load(tmp_path / "kept", RBM(hidden=3))
    with pytest.raises(FingerprintError, match="other energies"):
        G.BoltzmannDensity.load(tmp_path / "kept", RBM(hidden=4, spins=True))


class Entangled(VISIBLE):
    """Whose parameters without couplings have some."""

    def independent(self, params):
        return params


ONE = {"steps": 0, "progress": False}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: G.boltzmann(2 * XOR, **ONE), ShapeError, "entries 0 and 1, got 0, 2"),
        (lambda: G.boltzmann(XOR, RBM(spins=True)), ShapeError, "entries −1 and 1, got 0, 1"),
        (lambda: G.boltzmann(2 * XOR - 1, RBM()), ShapeError, r"\(s \+ 1\)/2"),
        (lambda: G.boltzmann(np.array([[0, np.nan]])), NonFiniteError, r"nan at index \(0, 1\)"),
        (lambda: G.boltzmann([["a", "b"]]), ShapeError, "data: expected real numbers"),
        (lambda: G.boltzmann([[1, 0], [1]]), ShapeError, "data: expected real numbers"),
        (lambda: G.boltzmann(XOR[0]), ShapeError, "configurations"),
        (lambda: G.boltzmann(XOR[:0]), ShapeError, "configurations"),
        (lambda: G.boltzmann(XOR, test=XOR[:, :2]), ShapeError, r"test: expected \(n, 3\)"),
        (lambda: G.boltzmann(XOR, pm.MLP((2,))), ConfigurationError, "an energy of units"),
        (lambda: G.boltzmann(XOR, chains="pcd"), ConfigurationError, "a way to samples"),
        (lambda: G.boltzmann(XOR, size=5, **ONE), ConfigurationError, "size"),
        (lambda: G.boltzmann(XOR, judge=1), ConfigurationError, "judge"),
        (lambda: G.persistent(chains=1), ConfigurationError, "chains"),
        (lambda: G.persistent(0), ConfigurationError, "sweeps"),
        (lambda: G.contrastive_divergence(0), ConfigurationError, "sweeps"),
        (lambda: G.tempering(levels=0), ConfigurationError, "levels"),
        (
            lambda: G.boltzmann(np.zeros((2, 21)), chains=G.every_state()),
            ConfigurationError,
            "from 1 to 20 .* got 21; annealed_importance",
        ),
        (
            lambda: G.exact_log_partition(VISIBLE(), wide(VISIBLE(), (21,)), (21,)),
            ConfigurationError,
            "annealed_importance",
        ),
        (
            lambda: G.annealed_importance(
                Entangled(), wide(VISIBLE(), (3,)), (3,), chains=2, levels=1, key=KEY
            ),
            ConfigurationError,
            "expected independent units",
        ),
        (lambda: G.exact_machine(np.ones((2, 2))), ShapeError, "diagonal"),
        (lambda: G.exact_machine(np.zeros((2, 2))), ConfigurationError, "one bond"),
        (lambda: G.exact_machine(np.zeros(4)), ShapeError, "matrix"),
        (lambda: G.exact_machine([[0, np.inf], [np.inf, 0]]), NonFiniteError, "couplings"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_xor_by_ten_seeds(seed):
    """By all states within 0.005 of a quarter each."""
    entry = G.catalogue.ENTRIES["rbm-xor"]
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(seed), progress=False)
    assert found.numbers()["largest_deviation"] < 0.005
    assert found.numbers()["normalisation"] == pytest.approx(1, abs=1e-12)


@pytest.mark.slow
def test_xor_by_persistent_chains():
    entry = G.catalogue.ENTRIES["rbm-xor"]
    recipe = entry.recipe_for(entry.subject, "pcd")
    found = entry.solve(entry.subject, recipe, key=KEY, progress=False)
    assert found.numbers()["largest_deviation"] < 0.02


@pytest.mark.slow
def test_the_exact_machine_of_a_larger_lattice():
    """Of 64 sites by annealed chains, against Kaufman's sum."""
    entry = G.catalogue.ENTRIES["ising-rbm"]
    recipe = entry.recipe_for(entry.subject, "exact")
    for temperature in (2.5, pm.ising.CRITICAL_TEMPERATURE):
        subject = G.Ising(side=8, temperature=temperature)
        told = entry.solve(subject, recipe, key=KEY, progress=False).numbers()
        gap = told["log_partition"] - told["exact_log_partition"]
        assert abs(gap) < 4 * told["log_partition_error"] < 0.5


@pytest.mark.slow
def test_the_learned_lattice():
    entry = G.catalogue.ENTRIES["ising-rbm"]
    told = entry.solve(entry.subject, entry.recipe, key=KEY, progress=False).numbers()
    assert 0 < told["kl"] < 1e-2 and told["ess"] > 0.97
    gap = told["log_partition"] - told["exact_log_partition"]
    assert abs(gap) < 4 * told["log_partition_error"]


@pytest.mark.slow
@pytest.mark.parametrize(("side", "said"), [(3, "all states"), (6, "local sweeps")])
def test_in_the_ordered_phase_both_signs_are_among_the_data(side, said):
    from physml.generative.catalogue.ising_rbm import compared_to

    spins, told = compared_to(G.Ising(side=side, temperature=1.0), KEY)
    assert said in told and spins.shape[1:] == (side, side)
    assert abs(np.mean(spins)) < 0.15 < 0.9 < np.mean(np.abs(np.mean(spins, axis=(1, 2))))


def test_a_lattice_too_large_to_learn_is_refused():
    entry = G.catalogue.ENTRIES["ising-rbm"]
    with pytest.raises(ConfigurationError, match="--recipe exact"):
        entry.check(G.Ising(side=5), entry.recipe)
    entry.check(G.Ising(side=8), entry.recipe_for(entry.subject, "exact"))
    with pytest.raises(ConfigurationError, match="data"):
        type(entry.recipe)(data=1)


def test_what_makes_a_run_of_patterns_die_is_refused_before_it():
    entries = G.catalogue.ENTRIES
    xor, bars = entries["rbm-xor"], entries["bars-and-stripes"]
    xor.check(xor.subject, replace(xor.recipe, size=4))
    with pytest.raises(ConfigurationError, match="size: expected from 1 to 4"):
        xor.check(xor.subject, replace(xor.recipe, size=5))
    with pytest.raises(ConfigurationError, match=r"from 1 to 20 .* got 25"):
        chains = G.ChainSettings(name="every-state")
        bars.check(replace(bars.subject, side=5), replace(bars.recipe, chains=chains))
    ising = entries["ising-rbm"]
    with pytest.raises(ConfigurationError, match="size: expected at most 2000"):
        ising.check(ising.subject, replace(ising.recipe, data=2000))


def test_patterns_of_bars_and_stripes():
    from physml.generative.catalogue.bars_and_stripes import BarsAndStripes, patterns

    images = patterns(BarsAndStripes(side=3), KEY).data
    assert images.shape == (14, 3, 3) and len(np.unique(images.reshape(14, 9), axis=0)) == 14
    for image in images:
        assert (image == image[:1]).all() or (image == image[:, :1]).all()
    with pytest.raises(ConfigurationError, match="side"):
        BarsAndStripes(side=7)


def test_black_and_white_digits():
    from physml.generative.catalogue.rbm_digits import BinaryDigits, patterns

    data, test = patterns(BinaryDigits(), KEY)
    assert data.shape == (1438, 8, 8) and test.shape == (359, 8, 8)
    assert set(np.unique(data)) == {0.0, 1.0} and 0.2 < data.mean() < 0.5
    with pytest.raises(ConfigurationError, match="threshold"):
        BinaryDigits(threshold=16.0)
    with pytest.raises(ConfigurationError, match="held_out"):
        BinaryDigits(held_out=1.0)


@pytest.mark.parametrize("name", G.ChainSettings.names())
def test_chains_have_names(name):
    assert callable(G.ChainSettings(name=name).build())
