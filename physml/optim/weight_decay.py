"""A normal prior of the parameters beside a cost: weight decay, ridge, maximum a posteriori.

    C(θ) + ½ w |θ|²

A damped step with it, ``min |Jδ − r|² + λ|δ − μδ_prev|² + w|θ − δ|²`` (``δ`` is subtracted), is one
about another centre, so that samples never meet ``w``; or it is one with ``p`` rows more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.lazy_jacobian import Block, Jacobian
from physml.ranges import check_positive
from physml.real_parts import ravel_real


class Prior(NamedTuple):
    """What a second-order optimizer does about a prior.

    Attributes:
        centred: ``(params, λ, μδ_prev or None) -> (c, damping)``: the centre of the step, None for
            0, and its damping.
        penalised: ``value_fn -> value_fn``: the loss with the prior's.
        with_rows: ``(J, r, params) -> (J, r)``: with the prior's rows below.
    """

    centred: Callable[[Any, Array, Any], tuple[Any, Array]]
    penalised: Callable[[Callable[..., Array]], Callable[..., Array]]
    with_rows: Callable[[Jacobian, Array, Any], tuple[Jacobian, Array]]


def normal_prior(weight: float) -> Prior:
    """The prior ``½ w |θ|²``; with ``w = 0`` none, and then nothing of it is in a program.

    The centre is ``c = (wθ + λμδ_prev)/(w + λ)``, damped by ``w + λ``. The rows are ``√w I`` and
    ``√w θ``, ``p²`` numbers where they are built: ``½|r|²`` and the gradient grow by those of the
    prior, and ``JᵀJ`` by ``w I``.

    Args:
        weight: ``w ≥ 0``.

    Raises:
        ConfigurationError: for a weight that is negative or no number; in use, without parameters.
    """
    check_positive("weight_decay", weight, or_zero=True)
    if weight == 0:
        return _NONE

    def centred(params: Any, damping: Array, carried: Any) -> tuple[Any, Array]:
        if params is None:
            raise ConfigurationError(
                "weight_decay: update needs the parameters, update(gradient, state, params, ...)"
            )
        share = weight / (weight + damping)
        centre = jax.tree.map(lambda theta: share * theta, params)
        if carried is not None:
            centre = jax.tree.map(lambda a, b: a + (1 - share) * b, centre, carried)
        return centre, damping + weight

    def penalised(value_fn: Callable[..., Array]) -> Callable[..., Array]:
        def value(params: Any, **extra: Any) -> Array:
            flat, _ = ravel_real(params)
            return value_fn(params, **extra) + 0.5 * weight * jnp.sum(flat**2)

        return value

    def with_rows(jacobian: Jacobian, residual: Array, params: Any) -> tuple[Jacobian, Array]:
        flat, _ = ravel_real(params)
        root = jnp.sqrt(jnp.asarray(weight, flat.dtype))
        rows = Block(_own_numbers, jnp.zeros((1,), flat.dtype), root)
        whole = Jacobian(jacobian.params, (*jacobian.blocks, rows))
        return whole, jnp.concatenate([residual, root * flat])

    return Prior(centred, penalised, with_rows)


# Functions without options: a prior that is none is no part of an optimizer's fingerprint.
_NONE = Prior(
    lambda params, damping, carried: (carried, damping),
    lambda value_fn: value_fn,
    lambda jacobian, residual, params: (jacobian, residual),
)


def _own_numbers(params: Any, sample: Array) -> Array:
    del sample  # there is one, of nothing
    return ravel_real(params)[0]
