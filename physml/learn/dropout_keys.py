"""The keys of dropout, which come with the batch, and what a network may not bring with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.errors
import jax
from flax import linen as nn
from jax import Array

from physml.errors import ConfigurationError
from physml.types import Batch


def drops(network: Any, x: Array) -> bool:
    """Whether a network asks for the key of dropout where it gets one.

    Args:
        network: of one sample.
        x: a sample.
    """
    if not isinstance(network, nn.Module):
        return False
    outline = jax.eval_shape(network.init, jax.random.key(0), x)
    program = jax.make_jaxpr(lambda key, params: network.apply(params, x, rngs={"dropout": key}))(
        jax.random.key(0), outline
    ).jaxpr
    key = program.invars[0]
    return any(given is key for equation in program.eqns for given in equation.invars)


def keys_beside(key: Array, batch: Batch) -> Batch:
    """A batch whose inputs are pairs ``(input, key)``, a key of its own for each sample.

    Args:
        key: a random key.
        batch: a tuple whose first is the inputs ``(n, ...)``, or a dict of such.
    """
    if isinstance(batch, dict):
        return {name: keys_beside(key, part) for name, part in batch.items()}
    inputs, *rest = batch
    return ((inputs, jax.random.split(key, len(inputs))), *rest)


def with_dropout(apply: Callable[..., Array], params: Any, sample: tuple[Array, Array]) -> Array:
    """The outputs of an input by a network some of whose entries are dropped."""
    x, key = sample
    return apply(params, x, rngs={"dropout": key})


def outputs_of(network: Any, x: Array | jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """The shape and type of a network's outputs of a sample; parameters must be all it has.

    Raises:
        ConfigurationError: for a network that keeps more, such as batch normalisation, and for a
            dropout that asks for a key where none is due.
    """
    outline = jax.eval_shape(network.init, jax.random.key(0), x)
    others = set(outline) - {"params"} if isinstance(network, nn.Module) else set()
    if others:
        raise ConfigurationError(
            f"network: expected parameters alone, got {', '.join(sorted(others))} beside them; "
            "batch normalisation makes of an output a function of the whole batch, so that no "
            "sample has rows of its own: use layer normalisation, as by "
            "pm.networks.RegularisedMLP(..., layer_norm=True)"
        )
    try:
        outputs: jax.ShapeDtypeStruct = jax.eval_shape(network.apply, outline, x)
    except flax.errors.InvalidRngError as error:
        raise ConfigurationError(
            "network: expected a dropout that drops only where a key comes, as "
            f"pm.networks.Dropout(rate) does, got one that always asks for it ({error})"
        ) from error
    return outputs
