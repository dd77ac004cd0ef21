"""A function's text does not depend on where or when it is traced; its numbers stand apart."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.train.program import numbers, program

X = jnp.linspace(0.5, 2.0, 3)
TABLE = np.arange(1.0, 4.0)


def made(scale=2.0, table=TABLE, whole=3, inner=5.0):
    """Each constant in a place of its own: a literal, an array, a count, an inner ``jit``."""
    scaled = jax.jit(lambda y: inner * jnp.sin(y))
    step = lambda carry, y: (carry + scale * y, carry)

    @jax.custom_jvp
    def ruled(y):
        return y + inner

    ruled.defjvp(lambda primals, tangents: (ruled(*primals), tangents[0]))

    def function(x):
        total, _ = jax.lax.scan(step, 0.0, x)
        branch = jax.lax.cond(total > scale, lambda y: y * whole, lambda y: y, x)
        return scaled(branch) + jnp.asarray(table) + ruled(x) + jax.random.normal(
            jax.random.key(whole), x.shape
        )  # fmt: skip

    return program(function, X)[0]


def test_equal_functions_have_equal_programs():
    assert made() == made(2.0, TABLE.copy(), 3, 5.0)
    noise = program(lambda x: jnp.cos(x), X)[0]
    assert noise.text != made().text


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"scale": 2.5}, "numbers"),
        ({"table": TABLE + np.array([0.0, 1e-3, 0.0])}, "numbers"),
        ({"inner": 5.5}, "numbers"),
        ({"whole": 4}, "text"),
        ({"table": TABLE.astype(np.float32)}, "text"),
        ({"table": TABLE[:1]}, "text"),
    ],
)
def test_no_constant_is_overlooked(change, where):
    """Literals, arrays, whole numbers, those of inner programs: each at least changes one part."""
    before, after = made(), made(**change)
    assert (before.text != after.text) == (where == "text")
    if where == "numbers":
        assert not before.numbers.same(after.numbers)


def test_the_order_of_arguments_and_of_operations_counts():
    left, right = (program(f, X, X)[0] for f in (lambda a, b: a - b, lambda a, b: b - a))
    assert left.text != right.text
    first = program(lambda x: 2.0 * x + 3.0 * x**2, X)[0].numbers
    second = program(lambda x: 3.0 * x + 2.0 * x**2, X)[0].numbers
    assert not first.same(second)


def test_arguments_are_no_constants():
    f = lambda table, x: table * x
    assert program(f, X, X)[0] == program(f, 2 * X, X)[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("n", [1, 1000])
def test_rounding_is_told_from_change(dtype, n):
    """Numbers that another machine rounds otherwise are the same; one that was corrected is not."""
    rng = np.random.default_rng(0)
    eps = float(np.finfo(dtype).eps)
    array = np.exp(rng.normal(size=n) * 2).astype(dtype)
    rounded = (array * (1 + 2 * eps * rng.normal(size=n))).astype(dtype)
    corrected = array.copy()
    corrected[n // 2] *= 1 + 1e3 * np.sqrt(eps)
    assert numbers([array]).same(numbers([rounded]))
    assert not numbers([array]).same(numbers([corrected]))
    assert not numbers([array]).same(numbers([10 * array]))
    assert n == 1 or numbers([array]).digest != numbers([rounded]).digest


def test_numbers_that_are_not_finite_have_a_projection():
    odd = [np.array([1.0, np.nan, np.inf, 2.0])]
    assert np.isfinite(numbers(odd).projection)
    assert not numbers(odd).same(numbers([np.array([1.0, 3.0, np.inf, 2.0])]))
