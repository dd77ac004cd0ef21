"""The examples of README.md and of pages in docs run and give the numbers in their comments."""

from __future__ import annotations

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

ROOT = Path(__file__).parent.parent


def run(page: Path, most: int | None = None) -> tuple[list[str], list[dict]]:
    """The blocks of Python on a page, or the first of them, and the names after each."""
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)[:most]
    space: dict = {}
    steps = []
    for block in blocks:
        exec(compile(block, str(page), "exec"), space)
        steps.append(dict(space))
    return blocks, steps


@pytest.fixture(scope="module")
def names():
    return run(ROOT / "README.md", 3)


def test_the_pde_example(names):
    blocks, steps = names
    code = [x for x in blocks[0].splitlines() if x.strip() and not x.startswith("import")]
    assert len(code) <= 20
    value = steps[0]["solution"](jnp.array([[0.1, 0.5]]))
    np.testing.assert_allclose(value, np.exp(-(np.pi**2) / 10), atol=2e-3)


def test_the_ground_states_by_the_same_optimizer(names):
    blocks, steps = names
    assert "natural_gradient(" in blocks[0] and "optimizer = " not in blocks[1]
    assert steps[1]["optimizer"] is steps[0]["optimizer"]
    energy = steps[1]["state"].energy
    assert abs(energy.mean - 3.0) < 5 * energy.error + 1e-4


def test_the_trust_region_goes_further(names):
    _, steps = names
    points = jnp.array([[0.1, 0.5], [0.5, 0.25]])
    exact = jnp.exp(-(jnp.pi**2) * points[:, 0]) * jnp.sin(jnp.pi * points[:, 1])
    error = lambda solution: float(jnp.abs(solution(points) - exact).max())
    assert error(steps[2]["solution"]) < 1e-4
    assert (
        steps[2]["solution"].result.history["loss"][-1]
        < steps[0]["solution"].result.history["loss"][-1]
    )


@pytest.mark.slow
def test_the_other_rooms():
    page = (ROOT / "README.md").read_text()
    block = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[3]
    rooms = {"jax": jax, "jnp": jnp, "pm": pm}  # as the blocks before left them
    exec(compile(block, "README.md", "exec"), rooms)
    root = np.sqrt(10)
    np.testing.assert_allclose(rooms["levels"](3.0), [-root, root], atol=1e-6)
    assert rooms["curve"].score(rooms["data"].test) > 0.99
    found = rooms["density"].log_partition
    exact = np.log((2 * np.cosh(0.5)) ** 6 + (2 * np.sinh(0.5)) ** 6)
    assert f"{exact:.4f}" == "4.8893" and abs(found.value - exact) < 4 * found.error + 1e-6
    np.testing.assert_allclose(rooms["best"].P, [[3**0.5, 1], [1, 3**0.5]], atol=1e-10)


@pytest.mark.slow
def test_the_page_of_how_tos(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blocks, steps = run(ROOT / "docs" / "howto.md")
    assert len(blocks) == 6
    assert steps[1]["solution"].errors().relative_l2 < 1e-5
    np.testing.assert_allclose(steps[1]["speed"], -2 * np.pi, rtol=1e-4)
    energy = steps[2]["state"].energy
    assert abs(energy.mean - 31 / 32) < 5 * energy.error + 1e-3
    assert steps[3]["solution"].errors().relative_l2 < 1e-3
    assert len(steps[4]["solution"].result.history["loss"]) < 5000
    np.testing.assert_allclose(steps[4]["solution"](np.ones((1, 1))), np.exp(-1.0), rtol=1e-6)
    assert len(steps[5]["solution"].result.history["loss"]) == 30
    assert list(tmp_path.rglob("wave.png"))


@pytest.mark.slow
def test_the_page_of_differential_equations(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, steps = run(ROOT / "docs" / "pinn.md")
    plate, pool, string, film, corner, error, beam, told, decay, orbit, *rest = steps[1:]
    waves, grid, well = rest
    assert (tmp_path / "plate.png").exists()
    # Hot at the hole, cold above and below; the insulated sides lie between, alike by symmetry.
    found = plate["solution"](np.array([[0.4, 0], [0, -0.4], [0, 1], [0.7, -1], [1, 0], [-1, 0]]))
    np.testing.assert_allclose(found[:4], [1, 1, 0, 0], atol=0.1)
    np.testing.assert_allclose(found[4:], 0.63, atol=0.1)
    assert pool["pool"].domain.times == (2.0, 3.0)
    assert string["string"].built_in == ("initial", "dirichlet x")
    assert film["solution"].errors().relative_l2 < 0.05  # the outlier, 99, has no weight
    assert corner["solution"].problem.name == "membrane"
    assert error["solution"].errors().relative_l2 < 1e-3
    assert len(error["solution"].error_curve) == 4
    assert beam["solution"].errors().relative_l2 < 1e-3
    assert 0.5 < told["worst"].factor < 10 and set(told["worst"].at) == {"x"}
    assert abs(float(decay["solution"](np.array([[0.5]]))["rate"][0]) - 2) < 0.1
    np.testing.assert_allclose(
        orbit["orbit"](np.array([[4.0]])), [[np.cos(4), np.sin(4)]], atol=1e-3
    )
    crest = waves["steepening"](np.array([[0.4, 1 + 0.4 * np.sin(1)]]))
    np.testing.assert_allclose(crest, np.sin(1), atol=1e-6)
    assert grid["u_xx"].shape == (32, 32, 32)
    np.testing.assert_allclose(well["modes"].values, [0.0, 0.748681], atol=2e-5)


@pytest.mark.slow
def test_the_page_of_samplers():
    _, steps = run(ROOT / "docs" / "samplers.md")
    named = steps[-1]
    assert abs(named["result"].params - 2) < 1e-3 and named["result"].history["epoch"][-1] == 11
    correlation = np.cov(np.asarray(named["walkers"]["pair"]).T)
    np.testing.assert_allclose(correlation, [[1, 0.6], [0.6, 1]], atol=5 * (2 / 500) ** 0.5)
    made = {
        name: named[name].sample(
            jax.random.key(0), named[name].init(jax.random.key(1), None), jnp.array(0.5)
        )
        for name in ("both", "ring", "coins")
    }
    assert made["both"][1]["equation"].shape == (64, 2) and set(made["both"][2]) == {"epoch/data"}
    assert set(np.unique(made["ring"][1])) == {-1, 1}
    assert made["coins"][1].shape == (256, 8)


@pytest.mark.slow
def test_the_page_of_error_bars(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (decay, own) = run(ROOT / "docs" / "posterior.md")
    rate, error = decay["bars"].unknown_numbers["rate"]
    assert abs(rate - 2) < 4 * error and 0.03 < decay["bars"].noise["data"] < 0.07
    assert (tmp_path / "decay.png").exists()
    k, error = pm.posterior(own["fitted"]).unknown_numbers["k"]
    assert abs(k - 2) < 4 * error < 0.2


@pytest.mark.slow
def test_the_page_of_objectives():
    _, (classes, gibbs, both, ridge, duel) = run(ROOT / "docs" / "objectives.md")
    assert classes["classes"].history["accuracy"][-1] > 0.9
    history = gibbs["gibbs"].history
    exact = -np.log(np.sum(np.exp(-np.array([0.0, 0.3, 1.0, 2.5]))))
    assert abs(history["loss"][-1] - exact) < 1e-12 and history["variance"][-1] < 1e-20
    np.testing.assert_allclose(both["both"].params["rate"], 2.0, rtol=1e-8)
    np.testing.assert_allclose(ridge["ridge"].params, ridge["by_hand"], rtol=1e-10)
    assert all(abs(x) < 0.1 for x in duel["end"].params.values())


@pytest.mark.slow
def test_the_page_of_ground_states(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks, steps = run(ROOT / "docs" / "vmc.md")
    firsts = "square", "line", "def trap", "gas", "dot", "stretched", "many", "free"
    square, line, own, gas, pair, molecule, many, free = (
        next(step for block, step in zip(blocks, steps, strict=True) if block.startswith(first))
        for first in firsts
    )
    assert abs(square["square"].reference.energy + 8.4579) < 1e-4
    above = line["state"].energy.mean - line["line"].reference.energy
    assert -4 * line["state"].energy.error < above < 0.05
    assert abs(own["state"].energy.mean - 4.5) < 1e-6
    assert abs(gas["gas"].hartree_fock_energy / 14 - 0.023039) < 1e-6
    assert free["found"].sum_rule.holds
    energy = pair["state"].energy
    assert abs(energy.mean - 3.0) < 5 * energy.error + 5e-3
    # Two hydrogen atoms a little apart: bound, and above the minimum at 1.401 bohr.
    assert -1.1745 < molecule["state"].energy.mean < -1.15
    assert 20.159 < many["state"].energy.mean < 21
    assert np.all(free["found"].values > 0) and len(free["found"].at) == 4
    assert (tmp_path / "samples.npz").exists() and (tmp_path / "gas.png").exists()


def test_the_page_of_several_devices():
    _, steps = run(ROOT / "docs" / "devices.md")
    assert abs(float(steps[0]["solution"](jnp.ones((1, 1)))[0]) - np.e) < 1e-2
    assert abs(float(steps[1]["result"].params["slope"]) - 2.0) < 1e-4


def test_command_line_page_runs_as_printed():
    """An optimizer of one's own by name, as a recipe would build it."""
    _, steps = run(ROOT / "docs" / "command-line.md")
    assert isinstance(steps[-1]["optimizer"], pm.Optimizer)
    found = pm.optim.OptimizerSettings(name="lion")
    assert found.learning_rate == 1e-4 and "lion" in found.names()


@pytest.mark.slow
def test_the_page_of_learning_from_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, found = run(ROOT / "docs" / "learn.md")
    data, judged, ways, any_network, options, _, xor = found
    assert len(data["data"].test) == 50
    errors = judged["errors"]
    assert errors[12] < errors[6] < errors[2] and 0.01 < errors[12] < 0.025
    assert judged["parts"].variance < judged["parts"].bias_squared
    assert (tmp_path / "runge.png").exists() and np.ptp(ways["ways"]) < 1e-12
    assert any_network["classes"].score(any_network["apart"].test) > 0.9
    assert any_network["curve"].score(any_network["data"].test) > 0.75
    assert options["stopped"].found["epochs"] < 40 and options["stopped"].found["validation"] < 0.3
    told = xor["network"].outputs(xor["xor"].params, xor["bits"])
    np.testing.assert_allclose(told, xor["either"], atol=0.1)


def test_networks_of_images_series_and_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (text, groups, book) = run(ROOT / "docs" / "networks.md")
    assert (text["before"][:3] == text["after"][:3]).all()
    assert (text["before"][3:] != text["after"][3:]).any()
    assert groups["found"].converged and groups["plane"].explained > 0.4
    assert 2.5 < book["counts"].bits(book["start"][18_000:]).mean() < 3.5


@pytest.mark.slow
def test_the_page_of_functions_with_error_bars(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (line, curve, decay) = run(ROOT / "docs" / "bayes.md")
    assert 0.07 < line["line"].noise < 0.13 and max(line["evidence"].values()) > 0
    assert 0.07 < curve["curve"].hyperparameters["noise"] < 0.13
    assert (tmp_path / "curve.png").exists()
    assert decay["error"] < 1e-6


def test_the_page_of_the_ising_model():
    (blocks, (names,)) = run(ROOT / "docs" / "ising.md")
    exact = names["exact"]
    for number in (f"{exact.log_partition:.8f}", f"−{-exact.energy:.5f}"):
        assert number in blocks[0]
    assert abs(names["every"].log_partition / 16 - 0.91006831) < 1e-8


@pytest.mark.slow
def test_the_page_of_parametric_matrix_models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (found, spin) = run(ROOT / "docs" / "pmm.md")
    coupling = (found["hidden"][-1] - found["hidden"][0]) / (found["g"][-1] - found["g"][0])
    exact = np.linalg.eigvalsh(found["hidden"][0] + 1.7 * coupling)[:2]
    np.testing.assert_allclose(found["levels"](1.7), exact, atol=1e-3)
    assert (found["low"] <= exact).all() and (exact <= found["high"]).all()
    whole = found["matrices"]["constant"][0] + 1.7 * found["matrices"]["term 1"][0]
    np.testing.assert_allclose(np.linalg.eigvalsh(whole)[:2], found["levels"](1.7), atol=1e-9)
    told = spin["model"].apply(spin["found"].params, 4.0)
    np.testing.assert_allclose(told, np.array([1.0, 4.0]) / np.sqrt(17), atol=1e-6)


@pytest.mark.slow
def test_the_page_of_densities(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (ring,) = run(ROOT / "docs" / "generative.md")
    found = ring["found"]
    assert abs(found.log_partition.value - found.exact.log_partition) < 1e-3
    assert found.exact.ess > 0.999 and ring["spins"].shape == (3, 6)
    assert (tmp_path / "ring.png").exists() and (tmp_path / "ring").is_dir()


@pytest.mark.slow
def test_the_page_of_flows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (valley,) = run(ROOT / "docs" / "flows.md")
    found = valley["found"]
    assert abs(found.log_partition.value - np.log(np.pi)) < 4 * found.log_partition.error
    assert found.log_partition.ess > 0.7 and valley["x"].shape == (3, 2)
    assert (tmp_path / "valley.png").exists() and (tmp_path / "valley").is_dir()


@pytest.mark.slow
def test_the_page_of_learning_to_act(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (well, regulator, grid) = run(ROOT / "docs" / "reinforcement.md")
    assert well["found"].earned.mean_return > -60 and (tmp_path / "well.png").exists()
    assert regulator["world"].cost_of([[1.0, 1.7]]) > regulator["world"].cost_of(
        regulator["best"].K
    )
    assert np.abs(grid["swept"].values - grid["exact"]).max() <= grid["swept"].bounds[-1] <= 1e-10


def test_the_page_of_control():
    _, (linear,) = run(ROOT / "docs" / "control.md")
    root = np.sqrt(3)
    np.testing.assert_allclose(linear["best"].P, [[root, 1], [1, root]], atol=1e-12)
    np.testing.assert_allclose(linear["soon"].P[0], linear["best"].P, atol=0.3)


@pytest.mark.slow
def test_the_page_of_diffusion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (learned, walked) = run(ROOT / "docs" / "diffusion.md")
    assert np.abs(learned["points"]).max() < 8 and (tmp_path / "mixture").is_dir()
    told = learned["told"]
    assert told.score_error < 0.3 and told.kl < 0.5 * told.gaussian_kl
    assert abs(walked["exact"].gap - 0.0806199) < 1e-7
    flow = walked["flow"]
    assert (flow.distance < flow.expected[:, 0] + 5 * flow.expected[:, 1]).all()


@pytest.mark.slow
def test_the_page_of_backward_equations(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (own,) = run(ROOT / "docs" / "bsde.md")
    found = own["found"]
    assert abs(found.value - own["equation"].exact()) < 4 * found.value_error < 0.15
    assert (tmp_path / "value.png").exists() and (tmp_path / "value").is_dir()


@pytest.mark.slow
def test_the_page_of_variational_autoencoders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (line,) = run(ROOT / "docs" / "vae.md")
    assert abs(line["found"].bounds.elbo - line["exact"]) < 2e-3
    assert (tmp_path / "line.png").exists() and (tmp_path / "line").is_dir()


@pytest.mark.slow
def test_the_page_of_generators_and_critics(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (pair,) = run(ROOT / "docs" / "gan.md")
    far = pm.generative.sliced_wasserstein_distance(
        pair["drawn"], pair["x"], key=jax.random.key(0), resamples=2
    )
    assert far.value < 0.15
    assert (tmp_path / "pair.png").exists() and (tmp_path / "pair").is_dir()


@pytest.mark.slow
def test_the_page_of_boltzmann_machines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, (truth, line) = run(ROOT / "docs" / "boltzmann.md")
    np.testing.assert_allclose(truth["probabilities"], 0.25, atol=0.005)
    assert (tmp_path / "xor.png").exists() and (tmp_path / "xor").is_dir()
    assert line["apart"].value < 0.1 and line["apart"].error < 1e-4
