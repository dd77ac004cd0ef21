"""The restricted Boltzmann machine that is an Ising model, with one hidden unit a bond."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.ising.spin_couplings import spin_couplings
from physml.networks import RestrictedBoltzmannMachine


class ExactMachine(NamedTuple):
    """A machine whose visible units are distributed as spins in equilibrium.

    Attributes:
        network: of one hidden spin a bond.
        params: its parameters.
        log_factor: ``ln Z`` of the spins less that of the machine.
    """

    network: RestrictedBoltzmannMachine
    params: Any
    log_factor: float


def exact_machine(couplings: Any, fields: Any = None) -> ExactMachine:
    """The restricted machine of ``p(s) = exp(Σ_{i<j} K_ij s_i s_j + Σ_i h_i s_i)/Z``.

    One hidden unit ±1 for each bond, with no bias::

        e^{K s s'} = ½ e^{−|K|} Σ_{h = ±1} e^{h w (s ± s')},   w = ½ arccosh e^{2|K|}

    with the sign of K, so that ``ln Z`` of the spins is that of the machine less
    ``Σ (|K_ij| + ln 2)`` over bonds: exactly, with nothing to be learned.

    Args:
        couplings: ``K_ij = J_ij/T``, ``(N, N)``, symmetric with an empty diagonal, such as
            ``square_couplings``; a bond for each that is not 0.
        fields: ``h_i/T``, ``(N,)``; none if None.

    Raises:
        ShapeError: another shape, a matrix that is not symmetric or has a diagonal.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: no bond.

    Source: the identity is that of a spin summed over (decoration): Fisher (1959),
    doi:10.1103/PhysRev.113.969.

    >>> import physml as pm
    >>> bonds = pm.ising.square_couplings(3, 3, 0.4)
    >>> machine = pm.generative.exact_machine(bonds)
    >>> found = pm.generative.exact_log_partition(machine.network, machine.params, (9,))
    >>> round((found + machine.log_factor) / 9, 4)
    0.9396
    >>> round(pm.ising.kaufman(3, 3, 0.4).log_partition, 4)
    0.9396
    """
    k, h = spin_couplings(couplings, fields)
    n = len(k)
    first, second = np.nonzero(np.triu(k))
    if not len(first):
        raise ConfigurationError("couplings: expected at least one bond, got zeros alone")
    bonds = k[first, second]
    strengths, hidden = np.abs(bonds), np.arange(len(bonds))
    # arccosh e^{2K} = ln(e^{2K} + √(e^{4K} − 1)), without a large exponential.
    w = 0.5 * (2 * strengths + np.log1p(np.sqrt(-np.expm1(-4 * strengths))))
    weights = np.zeros((n, len(bonds)))
    weights[first, hidden], weights[second, hidden] = w, np.sign(bonds) * w
    dtype = jnp.result_type(float)
    own = {"weights": jnp.asarray(weights, dtype)}
    if h.any():
        own |= {"visible": jnp.asarray(h, dtype), "hidden": jnp.zeros(len(bonds), dtype)}
    network = RestrictedBoltzmannMachine(hidden=len(bonds), bias=bool(h.any()), spins=True)
    return ExactMachine(network, {"params": own}, float(-np.sum(strengths + np.log(2))))
