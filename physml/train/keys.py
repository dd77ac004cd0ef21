"""Random keys by name: what a key is for, told in one place.

``key_for(key, name)`` is ``fold_in(key, number of the name)``. Names that are taken from one key
have numbers of their own; a number stays what it is, lest a seed mean something else tomorrow.
"""

from __future__ import annotations

import jax
from jax import Array

from physml.errors import UnknownNameError

_NUMBERS = {
    # of a verb: solve, ground_state, pretrain; of an entry that makes its own data
    "params": 0,
    "fit": 1,
    "measure": 2,
    "check": 3,
    "pretrain": 4,
    "data": 5,
    "folds": 6,
    "bootstrap": 7,
    "warm-up": 8,
    "networks": 9,
    # of one fit
    "sampler": 0,
    "steps": 1,
    # of a measurement on fresh walkers
    "walkers": 0,
    "burn-in": 1,
    # of one slab of a march
    "noise": 0,
    "solve": 1,
}


def key_for(key: Array, name: str) -> Array:
    """The key for one purpose.

    Args:
        key: whose purposes have names: that of a verb, of a fit, of a slab.
        name: ``params``, ``fit``, ``measure``, ``check``, ``pretrain``, ``warm-up`` of a verb;
            ``data``, ``folds``, ``bootstrap``, ``networks`` of an entry that has some;
            ``sampler``, ``steps`` of a fit; ``walkers``, ``burn-in``, ``measure`` of a measurement;
            ``noise``, ``solve`` of a slab.

    Raises:
        UnknownNameError: a name without a number.

    >>> import jax
    >>> key = jax.random.key(0)
    >>> bool(key_for(key, "params") == jax.random.split(key)[0])
    True
    """
    if name not in _NUMBERS:
        raise UnknownNameError("purpose of a key", name, _NUMBERS)
    return jax.random.fold_in(key, _NUMBERS[name])


def key_of(key: Array, number: int | Array) -> Array:
    """The key of one of several alike: a slab of time, a problem of a sequence, a warm-up phase.

    >>> import jax
    >>> key = jax.random.key(0)
    >>> bool(key_of(key, 3) == jax.random.fold_in(key, 3))
    True
    """
    return jax.random.fold_in(key, number)
