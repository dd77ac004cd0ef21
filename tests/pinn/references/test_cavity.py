"""The lid-driven cavity: walls, equations, published values, and its error."""

from __future__ import annotations

import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn import references
from physml.pinn.references.corner_flow import CORNER_FLOWS
from physml.pinn.references.legendre_basis import clamped_basis, evaluate, gauss_rule

PARABOLIC = {"modes": 24}
UNIT = {"lid": references.UNIT_LID, "modes": 24}


def derivatives(u, z: np.ndarray, h: float = 2e-3) -> tuple[np.ndarray, np.ndarray]:
    """First and second differences of sixth order, ``(2, n, m)`` each."""
    first, second = [], []
    for direction in h * np.eye(2):
        ahead, behind = ([u(z + j * s * direction) for j in (1, 2, 3)] for s in (1, -1))
        odd = [a - b for a, b in zip(ahead, behind, strict=True)]
        even = [a + b - 2 * u(z) for a, b in zip(ahead, behind, strict=True)]
        first.append((45 * odd[0] - 9 * odd[1] + odd[2]) / (60 * h))
        second.append((270 * even[0] - 27 * even[1] + 2 * even[2]) / (180 * h**2))
    return np.array(first), np.array(second)


@pytest.mark.parametrize("flow", CORNER_FLOWS, ids=lambda flow: f"power {flow.power}")
def test_corner_flows_obey_their_walls_and_are_biharmonic(flow):
    s, t = np.random.default_rng(0).uniform(0.2, 1, (2, 20))
    d = flow.derivative
    for along_walls in (d(s, 0 * s, 0, 0), d(0 * t, t, 0, 0), d(0 * t, t, 1, 0)):
        assert np.abs(along_walls).max() < 1e-12
    np.testing.assert_allclose(-d(s, 0 * s, 0, 1), s ** (flow.power - 1), atol=1e-12)
    bilaplacian = d(s, t, 4, 0) + 2 * d(s, t, 2, 2) + d(s, t, 0, 4)
    assert np.abs(bilaplacian).max() < 1e-10
    # Slow flow: ∇p = Δ(ψ_y, −ψ_x) with y = 1 − t.
    h = 1e-4
    p_s = (flow.pressure(s + h, t) - flow.pressure(s - h, t)) / (2 * h)
    p_t = (flow.pressure(s, t + h) - flow.pressure(s, t - h)) / (2 * h)
    np.testing.assert_allclose(p_s, -(d(s, t, 2, 1) + d(s, t, 0, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(p_t, d(s, t, 3, 0) + d(s, t, 1, 2), rtol=1e-4, atol=1e-5)
    # The window is 1 next to the corner, and ends the flow with its slope at the far walls.
    np.testing.assert_allclose(
        flow.windowed(s / 100, t / 100, 1, 1), d(s / 100, t / 100, 1, 1), rtol=2e-3, atol=1e-4
    )
    for far in (flow.windowed(0 * t + 1, t, 1, 0), flow.windowed(s, 0 * s + 1, 0, 1)):
        assert np.abs(far).max() < 1e-12


def test_clamped_polynomials_are_clamped_and_orthonormal_in_curvature():
    basis = clamped_basis(12)
    ends = np.array([0.0, 1.0])
    assert np.abs([evaluate(basis, ends, order) for order in (0, 1)]).max() < 1e-12
    x, weight = gauss_rule(20)
    curvature = evaluate(basis, x, 2)
    gram = curvature.T * weight @ curvature
    np.testing.assert_allclose(gram, 8 * np.eye(12), atol=1e-9)


@pytest.mark.parametrize("options", [PARABOLIC, UNIT], ids=["parabolic", "unit"])
def test_walls_are_met_exactly(options):
    flow = references.cavity_solution(**options)
    s = np.linspace(0.01, 0.99, 50)
    lid = np.polynomial.Polynomial(options.get("lid", references.PARABOLIC_LID))(s)
    top = flow(np.stack([s, 0 * s + 1], axis=1))
    np.testing.assert_allclose(top[:, :2], np.stack([lid, 0 * s], axis=1), atol=1e-12)
    for wall in ((s, 0 * s), (0 * s, s), (0 * s + 1, s)):
        assert np.abs(flow(np.stack(wall, axis=1))[:, :2]).max() < 1e-12


def test_it_solves_the_equations():
    flow = references.cavity_solution(**PARABOLIC)
    z = np.random.default_rng(0).uniform(0.1, 0.9, (40, 2))
    w, (first, second) = flow(z), derivatives(flow, z)
    assert np.abs(first[0, :, 0] + first[1, :, 1]).max() < 1e-8
    advection = w[:, :1] * first[0, :, :2] + w[:, 1:2] * first[1, :, :2]
    pressure = np.stack([first[0, :, 2], first[1, :, 2]], axis=1)
    viscous = (second[0] + second[1])[:, :2] / 100
    terms = [np.abs(term).max() for term in (advection, pressure, viscous)]
    assert min(terms) > 0.1
    assert np.abs(advection + pressure - viscous).max() < 1e-4


def test_the_pressure_has_mean_zero_and_a_value_everywhere():
    flow = references.cavity_solution(lid=(0.0, 1.0, 2.0, -3.0), modes=16)
    x, weight = gauss_rule(80)
    z = np.stack([axis.ravel() for axis in np.meshgrid(x, x, indexing="ij")], axis=1)
    assert abs(flow(z)[:, 2] @ np.outer(weight, weight).ravel()) < 1e-6
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    assert np.isfinite(flow(corners)).all()


def test_slow_flow_mirrors_its_lid():
    """Without inertia, and a lid the same from both sides: u even, v and p odd."""
    flow = references.cavity_solution(reynolds=1e-6, modes=16)
    x, y = np.random.default_rng(0).uniform(size=(2, 20))
    here, there = (flow(np.stack([x, y], axis=1)) for x in (x, 1 - x))
    np.testing.assert_allclose(here[:, :2], there[:, :2] * [1, -1], atol=1e-7)
    np.testing.assert_allclose(here[:, 2] * 1e-6, there[:, 2] * -1e-6, atol=1e-6)


def test_the_unit_lid_has_its_published_extrema():
    """Botella and Peyret (1998), spectral; six digits here, from 24 modes."""
    flow = references.cavity_solution(**UNIT)
    s, half = np.linspace(0, 1, 2001), np.full(2001, 0.5)
    u = flow(np.stack([half, s], axis=1))[:, 0]
    v = flow(np.stack([s, half], axis=1))[:, 1]
    got = (u.min(), v.max(), v.min())
    np.testing.assert_allclose(got, references.CENTRE_LINE_EXTREMA, atol=2e-5)


def test_the_unit_lid_has_its_published_centre_lines():
    """Ghia, Ghia and Shin (1982), 129² points of second order: within 1% of the lid's speed."""
    flow = references.cavity_solution(**UNIT)
    y, u = references.GHIA_U.T
    x, v = references.GHIA_V.T
    half = np.full(len(x), 0.5)
    np.testing.assert_allclose(flow(np.stack([half, y], axis=1))[:, 0], u, atol=6e-3)
    np.testing.assert_allclose(flow(np.stack([x, half], axis=1))[:, 1], v, atol=1e-2)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="modes: expected at least 8, got 4"):
        references.cavity_solution(modes=4)
    with pytest.raises(ConfigurationError, match=r"modes: expected a whole number, got 8\.5"):
        references.cavity_solution(modes=8.5)
    with pytest.raises(ConfigurationError, match="reynolds: expected a number > 0"):
        references.cavity_solution(reynolds=0.0)
    with pytest.raises(ShapeError, match=r"\(n, 2\) as \(x, y\), got \(3,\)"):
        references.cavity_solution(**PARABOLIC)(np.zeros(3))
    with pytest.raises(ConfigurationError, match=r"inside the unit square, got \(0.5, 1.1\)"):
        references.cavity_solution(**PARABOLIC)(np.array([[0.5, 0.5], [0.5, 1.1]]))
    with pytest.raises(NonFiniteError, match="Newton's method"):
        references.cavity_solution(reynolds=1e6, modes=8)


@pytest.mark.slow
def test_the_error_is_the_stated_one():
    z = pm.Box(x=(0, 1), y=(0, 1)).grid(201)
    solution, finer = references.cavity, references.cavity_solution(modes=44)
    stated = references.CAVITY_ERROR
    assert stated / 4 < references.refinement_error(solution, finer, z) < stated
    velocity = references.refinement_error(
        lambda z: solution(z)[:, :2], lambda z: finer(z)[:, :2], z
    )
    assert velocity < 3e-7
