"""Complex parameters as pairs of real ones, for optimizers that multiply entries with one another.

A quasi-Newton matrix or a covariance of complex gradients is one of their real and imaginary parts:
the cost is a function of both, and no analytic one.
"""

from __future__ import annotations

from typing import Any

import optax
from jax import Array

from physml.real_parts import as_complex, as_real
from physml.types import Optimizer


def on_real_pairs(optimizer: optax.GradientTransformation) -> Optimizer:
    """An optimizer that sees the real and imaginary parts of complex parameters as leaves.

    Args:
        optimizer: any optax transformation; its state is that of the pairs.

    Returns:
        A transformation of the parameters as they are; the same one where none is complex.

    >>> import jax.numpy as jnp, optax
    >>> optimizer = on_real_pairs(optax.sgd(1.0))
    >>> optimizer.update(jnp.array(1 + 2j), optimizer.init(jnp.array(0j)), jnp.array(0j))[0]
    Array(-1.-2.j, dtype=complex...)
    """
    inner = optax.with_extra_args_support(optimizer)

    def update(
        gradient: Any, state: Any, params: Any = None, *, value_fn: Any = None, **extra: Any
    ) -> tuple[Any, Any]:
        # Line searches of optax hand every extra keyword on, hence the unused one.
        def real_value(params: Any, evaluation: Any = None) -> Array:
            del evaluation
            value: Array = value_fn(as_complex(params))
            return value

        if "grad" in extra:
            extra["grad"] = as_real(extra["grad"])
        if value_fn is not None:
            extra["value_fn"] = real_value
        updates, state = inner.update(as_real(gradient), state, as_real(params), **extra)
        return as_complex(updates), state

    return optax.GradientTransformationExtraArgs(lambda params: inner.init(as_real(params)), update)
