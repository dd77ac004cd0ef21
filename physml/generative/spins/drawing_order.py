"""Whether a network's output of a spin sees those before it alone: else its density is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import NonFiniteError, ShapeError
from physml.generative.nearby_parameters import nearby

_MOVED = 0.1
_ROUNDING = 1e3


def check_order(network: Any, params: Any, shape: tuple[int, ...], *, beside: bool = False) -> None:
    """Refuse a network that sees what is yet to be drawn: ``Σ q`` would not be 1.

    By derivatives at some spins, which are exactly 0 where nothing is seen; and by each of them
    turned over, which a network of tokens sees without a derivative.

    Args:
        network: of the logits of a configuration.
        params: its parameters.
        shape: of a configuration.
        beside: whether to look near the parameters, too: a last layer that begins at 0 hides all
            that it sees.

    Raises:
        ShapeError: for it, and for outputs of another shape.
        NonFiniteError: for outputs that are not finite.
    """
    random = np.random.default_rng(1)
    spins = jnp.asarray(2.0 * random.integers(2, size=shape) - 1)
    output = jax.eval_shape(network.apply, params, spins)
    if getattr(output, "shape", None) != shape:
        got = getattr(output, "shape", output)
        raise ShapeError(f"network: expected an output for each spin, {shape}, got {got}")
    seen = jax.jit(partial(_seen, network.apply, spins))
    for own in (params, nearby(params, _MOVED)) if beside else (params,):
        slopes, moved, rounding = map(np.asarray, seen(own))
        if not np.isfinite([slopes, moved]).all():
            raise NonFiniteError(
                "network: expected finite outputs of spins ±1, got NaN or infinity"
            )
        ahead = np.argwhere(np.triu((slopes != 0) | (moved > rounding)))
        if len(ahead):
            i, j = map(int, ahead[0])
            raise ShapeError(
                f"network: expected output {i} to depend on spins before {i} alone, got one that "
                f"depends on spin {j}; use pm.networks.MaskedMLP, or mask your own"
            )


def _seen(apply: Callable[..., Array], spins: Array, params: Any) -> tuple[Array, Array, Array]:
    """``∂z_i/∂s_j``, and how far ``z_i`` moves where ``s_j`` is turned over, ``(N, N)`` each."""
    logits, n = partial(apply, params), spins.size
    flips = jnp.where(jnp.eye(n, dtype=bool), -1.0, 1.0).reshape(n, *spins.shape) * spins[None]
    z, turned = logits(spins).reshape(1, n), jax.vmap(logits)(flips).reshape(n, n)
    rounding = _ROUNDING * jnp.finfo(z.dtype).eps * (1 + jnp.max(jnp.abs(z)))
    return jax.jacobian(logits)(spins).reshape(n, n), jnp.abs(turned - z).T, rounding
