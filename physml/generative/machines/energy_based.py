"""Densities whose energy is any network, learned by Langevin chains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_numbers import as_numbers, check_finite
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.generative.machines.energy_density import EnergyDensity, minus, tilted
from physml.networks import MLP
from physml.networks.as_module import as_module
from physml.optim import natural_gradient, optimizer_of
from physml.sampling import fixed, langevin, minibatches, together
from physml.train import Rule, Run, contrastive, fit, key_for
from physml.train.callbacks import Callback

# A move is 0.3 of the narrowest spread, and samples are 200 moves from where chains were.
_UNLIKE = 10.0


def energy_based(
    data: Any,
    network: Any = None,
    *,
    spread: float = 1.5,
    optimizer: Any = None,
    size: int | None = 2048,
    chains: int = 2048,
    sweeps: int = 5,
    steps: int = 300,
    judge: int = 100_000,
    params: Any = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> EnergyDensity:
    """The density ``p(x) = exp(−f(x)) N(x; m, (κσ)²)/Z`` of the largest likelihood of data.

    A network ``f`` that is bounded has no normalisable ``exp(−f)``: here a normal density, with the
    means m and κ times the standard deviations σ of the data, holds it. Chains of Langevin moves
    with Metropolis' rule start at data and go on from step to step; what they tell of the weights
    of modes is worth as much as they go from one to the other: compare ``kept`` chains and samples.

    Args:
        data: points ``(n, d)``.
        network: a scalar function of one point; ``MLP((16, 16))`` if None.
        spread: κ > 1.
        optimizer: any, or its name; the natural gradient if None.
        size: data in a step's batch; all if None.
        chains: of the model, at most as many as there are data.
        sweeps: Langevin moves of each between steps.
        steps: how many steps.
        judge: samples of the normal density, whose weights tell ``ln Z``.
        params: to begin with; the network's own if None.
        until: a rule that may end training before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The density: ``sample``, ``log_prob``, ``log_partition``, and a ``Result``.

    Raises:
        ShapeError: data of another shape, a network that is not one number a point.
        NonFiniteError: a NaN or an infinity in the data.
        ConfigurationError: a count or a spread out of range, data without a spread, or with one
            more than ten times as wide as another: moves are as long along all coordinates.

    Sources: LeCun, Chopra, Hadsell, Ranzato and Huang (2006), A tutorial on energy-based learning;
    by Langevin chains: Du and Mordatch (2019), arXiv:1903.08689.

    >>> import jax, physml as pm
    >>> data = jax.random.normal(jax.random.key(0), (500, 1))
    >>> found = pm.generative.energy_based(data, pm.MLP((4,)), size=100, chains=50, steps=5,
    ...                                    judge=1000, progress=False)
    >>> found.log_prob(data).shape
    (500,)
    """
    steps, judge = as_whole("steps", steps, least=0), as_whole("judge", judge, least=2)
    points = as_points(data)
    chains = as_whole("chains", chains, least=2, most=len(points))
    if not 1 < spread < float("inf"):
        raise ConfigurationError(f"spread: expected a number > 1, got {spread}")
    key = jax.random.key(0) if key is None else key
    network = as_module("network", MLP((16, 16)) if network is None else network)
    mean, width = jnp.mean(points, axis=0), spread * jnp.std(points, axis=0)
    if not bool(jnp.all(width > 0)):
        raise ConfigurationError("data: expected points with a spread, got a coordinate without")
    unlike = float(jnp.max(width) / jnp.min(width))
    if unlike > _UNLIKE:
        raise ConfigurationError(
            f"data: expected coordinates of like spreads, got one {unlike:.3g} times as wide as "
            "another, across which chains would not come; divide each by its deviation"
        )
    if params is None:
        params = network.init(key_for(key, "params"), points[0])
    energy = tilted(network, mean, width)
    value = jax.eval_shape(energy, params, points[0])
    if getattr(value, "shape", None) != ():
        raise ShapeError(f"network: expected one number of a point, outputs=None, got {value}")
    places = jax.random.choice(key_for(key, "data"), len(points), (chains,), replace=False)
    start = points[places]
    model = langevin(
        minus(energy), lambda key: start, sweeps=sweeps, width=float(0.3 * jnp.min(width))
    )
    given = fixed(points) if size is None else minibatches(points, size=size)
    result = fit(
        contrastive(energy),
        together({"data": given, "model": model}),
        natural_gradient(0.1, damping=1e-2, max_norm=1.0)
        if optimizer is None
        else optimizer_of(optimizer),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    walkers = start if not steps else result.state.sampler["model"].walkers
    return EnergyDensity.judged(
        network,
        result.params,
        mean,
        width,
        walkers,
        points,
        samples=judge,
        key=key_for(key, "measure"),
        result=result,
    )


def as_points(data: Any) -> Array:
    """Points ``(n, d)``, all finite.

    Raises:
        ShapeError: another shape; NonFiniteError: a NaN or an infinity.
    """
    array = as_numbers("data", data)
    if array.ndim != 2 or min(array.shape) < 1:
        raise ShapeError(f"data: expected points (n, d), got {array.shape}")
    check_finite("data", array)
    return jnp.asarray(array, jnp.result_type(float))
