"""Energies of units of two values, which Boltzmann machines are: what sampling needs of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array

__all__ = ["Layer", "UnitEnergy"]


class Layer(NamedTuple):
    """Units whose states, all of them, sum up to ``Z``.

    Attributes:
        units: how many.
        free_energy: ``(units,) -> ()``, with ``Z = Σ exp(−free_energy)`` over all of their states.
        visible: ``(key, state) -> v``, drawn given a state of them.
    """

    units: int
    free_energy: Callable[[Array], Array]
    visible: Callable[[Array, Array], Array]


class UnitEnergy(nn.Module, kw_only=True):  # type: ignore[call-arg]
    """``p(v) = exp(−F(v))/Z`` of units of 0 and 1, or of spins ±1.

    One of your own derives from it and has ``__call__(v) -> F(v)``, of one configuration; the rest
    follows, a unit at a time.

    Attributes:
        spins: whether units are ±1; if not, 0 and 1.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> from flax import linen as nn
    >>> class Ring(pm.networks.UnitEnergy):
    ...     @nn.compact
    ...     def __call__(self, v):
    ...         return -self.param("J", nn.initializers.zeros, ()) * jnp.sum(v * jnp.roll(v, 1))
    >>> ring, v = Ring(spins=True), jnp.ones(4)
    >>> float(ring.apply({"params": {"J": 0.5}}, v))
    -2.0
    >>> ring.resample({"params": {"J": 50.0}}, jax.random.key(0), v).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    spins: bool = False

    @property
    def low(self) -> float:
        """The lower of the two values of a unit; the other is 1."""
        return -1.0 if self.spins else 0.0

    def energy(self, params: Any, v: Array) -> Array:
        """``F`` of one configuration."""
        value: Any = self.apply(params, v)
        return value

    def independent(self, params: Any) -> Any:
        """Parameters without couplings, from which temperatures are counted: here all are zero."""
        return jax.tree.map(jnp.zeros_like, params)

    def begun(self, params: Any, means: Array) -> Any:
        """First parameters that know how often each unit is 1, ``(N,)``: here unchanged."""
        del means
        return params

    def resample(self, params: Any, key: Array, v: Array) -> Array:
        """Each unit in turn drawn anew given the others: ``2N`` evaluations of ``F``.

        Args:
            params: of the module.
            key: random key.
            v: one configuration.

        Returns:
            Another one, of which ``exp(−F)/Z`` is the invariant density.
        """
        flat, shape = jnp.ravel(v), v.shape
        low = jnp.asarray(self.low, flat.dtype)
        chances = jax.random.uniform(key, flat.shape, flat.dtype)

        def draw(i: Array, flat: Array) -> Array:
            both = jnp.stack([flat.at[i].set(low), flat.at[i].set(1)])
            energies = jax.vmap(lambda v: self.energy(params, v.reshape(shape)))(both)
            up = jax.nn.sigmoid(energies[0] - energies[1])
            return flat.at[i].set(jnp.where(chances[i] < up, 1, low).astype(flat.dtype))

        return jax.lax.fori_loop(0, flat.size, draw, flat).reshape(shape)

    def layer(self, params: Any, shape: tuple[int, ...]) -> Layer:
        """The fewest units that sum up to ``Z``: here the visible ones, of one configuration."""

        def free_energy(v: Array) -> Array:
            return self.energy(params, v.reshape(shape))

        return Layer(int(np.prod(shape)), free_energy, lambda key, v: v.reshape(shape))
