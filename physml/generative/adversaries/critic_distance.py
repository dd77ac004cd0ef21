"""The Wasserstein distance of two densities by a critic: the dual, with a penalty on slopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConvergenceError, ShapeError
from physml.generative.adversaries.gan_costs import slope, wasserstein
from physml.networks import MLP
from physml.networks.as_module import as_module
from physml.optim import OptimizerSettings, optimizer_of
from physml.sampling import drawn
from physml.train import FitResult, Run, cost, fit, key_for
from physml.train.callbacks import Callback
from physml.types import Optimizer

DrawOne = Callable[[Array], Array]
"""``(key) -> (d,)``: one sample of a density."""

_AT_ONCE = 4096

# Below 0 by so many errors it is no chance.
_WRONG = 3.0


class CriticDistance(NamedTuple):
    """What a trained critic tells of the distance.

    Attributes:
        distance: ``(⟨D⟩_p − ⟨D⟩_q) / ⟨|∇D|⟩``, the slope at random places between pairs; within
            its error below 0, too, where the densities are alike.
        error: one standard deviation of that over fresh samples; how far the critic is from the
            best one is not in it.
        difference: ``⟨D⟩_p − ⟨D⟩_q``, high by ``1 + W/2λ`` of the best critic.
        mean_slope: ``⟨|∇D|⟩``.
        steepest: the largest ``|∇D|`` there: ``difference/steepest`` is near a lower bound.
        params: of the critic.
        result: of the fit.
    """

    distance: float
    error: float
    difference: float
    mean_slope: float
    steepest: float
    params: Any
    result: FitResult


def critic_distance(
    first: DrawOne,
    second: DrawOne,
    critic: Any = None,
    *,
    penalty: float = 10.0,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    size: int = 256,
    steps: int = 2000,
    judge: int = 100_000,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> CriticDistance:
    """``W₁(p, q)`` by the critic of ``wasserstein(penalty)``, of two densities that stay.

        W₁ = max over ‖∇D‖ ≤ 1 of ⟨D⟩_p − ⟨D⟩_q

    Its penalty lets the slope be ``1 + W/2λ`` in place of 1, so the bare difference is that much
    high; over the mean slope it is not. Samples are drawn anew at each step, and to judge.

    Args:
        first: draws one sample of ``p``.
        second: of ``q``.
        critic: a module of a sample to one number; two hidden layers of 64 if None.
        penalty: λ.
        optimizer: of first order; Adam at 2e-3, falling, if None.
        size: pairs of a step.
        steps: how many.
        judge: fresh pairs that tell the numbers.
        key: a random key.
        run: a run directory.
        callbacks: see ``fit``.
        progress: whether to show a line.

    Raises:
        ShapeError: samples of different shapes, or of one component, whose distance
            ``wasserstein_distance`` tells exactly; a critic that is not a scalar.
        ConfigurationError: a count out of range.
        ConvergenceError: a critic that slopes the wrong way, or nowhere: its difference is below 0
            by more than three errors.

    Sources: Arjovsky, Chintala and Bottou (2017), arXiv:1701.07875; Gulrajani et al. (2017),
    arXiv:1704.00028.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> near = lambda key: jax.random.normal(key, (2,))
    >>> far = lambda key: 3.0 + jax.random.normal(key, (2,))
    >>> found = pm.generative.critic_distance(near, far, pm.MLP(()), steps=500, judge=2000,
    ...     optimizer=pm.optim.OptimizerSettings(name="adam", learning_rate=1e-2), progress=False)
    >>> abs(found.distance - 18**0.5) < 0.2
    True
    """
    size, steps = as_whole("size", size, least=1), as_whole("steps", steps, least=1)
    judge, key = as_whole("judge", judge, least=2), jax.random.key(0) if key is None else key
    shapes = [jax.eval_shape(one, key).shape for one in (first, second)]
    if shapes[0] != shapes[1]:
        raise ShapeError(f"second: expected samples of shape {shapes[0]}, got {shapes[1]}")
    if int(np.prod(shapes[0])) < 2:
        raise ShapeError(
            f"first: expected samples of two components or more, got shape {shapes[0]}; of one the "
            "penalty can hold the critic at the wrong slope, and "
            "pm.generative.wasserstein_distance is exact"
        )
    critic = as_module("critic", MLP((64, 64), activation="gelu") if critic is None else critic)
    params = jax.jit(critic.init)(key_for(key, "params"), jnp.zeros(shapes[0]))
    value = jax.eval_shape(critic.apply, params, jnp.zeros(shapes[0]))
    if getattr(value, "shape", None) != ():
        raise ShapeError(
            f"critic: expected one number of a sample, (), got {getattr(value, 'shape', value)}"
        )
    played = wasserstein(penalty)

    def pair(key: Array) -> tuple[Array, Array, Array]:
        keys = jax.random.split(key, 3)
        return first(keys[0]), second(keys[1]), jax.random.uniform(keys[2])

    def loss(params: Any, batch: Any) -> tuple[Array, dict[str, Array]]:
        mine = partial(critic.apply, params)
        told = jax.vmap(lambda x, y, u: played.critic(mine, x, y, u))(*batch)
        gap = jax.vmap(mine)(batch[0]) - jax.vmap(mine)(batch[1])
        return jnp.mean(told), {"difference": jnp.mean(gap)}

    usual: dict[str, Any] = {
        "name": "adam",
        "learning_rate": 2e-3,
        "b1": 0.5,
        "b2": 0.9,
        "cosine": float(steps),
    }
    result = fit(
        cost(loss),
        drawn(lambda key, params: jax.vmap(pair)(jax.random.split(key, size)), every=1),
        optimizer_of(OptimizerSettings(**usual) if optimizer is None else optimizer),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        run=run,
        callbacks=callbacks,
        progress=progress,
    )

    @jax.jit
    def told(params: Any, keys: Array) -> Array:
        mine = partial(critic.apply, params)

        def one(key: Array) -> Array:
            x, y, u = pair(key)
            return jnp.stack([mine(x) - mine(y), slope(mine, u * x + (1 - u) * y)])

        return jax.lax.map(one, keys, batch_size=_AT_ONCE)

    fresh = jax.random.split(key_for(key, "measure"), judge)
    gaps, slopes = np.asarray(told(result.params, fresh), np.float64).T
    difference, mean = float(gaps.mean()), float(slopes.mean())
    ratio = difference / mean if mean > 0 else float("nan")
    error = float((gaps - ratio * slopes).std(ddof=1) / (mean * judge**0.5))
    if not ratio > -_WRONG * error:
        raise ConvergenceError(
            f"the critic tells a distance of {ratio:.3g} ± {error:.1g}, and none is below 0: it "
            "slopes the wrong way; take more steps or a smaller learning rate"
        )
    return CriticDistance(
        ratio,
        error,
        difference,
        mean,
        float(slopes.max()),
        result.params,
        result,
    )
