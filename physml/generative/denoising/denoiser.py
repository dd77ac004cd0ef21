"""The score of noised data: the best Gaussian's, exactly, and a network for what is left.

Of standardised data ``z`` with ``z_φ = cos φ z₀ + sin φ ε`` the velocity ``v = dz_φ/dφ =
cos φ ε − sin φ z₀`` is predicted. Then ``z₀ = cos φ z − sin φ v``, ``ε = sin φ z + cos φ v``, and

    ∇ ln p_φ(z) = −E[ε|z]/sin φ = −z − cot φ E[v|z],        dz/dφ = E[v|z]   (probability flow)

Where nothing is known, far out or near the end, ``v = 0`` is the score of a normal density: samples
stay bounded.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ShapeError

# λ = ln tan φ is from −5 to 5 as a rule: brought to the size of the other inputs.
_LEVEL = 2.5

# A density that is smooth on the scale σ has v of order sin φ/σ where sin φ is less.
_SMOOTH = 0.1


class BestGaussian(NamedTuple):
    """Mean, one deviation of all, and covariance of data; the trivial answer, beside a network.

    Attributes:
        centre: ``(d,)``.
        scale: root of the mean variance, a number: lengths keep their ratios.
        variances: eigenvalues of the covariance of ``z = (x − centre)/scale``, ``(d,)``.
        axes: its eigenvectors, columns, ``(d, d)``.
    """

    centre: Any
    scale: Any
    variances: Any
    axes: Any

    @classmethod
    def of(cls, samples: np.ndarray) -> BestGaussian:
        """Of samples ``(n, d)`` that are not all the same, ``n > d``.

        Raises:
            ShapeError: no more samples than coordinates, whose covariance is singular.
        """
        if samples.shape[0] <= samples.shape[1]:
            raise ShapeError(
                f"data: expected more samples than coordinates, or their covariance is singular, "
                f"got {samples.shape[0]} of {samples.shape[1]}; give more, or fewer coordinates"
            )
        centre = samples.mean(axis=0)
        scale = np.sqrt(np.mean(np.var(samples, axis=0)))
        z = (samples - centre) / scale
        variances, axes = np.linalg.eigh(z.T @ z / len(z))
        return cls(centre, scale, np.maximum(variances, 0.0), axes)

    def velocity(self, z: Array, angle: Array) -> Array:
        """``E[v|z]`` of one point, were the data Gaussian."""
        spread = jnp.asarray(self.variances, z.dtype)
        kept, noise = jnp.cos(angle), jnp.sin(angle)
        gain = kept * noise * (1 - spread) / (kept**2 * spread + noise**2)
        axes = jnp.asarray(self.axes, z.dtype)
        return axes @ (gain * (axes.T @ z))

    def log_prob(self, z: Array, angle: Array) -> Array:
        """``ln p_φ`` of one point, were the data Gaussian."""
        spread = jnp.cos(angle) ** 2 * jnp.asarray(self.variances, z.dtype) + jnp.sin(angle) ** 2
        along = jnp.asarray(self.axes, z.dtype).T @ z
        return -0.5 * jnp.sum(along**2 / spread + jnp.log(2 * jnp.pi * spread))


class Denoiser(NamedTuple):
    """``(params, z, φ) -> v``.

    Attributes:
        network: of a point ``(d + 1,)``, ``z`` and ``ln tan φ / 2.5``, with ``d`` outputs.
        gaussian: of the data.
    """

    network: Any
    gaussian: BestGaussian

    def velocity(self, params: Any, z: Array, angle: Array) -> Array:
        """``E[v|z]`` of one point ``(d,)``."""
        left = self.network.apply(params, inputs_of(z, angle))
        noise = jnp.sin(angle)
        gain = noise / jnp.sqrt(noise**2 + _SMOOTH**2)
        return self.gaussian.velocity(z, angle) + gain * left

    def score(self, params: Any, z: Array, angle: Array) -> Array:
        """``∇ ln p_φ`` of one point ``(d,)``."""
        return -z - self.velocity(params, z, angle) / jnp.tan(angle)

    def row(self, params: Any, sample: dict[str, Array]) -> Array:
        """``√w (v_θ(z_φ, φ) − v)``: what is least on average where the score is exact."""
        told = self.velocity(params, sample["place"], sample["angle"])
        return sample["root"] * (told - sample["velocity"])


def inputs_of(z: Array, angle: Array) -> Array:
    """What a network sees of a point and a noise level, ``(d + 1,)``."""
    return jnp.append(z, jnp.log(jnp.tan(angle)) / _LEVEL)
