"""What a decoder's outputs say of a sample: Gaussian noise, pixels on or off, counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import gammaln

from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.ranges import check_positive

# The least p(1 − p) in the rows of counts: a sure and wrong output would else outweigh all others.
_FLOOR = 1e-4


class ObservationModel(NamedTuple):
    """``p(x | η)`` of one sample, ``η`` the outputs of a decoder, of the sample's shape.

    Attributes:
        name: in a word.
        init: ``() -> own``, parameters of the likelihood itself; ``()`` if there are none.
        log_prob: ``(own, outputs, x) -> ()``, in nats, normalised.
        mean: ``(own, outputs) -> x``.
        draw: ``(key, own, outputs) -> x``.
        check: ``(samples) -> None``, refuses samples that ``p`` has no probability of.
        whole: ``(samples) -> bool``, whether ``log_prob`` of them is that of an outcome, and not a
            mean over outcomes.
        unit: what samples are divided by before an encoder sees them.
        rows: ``(own, outputs, x) -> (row (m,), residual (m,))`` with ``∂rowᵀ residual`` the
            gradient of ``−log_prob`` and ``∂rowᵀ ∂row`` its generalised Gauss–Newton matrix;
            coefficients of the row are held by ``stop_gradient``. None: first order only.
    """

    name: str
    init: Callable[[], Any]
    log_prob: Callable[[Any, Array, Array], Array]
    mean: Callable[[Any, Array], Array]
    draw: Callable[[Array, Any, Array], Array]
    check: Callable[[np.ndarray], None]
    whole: Callable[[np.ndarray], bool]
    unit: float = 1.0
    rows: Callable[[Any, Array, Array], tuple[Array, Array]] | None = None


def gaussian(variance: float | None = None) -> ObservationModel:
    """``p(x | η) = Π N(xᵢ; ηᵢ, σ²)``, one variance for all components.

    Args:
        variance: ``σ²``, in the unit of the data squared; learned if None, from 1 on. A decoder
            that meets its data exactly lets it fall to 0, and the likelihood has no maximum.

    Raises:
        ConfigurationError: a variance that is not positive.

    >>> import jax.numpy as jnp, physml as pm
    >>> noise = pm.generative.gaussian()
    >>> float(noise.log_prob(noise.init(), jnp.zeros(2), jnp.zeros(2)).round(4))  # −ln 2π
    -1.8379
    """
    if variance is not None:
        check_positive("variance", variance)

    def log_variance(own: Any) -> Array:
        return own["log_variance"] if variance is None else jnp.log(jnp.asarray(variance))

    def log_prob(own: Any, outputs: Array, x: Array) -> Array:
        log = log_variance(own)
        square = jnp.sum((x - outputs) ** 2)
        return -0.5 * (square * jnp.exp(-log) + x.size * (log + jnp.log(2 * jnp.pi)))

    def rows(own: Any, outputs: Array, x: Array) -> tuple[Array, Array]:
        # −ln p = |x − η|²/2σ² + ½ d ln σ² + ..., of which the second derivative by ln σ² is |x −
        # η|²/2σ², and d/2 on average where the model is right.
        log = log_variance(own)
        deviation = jax.lax.stop_gradient(jnp.exp(0.5 * log))
        missed = ((outputs - x) / deviation).ravel()
        row = (outputs / deviation).ravel()
        if variance is not None:
            return row, missed
        root = jnp.sqrt(0.5 * x.size)
        excess = 0.5 * (x.size - jnp.sum(missed**2)) / root
        return jnp.append(row, root * log), jnp.append(missed, excess)

    def draw(key: Array, own: Any, outputs: Array) -> Array:
        noise = jax.random.normal(key, outputs.shape, outputs.dtype)
        return outputs + jnp.exp(0.5 * log_variance(own)) * noise

    return ObservationModel(
        "gaussian",
        (lambda: {"log_variance": jnp.zeros(())}) if variance is None else (lambda: ()),
        log_prob,
        lambda own, outputs: outputs,
        draw,
        lambda samples: None,
        lambda samples: True,
        rows=rows,
    )


def bernoulli() -> ObservationModel:
    """``p(x | η) = Π sᵢ^xᵢ (1 − sᵢ)^(1−xᵢ)``, ``s = σ(η)``: pixels on or off.

    Of grey pixels in (0, 1) ``ln p`` is the mean over images whose pixels are on with probability
    ``xᵢ``: a lower bound of theirs, but no density of grey images. Importance weights are refused
    for them.

    >>> import jax.numpy as jnp, physml as pm
    >>> pixels = pm.generative.bernoulli()
    >>> round(float(pixels.log_prob((), jnp.zeros(2), jnp.ones(2))), 4)  # −2 ln 2
    -1.3863
    """
    return binomial(1)._replace(
        name="bernoulli",
        check=partial(_check_range, "bernoulli", 1),
        whole=lambda samples: bool(np.all((samples == 0) | (samples == 1))),
    )


def binomial(trials: int) -> ObservationModel:
    """``p(x | η) = Π C(t, xᵢ) sᵢ^xᵢ (1 − sᵢ)^(t−xᵢ)``, ``s = σ(η)``: counts from 0 to ``t``.

    Such as the digits of 8 × 8 pixels, each the count of 16 that were on.

    Args:
        trials: ``t``.

    Raises:
        ConfigurationError: fewer than one.

    >>> import jax.numpy as jnp, physml as pm
    >>> two = pm.generative.binomial(2)
    >>> [float(two.log_prob((), jnp.zeros(1), jnp.array([k])).round(4)) for k in (0.0, 1.0)]
    [-1.3863, -0.6931]
    """
    trials = as_whole("trials", trials, least=1)

    def log_prob(own: Any, outputs: Array, x: Array) -> Array:
        ways = gammaln(trials + 1.0) - gammaln(x + 1.0) - gammaln(trials - x + 1.0)
        return jnp.sum(
            (ways if trials > 1 else 0.0) + x * outputs - trials * jax.nn.softplus(outputs)
        )

    def rows(own: Any, outputs: Array, x: Array) -> tuple[Array, Array]:
        p = jax.lax.stop_gradient(jax.nn.sigmoid(outputs))
        root = jnp.sqrt(trials * jnp.maximum(p * (1 - p), _FLOOR))
        return (root * outputs).ravel(), ((trials * p - x) / root).ravel()

    def draw(key: Array, own: Any, outputs: Array) -> Array:
        p = jnp.broadcast_to(jax.nn.sigmoid(outputs), (trials, *outputs.shape))
        return jnp.sum(jax.random.bernoulli(key, p), axis=0).astype(outputs.dtype)

    return ObservationModel(
        f"binomial of {trials}",
        lambda: (),
        log_prob,
        lambda own, outputs: trials * jax.nn.sigmoid(outputs),
        draw,
        partial(_check_counts, trials),
        lambda samples: True,
        float(trials),
        rows,
    )


def _check_range(name: str, most: int, samples: np.ndarray) -> None:
    low, high = float(samples.min()), float(samples.max())
    if low < 0 or high > most:
        raise ShapeError(
            f"data: expected pixels in [0, {most}] for the {name} likelihood, got from {low:g} to "
            f"{high:g}; divide them by their largest value, or take gaussian() or binomial(trials)"
        )


def _check_counts(trials: int, samples: np.ndarray) -> None:
    _check_range(f"binomial({trials})", trials, samples)
    if np.any(samples != np.round(samples)):
        raise ShapeError(
            f"data: expected whole numbers from 0 to {trials} for the binomial likelihood, got "
            f"{samples[samples != np.round(samples)][0]:g}"
        )
