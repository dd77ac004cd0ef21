"""Four ways to the least of ``(1/n)|y − Xθ|² + λ|θ|²``, which agree to rounding."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, ConvergenceError, ShapeError
from physml.learn.linear.coordinate_descent import descend
from physml.optim import natural_gradient
from physml.sampling import fixed
from physml.train import fit, least_squares


def closed_form(design: np.ndarray, targets: np.ndarray, strength: float) -> np.ndarray:
    """``θ = V S (S² + nλ)⁻¹ Uᵀ y`` of ``X = U S Vᵀ``, which does not square the condition of X.

    Directions in which ``S`` is the rounding of zero, as of an input that stands twice, have no
    part in ``θ``: of a small ``λ`` it would be rounding divided by rounding. Without a penalty the
    inputs' units play no part.

    Args:
        design: ``X``, ``(n, p)``.
        targets: ``y``, ``(n, m)``.
        strength: ``λ ≥ 0``.

    Returns:
        ``θ``, ``(p, m)``.

    Raises:
        ShapeError: without a penalty, a singular design.
    """
    if strength == 0:
        check_rank(design)
        units = _units(design)
        U, S, Vt = np.linalg.svd(design / units, full_matrices=False)
        return (Vt.T @ ((1 / S)[:, None] * (U.T @ targets))) / units[:, None]
    U, S, Vt = np.linalg.svd(design, full_matrices=False)
    shown = max(design.shape) * np.finfo(float).eps * S.max(initial=0.0) < S
    gain = np.where(shown, S / (S**2 + len(design) * strength), 0.0)
    return Vt.T @ (gain[:, None] * (U.T @ targets))


def coordinate_descent(design: np.ndarray, targets: np.ndarray, strength: float) -> np.ndarray:
    """One coefficient after another at its best value, until none of them moves.

    Arguments and value are those of ``closed_form``.

    Raises:
        ConvergenceError: it did not come to rest, or rests at more than the least, since inputs
            depend on one another and the penalty is too small to tell.
        ConfigurationError: without a penalty.
    """
    _check_penalty("coordinate_descent", strength)
    _check_condition("coordinate_descent", design, strength, 1e-4 / 1e-14)  # its tolerance
    return np.stack([descend(design, y, l2=strength, l1=0.0) for y in targets.T], axis=1)


def gradient_descent(
    design: np.ndarray, targets: np.ndarray, strength: float, *, steps: int = 100_000
) -> np.ndarray:
    """``θ ← θ − η ∇C``, with ``η = 2/(L + μ)`` of the largest and smallest curvature.

    The error falls by ``(L − μ)/(L + μ)`` a step. Arguments and value are those of ``closed_form``.

    Raises:
        ConvergenceError: the gradient did not vanish to rounding within so many steps.
        ConfigurationError: without a penalty.
    """
    _check_penalty("gradient_descent", strength)
    n = len(design)
    curvature = 2 * design.T @ design / n + 2 * strength * np.eye(design.shape[1])
    pull = 2 * design.T @ targets / n
    bounds = np.linalg.eigvalsh(curvature)
    rate, theta = 2 / (bounds[0] + bounds[-1]), np.zeros_like(pull)
    for _ in range(steps):
        gradient = curvature @ theta - pull
        if np.abs(gradient).max() <= 1e-14 * max(np.abs(pull).max(), np.finfo(float).tiny):
            return theta
        theta = theta - rate * gradient
    raise ConvergenceError(
        f"gradient_descent: {steps} steps did not do at a condition of "
        f"{bounds[-1] / bounds[0]:.3g}; scale the inputs, or take closed_form"
    )


def natural_gradient_step(design: np.ndarray, targets: np.ndarray, strength: float) -> np.ndarray:
    """One step of the natural gradient about a prior, ``weight_decay = λ``, of length 1.

    The cost of ``least_squares`` with the prior, ``½ mean f² + ½λ|θ|²``, is half of ridge's.
    Arguments and value are those of ``closed_form``; in jax's precision, float32 unless the user
    sets 64 bits.

    Raises:
        ConvergenceError: inputs that depend on one another, by a penalty below the rounding.
        ConfigurationError: without a penalty.
    """
    _check_penalty("natural_gradient_step", strength)
    resolved = 1e-2 / float(jnp.finfo(jnp.result_type(float)).eps)
    _check_condition("natural_gradient_step", design, strength, resolved)
    found = fit(
        least_squares({"targets": lambda theta, sample: sample[0] @ theta - sample[1]}),
        fixed({"targets": (jnp.asarray(design), jnp.asarray(targets))}),
        natural_gradient(1.0, damping=0.0, weight_decay=strength),
        jnp.zeros((design.shape[1], targets.shape[1])),
        steps=1,
        key=jax.random.key(0),  # nothing is drawn
        look_beyond=False,
        progress=False,
    )
    return np.asarray(found.params, float)


def check_rank(design: np.ndarray) -> None:
    """Refuse a design that does not determine its coefficients, whatever the units of its columns.

    Raises:
        ShapeError: linearly dependent columns, to rounding.
    """
    rank = int(np.linalg.matrix_rank(design / _units(design)))
    if rank < design.shape[1]:
        raise ShapeError(
            f"inputs: singular design, whose {design.shape[1]} columns have rank {rank} in "
            f"{len(design)} samples (an intercept takes one): leave out inputs that depend on "
            "others, or give a strength > 0"
        )


def _units(design: np.ndarray) -> np.ndarray:
    """The power of 2, which rounds nothing, next to the length of each column; 1 of zeros."""
    largest = np.abs(design).max(axis=0, initial=0.0)
    largest = np.where(largest > 0, largest, 1.0)
    lengths = largest * np.maximum(np.linalg.norm(design / largest, axis=0), 1.0)
    units: np.ndarray = np.exp2(np.round(np.log2(lengths)))
    return units


def _check_penalty(name: str, strength: float) -> None:
    if not strength > 0:
        raise ConfigurationError(
            f"{name}: expected a strength > 0, got {strength}; without a penalty take closed_form"
        )


def _check_condition(name: str, design: np.ndarray, strength: float, most: float) -> None:
    """Refuse what a way that squares the condition of X cannot tell from rounding."""
    bends = np.linalg.svd(design, compute_uv=False) ** 2 / len(design)
    least = bends.min() if len(bends) == design.shape[1] else 0.0
    condition = (bends.max() + strength) / (least + strength)
    if condition > most:
        raise ConvergenceError(
            f"{name}: expected a condition up to {most:.0e}, got {condition:.1e}; scale the "
            "inputs, give a larger strength, or take closed_form"
        )
