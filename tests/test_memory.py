"""Sizes are judged before memory is asked for: what cannot be is refused, what can be is not."""

import re
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml import memory
from physml.calculus.pair_sum import pair_indices
from physml.cli import catalogue, main
from physml.errors import ConfigurationError
from physml.memory import Need, check_memory, check_program, shown
from physml.networks import NetworkSettings
from physml.networks.sizes import DEEPEST, equal_widths
from physml.vmc import WavefunctionSettings

DECAY = pm.Problem(
    domain=pm.Box(x=(0, 1)),
    equation=lambda u, z: pm.partial(u, 0)(z) - u(z),
    ansatz=lambda N, z: 1 + z[0] * N(z),
)
CHAIN = pm.vmc.IsingChain(sites=4)


def machine_of(size, monkeypatch):
    monkeypatch.setattr(memory, "host_memory", lambda: size)


def test_a_need_is_its_formula_and_its_bytes():
    need = Need("10 walkers × 2 × 3 coordinates", 60)
    assert (str(need), need.bytes) == ("10 walkers × 2 × 3 coordinates × 8 bytes", 480)


@pytest.mark.parametrize(
    ("size", "words"),
    [(17, "17 bytes"), (2_000, "2 kB"), (23_456_000_000, "23.5 GB"), (10**400, "over a million")],
)
def test_bytes_are_told_in_words(size, words):
    assert shown(size).startswith(words)


def test_the_machine_knows_its_memory():
    assert 2**28 < memory.host_memory() < 2**50


def test_what_fits_is_let_by_to_the_last_byte(monkeypatch):
    machine_of(480, monkeypatch)
    need = Need("10 walkers × 2 × 3 coordinates", 60)
    check_memory("walkers", [need], "walkers")
    expected = (
        "walkers: expected what the 480 bytes of this machine can hold, got 10 walkers × 2 × 3 "
        "coordinates × 8 bytes + one more × 8 bytes = 488 bytes; lower walkers"
    )
    with pytest.raises(ConfigurationError, match=re.escape(expected)):
        check_memory("walkers", [need, Need("one more", 1)], "walkers")
    machine_of(None, monkeypatch)
    check_memory("walkers", [Need("unknown machines hold what they hold", 10**30)], "walkers")


def test_a_program_is_judged_by_what_the_compiler_counts(monkeypatch):
    square = jax.jit(lambda x: jnp.sum(jnp.sin(x[:, None] * x[None, :]) @ x))
    n = 200_000
    shape = jax.ShapeDtypeStruct((n,), jnp.float64)
    program = square.lower(shape).compile()
    machine_of(2**60, monkeypatch)
    check_program("a step", program, "n")
    machine_of(8 * n, monkeypatch)
    with pytest.raises(
        ConfigurationError, match=r"a step: .* 1\.6 MB of state and data \+ .*lower n"
    ):
        check_program("a step", program, "n")


@pytest.mark.parametrize("name", sorted(NetworkSettings.names()))
def test_no_network_is_too_wide_for_a_sentence(name):
    with pytest.raises(ConfigurationError, match=r"bytes = |expected at most"):
        pm.solve(DECAY, NetworkSettings(name=name, width=2**30), points=8)


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "network", "network": NetworkSettings(width=2**30)},
        {"name": "ferminet", "determinants": 2**30},
        {"name": "rbm", "density": 2**30},
        {"name": "slater-jastrow", "width": 2**30},
    ],
    ids=lambda settings: settings["name"],
)
def test_no_wave_function_is_too_large_for_a_sentence(settings):
    system = CHAIN if settings["name"] == "rbm" else pm.QuantumDot()
    with pytest.raises(ConfigurationError, match=r"bytes = .* lower"):
        pm.ground_state(system, WavefunctionSettings(**settings))


@pytest.mark.parametrize("depth", [DEEPEST + 1, 10**9, 2**63, 10**30])
def test_depths_beyond_what_is_compiled_are_refused(depth):
    with pytest.raises(ConfigurationError, match="depth: expected at most"):
        NetworkSettings(depth=depth).build()
    assert len(equal_widths(4, DEEPEST)) == DEEPEST
    with pytest.raises(ConfigurationError, match=f"widths: expected at most {DEEPEST}"):
        pm.MLP((4,) * (DEEPEST + 1))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: pm.pinn.collocation(DECAY, pm.MLP((4,)), points=10**10),
            "points: equation: expected at most",
        ),
        (
            lambda: pm.pinn.collocation(DECAY, pm.MLP((4,)), points=2**31 - 1),
            "points: .* bytes = 5.* GB; lower points",
        ),
        (lambda: pm.sampling.sobol(jax.random.key(0), 2**40, 2), "points: .* Sobol points × 2 × 8"),
        (lambda: pm.ground_state(CHAIN, "rbm", walkers=10**9), "walkers: .*000 walkers × 4 × 1 c"),
        (
            lambda: pm.ground_state(CHAIN, "rbm", measurements=2e9),
            "measurements: .* 16.* TB; lower m",
        ),
        (lambda: pm.ground_state(replace(CHAIN, sites=10**9), "rbm"), "walkers, or ising-chain"),
        (lambda: pm.vmc.ElectronGas(n_up=10**7, n_down=0), "10000000² pairs of particles × 8"),
        (lambda: pair_indices(10**6), "particles: .* = 8 TB; lower the number of particles"),
        (lambda: pm.optim.grid_line_search(candidates=10**9), "candidates: expected at most 65536"),
        (lambda: pm.pinn.catalogue.BurgersInverse(count=10**10), "count: .* measurements"),
    ],
)
def test_counts_beyond_memory_are_refused_in_a_sentence(made, message, monkeypatch):
    machine_of(24 * 10**9, monkeypatch)
    with pytest.raises(ConfigurationError, match=message) as told:
        made()
    assert "\n" not in str(told.value)


def fitted(optimizer, size=4):
    cost = pm.least_squares({"line": lambda params, x: jnp.sum(params) * x})
    batch = pm.fixed({"line": jnp.ones(size)})
    return pm.fit(cost, batch, optimizer, jnp.zeros(64), steps=1, key=jax.random.key(0))


def test_an_optimizer_is_judged_by_what_it_keeps(monkeypatch):
    machine_of(64 * 64 * 8, monkeypatch)
    with pytest.raises(ConfigurationError, match=r"optimizer: .*64 parameters \+ 4\d\d\d numbers"):
        fitted("ssbroyden")


def test_steps_are_judged_by_their_program_and_run_where_they_fit(monkeypatch):
    machine_of(10**6, monkeypatch)
    assert np.isfinite(fitted(optax.sgd(0.1)).history["loss"]).all()
    machine_of(3_000, monkeypatch)
    with pytest.raises(ConfigurationError, match=r"a step: expected what the 3 kB of this machine"):
        fitted(optax.sgd(0.1))


def test_burn_in_is_judged_by_its_program(monkeypatch):
    normal = lambda params, x: -0.5 * jnp.sum(x**2)
    sampler = pm.metropolis(normal, lambda key: jnp.zeros((4, 1)), burn_in=2, sweeps=10**6)
    machine_of(10**6, monkeypatch)
    with pytest.raises(ConfigurationError, match="burn-in: expected what the 1 MB"):
        sampler.init(jax.random.key(0), None)


def test_a_measurement_is_judged_by_its_records_and_by_its_program(monkeypatch):
    """Of the walkers of every fifth step, too, before the first is moved."""
    log_psi = lambda a, x: -0.5 * a * jnp.sum(x**2)
    moves = partial(
        pm.metropolis, pm.vmc.log_density(log_psi), lambda key: jnp.zeros((4, 1, 1)), sweeps=1
    )

    def measured(steps):
        energy = lambda log_psi, x: pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)
        pm.vmc.measure(log_psi, jnp.ones(()), energy, moves, key=jax.random.key(0), steps=steps)

    machine_of(10**6, monkeypatch)
    with pytest.raises(ConfigurationError, match=r"^steps: .*50000 × 4 local .* \+ 10000 × 4 walk"):
        measured(50_000)
    machine_of(1_500, monkeypatch)
    with pytest.raises(ConfigurationError, match=r"^a block of the measurement: .*lower walkers"):
        measured(8)


def test_a_recipe_is_judged_before_a_run_is_made(tmp_path, capsys):
    run = tmp_path / "run"
    words = ["--network.depth", "9223372036854775808"], ["--network.width", "1000000"]
    for asked in (*words, ["--points", "1000000000000"], ["--points", "2000000000"]):
        assert main(["solve", "heat", *asked, "--run", str(run)]) == 2
        told = capsys.readouterr().err
        assert "expected" in told
        assert "Traceback" not in told
    assert main(["ground-state", "ising-chain", "--walkers", "1000000000", "--run", str(run)]) == 2
    assert "lower walkers, or ising-chain" in capsys.readouterr().err
    assert not run.exists()


def test_every_recipe_of_the_catalogue_fits_eight_gigabytes(monkeypatch):
    machine_of(8 * 10**9, monkeypatch)
    for name in ("burgers", "poisson-100d", "electron-gas", "heisenberg-square"):
        entry = catalogue.entries()[name]
        entry.check(entry.subject, entry.recipe)
