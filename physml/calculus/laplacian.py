"""The Laplacian of a field at one point, and four ways to compute it.

A method is a plain function ``method(u, z, axes) -> (gradient, laplacian)``: ``axes`` is a static
tuple of indices into the flattened point, the gradient has one row an axis, and both are computed
at once, as kinetic energies need both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import folx
import folx.api
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental import jet
from jax.typing import ArrayLike

from physml.calculus.derivatives import (
    Axis,
    along,
    as_point,
    check_different,
    check_field,
    directions,
    each,
    first_derivatives,
    over_axes,
    value_at_one,
)
from physml.errors import ConfigurationError
from physml.types import Field

__all__ = [
    "LaplacianMethod",
    "forward_laplacian",
    "laplacian",
    "linearised",
    "nested_forward",
    "taylor",
]

LaplacianMethod = Callable[[Field, Array, tuple[int, ...]], tuple[Array, Array]]

# Measured with tanh networks of 4 x 20 and 4 x 64 on a CPU. Alone, the forward Laplacian takes as
# long as nested forward mode for one axis and 0.4 to 0.8 of the time in a training step for more.
# In a residual with other derivatives, with which nested forward mode shares work, they are equal
# at two and three axes; and nested forward mode passes through every operation.
NESTED_FORWARD_UP_TO = 3

# Sparse Jacobians take the kinetic energy of 14 particles with pair features from 65 to 25 ms, gain
# nothing for 2 or 6 particles in two dimensions, and trace eight times as long.
SPARSE_FROM = 24
SPARSITY = 0.6


def laplacian(
    u: Field, *, axes: Sequence[Axis] | None = None, method: LaplacianMethod | None = None
) -> Callable[[ArrayLike], Array]:
    """Laplacian of a field: ``Δu = Σ_{i in axes} ∂²u/∂z_i²``.

    Args:
        u: scalar or vector field, real or complex.
        axes: coordinates to sum over, as indices into the flattened point or, of the fields of a
            ``Problem``, by name, as ``("x", "y")``; None for all, none of which may be time.
        method: ``nested_forward``, ``taylor``, ``forward_laplacian``, ``linearised`` or a function
            like them; None for ``nested_forward`` up to 3 axes and ``forward_laplacian`` above,
            with sparse Jacobians from 24.

    Returns:
        A function of one point, ``(d,)`` or ``(N, d)``; its value is shaped like that of ``u``.

    Raises:
        ConfigurationError: ``u`` is not a function; axes are empty, repeated or neither integers
            nor names; one of the coordinates is time, and no axes are given; the method cannot pass
            through an operation of the field.
        ShapeError: an axis is not a coordinate of the point, or the point is a batch of them.
        UnknownNameError: a name is not one of the coordinates.

    >>> import jax.numpy as jnp
    >>> u = lambda z: z[0] ** 2 + z[1] ** 3
    >>> float(laplacian(u)(jnp.array([1.0, 2.0])))
    14.0
    >>> float(laplacian(u, axes=(1,), method=forward_laplacian)(jnp.array([1.0, 2.0])))
    12.0
    """
    check_field(u)
    chosen = None if axes is None else check_different("laplacian", axes)

    def laplacian_at(z: ArrayLike) -> Array:
        z = as_point(z)
        over = over_axes("laplacian", chosen, u, z)
        return method_for(over, method)(u, z, over)[1]

    return laplacian_at


def nested_forward(u: Field, z: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Laplacian by forward mode nested in forward mode, one pass an axis.

    Args:
        u: scalar or vector field, real or complex.
        z: point, ``(d,)`` or ``(N, d)``.
        axes: indices into the flattened point.

    Returns:
        The gradient along the axes, ``(len(axes),)`` + value shape, and the Laplacian, value shape.

    >>> import jax.numpy as jnp
    >>> gradient, laplacian = nested_forward(lambda z: z @ z, jnp.array([1.0, 2.0]), (0, 1))
    >>> gradient.tolist(), float(laplacian)
    ([2.0, 4.0], 4.0)
    """
    value_at_one("laplacian", u, z)

    def first_and_second(direction: Array) -> tuple[Array, Array]:
        return jax.jvp(along(u, direction), (z,), (direction,))

    first, second = each(first_and_second, directions(z, axes))
    return first, jnp.sum(second, axis=0)


def taylor(u: Field, z: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Laplacian by second-order Taylor mode: ``d²/dt² u(z + t e_i)`` at ``t = 0`` for each axis.

    The rules of ``jax.experimental.jet`` do not cover every operation: softplus, atan and loops are
    among those missing.

    Args:
        u: scalar or vector field, real or complex.
        z: point, ``(d,)`` or ``(N, d)``.
        axes: indices into the flattened point.

    Returns:
        The gradient along the axes, ``(len(axes),)`` + value shape, and the Laplacian, value shape.

    Raises:
        ConfigurationError: the field uses an operation without a Taylor rule.

    Source: Bettencourt, Johnson & Duvenaud, "Taylor-mode automatic differentiation for higher-order
    derivatives in JAX", NeurIPS 2019 workshop on program transformations.

    >>> import jax.numpy as jnp
    >>> gradient, laplacian = taylor(lambda z: z @ z, jnp.array([1.0, 2.0]), (0, 1))
    >>> gradient.tolist(), float(laplacian)
    ([2.0, 4.0], 4.0)
    """
    value_at_one("laplacian", u, z)

    def first_and_second(direction: Array) -> tuple[Array, Array]:
        _, (first, second) = jet.jet(u, (z,), ((direction, jnp.zeros_like(direction)),))
        return first, second

    try:
        first, second = each(first_and_second, directions(z, axes))
    # What a missing rule raises differs between releases; the field itself passed value_at_one.
    except (
        AttributeError,
        KeyError,
        NotImplementedError,
        jax.errors.UnexpectedTracerError,
    ) as error:
        raise ConfigurationError(
            "method: taylor cannot pass through an operation of the field "
            f"({type(error).__name__}: {str(error).splitlines()[0]}). "
            "Use method=nested_forward or method=forward_laplacian."
        ) from error
    return first, jnp.sum(second, axis=0)


def forward_laplacian(
    u: Field, z: Array, axes: tuple[int, ...], *, sparsity_threshold: float = 0
) -> tuple[Array, Array]:
    """Laplacian in one forward pass that carries value, Jacobian and Laplacian through the field.

    An elementwise ``f`` maps ``(v, J, L)`` to ``(f(v), f′J, f′L + f″ Σ_i J_i²)``; a linear map acts
    on all three.

    Args:
        u: scalar or vector field, real or complex.
        z: point, ``(d,)`` or ``(N, d)``.
        axes: indices into the flattened point.
        sparsity_threshold: how many coordinates (below 1: which fraction of them) a feature may
            depend on before its Jacobian is kept dense; 0 keeps all of them dense.

    Returns:
        The gradient along the axes, ``(len(axes),)`` + value shape, and the Laplacian, value shape.

    Raises:
        ConfigurationError: the field uses an operation that cannot carry the three, such as a loop
            over layers.

    Source: Li et al., "A computational framework for neural network-based variational Monte Carlo
    with Forward Laplacian", arXiv:2307.08214; the implementation is the package ``folx``.

    >>> import jax.numpy as jnp
    >>> gradient, laplacian = forward_laplacian(lambda z: z @ z, jnp.array([1.0, 2.0]), (0, 1))
    >>> gradient.tolist(), float(laplacian)
    ([2.0, 4.0], 4.0)
    """
    value = value_at_one("laplacian", u, z)
    restricted, coordinates = _restrict(u, z, axes)
    carry = folx.forward_laplacian(restricted, sparsity_threshold, disable_jit=True)

    def carried(s: Array) -> tuple[Array, Array]:
        # A jit between folx and the dense Jacobian would trace the indices of a sparse one.
        result = carry(s)
        if not isinstance(result, folx.api.FwdLaplArray):
            # A field that does not depend on the coordinates comes back as a plain array.
            return jnp.zeros((len(axes),) + value.shape, value.dtype), jnp.zeros_like(result)
        rows = result.dense_jacobian
        # Rows after the last coordinate that a sparse Jacobian depends on are left out.
        missing = jnp.zeros((len(axes) - len(rows),) + value.shape, rows.dtype)
        return jnp.concatenate([rows, missing]), result.laplacian

    try:
        # folx multiplies arrays of different ranks; the field itself was checked by value_at_one.
        with jax.numpy_rank_promotion("allow"):
            return jax.jit(carried)(coordinates)
    # With sparsity, folx calls exit() where it cannot evaluate a constant while tracing.
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            "method: forward_laplacian cannot pass through an operation of the field "
            f"({type(error).__name__}: {str(error).splitlines()[0]}). "
            "Use method=linearised."
        ) from error


def linearised(u: Field, z: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Laplacian as the trace of the linearised gradient, one axis after the other.

    The gradient is linearised once; ``∂²u/∂z_i² = e_i · H e_i`` then needs one cheap pass an axis.
    It works for every field that jax can differentiate and never holds the whole Hessian.

    Args:
        u: scalar or vector field, real or complex.
        z: point, ``(d,)`` or ``(N, d)``.
        axes: indices into the flattened point.

    Returns:
        The gradient along the axes, ``(len(axes),)`` + value shape, and the Laplacian, value shape.

    >>> import jax.numpy as jnp
    >>> gradient, laplacian = linearised(lambda z: z @ z, jnp.array([1.0, 2.0]), (0, 1))
    >>> gradient.tolist(), float(laplacian)
    ([2.0, 4.0], 4.0)
    """
    value = value_at_one("laplacian", u, z)
    restricted, coordinates = _restrict(u, z, axes)
    slopes, push = jax.linearize(lambda s: first_derivatives(restricted, s, value), coordinates)
    second = jax.lax.map(
        lambda along_axis: push(along_axis[1])[..., along_axis[0]],
        (jnp.arange(len(axes)), jnp.eye(len(axes), dtype=z.dtype)),
    )
    return jnp.moveaxis(slopes, -1, 0), jnp.sum(second, axis=0)


def method_for(axes: tuple[int, ...], method: LaplacianMethod | None) -> LaplacianMethod:
    """The method asked for, or the default for so many axes."""
    if method is not None:
        return method
    if len(axes) <= NESTED_FORWARD_UP_TO:
        return nested_forward
    if len(axes) < SPARSE_FROM:
        return forward_laplacian
    return partial(forward_laplacian, sparsity_threshold=SPARSITY)


def _restrict(u: Field, z: Array, axes: tuple[int, ...]) -> tuple[Field, Array]:
    """The field as a function of the listed coordinates alone, and their values."""
    if axes == tuple(range(z.size)):
        return (lambda s: u(s.reshape(z.shape))), z.reshape(-1)
    index = np.array(axes)
    fixed = z.reshape(-1)
    return (lambda s: u(fixed.at[index].set(s).reshape(z.shape))), fixed[index]
