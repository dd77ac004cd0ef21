"""How fast data become noise: the forward process of diffusion, told by one angle.

    dx = −½β(t) x dt + √β(t) dW,    x_t = cos φ(t) x₀ + sin φ(t) ε,    β = −2 d ln cos φ/dt

``α = cos φ`` and ``σ = sin φ``: variance preserving, ``α² + σ² = 1``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError
from physml.ranges import check_positive

# A tenth of the data is left where φ(T) is this, and is taken for noise.
_SEEN = 1.47

# Of the end: near π/2 an angle has few digits.
_INVERSE = 1e-2


class NoiseSchedule(ABC):
    """An angle that grows with time, from 0 at ``t = 0`` to nearly ``π/2`` at ``t = end``.

    One of your own says ``end``, ``angle`` and ``time``; ``diffusion`` looks whether it is one.
    """

    @property
    @abstractmethod
    def end(self) -> float:
        """``T``, at which data are noise."""

    @abstractmethod
    def angle(self, t: Array) -> Array:
        """``φ`` at a time ``()``."""

    @abstractmethod
    def time(self, angle: Array) -> Array:
        """``t`` at an angle ``()``: the inverse."""

    def beta(self, t: Array) -> Array:
        """``β(t) = 2 tan φ dφ/dt``, the rate at which noise comes in, an inverse time."""
        angle, slope = jax.value_and_grad(self.angle)(t)
        return 2 * jnp.tan(angle) * slope


@dataclass(frozen=True)
class VariancePreserving(NoiseSchedule):
    """``β(t) = β₀ + (β₁ − β₀) t/T``: of denoising diffusion models and of score-based ones.

    Attributes:
        first: ``β₀``, an inverse time.
        last: ``β₁``.
        duration: ``T``.

    Raises:
        ConfigurationError: a rate that is negative, both zero, so little noise that data are still
            seen at the end, ``cos φ(T) > 0.1``.

    Source: Song et al. (2021), arXiv:2011.13456, equation 32.

    >>> import jax.numpy as jnp, physml as pm
    >>> schedule = pm.generative.VariancePreserving()
    >>> t = schedule.time(schedule.angle(jnp.array(0.3)))
    >>> round(float(t), 5), round(float(schedule.beta(t)), 3)
    (0.3, 6.07)
    """

    first: float = 0.1
    last: float = 20.0
    duration: float = 1.0

    def __post_init__(self) -> None:
        """Check all where they are written."""
        for name in ("first", "last"):
            rate = getattr(self, name)
            if not 0 <= rate < float("inf"):
                raise ConfigurationError(f"{name}: expected a rate β ≥ 0, got {rate}")
        if not 0 < self.duration < float("inf"):
            raise ConfigurationError(f"duration: expected a time > 0, got {self.duration}")
        whole = 0.25 * (self.first + self.last) * self.duration
        if whole < 2.31:
            raise ConfigurationError(
                "first, last: expected so much noise that ∫β dt ≥ 9.24, which leaves a tenth of "
                f"the data, got ∫β dt = {2 * whole:.3g}"
            )

    @property
    def end(self) -> float:
        """``T``."""
        return self.duration

    def angle(self, t: Array) -> Array:
        """``φ``, from ``ln cos φ = −½ ∫β dt``."""
        log = -0.5 * t * (self.first + 0.5 * (self.last - self.first) * t / self.duration)
        # The root has no derivative at t = 0, where β is the rate all the same.
        return jnp.arctan2(jnp.sqrt(-jnp.expm1(2 * log)), jnp.exp(log))

    def time(self, angle: Array) -> Array:
        """``t`` at an angle."""
        # ∫β dt, of either the digits that are there: near π/2 sin² is 1 to rounding.
        square = jnp.sin(angle) ** 2
        decayed = jnp.where(square < 0.5, -jnp.log1p(-square), -2 * jnp.log(jnp.cos(angle)))
        grows = (self.last - self.first) / self.duration
        return 2 * decayed / (self.first + jnp.sqrt(self.first**2 + 2 * grows * decayed))

    def beta(self, t: Array) -> Array:
        """``β(t)``."""
        return self.first + (self.last - self.first) * t / self.duration


@dataclass(frozen=True)
class CosineSchedule(NoiseSchedule):
    """``φ = φ₁ t/T``: an angle in proportion to time, so that little noise is added at first.

    Attributes:
        last: ``φ₁``, from 1.47 to below ``π/2``.
        duration: ``T``.

    Raises:
        ConfigurationError: an angle or a time out of range.

    Source: Nichol & Dhariwal (2021), arXiv:2102.09672, without their offset.

    >>> import jax.numpy as jnp, physml as pm
    >>> float(pm.generative.CosineSchedule(last=1.5).angle(jnp.array(0.5)))
    0.75
    """

    last: float = 1.56
    duration: float = 1.0

    def __post_init__(self) -> None:
        """Check both where they are written."""
        if not 1.47 <= self.last < 1.5707:
            raise ConfigurationError(f"last: expected an angle in [1.47, 1.5707), got {self.last}")
        if not 0 < self.duration < float("inf"):
            raise ConfigurationError(f"duration: expected a time > 0, got {self.duration}")

    @property
    def end(self) -> float:
        """``T``."""
        return self.duration

    def angle(self, t: Array) -> Array:
        """``φ``."""
        return self.last * t / self.duration

    def time(self, angle: Array) -> Array:
        """``t`` at an angle."""
        return angle * self.duration / self.last


def check_schedule(schedule: NoiseSchedule, least: float) -> None:
    """Refuse what does not lead from the noise of the data to noise alone, and back.

    Args:
        schedule: of the noise.
        least: ``φ₀``, of the noise with which data are learned.

    Raises:
        ConfigurationError: no schedule; an angle that does not grow from below ``φ₀`` to nearly
            ``π/2``, where data are still seen at the end, or ``tan φ`` is lost to rounding; a time
            that is not the inverse of the angle.
    """
    if not isinstance(schedule, NoiseSchedule):
        raise ConfigurationError(
            f"schedule: expected one such as pm.generative.VariancePreserving(), got {schedule!r}"
        )
    check_positive("schedule: end", schedule.end)
    kind = jnp.result_type(float)
    t = jnp.linspace(0.0, schedule.end, 9, dtype=kind)
    angles = jnp.stack([schedule.angle(one) for one in t])
    back = np.asarray([schedule.time(angle) for angle in angles[1:]], float)
    told, steepest = np.asarray(angles, float), np.pi / 2 - 10 * float(jnp.finfo(kind).eps)
    if not (np.diff(told) > 0).all() or told[0] > least or not _SEEN <= told[-1] <= steepest:
        raise ConfigurationError(
            f"schedule: expected an angle that grows from at most {least:.3g}, the noise of the "
            f"data, to between {_SEEN} and π/2 − {np.pi / 2 - steepest:.0e}, got {told.tolist()} "
            f"at equal times up to {schedule.end:g}"
        )
    if not (np.abs(back - np.asarray(t[1:])) <= _INVERSE * schedule.end).all():
        raise ConfigurationError(
            f"schedule: expected time(angle(t)) = t, got {back.tolist()} of {t[1:].tolist()}"
        )


def check_times(schedule: NoiseSchedule, t: Any, *, least: float = 0.0) -> Array:
    """Times as an array, each in ``[least, T]``.

    Raises:
        ConfigurationError: for one that is not.
        ShapeError: masked or complex numbers.
    """
    times = jnp.asarray(as_numbers("t", t), jnp.result_type(float))
    slack = 1e-6 * schedule.end
    if not bool(jnp.all((times >= least - slack) & (times <= schedule.end + slack))):
        raise ConfigurationError(
            f"t: expected times in [{least:.3g}, {schedule.end:g}], got {times.tolist()}"
        )
    return jnp.clip(times, least, schedule.end)
