"""Poisson on an L: its boundary, its equation, finite elements beside it, its error."""

from __future__ import annotations

import numpy as np
import pytest
import skfem
from skfem.helpers import dot, grad

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.pinn import references


def inside(n: int) -> np.ndarray:
    z = pm.Box(x=(-1, 1), y=(-1, 1)).grid(n)
    return z[(z[:, 0] <= 0) | (z[:, 1] >= 0)]


def finite_elements(refinements: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes ``(n, 2)`` and values ``(n,)`` of elements of degree 4, graded towards all corners."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [-1, 1], [-1, -1], [0, -1]])
    coarse = skfem.MeshTri.init_lshaped()  # without its upper right quarter
    mesh = skfem.MeshTri(coarse.p * np.array([[1.0], [-1.0]]), coarse.t).refined(refinements)
    for level in range(16):
        centres = mesh.p[:, mesh.t].mean(axis=1)
        graded = corners[: 6 if level < 6 else 1, :, None]
        distance = np.abs(centres - graded).max(axis=1).min(axis=0)
        mesh = mesh.refined(np.flatnonzero(distance < 0.5 ** (level + 1)))
    basis = skfem.Basis(mesh, skfem.ElementTriP4(), intorder=8)
    stiffness = skfem.BilinearForm(lambda u, v, w: dot(grad(u), grad(v))).assemble(basis)
    load = skfem.LinearForm(lambda v, w: 1.0 * v).assemble(basis)
    values = skfem.solve(*skfem.condense(stiffness, load, D=basis.get_dofs()))
    return basis.doflocs.T, values


def test_no_value_on_the_boundary_is_large():
    """By the maximum principle, no error inside is larger."""
    solution = references.poisson_l_shape_solution()
    assert solution.bound < 1e-13
    s = np.linspace(0, 1, 333)
    for side in [(s, 0 * s), (0 * s + 1, s), (2 * s - 1, 0 * s + 1), (0 * s, -s), (-s, 0 * s - 1)]:
        assert np.abs(solution(np.stack(side, axis=1))).max() <= solution.bound
    rms = np.sqrt(np.mean(solution(inside(201)) ** 2))
    assert solution.bound < references.POISSON_L_SHAPE_ERROR * rms


def test_it_solves_the_equation():
    """By central differences of sixth order."""
    z, h = np.random.default_rng(0).uniform((-0.9, 0.1), 0.9, (40, 2)), 0.02
    weights = {0: -49 / 18, 1: 3 / 2, 2: -3 / 20, 3: 1 / 90}
    laplacian = sum(
        w * references.poisson_l_shape(z + sign * j * h * direction) / (1 if j else 2) / h**2
        for j, w in weights.items()
        for sign in (1, -1)
        for direction in np.eye(2)
    )
    np.testing.assert_allclose(laplacian, -1, atol=3e-6)


@pytest.mark.parametrize(
    ("refinements", "bound"), [(2, 2e-6), pytest.param(3, 5e-7, marks=pytest.mark.slow)]
)
def test_finite_elements_agree(refinements, bound):
    nodes, values = finite_elements(refinements)
    apart = references.poisson_l_shape(nodes) - values
    assert np.linalg.norm(apart) < bound * np.linalg.norm(values)


def test_it_mirrors_in_the_diagonal():
    x, y = inside(21).T
    u = references.poisson_l_shape(np.stack([x, y], axis=1))
    np.testing.assert_allclose(u, references.poisson_l_shape(np.stack([-y, -x], 1)), atol=1e-13)


def test_the_error_is_below_the_stated_one():
    finer = references.poisson_l_shape_solution(terms=48)
    found = references.refinement_error(references.poisson_l_shape, finer, inside(201))
    assert found < references.POISSON_L_SHAPE_ERROR
    coarse = references.poisson_l_shape_solution(terms=16)
    assert references.refinement_error(coarse, finer, inside(41)) > 1e-8
    assert references.poisson_l_shape_solution(terms=16) is coarse


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match=r"inside the L, got \(0.5, -0.5\)"):
        references.poisson_l_shape(np.array([[0.0, 0.5], [0.5, -0.5]]))
    with pytest.raises(ConfigurationError, match="inside the L"):
        references.poisson_l_shape(np.array([[1.1, 0.5]]))
    with pytest.raises(ShapeError, match=r"\(n, 2\) as \(x, y\), got \(1, 3\)"):
        references.poisson_l_shape(np.zeros((1, 3)))
    assert abs(references.poisson_l_shape(np.array([[1 + 1e-12, 0.5]]))[0]) < 1e-11
