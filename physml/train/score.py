"""The mean of a function under the density that the parameters themselves are of.

With samples of ``q ∝ |φ|^k`` and an ``f`` that knows the parameters only through terms whose mean
derivative vanishes, as those of ``ln q`` and of a local energy do::

    C = E_q[f],   ∇C = k Re⟨(f − f̄)* (∂log φ − ⟨∂log φ⟩)⟩ = Jᵀr
    r = k (f − f̄)/√n,   J = (∂log φ − mean)/√n

The variational energy (``k = 2``, ``f`` a local energy), the free energy of an autoregressive
model or a flow (``βE + ln q``) and the natural policy gradient (``−A``) differ in ``f`` and in the
sampler.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ShapeError
from physml.lazy_jacobian import Block, Jacobian
from physml.ranges import check_positive
from physml.train.data_arguments import around
from physml.train.influence import check_influence
from physml.train.samples import count, shapes
from physml.types import Batch, Evaluation, Objective, Term

OfSample = Callable[[Any, Any], Array]
"""``(params, sample) -> ()``, real or complex."""


def score(
    log_q: OfSample, f: OfSample, *, power: float = 1.0, clip: float | None = None
) -> Objective:
    """The mean of ``f`` over samples of ``q ∝ |φ|^k``, by the derivative of ``log φ``.

    ``r = k (f − f̄)/√n`` and ``J = (∂log φ − mean)/√n``: with ``k = 1``, ``JᵀJ`` is the Fisher
    matrix of ``q``. Where ``f`` is the same at all samples the gradient is zero without noise: for
    ``f = βE + ln q`` that is the exact ``q``, with ``f = −ln Z``. No derivative of ``f`` is taken,
    so what ``f`` knows of the parameters must have none on average.

    Args:
        log_q: ``(params, sample) -> log φ``, up to a constant; a complex one gives two rows a
            sample, its real and imaginary part.
        f: ``(params, sample) -> ()``, real or complex: what is averaged; of a policy, minus the
            advantage, which is part of the sample.
        power: ``k > 0``: 1 where samples follow ``q = φ``, 2 where they follow ``|φ|²``.
        clip: values of ``f`` further than this many mean absolute deviations from the median are
            drawn in, for the gradient only, at the price of a bias; None leaves them.

    Returns:
        An objective whose batch is samples with leading axis ``n``, drawn from ``q`` at the present
        parameters; whose loss is the mean of ``f``, never clipped; whose metrics are ``variance``,
        of ``f``, and ``error``, the standard error of the loss where samples are independent; and
        which has no value at fixed samples, since they follow the parameters.

    Raises:
        ConfigurationError: a power or a clip that is not positive; when traced, a ``log φ`` that no
            parameter can change.
        ShapeError: when traced, a batch without samples, or a ``log φ`` or an ``f`` of one sample
            that is not one number.

    Sources: Williams (1992), doi:10.1007/BF00992696 (REINFORCE); Wu, Wang and Zhang (2019),
    doi:10.1103/PhysRevLett.122.080602 (free energies); Liu, Tang and Zhang (2025),
    doi:10.1103/PhysRevE.111.025304 (their natural gradient).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> energies = jnp.array([0.0, 1.0, 3.0])
    >>> log_q = lambda logits, state: jax.nn.log_softmax(logits)[state]
    >>> objective = pm.score(log_q, lambda logits, state: energies[state] + log_q(logits, state))
    >>> evaluation, _ = objective.evaluate(-energies, (), jnp.array([0, 2, 1, 0]))
    >>> bool(jnp.allclose(evaluation.loss, -jax.nn.logsumexp(-energies)))
    True
    >>> float(evaluation.metrics["variance"]) < 1e-12
    True
    """
    check_positive("power", power)
    check_clip(clip)

    def evaluate(
        functions: tuple[OfSample, OfSample], params: Any, state: tuple[()], samples: Batch
    ) -> tuple[Evaluation, tuple[()]]:
        log_phi, averaged = functions
        count("score", samples)
        for name, function in (("log_q", log_phi), ("f", averaged)):
            _check_number(name, function, params, samples)
        check_influence("log_q", around(RealRow, log_phi), *shapes(params, samples))
        values = jax.vmap(partial(averaged, params))(samples)
        return score_of_values(log_phi, params, samples, values, power=power, clip=clip), state

    def terms(functions: tuple[OfSample, OfSample], samples: Batch) -> dict[str, Term]:
        log_phi, averaged = functions
        return {
            "log q": Term(around(RealRow, log_phi), samples, "value", "sample"),
            # Its own derivative by the parameters is not taken.
            "f": Term(
                RealRow(lambda params, x: jax.lax.stop_gradient(averaged(params, x))),
                samples,
                "value",
                "sample",
            ),
        }

    functions = (log_q, f)
    return Objective(
        lambda params: (), Partial(evaluate, functions), None, Partial(terms, functions)
    )


def score_of_values(
    log_phi: OfSample,
    params: Any,
    samples: Any,
    values: Array,
    *,
    power: float,
    clip: float | None = None,
) -> Evaluation:
    """The evaluation of a score objective whose ``f`` was evaluated already.

    Args:
        log_phi: ``(params, sample) -> log φ``, real or complex.
        params: of ``φ``.
        samples: of ``|φ|^k``, with leading axis ``n``.
        values: ``f`` at each sample, ``(n,)``, real or complex.
        power: ``k``.
        clip: as of ``score``.

    Returns:
        Loss, gradient, rows, and the metrics ``variance`` and ``error``.
    """
    n = values.shape[0]
    is_complex = jnp.iscomplexobj(jax.eval_shape(log_phi, *shapes(params, samples)))
    mean = jnp.mean(values.real)
    variance = jnp.mean(jnp.abs(values - jnp.mean(values)) ** 2)
    bounded = values if clip is None else _clip(values, clip)
    centred = (bounded - jnp.mean(bounded)) * (float(power) / jnp.sqrt(n))
    if is_complex:
        residual = jnp.stack([centred.real, centred.imag], axis=-1).reshape(-1)
    else:
        residual = centred.real
    scale = jnp.asarray(1.0 / jnp.sqrt(n), residual.dtype)
    jacobian = Jacobian(params, (Block(around(RealRow, log_phi), samples, scale, centred=True),))
    metrics = {"variance": variance, "error": jnp.std(values.real) / jnp.sqrt(n)}
    return Evaluation(mean, jacobian.vm(residual), residual, jacobian, metrics)


def check_clip(clip: float | None) -> None:
    """Refuse what is no number of mean absolute deviations."""
    if clip is not None:
        check_positive("clip", clip, expected=" (or None)")


@dataclasses.dataclass(frozen=True)
class RealRow:
    """A number of one sample as a row, or as two where it is complex; equal of equal functions."""

    function: Callable[..., Array]

    def __call__(self, *args: Any, **data: Any) -> Array:
        """``()``, or ``(2,)`` where the function is complex."""
        value = jnp.asarray(self.function(*args, **data))
        return jnp.stack([value.real, value.imag]) if jnp.iscomplexobj(value) else value


def _clip(values: Array, width: float) -> Array:
    def bounded(part: Array) -> Array:
        centre = jnp.median(part)
        reach = width * jnp.mean(jnp.abs(part - centre))
        return jnp.clip(part, centre - reach, centre + reach)

    if jnp.iscomplexobj(values):
        return jax.lax.complex(bounded(values.real), bounded(values.imag))
    return bounded(values)


def _check_number(name: str, function: OfSample, params: Any, samples: Any) -> None:
    value = jax.eval_shape(function, *shapes(params, samples))
    if getattr(value, "shape", None) != ():
        got = getattr(value, "shape", type(value).__name__)
        raise ShapeError(f"{name}: expected one number at one sample, got {got}")
    if not jnp.issubdtype(value.dtype, jnp.inexact):
        raise ShapeError(f"{name}: expected a real or complex number, got {value.dtype}")
