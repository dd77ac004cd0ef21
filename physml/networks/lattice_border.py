"""A network whose output of a site sees the border of the sites before it: periodic lattices."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.errors import ShapeError

__all__ = ["LatticeBorder"]


class LatticeBorder(nn.Module):
    """Of the sites before it, each site sees those that have a neighbour yet to come.

    Where energies couple neighbours alone, no others matter: given the border ``B_j`` of
    ``1 … j−1``, spins inside are independent of those to come. Of ``L × L`` periodic sites that is
    ``2L`` at most: the row above, the row itself to the left, and the first row and column, which
    meet the last ones around the edge::

        z_j = Σ_c w_jc tanh(Σ_{i∈B_j} W_jci s_i) + Σ_{i∈B_j} v_ji s_i

    There are no biases: ``z(−s) = −z(s)``, so that the density ``Σ_j ln σ(2 s_j z_j)`` is even by
    itself, and needs no ``½(q(s) + q(−s))``. With a field, or with bonds beyond nearest
    neighbours, it is the wrong network.

    Attributes:
        channels: of a site.

    Raises:
        ConfigurationError: channels that are no positive integer.
        ShapeError: when called, a configuration that is no lattice of rows and columns.

    Source: Białas, Korcyl & Stebel (2022), arXiv:2203.10989 (borders of nearest neighbours).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network, s = pm.networks.LatticeBorder(2), jnp.ones((3, 3))
    >>> params = network.init(jax.random.key(0), s)
    >>> seen = jax.jacobian(lambda s: network.apply(params, s).ravel())(s).reshape(9, 9)
    >>> bool((jnp.triu(seen) == 0).all())
    True
    """

    channels: int = 8

    def __post_init__(self) -> None:
        """Check the size where it is written, not where it is first used."""
        self.channels = as_whole("channels", self.channels, least=1)
        super().__post_init__()

    @nn.compact
    def __call__(self, s: ArrayLike) -> Array:
        """The outputs at one configuration.

        Args:
            s: ``(rows, columns)``, in the order of ``ravel``.

        Returns:
            ``(rows, columns)``.
        """
        spins = jnp.asarray(s)
        if spins.ndim != 2:
            raise ShapeError(f"s: expected rows and columns, got {spins.shape}")
        dtype = jnp.result_type(float)
        sites, places, which, many = _borders(*spins.shape)
        zero, normal = nn.initializers.zeros_init(), nn.initializers.normal

        def of_border(name: str, init: jax.nn.initializers.Initializer, channels: int) -> Array:
            """Weights of each site and place of its border, ``(N, most, channels)``."""
            weights = self.param(name, init, (len(sites), channels), dtype)
            return jnp.zeros((spins.size, many, channels), dtype).at[sites, places].set(weights)

        hidden = of_border("hidden", normal(1 / np.sqrt(max(many, 1))), self.channels)
        linear = of_border("linear", zero, 1)[:, :, 0]
        last = self.param("last", normal(0.1), (spins.size, self.channels), dtype)
        seen = jnp.zeros((spins.size, many), dtype).at[sites, places].set(jnp.ravel(spins)[which])
        h = jnp.tanh(jnp.einsum("jb,jbc->jc", seen, hidden))
        return (jnp.sum(h * last, 1) + jnp.sum(seen * linear, 1)).reshape(spins.shape)

    def blocks(self, shape: tuple[int, int]) -> dict[str, dict[str, np.ndarray]]:
        """The site whose output each parameter is of, in a pytree like the parameters.

        For ``pm.optim.in_blocks``: with samples of the density, the metric has no others.

        Args:
            shape: rows and columns.

        Raises:
            ShapeError: another number of axes.

        >>> import numpy as np, physml as pm
        >>> blocks = pm.networks.LatticeBorder(2).blocks((3, 3))["params"]
        >>> np.bincount(blocks["hidden"][:, 0]).tolist()  # sites in the border of each
        [0, 1, 2, 3, 4, 5, 6, 5, 4]
        """
        if len(shape) != 2:
            raise ShapeError(f"shape: expected rows and columns, got {shape}")
        sites, number = _borders(*shape)[0], np.arange(shape[0] * shape[1])
        return {
            "params": {
                "hidden": np.repeat(sites[:, None], self.channels, 1),
                "linear": sites[:, None],
                "last": np.repeat(number[:, None], self.channels, 1),
            }
        }


def _borders(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Sites, places in their borders, the sites that stand there, and the places of the longest."""
    number = np.arange(rows * columns).reshape(rows, columns)
    shifted = [np.roll(number, by, axis).ravel() for axis in (0, 1) for by in (1, -1)]
    latest = np.max(shifted, axis=0)  # a site matters until its last neighbour is drawn
    found = [np.flatnonzero(latest[:j] >= j) for j in range(rows * columns)]
    sites = np.repeat(np.arange(len(found)), [len(border) for border in found])
    places = np.concatenate([np.arange(len(border)) for border in found])
    return sites, places, np.concatenate(found), max(map(len, found))
