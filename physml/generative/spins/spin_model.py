"""Spins ±1 in equilibrium: what a model of them has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.ranges import check_positive


class SpinModel(ABC):
    """Spins ±1 on ``N`` sites, distributed as ``p(s) = exp(−βE(s)) / Z``.

    One of your own says ``shape``, ``beta`` and ``energy``; or write ``Spins(sites, function)``.
    """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one configuration, such as ``(L, L)``."""

    @property
    @abstractmethod
    def beta(self) -> float:
        """The inverse temperature, in the inverse unit of the energy."""

    @abstractmethod
    def energy(self, spins: Array) -> Array:
        """``E`` of one configuration, ``()``, of all its sites."""

    @property
    def sites(self) -> int:
        """``N``."""
        return int(np.prod(self.shape))

    def log_density(self, spins: Array) -> Array:
        """``−βE(s)``, which is ``ln p`` up to ``ln Z``."""
        return -self.beta * self.energy(spins)

    def log_partition(self) -> float | None:
        """``ln Z`` where it is known exactly, else None."""
        return None


@dataclass(frozen=True)
class Spins(SpinModel):
    """Spins with an energy of one's own.

    Attributes:
        lattice: the shape of one configuration.
        function: ``E``, ``(spins) -> ()``, of one configuration of that shape, with entries ±1.
        temperature: in the unit of the energy.

    Raises:
        ConfigurationError: no site, a temperature that is not positive.
        ShapeError: an energy that is not one real number.

    >>> import jax.numpy as jnp, physml as pm
    >>> pair = pm.generative.Spins((2,), lambda s: -s[0] * s[1], temperature=2.0)
    >>> float(pair.log_density(jnp.array([1.0, -1.0])))
    -0.5
    """

    lattice: tuple[int, ...]
    function: Callable[[Array], Array]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        if not isinstance(self.lattice, tuple | list) or not self.lattice:
            raise ConfigurationError(
                f"lattice: expected sites, such as (4, 4), got {self.lattice!r}"
            )
        lattice = tuple(as_whole("lattice", n, least=1) for n in self.lattice)
        object.__setattr__(self, "lattice", lattice)
        check_temperature(self.temperature)
        check_spins(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one configuration."""
        return self.lattice

    @property
    def beta(self) -> float:
        """``1/T``."""
        return 1 / self.temperature

    def energy(self, spins: Array) -> Array:
        """``E`` of one configuration."""
        return self.function(spins)


def check_spins(model: SpinModel) -> None:
    """Refuse a model of one's own whose members cannot be meant.

    Raises:
        ConfigurationError: what is no model, or has no shape, or no ``β > 0``.
        ShapeError: an energy that is not one real number.
    """
    if not isinstance(model, SpinModel):
        raise ConfigurationError(
            "model: expected spins, such as pm.generative.Ising(side=4), got "
            f"{type(model).__name__}"
        )
    shape = model.shape
    if not isinstance(shape, tuple) or not shape:
        raise ConfigurationError(f"shape: expected a tuple, such as (4, 4), got {shape!r}")
    check_positive("beta", model.beta)
    value = jax.eval_shape(model.energy, jax.ShapeDtypeStruct(shape, jnp.result_type(float)))
    if getattr(value, "shape", None) != () or not jnp.issubdtype(value.dtype, jnp.floating):
        raise ShapeError(f"energy: expected one real number of a configuration, got {value}")


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not a positive number.

    Raises:
        ConfigurationError: for it.
    """
    check_positive("temperature", temperature)
