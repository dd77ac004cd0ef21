"""A parabolic equation with a last time, as a pair of stochastic equations: what it has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.control.backward_equations.jumps import Jumps
from physml.errors import ConfigurationError, NonFiniteError, ShapeError


class BackwardEquation(ABC):
    """An equation backwards from its last time, asked for at one place ``x₀`` at time 0.

        u_t + ½ tr(σσᵀ ∇²u) + μ·∇u + f(t, x, u, σᵀ∇u) = 0,   u(T, x) = g(x)

    along ``dX = μ dt + σ dW``, ``X₀ = x₀``, where ``Y = u(t, X)`` and ``Z = σᵀ∇u`` obey
    ``dY = −f dt + Z·dW``. Jumps add ``ν E[u(t, x + J) − u(t, x)]`` to the left, ``ν`` their rate.

    One of your own derives this and says ``start``, ``horizon`` and ``terminal``, and what is not
    0 or 1 of the rest; or write ``Backward(terminal, start=..., horizon=...)``.
    """

    @property
    @abstractmethod
    def start(self) -> np.ndarray:
        """``x₀``, ``(d,)``."""

    @property
    @abstractmethod
    def horizon(self) -> float:
        """``T``."""

    @abstractmethod
    def terminal(self, x: Array) -> Array:
        """``g`` at one place, ``()``."""

    def drift(self, t: Array, x: Array) -> Array:
        """``μ``, ``(d,)``; 0 unless told."""
        del t
        return jnp.zeros_like(x)

    def diffusion(self, t: Array, x: Array) -> Array:
        """``σ``: a number, the diagonal ``(d,)``, or ``(d, m)`` for ``m`` noises; 1 unless told."""
        del t
        return jnp.ones((), x.dtype)

    def driver(self, t: Array, x: Array, y: Array, z: Array) -> Array:
        """``f``, ``()``; 0 unless told."""
        del t, x, z
        return jnp.zeros_like(y)

    @property
    def jumps(self) -> Jumps | None:
        """Of ``X``, or None."""
        return None

    def near(self, t: Array, x: Array) -> Array:
        """A known function near ``u``, which a recipe's network of ``u`` is added to; 0 if none."""
        del t
        return jnp.zeros((), x.dtype)

    def exact(self) -> float | None:
        """``u(0, x₀)`` where it is known by other means, else None."""
        return None

    @property
    def dimension(self) -> int:
        """``d``."""
        return len(self.start)

    @property
    def noises(self) -> int:
        """``m``, of the Brownian motion."""
        shape = _shape_of(self.diffusion, _time(), _place(self.start))
        return shape[1] if len(shape) == 2 else self.dimension


@dataclass(frozen=True, eq=False)
class Backward(BackwardEquation):
    """An equation of one's own functions.

    Attributes:
        final: ``g``, ``(x) -> ()``.
        begin: ``x₀``, ``(d,)``.
        time: ``T > 0``.
        mu: ``μ``, ``(t, x) -> (d,)``; None for 0.
        sigma: ``σ``, ``(t, x) -> ()``, ``(d,)`` or ``(d, m)``, or such numbers.
        f: ``(t, x, y, z) -> ()``; None for 0.
        known: ``u(0, x₀)``, or None.

    Raises:
        ShapeError: a function of another shape than is expected; masked or complex numbers.
        ConfigurationError: a time that is not positive, what is no function.
        NonFiniteError: ``x₀``, ``g(x₀)``, ``σ`` or a number is not finite.

    >>> import jax.numpy as jnp, physml as pm
    >>> heat = pm.control.Backward(lambda x: jnp.sum(x**2), jnp.zeros(3), 0.5)
    >>> heat.dimension, float(heat.terminal(jnp.ones(3)))
    (3, 3.0)
    """

    final: Callable[[Array], Array]
    begin: Any
    time: float
    mu: Callable[[Array, Array], Array] | None = None
    sigma: Any = 1.0
    f: Callable[[Array, Array, Array, Array], Array] | None = None
    known: float | None = None
    _start: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        object.__setattr__(self, "_start", as_numbers("begin", self.begin))
        for name, free in (("final", False), ("mu", True), ("f", True)):
            given = getattr(self, name)
            if not callable(given) and not (free and given is None):
                raise ConfigurationError(f"{name}: expected a function, got {given!r}")
        object.__setattr__(self, "time", one_number("time", self.time))
        if self.known is not None:
            object.__setattr__(self, "known", one_number("known", self.known))
        if not callable(self.sigma):
            sigma = as_numbers("sigma", self.sigma)
            if not np.isfinite(sigma).all():
                raise NonFiniteError(f"sigma: expected finite numbers, got {self.sigma}")
            object.__setattr__(self, "sigma", sigma if sigma.ndim else float(sigma))
        check(self)

    @property
    def start(self) -> np.ndarray:
        """``x₀``, ``(d,)``."""
        return self._start

    @property
    def horizon(self) -> float:
        """``T``."""
        return self.time

    def terminal(self, x: Array) -> Array:
        """``g`` at one place."""
        return self.final(x)

    def drift(self, t: Array, x: Array) -> Array:
        """``μ``."""
        return jnp.zeros_like(x) if self.mu is None else self.mu(t, x)

    def diffusion(self, t: Array, x: Array) -> Array:
        """``σ``."""
        return self.sigma(t, x) if callable(self.sigma) else jnp.asarray(self.sigma, x.dtype)

    def driver(self, t: Array, x: Array, y: Array, z: Array) -> Array:
        """``f``."""
        return jnp.zeros_like(y) if self.f is None else self.f(t, x, y, z)

    def exact(self) -> float | None:
        """What is known."""
        return self.known


def check(equation: BackwardEquation) -> None:
    """Refuse functions whose values cannot be meant.

    Raises:
        ShapeError, ConfigurationError, NonFiniteError: see ``Backward``.
    """
    if not isinstance(equation, BackwardEquation):
        raise ConfigurationError(
            "equation: expected a BackwardEquation, such as pm.control.HamiltonJacobiBellman(), "
            f"got {type(equation).__name__}"
        )
    start = np.asarray(equation.start)
    if start.ndim != 1 or not len(start):
        raise ShapeError(f"start: expected x₀ of shape (d,), got {start.shape}")
    if not np.isfinite(start).all():
        raise NonFiniteError(f"start: expected finite numbers, got {start}")
    if not 0 < equation.horizon < float("inf"):
        raise ConfigurationError(f"horizon: expected a time > 0, got {equation.horizon}")
    d, t, x = len(start), _time(), _place(start)
    _expect("terminal: g(x)", _shape_of(equation.terminal, x), ())
    _expect("drift: μ(t, x)", _shape_of(equation.drift, t, x), (d,))
    sigma = _shape_of(equation.diffusion, t, x)
    if sigma not in ((), (d,)) and not (len(sigma) == 2 and sigma[0] == d):
        raise ShapeError(f"diffusion: σ(t, x): expected (), ({d},) or ({d}, m), got {sigma}")
    z = jax.ShapeDtypeStruct((equation.noises,), x.dtype)
    _expect("driver: f(t, x, y, z)", _shape_of(equation.driver, t, x, t, z), ())
    here = equation.terminal(jnp.asarray(start, x.dtype))
    if not bool(jnp.isfinite(here)):
        raise NonFiniteError(f"terminal: expected finite numbers, got g(x₀) = {here}")


def one_number(name: str, given: Any) -> float:
    """A finite real number.

    Raises:
        ShapeError: more than one, masked or complex ones.
        NonFiniteError: a NaN or an infinity.
    """
    number = as_numbers(name, given)
    if number.shape:
        raise ShapeError(f"{name}: expected one number, got {number.shape}")
    if not np.isfinite(number):
        raise NonFiniteError(f"{name}: expected a finite number, got {given}")
    return float(number)


def noise_of(equation: BackwardEquation, t: Array, x: Array, dw: Array) -> Array:
    """``σ dW``, ``(d,)``."""
    sigma = equation.diffusion(t, x)
    return sigma @ dw if sigma.ndim == 2 else sigma * dw


def into_noise(equation: BackwardEquation, t: Array, x: Array, gradient: Array) -> Array:
    """``σᵀ∇u``, ``(m,)``."""
    sigma = equation.diffusion(t, x)
    return sigma.T @ gradient if sigma.ndim == 2 else sigma * gradient


def _time() -> Any:
    return jax.ShapeDtypeStruct((), jnp.result_type(float))


def _place(start: np.ndarray) -> Any:
    return jax.ShapeDtypeStruct(np.shape(start), jnp.result_type(float))


def _shape_of(function: Callable[..., Any], *arguments: Any) -> tuple[int, ...]:
    value = jax.eval_shape(function, *arguments)
    shape = getattr(value, "shape", None)
    if shape is None or not jnp.issubdtype(value.dtype, jnp.floating):
        name = getattr(function, "__name__", "function")
        raise ShapeError(f"{name}: expected an array of real numbers, got {value}")
    return tuple(shape)


def _expect(what: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if shape != expected:
        raise ShapeError(f"{what}: expected one value of shape {expected}, got {shape}")
