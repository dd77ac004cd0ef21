"""Parameters as arrays by name, for a file that holds them beside other arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import CheckpointError


def named(params: Any, begin: str = "params") -> dict[str, np.ndarray]:
    """Each leaf under the name of its path.

    >>> import jax.numpy as jnp
    >>> list(named({"layer": {"bias": jnp.zeros(2)}}))
    ["params['layer']['bias']"]
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return {begin + jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def from_named(
    outline: Any, arrays: Mapping[str, np.ndarray], where: Any, begin: str = "params"
) -> Any:
    """The parameters that ``named`` told, in the types of an outline.

    Args:
        outline: parameters of the same structure and shapes, or ``jax.eval_shape`` of ``init``.
        arrays: by name; what does not begin as parameters do is left alone.
        where: they are from, for the error.
        begin: how names of parameters begin.

    Raises:
        CheckpointError: parameters of another model.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(outline)
    names = {begin + jax.tree_util.keystr(path): leaf for path, leaf in leaves}
    stored = {name: a.shape for name, a in arrays.items() if re.match(rf"{begin}(\W|$)", name)}
    expected = {name: leaf.shape for name, leaf in names.items()}
    if stored != expected:
        raise CheckpointError(
            f"{where}: expected the model that was saved, with parameters {stored}, got one with "
            f"{expected}"
        )
    params = [jnp.asarray(arrays[name], leaf.dtype) for name, leaf in names.items()]
    return jax.tree.unflatten(structure, params)
