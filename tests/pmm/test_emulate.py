"""Levels found again, differentiated, extrapolated, kept; what no matrix has is refused."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.pmm import Emulator, Hermitian, Highest, emulate
from physml.train.entry import Result

G = np.linspace(-1.0, 1.0, 10)
FAR = np.array([-4.0, 0.3, 2.0])


def exact(g):
    """The lower two eigenvalues of a matrix of three rows, in units and with a zero of its own."""
    at = np.multiply.outer(g, [[0.0, 1.0, 0.3], [1.0, 0.5, 0.8], [0.3, 0.8, 0.0]])
    return 50.0 + 20.0 * np.linalg.eigvalsh(np.diag([-1.0, 0.2, 1.5]) + at)[..., :2]


@pytest.fixture(scope="module")
def emulator():
    return emulate(Hermitian(3), G, exact(G), starts=2, steps=80)


@pytest.mark.slow
def test_a_matrix_is_found_again_and_extrapolates(emulator):
    assert isinstance(emulator, Result)
    assert emulator.parameters == 9
    np.testing.assert_allclose(emulator(G), exact(G), atol=1e-5)
    np.testing.assert_allclose(emulator(FAR), exact(FAR), atol=1e-2)
    np.testing.assert_allclose(emulator(0.3), emulator(FAR)[1], rtol=1e-12)


def test_its_matrices_have_the_levels_in_units_of_the_data(emulator):
    found = emulator.matrices()
    whole = found["constant"][0] + 0.7 * found["term 1"][0]
    np.testing.assert_allclose(np.linalg.eigvalsh(whole)[:2], emulator(0.7), atol=1e-11)


def test_derivatives_are_those_of_differences(emulator):
    h = 1e-5
    difference = (emulator(FAR + h) - emulator(FAR - h)) / (2 * h)
    np.testing.assert_allclose(emulator.derivative(FAR), difference, atol=1e-6)


def test_a_bar_widens_where_no_points_are_and_holds_the_level(emulator):
    off = emulator.standard_deviation(FAR)
    assert (off[0] > off[1]).all()
    low, high = emulator.interval(FAR)
    np.testing.assert_allclose(high - low, 2 * 1.6448536 * off, rtol=1e-6)
    assert (low <= exact(FAR)).all() and (exact(FAR) <= high).all()


@pytest.mark.slow
def test_an_emulator_is_kept_and_read_again(emulator, tmp_path):
    emulator.save(tmp_path / "kept")
    read = Emulator.load(tmp_path / "kept", Hermitian(3))
    np.testing.assert_array_equal(read(FAR), emulator(FAR))
    np.testing.assert_allclose(
        read.standard_deviation(FAR), emulator.standard_deviation(FAR), rtol=1e-9
    )
    assert read.numbers() == emulator.numbers()
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        Emulator.load(tmp_path / "kept", Hermitian(4))
    with pytest.raises(FingerprintError, match="other levels"):
        Emulator.load(tmp_path / "kept", Hermitian(3), keep=Highest(2))
    with pytest.raises(FingerprintError, match="other levels"):
        Emulator.load(tmp_path / "kept", Hermitian(3, features=lambda x: jnp.abs(x)))


def test_a_second_call_compiles_nothing(emulator):
    traced = []

    def feature(x):
        traced.append(x)
        return x

    own = replace(emulator, model=Hermitian(3, features=feature))
    own(FAR)
    once = len(traced)
    own(FAR + 1)
    assert len(traced) == once > 0


def test_its_figure_is_saved(emulator, tmp_path):
    assert emulator.plot(tmp_path / "levels.png").stat().st_size > 1000
    assert all(isinstance(line, str) for line in emulator.words().values())
    assert "bar" not in emulator.words()
    alone = replace(emulator, smaller=None)
    assert alone.words()["bar"].startswith("of rows and other starts alone")


@pytest.mark.slow
def test_a_run_goes_on_where_it_was_and_one_program_gives_the_same(tmp_path):
    import jax

    from physml.train import Run

    def made(run, steps):
        return emulate(Hermitian(2), G, exact(G), starts=2, steps=steps, run=run)

    whole = made(None, 12)
    with Run.create(tmp_path / "run") as run:
        made(run, 5)
    with Run.reopen(tmp_path / "run") as run:
        again = made(run, 12)
    for one, other in zip(
        jax.tree.leaves(whole.params), jax.tree.leaves(again.params), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_two_features_highest_levels_and_blocks_that_cross():
    points = np.random.default_rng(0).uniform(-1, 1, (40, 2))

    def levels(p):
        a, b = p[:, 0], p[:, 1]
        root = np.sqrt((1 + a) ** 2 / 4 + b**2)
        return np.stack(
            [0.5 * (1 + a) + root, a + b], axis=1
        )  # of [[1 + a, b], [b, 0]], and (a + b)

    model = Hermitian(3, ("a", "b"), blocks=(2, 1))
    found = emulate(model, points, levels(points), keep=(Highest(1), 1), steps=60)
    beyond = np.array([[2.0, -1.5], [-2.0, 0.5]])
    np.testing.assert_allclose(found(beyond), levels(beyond), atol=1e-5)
    assert found.derivative(beyond).shape == (2, 2, 2)


TWO = np.stack([G, G + 1], axis=1)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: emulate(Hermitian(1), G, TWO), ConfigurationError, "needs a matrix of size 2"),
        (lambda: emulate(Hermitian(2), G, TWO, keep=1), ShapeError, "expected 1 levels a point"),
        (lambda: emulate(Hermitian(2), G, TWO[:, ::-1]), ShapeError, "in ascending order"),
        (lambda: emulate(Hermitian(2), G, TWO[:5]), ShapeError, "a row a point"),
        (lambda: emulate(Hermitian(2), G, TWO * 1j), ShapeError, "y: expected real numbers"),
        (lambda: emulate(Hermitian(2), G[:1], TWO[:1]), ShapeError, "at least 2 points"),
        (lambda: emulate(Hermitian(2), G, TWO * np.nan), NonFiniteError, r"index \(0, 0\)"),
        (lambda: emulate(Hermitian(1), G, 0 * G + 3), ConfigurationError, "levels that differ"),
        (
            lambda: emulate(Hermitian(1), G, np.where(G > 0, 0.3, 0.1 + 0.2)),
            ConfigurationError,
            "levels that differ",
        ),
        (lambda: emulate(Hermitian(2), 0 * G, TWO), ConfigurationError, "term 1; leave that term"),
        (lambda: emulate(Hermitian(2), G, TWO, starts=0), ConfigurationError, "starts"),
        (lambda: emulate(Hermitian(2, 2), G, TWO), ShapeError, "features: expected 2 real values"),
        (
            lambda: emulate(Hermitian(2, features=lambda x: jnp.log(x)), G, TWO),
            NonFiniteError,
            "features: expected finite values",
        ),
        (lambda: emulate(np.eye(2), G, TWO), ConfigurationError, "pm.pmm.Hermitian"),
        (
            lambda: emulate(Hermitian(2), np.ma.masked_less(G, 0), TWO),
            ShapeError,
            "entries masked",
        ),
    ],
)
def test_levels_that_no_matrix_has_are_refused(ask, error, message):
    with pytest.raises(error, match=message):
        ask()


def test_points_of_another_shape_are_refused(emulator):
    for x in (np.ones((2, 2)), np.nan, [1j]):
        with pytest.raises(ShapeError, match="x: expected"):
            emulator(x)
    with pytest.raises(ConfigurationError, match="level"):
        emulator.interval(0.0, level=1.5)


@pytest.mark.slow
def test_the_size_is_chosen_by_what_is_left_out():
    """Levels of a matrix of three rows: two cannot describe them, three can."""
    found = emulate(Hermitian(2), G, exact(G), sizes=(2, 3), folds=2, starts=2, steps=60)
    errors = found.found["size_errors"]
    assert found.model.size == 3 and set(errors) == {"2", "3"}
    assert errors["3"] < 0.1 * errors["2"]
    np.testing.assert_allclose(found(G), exact(G), atol=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sizes": 3}, "sizes: expected at least two"),
        ({"sizes": (3,)}, "sizes: expected at least two"),
        ({"sizes": (3, 3)}, "sizes: expected different ones"),
        ({"sizes": (2, (2, 1))}, "sizes: expected one number a block"),
        ({"sizes": (1, 3)}, "needs a matrix of size 2"),
        ({"sizes": (2, 3), "folds": 11}, "folds: expected from 2 to 10"),
        ({"sizes": (2, 3), "folds": 1}, "folds"),
    ],
)
def test_sizes_that_are_no_choice_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=message):
        emulate(Hermitian(3), G, exact(G), **given)


def test_a_coupling_of_rank_one_is_found_again_and_extrapolates():
    """``diag(a) + g u uᵀ``: levels of each coupling lie between those of the one before."""
    u = np.array([0.6, -0.5, 0.8])
    levels = lambda g: np.linalg.eigvalsh(
        np.diag([-1.0, 0.2, 1.5]) + np.multiply.outer(g, np.outer(u, u))
    )[..., :2]
    found = emulate(Hermitian(3, rank=1), G, levels(G), starts=2, steps=80)
    assert found.parameters == 3 + 3 + 1
    term = found.matrices()["term 1"][0]
    np.testing.assert_allclose(term, term.T)
    assert np.linalg.matrix_rank(term, tol=1e-6 * np.abs(term).max()) == 1
    np.testing.assert_allclose(found(FAR), levels(FAR), atol=1e-3)
    # All levels move one way with the coupling, as those of no other rank must.
    slopes = found.derivative(np.linspace(-5, 5, 9))
    assert (slopes * np.sign(slopes[0, 0]) > -1e-9).all()
    assert np.trace(term) == pytest.approx(u @ u, rel=1e-2)
