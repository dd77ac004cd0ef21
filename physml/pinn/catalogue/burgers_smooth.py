"""The Burgers equation with ν = 0.01: three times the viscosity of the usual benchmark."""

from __future__ import annotations

from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.burgers import burgers
from physml.pinn.catalogue.entry import Entry
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe


def burgers_smooth() -> Problem:
    """``u_t + u u_x = 0.01 u_xx`` on [−1, 1], periodic, ``u(0, x) = −sin πx``, to t = 1."""
    return burgers(0.01, name="burgers-smooth")


ENTRY = Entry(
    "burgers-smooth",
    "u_t + u u_x = 0.01 u_xx, u(0, x) = −sin πx",
    "exact: Cole–Hopf quadrature",
    burgers_smooth,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        redraw=20,
        steps=300,
    ),
)
