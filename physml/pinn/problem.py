"""A problem: an equation on a domain, and what else must hold. Plain functions of a point."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from itertools import combinations
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus.named_field import NamedField
from physml.errors import ConfigurationError, ShapeError
from physml.networks import PeriodicEmbedding
from physml.pinn.ansatz import Ansatz, bound
from physml.pinn.built_in import BuiltIn, build_in, can_be_built_in
from physml.pinn.conditions import Condition
from physml.pinn.conditions.contradiction import refuse_contradiction
from physml.pinn.first_params import initial_params
from physml.pinn.geometry import Domain
from physml.pinn.named_network import networks_of
from physml.pinn.scales import Scales
from physml.pinn.stated import check_stated, whole_components
from physml.pinn.term_weights import check_weight_functions, equation_weights
from physml.pinn.unknowns import Unknowns
from physml.pinn.user_functions import in_words, named
from physml.train.sample_weights import Weight
from physml.types import Field, LocalOperator

Features = Callable[[Array], Array]
"""``point -> (k,)``: what the network sees besides the coordinates."""

Exact = Callable[[np.ndarray], np.ndarray]
"""The solution at points: ``(n, d) -> (n,)`` or ``(n, components)``, in float64."""

Network = nn.Module | Mapping[str, nn.Module]
"""The unknown, or several by name; those of an inverse problem may be ``Constant``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A partial differential equation with its conditions.

    One unknown is a field ``u``. Several are a dict of fields, ``u["p"]``, one for each network of
    the dict that ``solve`` is given; a constant of an inverse problem is an unknown like any other.

    Attributes:
        domain: where the equation holds.
        equation: ``(u, z) -> residual``, which must vanish at each point ``z`` of the domain; a
            dict of them by name makes each a term of its own.
        conditions: what must hold on faces or at points, by penalty; of a problem made with
            ``hard`` those that are left.
        ansatz: ``(N, z) -> u``, a transform of the network that obeys conditions exactly; with
            several unknowns a dict by name, for those that have one.
        hard: whether to make that ansatz from ``dirichlet`` and ``initial`` conditions on the faces
            of a box, velocities included, in place of penalties: True for all of them, or names of
            some. Other conditions stay penalties.
        periodic: coordinates in which the network is periodic, exactly.
        features: ``z -> (k,)``, what every network sees besides the coordinates: a singularity that
            is known, waves, a variable in which the solution is simple. Best of size one.
        weight: of the equation's term, ``w > 0``; or a function of a point, ``z -> w(z) ≥ 0``; or
            one number for each point of one's own, ``(n,)``; by name where equations are.
        components: the length of ``u``, or None for a scalar; with several unknowns a dict by name
            for those that are vectors.
        regions: the part of the domain where an unknown lives, by name, for those that live on a
            part only; an interface condition says it for the two it joins.
        exact: the solution, ``(n, d) -> (n,)`` or ``(n, components)`` in float64, if known; with
            several unknowns a dict by name for those that are known.
        reference_error: the error of ``exact`` itself, relative L2.
        name: for messages and figures.
        scales: the units it is solved in, which ``solve`` finds; None for its own.

    Raises:
        ConfigurationError: two conditions that contradict, or two of one name; ``hard`` where
            nothing can be built in, beside an ansatz, or with values that do not agree where faces
            meet; an ansatz that does not fit the domain.
        UnknownNameError: a face or a coordinate that the domain does not have.
        ShapeError: features that are not real numbers ``(k,)`` at one point, weights that are none.

    >>> import jax.numpy as jnp, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: pm.partial(u, 0)(z) - 1,
    ...                      conditions=[pm.dirichlet(0.0, on="x-")])
    """

    domain: Domain
    equation: LocalOperator | Mapping[str, LocalOperator]
    conditions: Sequence[Condition] = ()
    ansatz: Ansatz | Mapping[str, Ansatz] | None = None
    hard: InitVar[bool | Sequence[str]] = False
    periodic: str | Sequence[str] = ()
    features: Features | None = None
    weight: Weight | Mapping[str, Weight] = 1.0
    components: int | Mapping[str, int] | None = None
    regions: Mapping[str, Domain] | None = None
    exact: Exact | Mapping[str, Exact] | None = None
    reference_error: float = 0.0
    name: str = "problem"
    _axes: tuple[int, ...] = field(init=False, repr=False)
    scales: Scales | None = field(init=False, repr=False, default=None)
    _ansatz: Any = field(init=False, repr=False)
    _weights: dict[str, Weight] = field(init=False, repr=False)

    def __post_init__(self, hard: bool | Sequence[str]) -> None:
        """Check names and values at once, not at the first step."""
        check_stated(self)
        object.__setattr__(self, "components", whole_components(self.components))
        names = [*self.equations, *(c.name for c in self.conditions)]
        for name in set(names):
            if names.count(name) > 1:
                raise ConfigurationError(
                    f"conditions: two terms named {name!r}; give one of them a name=..."
                )
        for condition in self.conditions:
            condition.fits(self.domain)
        for name, region in (self.regions or {}).items():
            if region.names != self.domain.names:
                raise ShapeError(
                    f"regions: {name}: expected a region with coordinates {self.domain.names}, got "
                    f"{region.names}"
                )
        for one, other in combinations(self.conditions, 2):
            refuse_contradiction(self.domain, one, other)
        axes = tuple(self.domain.axis(name) for name in self.periodic_names)
        object.__setattr__(self, "_axes", axes)
        self._check_features()
        if hard is not False:
            self._build_in(hard)
        object.__setattr__(self, "_ansatz", bound(self.ansatz, self.domain))
        object.__setattr__(self, "_weights", equation_weights(self))
        check_weight_functions(self)

    def _build_in(self, hard: bool | Sequence[str]) -> None:
        made, left = build_in(self.domain, self.conditions, hard, self.components)
        one = made.get(None)
        others: Any = {} if self.ansatz is None else self.ansatz
        by_name = isinstance(others, Mapping)
        if not by_name or (one is not None and (others or len(made) > 1)) or set(made) & {*others}:
            raise ConfigurationError(
                f"hard: {self.name!r}: expected conditions to build in or an ansatz, not both for "
                "one unknown, and unknowns either all by name or one without; leave out the "
                "ansatz, or build all into one with compose"
            )
        built: Any = {**others, **made} if one is None else one
        object.__setattr__(self, "ansatz", built)
        object.__setattr__(self, "conditions", tuple(left))

    @property
    def periodic_names(self) -> tuple[str, ...]:
        """The coordinates in which the network is periodic."""
        return (self.periodic,) if isinstance(self.periodic, str) else tuple(self.periodic)

    @property
    def built_in(self) -> tuple[str, ...]:
        """The names of the conditions that ``hard`` built into the solution."""
        parts = self.ansatz.values() if isinstance(self.ansatz, Mapping) else (self.ansatz,)
        return tuple(c.name for part in parts if isinstance(part, BuiltIn) for c in part.conditions)

    @property
    def could_be_built_in(self) -> tuple[str, ...]:
        """The names of the penalties that ``hard`` would build in, if no ansatz stands there."""
        names = [c.name for c in self.conditions if can_be_built_in(self.domain, c)]
        return () if self.ansatz is not None else tuple(names)

    def _check_features(self) -> None:
        if self.features is None:
            return
        point = jnp.asarray(0.5 * (self.domain.lower + self.domain.upper))
        with named("features"):
            value = jax.eval_shape(self.features, point)
        shape: Any = getattr(value, "shape", None)
        real = shape is not None and jnp.issubdtype(value.dtype, jnp.floating)
        if not real or len(shape) != 1:
            got = type(value).__name__ if shape is None else f"{value.dtype} {shape}"
            raise ShapeError(
                f"features: expected real numbers of shape (k,) at one point of {self.name!r}, "
                f"got {got}; jnp.stack([...]) makes one array of several numbers"
            )

    @property
    def equations(self) -> Mapping[str, LocalOperator]:
        """The equations by name; one alone is called ``"equation"``."""
        if not isinstance(self.equation, Mapping):
            return {"equation": self.equation}
        if not self.equation:
            raise ConfigurationError("equation: expected a function or a dict of them, got none")
        return self.equation

    @property
    def weights(self) -> dict[str, Weight]:
        """The weight of each term, as ``physml.least_squares`` takes them."""
        return self._weights | {c.name: c.weight for c in self.conditions}

    def equation_words(self, name: str) -> str:
        """An equation in words, for messages."""
        return f"equation {name!r}" if isinstance(self.equation, Mapping) else "equation"

    def lives(self, unknown: str | None, points: np.ndarray) -> np.ndarray:
        """Which of some points lie where an unknown lives: elsewhere its values mean nothing.

        Args:
            unknown: its name; None for the only one, which lives everywhere.
            points: ``(n, d)``.

        Returns:
            Booleans, ``(n,)``.
        """
        stated: list[Mapping[Any, Domain]] = [self.regions] if self.regions else []
        stated += [c.regions(self.domain) for c in self.conditions if c.regions is not None]
        found = np.ones(len(points), bool)
        for regions in stated:
            if unknown in regions:
                found &= np.asarray(regions[unknown].contains(jnp.asarray(points)))
        return found

    def in_units(self, scales: Scales | None) -> Problem:
        """The same problem with networks and rows near one; its solution keeps its own units."""
        made = copy.copy(self)
        object.__setattr__(made, "scales", scales)
        return made

    def solution_field(self, network: Network, params: Any) -> Any:
        """The field ``u``: embedding, network, ansatz.

        Args:
            network: a linen module of an embedded point, or a dict of them.
            params: its parameters, likewise.

        Returns:
            ``u``, a function of one point ``(d,)`` that knows the names of its coordinates, or a
            dict of such functions.
        """
        network = networks_of(self, network)
        if isinstance(network, Mapping):
            transforms: Any = {} if self._ansatz is None else self._ansatz
            return Unknowns(
                (name, self._field(module, params[name], transforms.get(name), name))
                for name, module in network.items()
            )
        return self._field(network, params, self._ansatz, "")

    def _field(self, network: nn.Module, params: Any, ansatz: Any, name: str) -> Field:
        def network_at(z: Array) -> Array:
            self._check_point(z)
            value = jnp.asarray(network.apply(params, self.embed(z)))
            return value if self.scales is None else self.scales.value(name, value)

        raw = NamedField(network_at, self.domain)
        if ansatz is None:
            return raw
        return NamedField(lambda z: jnp.asarray(ansatz(raw, z)), self.domain)

    def _check_point(self, z: Any) -> None:
        d = self.domain.dimension
        if jnp.shape(z) != (d,):
            raise ShapeError(
                f"u: expected one point ({d},) of the coordinates {self.domain.names}, got an "
                f"array {jnp.shape(z)}; a solution takes many, solution(points), and so does "
                "jax.vmap(u)"
            )

    def initial_params(self, network: Network, key: Array) -> Any:
        """Random parameters of a network for this problem, its value's shape checked.

        Raises:
            ConfigurationError: where options by name and networks by name do not agree; a
                ``FourierSeries`` whose periodic coordinate is not the last.
            ShapeError: when the network's value does not fit the problem.
        """
        return initial_params(self, network, key)

    def embed(self, z: Array) -> Array:
        """What the network sees: cosine and sine of periodic coordinates, the others in ±1.

        The problem's features come last.
        """
        bounds = zip(self.domain.lower.tolist(), self.domain.upper.tolist(), strict=True)
        ranges = dict(enumerate(bounds))
        cyclic = {axis: (ranges[axis][0], ranges[axis][1] - ranges[axis][0]) for axis in self._axes}
        others = {axis: pair for axis, pair in ranges.items() if axis not in cyclic}
        embedded = jnp.asarray(PeriodicEmbedding(cyclic, others).apply({}, z))
        if self.features is None:
            return embedded
        return jnp.append(embedded, jnp.asarray(self.features(z), embedded.dtype))


def residual_rows(problem: Problem, network: Network) -> dict[str, Callable[[Any, Any], Array]]:
    """The residual of each term at one sample, as functions of parameters and sample.

    Args:
        problem: equation and conditions.
        network: of the unknown, or a dict of several; modules, or names as of ``solve``.

    Returns:
        ``{"equation": row, condition.name: row, ...}`` for ``physml.least_squares``.
    """
    network = networks_of(problem, network)

    def row(name: str, operator: Callable[[Any, Any], Array]) -> Callable[[Any, Any], Array]:
        scales = problem.scales

        def residual(params: Any, sample: Any) -> Array:
            value = operator(problem.solution_field(network, params), sample)
            return value if scales is None else scales.row(name, value)

        return residual

    rows = {
        name: row(name, in_words(problem.equation_words(name), equation))
        for name, equation in problem.equations.items()
    }
    for condition in problem.conditions:
        operator = in_words(condition.name, condition.operator(problem.domain))
        rows[condition.name] = row(condition.name, operator)
    return rows
