"""Numbers out of range, and what is no number, are refused by name wherever one is written."""

import jax
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError
from physml.ranges import check_positive


@pytest.mark.parametrize("number", [1, 1e-300, np.float32(2), np.int64(3), np.array(0.5)])
def test_a_number_above_zero_is_let_by(number):
    check_positive("width", number)


@pytest.mark.parametrize(
    "number",
    [0, -1.0, float("nan"), float("inf"), "1", None, 1 + 0j, [1.0, 2.0], np.array([1.0, 2.0])],
    ids=str,
)
def test_what_is_none_is_refused(number):
    with pytest.raises(ConfigurationError, match="width: expected a number > 0, got"):
        check_positive("width", number)


def test_zero_where_it_will_do_and_traced_numbers_are_let_by():
    check_positive("penalty", 0.0, or_zero=True)
    with pytest.raises(ConfigurationError, match="penalty: expected a number ≥ 0, got -1"):
        check_positive("penalty", -1, or_zero=True)

    def traced(x):
        check_positive("rate", x)
        return x

    jax.eval_shape(traced, 1.0)


def domain(**options):
    return pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: u(z), **options)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: domain(reference_error="abc"), "reference_error: expected a number ≥ 0"),
        (lambda: domain(reference_error=float("nan")), "reference_error: expected a number ≥ 0"),
        (lambda: pm.pinn.hard_initial(0.0, unit="a"), "unit: expected a number > 0, got 'a'"),
        (
            lambda: pm.pinn.dirichlet(0.0, on="boundary", weight="2"),
            "weight: expected a number > 0, got '2'",
        ),
        (lambda: pm.pinn.Ball((0, 0), "1"), "Ball: radius: expected a number > 0, got '1'"),
        (lambda: pm.vmc.IsingChain(sites=4, field="1"), "field: expected a number > 0, got '1'"),
        (lambda: pm.generative.non_saturating("1"), "penalty: expected a number ≥ 0, got '1'"),
    ],
)
def test_words_are_no_numbers(make, match):
    with pytest.raises(ConfigurationError, match=match):
        make()
