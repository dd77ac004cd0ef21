"""A network's posterior by samples: Hamiltonian Monte Carlo without turns (NUTS).

    y = f(θ, x) + σ ε,   θ ~ N(0, τ²):   ln p(θ|y) = −½ Σ (y − f)²/σ² − ½ |θ|²/τ² + const

Neurons may change places, so that chains need not agree on parameters: what has to agree is what
is told of them, the predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, MissingDependencyError, SamplingError, ShapeError
from physml.learn.metrics.shapes import finite
from physml.networks import network_of
from physml.sampling import autocorrelation_time, split_rhat
from physml.train.error_bars import Interval

# Above, chains do not agree on what they predict, and no interval of them means anything.
_DISAGREE = 1.1

# Leapfrogs of a trajectory are at most 2 to this power.
_DOUBLINGS = 9


@dataclass(frozen=True, eq=False)
class SampledNetwork:
    """Networks drawn from the posterior of one.

    Attributes:
        network: the module.
        params: a pytree with leading axes ``(samples, chains)``.
        noise: ``σ``.
        prior: ``τ``.
        divergent: the part of trajectories that diverged: above some 0.01 the samples miss
            narrow parts of the posterior.
        rhat: the largest split R̂ of the predictions at the training inputs.
        dimension: ``d`` of an input; None if it is not known.
    """

    network: Any
    params: Any
    noise: float
    prior: float
    divergent: float
    rhat: float
    dimension: int | None = None

    def values(self, inputs: Any) -> np.ndarray:
        """The prediction of each sample, ``(samples, chains, n)``.

        Args:
            inputs: ``(n, d)``.

        Raises:
            ShapeError: inputs of another shape.
            NonFiniteError: a NaN or an infinity.
        """
        x = _inputs(inputs)
        if self.dimension not in (None, x.shape[1]):
            raise ShapeError(f"inputs: expected (n, {self.dimension}), got {x.shape}")
        return _values(self.network, self.params, x)

    def predict(self, inputs: Any) -> np.ndarray:
        """The posterior mean, ``(n,)``; see ``values``."""
        return self.values(inputs).mean(axis=(0, 1))

    def standard_deviation(self, inputs: Any) -> np.ndarray:
        """The posterior deviation, without the noise of a target, ``(n,)``; see ``values``."""
        return self.values(inputs).std(axis=(0, 1))

    def interval(self, inputs: Any, level: float = 0.9, *, observed: bool = False) -> Interval:
        """The quantiles of the posterior at each input by itself.

        Args:
            inputs: ``(n, d)``.
            level: the probability inside.
            observed: whether of new targets, noise included.

        Raises:
            ConfigurationError: a level outside (0, 1); see ``values``.
        """
        if not 0 < level < 1:
            raise ConfigurationError(f"level: expected a probability in (0, 1), got {level}")
        drawn = self.values(inputs).reshape(-1, len(inputs))
        tails = (0.5 - 0.5 * level, 0.5 + 0.5 * level)
        if not observed:
            return Interval(*np.quantile(drawn, tails, axis=0))
        return Interval(*(_mixture_quantile(drawn, self.noise, tail) for tail in tails))

    def agreement(self, inputs: Any) -> tuple[float, float]:
        """The largest split R̂ and the fewest independent samples of the predictions at inputs."""
        values = self.values(inputs)
        chains = [values[:, :, i] for i in range(values.shape[2])]
        fewest = min(one.size / autocorrelation_time(one) for one in chains)
        return max(map(split_rhat, chains)), fewest


def sampled_network(
    network: Any,
    inputs: Any,
    targets: Any,
    *,
    noise: float,
    prior: float,
    chains: int = 4,
    warm_up: int = 500,
    samples: int = 500,
    key: Array,
) -> SampledNetwork:
    """Sample the posterior of a small network, all of its parameters, by NUTS.

    Each chain starts where the module does and adapts step length and masses in the warm-up, which
    is thrown away. Some hundred parameters are a practical end.

    Args:
        network: a linen module, or anything with ``init(key, x)`` and ``apply(params, x)`` of one
            sample, whose value is one number; or a name, or settings.
        inputs: ``(n, d)``, of a size near 1 as a prior of one ``τ`` asks for, see ``Scaler``.
        targets: ``(n,)``.
        noise: ``σ > 0``, the deviation of a target.
        prior: ``τ > 0``, the deviation of a parameter.
        chains: at least 2, so that they can disagree.
        warm_up: steps of each chain before the samples.
        samples: of each chain.
        key: a random key.

    Raises:
        MissingDependencyError: without blackjax.
        ShapeError: other shapes; a network whose value is not one number.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a deviation that is not above 0.
        SamplingError: chains that disagree, with R̂ above 1.1; what was sampled is its ``kept``.

    Source: Hoffman and Gelman (2014), arXiv 1111.4246; of networks Neal (1996),
    doi:10.1007/978-1-4612-0745-0; the sampler is the package ``blackjax``.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.linspace(-1, 1, 12)[:, None]
    >>> drawn = pm.learn.sampled_network(  # doctest: +SKIP
    ...     pm.MLP((2,)), x, x[:, 0] ** 2, noise=0.1, prior=1.0, key=jax.random.key(0))
    >>> low, high = drawn.interval(x, 0.9)  # doctest: +SKIP
    """
    network = network_of("network", network, outputs=None)
    x, y = _inputs(inputs), finite("targets", targets)
    if y.shape != (len(x),):
        raise ShapeError(f"targets: expected one a sample, ({len(x)},), got {y.shape}")
    for name, value in (("noise", noise), ("prior", prior)):
        if not (np.ndim(value) == 0 and 0 < value < np.inf):
            raise ConfigurationError(f"{name}: expected a finite deviation > 0, got {value}")
    chains = as_whole("chains", chains, least=2)
    warm_up = as_whole("warm_up", warm_up, least=20)
    samples = as_whole("samples", samples, least=4)
    keys = jax.random.split(key, (2, chains))
    starts = jax.vmap(lambda one: network.init(one, x[0]))(keys[0])
    value = jax.eval_shape(network.apply, jax.tree.map(lambda leaf: leaf[0], starts), x[0])
    if value.shape != ():
        raise ShapeError(f"network: expected one number, (), of an input, got {value.shape}")

    def log_density(params: Any) -> Array:
        off = jax.vmap(lambda one: network.apply(params, one))(x) - jnp.asarray(y, x.dtype)
        square = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))
        return -0.5 * jnp.sum(off**2) / noise**2 - 0.5 * square / prior**2

    params, divergent = _walk(log_density, starts, keys[1], warm_up, samples)
    agreement = [split_rhat(one) for one in np.moveaxis(_values(network, params, x), 2, 0)]
    rhat = max(agreement)
    found = SampledNetwork(network, params, noise, prior, divergent, rhat, x.shape[1])
    if not found.rhat <= _DISAGREE:
        error = SamplingError(
            f"sampled_network: {chains} chains disagree on what they predict of the training "
            f"inputs: R̂ = {found.rhat:.3g}, expected at most {_DISAGREE}; give more warm_up= and "
            "samples=, a smaller network, or scaled inputs"
        )
        error.kept = found
        raise error
    return found


def _walk(
    log_density: Any, starts: Any, keys: Array, warm_up: int, samples: int
) -> tuple[Any, float]:
    """Samples ``(samples, chains, ...)`` and the part of them that diverged."""
    try:
        import blackjax
    except ImportError as error:
        raise MissingDependencyError(
            "sampled_network needs blackjax: install it with pip install 'physml[bayes]'"
        ) from error

    def chain(key: Array, start: Any) -> tuple[Any, Array]:
        key_adapt, key_walk = jax.random.split(key)
        adapted = blackjax.window_adaptation(
            blackjax.nuts, log_density, max_num_doublings=_DOUBLINGS
        )
        (state, parameters), _ = adapted.run(key_adapt, start, num_steps=warm_up)
        move = blackjax.nuts(log_density, **parameters).step

        def step(state: Any, key: Array) -> tuple[Any, Any]:
            state, told = move(key, state)
            return state, (state.position, told.is_divergent)

        _, found = jax.lax.scan(step, state, jax.random.split(key_walk, samples))
        return found

    with jax.numpy_rank_promotion("allow"):  # blackjax's own
        params, divergent = jax.jit(jax.vmap(chain, out_axes=1))(keys, starts)
    return params, float(jnp.mean(divergent))


def _values(network: Any, params: Any, inputs: Array) -> np.ndarray:
    return np.asarray(_evaluated(network.apply, params, inputs), np.float64)


def _evaluated(apply: Any, params: Any, inputs: Array) -> Array:
    one = jax.vmap(apply, (None, 0))
    return jax.jit(jax.vmap(jax.vmap(one, (0, None)), (0, None)))(params, inputs)


def _inputs(inputs: Any) -> Array:
    numbers = finite("inputs", inputs)
    if numbers.ndim != 2:
        raise ShapeError(f"inputs: expected (n, d), got {numbers.shape}")
    return jnp.asarray(numbers, jnp.result_type(float))


def _mixture_quantile(centres: np.ndarray, noise: float, probability: float) -> np.ndarray:
    """Of the mean of normal laws about ``centres (s, n)``, ``(n,)``, by bisection."""
    from scipy.special import ndtr  # here, since scipy takes long to load

    low, high = centres.min(axis=0) - 10 * noise, centres.max(axis=0) + 10 * noise
    for _ in range(50):
        middle = 0.5 * (low + high)
        below = ndtr((middle - centres) / noise).mean(axis=0) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
