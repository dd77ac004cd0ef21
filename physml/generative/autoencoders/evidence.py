"""The bound of the evidence as an objective, with the rows of generalised Gauss–Newton.

    C = mean E_q[−ln p(x | z)] + β KL(q ‖ p),   z = m + s ε,   ε in the batch

``−ln p(x | η)`` is that of an exponential family, convex in ``η``, and the rate is convex in ``m``
and ``ln s²``, so that ``JᵀJ`` is positive and of first derivatives alone: those of the outputs
``η`` at the drawn ``z``, through the decoder and through the encoder, of ``m``, and of ``ln s²``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.generative.autoencoders.latent_model import LatentModel
from physml.lazy_jacobian import Block, Jacobian
from physml.types import Batch, Evaluation, Objective, Term


def evidence(model: LatentModel, beta: float = 1.0, *, path: bool = False) -> Objective:
    """Distortion plus β rate: at ``β = 1`` the negative of the ELBO, in nats a sample.

        rows of a draw     L(η)ᵀ ∂η(z),  L Lᵀ = −∂² ln p/∂η²      r = −L⁻¹ ∂ ln p/∂η
        rows of the rate   √β ∂m                                   r = √β m
        rows of its width  √β (s/√2) ∂ ln s²                       r = √β (s² − 1)/(√2 s)

    each over ``√n``, those of draws over ``√(n draws)``: ``Jᵀr = ∇C``, with the coefficients of
    the rows held fixed. A likelihood that has no rows gives a gradient alone, for first-order
    optimizers.

    Args:
        model: encoder, decoder, likelihood.
        beta: β.
        path: whether the encoder's gradient is taken along ``z`` alone, by draws of the rate:
            without noise where ``q`` is the exact posterior. The rows then are the metric, and no
            residual gives the gradient.

    Returns:
        An objective of batches ``{"x", "noise"}``, and ``"condition"`` of a conditional model, with
        ``noise`` ``(n, draws, latent)``; its metrics are ``distortion`` and ``rate``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> from physml.generative.autoencoders.latent_model import LatentModel
    >>> line = pm.MLP((), outputs=2)
    >>> model = LatentModel(line, line, pm.generative.gaussian(), 1, (2,))
    >>> batch = {"x": jnp.ones((3, 2)), "noise": jnp.zeros((3, 1, 1))}
    >>> told, _ = evidence(model).evaluate(model.init(jax.random.key(0)), (), batch)
    >>> told.jacobian.shape  # of 3 samples: 2 outputs, the variance of the noise, m and ln s²
    (15, 11)
    """
    row = partial(_row, model)

    def both(beta: Any, params: Any, batch: Batch) -> tuple[Array, dict[str, Array]]:
        parts = jax.vmap(lambda sample: model.distortion_and_rate(params, sample, path=path))(batch)
        distortion, rate = (jnp.mean(part) for part in parts)
        return distortion + beta * rate, {"distortion": distortion, "rate": rate}

    def evaluate(
        beta: Any, params: Any, state: tuple[()], batch: Batch
    ) -> tuple[Evaluation, tuple[()]]:
        (loss, metrics), gradient = jax.value_and_grad(
            lambda params: both(beta, params, batch), has_aux=True
        )(params)
        if model.likelihood.rows is None:
            return Evaluation(loss, gradient, None, None, metrics), state
        n = len(batch["x"])
        scale = jnp.asarray(1 / n**0.5, loss.dtype)
        root = jnp.sqrt(jnp.asarray(beta, loss.dtype))
        jacobian = Jacobian(params, (Block(Partial(row, root), batch, scale),))
        if path:
            return Evaluation(loss, gradient, None, jacobian, metrics), state
        residual = scale * jax.vmap(lambda s: _residual(model, root, params, s))(batch).ravel()
        return Evaluation(loss, gradient, residual, jacobian, metrics), state

    def value(beta: Any, params: Any, state: tuple[()], batch: Batch) -> Array:
        return both(beta, params, batch)[0]

    def terms(beta: Any, batch: Batch) -> dict[str, Term]:
        def one(params: Any, sample: Any) -> Array:
            distortion, rate = model.distortion_and_rate(params, sample, path=path)
            return distortion + beta * rate

        return {"evidence": Term(one, batch, "−ELBO", "sample")}

    given = jnp.asarray(beta, jnp.result_type(float))
    parts = (Partial(part, given) for part in (evaluate, value, terms))
    return Objective(lambda params: (), *parts)


def _row(model: LatentModel, root: Array, params: Any, sample: Any) -> Array:
    """What the rows of one sample are derivatives of, coefficients held."""
    mean, log_variance = model.posterior(params, sample)
    held = jax.lax.stop_gradient(jnp.exp(0.5 * log_variance))
    told, _ = _of_draws(model, params, mean, log_variance, sample)
    return jnp.concatenate([told, root * mean, root * held / jnp.sqrt(2.0) * log_variance])


def _residual(model: LatentModel, root: Array, params: Any, sample: Any) -> Array:
    mean, log_variance = model.posterior(params, sample)
    _, missed = _of_draws(model, params, mean, log_variance, sample)
    s = jnp.exp(0.5 * log_variance)
    return jnp.concatenate([missed, root * mean, root * (s - 1 / s) / jnp.sqrt(2.0)])


def _of_draws(
    model: LatentModel, params: Any, mean: Array, log_variance: Array, sample: Any
) -> tuple[Array, Array]:
    """Rows and residuals of the likelihood at each draw, flat."""
    rows: Any = model.likelihood.rows

    def one(noise: Array) -> tuple[Array, Array]:
        z = mean + jnp.exp(0.5 * log_variance) * noise
        row, residual = rows(params["likelihood"], model.outputs(params, z, sample), sample["x"])
        return row.ravel(), residual.ravel()

    draws = len(sample["noise"]) ** 0.5
    row, residual = jax.vmap(one)(sample["noise"])
    return row.ravel() / draws, residual.ravel() / draws
