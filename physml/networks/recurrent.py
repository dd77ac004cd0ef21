"""The recurrent network of a series: plain, with gates, or with a long short-term memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ShapeError, UnknownNameError
from physml.networks.initializers import glorot_normal, orthogonal
from physml.networks.settings import NetworkSettings
from physml.networks.sizes import check_kernel, checked_depth, checked_outputs, checked_size

__all__ = ["Recurrent"]

CellName = Literal["rnn", "gru", "lstm"]

CELLS: dict[CellName, int] = {"rnn": 1, "gru": 3, "lstm": 4}
"""The cells, and how many times its width each takes of ``W x + b``."""

Step = Callable[[dict[str, Array], Any, Array], Any]
"""``(kernels of h, state, x W + b) -> state``, of which ``h`` is the first part."""


class Recurrent(nn.Module):
    """Recurrent network: ``s_t = cell(x_t, s_{t−1})``, ``s_0 = 0``, then ``h_T V + c``.

    With ``σ`` the logistic function and ``⊙`` the product entry by entry::

        rnn    h ← tanh(x W + h U + b)
        gru    r, z = σ(x W_r + h U_r + b_r), σ(x W_z + h U_z + b_z)
               h ← (1 − z) ⊙ tanh(x W_n + b_n + r ⊙ (h U_n + d)) + z ⊙ h
        lstm   i, f, o = σ(x W + h U + b) of each,   g = tanh(x W_g + h U_g + b_g)
               c ← f ⊙ c + i ⊙ g,   h ← o ⊙ tanh c

    Kernels start as Glorot's normal numbers, those of ``h`` orthogonal, biases at zero but that of
    an lstm's ``f`` at one, so that it remembers at the start.

    Attributes:
        width: length of ``h``.
        outputs: None for a scalar; ``m`` for a vector.
        cell: "rnn", "gru" or "lstm".
        depth: layers, of which each takes the ``h`` of the one before as its series.
        every_step: the value at each step, of the series so far, and not at the last alone.

    Raises:
        ConfigurationError: sizes that are no positive integers.
        UnknownNameError: another cell.
        ShapeError: in use, what is no series ``(t, d)``.

    Sources: Elman (1990), doi:10.1207/s15516709cog1402_1; Cho et al. (2014), arXiv:1406.1078, with
    ``r`` after the product; Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735;
    Gers, Schmidhuber and Cummins (2000), doi:10.1162/089976600300015015 (the gate ``f``).

    >>> import jax, jax.numpy as jnp
    >>> series = jnp.ones((7, 3))
    >>> Recurrent(8, 2).init_with_output(jax.random.key(0), series)[0].shape
    (2,)
    >>> network = Recurrent(8, 2, cell="gru", every_step=True)
    >>> network.init_with_output(jax.random.key(0), series)[0].shape
    (7, 2)
    """

    width: int
    outputs: int | None = None
    cell: CellName = "lstm"
    depth: int = 1
    every_step: bool = False

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        self.width = checked_size("width", self.width)
        self.depth = checked_depth("depth", self.depth)
        self.outputs = checked_outputs(self.outputs)
        if self.cell not in CELLS:
            raise UnknownNameError("cell", self.cell, CELLS)
        super().__post_init__()

    @nn.compact
    def __call__(self, series: ArrayLike) -> Array:
        """The value of one series.

        Args:
            series: ``(t, d)``.

        Returns:
            ``()`` or ``(outputs,)``; at every step ``(t,)`` or ``(t, outputs)``.
        """
        a = one_series("Recurrent", series)
        for layer in range(self.depth):
            a = self._states(a, f"layer_{layer}")
        a = a if self.every_step else a[-1]
        dtype, unit = jnp.result_type(float), glorot_normal().unit
        value = nn.Dense(self.outputs or 1, kernel_init=unit, param_dtype=dtype, name="output")(a)
        return value[..., 0] if self.outputs is None else value

    def _states(self, a: Array, name: str) -> Array:
        """``h`` at each step, ``(t, width)``."""
        width, gates, dtype = self.width, CELLS[self.cell], jnp.result_type(float)
        inner, outer = orthogonal(1.0), glorot_normal()

        def kernels(initial: Any, rows: int) -> Any:
            """Those of the gates, each drawn by itself, side by side."""

            def draw(key: Array) -> Array:
                keys = jax.random.split(key, gates)
                return jnp.concatenate([initial(k, (rows, width), dtype) for k in keys], axis=1)

            return draw

        zeros = nn.initializers.zeros
        W = self.param(f"{name}_W", kernels(outer, a.shape[1]))
        U = self.param(f"{name}_U", kernels(inner, width))
        b = self.param(
            f"{name}_b", _remembering if self.cell == "lstm" else zeros, (gates * width,), dtype
        )
        parts: dict[str, Array] = {"U": U}
        if self.cell == "gru":
            parts["d"] = self.param(f"{name}_d", zeros, (width,), dtype)
        steps: dict[str, Step] = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
        step = steps[self.cell]
        start = jnp.zeros(width, jnp.result_type(a, dtype))
        first = (start, start) if self.cell == "lstm" else (start,)

        def move(state: Any, entering: Array) -> tuple[Any, Array]:
            state = step(parts, state, entering)
            return state, state[0]

        _, states = jax.lax.scan(move, first, a @ W + b[None])
        return states


def _rnn(parts: dict[str, Array], state: tuple[Array], entering: Array) -> tuple[Array]:
    (h,) = state
    return (jnp.tanh(entering + h @ parts["U"]),)


def _gru(parts: dict[str, Array], state: tuple[Array], entering: Array) -> tuple[Array]:
    (h,) = state
    from_r, from_z, from_n = jnp.split(h @ parts["U"], 3)
    r, z, n = jnp.split(entering, 3)
    r, z = jax.nn.sigmoid(r + from_r), jax.nn.sigmoid(z + from_z)
    return ((1 - z) * jnp.tanh(n + r * (from_n + parts["d"])) + z * h,)


def _lstm(
    parts: dict[str, Array], state: tuple[Array, Array], entering: Array
) -> tuple[Array, Array]:
    h, c = state
    i, f, o, g = jnp.split(entering + h @ parts["U"], 4)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def _remembering(key: Array, shape: tuple[int], dtype: Any) -> Array:
    """Zeros, but ones of the gate ``f``, the second of four."""
    width = shape[0] // 4
    return jnp.zeros(shape, dtype).at[width : 2 * width].set(1)


def one_series(name: str, series: ArrayLike) -> Array:
    """A series ``(t, d)`` of at least one step.

    Raises:
        ShapeError: for anything else.
    """
    a = jnp.asarray(series)
    if a.ndim != 2 or a.shape[0] == 0:
        raise ShapeError(
            f"{name}: expected one series (t, d), got {a.shape}. Write x[:, None] for one number a "
            "step, and use jax.vmap for many series."
        )
    return a


@NetworkSettings.offer("recurrent")
def _recurrent(
    outputs: int | None,
    *,
    width: int = 20,
    depth: int = 1,
    cell: CellName = "lstm",
    every_step: bool = False,
) -> Recurrent:
    """Recurrent network of a series.

    Args:
        outputs: length of its value, or None for a scalar.
        width: length of a layer's state.
        depth: layers.
        cell: plain, with gates, or with a long short-term memory.
        every_step: the value at each step, and not at the last alone.
    """
    check_kernel(checked_size("width", width))
    return Recurrent(width, outputs, cell, depth, every_step)
