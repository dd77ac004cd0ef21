"""Whether a network is the inverse of its own way back, and tells its own volume."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import NonFiniteError, ShapeError
from physml.generative.nearby_parameters import nearby
from physml.networks import ContinuousFlow, LatticeVelocity, Velocity

_ROUND_TRIP = 1e-2

# Of what a network tells, it may be off by this part: rounding of many entries, and the steps of a
# flow in time, whose error is told with its numbers.
_ROUNDING, _STEPS = 1e-3, 5e-2

# Many networks begin as the identity, where any multiple of ln|∂y/∂z| = 0 is right. Velocities are
# moved less, by this over the root of the number of entries: they are followed by steps.
_MOVED, _MOVED_IN_TIME = 0.1, 0.02

_JACOBIAN, _JACOBIAN_IN_TIME, _AT_ONCE = 1024, 128, 32


def check_way_back(
    network: Any, params: Any, shape: tuple[int, ...], *, beside: bool = False
) -> None:
    """Refuse a network that is not inverted by its own way back: its density would not be one.

    Its ``ln|∂y/∂z|`` is held against the determinant of its Jacobian, up to 1024 entries, 128
    of a flow in time; of more, with a warning, only against that of the way back.

    Args:
        network: ``(z, inverse=False) -> (y, ln|∂y/∂z|)``.
        params: its parameters.
        shape: of ``z``.
        beside: whether to look near the parameters, too.

    Raises:
        ShapeError: another shape; a way back that leads elsewhere; another volume.
        NonFiniteError: a NaN or an infinity.
    """
    z = jnp.asarray(np.random.default_rng(2).normal(size=shape))
    outputs = jax.eval_shape(network.apply, params, z)
    shapes = [getattr(one, "shape", None) for one in outputs] if isinstance(outputs, tuple) else []
    if shapes != [shape, ()]:
        raise ShapeError(
            f"network: expected (y, ln|∂y/∂z|), of shapes {shape} and (), got {outputs}"
        )
    most = _JACOBIAN_IN_TIME if isinstance(network, ContinuousFlow) else _JACOBIAN
    if z.size > most:
        warnings.warn(
            f"network: of {z.size} entries, above {most}, its ln|∂y/∂z| is compared with that "
            "of the way back alone, and not with its Jacobian",
            stacklevel=3,
        )

    if isinstance(network, ContinuousFlow) and z.size <= most:
        _check_divergence(network, nearby(params, _MOVED_IN_TIME / z.size**0.5), z)

    @jax.jit
    def there_and_back(params: Any) -> tuple[Array, Array, Array]:
        y, log_det = network.apply(params, z)
        back, log_way_back = network.apply(params, y, inverse=True)
        volume = jnp.abs(log_det + log_way_back)
        if z.size <= most:

            def along(tangent: Array) -> Array:
                moved = jax.jvp(lambda z: network.apply(params, z)[0], (z,), (tangent,))[1]
                return jnp.ravel(moved)

            tangents = jnp.eye(z.size, dtype=z.dtype).reshape(-1, *shape)
            true = jnp.linalg.slogdet(jax.lax.map(along, tangents, batch_size=_AT_ONCE))[1]
            volume = jnp.maximum(volume, jnp.abs(log_det - true))
        return jnp.max(jnp.abs(back - z)), volume, jnp.abs(log_det)

    found = [list(map(float, there_and_back(params)))]
    if not np.isfinite(found[0]).all():
        raise NonFiniteError("network: expected finite numbers at a normal z, got NaN or infinity")
    if beside:
        in_time = isinstance(network, ContinuousFlow)
        scale = _MOVED_IN_TIME / z.size**0.5 if in_time else _MOVED
        found.append(list(map(float, there_and_back(nearby(params, scale)))))
    part = _STEPS if isinstance(network, ContinuousFlow) else _ROUNDING
    for missed, volume, told in found:
        if missed > _ROUND_TRIP or volume > _ROUND_TRIP + part * told:
            raise ShapeError(
                "network: expected network.apply(params, y, inverse=True) to lead back, and the "
                f"volume of its Jacobian, got z within {missed:.1e} and ln|∂y/∂z| within "
                f"{volume:.1e}; a flow in time may need more steps"
            )


def _check_divergence(network: ContinuousFlow, params: Any, z: Array) -> None:
    """Refuse a velocity of one's own that tells another divergence than the trace of its Jacobian.

    The steps of a flow blur its volume by some percent, which would hide as much of a divergence.
    """
    if isinstance(network.velocity, (LatticeVelocity, Velocity)):
        return

    @jax.jit
    def both(params: Any) -> tuple[Array, Array, Array]:
        def velocity(z: Array) -> Any:
            at = jnp.asarray(0.3, z.dtype)
            return network.apply(params, z, at, method=lambda flow, z, t: flow.velocity(z, t))

        def of_itself(tangent: Array) -> Array:
            return jnp.sum(jax.jvp(lambda z: velocity(z)[0], (z,), (tangent,))[1] * tangent)

        tangents = jnp.eye(z.size, dtype=z.dtype).reshape(-1, *z.shape)
        slopes = jax.lax.map(of_itself, tangents, batch_size=_AT_ONCE)
        return velocity(z)[1], jnp.sum(slopes), jnp.sum(jnp.abs(slopes))

    told, true, size = map(float, both(params))
    if abs(told - true) > _ROUNDING * size:
        raise ShapeError(
            "network: velocity: expected (v, ∇·v) with the trace of the Jacobian of v, "
            f"{true:.6g}, got {told:.6g}; Velocity(network) takes it by derivatives"
        )
