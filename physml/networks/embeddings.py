"""Fixed features of a point, to be placed before a network: no parameters, nothing trained."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.core import FrozenDict
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.memory import Need, check_memory
from physml.networks.activations import ACTIVATIONS, ActivationName
from physml.networks.initializers import InitialName, initializer
from physml.networks.mlp import MLP
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import checked_size, equal_widths
from physml.ranges import check_positive

__all__ = ["FourierFeatures", "PeriodicEmbedding"]


class PeriodicEmbedding(nn.Module):
    """Coordinates made periodic: ``x → cos(2π (x − a)/P), sin(2π (x − a)/P)``.

    Any smooth function of these features has period ``P`` in ``x``, with all its derivatives. The
    other coordinates pass through, rescaled to ``[−1, 1]`` where bounds are given:
    ``x → (2x − a − b)/(b − a)``. Features come in the order of the coordinates.

    Attributes:
        periodic: coordinate index to ``(a, P)``, lower bound and period.
        bounds: coordinate index to ``(a, b)``, lower and upper bound, of other coordinates.

    Raises:
        ConfigurationError: a period is not positive, bounds do not increase, an index is negative
            or not an integer, or a coordinate is listed twice.

    Source: Dong & Ni, "A method for representing periodic functions and enforcing exactly periodic
    boundary conditions with deep neural networks", arXiv:2007.07442.

    >>> import jax, jax.numpy as jnp
    >>> from physml.networks import MLP
    >>> embedding = PeriodicEmbedding({1: (-1.0, 2.0)}, {0: (0.0, 4.0)})
    >>> [round(float(feature), 6) for feature in embedding.apply({}, jnp.array([1.0, -0.5]))]
    [-0.5, 0.0, 1.0]
    >>> network = nn.Sequential([embedding, MLP((20, 20))])
    >>> network.init_with_output(jax.random.key(0), jnp.zeros(2))[0].shape
    ()
    """

    periodic: Mapping[int, tuple[float, float]]
    bounds: Mapping[int, tuple[float, float]] | None = None

    def __post_init__(self) -> None:
        """Check the numbers where they are written, not where they are first used."""
        bounds = self.bounds or {}
        for name, mapping in (("periodic", self.periodic), ("bounds", bounds)):
            _check_mapping(name, mapping)
        for axis, (_, period) in self.periodic.items():
            if not period > 0:
                raise ConfigurationError(
                    f"periodic: expected (lower bound, period > 0) for coordinate {axis}, got "
                    f"period {period}. For a domain from a to b the period is b - a."
                )
        for axis, (lower, upper) in bounds.items():
            if not upper > lower:
                raise ConfigurationError(
                    f"bounds: expected lower < upper for coordinate {axis}, got ({lower}, {upper})."
                )
        if twice := sorted(set(self.periodic) & set(bounds)):
            raise ConfigurationError(
                f"bounds: expected coordinates that are not periodic, got {twice} in both. "
                "Leave them out of bounds."
            )
        self.periodic = FrozenDict(self.periodic)
        self.bounds = FrozenDict(bounds)
        super().__post_init__()

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The features of one point.

        Args:
            z: point ``(d,)``.

        Returns:
            ``(d + p,)`` for ``p`` periodic coordinates.

        Raises:
            ShapeError: the point is not ``(d,)``, or lacks a coordinate that is listed.
        """
        z = _point("PeriodicEmbedding", z)
        bounds = self.bounds or {}
        if outside := [axis for axis in (*self.periodic, *bounds) if axis >= z.size]:
            raise ShapeError(
                f"PeriodicEmbedding: expected a point with all listed coordinates, got one with "
                f"{z.size}, {z.shape}, without {outside}."
            )
        lower, upper = np.full(z.size, -1.0), np.ones(z.size)
        for axis, (low, high) in bounds.items():
            lower[axis], upper[axis] = low, high
        # One operation for all coordinates: a hundred of them would be slow to compile.
        scaled = (2 * z - jnp.asarray(lower + upper, z.dtype)) / jnp.asarray(upper - lower, z.dtype)
        features, done = [], 0
        for axis in sorted(self.periodic):
            start, period = self.periodic[axis]
            angle = 2 * jnp.pi * (z[axis] - start) / period
            features += [scaled[done:axis], jnp.stack([jnp.cos(angle), jnp.sin(angle)])]
            done = axis + 1
        return jnp.concatenate([*features, scaled[done:]])


class FourierFeatures(nn.Module):
    """Random Fourier features: ``z → [cos(2π B z), sin(2π B z)]``, ``B_ij ~ N(0, σ²)``.

    The frequencies ``B`` are fixed, in cycles per unit length. They are drawn from the seed at
    trace time and are a constant of the compiled program, not a parameter and not a collection of
    variables: no optimizer can move them, ``init`` and ``apply`` keep one pytree of parameters, and
    the module's three numbers are all that a checkpoint needs to draw them again.

    Attributes:
        frequencies: how many, ``m``.
        scale: their standard deviation ``σ`` in cycles per unit length.
        seed: the seed they are drawn from.

    Raises:
        ConfigurationError: the count or the scale is not positive, or the seed is negative.

    Source: Tancik et al., "Fourier features let networks learn high frequency functions in low
    dimensional domains", arXiv:2006.10739.

    >>> import jax.numpy as jnp
    >>> FourierFeatures(16, scale=2.0).apply({}, jnp.array([0.1, 0.2])).shape
    (32,)
    """

    frequencies: int
    scale: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers where they are written, not where they are first used."""
        self.frequencies = checked_size("frequencies", self.frequencies)
        self.seed = as_whole("seed", self.seed, least=0, most=2**63 - 1)
        check_positive("scale", self.scale)
        super().__post_init__()

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The features of one point.

        Args:
            z: point ``(d,)``.

        Returns:
            ``(2 frequencies,)``: cosines, then sines.

        Raises:
            ShapeError: the point is not ``(d,)``.
        """
        z = _point("FourierFeatures", z)
        need = Need(f"3 × {self.frequencies} frequencies × {z.size}", 3 * self.frequencies * z.size)
        check_memory("frequencies", [need], "frequencies, half the width", host=True)
        draw = np.random.default_rng(self.seed).standard_normal((self.frequencies, z.size))
        angle = 2 * jnp.pi * jnp.asarray(self.scale * draw, z.dtype) @ z
        return jnp.concatenate([jnp.cos(angle), jnp.sin(angle)])


def _point(name: str, z: ArrayLike) -> Array:
    z = jnp.asarray(z)
    if z.ndim != 1:
        raise ShapeError(
            f"{name}: expected one point (d,), got {z.shape}. Use jax.vmap for many points."
        )
    return z.astype(jnp.result_type(z, float))


def _is_index(number: object) -> bool:
    return (
        isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(number >= 0)
    )


def _check_mapping(name: str, mapping: object) -> None:
    if not isinstance(mapping, Mapping) or not all(
        _is_index(axis) and isinstance(pair, tuple) and len(pair) == 2
        for axis, pair in mapping.items()
    ):
        raise ConfigurationError(
            f"{name}: expected coordinate indices to pairs of numbers, such as {{1: (-1.0, 2.0)}}, "
            f"got {mapping!r}."
        )


def random_features(width: int, scale: float) -> FourierFeatures:
    """As many features as a layer of this width is wide, half of them cosines and half sines.

    Raises:
        ConfigurationError: for an odd width, or a scale that is not positive.
    """
    if width % 2:
        raise ConfigurationError(
            "width: expected an even number for as many Fourier features, cosines and sines, got "
            f"{width}"
        )
    return FourierFeatures(width // 2, scale=scale)


@NetworkSettings.offer("fourier")
def _fourier(
    outputs: int | None,
    *,
    width: int = 20,
    depth: int = 4,
    scale: float = 1.0,
    activation: ActivationName = "tanh",
    initial: InitialName = "orthogonal",
) -> nn.Sequential:
    """Random Fourier features of the point, then a fully connected network.

    Args:
        outputs: length of its value, or None for a scalar.
        width: neurons a hidden layer, and as many features.
        depth: hidden layers.
        scale: deviation of the frequencies, in cycles per unit length.
        activation: of the hidden layers.
        initial: distribution of the first weights.
    """
    widths = equal_widths(width, depth)
    network = MLP(widths, outputs, ACTIVATIONS[activation], kernel_init=initializer(initial))
    return nn.Sequential((random_features(width, scale), network))
