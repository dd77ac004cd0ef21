"""Every objective, sampler and optimizer on one and on two devices: the same numbers.

Two devices must be there before jax starts: ``test_devices.py`` runs this file so, and so does
``XLA_FLAGS=--xla_force_host_platform_device_count=2 pytest tests/train/on_two_devices.py``.
"""

from __future__ import annotations

import json
import math
import re
from functools import partial
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.cli import main
from physml.lazy_jacobian import Block, Jacobian
from physml.optim import by_svd, newton, sketched, soap, ssbfgs, ssbroyden
from physml.sample_axis import devices_at_hand, map_samples
from physml.sampling import (
    ancestral,
    gibbs,
    hamiltonian,
    ising_spins,
    langevin,
    metropolis,
    metropolis_one_electron,
    minibatches,
    spin_metropolis,
    together,
    with_noise,
)
from physml.sampling.batches import with_data
from physml.train import (
    bernoulli,
    categorical,
    cost,
    cross_entropy,
    game,
    keeping_best,
    over_devices,
    poisson,
    score,
    total,
)
from physml.train.devices import mesh_of, placed, working_on

OPTIMIZERS = {
    "natural_gradient": pm.natural_gradient(0.5, damping=1e-4, momentum=0.9),
    "natural_gradient, leaf by leaf": pm.natural_gradient(0.5, damping=1e-4, memory=1160),
    "natural_gradient, matrix free": pm.natural_gradient(
        0.5, damping=1e-2, solve=pm.optim.matrix_free
    ),
    "gauss_newton": pm.gauss_newton(),
    "gauss_newton, svd": pm.gauss_newton(factorise=by_svd),
    "gauss_newton, sketch": pm.gauss_newton(factorise=sketched(rows=9, columns=6)),
    "newton": newton(0.5, damping=1e-1),
    "soap": soap(1e-2),
    "ssbroyden": ssbroyden(),
    "ssbfgs": ssbfgs(),
    "adam": optax.adam(1e-2),
}

PARAMS = {
    "a": jnp.array([0.8, -0.4, 0.3]),
    "b": jnp.array(0.5),
    "w": 0.4 * jax.random.normal(jax.random.key(7), (3, 3)),
}


def line(params, z):
    """One row a sample, of every parameter."""
    hidden = params["w"] @ jnp.tanh(params["a"] * z + params["b"])
    return hidden @ z ** jnp.arange(3.0) - jnp.sin(3 * z)


def ends(params, z):
    """Two rows a sample."""
    return jnp.stack([params["a"][0] * z - 1.0, params["b"] - z**2])


def logits(params, z):
    return params["a"] * z + params["b"]


def log_normal(params, x):
    """Of any point: a normal density whose width is a parameter."""
    return -0.5 * params["b"] * jnp.sum(x**2)


LEAST_SQUARES = pm.least_squares({"line": line, "ends": ends})
POINTS = pm.fixed({"line": jnp.linspace(0.0, 1.0, 8), "ends": jnp.linspace(1.0, 2.0, 2)})
LONG = pm.fixed({"line": jnp.linspace(0.0, 1.0, 30), "ends": jnp.linspace(1.0, 2.0, 6)})
IMAGES = (jnp.linspace(-1.0, 1.0, 8), jnp.arange(8) % 3)
HALVES = pm.fixed((IMAGES[0], IMAGES[1] % 2))
WALKERS = pm.drawn(lambda key, params: jax.random.normal(key, (8, 2, 1)), every=1)


def scalar_logits(params, z):
    return params["a"][0] * z + params["b"]


def oscillator(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


def log_phi(params, x):
    return log_normal(params, x) + params["a"][0] * jnp.sum(jnp.cos(x))


OBJECTIVES = {
    "least_squares": (LEAST_SQUARES, POINTS),
    "least_squares, balanced": (
        pm.least_squares({"line": line, "ends": ends}, balance=pm.train.ntk_traces()),
        LONG,
    ),
    "cross_entropy": (cross_entropy(logits, family=categorical), pm.fixed(IMAGES)),
    "cross_entropy, bernoulli": (cross_entropy(scalar_logits, family=bernoulli), HALVES),
    "cross_entropy, poisson": (cross_entropy(scalar_logits, family=poisson), HALVES),
    "score": (score(log_phi, lambda params, x: jnp.sum(x**4) + log_phi(params, x)), WALKERS),
    "contrastive": (
        pm.train.contrastive(lambda params, z: line(params, z) ** 2),
        pm.fixed({"data": IMAGES[0], "model": 1.3 * IMAGES[0][::-1]}),
    ),
    "cost": (
        cost(lambda params, z: jnp.mean(jax.vmap(partial(line, params))(z) ** 4)),
        pm.fixed(IMAGES[0]),
    ),
    "game": (
        game(
            {
                "a": lambda params, z: jnp.mean(jax.vmap(partial(line, params))(z)),
                "b": lambda params, z: jnp.var(jax.vmap(partial(ends, params))(z)),
                "w": lambda params, z: -jnp.mean(jax.vmap(partial(line, params))(z) ** 2),
            }
        ),
        pm.fixed(IMAGES[0]),
    ),
    "total": (
        total({"data": LEAST_SQUARES, "label": cross_entropy(logits, family=categorical)}),
        pm.fixed({"data": {"line": IMAGES[0], "ends": IMAGES[0][:2]}, "label": IMAGES}),
    ),
    "keeping_best": (
        keeping_best(LEAST_SQUARES, lambda params: jnp.sum(params["w"] ** 2), steps=2),
        POINTS,
    ),
    "energy": (pm.vmc.energy(log_phi, oscillator), WALKERS),
    "energy in chunks": (pm.vmc.energy(log_phi, oscillator, memory=1), WALKERS),
    "energy, complex": (
        pm.vmc.energy(
            lambda params, x: log_phi(params, x) + 0.3j * params["b"] * x[0, 0], oscillator
        ),
        WALKERS,
    ),
}


def normal_walkers(key):
    return jax.random.normal(key, (8, 2, 1))


def spins(key):
    return jax.random.rademacher(key, (8, 4, 1), float)


def lattices(key):
    return jax.random.rademacher(key, (8, 4, 4), float)


def aligned(params, x):
    return params["b"] * jnp.sum(x * jnp.roll(x, 1, axis=0))


def redrawn(key, params):
    """Half of the candidates, where a parameter says."""
    z = jax.random.uniform(key, (16,))
    return z[jnp.argsort(params["a"][0] * jnp.sin(20 * z))[:8]]


def resampled(key, x, params):
    """One coordinate after the other of a pair, each given the other."""
    for i, key_of in enumerate(jax.random.split(key)):
        x = x.at[i].set(0.5 * x[1 - i] + params["b"] * jax.random.normal(key_of, x[i].shape))
    return x


SAMPLERS = {
    "fixed": POINTS,
    "drawn": pm.drawn(lambda key, params: jax.random.uniform(key, (8,)), every=None),
    "drawn, again": pm.drawn(redrawn, every=2),
    "metropolis": metropolis(log_normal, normal_walkers, sweeps=2, burn_in=3),
    "langevin": langevin(log_normal, normal_walkers, sweeps=2, burn_in=3),
    "metropolis_one_electron": metropolis_one_electron(log_normal, normal_walkers, burn_in=2),
    "spin_metropolis": spin_metropolis(aligned, spins, sweeps=1, burn_in=2),
    "ising_spins": ising_spins(0.3, lattices, burn_in=2),
    "hamiltonian": hamiltonian(log_normal, normal_walkers, leapfrogs=2, burn_in=2),
    "gibbs": gibbs(resampled, normal_walkers, sweeps=2, burn_in=2),
    "ancestral": ancestral(lambda key, params: params["b"] * jax.random.normal(key, (2,)), size=8),
    "minibatches": minibatches((jnp.linspace(0.0, 1.0, 10), jnp.arange(10)), size=4),
    "together": together({"data": minibatches(jnp.arange(6.0), size=6), "points": POINTS}),
    "with_noise": with_noise(
        minibatches(jnp.linspace(0.0, 1.0, 10), size=4),
        lambda key, z: (z + jax.random.normal(key, z.shape), jax.random.split(key, len(z))),
    ),
}


def test_there_are_two_devices():
    assert jax.device_count() == 2


def moments(params, batch):
    """A cost of whatever numbers a batch has."""
    leaves = [leaf for leaf in jax.tree.leaves(batch) if jnp.issubdtype(leaf.dtype, jnp.number)]
    means = [jnp.mean(jnp.sin(leaf + params["b"])) for leaf in leaves]
    return sum(means, jnp.sum(params["a"] ** 2))


def both(objective, sampler, optimizer, *, steps=3, rtol=1e-8):
    """Fit on one and on two devices, and compare."""
    one, two = (
        pm.fit(
            objective,
            over_devices(sampler, devices),
            optimizer,
            PARAMS,
            steps=steps,
            key=jax.random.key(0),
            look_beyond=False,
        )
        for devices in (1, 2)
    )
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    for name, values in one.history.items():
        close(values, two.history[name])
    assert jax.tree.structure(one.state) == jax.tree.structure(two.state)
    numbers = lambda state: jax.tree.leaves(state._replace(key=()))
    for a, b in zip(numbers(one.state), numbers(two.state), strict=True):
        assert a.dtype == b.dtype and b.sharding == a.sharding
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        close(a, b)
    return one, two


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name):
    """With fewer rows than parameters, and with more; conjugate gradients stop at their own."""
    rtol = 1e-4 if "matrix free" in name else 1e-6
    both(LEAST_SQUARES, POINTS if "natural" in name else LONG, OPTIMIZERS[name], rtol=rtol)


@pytest.mark.parametrize(
    ("name", "own"),
    [*((name, 3) for name in OBJECTIVES), ("least_squares", 1), ("energy", 100)],
)
def test_every_objective(name, own, monkeypatch):
    """Rows one by one, in chunks that do not go into a device's own, and all of its own at once."""
    objective, sampler = OBJECTIVES[name]
    monkeypatch.setattr("physml.lazy_jacobian._CHUNK_BYTES", own * 13 * 8)
    rows = "cost" not in name and "game" not in name
    both(objective, sampler, pm.natural_gradient(0.1, damping=1e-2) if rows else optax.sgd(0.1))


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler(name):
    both(cost(moments), SAMPLERS[name], optax.sgd(0.1))


def vector(params, z):
    return jnp.stack([params["a"] @ z, params["b"] * z[0] ** 2])


@pytest.mark.parametrize(("centred", "memory"), [(True, 1), (False, 1000), (True, 2**30)])
def test_products_of_rows_in_any_memory(centred, memory):
    """Products, Gram matrices and folds of one device, by samples that two share and one cannot."""
    keys = jax.random.split(jax.random.key(0))
    z, y = jax.random.normal(keys[0], (10, 3)), jax.random.normal(keys[1], (14,))
    right = jax.random.normal(keys[1], (34,))

    def products(z, y):
        blocks = (
            Block(vector, z, jnp.array(0.3), centred),
            Block(line, y, jnp.array(1.7), centred),
        )
        jacobian = Jacobian(PARAMS, blocks)

        def add(total, rows, index):
            return total.at[index].add(rows, mode="drop")

        folded = jacobian.fold(add, jnp.zeros(jacobian.shape), memory=memory)
        built = jacobian.built(memory=memory)
        gram, metric = built.sample_gram(memory=memory), built.parameter_gram(memory=memory)
        back = built.vm(right[: len(gram)])
        return folded, jacobian.dense(), gram, metric, back, built.mv(PARAMS)

    alone = jax.jit(products)(z, y)
    with working_on(mesh_of(over_devices(POINTS, 2))):
        shared = jax.jit(products)(z, y)
        uneven = jax.jit(products)(z[:9], y)[1]
    np.testing.assert_allclose(alone[0], alone[1], rtol=1e-12, atol=1e-13)
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(shared), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    assert uneven.shape == (32, 13)


def test_a_device_goes_through_its_own_samples():
    """Three of five at once: two chunks on each device, and nothing within is shared again."""
    seen = []

    def function(x):
        seen.append(devices_at_hand())
        return x**2

    x = jnp.arange(10.0)
    with working_on(mesh_of(over_devices(POINTS, 2))):
        squares = jax.jit(lambda x: map_samples(function, x, at_once=3))(x)
        assert devices_at_hand() == 2
    np.testing.assert_array_equal(squares, x**2)
    assert len(squares.sharding.device_set) == 2 and set(seen) == {1}


@pytest.mark.parametrize("begun", [1, 2])
def test_a_run_goes_on_with_another_number_of_devices(begun, tmp_path):
    """Begun on one and resumed on two, or the other way: the numbers of a run never stopped."""
    sampler = SAMPLERS["metropolis"]
    objective, optimizer = OBJECTIVES["energy"][0], pm.natural_gradient(0.1, momentum=0.5)

    def until(steps, devices, run):
        shared = over_devices(sampler, devices)
        key = jax.random.key(0)
        return pm.fit(objective, shared, optimizer, PARAMS, steps=steps, key=key, run=run)

    with pm.Run.create(tmp_path / "run") as run:
        until(2, begun, run)
    with pm.Run.reopen(tmp_path / "run") as run:
        resumed = until(4, 3 - begun, run)
    straight = until(4, 1, None)
    loss = straight.history["loss"]
    assert resumed.history["loss"].shape == (4,)
    np.testing.assert_allclose(resumed.history["loss"], loss, rtol=1e-9)
    walkers = resumed.state.sampler.walkers
    np.testing.assert_allclose(walkers, straight.state.sampler.walkers, rtol=1e-9)


def collectives(text):
    """What devices exchange in a compiled program: ``(kind, numbers)`` of each operand."""
    found = []
    for line in text.splitlines():
        kinds = "all-gather|all-reduce|all-to-all|collective-permute"
        match = re.search(rf"= (.*?) ({kinds})(?:-start)?\(", line)
        if match is not None:
            for shape in re.findall(r"\w+\[([\d,]*)\]", match[1]):
                found.append((match[2], math.prod(int(n) for n in shape.split(",") if n)))
    return found


class Wide(nn.Module):
    """A wave function with more parameters than walkers."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(nn.tanh(nn.Dense(10)(x.ravel())))[0]


def test_walkers_and_rows_stay_where_they_are(monkeypatch):
    """A step exchanges rows for columns, the Gram matrix, and numbers of walkers: no more.

    So neither the moves nor the local energies in chunks gather walkers, which would have each
    device do the work of all.
    """
    n, particles, dimension = 12, 2, 3
    network = Wide()
    start = network.init(jax.random.key(0), jnp.zeros((particles, dimension)))
    start = jax.tree.map(lambda leaf: leaf.astype(float), start)
    p = sum(leaf.size for leaf in jax.tree.leaves(start))
    log_psi = lambda params, x: network.apply(params, x) - 0.5 * jnp.sum(x**2)
    walkers = lambda key: jax.random.normal(key, (n, particles, dimension))
    monkeypatch.setattr("physml.lazy_jacobian._CHUNK_BYTES", 2 * p * 8)
    sampler = over_devices(metropolis(log_psi, walkers, sweeps=2), 2)
    programs = []
    compiled = jax.stages.Lowered.compile

    def watched(lowered, *args, **options):
        program = compiled(lowered, *args, **options)
        programs.append(program.as_text())
        return program

    monkeypatch.setattr(jax.stages.Lowered, "compile", watched)
    pm.fit(
        pm.vmc.energy(log_psi, oscillator, memory=1),
        sampler,
        pm.natural_gradient(0.1),
        start,
        steps=1,
        key=jax.random.key(1),
    )
    (step,) = programs
    exchanged = collectives(step)
    assert "while" in step and n < p
    assert {kind for kind, _ in exchanged} >= {"all-reduce", "all-to-all"}
    for kind, numbers in exchanged:
        most = {"all-to-all": n * p // 4 + n, "all-reduce": max(n * n, p)}.get(kind, n)
        assert numbers <= most, (kind, numbers)


def test_solve_and_ground_state_and_measure():
    """By the doors: ``devices=2`` gives what ``devices=1`` does."""
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) - u(z),
        ansatz=lambda N, z: 1 + z[0] * N(z),
    )
    options = {"points": 16, "steps": 3, "check": False, "redraw": pm.sampling.by_residual(every=2)}
    a, b = (pm.solve(problem, pm.MLP((4,)), devices=n, **options) for n in (1, 2))
    np.testing.assert_allclose(a.result.history["loss"], b.result.history["loss"], rtol=1e-6)
    z = jnp.linspace(0.0, 1.0, 5)[:, None]
    np.testing.assert_allclose(a(z), b(z), rtol=1e-6)

    trap = pm.vmc.HarmonicOscillator(particles=2)
    options = {"walkers": 16, "steps": 3, "measurements": 30, "sweeps": 4}
    a, b = (pm.ground_state(trap, pm.MLP((4,)), devices=n, **options) for n in (1, 2))
    assert b.energy.mean == pytest.approx(a.energy.mean, rel=1e-8)
    np.testing.assert_allclose(a.measurement.walkers, b.measurement.walkers, atol=1e-8)
    np.testing.assert_allclose(
        a.measurement.local_energies, b.measurement.local_energies, rtol=1e-6, atol=1e-8
    )


def test_points_and_weights_of_ones_own():
    """Of equation, face and integral, alone and after drawn ones; each weight at its own point."""
    times = np.linspace(0.1, 0.9, 6)
    own = np.stack([times, times[::-1]], axis=1)
    ends = np.stack([times[:4], np.zeros(4)], axis=1)
    problem = pm.Problem(
        domain=pm.Box(t=(0, 1), x=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) + u(z),
        weight=lambda z: 1.0 + z[1],
        conditions=[
            pm.dirichlet(lambda z: jnp.exp(-z[0]), on="x-", weight=np.arange(4.0)),
            pm.pinn.integral(lambda z: jnp.exp(-z[0]), over="x", nodes=3, weight=np.arange(6.0)),
            pm.pinn.measured(own, np.exp(-times), weight=1.0 + np.arange(6.0)),
        ],
    )
    given = {"dirichlet x-": ends, "integral x": own}
    options = {
        "points": (10, own), "condition_points": given, "steps": 4, "check": False,
        "redraw": pm.sampling.uniformly(every=2),
    }  # fmt: skip
    a, b = (pm.solve(problem, pm.MLP((4,)), devices=n, **options) for n in (1, 2))
    jax.tree.map(np.testing.assert_array_equal, b.batch, a.batch)
    np.testing.assert_array_equal(a.batch["integral x"], own)
    np.testing.assert_array_equal(a.batch["equation"][10:], own)
    for name in ("loss", *(f"loss/{term}" for term in a.batch)):
        found, expected = (solution.result.history[name] for solution in (b, a))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(b(own), a(own), rtol=1e-6)
    with pytest.raises(pm.errors.ShapeError, match=r"\['equation'\].*2 devices.*got 15"):
        pm.solve(problem, pm.MLP((4,)), devices=2, **options | {"points": (10, own[:5])})


def test_the_command_line(tmp_path, capsys):
    """Begun on two devices and gone on with on one; a room that cannot share says so."""
    run = str(tmp_path / "run")
    small = ["--points", "16", "--steps", "2", "--network.width", "4", "--network.depth", "1"]
    assert main(["solve", "heat", *small, "--devices", "2", "--run", run, "--quiet"]) == 0
    assert main(["resume", run, "--steps", "3", "--json", "--quiet"]) == 0
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [0, 1, 2]
    assert "devices" not in json.loads((tmp_path / "run" / "config.json").read_text())
    moons = f"{Path(__file__).parents[1]}/rooms/classifier.py:ENTRY"
    assert main(["run", moons, "--devices", "2", "--run", str(tmp_path / "moons")]) == 2
    assert "moons is solved on one" in capsys.readouterr().err
    assert main(["doctor"]) == 0
    assert "2 × cpu (cpu)" in capsys.readouterr().out


def test_samples_that_two_cannot_share_are_refused_by_name():
    """Fixed data, points drawn once, walkers; the message has the term and what would do."""
    nine = pm.fixed({"line": jnp.zeros(8), "ends": jnp.zeros(9)})
    with pytest.raises(pm.errors.ShapeError, match=r"\['ends'\].*2 devices.*8 or 10, got 9"):
        both(LEAST_SQUARES, nine, optax.sgd(0.1))
    once = pm.drawn(lambda key, params: jax.random.uniform(key, (1,)), every=None)
    with pytest.raises(pm.errors.ShapeError, match=r"batch: .* such as 2, got 1"):
        both(cost(moments), once, optax.sgd(0.1))
    trap = pm.vmc.HarmonicOscillator()
    with pytest.raises(pm.errors.ShapeError, match=r"such as 8 or 10, got 9"):
        pm.ground_state(trap, pm.MLP((4,)), walkers=9, steps=1, measurements=8, devices=2)


def test_what_is_made_of_a_shared_sampler_is_shared():
    inner = over_devices(POINTS, 2)
    outer = with_data(inner, {"more": jnp.zeros(4)})
    mesh = mesh_of(outer)
    assert mesh is not None and mesh.size == 2
    state = placed(SAMPLERS["metropolis"], jax.random.key(0), (), None)
    assert state == () and mesh_of(SAMPLERS["metropolis"]) is None
