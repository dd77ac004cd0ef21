"""Numbers that users give stay what they are or are refused: masks, complex parts, words, dates."""

import decimal
import warnings

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.as_numbers import as_numbers
from physml.errors import ShapeError


class Table:
    """A column of a table, as those of pandas: an object that numpy can read."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values if dtype is None else self.values.astype(dtype)


NUMBERS = {
    "integers": [1, 0, 2],
    "booleans": np.array([True, False]),
    "single precision": np.float32([0.5, 1.5]),
    "half precision of jax": jnp.ones(2, jnp.bfloat16),
    "decimals": [decimal.Decimal("1.5")],
    "objects": np.array([1, 2.5], object),
    "a table's column": Table([1.0, 2.0]),
    "masked, nothing hidden": np.ma.array([1.0, 2.0]),
}
MASKED = np.ma.masked_equal([0.5, -9999.0, 1.0], -9999.0)
REFUSED = {
    "masked": (MASKED, r"1 of 3 entries masked, the first at index \(1,\); leave them out"),
    "a list of masked": ([MASKED, MASKED], "2 of 6 entries masked"),
    "complex": (np.array([1j, 2.0]), "complex128; give the real part"),
    "complex objects": (np.array([1j, 2.0], object), "complex128"),
    "strings": (["1.0", "2.0"], "<U3; convert"),
    "strings as objects": (np.array(["1.0"], object), "<U3; convert"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), "datetime64"),
    "durations": (np.array([1], "m8[s]"), "timedelta64"),
    "records": (np.zeros(2, [("t", float), ("u", float)]), "got .*'t'"),
    "rows of different length": ([[1.0, 2.0], [3.0]], "no array"),
    "a table of words": (Table(["low", "high"]), "<U4"),
    "none": ([1.0, None], "NoneType"),
    "a function": (np.sin, "got object"),
}


@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_any_kind_are_taken(values):
    taken = as_numbers("values", values)
    assert taken.dtype == np.float64
    np.testing.assert_array_equal(taken, np.asarray(values, float))


GIVEN = {
    "values": lambda values: pm.pinn.measured(np.zeros((len(MASKED), 1)), values),
    "points": lambda values: pm.pinn.measured(values, np.zeros(3)),
    "samples": pm.sampling.estimate,
    "value": lambda values: pm.dirichlet(values, on="x"),
    "Constant: value": pm.networks.Constant,
}


@pytest.mark.parametrize(("given", "give"), GIVEN.items(), ids=GIVEN)
@pytest.mark.parametrize(("values", "match"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_real_number_is_refused(values, match, given, give):
    """Masked data were trained on as −9999, and complex ones without their imaginary part."""
    if callable(values) and given == "value":
        return  # a function is a value of a condition
    with warnings.catch_warnings(), pytest.raises(ShapeError, match=f"{given}: .*{match}"):
        warnings.simplefilter("error")
        give(values)


def test_complex_numbers_stay_complex_where_they_will_do():
    assert as_numbers("exact", [1j, 2.0], or_complex=True).tolist() == [1j, 2.0]
    with pytest.raises(ShapeError, match="expected numbers, got 1 of 3 entries masked"):
        as_numbers("exact", MASKED * 1j, or_complex=True)
