"""Units in which a problem is solved: sizes of its unknowns and of its terms.

    u = c + U N(z̃),    rows f_k / S_k,    z̃ in ±1 on the domain

Networks and optimizers expect numbers near 1; equations come in volts, pascals and micrometres.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import CheckpointError
from physml.networks import Constant
from physml.train import whole_file

SCALES_FILE = "scales.json"
"""Where the units of a saved solution lie, beside its parameters."""

# Sizes within this factor of one are left as they are: a network soon finds them by itself.
_NEAR = 64.0

# A solution that varies by less than this share of itself is solved for about its mean.
_APART = 30.0


class Scales(NamedTuple):
    """The units of a problem, by unknown (``""`` where there is one) and by term.

    Attributes:
        offset: ``c`` of each unknown, ``()`` or ``(m,)``.
        unit: ``U`` of each unknown, likewise.
        size: ``S`` of each term, ``(m,)``: one for each of its components.
    """

    offset: Mapping[str, np.ndarray]
    unit: Mapping[str, np.ndarray]
    size: Mapping[str, np.ndarray]

    def value(self, name: str, network: Array) -> Array:
        """``c + U N``."""
        unit, offset = (jnp.asarray(a[name], network.dtype) for a in (self.unit, self.offset))
        return offset + unit * network

    def row(self, name: str, residual: Array) -> Array:
        """``f / S``, by component."""
        size = jnp.asarray(self.size.get(name, np.ones(1)), residual.dtype)
        return residual / (size[0] if residual.ndim == 0 else size)

    def parameters(self, network: Any, params: Any) -> Any:
        """First parameters in these units: those of a ``Constant`` are numbers, not a network."""
        if not isinstance(network, Mapping):
            return params
        made = dict(params)
        for name, module in network.items():
            if is_number(module):
                unit = self.unit[name]
                made[name] = jax.tree.map(
                    lambda leaf, unit=unit: leaf / jnp.asarray(unit, leaf.dtype), params[name]
                )
        return made

    def save(self, path: Path) -> None:
        """Write a JSON document, verified by digest, to be read by ``Scales.load``.

        Raises:
            CheckpointError: when it cannot be written.
        """
        own = {
            part: {name: np.asarray(a).tolist() for name, a in getattr(self, part).items()}
            for part in self._fields
        }
        try:
            path.write_text(json.dumps({"scales": own, "sha256": _digest(own)}, indent=1))
        except OSError as error:
            raise CheckpointError(f"{path}: could not be written ({error})") from error

    @classmethod
    def load(cls, path: Path) -> Scales:
        """Read what ``save`` wrote.

        Raises:
            CheckpointError: when it is damaged.
        """
        try:
            document = whole_file.read_json(path)
            own = document["scales"]
            if _digest(own) != document["sha256"]:
                raise ValueError("the digest differs")
            return cls(*({n: np.asarray(a) for n, a in own[p].items()} for p in cls._fields))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path}: no readable units ({error})") from error

    def are_ordinary(self) -> bool:
        """Whether all sizes are near one, and no offset hides what varies."""
        sizes = np.concatenate([np.ravel(a) for a in [*self.unit.values(), *self.size.values()]])
        apart = np.concatenate([np.ravel(self.offset[n] / self.unit[n]) for n in self.unit])
        return bool(
            np.all(np.maximum(sizes, 1 / sizes) <= _NEAR) and np.all(np.abs(apart) < _APART)
        )

    def faint(self, weights: Mapping[str, float], dtype: Any, *, applied: bool) -> str | None:
        """What to say of terms below ``√ε`` of the largest, lost in squares; None of others."""
        sizes = {
            name: float(np.sqrt(weights.get(name, 1.0)) * (1.0 if applied else np.max(size)))
            for name, size in self.size.items()
        }
        largest = max(sizes, key=lambda name: sizes[name])
        limit = float(jnp.finfo(dtype).eps) ** 0.5 * sizes[largest]
        lost = [name for name in sizes if sizes[name] < limit]
        if not lost:
            return None
        told = ", ".join(f"{name} ({sizes[name]:.1e})" for name in lost)
        cure = "raise its weight" if applied else "give scale=True, or raise its weight"
        return (
            f"{told}: below the square root of rounding beside {largest} ({sizes[largest]:.1e}), "
            f"so that squares lose it; {cure}"
        )


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def is_number(module: Any) -> bool:
    """Whether a network is a number whose first guess tells its size."""
    return isinstance(module, Constant) and not module.positive
