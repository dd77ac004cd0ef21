"""What a generator and a critic each descend: the non-saturating game, and Wasserstein's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.ranges import check_positive

Critic = Callable[[Array], Array]
"""``(x) -> ()``: the critic of one sample."""


class GanCost(NamedTuple):
    """The costs of the two players, a mean over pairs of a true and a drawn sample.

    Attributes:
        name: in a word.
        generator: ``(value of a drawn sample) -> ()``, what the generator descends.
        critic: ``(critic, true, drawn, u) -> ()``, what the critic descends, of one pair, with
            ``u`` uniform in (0, 1).
    """

    name: str
    generator: Callable[[Array], Array]
    critic: Callable[[Critic, Array, Array, Array], Array]


def slope(critic: Critic, x: Array) -> Array:
    """``|∂D/∂x|`` at one sample."""
    return jnp.sqrt(jnp.sum(jax.grad(critic)(x) ** 2) + 1e-24)


def wasserstein(penalty: float = 10.0) -> GanCost:
    """The dual of the Wasserstein distance, with a penalty on slopes that are not 1.

        critic      D(y) − D(x) + λ (‖∇D(x̂)‖ − 1)²,   x̂ = u x + (1 − u) y
        generator   −D(y)

    of true ``x`` and drawn ``y``. Its best slope is ``1 + W/2λ``: the bare difference of the critic
    is high by that factor, 5% at ``W = 1`` and ``λ = 10``. In one dimension a critic that begins
    with the wrong slope may stay so, the penalty on slope 0 between: take ``non_saturating``.

    Args:
        penalty: λ.

    Raises:
        ConfigurationError: λ that is not positive.

    Source: Gulrajani et al. (2017), arXiv:1704.00028.

    >>> import jax.numpy as jnp, physml as pm
    >>> cost, one = pm.generative.wasserstein(), jnp.array([1.0])
    >>> float(cost.critic(lambda x: 2 * x[0], one, 0 * one, jnp.array(0.5)))  # −2 + 10 (2 − 1)²
    8.0
    """
    check_positive("penalty", penalty)

    def of_critic(critic: Critic, true: Array, drawn: Array, u: Array) -> Array:
        between = u * true + (1 - u) * drawn
        return critic(drawn) - critic(true) + penalty * (slope(critic, between) - 1) ** 2

    return GanCost("wasserstein", lambda value: -value, of_critic)


def non_saturating(penalty: float = 0.1) -> GanCost:
    """The first game of generators, by logits, with a penalty on slopes at true samples.

        critic      −ln σ(D(x)) − ln(1 − σ(D(y))) + ½γ ‖∇D(x)‖²
        generator   −ln σ(D(y))

    At ``γ = 0`` its steps may turn for ever about the equilibrium; with ``γ > 0`` they converge
    near it.

    Args:
        penalty: γ ≥ 0.

    Raises:
        ConfigurationError: a negative γ.

    Sources: Goodfellow et al. (2014), arXiv:1406.2661; the penalty: Mescheder, Geiger and Nowozin
    (2018), arXiv:1801.04406.

    >>> import jax.numpy as jnp, physml as pm
    >>> cost, one = pm.generative.non_saturating(1.0), jnp.array([1.0])
    >>> round(float(cost.critic(lambda x: 0 * x[0], one, one, jnp.array(0.5))), 4)  # 2 ln 2
    1.3863
    """
    check_positive("penalty", penalty, or_zero=True)

    def of_critic(critic: Critic, true: Array, drawn: Array, u: Array) -> Array:
        told = jax.nn.softplus(-critic(true)) + jax.nn.softplus(critic(drawn))
        return told + 0.5 * penalty * jnp.sum(jax.grad(critic)(true) ** 2) if penalty else told

    return GanCost("non-saturating", lambda value: jax.nn.softplus(-value), of_critic)
