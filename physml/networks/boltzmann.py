"""Boltzmann machines: energies of units that see one another, or hidden ones, in pairs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.networks.sizes import checked_widths
from physml.networks.unit_energy import Layer, UnitEnergy
from physml.ranges import check_positive

__all__ = ["BoltzmannMachine", "RestrictedBoltzmannMachine"]


class RestrictedBoltzmannMachine(UnitEnergy, kw_only=True):
    """Visible units ``v`` that see hidden ones ``h`` alone, of 0 and 1 or ±1, all alike.

        E(v, h) = −a·v − b·h − vᵀW h,    F(v) = −ln Σ_h e^{−E} = −a·v − Σ_j φ(b_j + (vᵀW)_j)
        φ(x) = ln(1 + eˣ) of units 0 and 1,  ln(2 cosh x) of spins

    Its layers are drawn at once, ``p(h_j = 1 | v) = σ(b_j + (vᵀW)_j)``, of spins ``σ(2(...))``,
    and the smaller of them sums up to ``Z``.

    Attributes:
        hidden: how many hidden units.
        bias: whether there are ``a`` and ``b``; spins without them are even, ``F(v) = F(−v)``.
        spread: the standard deviation of weights at first; all small is a saddle for data without
            pair correlations.
        spins: whether units are ±1.

    Raises:
        ConfigurationError: a number of units that is no positive integer, a negative spread.

    Source: Smolensky (1986), in Parallel Distributed Processing, MIT Press, chapter 6; Hinton
    (2012), doi:10.1007/978-3-642-35289-8_32.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> machine = pm.networks.RestrictedBoltzmannMachine(hidden=3)
    >>> params = machine.init(jax.random.key(0), jnp.zeros(4))
    >>> f"{machine.apply(params, jnp.zeros(4)):.4f}"  # −3 ln 2
    '-2.0794'
    """

    hidden: int = 16
    bias: bool = True
    spread: float = 0.1

    def __post_init__(self) -> None:
        """Check the sizes where they are written."""
        (self.hidden,) = checked_widths((self.hidden,))
        check_positive("spread", self.spread, or_zero=True)
        super().__post_init__()

    @nn.compact
    def __call__(self, v: ArrayLike) -> Array:
        """``F`` of one configuration, ``(N,)`` or entries of any shape."""
        flat, dtype = jnp.ravel(jnp.asarray(v)), jnp.result_type(float)
        normal = nn.initializers.normal(self.spread)
        weights = self.param("weights", normal, (flat.size, self.hidden), dtype)
        field, out = flat @ weights, jnp.zeros((), weights.dtype)
        if self.bias:
            zeros = nn.initializers.zeros_init()
            field = field + self.param("hidden", zeros, (self.hidden,), dtype)
            out = -jnp.dot(self.param("visible", zeros, (flat.size,), dtype), flat)
        return out - jnp.sum(_softened(field, self.spins))

    def independent(self, params: Any) -> Any:
        """Without weights: units with their biases alone."""
        own = params["params"]
        return {"params": own | {"weights": jnp.zeros_like(own["weights"])}}

    def begun(self, params: Any, means: Array) -> Any:
        """With the visible biases of units without couplings."""
        return _biased(params, means, self.spins)

    def hidden_given(self, params: Any, key: Array, v: Array) -> Array:
        """``h ~ p(h | v)``, ``(hidden,)``."""
        own = params["params"]
        field = jnp.ravel(v) @ own["weights"] + own.get("hidden", 0)
        return self._drawn(key, field).astype(v.dtype)

    def visible_given(self, params: Any, key: Array, h: Array) -> Array:
        """``v ~ p(v | h)``, ``(N,)``."""
        own = params["params"]
        return self._drawn(key, own["weights"] @ h + own.get("visible", 0)).astype(h.dtype)

    def resample(self, params: Any, key: Array, v: Array) -> Array:
        """Both layers drawn anew, the hidden one first."""
        key_hidden, key_visible = jax.random.split(key)
        h = self.hidden_given(params, key_hidden, v)
        return self.visible_given(params, key_visible, h).reshape(v.shape)

    def layer(self, params: Any, shape: tuple[int, ...]) -> Layer:
        """The smaller of both layers."""
        if int(np.prod(shape)) <= self.hidden:
            return super().layer(params, shape)
        own = params["params"]
        weights = own["weights"]

        def free_energy(h: Array) -> Array:
            field = weights @ h + own.get("visible", 0)
            return -jnp.sum(h * own.get("hidden", 0)) - jnp.sum(_softened(field, self.spins))

        def visible(key: Array, h: Array) -> Array:
            return self.visible_given(params, key, h).reshape(shape)

        return Layer(self.hidden, free_energy, visible)

    def _drawn(self, key: Array, field: Array) -> Array:
        chance = jax.random.uniform(key, field.shape, field.dtype)
        up = jax.nn.sigmoid(2 * field if self.spins else field)
        return jnp.where(chance < up, 1.0, self.low)


class BoltzmannMachine(UnitEnergy, kw_only=True):
    """All units visible, every pair coupled: ``F(v) = E(v) = −a·v − Σ_{i<j} J_ij v_i v_j``.

    The largest likelihood has the means and pair correlations of the data; of spins ±1 it is the
    inverse Ising problem.

    Attributes:
        bias: whether there are ``a``.
        spins: whether units are ±1.

    Source: Ackley, Hinton and Sejnowski (1985), doi:10.1207/s15516709cog0901_7.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> pair = pm.networks.BoltzmannMachine(spins=True, bias=False)
    >>> float(pair.apply({"params": {"couplings": jnp.array([0.5])}}, jnp.array([1.0, -1.0])))
    0.5
    """

    bias: bool = True

    @nn.compact
    def __call__(self, v: ArrayLike) -> Array:
        """``F`` of one configuration, ``(N,)`` or entries of any shape."""
        flat, dtype = jnp.ravel(jnp.asarray(v)), jnp.result_type(float)
        zeros, (i, j) = nn.initializers.zeros_init(), np.triu_indices(flat.size, 1)
        couplings = self.param("couplings", zeros, (len(i),), dtype)
        energy = -jnp.dot(couplings, flat[i] * flat[j])
        if self.bias:
            energy = energy - jnp.dot(self.param("visible", zeros, (flat.size,), dtype), flat)
        return energy

    def independent(self, params: Any) -> Any:
        """Without couplings: units with their biases alone."""
        own = params["params"]
        return {"params": own | {"couplings": jnp.zeros_like(own["couplings"])}}

    def begun(self, params: Any, means: Array) -> Any:
        """With the biases of units without couplings."""
        return _biased(params, means, self.spins)


def _biased(params: Any, means: Array, spins: bool) -> Any:
    own = params["params"]
    if "visible" not in own:
        return params
    odds = jnp.log(means) - jnp.log1p(-means)
    visible = (odds / 2 if spins else odds).astype(own["visible"].dtype)
    return {"params": own | {"visible": visible}}


def _softened(x: Array, spins: bool) -> Array:
    """``ln Σ e^{x h}`` over the values of a hidden unit."""
    return jnp.logaddexp(x, -x) if spins else jax.nn.softplus(x)
