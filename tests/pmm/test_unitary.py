"""Energies from phases of time steps: by hand, at no step at all, and of the ring of spins."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.pmm.catalogue import ENTRIES, Trotter
from physml.pmm.catalogue.trotter import richardson

Z, X = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
ENERGIES = jax.jit(pm.pmm.energies)


@pytest.mark.parametrize("dt", [0.4, -0.4])
def test_two_rows_by_hand(dt):
    """``cos E dt = cos dt cos 0.7dt`` of σᶻ and 0.7 σˣ; the same backwards."""
    found = ENERGIES(np.stack([Z, 0.7 * X]), dt)
    exact = np.arccos(np.cos(dt) * np.cos(0.7 * dt)) / abs(dt)
    np.testing.assert_allclose(found, [-exact, exact], rtol=1e-5)


def test_no_step_is_the_sum_and_a_short_one_is_near():
    terms = np.stack([Z, 0.7 * X])
    at_rest = ENERGIES(terms, 0.0)
    np.testing.assert_allclose(at_rest, [-np.sqrt(1.49), np.sqrt(1.49)], rtol=1e-6)
    slope = jax.jit(jax.grad(lambda terms, dt: pm.pmm.energies(terms, dt)[0]))
    for dt in (0.0, 0.01):
        # ∂E/∂A is v vᵀ at no step: finite there, where the phases say nothing.
        np.testing.assert_allclose(
            np.trace(np.asarray(slope(jnp.asarray(terms), dt)[0])), 1.0, atol=1e-3
        )


def test_the_model_ascends_and_is_even():
    model = pm.pmm.Unitary(3)
    params = model.init(jax.random.key(1), 0.1)
    apply = jax.jit(model.apply)
    found = np.asarray(apply(params, 0.3))
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found, apply(params, -0.3), rtol=1e-4)
    assert np.abs(found - apply(params, 0.0)).max() > 1e-4
    matrices = model.matrices(params)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))


def test_the_ring_has_steps_by_products_of_exponentials():
    from scipy.linalg import expm

    family = Trotter(spins=3)
    a, b = family.terms
    step = expm(-0.2j * a) @ expm(-0.2j * b)
    phases = np.sort(-np.angle(np.linalg.eigvals(step)) / 0.2)
    found = family.levels(np.array([0.0, 0.2]))
    np.testing.assert_allclose(found[1], phases[:2], atol=1e-12)
    np.testing.assert_allclose(found[0], np.linalg.eigvalsh(a + b)[:2], atol=1e-12)
    assert np.abs(found[1] - found[0]).max() > 1e-3


def test_richardson_is_exact_for_a_parabola_of_the_step():
    seen = np.linspace(0.1, 0.3, 8)
    levels = np.stack([1 + 3 * seen**2, 2 - seen**4], axis=1)
    np.testing.assert_allclose(richardson(seen, levels, np.zeros(1)), [[1.0, 2.0]], atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pm.pmm.Unitary(0), "size"),
        (lambda: pm.pmm.Unitary(3, terms=1), "terms"),
        (
            lambda: pm.pmm.Unitary(2).levels(
                pm.pmm.Unitary(2).init(jax.random.key(0), 0.1), 0.1, 3
            ),
            "keep",
        ),
        (lambda: Trotter(longest=0.5), r"expected steps with \|E dt\| well below π"),
        (lambda: Trotter(shortest=0.3), "shortest: expected 0 < shortest < longest"),
        (lambda: Trotter(field=0.0), "h not 0"),
        (lambda: ENTRIES["trotter"].check(Trotter(kept=5), ENTRIES["trotter"].recipe), "rows"),
        (lambda: replace(ENTRIES["trotter"].recipe, starts=0), "starts"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize("terms", [np.ones((2, 2)), np.ones((2, 2, 3))])
def test_matrices_that_are_none_are_refused(terms):
    with pytest.raises(ShapeError, match="terms: expected"):
        pm.pmm.energies(terms, 0.1)
    with pytest.raises(ShapeError, match="dt: expected one real number"):
        pm.pmm.energies(np.stack([Z, X]), np.array([0.1, 0.2]))


@pytest.mark.slow
def test_the_entry_is_nearer_than_a_polynomial(tmp_path):
    entry = ENTRIES["trotter"]
    entry.check(entry.subject, entry.recipe)
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(0))
    numbers = found.numbers()
    assert numbers["error_at_0"] < 1e-8 < 1e-2 < numbers["shortest_step_error"]
    assert numbers["error_at_0"] < numbers["richardson_error_at_0"]
    found.save(tmp_path / "kept")
    assert entry.load(entry.subject, entry.recipe, tmp_path / "kept").numbers() == numbers


def test_matrices_of_whole_numbers_are_those_of_the_same_size():
    whole = np.array([[[1, 0], [0, -1]], [[0, 1], [1, 0]]])
    np.testing.assert_allclose(pm.pmm.energies(whole, 0.5), ENERGIES(np.stack([Z, X]), 0.5), 1e-5)


def test_phases_that_may_begin_again_are_refused():
    with pytest.raises(ConfigurationError, match="dt: expected a step"):
        pm.pmm.energies(10 * np.stack([Z, X]), 0.5)
    with pytest.raises(ConfigurationError, match="got up to 10;"):
        pm.pmm.energies(10 * np.stack([Z, X]), -0.5)
