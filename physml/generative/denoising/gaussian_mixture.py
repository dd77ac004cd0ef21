"""A mixture of Gaussians: a density of which diffusion is known exactly at every time."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import logsumexp

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError


class GaussianMixture(NamedTuple):
    """``p(x) = Σ_k w_k N(x; μ_k, Q_k Λ_k Q_kᵀ)``; ``GaussianMixture.of`` checks what is given.

    Attributes:
        weights: ``(k,)``, of sum 1.
        means: ``(k, d)``.
        variances: ``Λ``, ``(k, d)``.
        axes: ``Q``, ``(k, d, d)``, columns.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> pair = pm.generative.GaussianMixture.of([0.3, 0.7], [[-1.0], [1.0]], 0.01)
    >>> float(pair.log_prob(jnp.array([1.0])).round(4))  # ln 0.7 − ½ ln(2π 0.01)
    1.027
    """

    weights: Any
    means: Any
    variances: Any
    axes: Any

    @classmethod
    def of(cls, weights: Any, means: Any, covariances: Any) -> GaussianMixture:
        """A mixture of what is given.

        Args:
            weights: ``(k,)``, positive, of sum 1.
            means: ``(k, d)``.
            covariances: ``(k, d, d)``; or a variance, of every component and direction.

        Raises:
            ShapeError: shapes that do not fit.
            NonFiniteError: means that are not finite.
            ConfigurationError: weights that are none, a covariance that is not positive.
        """
        w, mu = as_numbers("weights", weights), as_numbers("means", means)
        if w.ndim != 1 or mu.ndim != 2 or len(w) != len(mu) or len(w) == 0:
            raise ShapeError(
                f"weights, means: expected (k,) and (k, d), got {w.shape} and {mu.shape}"
            )
        if not np.isfinite(mu).all():
            raise NonFiniteError("means: expected finite numbers, got a NaN or an infinity")
        if not (w > 0).all() or abs(w.sum() - 1) > 1e-8:
            raise ConfigurationError(f"weights: expected positive ones of sum 1, got {w.tolist()}")
        given, d = as_numbers("covariances", covariances), mu.shape[1]
        if given.ndim == 0:
            given = np.broadcast_to(given * np.eye(d), (len(w), d, d))
        if given.shape != (len(w), d, d):
            raise ShapeError(
                f"covariances: expected {(len(w), d, d)} or one variance, got {given.shape}"
            )
        if not np.isfinite(given).all() or not np.allclose(given, np.swapaxes(given, 1, 2)):
            raise ConfigurationError("covariances: expected finite symmetric matrices")
        variances, axes = np.linalg.eigh(given)
        if not (variances > 0).all():
            raise ConfigurationError(
                f"covariances: expected positive ones, got an eigenvalue {variances.min():.3g}"
            )
        return cls(w, mu, variances, axes)

    @property
    def dimension(self) -> int:
        """``d``."""
        return int(np.shape(self.means)[1])

    def log_parts(self, x: Array) -> Array:
        """``ln w_k N_k`` of one point ``(d,)``, ``(k,)``.

        Raises:
            ShapeError: another shape, as of many points: ``jax.vmap`` is for them.
        """
        if jnp.shape(x) != (self.dimension,):
            raise ShapeError(f"x: expected one point ({self.dimension},), got {jnp.shape(x)}")
        along = jnp.einsum("kij,ki->kj", jnp.asarray(self.axes), x[None] - jnp.asarray(self.means))
        spread = jnp.asarray(self.variances)
        logs = -0.5 * jnp.sum(along**2 / spread + jnp.log(2 * jnp.pi * spread), axis=1)
        return logs + jnp.log(jnp.asarray(self.weights))

    def log_prob(self, x: Array) -> Array:
        """``ln p`` of one point ``(d,)``, normalised."""
        return logsumexp(self.log_parts(x))

    def sample(self, key: Array, n: int) -> Array:
        """Independent samples ``(n, d)``."""
        n = as_whole("n", n, least=1)
        key_part, key_place = jax.random.split(key)
        logs = jnp.log(jnp.asarray(self.weights))
        part = jax.random.categorical(key_part, logs, shape=(n,))
        place = jax.random.normal(key_place, (n, self.dimension))
        place = place * jnp.sqrt(jnp.asarray(self.variances))[part]
        return jnp.asarray(self.means)[part] + jnp.einsum(
            "nij,nj->ni", jnp.asarray(self.axes)[part], place
        )

    def scaled(self, centre: Any, scale: float) -> GaussianMixture:
        """The mixture of ``(x − centre)/scale``."""
        return self._replace(
            means=(self.means - np.asarray(centre)) / scale, variances=self.variances / scale**2
        )

    def noised(self, angle: Array) -> GaussianMixture:
        """The mixture of ``cos φ x + sin φ ε``, ``ε`` normal: diffusion by an angle ``φ``."""
        kept, noise = jnp.cos(angle), jnp.sin(angle)
        return self._replace(
            means=kept * jnp.asarray(self.means),
            variances=kept**2 * jnp.asarray(self.variances) + noise**2,
        )

    def score(self, x: Array, angle: Array) -> Array:
        """``∇ ln p_φ`` of the noised mixture at one point ``(d,)``."""
        return jax.grad(lambda y: self.noised(angle).log_prob(y))(x)
