"""The free energy of a flow as an objective: what is differentiated, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.generative.flows.real_model import RealModel
from physml.train import cost, score
from physml.types import Batch, Objective, Sampler

Training = Callable[[RealModel, Any, int, int], tuple[Objective, Sampler]]
"""``(model, network, size, anneal) -> (objective, sampler)``."""


def log_normal(z: Array) -> Array:
    """``ln`` of the density that a flow begins with: normal, of unit width."""
    return -0.5 * jnp.sum(z * z) - 0.5 * z.size * np.log(2 * np.pi)


def log_prob(network: Any) -> Callable[[Any, Array], Array]:
    """``ln q(x) = ln N(z) + ln|∂z/∂x|`` of one ``x``, by the way back of the network."""

    def one(params: Any, x: Array) -> Array:
        z, log_det = network.apply(params, x, inverse=True)
        return log_normal(z) + log_det

    return one


def reparametrised(
    model: RealModel, network: Any, size: int, anneal: int = 0
) -> tuple[Objective, Sampler]:
    """``C = E_z[ln N(z) − ln|∂x/∂z| − ln p(x(z))]``, its gradient through the samples.

    It has no rows: for Adam and other first-order optimizers.

    Args:
        model: the density.
        network: ``(z, inverse) -> (x, ln|∂x/∂z|)``.
        size: samples of a step.
        anneal: steps during which ``p`` grows out of the normal density.
    """

    def free_energy(params: Any, batch: Any) -> tuple[Array, dict[str, Array]]:
        def one(z: Array, heat: Array) -> Array:
            x, log_det = network.apply(params, z)
            return log_normal(z) - log_det - _tempered(model, x, heat)

        values = jax.vmap(one)(batch["z"], batch["heat"])
        return jnp.mean(values), {"variance": jnp.var(values)}

    return cost(free_energy), _normal(model.shape, size, anneal)


def scored(model: RealModel, network: Any, size: int, anneal: int = 0) -> tuple[Objective, Sampler]:
    """The same by the ``score`` objective: ``r = (f − f̄)/√n``, ``J = (∂ln q − mean)/√n``.

    With rows, for the natural gradient; samples are drawn by the present parameters.

    Args:
        model: the density.
        network: ``(z, inverse) -> (x, ln|∂x/∂z|)``.
        size: samples of a step.
        anneal: steps during which ``p`` grows out of the normal density.
    """
    log_q = log_prob(network)

    def free_energy(params: Any, sample: Any) -> Array:
        return log_q(params, sample["x"]) - _tempered(model, sample["x"], sample["heat"])

    normal = _normal(model.shape, size, anneal)

    def sample(
        draw: Callable[..., Any], key: Array, step: Array, params: Any
    ) -> tuple[Array, Batch, dict[str, Array]]:
        step, batch, metrics = draw(key, step, params)
        x = jax.vmap(lambda z: network.apply(params, z)[0])(batch["z"])
        return step, {"x": x, "heat": batch["heat"]}, metrics

    return (
        score(lambda params, sample: log_q(params, sample["x"]), free_energy),
        Sampler(normal.init, Partial(sample, normal.sample)),
    )


def _tempered(model: RealModel, x: Array, heat: Array) -> Array:
    """From the normal density, heat 0, to that of the model, heat 1."""
    return heat * model.log_density(x) + (1 - heat) * log_normal(x)


def _normal(shape: tuple[int, ...], size: int, anneal: int) -> Sampler:
    """Where a flow begins, drawn anew in each step, and how far annealing is."""

    def sample(key: Array, step: Array, params: Any) -> tuple[Array, Batch, dict[str, Array]]:
        del params
        z = jax.random.normal(key, (size, *shape))
        heat = jnp.minimum((step + 1) / max(anneal, 1), 1.0).astype(z.dtype)
        return step + 1, {"z": z, "heat": jnp.full(size, heat)}, {}

    return Sampler(lambda key, params: jnp.zeros((), jnp.int32), sample)
