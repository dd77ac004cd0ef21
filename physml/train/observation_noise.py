"""The noise of observations: what is given, and what their residuals say against it.

All rows of observations have one deviation ``s``, hence an observation of term k the noise
``σ_k = s √(n_k/w_k)``: weights of several terms state their noise, ``w ∝ n/σ²``, and those of
samples theirs, ``w_i ∝ 1/σ_i²``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from physml.errors import ConfigurationError, UnknownNameError
from physml.train.fitted import Part

_UNLIKELY = 1e-6


def row_deviation(
    noise: float | Mapping[str, Any], parts: tuple[Part, ...], units: Mapping[str, Any]
) -> float:
    """The one deviation ``s`` of all rows, from the noise of each term's observations."""
    names = [part.name for part in parts]
    if not isinstance(noise, Mapping):
        if len(names) > 1:
            raise ConfigurationError(
                f"noise: expected a dict by term, of {', '.join(names)}, got {noise}"
            )
        noise = {names[0]: noise}
    for name in noise:
        if name not in names:
            raise UnknownNameError("term with observations", name, names)
    missing = set(names) - set(noise)
    if missing:
        raise ConfigurationError(f"noise: expected that of {', '.join(sorted(missing))}, too")
    all_rows = np.concatenate(
        [_deviations(part, noise[part.name], units.get(part.name, 1.0)) for part in parts]
    )
    if np.ptp(all_rows) > 0.02 * all_rows.max():
        told = ", ".join(f"{part.name}: w/n = {_squares(part.scale)}" for part in parts)
        raise ConfigurationError(
            f"noise: {noise} contradicts the weights of the training ({told}), by which rows would "
            f"have deviations {np.array2string(all_rows, precision=3)}: expected weights in the "
            "ratio n/σ², since the fit is the most likely one only then; train with those"
        )
    return float(all_rows.mean())


def noise_of(part: Part, deviation: float, units: Any) -> np.ndarray:
    """The noise of a term's observations in its own units, where rows have a deviation.

    Returns:
        ``()`` or one a component; where samples have weights of their own ``(n,)`` or ``(n, m)``.
    """
    if not part.of_each:
        return np.asarray(deviation / part.scale * np.asarray(units))
    each = deviation / part.scale[:, None] * np.ones(part.components) * np.asarray(units)
    return np.asarray(each[:, 0] if part.components == 1 else each)


def _deviations(part: Part, noise: Any, units: Any) -> np.ndarray:
    """The deviations of rows that the noise of a term's observations means."""
    if not part.of_each:
        return np.asarray(np.ravel(np.asarray(noise) / np.asarray(units)) * part.scale)
    given = np.asarray(noise, float)
    given = given[:, None] if given.ndim == 1 and part.components == 1 else given
    shape = (len(part.scale), part.components)
    try:
        each = np.broadcast_to(given / np.asarray(units), shape)
    except ValueError as error:
        raise ConfigurationError(
            f"noise: {part.name}: expected one number a sample, {shape}, since they have weights "
            f"of their own, got {np.shape(noise)}"
        ) from error
    return np.ravel(each * part.scale[:, None])


def _squares(scale: Any) -> str:
    ends = sorted({float(np.min(scale)) ** 2, float(np.max(scale)) ** 2})
    return " to ".join(f"{end:.3g}" for end in ends)


def check_weights(left: np.ndarray, leverage: np.ndarray, parts: tuple[Part, ...]) -> None:
    """Refuse observations of which some are noisier than others beyond chance."""
    from scipy.special import fdtr, fdtrc  # here, since scipy takes long to load

    squares, freedom, labels = [], [], []
    for part in parts:
        for i in range(part.components):
            rows = slice(part.rows.start + i, part.rows.stop, part.components)
            squares.append(float(np.sum(left[rows] ** 2)))
            freedom.append(float(np.sum(1 - leverage[rows])))
            labels.append(part.name if part.components == 1 else f"{part.name}, component {i}")
    for square, free, label in zip(squares, freedom, labels, strict=True):
        rest = sum(squares) - square, sum(freedom) - free
        if free < 1 or rest[1] < 1 or rest[0] <= 0:
            continue
        ratio = (square / free) / (rest[0] / rest[1])
        apart = not 0.5 <= ratio <= 2
        if apart and min(law(free, rest[1], ratio) for law in (fdtr, fdtrc)) < _UNLIKELY:
            raise ConfigurationError(
                f"posterior: {label}: its noise is {np.sqrt(ratio):.3g} times what the weights say "
                "beside the other observations: expected weights in the ratio n/σ², and components "
                "of different noise as terms of their own; train with those"
            )


def check_noise(given: float, estimate: float, freedom: float) -> None:
    """Warn of a residual that the given noise does not allow, of so many degrees of freedom."""
    from scipy.special import chdtr, chdtrc  # here, since scipy takes long to load

    ratio = (estimate / given) ** 2
    if min(law(freedom, ratio * freedom) for law in (chdtr, chdtrc)) < _UNLIKELY:
        warnings.warn(
            f"posterior: the residual of the observations is {np.sqrt(ratio):.3g} times what the "
            "given noise allows: the noise is another one, or the model cannot describe the data; "
            "bars know nothing of the latter",
            stacklevel=4,
        )
