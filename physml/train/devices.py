"""The samples of a fit over several devices, with the parameters on all of them.

There is one axis, that of samples: collocation points, walkers, minibatches. A sampler knows its
devices; ``fit`` and ``measure`` compile for those that theirs has, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.sample_axis import AXIS, spread
from physml.types import Batch, Sampler


def over_devices(sampler: Sampler, devices: int | None = None) -> Sampler:
    """Share the samples of each batch among devices, ``n/D`` in order to each of ``D``.

    Parameters, the optimizer's memory and data sets lie whole on every device. Numbers are those of
    one device to rounding, random ones included, and a run that was begun on some devices can be
    resumed on others.

    Args:
        sampler: of samples whose numbers, of each term, the devices can share evenly.
        devices: how many; all that jax finds if None. With 1 the sampler is as it was.

    Returns:
        A sampler with the state of the first, which can be part of others.

    Raises:
        ConfigurationError: more devices than there are, fewer than one, or several processes.
        ShapeError: when sampled, a number of samples that the devices cannot share evenly.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> from physml.train import over_devices
    >>> sampler = over_devices(pm.fixed({"line": jnp.linspace(0.0, 1.0, 16)}), devices=1)
    """
    here = chosen_devices(devices)
    if len(here) == 1:
        return sampler
    mesh = Mesh(np.asarray(here), (AXIS,), axis_types=(AxisType.Auto,))
    return Sampler(sampler.init, Partial(_shared, sampler.sample, mesh))


def chosen_devices(devices: int | None) -> list[jax.Device]:
    """The first so many devices of this process; all of them if None.

    Raises:
        ConfigurationError: more than there are, fewer than one, or several processes.
    """
    if jax.process_count() > 1:
        raise ConfigurationError(
            f"devices: expected one process, which has all devices, got {jax.process_count()}; "
            "several hosts are not served"
        )
    here = jax.local_devices()
    count = len(here) if devices is None else as_whole("devices", devices)
    if not 1 <= count <= len(here):
        kind = here[0].platform
        hint = ""
        if kind == "cpu":
            hint = (
                "; a CPU is one, and plays several where the environment says "
                f"XLA_FLAGS=--xla_force_host_platform_device_count={max(2, count)}"
            )
        raise ConfigurationError(
            f"devices: expected from 1 to {len(here)}, as many ({kind}) as are here, got "
            f"{count}{hint}"
        )
    return here[:count]


def mesh_of(sampler: Sampler) -> Mesh | None:
    """The devices among which a sampler, or one that it is made of, shares its samples.

    Raises:
        ConfigurationError: for samplers over different devices in one.
    """
    meshes = {leaf for leaf in jax.tree.leaves(sampler) if isinstance(leaf, Mesh)}
    if len(meshes) > 1:
        sizes = sorted(mesh.size for mesh in meshes)
        raise ConfigurationError(
            f"over_devices: expected the same devices for all samplers in one, got {sizes} of "
            "them; say it once, around the whole sampler"
        )
    return meshes.pop() if meshes else None


def working_on(mesh: Mesh | None) -> AbstractContextManager[Any]:
    """Where what is traced and compiled is for these devices; for one if None."""
    return nullcontext() if mesh is None else jax.set_mesh(mesh)


def on_all(tree: Any, mesh: Mesh | None) -> Any:
    """A pytree of arrays, whole on every device."""
    return tree if mesh is None else jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def placed(sampler: Sampler, key: Array, state: Any, params: Any) -> Any:
    """A sampler's state where its devices expect it: arrays as long as a batch are shared."""
    mesh = mesh_of(sampler)
    if mesh is None:
        return state
    batch = jax.eval_shape(sampler.sample, key, state, params)[1]
    counts = {leaf.shape[0] for leaf in jax.tree.leaves(batch) if leaf.ndim}

    def place(leaf: Array) -> Array:
        shared = leaf.ndim > 0 and leaf.shape[0] in counts
        spec = PartitionSpec(AXIS) if shared else PartitionSpec()
        return jax.device_put(leaf, NamedSharding(mesh, spec))

    return jax.tree.map(place, state)


def lying(mesh: Mesh | None, state: Any, others: int = 0) -> dict[str, Any]:
    """Options of ``jit`` for a program that returns a state where it came from.

    Args:
        mesh: the devices; for one, None, jax needs no telling.
        state: arrays where they lie.
        others: values returned after the state, each whole on every device.
    """
    if mesh is None:
        return {}
    whole = NamedSharding(mesh, PartitionSpec())
    return {"out_shardings": (jax.tree.map(lambda x: x.sharding, state), *(whole,) * others)}


def brought_home(tree: Any, mesh: Mesh | None) -> Any:
    """A pytree of arrays, on jax's usual device again."""
    if mesh is None:
        return tree

    def home(leaf: Array) -> Array:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            data = jnp.asarray(np.asarray(jax.random.key_data(leaf)))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        return jnp.asarray(np.asarray(leaf))

    return jax.tree.map(home, tree)


def _shared(
    draw: Callable[..., Any], mesh: Mesh, key: Array, state: Any, params: Any
) -> tuple[Any, Batch, dict[str, Array]]:
    state, batch, metrics = draw(key, state, params)
    for path, leaf in jax.tree_util.tree_flatten_with_path(batch)[0]:
        _check_count(jax.tree_util.keystr(path), leaf, mesh.size)
    return state, spread(batch), metrics


def _check_count(name: str, leaf: Array, devices: int) -> None:
    if leaf.ndim == 0 or leaf.shape[0] % devices == 0:
        return
    n = leaf.shape[0]
    below, above = n - n % devices, n + -n % devices
    near = f"{below} or {above}" if below else f"{above}"
    raise ShapeError(
        f"over_devices: batch{name}: expected a number of samples that {devices} devices share "
        f"evenly, such as {near}, got {n}"
    )
