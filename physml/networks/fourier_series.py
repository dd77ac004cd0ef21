"""The network whose value is a Fourier series with amplitudes that are polynomials."""

from __future__ import annotations

from functools import reduce

import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError, ShapeError
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import checked_depth, checked_outputs, checked_size

__all__ = ["FourierSeries"]


class FourierSeries(nn.Module):
    """``u = Σ_j [a_j0 + Σ_k a_jk cos kθ + b_jk sin kθ] T_j(y)``: amplitudes by Chebyshev ``T_j``.

    For smooth problems with one periodic coordinate, the last: of the point that a ``Problem``
    embeds, the last two entries are ``cos θ`` and ``sin θ`` and those before them ``y``, such as
    the time, each from −1 to 1 over the domain; of several the ``T_j`` are all products.

    One layer of fixed features and linear in its parameters, which start at zero: Gauss–Newton
    finds the least residual of a linear equation in two steps, of a quadratic one in about four. It
    has ``(1 + 2K) P^d`` parameters a component for ``K`` waves and ``P`` polynomials of ``d``
    coordinates, and the linear algebra takes the third power of them: ``march`` solves it in slabs
    of time so short that few polynomials do.

    Attributes:
        polynomials: ``P``, how many of each coordinate of ``y``: degrees 0 to ``P − 1``.
        waves: the highest ``k``.
        outputs: None for a scalar field with value ``()``; ``m`` for a value ``(m,)``.

    Raises:
        ConfigurationError: polynomials, waves or outputs are not positive integers.
        ShapeError: a point without ``cos θ`` and ``sin θ``.

    Source: features that stay fixed and block time marching as in Dong and Li (2021),
    doi:10.1016/j.cma.2021.114129, whose features are random.

    >>> import jax, jax.numpy as jnp
    >>> network = FourierSeries(4, waves=3)
    >>> z = jnp.array([0.1, 1.0, 0.0])
    >>> network.apply(network.init(jax.random.key(0), z), z).shape
    ()
    """

    polynomials: int
    waves: int
    outputs: int | None = None

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.polynomials = checked_depth("polynomials", self.polynomials)
        self.waves = checked_size("waves", self.waves)
        self.outputs = checked_outputs(self.outputs)
        super().__post_init__()

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The value at one embedded point.

        Args:
            z: ``(d + 2,)``: ``y``, ``cos θ``, ``sin θ``.

        Returns:
            ``()``, or ``(outputs,)``.
        """
        z = jnp.ravel(z)
        if z.size < 3:
            raise ShapeError(
                "FourierSeries: expected a point (y, cos θ, sin θ) of a problem whose last "
                f"coordinate is periodic, got shape {z.shape}"
            )
        z = z.astype(jnp.result_type(z, float))
        angle = jnp.arctan2(z[-1], z[-2]) * jnp.arange(1, self.waves + 1)
        basis = jnp.concatenate([jnp.ones(1, z.dtype), jnp.cos(angle), jnp.sin(angle)])
        products = reduce(jnp.kron, (_chebyshev(y, self.polynomials) for y in z[:-2]))
        count = self.outputs or 1
        shape = (count, basis.size, products.size)
        amplitudes = self.param("amplitudes", nn.initializers.zeros, shape, z.dtype)
        value = (amplitudes @ products) @ basis
        return value[0] if self.outputs is None else value


def _chebyshev(y: Array, count: int) -> Array:
    """``T_0(y) … T_{count−1}(y)`` by ``T_{j+1} = 2y T_j − T_{j−1}``."""
    values = [jnp.ones_like(y), y]
    for _ in range(count - 2):
        values.append(2 * y * values[-1] - values[-2])
    return jnp.stack(values[:count])


@NetworkSettings.offer("fourier-series")
def _fourier_series(
    outputs: int | None, *, width: int = 20, depth: int = 1, rank: int | None = None
) -> FourierSeries:
    """Fourier series of the last coordinate, with amplitudes that are polynomials of the others.

    Args:
        outputs: length of its value, or None for a scalar.
        width: polynomials of each coordinate.
        depth: layers of fixed features, of which there is one.
        rank: waves; as many as the polynomials if None.
    """
    checked_depth("width", width)
    if depth != 1:
        raise ConfigurationError(
            f"depth: fourier-series has one layer of fixed features; expected 1, got {depth}"
        )
    return FourierSeries(width, width if rank is None else rank, outputs)
