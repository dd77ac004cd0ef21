"""A network that is invertible entry by entry: half of them scaled and moved by the other half."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.networks.activations import Activation, activation_of
from physml.networks.sizes import checked_widths

__all__ = ["RealNVP"]

# |ln scale| of one layer, so that no layer alone can overflow.
_BOUND = 3.0


class RealNVP(nn.Module):
    """Affine couplings on an alternating checkerboard, then a scale and a shift of each entry.

    Layer ``l`` keeps the entries whose indices sum to the parity of ``l``, ``b``, and moves the
    others, ``a``::

        y_a = x_a e^{s(x_b)} + t(x_b),   y_b = x_b,   ln|∂y/∂x| = Σ s

    Both ``s`` and ``t`` begin at zero, so that at first nothing is moved. The way back is exact:
    ``x_a = (y_a − t(y_b)) e^{−s(y_b)}``.

    Attributes:
        layers: how many; two move every entry once.
        widths: of the hidden layers of the network that gives ``s`` and ``t``.
        odd: whether ``y(−x) = −y(x)``, for densities with ``p(x) = p(−x)``: ``s`` is then made of
            squares, and nothing has a bias that would break it.
        activation: of the hidden layers, or its name; its odd part where ``odd``.

    Raises:
        ConfigurationError: layers or widths that are no positive integers.
        ShapeError: when called, fewer than two entries.

    Source: Dinh, Sohl-Dickstein & Bengio (2017), arXiv:1605.08803; on lattices: Albergo, Kanwar &
    Shanahan (2019), doi:10.1103/PhysRevD.100.034515.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.RealNVP(2, (4,))
    >>> x = jnp.array([[0.3, -0.2], [0.5, 1.0]])
    >>> params = network.init(jax.random.key(0), x)
    >>> y, log_det = network.apply(params, x)
    >>> back, log_way_back = network.apply(params, y, inverse=True)
    >>> bool(jnp.allclose(back, x)), float(log_det + log_way_back)
    (True, 0.0)
    """

    layers: int = 6
    widths: Sequence[int] = (32,)
    odd: bool = False
    activation: Activation | str = jnp.tanh

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.layers = as_whole("layers", self.layers, least=1)
        self.widths = checked_widths(self.widths)
        self.activation = activation_of(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(self, x: ArrayLike, inverse: bool = False) -> tuple[Array, Array]:
        """The map at one point.

        Args:
            x: entries of any shape, two at least.
            inverse: whether to take the way back.

        Returns:
            ``y`` in the shape of ``x``, and ``ln|∂y/∂x|`` of the way that was taken, ``()``.
        """
        entries = jnp.asarray(x)
        if entries.size < 2:
            raise ShapeError(f"x: expected two entries or more to couple, got {entries.shape}")
        parity = np.indices(entries.shape).sum(axis=0).ravel() % 2
        flat, dtype = jnp.ravel(entries), jnp.result_type(float)
        log_scale = self.param("log_scale", nn.initializers.zeros_init(), (flat.size,), dtype)
        shift = (
            jnp.zeros((), dtype)
            if self.odd
            else self.param("shift", nn.initializers.zeros_init(), (flat.size,), dtype)
        )
        log_det = jnp.sum(log_scale)
        if inverse:
            flat, log_det = (flat - shift) * jnp.exp(-log_scale), -log_det
        for layer in reversed(range(self.layers)) if inverse else range(self.layers):
            moved = np.flatnonzero(parity == (layer + 1) % 2)
            s, t = self._coupled(layer, flat[parity == layer % 2], len(moved))
            if inverse:
                flat = flat.at[moved].set((flat[moved] - t) * jnp.exp(-s))
            else:
                flat = flat.at[moved].set(flat[moved] * jnp.exp(s) + t)
            log_det = log_det + (-jnp.sum(s) if inverse else jnp.sum(s))
        if not inverse:
            flat = flat * jnp.exp(log_scale) + shift
        return flat.reshape(entries.shape), log_det

    def _coupled(self, layer: int, kept: Array, moved: int) -> tuple[Array, Array]:
        """Log scale and shift of the entries that are moved, of those that are kept."""
        act, dtype = activation_of(self.activation), jnp.result_type(float)
        h = kept
        for depth, width in enumerate(self.widths):
            name = f"hidden_{layer}_{depth}"
            h = nn.Dense(width, use_bias=not self.odd, param_dtype=dtype, name=name)(h)
            h = 0.5 * (act(h) - act(-h)) if self.odd else act(h)

        def last(name: str, h: Array, bias: bool) -> Array:
            zero = nn.initializers.zeros_init()
            dense = nn.Dense(
                moved, use_bias=bias, kernel_init=zero, param_dtype=dtype, name=f"{name}_{layer}"
            )
            return dense(h)

        s = last("scale", h * h if self.odd else h, True)
        return _BOUND * jnp.tanh(s / _BOUND), last("move", h, not self.odd)
