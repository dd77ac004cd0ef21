"""Numbers in the lowest eigenvectors of a matrix: by numpy, bounded, found again; what is none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.pmm import Hermitian, Observables

MODEL = Observables(Hermitian(4, 2), outputs=3, keep=2)
POINT = jnp.array([0.3, -0.8])
PARAMS = jax.jit(MODEL.init)(jax.random.key(1), POINT)
APPLY = jax.jit(MODEL.apply)
WEIGHTS = np.array([1.0, -2.0, 0.5])
SLOPE = jax.jit(jax.grad(lambda params: WEIGHTS @ MODEL.apply(params, POINT)))


def symmetric(entries):
    matrix = np.zeros((4, 4))
    matrix[np.triu_indices(4)] = entries
    return matrix + np.triu(matrix, 1).T


def matrix():
    """``M`` at the point."""
    made = jax.tree.map(np.asarray, jax.jit(MODEL.matrix.matrices)(PARAMS["matrix"]))
    return made["constant"][0] + 0.3 * made["term 1"][0] - 0.8 * made["term 2"][0]


def test_numbers_are_those_of_the_formula():
    """``Σ v_iᵀ D_k v_i`` by numpy's eigenvectors."""
    v = np.linalg.eigh(matrix())[1][:, :2]
    expected = [np.trace(v.T @ symmetric(d) @ v) for d in np.asarray(PARAMS["observables"])]
    np.testing.assert_allclose(APPLY(PARAMS, POINT), expected, rtol=1e-11)


def test_its_parameters_are_counted():
    assert sum(leaf.size for leaf in jax.tree.leaves(PARAMS)) == 4 + 2 * 10 + 3 * 10


def test_the_matrix_itself_has_the_sum_of_its_lowest_levels():
    """``D = M(x)`` gives ``λ₁ + λ₂``."""
    M = matrix()
    own = PARAMS | {"observables": np.tile(M[np.triu_indices(4)], (3, 1))}
    lowest = np.linalg.eigvalsh(M)[:2].sum()
    np.testing.assert_allclose(APPLY(own, POINT), 3 * [lowest], rtol=1e-11)


def test_numbers_stay_bounded_and_tend_to_constants():
    most = [2 * np.abs(np.linalg.eigvalsh(symmetric(d))).max() for d in PARAMS["observables"]]
    far = [np.asarray(APPLY(PARAMS, s * POINT)) for s in (1e5, 1e6, -1e5)]
    assert all((np.abs(numbers) <= most).all() for numbers in far)
    np.testing.assert_allclose(far[0], far[1], atol=1e-3)


def test_its_derivative_is_that_of_differences():
    slope = SLOPE(PARAMS)
    flat, start = (jax.tree.map(np.asarray, tree) for tree in (slope, PARAMS))
    way = jax.tree.map(lambda leaf: np.cos(np.arange(1.0, leaf.size + 1)).reshape(leaf.shape), flat)
    step = 1e-5
    ends = [jax.tree.map(lambda p, w, s=s: p + s * w, start, way) for s in (step, -step)]
    ahead, behind = (WEIGHTS @ np.asarray(APPLY(end, POINT)) for end in ends)
    along = sum(map(np.vdot, jax.tree.leaves(flat), jax.tree.leaves(way)))
    np.testing.assert_allclose(along, (ahead - behind) / (2 * step), rtol=1e-6)


def test_where_kept_eigenvalues_are_equal_derivatives_are_finite():
    blank = jax.tree.map(jnp.zeros_like, PARAMS["matrix"])
    blank["constant"] = (jnp.array([0.0, 0.0, 1.0, 1.0]),)
    slope = SLOPE(PARAMS | {"matrix": blank})
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slope))
    assert float(jnp.abs(slope["matrix"]["term 1"][0]).max()) > 0


@pytest.mark.slow
def test_a_spin_in_a_turning_field_is_found_and_continued():
    """``H = −σᶻ − x σˣ``: ``⟨σᶻ⟩ = 1/√(1 + x²)``, ``⟨σˣ⟩ = x/√(1 + x²)``, exact of two rows."""
    x = np.linspace(-1.0, 1.0, 11)

    def exact(x):
        return np.stack([np.ones_like(x), x]) / np.sqrt(1 + x**2)

    model = Observables(Hermitian(2), outputs=2)
    objective = pm.least_squares({"spin": lambda params, s: model.apply(params, s[0]) - s[1]})
    found = pm.fit(
        objective,
        pm.fixed({"spin": (jnp.asarray(x), jnp.asarray(exact(x).T))}),
        pm.gauss_newton(factorise=pm.optim.by_svd),
        model.init(jax.random.key(0), x[0]),
        steps=60,
        key=jax.random.key(0),
    )
    beyond = np.array([-30.0, 4.0])
    told = jax.vmap(model.apply, (None, 0))(found.params, beyond)
    np.testing.assert_allclose(told, exact(beyond).T, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Observables(Hermitian(3), 0), "outputs: expected at least 1"),
        (lambda: Observables(Hermitian(3), 1, keep=0), "keep: expected from 1 to 2"),
        (lambda: Observables(Hermitian(3), 1, keep=3), "keep: expected from 1 to 2 eigenvectors"),
        (lambda: Observables(Hermitian(3, complex=True), 1), "matrix: expected a real one"),
        (lambda: Observables(Hermitian(3, blocks=(2, 1)), 1), "of one block"),
        (lambda: Observables(3, 1), r"matrix: expected pm.pmm.Hermitian\(size\), got int"),
    ],
)
def test_sizes_that_cannot_be_are_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_many_points_are_no_point():
    for ask in (MODEL.apply, MODEL.projector):
        with pytest.raises(ShapeError, match="features: expected 2 real values at a point"):
            jax.eval_shape(ask, PARAMS, jnp.ones((5, 2)))
