"""Densities of real numbers, known up to their normalisation: what one has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

_NEAR, _FAR = 1e2, 1e4
_RAYS = 16


class RealModel(ABC):
    """Real numbers ``x``, distributed as ``p(x) = e^{log_density(x)} / Z``.

    One of your own says ``shape`` and ``log_density``; or write ``Reals(shape, function)``.
    """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one ``x``."""

    @abstractmethod
    def log_density(self, x: Array) -> Array:
        """``ln p(x)`` up to ``ln Z``, ``()``; of a lattice the action, negative."""

    def observables(self, x: Array) -> dict[str, Array]:
        """Numbers of one ``x`` whose means are told, ``()`` each, by name."""
        del x
        return {}

    def log_partition(self) -> float | None:
        """``ln Z`` where it is known exactly, else None."""
        return None

    def means(self) -> Mapping[str, float]:
        """The means of observables, as far as they are known exactly."""
        return {}


@dataclass(frozen=True)
class Reals(RealModel):
    """Real numbers with a density of one's own.

    Attributes:
        entries: the shape of one ``x``.
        function: ``ln p`` up to a constant, ``(x) -> ()``.

    Raises:
        ConfigurationError: no entry.
        ShapeError: a density that is not one real number.

    >>> import jax.numpy as jnp, physml as pm
    >>> ring = pm.generative.Reals((2,), lambda x: -8 * (jnp.sqrt(x @ x + 1e-12) - 1) ** 2)
    >>> float(ring.log_density(jnp.array([0.0, 1.0]))) > -1e-9
    True
    """

    entries: tuple[int, ...]
    function: Callable[[Array], Array]

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        object.__setattr__(self, "entries", checked_shape("entries", self.entries))
        check_density("function", self.function, self.entries)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one ``x``."""
        return self.entries

    def log_density(self, x: Array) -> Array:
        """``ln p(x)`` up to a constant."""
        return self.function(x)


def checked_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape with entries.

    Raises:
        ConfigurationError: for none.
    """
    if not isinstance(shape, tuple | list) or not shape:
        raise ConfigurationError(
            f"{name}: expected a shape, such as (16,) or (6, 6), got {shape!r}"
        )
    return tuple(as_whole(name, side, least=1) for side in shape)


def check_density(name: str, function: Callable[[Array], Array], shape: tuple[int, ...]) -> None:
    """Refuse a density that is not one real number.

    Raises:
        ShapeError: for it.
    """
    value = jax.eval_shape(function, jax.ShapeDtypeStruct(shape, jnp.result_type(float)))
    if getattr(value, "shape", None) != () or not jnp.issubdtype(value.dtype, jnp.floating):
        raise ShapeError(f"{name}: expected one real number of one x, got {value}")


def check_normalisable(model: RealModel) -> None:
    """Refuse a density that is not finite near the origin, or does not fall along some axis.

    Along a line ``p`` has to fall faster than ``1/r`` for an integral; that is looked at between
    ``r = 10²`` and ``10⁴`` along the axes (the first few) and as many random directions. It is a
    necessary condition: a density that passes may still have none.

    Raises:
        NonFiniteError: a NaN or +∞.
        ConfigurationError: a density that does not fall.
    """
    random, size = np.random.default_rng(0), int(np.prod(model.shape))
    directions = np.concatenate([np.eye(size)[:_RAYS], random.normal(size=(_RAYS, size))])
    directions = np.concatenate([directions, -directions])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = np.concatenate([random.normal(size=(_RAYS, size)), directions * _NEAR])
    points = np.concatenate([points, directions * _FAR]).reshape(-1, *model.shape)
    logs = np.asarray(jax.jit(jax.vmap(model.log_density))(jnp.asarray(points)), float)
    near, far = np.split(logs[_RAYS:], 2)
    if np.isnan(logs).any() or (logs == np.inf).any():
        where = int(np.flatnonzero(np.isnan(logs) | (logs == np.inf))[0])
        raise NonFiniteError(
            f"log_density: expected a finite number, or −∞, got {logs[where]} at "
            f"{points[where].ravel()[:8].tolist()}"
        )
    if not np.isfinite(logs[:_RAYS]).any():
        raise NonFiniteError("log_density: expected finite numbers near the origin, got −∞ alone")
    falls = (far == -np.inf) | (far + np.log(_FAR) < near + np.log(_NEAR))
    if not falls.all():
        ray = directions[int(np.flatnonzero(~falls)[0])].round(3)
        raise ConfigurationError(
            "log_density: expected one that falls faster than −ln r, since it has no integral "
            f"otherwise; between r = {_NEAR:g} and {_FAR:g} it does not, along "
            f"{ray[:8].tolist()}; add what confines it, or measure x in larger units"
        )
