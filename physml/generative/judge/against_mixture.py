"""A learned diffusion against the exact one of a mixture: score, likelihood, samples."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.generative.denoising.diffusion_density import DiffusionDensity
from physml.generative.denoising.gaussian_mixture import GaussianMixture
from physml.generative.denoising.noised_batch import noised
from physml.generative.denoising.score_equation import score_residual

_BINS = 12

_LEAST = 100


class AgainstMixture(NamedTuple):
    """What a diffusion density is worth beside the mixture it was learned from.

    Attributes:
        score_error: ``√(∫β E|s − s*|² dt / ∫β E|s*|² dt)``, over times of the forward process.
        score_bound: ``½ ∫β E|s − s*|² dt`` in nats, at least ``KL(p‖p_θ)`` of the reverse SDE.
        score_bound_error: its standard deviation.
        kl: ``E_p[ln p − ln p_θ]`` by the probability flow, in nats, of samples of the mixture.
        kl_error: its standard deviation.
        gaussian_kl: the same of one Gaussian: the trivial answer.
        log_likelihood: ``E_p[ln p_θ]``.
        exact: ``E_p[ln p]`` of the same samples.
        residual: of the score's Fokker–Planck equation, root mean square over that of ``∂_t s``.
        exact_residual: of the exact score at the same points, by the same code: rounding.
        angles: midpoints of bins of ``sin φ``, ``(b,)``.
        errors: the relative error of the score in each.
    """

    score_error: float
    score_bound: float
    score_bound_error: float
    kl: float
    kl_error: float
    gaussian_kl: float
    log_likelihood: float
    exact: float
    residual: float
    exact_residual: float
    angles: np.ndarray
    errors: np.ndarray


def against_mixture(
    density: DiffusionDensity, mixture: GaussianMixture, *, samples: int, key: Array
) -> AgainstMixture:
    """Judge by fresh samples of the mixture.

    With ``ln sin φ`` uniform, ``½β|s − s*|² dt = tan² φ |s − s*|² d ln sin φ``.

    Args:
        density: learned from samples of it.
        mixture: where all is known.
        samples: fresh ones, for each of score and likelihood; at least 100.
        key: a random key.

    Raises:
        ConfigurationError: fewer samples.
        ShapeError: a mixture of another dimension.
    """
    samples = as_whole("samples", samples, least=_LEAST)
    if mixture.dimension != density.dimension:
        raise ShapeError(
            f"mixture: expected one of dimension {density.dimension}, got {mixture.dimension}"
        )
    denoiser, params = density.denoiser, density.params
    known = mixture.scaled(denoiser.gaussian.centre, float(denoiser.gaussian.scale))
    least, most = density.angles
    key_noise, key_data, key_points = jax.random.split(key, 3)
    batch = noised(least, most, key_noise, known.sample(key_data, samples))
    z, angle = batch["denoised"]["place"], batch["denoised"]["angle"]

    @jax.jit
    def scores(z: Array, angle: Array) -> tuple[Array, Array]:
        told = jax.vmap(partial(denoiser.score, params))(z, angle)
        return told, jax.vmap(known.score)(z, angle)

    told, exact = (np.asarray(s, float) for s in scores(z, angle))
    weight = np.tan(np.asarray(angle, float)) ** 2
    missed = weight * np.sum((told - exact) ** 2, axis=1)
    whole = weight * np.sum(exact**2, axis=1)
    span = float(np.log(np.sin(most) / np.sin(least)))
    parts = np.array_split(np.arange(samples), _BINS)

    points = mixture.sample(key_points, samples)
    exact_logs = np.asarray(jax.jit(jax.vmap(mixture.log_prob))(points), float)
    logs = density.log_prob(points)
    lost = exact_logs - logs
    some = slice(None, None, max(1, samples // 1000))
    learned, of_exact = _residuals(density, known, z[some], angle[some])
    return AgainstMixture(
        score_error=float(np.sqrt(missed.sum() / whole.sum())),
        score_bound=span * float(missed.mean()),
        score_bound_error=span * float(missed.std(ddof=1) / np.sqrt(samples)),
        kl=float(lost.mean()),
        kl_error=float(lost.std(ddof=1) / np.sqrt(samples)),
        gaussian_kl=float(np.mean(exact_logs - density.gaussian_log_prob(points))),
        log_likelihood=float(logs.mean()),
        exact=float(exact_logs.mean()),
        residual=learned,
        exact_residual=of_exact,
        angles=np.array([float(np.median(np.sin(angle[part]))) for part in parts]),
        errors=np.array([np.sqrt(missed[part].sum() / whole[part].sum()) for part in parts]),
    )


def _residuals(
    density: DiffusionDensity, known: GaussianMixture, z: Array, angle: Array
) -> tuple[float, float]:
    """Relative residuals of the score's equation: of the learned and of the exact one."""
    schedule, denoiser = density.schedule, density.denoiser
    t = jax.vmap(schedule.time)(angle)

    def learned(x: Array, t: Array) -> Array:
        return denoiser.score(density.params, x, schedule.angle(t))

    def exact(x: Array, t: Array) -> Array:
        return known.score(x, schedule.angle(t))

    def change(x: Array, t: Array) -> Array:
        return jax.jvp(lambda t: exact(x, t), (t,), (jnp.ones_like(t),))[1]

    @jax.jit
    def all_of(z: Array, t: Array) -> Any:
        return tuple(
            jax.vmap(one)(z, t)
            for one in (
                lambda x, t: score_residual(learned, schedule, x, t),
                lambda x, t: score_residual(exact, schedule, x, t),
                change,
            )
        )

    # Where β t is small ∂_t s is as large as 1/t²: each time counts alike.
    ours, theirs, scale = (np.asarray(a, float) * np.asarray(t)[:, None] for a in all_of(z, t))
    size = np.sqrt(np.mean(scale**2))
    return float(np.sqrt(np.mean(ours**2)) / size), float(np.sqrt(np.mean(theirs**2)) / size)
