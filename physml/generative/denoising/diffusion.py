"""Data and noise, and the way back: a density learned by denoising."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.datasets import Dataset
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.generative.denoising.denoiser import BestGaussian, Denoiser, inputs_of
from physml.generative.denoising.diffusion_density import DiffusionDensity
from physml.generative.denoising.noise_schedule import (
    NoiseSchedule,
    VariancePreserving,
    check_schedule,
)
from physml.generative.denoising.noised_batch import noised
from physml.networks import MLP
from physml.networks.as_module import as_module
from physml.optim import natural_gradient, optimizer_of
from physml.sampling import minibatches, with_noise
from physml.train import Rule, Run, fit, key_for, least_squares
from physml.train.callbacks import Callback
from physml.types import Batch, Sampler

_TO_STANDARDISE = 20_000

# Half of the samples of a step then have sin φ above noise^¼, 0.3; below, the Gaussian is exact.
_POWER = 2.0


def diffusion(
    data: Any,
    network: Any = None,
    *,
    schedule: NoiseSchedule | None = None,
    noise: float = 0.01,
    optimizer: Any = None,
    size: int = 512,
    reference: int = 2048,
    steps: int = 1000,
    params: Any = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> DiffusionDensity:
    """The density of samples, by the score ``∇ ln p_t`` of the samples with noise.

        x_t = cos φ x₀ + sin φ ε,   C(θ) = ½ mean ‖v_θ(x_t, φ) − v‖²,   v = cos φ ε − sin φ x₀

    Denoising score matching as least squares, with rows for the natural gradient. Data are
    standardised by one mean and one deviation, which are kept; the score of the Gaussian with their
    covariance is exact, and the network adds what is left of it. The mean is over
    ``ln sin φ`` uniform; angles of much noise are drawn more often, and weigh less. Then ``2C``,
    above what no network can tell, times ``ln(1/sin φ₀)``, ``sin φ₀ = noise``, bounds
    ``KL(p‖p_θ)`` of the reverse stochastic equation.

    Args:
        data: samples ``(n, d)``, or ``(n, ...)``, which are flattened; a ``Dataset``, of whose
            split only the training part is seen; or what has ``sample(key, n)``, such as
            ``GaussianMixture``: then each step has fresh samples.
        network: of a point ``(d + 1,)``, data and the noise level ``ln tan φ / 2.5``, with ``d``
            outputs; ``MLP((64, 64), outputs=d)`` if None.
        schedule: how noise comes in; ``VariancePreserving()`` if None.
        noise: ``sin φ₀``, the noise of what is learned and sampled, in deviations of the data.
        optimizer: any, or its name; the natural gradient if None.
        size: samples of a step.
        reference: samples over which the target of each is averaged, or all where there are fewer.
        steps: how many steps.
        params: to begin with; the network's own if None.
        until: a rule that may end training before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The density: ``sample``, ``log_prob``, ``score``, and a ``Result``.

    Raises:
        ConfigurationError: a count or a noise out of range; data that are all the same, or of
            which a coordinate is not wider than the noise; a schedule that does not end in noise,
            or whose time is not the inverse of its angle.
        ShapeError: no samples ``(n, d)`` with ``n > d``; a network with other than ``d`` outputs.
        NonFiniteError: data that are not finite.

    Sources: Vincent (2011), doi:10.1162/NECO_a_00142; Ho, Jain & Abbeel (2020), arXiv:2006.11239;
    Song et al. (2021), arXiv:2011.13456; Salimans & Ho (2022), arXiv:2202.00512 (``v``); Song,
    Durkan, Murray & Ermon (2021), arXiv:2101.09258 (the bound).

    >>> import jax, physml as pm
    >>> pair = pm.generative.GaussianMixture.of([0.5, 0.5], [[-2.0], [2.0]], 0.1)
    >>> found = pm.generative.diffusion(pair, pm.MLP((8,), outputs=1), size=64, steps=20,
    ...                                 progress=False)
    >>> found.sample(jax.random.key(1), 5).shape
    (5, 1)
    """
    size, steps = as_whole("size", size, least=2), as_whole("steps", steps, least=0)
    reference = as_whole("reference", reference, least=size)
    if not 0 < noise <= 0.5:
        raise ConfigurationError(
            f"noise: expected a part of the deviation in (0, 0.5], got {noise}"
        )
    key = jax.random.key(0) if key is None else key
    schedule = VariancePreserving() if schedule is None else schedule
    check_schedule(schedule, float(np.arcsin(noise)))
    samples, shape = samples_of(data, key_for(key, "data"))
    gaussian = BestGaussian.of(samples)
    _check_spread(samples, noise * float(gaussian.scale))
    z, d = jnp.asarray((samples - gaussian.centre) / gaussian.scale), samples.shape[1]
    network = as_module("network", MLP((64, 64), outputs=d) if network is None else network)
    if params is None:
        params = network.init(key_for(key, "params"), inputs_of(z[0], jnp.array(1.0)))
    output = jax.eval_shape(network.apply, params, inputs_of(z[0], jnp.array(1.0)))
    if getattr(output, "shape", None) != (d,):
        got = getattr(output, "shape", type(output).__name__)
        raise ShapeError(f"network: expected {d} outputs of a point ({d + 1},), got {got}")

    least, most = float(np.arcsin(noise)), float(schedule.angle(jnp.array(schedule.end)))
    denoiser = Denoiser(network, gaussian)
    source: Sampler
    if draws(data):
        source = Sampler(
            lambda key, params: (), Partial(partial(_fresh, data, gaussian, reference))
        )
    else:
        source = minibatches(z, size=min(reference, len(z)))
    result = fit(
        least_squares({"denoised": Partial(partial(_row, network), gaussian)}),
        with_noise(source, partial(noised, least, most, size=size, power=_POWER)),
        natural_gradient(0.1, damping=1e-3, momentum=0.9)
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
    return DiffusionDensity(
        denoiser,
        result.params,
        schedule,
        noise=noise,
        shape=shape,
        furthest=float(np.abs(samples).max()),
        losses=np.asarray(result.history.get("loss", [])),
        result=result,
    )


def draws(data: Any) -> bool:
    """Whether it has ``sample(key, n)``; a table has its own ``sample``, of its rows."""
    return hasattr(data, "sample") and not hasattr(data, "__array__")


def samples_of(data: Any, key: Array) -> tuple[np.ndarray, tuple[int, ...]]:
    """Samples to train on ``(n, d)``, and the shape of one.

    Raises:
        ShapeError, NonFiniteError, ConfigurationError: see ``diffusion``.
    """
    if draws(data):
        found = as_numbers("data", np.asarray(data.sample(key, _TO_STANDARDISE)))
    elif isinstance(data, Dataset):
        found = as_numbers("data", (data if data.split is None else data.train).inputs)
    else:
        found = as_numbers("data", data)
    if found.ndim < 2 or len(found) < 2 or found[0].size == 0:
        raise ShapeError(f"data: expected samples (n, d), two or more, got {found.shape}")
    shape = found.shape[1:]
    found = found.reshape(len(found), -1)
    if not np.isfinite(found).all():
        row, column = map(int, np.argwhere(~np.isfinite(found))[0])
        raise NonFiniteError(
            f"data: expected finite numbers, got {found[row, column]} in sample {row}"
        )
    if not np.ptp(found, axis=0).any():
        raise ConfigurationError("data: expected samples that differ, got all the same")
    return found, shape


def _check_spread(samples: np.ndarray, noise: float) -> None:
    """Refuse a coordinate that would be nothing but the noise of what is learned."""
    deviations = samples.std(axis=0)
    narrow = np.flatnonzero(deviations < 2 * noise)
    if len(narrow):
        raise ConfigurationError(
            f"data: coordinate {narrow[0]} has deviation {deviations[narrow[0]]:.3g}, less than "
            f"twice the noise {noise:.3g} with which data are learned; bring coordinates to one "
            "scale, leave out what never changes, give whole numbers uniform noise, or lower noise"
        )


def _row(network: Any, gaussian: BestGaussian, params: Any, sample: Batch) -> Array:
    return Denoiser(network, gaussian).row(params, sample)


def _fresh(
    source: Any, gaussian: BestGaussian, size: int, key: Array, state: Any, params: Any
) -> tuple[Any, Array, dict[str, Array]]:
    del params
    drawn = source.sample(key, size).reshape(size, -1)
    centre = jnp.asarray(gaussian.centre, drawn.dtype)[None]
    return state, (drawn - centre) / jnp.asarray(gaussian.scale, drawn.dtype), {}
