"""A network that follows a differential equation for a time: invertible, with its volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, MissingDependencyError, ShapeError

__all__ = ["Adaptive", "ContinuousFlow", "RungeKutta", "Velocity"]

Rate = Callable[[Array, Any], Any]
"""``(t, y) -> dy/dt``, of a pytree of arrays."""


@dataclass(frozen=True)
class RungeKutta:
    """The classical rule of fourth order, with steps of one length; its error is of order h⁴.

    Attributes:
        steps: how many.

    Raises:
        ConfigurationError: for none.

    Source: Kutta (1901), Z. Math. Phys. 46, 435.

    >>> import jax.numpy as jnp, physml as pm
    >>> end = pm.networks.RungeKutta(8)(lambda t, y: -y, jnp.array(1.0), 0.0, 1.0)
    >>> abs(float(end) - 0.3678794) < 1e-5
    True
    """

    steps: int = 8

    def __post_init__(self) -> None:
        """Check it where it is written."""
        object.__setattr__(self, "steps", as_whole("steps", self.steps, least=1))

    def __call__(self, rate: Rate, y: Any, begin: float, end: float) -> Any:
        """``y`` at the end, from that at the beginning."""
        h = (end - begin) / self.steps

        def add(y: Any, k: Any, part: float) -> Any:
            return jax.tree.map(lambda y, k: y + part * h * k, y, k)

        def step(y: Any, number: Array) -> tuple[Any, None]:
            t = begin + h * number
            k1 = rate(t, y)
            k2 = rate(t + h / 2, add(y, k1, 0.5))
            k3 = rate(t + h / 2, add(y, k2, 0.5))
            k4 = rate(t + h, add(y, k3, 1.0))
            mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4)
            return add(y, mean, 1.0), None

        dtype = jax.tree.leaves(y)[0].dtype
        return jax.lax.scan(step, y, jnp.arange(self.steps, dtype=dtype))[0]

    def refined(self) -> RungeKutta:
        """The same with half the step, of a sixteenth of the error."""
        return RungeKutta(2 * self.steps)


@dataclass(frozen=True)
class Adaptive:
    """A rule of fifth order by diffrax, whose steps follow the error it estimates.

    Attributes:
        rtol: the error of a step that is allowed, relative.
        atol: the same, absolute, in the unit of what flows.
        max_steps: the most steps; more end in an error of diffrax.

    Raises:
        ConfigurationError: a tolerance that is not positive, no step.
        MissingDependencyError: when called, without diffrax.

    Sources: Tsitouras (2011), doi:10.1016/j.camwa.2011.06.002; Kidger (2021), arXiv:2202.02435.
    """

    rtol: float = 1e-6
    atol: float = 1e-8
    max_steps: int = 256

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        for name in ("rtol", "atol"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigurationError(
                    f"{name}: expected a number between 0 and 1, got {getattr(self, name)}"
                )
        object.__setattr__(self, "max_steps", as_whole("max_steps", self.max_steps, least=1))

    def __call__(self, rate: Rate, y: Any, begin: float, end: float) -> Any:
        """``y`` at the end, from that at the beginning."""
        try:
            import diffrax
        except ImportError as error:
            raise MissingDependencyError(
                "Adaptive needs diffrax: install it with pip install 'physml[ode]', or take "
                "RungeKutta(steps)"
            ) from error
        found = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, _: rate(jnp.asarray(t), y)),
            diffrax.Tsit5(),
            begin,
            end,
            None,
            y,
            stepsize_controller=diffrax.PIDController(rtol=self.rtol, atol=self.atol),
            # Of those of diffrax the one that is differentiated forwards, too.
            adjoint=diffrax.DirectAdjoint(),
            max_steps=self.max_steps,
        )
        return jax.tree.map(lambda last: last[-1], found.ys)

    def refined(self) -> Adaptive:
        """The same with a sixteenth of the tolerances."""
        return Adaptive(self.rtol / 16, self.atol / 16, 2 * self.max_steps)


class Velocity(nn.Module):
    """Any network of a point and a time as a velocity, with the trace of its Jacobian.

    The trace is exact, ``d`` forward derivatives, and so for few dimensions.

    Attributes:
        network: a module of ``(d + 1,)`` numbers, the point's and the time, with ``d`` outputs.

    Raises:
        ShapeError: when called, for another number of outputs.
    """

    network: nn.Module

    def __call__(self, x: Array, t: Array) -> tuple[Array, Array]:
        """``dx/dt`` in the shape of ``x``, and its divergence ``()``."""
        if self.is_initializing():
            self.network(jnp.append(jnp.ravel(x), t))
        network, variables = self.network.unbind()

        def v(flat: Array) -> Array:
            outputs: Any = network.apply(variables, jnp.append(flat, t))
            return jnp.asarray(outputs)

        flat = jnp.ravel(x)
        outputs = jax.eval_shape(v, flat).shape
        if outputs != flat.shape:
            raise ShapeError(f"network: expected outputs {flat.shape}, one an entry, got {outputs}")
        return v(flat).reshape(x.shape), jnp.trace(jax.jacfwd(v)(flat))


class ContinuousFlow(nn.Module):
    """The end of ``dx/dt = v(x, t)`` at time 1, from ``x`` at time 0.

        d/dt ln|∂x(t)/∂x(0)| = ∇·v(x(t), t)

    Both are followed together, by a rule whose error is of the rule's own size and not of
    rounding's: compare with ``integrate.refined()``. The way back runs from 1 to 0.

    Attributes:
        velocity: a module ``(x, t) -> (v, ∇·v)``, such as ``LatticeVelocity()`` or
            ``Velocity(pm.MLP((32, 32), outputs=2))``.
        integrate: ``(rate, y, begin, end) -> y``, with ``refined()``: ``RungeKutta`` or
            ``Adaptive``.

    Source: Chen, Rubanova, Bettencourt & Duvenaud (2018), arXiv:1806.07366.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.ContinuousFlow(pm.networks.Velocity(pm.MLP((4,), outputs=2)))
    >>> x = jnp.array([0.3, -0.2])
    >>> params = network.init(jax.random.key(0), x)
    >>> y, log_det = network.apply(params, x)
    >>> back, log_way_back = network.apply(params, y, inverse=True)
    >>> bool(jnp.allclose(back, x, atol=1e-5)), abs(float(log_det + log_way_back)) < 1e-5
    (True, True)
    """

    velocity: nn.Module
    integrate: RungeKutta | Adaptive = RungeKutta()

    def __call__(self, x: ArrayLike, inverse: bool = False) -> tuple[Array, Array]:
        """The map at one point.

        Args:
            x: entries of any shape.
            inverse: whether to take the way back.

        Returns:
            ``y`` in the shape of ``x``, and ``ln|∂y/∂x|`` of the way that was taken, ``()``.
        """
        entries = jnp.asarray(x, jnp.result_type(float, jnp.asarray(x).dtype))
        if self.is_initializing():
            self.velocity(entries, jnp.zeros((), entries.dtype))
        velocity, variables = self.velocity.unbind()

        def rate(t: Array, y: tuple[Array, Array]) -> tuple[Array, Array]:
            both: Any = velocity.apply(variables, y[0], jnp.asarray(t, entries.dtype))
            return both[0], both[1]

        begin, end = (1.0, 0.0) if inverse else (0.0, 1.0)
        x_end, log_det = self.integrate(rate, (entries, jnp.zeros((), entries.dtype)), begin, end)
        return x_end, log_det

    def refined(self) -> ContinuousFlow:
        """The same flow, followed more closely."""
        return self.clone(integrate=self.integrate.refined())
