"""The matrix model and its eigenvalues: what is counted, which levels, what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.errors import ConfigurationError, ShapeError
from physml.pmm import Hermitian, Highest, Interior, Lowest, Nearest
from physml.pmm.level_data import LevelData, Scaling

KEY = jax.random.key(0)


def count(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Hermitian(7), 7 + 28),
        (Hermitian(7, blocks=(4, 3)), 7 + 10 + 6),
        (Hermitian(3, 2, complex=True, features=lambda x: jnp.array([x, x**2])), 3 + 2 * 9),
        (Hermitian(6, rank=2), 6 + 6 * 2 + 2),
    ],
)
def test_parameters_are_counted_by_the_gauge(model, expected):
    params = model.init(KEY, 0.3)
    assert count(params) == expected
    assert model.apply(params, 0.3).shape == (model.size,)
    assert not any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("complex", [False, True])
def test_the_length_of_parameters_is_that_of_the_matrix(complex):
    model = Hermitian(4, complex=complex)
    params = model.init(KEY, 0.0)
    matrix = model.matrices(params)["term 1"][0]
    np.testing.assert_allclose(matrix, np.conj(matrix.T), atol=0)
    assert jnp.iscomplexobj(matrix) == complex
    np.testing.assert_allclose(
        np.linalg.norm(matrix), np.linalg.norm(params["term 1"][0]), rtol=1e-12
    )


def test_levels_are_eigenvalues_of_the_affine_matrix():
    model = Hermitian(3, ("field", "coupling"))
    x = jnp.array([0.3, -0.7])
    params = model.init(KEY, x)
    made = model.matrices(params)
    whole = made["constant"][0] + x[0] * made["field"][0] + x[1] * made["coupling"][0]
    np.testing.assert_allclose(model.apply(params, x), np.linalg.eigvalsh(whole), atol=1e-13)
    np.testing.assert_allclose(
        model.levels(params, x, 2), np.linalg.eigvalsh(whole)[:2], atol=1e-13
    )


def test_features_that_count_are_scaled_as_others():
    """The middle of 0 … 3 is 1.5: cut to a whole number, matrices would have other levels."""
    points = np.arange(4.0)
    levels = LevelData.of(points, np.stack([points, points + 1], axis=1))
    made = {}
    for name, features in (("whole", lambda x: x.astype(int)), ("real", lambda x: x)):
        model = Hermitian(2, features=features)
        made[name] = Scaling.of(levels, model).model(model).feature_values(jnp.array(2.0))
    np.testing.assert_allclose(made["whole"], made["real"], rtol=1e-6)
    np.testing.assert_allclose(made["real"], [1 / 3], rtol=1e-6)


def test_blocks_cross_and_come_one_after_the_other():
    model = Hermitian(2, blocks=(1, 1))
    params = {"constant": (jnp.zeros(1),) * 2, "term 1": (jnp.ones(1), -jnp.ones(1))}
    for x in (-0.5, 0.5):
        np.testing.assert_allclose(model.apply(params, x), [x, -x])


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (Lowest(2), [-1.0, 0.0]),
        (Highest(2), [2.0, 5.0]),
        (Interior(2, first=1), [0.0, 2.0]),
        (Nearest(2, value=1.6), [0.0, 2.0]),
        (Nearest(3, value=1.0), [-1.0, 0.0, 2.0]),
    ],
)
def test_selections_are_in_ascending_order(keep, expected):
    assert keep(jnp.array([-1.0, 0.0, 2.0, 5.0])).tolist() == expected


def test_a_value_is_scaled_with_the_levels():
    assert Nearest(1, value=7.0).scaled(5.0, 4.0) == Nearest(1, value=0.5)
    assert Highest(2).scaled(5.0, 4.0) == Highest(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Hermitian(0), ConfigurationError, "size: expected at least 1"),
        (lambda: Hermitian(5, blocks=(2, 2)), ConfigurationError, "whose sum is 5"),
        (lambda: Hermitian(5, terms=("a", "a")), ConfigurationError, "names of their own"),
        (lambda: Hermitian(5, terms=("constant",)), ConfigurationError, "none of them 'constant'"),
        (lambda: Hermitian(5, blocks=(2, 3), rank=3), ConfigurationError, "rank: expected at most"),
        (lambda: Hermitian(5, rank=2, complex=True), ConfigurationError, "rank: expected None"),
        (lambda: Hermitian(2).init(KEY, jnp.ones(2)), ShapeError, "give terms=2"),
        (lambda: Lowest(0), ConfigurationError, "count: expected at least 1"),
        (lambda: Nearest(1, value=np.nan), ConfigurationError, "value: expected a finite"),
        (lambda: Nearest(1, value=1j), ConfigurationError, "value: expected a finite"),
        (
            lambda: Hermitian(2).levels(Hermitian(2).init(KEY, 0.0), 0.0, 3),
            ConfigurationError,
            "needs a matrix of size 3 at least, got 2",
        ),
        (
            lambda: Hermitian(2).levels(Hermitian(2).init(KEY, 0.0), 0.0, (1, 1)),
            ConfigurationError,
            "levels of each of 1 blocks",
        ),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
