"""Jumps of a price: how often, how far, and their mean by quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError

# Of the count of jumps in one step: what is left out is below 1e-12 for a mean of 0.1 and less.
_MOST = 9
# Counts that are rarer in a step are left out of means over jumps.
_RARE = 1e-8
_LARGEST_MEAN = 0.5
# Of a count whose chance in a step is above the first number, one node for so many.
_NODES = ((1e-2, 1), (1e-4, 2), (1e-6, 4), (0.0, 6))


@dataclass(frozen=True)
class Jumps:
    """Jumps ``J ~ N(m, δ²)`` of every coordinate of ``X`` together, at Poisson times of rate ``ν``.

    Attributes:
        rate: ``ν``, in one unit of time.
        mean: ``m``.
        deviation: ``δ``.
        nodes: of Gauss and Hermite's rule, for means over ``J``.
    """

    rate: float
    mean: float
    deviation: float
    nodes: int = 12

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        if not 0 <= self.rate < float("inf"):
            raise ConfigurationError(f"rate: expected jumps a unit of time ≥ 0, got {self.rate}")
        if not 0 <= self.deviation < float("inf") or not np.isfinite(self.mean):
            raise ConfigurationError(
                "deviation: expected a finite mean and a deviation ≥ 0, got "
                f"{self.mean} and {self.deviation}"
            )
        as_whole("nodes", self.nodes, least=1)

    def draw(self, key: Array, steps: int, step: float) -> Array:
        """What jumps add in each step, ``(steps,)``: ``N(km, kδ²)`` of ``k`` of them."""
        key_count, key_size = jax.random.split(key)
        chances = jnp.asarray(np.cumsum(self.chances(step))[:-1])
        uniform = jax.random.uniform(key_count, (steps,))
        count = jnp.searchsorted(chances, uniform).astype(uniform.dtype)
        normal = jax.random.normal(key_size, (steps,))
        return count * self.mean + jnp.sqrt(count) * self.deviation * normal

    def chances(self, step: float) -> np.ndarray:
        """Of ``k = 0, 1, ...`` jumps in a step, Poisson's, cut off and made to add to 1.

        Raises:
            ConfigurationError: a step with so many jumps that those cut off would count.
        """
        mean = self.rate * step
        if mean > _LARGEST_MEAN:
            raise ConfigurationError(
                f"steps: expected at most {_LARGEST_MEAN} jumps a step on average, got {mean:.3g}"
            )
        from scipy.stats import poisson

        found = poisson.pmf(np.arange(_MOST + 1), mean)
        return np.asarray(found / found.sum())

    def rule(self, step: float) -> tuple[np.ndarray, np.ndarray]:
        """Sizes and weights for means over what a step's jumps add, ``(q,)`` each.

        Exact for polynomials up to degree ``2 nodes − 1``, given how many jumps there are.
        """
        places, weights = np.polynomial.hermite_e.hermegauss(self.nodes)
        sizes, parts = [np.zeros(1)], [self.chances(step)[:1]]
        for k, chance in enumerate(self.chances(step)[1:], start=1):
            if chance > _RARE:
                sizes.append(k * self.mean + k**0.5 * self.deviation * places)
                parts.append(chance * weights / weights.sum())
        return np.concatenate(sizes), np.concatenate(parts)

    def mixture(self, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Counts ``k``, normals ``ξ`` and weights, ``(q,)`` each, for means over a whole step.

        What a step adds is ``N(km + μΔt, kδ² + σ²Δt)`` given ``k`` jumps, at ``ξ`` deviations from
        its mean. Rarer counts have fewer nodes, ``nodes`` where the chance is above 1%.
        """
        counts, normals, parts = [], [], []
        for k, chance in enumerate(self.chances(step)):
            if chance > _RARE:
                fewer = next(part for least, part in _NODES if chance > least)
                nodes = max(2, self.nodes // fewer)
                places, weights = np.polynomial.hermite_e.hermegauss(nodes)
                counts.append(np.full(nodes, float(k)))
                normals.append(places)
                parts.append(chance * weights / weights.sum())
        weights = np.concatenate(parts)
        return np.concatenate(counts), np.concatenate(normals), weights / weights.sum()

    def numbers(self) -> dict[str, Any]:
        """Plain data."""
        return {"rate": self.rate, "mean": self.mean, "deviation": self.deviation}
