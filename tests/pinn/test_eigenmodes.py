"""Eigenvalue problems: the first modes, in order, within their bars; what is none is refused."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ConvergenceError, FingerprintError
from physml.networks.settings import NetworkSettings
from physml.pinn.catalogue import ENTRIES, DiskEigenvalues
from physml.pinn.eigenvalues.eigenmodes import _apart, _refuse_missed

NETWORK = pm.MLP((8,))


def string(operator=lambda u, z: -pm.partial(u, 0, 0)(z), **changed):
    given = {"ansatz": lambda N, z: z[0] * (2 - z[0]) * N(z)} | changed
    return pm.Problem(domain=pm.Box(x=(0, 2)), equation=operator, name="string", **given)


@pytest.fixture(scope="module")
def modes():
    return pm.pinn.eigenmodes(string(), NETWORK, count=2, points=64, steps=30)


@pytest.mark.slow
def test_a_string_of_length_two(modes):
    """``(kπ/2)²``, in order, within what the residual says, and below the first upper bounds."""
    exact = (np.array([1, 2]) * np.pi / 2) ** 2
    np.testing.assert_allclose(modes.values, exact, rtol=1e-3)
    assert (np.abs(modes.values - exact) <= modes.bounds).all()
    assert (modes.values <= modes.start * (1 + 1e-3)).all()
    x = np.linspace(0, 2, 401)[:, None]
    found = np.asarray(modes(x))
    gram = np.trapezoid(found[:, :, None] * found[:, None, :], x[:, 0], axis=0)
    np.testing.assert_allclose(gram, np.eye(2), atol=0.03)
    tones = np.sin(np.pi * x * np.array([0.5, 1.0]))
    apart = np.minimum(np.abs(found - tones).max(axis=0), np.abs(found + tones).max(axis=0))
    assert apart.max() < 0.05


def test_modes_are_told_drawn_and_kept(modes, tmp_path):
    known = modes.beside((np.array([1, 2]) * np.pi / 2) ** 2)
    assert known.numbers()["relative_error"] < 1e-3 and "exact" in known.words()["mode 2"]
    known.save(tmp_path / "kept")
    again = pm.pinn.Modes.load(tmp_path / "kept", string(), NETWORK)
    x = jnp.array([[0.3], [1.9]])
    np.testing.assert_array_equal(again(x), modes(x))
    np.testing.assert_array_equal(again.values, modes.values)
    np.testing.assert_array_equal(again.exact, known.exact)
    assert modes.plot(tmp_path / "modes.png").exists()
    with pytest.raises(FingerprintError):
        stiffer = string(lambda u, z: -2 * pm.partial(u, 0, 0)(z))
        pm.pinn.Modes.load(tmp_path / "kept", stiffer, NETWORK)
    with pytest.raises(pm.errors.ShapeError, match=r"exact: expected \(2,\)"):
        modes.beside([1.0])


def test_a_value_above_its_upper_bound_is_a_mode_missed(modes):
    missed = replace(modes, values=modes.values + np.array([0.0, 12.0]))
    with pytest.raises(ConvergenceError, match=r"mode 2: .* above its upper bound"):
        _refuse_missed(missed, 9.87)
    with pytest.raises(ConvergenceError, match=r"two of the modes overlap by 0\.9"):
        _refuse_missed(replace(modes, overlap=0.9), 9.87)


def test_what_is_left_of_twins_is_apart_from_what_was_found():
    rng = np.random.default_rng(0)
    functions = rng.normal(size=(50, 3))
    turned = functions[:, :2] @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    left = _apart(functions, turned)
    np.testing.assert_allclose(turned.T @ left, 0.0, atol=1e-12)
    assert np.mean(left**2) == pytest.approx(1.0)
    assert np.linalg.matrix_rank(np.column_stack([functions, left])) == 3
    assert _apart(functions[:, :1], np.zeros((50, 0))).shape == (50,)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (lambda: string(lambda u, z: u(z) ** 3), "expected a linear operator"),
        (lambda: string(lambda u, z: -pm.partial(u, 0, 0)(z) - 1), "without a source"),
        (lambda: string(lambda u, z: pm.gradient(u)(z)), "expected one number at one point"),
        (
            lambda: string(lambda u, z: -pm.partial(u, 0, 0)(z) + 9 * pm.partial(u, 0)(z)),
            "expected a self-adjoint operator",
        ),
        (
            lambda: string(lambda u, z: -pm.partial(u, 0, 0)(z) + 0.55 * pm.partial(u, 0)(z)),
            "expected a self-adjoint operator",
        ),
        (
            lambda: string(lambda u, z: pm.partial(u, 0, 0)(z)),
            "unbounded below. write −Δu",
        ),
        (lambda: string(ansatz=None), "expected a self-adjoint operator"),
        (
            lambda: string(ansatz=lambda N, z: 1 + z[0] * N(z)),
            "ansatz: expected one that is linear",
        ),
        (lambda: string(ansatz=None, conditions=[pm.dirichlet(0.0, "x")]), "hard=True"),
        (lambda: string(components=2), "expected one equation of one scalar"),
    ],
)
def test_what_is_no_eigenvalue_problem_is_refused(problem, message):
    with pytest.raises(ConfigurationError, match=message):
        pm.pinn.eigenmodes(problem(), NETWORK, points=32, steps=1)


def test_numbers_and_networks_that_cannot_be_meant_are_named():
    with pytest.raises(ConfigurationError, match="expected more than 40 independent functions"):
        pm.pinn.eigenmodes(string(), NETWORK, count=40, points=32)
    with pytest.raises(ConfigurationError, match="count"):
        pm.pinn.eigenmodes(string(), NETWORK, count=0)
    with pytest.raises(ConfigurationError, match="count: expected from 1 to 30, got 0"):
        DiskEigenvalues(count=0)
    with pytest.raises(ConfigurationError, match="radius"):
        DiskEigenvalues(radius=-1.0)


def test_the_tones_of_a_disk_are_known():
    """Squares of the zeros of Bessel functions, dlmf.nist.gov/10.21: those of m > 0 twice."""
    known = DiskEigenvalues(count=6).known()
    expected = [5.783186, 14.681971, 14.681971, 26.374616, 26.374616, 30.471262]
    np.testing.assert_allclose(known, expected, atol=1e-6)
    np.testing.assert_allclose(DiskEigenvalues(radius=2.0, count=6).known(), known / 4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_disk_s_first_three_are_the_first_three(seed):
    entry = ENTRIES["disk-eigenvalues"]
    entry.check(entry.subject, entry.recipe)
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(seed), progress=False)
    assert found.numbers()["relative_error"] < 1e-4
    assert (np.abs(found.values - found.exact) <= found.bounds).all()


@pytest.mark.slow
def test_an_oscillator_in_three_dimensions():
    """``n + 3/2``: the first once, the second three times."""
    space = pm.Box(x=(-6, 6), y=(-6, 6), z=(-6, 6))
    well = pm.Problem(
        domain=space,
        equation=lambda u, z: -pm.laplacian(u)(z) / 2 + (z @ z) / 2 * u(z),
        ansatz=lambda N, z: jnp.exp(-(z @ z) / 2.5) * N(z),
        name="well",
    )
    found = pm.pinn.eigenmodes(well, pm.MLP((12, 12)), count=4, points=4096, steps=30)
    np.testing.assert_allclose(found.values, [1.5, 2.5, 2.5, 2.5], rtol=1e-2)


def test_more_modes_than_parameters_are_refused_before_a_run():
    entry = ENTRIES["disk-eigenvalues"]
    narrow = replace(entry.recipe, network=NetworkSettings(width=1, depth=1))
    entry.check(DiskEigenvalues(count=4), narrow)
    with pytest.raises(ConfigurationError, match="fewer modes than the network has parameters, 5"):
        entry.check(DiskEigenvalues(count=5), narrow)
