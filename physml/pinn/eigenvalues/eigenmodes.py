"""The first eigenvalues of an operator and their modes, in order, from a random network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ConvergenceError
from physml.networks import NetworkSettings
from physml.optim import OptimizerSettings, gauss_newton, optimizer_of
from physml.pinn.eigenvalues.modes import Modes
from physml.pinn.eigenvalues.tangent_ritz import tangent_ritz
from physml.pinn.named_network import networks_of
from physml.pinn.problem import Network, Problem
from physml.pinn.solution import Solution
from physml.sampling import fixed
from physml.train import Run, converged, fit, key_for, key_of, least_squares
from physml.train.callbacks import Callback
from physml.train.one_program import one_program
from physml.types import Optimizer

_MODE, _VALUE = "mode", "value"

_FINER = 4
"""Points of the first estimate for each of the training, and of those that judge the end."""

_ALIKE = 0.05
"""Overlap of two modes above which they are not two."""

_QUADRATURE = 0.01
"""Part of the largest value by which an upper bound may be off by its points."""


def eigenmodes(
    problem: Problem,
    network: Network | NetworkSettings | str,
    *,
    count: int = 1,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    points: int = 1024,
    steps: int = 60,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Modes:
    """The ``count`` lowest solutions of ``H u_k = λ_k u_k``, ``⟨u_j, u_k⟩ = δ_jk``.

    Among all small changes of a random network, ``Σ_j c_j ∂u/∂θ_j``, the first modes are an
    ordinary eigenvalue problem (Rayleigh and Ritz), whose values are in order and come near. Each
    then is a network fitted to one of them, and trained with its number on ``H u − λ u = 0``, a
    norm, and orthogonality to those found, by least squares. Its value is at last that of the
    Rayleigh quotient on fresh points; its error bar ``|H u − λ u|/|u|`` there, within which an
    eigenvalue lies whatever the network is.

    Args:
        problem: its ``equation`` is ``(Hu)(z)``, linear and self-adjoint, such as ``lambda u, z:
            -pm.laplacian(u)(z) + V(z) * u(z)``; boundary values 0 are built in, by ``hard=True``,
            an ansatz or ``periodic``.
        network: of a scalar, for each mode one of its own.
        count: how many.
        optimizer: of the training; ``gauss_newton()`` if None.
        points: collocation points.
        steps: of the training, at most, for each mode, after as many of the fit.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory, with two phases for each mode.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The modes: ``modes.values``, ``modes.bounds``, ``modes(points)``.

    Raises:
        ConfigurationError: an operator that is not linear or not self-adjoint, conditions that are
            not built in, several unknowns, a network too small.
        ConvergenceError: two modes that are one, or a value above its upper bound: one was missed.

    Sources: Kato (1949), doi:10.1143/JPSJ.4.334 (the bar); Lagaris, Likas and Fotiadis (1997),
    doi:10.1016/S0010-4655(97)00054-4 (networks for eigenvalue problems, with deflation).

    >>> import jax.numpy as jnp, physml as pm
    >>> string = pm.Problem(domain=pm.Box(x=(0, 1)), ansatz=lambda N, z: z[0] * (1 - z[0]) * N(z),
    ...                     equation=lambda u, z: -pm.partial(u, 0, 0)(z))
    >>> modes = pm.pinn.eigenmodes(string, pm.MLP((8,)), points=32, steps=20)
    >>> round(float(modes.values[0]), 2)  # π²
    9.87
    """
    _check(problem)
    count, points = as_whole("count", count, least=1), as_whole("points", points, least=2)
    steps = as_whole("steps", steps, least=1)
    key = jax.random.key(0) if key is None else key
    module = networks_of(problem, network)
    ((name, operator),) = problem.equations.items()
    if isinstance(module, Mapping):
        raise ConfigurationError("network: expected one, of each mode alike, got several by name")
    optimizer = gauss_newton() if optimizer is None else optimizer_of(optimizer)
    domain, fine = problem.domain, _FINER * points
    start = problem.initial_params(module, key_for(key, "params"))
    inside = domain.interior(key_for(key, "sampler"), fine)
    ritz = tangent_ritz(problem, module, start, inside, count)
    size = float(np.abs(ritz.values).max())
    how: dict[str, Any] = {
        "run": run,
        "callbacks": callbacks,
        "progress": progress,
        "until": converged(),
    }
    fitting = gauss_newton()

    def shape(params: Any, sample: Any) -> Array:
        z, value = sample
        return problem.solution_field(module, params)(z) - value

    def equation(params: Any, z: Array) -> Array:
        u = problem.solution_field(module, params[_MODE])
        return operator(u, z) / size - params[_VALUE] * u(z)

    def norm(params: Any, sample: Any) -> Array:
        """``mean u² − 1`` and ``mean u u_j``, the mean over points that are one sample."""
        places, others = sample
        u = jax.vmap(problem.solution_field(module, params[_MODE]))(places)
        return jnp.append(others.T @ u, u @ u) / len(places) - jnp.zeros(count).at[-1].set(1.0)

    shapes = least_squares({"shape": shape})
    objective = least_squares(
        {"equation": equation, "norm": norm}, weights={"equation": problem.weights[name]}
    )
    seen = inside[:points]
    values = jax.jit(jax.vmap(lambda p, z: problem.solution_field(module, p)(z), (None, 0)))
    others, found, results = np.zeros((points, count - 1)), [], []
    # All modes by one program each: what tells them apart is data.
    with one_program():
        for k in range(count):
            target = _apart(ritz.functions[:points, : k + 1], others[:, :k])
            first = fit(
                shapes,
                fixed({"shape": (seen, jnp.asarray(target, seen.dtype))}),
                fitting,
                start,
                steps=steps,
                key=key_of(key_for(key, "pretrain"), k),
                phase=f"shape-{k + 1}",
                look_beyond=False,
                **how,
            ).params
            batch = {"equation": seen, "norm": (seen[None], jnp.asarray(others, seen.dtype)[None])}
            trained = fit(
                objective,
                fixed(batch),
                optimizer,
                {_MODE: first, _VALUE: jnp.asarray(ritz.values[k] / size, seen.dtype)},
                steps=steps,
                key=key_of(key_for(key, "fit"), k),
                phase=f"mode-{k + 1}",
                look_beyond=False,
                **how,
            )
            results.append(trained)
            found.append(trained.params[_MODE])
            if k < count - 1:
                others[:, k] = values(found[-1], seen)
    numbers = [size * float(trained.params[_VALUE]) for trained in results]
    fresh = domain.interior(key_for(key, "measure"), fine)
    solutions = [
        Solution(problem, module, p, result=r) for p, r in zip(found, results, strict=True)
    ]
    modes = Modes.measured(problem, solutions, np.array(numbers), ritz.values, fresh)
    _refuse_missed(modes, size)
    return modes


def _check(problem: Problem) -> None:
    if not isinstance(problem, Problem):
        raise ConfigurationError(
            f"problem: expected a Problem whose equation is (Hu)(z), got {type(problem).__name__}"
        )
    if len(problem.equations) != 1 or problem.components is not None:
        raise ConfigurationError(
            f"{problem.name}: expected one equation of one scalar unknown, got "
            f"{len(problem.equations)} and components={problem.components}"
        )
    if problem.conditions:
        names = ", ".join(repr(c.name) for c in problem.conditions)
        raise ConfigurationError(
            f"{problem.name}: conditions: expected those of modes to be built in, got {names} as "
            "penalties; say hard=True on a Box, or give ansatz=pm.pinn.hard_dirichlet(domain, 0.0)"
        )


def _apart(functions: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The sum of ``k`` functions ``(n, k)`` that is orthogonal to the ``k − 1`` modes found.

    A mode that is there twice may have turned into its twin while it was trained.
    """
    coefficients = np.linalg.svd(found.T @ functions)[2][-1]
    value = functions @ coefficients
    return np.asarray(value / np.sqrt(np.mean(value**2)))


def _refuse_missed(modes: Modes, size: float) -> None:
    if modes.overlap > _ALIKE:
        raise ConvergenceError(
            f"{modes.problem.name}: two of the modes overlap by {modes.overlap:.2g}, expected at "
            f"most {_ALIKE}; take more steps, more points or a wider network"
        )
    above = modes.values - modes.bounds - modes.start
    if (above > _QUADRATURE * size).any():
        k = int(np.argmax(above))
        raise ConvergenceError(
            f"{modes.problem.name}: mode {k + 1}: {modes.values[k]:.6g} ± {modes.bounds[k]:.2g} "
            f"lies above its upper bound {modes.start[k]:.6g}, so that one below was missed; take "
            "more steps, more points or a wider network"
        )
