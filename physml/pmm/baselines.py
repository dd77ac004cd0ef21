"""What else gives levels between or beyond a few points, for the same table.

Eigenvector continuation knows the Hamiltonian; the others, as a matrix model, the levels alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.polynomial import chebyshev as polynomials

from physml.networks import MLP
from physml.optim import by_svd, gauss_newton
from physml.pmm.level_family import Sector
from physml.sampling import fixed
from physml.train import converged, fit, key_of, least_squares
from physml.train.one_program import one_program

__all__ = ["Curve", "chebyshev", "eigenvector_continuation", "gaussian_process", "network"]

_LENGTHS = np.geomspace(0.05, 5.0, 61)
"""Lengths of a kernel, in units of half the range of points, of which the likeliest is taken."""

_JITTER = 1e-12
"""Variance of an observation beside that of the function: rounding is not to be interpolated."""


_DEPENDENT = 1e-10
"""Part of the largest singular value below which vectors of snapshots are of the others."""


class Curve(NamedTuple):
    """Levels at the points asked for.

    Attributes:
        levels: ``(n, m)``.
        parameters: how many numbers they are of; 0 where that means nothing.
    """

    levels: np.ndarray
    parameters: int


def eigenvector_continuation(
    sectors: Sequence[Sector], sizes: Sequence[int], seen: np.ndarray, asked: np.ndarray
) -> Curve:
    """Levels of ``H`` projected on eigenvectors at a few points: ``λ(Vᵀ H(x) V)``.

    Of each sector it takes the vectors of all levels kept at as many points, at equal distances
    among those seen, as the size says: a larger matrix where more than one level is kept. By the
    variational principle no level is too low.

    Args:
        sectors: of the Hamiltonian, known.
        sizes: how many points, by sector.
        seen: ``(k,)``.
        asked: ``(n,)``.

    Source: Frame, He, Ipsen, Lee, Lee and Rrapaj (2018), doi:10.1103/PhysRevLett.121.032501.

    >>> sector = Sector(np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]]), 1)
    >>> curve = eigenvector_continuation([sector], [2], np.linspace(0, 1, 5), np.array([3.0]))
    >>> round(float(curve.levels[0, 0]), 6)  # ½ − √(¼ + 9), exact in two dimensions
    -2.541381
    """
    columns = []
    for sector, size in zip(sectors, sizes, strict=True):
        places = np.unique(np.linspace(0, len(seen) - 1, size).round().astype(int))
        vectors = [np.linalg.eigh(sector.at(seen[i]))[1][:, : sector.kept] for i in places]
        basis, lengths, _ = np.linalg.svd(np.concatenate(vectors, axis=1), full_matrices=False)
        basis = basis[:, lengths > _DEPENDENT * lengths[0]]
        a, b = (basis.T @ part @ basis for part in (sector.constant, sector.slope))
        columns.append([np.linalg.eigvalsh(a + x * b)[: sector.kept] for x in asked])
    return Curve(np.concatenate([np.array(c) for c in columns], axis=1), 0)


def chebyshev(seen: np.ndarray, levels: np.ndarray, asked: np.ndarray) -> Curve:
    """A sum of Chebyshev polynomials by least squares, of the degree with the least error left out.

    Each point is left out in turn, in closed form ``r_i/(1 − H_ii)``, for all degrees to half the
    number of points.

    Args:
        seen: ``(k,)``.
        levels: ``(k, m)``.
        asked: ``(n,)``.

    >>> x = np.linspace(0, 1, 12)
    >>> curve = chebyshev(x, (x**3)[:, None], np.array([2.0]))
    >>> round(float(curve.levels[0, 0]), 6)
    8.0
    """
    z, target = _scaled(seen, seen), _scaled(asked, seen)
    best: tuple[float, int] = (np.inf, 0)
    for degree in range(max(len(seen) // 2, 1) + 1):
        basis, _ = np.linalg.qr(polynomials.chebvander(z, degree))
        left = levels - basis @ (basis.T @ levels)
        out = left / (1.0 - np.sum(basis**2, axis=1))[:, None]
        best = min(best, (float(np.mean(out**2)), degree))
    fitted = polynomials.chebfit(z, levels, best[1])
    told = polynomials.chebvander(target, best[1]) @ fitted
    return Curve(told, fitted.size)


def gaussian_process(seen: np.ndarray, levels: np.ndarray, asked: np.ndarray) -> Curve:
    """The mean of a Gaussian process, kernel ``a² exp(−(x − x')²/2ℓ²)``, of the likeliest ``a, ℓ``.

    One length for all levels, an amplitude for each; no noise beyond rounding.

    Args:
        seen: ``(k,)``.
        levels: ``(k, m)``.
        asked: ``(n,)``.

    Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, chapter 5.

    >>> x = np.linspace(0, 3, 12)
    >>> curve = gaussian_process(x, np.sin(x)[:, None], np.array([1.234]))
    >>> bool(abs(curve.levels[0, 0] - np.sin(1.234)) < 1e-5)
    True
    """
    z, target = _scaled(seen, seen), _scaled(asked, seen)
    mean = levels.mean(axis=0)
    y = levels - mean
    best, found = np.inf, np.zeros((len(asked), levels.shape[1]))
    for length in _LENGTHS:
        kernel = _kernel(z, z, length) + _JITTER * np.eye(len(z))
        try:
            factor = np.linalg.cholesky(kernel)
        except np.linalg.LinAlgError:  # so long that rounding hides what it says
            continue
        weights = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
        variance = np.sum(y * weights, axis=0) / len(z)
        logs = np.log(np.maximum(variance, np.finfo(float).tiny))
        cost = float(np.sum(len(z) * logs + 2 * np.sum(np.log(np.diagonal(factor)))))
        if cost < best:
            best, found = cost, mean + _kernel(target, z, length) @ weights
    return Curve(found, levels.shape[1] + 1)


def network(
    seen: np.ndarray,
    levels: np.ndarray,
    asked: np.ndarray,
    *,
    parameters: int,
    starts: int,
    steps: int,
    key: Array,
) -> Curve:
    """A network of one hidden layer of tanh, of as many parameters, by the same step and starts.

    Args:
        seen: ``(k,)``.
        levels: ``(k, m)``.
        asked: ``(n,)``.
        parameters: about how many; a neuron has ``2 + m``, and there are ``m`` more.
        starts: of which that with the least training error is taken.
        steps: at most, of each.
        key: a random key.
    """
    m = levels.shape[1]
    model = MLP((max(round((parameters - m) / (2 + m)), 1),), outputs=m)
    mean, deviation = levels.mean(), levels.std()
    z = jnp.asarray(_scaled(seen, seen))[:, None]
    sampler = fixed({"levels": (z, jnp.asarray((levels - mean) / deviation))})
    objective = least_squares({"levels": lambda params, s: model.apply(params, s[0]) - s[1]})
    optimizer, rule = gauss_newton(factorise=by_svd), converged()
    fits = []
    with one_program():
        for number in range(starts):
            own = key_of(key, number)
            params = model.init(own, z[0])
            fits.append(
                fit(
                    objective,
                    sampler,
                    optimizer,
                    params,
                    steps=steps,
                    key=own,
                    until=rule,
                    progress=False,
                )
            )
    best = min(fits, key=lambda found: float(found.history["loss"][-1]))
    target = jnp.asarray(_scaled(asked, seen))[:, None]
    told = np.asarray(jax.vmap(model.apply, (None, 0))(best.params, target), np.float64)
    return Curve(mean + deviation * told, sum(leaf.size for leaf in jax.tree.leaves(best.params)))


def _scaled(x: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Points, with those seen in [−1, 1]."""
    low, high = seen.min(), seen.max()
    return (2 * x - low - high) / (high - low)


def _kernel(x: np.ndarray, other: np.ndarray, length: float) -> np.ndarray:
    return np.exp(-0.5 * ((x[:, None] - other[None, :]) / length) ** 2)
