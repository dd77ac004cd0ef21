"""A random order of many things, told for a few places at a time.

A shuffle of ``range(n)`` costs a sort, half a second of a million on one core. Here the item at a
place is calculated: a place is a pair ``(l, r)``, and rounds of

    l ← l + F(r) mod a,   r ← r + G(l) mod b                          with random tables F and G

are each one-to-one, so that all of them are (Feistel's network, which ciphers are made of).
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

# Pairs of rounds. Three pairs serve where few of many places are looked at; after twelve all orders
# of two to seven items were equally frequent, too, to the statistics of 400,000 sets of tables.
_ROUNDS = 12


def items_at(key: Array, places: Array, n: int) -> Array:
    """The items at some places of a random order of ``range(n)``.

    Args:
        key: which order; the same key, the same order.
        places: whole numbers from 0 to ``n − 1``, of any shape.
        n: how many items there are.

    Returns:
        Whole numbers from 0 to ``n − 1``, all different where the places are.

    Source: Black and Rogaway (2002), doi:10.1007/3-540-45760-7_9 (any n, by walking cycles).

    >>> import jax, jax.numpy as jnp
    >>> sorted(items_at(jax.random.key(0), jnp.arange(5), 5).tolist())
    [0, 1, 2, 3, 4]
    """
    a = math.isqrt(n - 1) + 1
    b = 2 * -(-n // (2 * a))  # even: shifts of an odd number of things make no odd permutation
    key_left, key_right = jax.random.split(key)
    tables = (
        jax.random.randint(key_left, (_ROUNDS, b), 0, a, places.dtype),
        jax.random.randint(key_right, (_ROUNDS, a), 0, b, places.dtype),
    )

    def round_(pair: tuple[Array, Array], table: tuple[Array, Array]) -> tuple[Any, None]:
        left, right = pair
        left = (left + table[0][right]) % a
        right = (right + table[1][left]) % b
        return (left, right), None

    def once(number: Array) -> Array:
        (left, right), _ = jax.lax.scan(round_, (number // b, number % b), tables)
        return left * b + right

    # Of the a b pairs a few stand for no item: from there it goes on, and never in a circle.
    return jax.lax.while_loop(
        lambda item: jnp.any(item >= n),
        lambda item: jnp.where(item >= n, once(item), item),
        once(places),
    )
