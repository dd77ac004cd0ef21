"""The axis of samples, which several devices may share: each does the work of its own samples.

Samples ``(n, ...)`` lie in order, ``n/D`` on each of ``D`` devices; parameters lie on all of them.
Which devices, is jax's mesh at hand (``jax.set_mesh``), as part of which a program is compiled;
without one, everything here is what it is on one device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import AxisType, PartitionSpec

AXIS = "samples"
"""The name of the mesh's one axis."""


def devices_at_hand() -> int:
    """How many devices share the samples of what is traced here; 1 within the work of one."""
    mesh = jax.sharding.get_abstract_mesh()
    shared = dict(zip(mesh.axis_names, mesh.axis_types, strict=True)).get(AXIS)
    return int(mesh.shape[AXIS]) if shared is AxisType.Auto else 1


def spread(tree: Any, *, axis: int = 0) -> Any:
    """The same arrays with one of their axes, that of samples, shared by the devices.

    Args:
        tree: of arrays; those that have no such axis, or one that cannot be shared evenly, are
            left to the compiler.
        axis: which one.
    """
    devices = devices_at_hand()

    def placed(leaf: Array) -> Array:
        if leaf.ndim <= axis or leaf.shape[axis] % devices:
            return leaf
        return jax.lax.with_sharding_constraint(leaf, PartitionSpec(*(None,) * axis, AXIS))

    return tree if devices == 1 else jax.tree.map(placed, tree)


def gather(tree: Any) -> Any:
    """The same arrays, whole on every device."""
    if devices_at_hand() == 1:
        return tree
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, PartitionSpec()), tree)


def map_samples(function: Callable[[Any], Any], samples: Any, *, at_once: int | None = None) -> Any:
    """A function of one sample, of all samples: each device takes its own, in chunks.

    Args:
        function: of one sample; what it closes over lies on every device.
        samples: a pytree of arrays with leading axis ``n``.
        at_once: samples that a device takes at once; all of its own if None.

    Returns:
        The values, stacked along a leading axis ``n``.

    >>> import jax.numpy as jnp
    >>> map_samples(lambda x: 2 * x, jnp.arange(5), at_once=2).tolist()
    [0, 2, 4, 6, 8]
    """

    def own(samples: Any) -> Any:
        n = _count(samples)
        if at_once is None or n <= at_once:
            return jax.vmap(function)(samples)
        chunks = -(-n // at_once)
        size = -(-n // chunks)
        # Filled up by the first samples, once more: a remainder would be a second program.
        filled = jax.tree.map(lambda x: jnp.concatenate([x, x[: chunks * size - n]]), samples)
        values = jax.lax.map(function, filled, batch_size=size)
        return jax.tree.map(lambda value: value[:n], values)

    devices = devices_at_hand()
    if devices == 1 or _count(samples) % devices:
        return own(samples)
    spec = PartitionSpec(AXIS)
    # A loop in the function may begin with a number that lies everywhere and go on with one that
    # does not, which a check of such kinds would refuse.
    return jax.shard_map(own, in_specs=spec, out_specs=spec, check_vma=False)(samples)


def in_chunks(leaf: Array, size: int, *, fill: float | None = None) -> Array:
    """Samples in chunks, each of which has ``size`` of every device's own.

    Args:
        leaf: ``(n, ...)``.
        size: samples that a device takes at once.
        fill: what the last chunk is filled up with; with samples of it once more if None.

    Returns:
        ``(chunks, D·size, ...)`` for ``D`` devices, the second axis shared by them.
    """
    n, rest = leaf.shape[0], leaf.shape[1:]
    devices = devices_at_hand()
    devices = 1 if n % devices else devices
    own = n // devices
    chunks = -(-own // size)
    whole = leaf.reshape(devices, own, *rest)
    missing = chunks * size - own
    filling = whole[:, :missing]
    if fill is not None:
        filling = jnp.full_like(filling, fill)
    whole = jnp.concatenate([whole, filling], axis=1)
    parts = jnp.moveaxis(whole.reshape(devices, chunks, size, *rest), 0, 1)
    return jnp.asarray(spread(parts.reshape(chunks, devices * size, *rest), axis=1))


def _count(samples: Any) -> int:
    return int(jax.tree.leaves(samples)[0].shape[0])
