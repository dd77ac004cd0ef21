"""A driven, damped oscillator: an ordinary differential equation."""

from __future__ import annotations

from typing import Any

import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

DAMPING, DRIVE = 0.1, 0.8


def equation(u: Field, z: Array) -> Array:
    """``ü + 2γu̇ + u − cos Ωt``."""
    force = z.__array_namespace__().cos(DRIVE * z[0])
    return partial(u, 0, 0)(z) + 2 * DAMPING * partial(u, 0)(z) + u(z) - force


def exact(z: Any) -> Any:
    """The response ``Re A e^{iΩt}`` and what the start adds, ``e^{−γt}(a cos ωt + b sin ωt)``."""
    xp, t = z.__array_namespace__(), z[..., 0]
    amplitude = 1 / (1 - DRIVE**2 + 2j * DAMPING * DRIVE)
    frequency = np.sqrt(1 - DAMPING**2)
    forced = amplitude.real * xp.cos(DRIVE * t) - amplitude.imag * xp.sin(DRIVE * t)
    a = 1 - amplitude.real
    b = (DAMPING * a + DRIVE * amplitude.imag) / frequency
    free = a * xp.cos(frequency * t) + b * xp.sin(frequency * t)
    return forced + xp.exp(-DAMPING * t) * free


def oscillator() -> Problem:
    """``ü + 0.2u̇ + u = cos 0.8t``, ``u(0) = 1``, ``u̇(0) = 0``, to t = 20."""
    return Problem(
        domain=Box(t=(0, 20)),
        equation=equation,
        conditions=[initial(1.0, velocity=0.0, weight=10.0)],
        exact=exact,
        name="oscillator",
    )


ENTRY = Entry(
    "oscillator",
    "ü + 0.2u̇ + u = cos 0.8t",
    "exact: closed form",
    oscillator,
    Recipe(
        network=NetworkSettings(name="siren", width=20, depth=2, frequency=10.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=512,
        condition_points=1,
        steps=150,
    ),
)
