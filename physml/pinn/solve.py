"""Solve a problem: points, residuals and the one loop, put together."""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax
from jax import Array

from physml.optim import gauss_newton
from physml.pinn.collocation import collocation
from physml.pinn.problem import Problem, residual_rows
from physml.pinn.solution import Solution
from physml.sampling import Redraw
from physml.train import Run, fit, least_squares
from physml.train.fit import Callback
from physml.train.least_squares import Balance
from physml.types import Optimizer


def solve(
    problem: Problem,
    network: nn.Module,
    *,
    optimizer: Optimizer | None = None,
    points: int = 2048,
    redraw: Redraw | None = None,
    balance: Balance | None = None,
    steps: int = 200,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Solution:
    """Solve a differential equation by minimising its residual.

    Args:
        problem: equation, domain, conditions.
        network: a linen module for the unknown, such as ``MLP((20,) * 4)``.
        optimizer: any optax transformation; ``gauss_newton()`` if not given.
        points: collocation points for the equation; each condition has a quarter of them.
        redraw: ``by_residual(every)`` or ``uniformly(every)``; fixed points if None.
        balance: a rule for the weights of the terms, such as ``power_rule()``.
        steps: optimizer steps.
        key: random key, of points and first parameters; ``jax.random.key(0)`` if not given.
        run: a run directory for metrics, checkpoints and resume.
        callbacks: see ``fit``.

    Returns:
        The solution: a function of points, with its history and plots.

    Raises:
        ShapeError: network, equation or conditions do not fit one another.
        NonFiniteError: a NaN or an infinity; the message names the step and the term.

    >>> import jax.numpy as jnp, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), ansatz=lambda N, z: 1 + z[0] * N(z),
    ...                      equation=lambda u, z: pm.partial(u, 0)(z) - u(z))
    >>> solution = pm.solve(problem, pm.MLP((8,)), points=32, steps=30)
    >>> abs(float(solution(jnp.array([[1.0]]))[0]) - 2.71828) < 1e-3
    True
    """
    key = jax.random.key(0) if key is None else key
    key_params, key_fit = jax.random.split(key)
    params = problem.initial_params(network, key_params)
    objective = least_squares(
        residual_rows(problem, network),
        weights={c.name: c.weight for c in problem.conditions},
        balance=balance,
    )
    result = fit(
        objective,
        collocation(problem, network, points=points, redraw=redraw),
        gauss_newton() if optimizer is None else optimizer,
        params,
        steps=steps,
        key=key_fit,
        run=run,
        callbacks=callbacks,
    )
    return Solution(problem, network, result.params, result=result)
