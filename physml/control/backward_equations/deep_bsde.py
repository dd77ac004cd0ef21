"""Backward equations in many dimensions by least squares over Brownian paths: deep BSDE."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.control.backward_equations.backward_equation import (
    BackwardEquation,
    check,
    one_number,
)
from physml.control.backward_equations.backward_solution import BackwardSolution
from physml.control.backward_equations.rolled_forward import miss
from physml.control.backward_equations.steered_paths import training_paths
from physml.control.backward_equations.value_gradient import SkipGradient
from physml.errors import ConfigurationError, ShapeError
from physml.memory import Need, check_memory
from physml.networks.as_module import as_module
from physml.optim import natural_gradient, optimizer_of
from physml.ranges import check_unit
from physml.train import Rule, Run, fit, key_for, least_squares
from physml.train.callbacks import Callback


def deep_bsde(
    equation: BackwardEquation,
    network: Any = None,
    *,
    steps: int = 100,
    time_steps: int = 20,
    size: int = 512,
    part: float = 0.5,
    judge: int = 100_000,
    curve: Sequence[int] | None = None,
    optimizer: Any = None,
    value: float | None = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> BackwardSolution:
    """``u(0, x₀)`` of ``u_t + ½ tr(σσᵀ∇²u) + μ·∇u + f(t, x, u, σᵀ∇u) = 0``, ``u(T, x) = g(x)``.

        min over y₀, ∇u of ½ mean (Y_T − g(X_T))²
        X ← X + μ Δt + σ ΔW,   Y ← Y − f(t, X, Y, Z) Δt + Z·ΔW,   Z = σᵀ∇u,   Y₀ = y₀

    Rows are misses at the end of a path over ``√n``. Some paths are steered, ``ΔW + β Δt`` with
    ``β = ∂f/∂z``: along them the mean miss is blind to what the network misses, to first order.
    With the other half they are judged on fresh noise at several step sizes.

    Args:
        equation: what to solve.
        network: of one time and place, ``(t, x)``, with ``∇u (d,)`` or ``u ()`` as its value; jumps
            need ``u``. ``SkipGradient()`` if None.
        steps: of training.
        time_steps: of Euler and Maruyama's scheme, in training.
        size: paths of a step of training, all drawn anew.
        part: of them, which are steered, in [0, 1].
        judge: fresh paths that tell the numbers.
        curve: step counts to judge at, increasing, divisors of the last; half, once and twice
            ``time_steps`` if None.
        optimizer: any, or its name; the natural gradient if None.
        value: ``y₀`` to begin with; ``g(x₀)`` if None.
        until: a rule that may end training before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The value with its error, the curve against the step size, and a ``Result``.

    Raises:
        ConfigurationError: a count out of range, a curve that is none, jumps without ``u``.
        ShapeError: functions or a network of another shape.
        NonFiniteError: a NaN or an infinity on a path, in training or judging.

    Sources: E, Han and Jentzen (2017), doi:10.1007/s40304-017-0117-6; Han, Jentzen and E (2018),
    doi:10.1073/pnas.1718942115.

    >>> import jax.numpy as jnp, numpy as np, physml as pm
    >>> heat = pm.control.Backward(lambda x: jnp.sum(x**2), np.zeros(3), 0.5)  # u = |x|² + 3(T − t)
    >>> found = pm.control.deep_bsde(heat, pm.control.RadialGradient((4,)), steps=5, time_steps=4,
    ...                              size=64, judge=1000, progress=False)
    >>> bool(abs(found.value - 1.5) < 4 * found.value_error)
    True
    """
    steps, size = as_whole("steps", steps, least=0), as_whole("size", size, least=2)
    time_steps = as_whole("time_steps", time_steps, least=1)
    judge = as_whole("judge", judge, least=2)
    check_unit("part", part)
    check(equation)
    counts = checked_curve(curve, time_steps)
    if equation.jumps is not None:
        equation.jumps.chances(equation.horizon / min(time_steps, *counts))
    key = jax.random.key(0) if key is None else key
    network = as_module("network", SkipGradient() if network is None else network)
    start = jnp.asarray(equation.start, jnp.result_type(float))
    model = network.init(key_for(key, "params"), jnp.zeros((), start.dtype), start)
    scalar = _scalar(equation, network, model, start)
    numbers = size * time_steps * (equation.dimension + equation.noises)
    check_memory("size", [Need(f"{size} paths × {time_steps} steps", numbers)], "size")
    first = equation.terminal(start) if value is None else one_number("value", value)
    params = {"value": jnp.asarray(first, start.dtype), "model": model}
    result = fit(
        least_squares({"paths": miss(equation, network.apply, scalar=scalar)}),
        training_paths(
            equation, network.apply, scalar=scalar, size=size, steps=time_steps, part=part
        ),
        natural_gradient(lambda step: 1 / (1 + step / 25), damping=1e-4)
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
    return BackwardSolution.judged(
        equation,
        network,
        result.params,
        scalar=scalar,
        steps=time_steps,
        curve=counts,
        paths=judge,
        key=key_for(key, "measure"),
        result=result,
    )


def checked_curve(curve: Sequence[int] | None, time_steps: int) -> tuple[int, ...]:
    """Step counts to judge at.

    Raises:
        ConfigurationError: fewer than two, not increasing, or no divisors of the last.
    """
    if curve is None:
        half = () if time_steps % 2 else (time_steps // 2,)
        return (*half, time_steps, 2 * time_steps)
    counts = tuple(as_whole("curve", count, least=1) for count in curve)
    rising = all(a < b for a, b in pairwise(counts))
    if len(counts) == 1:
        raise ConfigurationError(
            f"curve: expected two numbers of steps or more, got {counts}: one tells nothing of the "
            "error by the step size"
        )
    if not counts or not rising or any(counts[-1] % count for count in counts):
        raise ConfigurationError(
            f"curve: expected increasing numbers of steps, divisors of the last, got {counts}"
        )
    return counts


def _scalar(equation: BackwardEquation, network: Any, params: Any, start: Array) -> bool:
    """Whether a network gives ``u``; refused where it gives neither that nor ``∇u``."""
    time = jnp.zeros((), start.dtype)
    shape = jax.eval_shape(network.apply, params, time, start).shape
    if shape not in ((), start.shape):
        raise ShapeError(
            f"network: expected u of shape () or ∇u of shape {start.shape} at (t, x), got {shape}"
        )
    if equation.jumps is not None and shape != ():
        raise ConfigurationError(
            "network: expected one of u, with value (), since jumps ask for u at two places; got "
            f"one of shape {shape}"
        )
    return shape == ()
