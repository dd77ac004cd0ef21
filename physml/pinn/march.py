"""Sequences of problems, each started from the last: slabs of time, and values of a parameter."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.calculus.named_field import NamedField
from physml.errors import CheckpointError, ConfigurationError
from physml.pinn.chebyshev import chebyshev_interpolant
from physml.pinn.check import Check
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.solution import Solution
from physml.pinn.solve import Phase, solve
from physml.ranges import check_positive
from physml.train import key_for, key_of
from physml.types import Field

Slab = Callable[[Box, Field], Problem]
"""``(domain, start) -> Problem`` on a slab of time, with ``start`` the values at its beginning."""

_CHECKED = 4


class March(Solution):
    """A solution made of slabs of time.

    Attributes:
        slabs: the solution of each slab.
        times: the edges of the slabs, one more than there are slabs.
    """

    def __init__(self, problem: Problem, slabs: Sequence[Solution], times: Sequence[float]) -> None:
        self.slabs = tuple(slabs)
        self.times = tuple(times)
        params = [slab.params for slab in slabs]
        super().__init__(problem, slabs[0].network, params, result=slabs[-1].result)

    def _field(self, params: Any) -> Field:
        parts = [
            slab.problem.solution_field(slab.network, own)
            for slab, own in zip(self.slabs, params, strict=True)
        ]
        inner, axis = np.asarray(self.times[1:-1]), self.problem.domain.time_axis

        def field(z: Array) -> Array:
            index = jnp.searchsorted(jnp.asarray(inner, z.dtype), z[axis])
            return jnp.asarray(jax.lax.switch(index, parts, z))

        return NamedField(field, self.problem.domain)

    @property
    def samples(self) -> dict[str, int]:
        """How many samples each term of the loss has at a step, in each slab."""
        return self.slabs[-1].samples

    def check(self) -> Check:
        """The residuals of four slabs at most: the first, the last, the two of largest loss.

        Terms are named by slab, ``slab-1 equation`` and so on; each slab has programs of its own to
        compile, and ``slabs[i].check()`` asks any other. See ``Solution.check``.
        """
        if self._check is None:
            losses = [slab.loss for slab in self.slabs]
            worst = np.argsort(losses)[::-1][: _CHECKED - 2].tolist()
            chosen = sorted({0, len(self.slabs) - 1, *worst})
            found = {i: self.slabs[i].check() for i in chosen}
            terms = {
                f"slab-{i + 1} {name}": term
                for i, part in found.items()
                for name, term in part.terms.items()
            }
            self._check = Check(terms, max(part.start for part in found.values()))
        return self._check

    def save(self, directory: str | Path) -> Path:
        """Save each slab in a folder of its own, to be read by ``March.load``.

        Returns:
            The directory.

        Raises:
            CheckpointError: where a march stands already, or none can be written.
        """
        directory = Path(directory)
        if _folder(directory, 0).exists():
            raise CheckpointError(
                f"{directory}: already holds a march; expected a new directory: choose another or "
                "remove it"
            )
        for i, slab in enumerate(self.slabs):
            slab.save(_folder(directory, i))
        return directory

    @classmethod
    def load(  # type: ignore[override]  # a march is told by its slabs, not by one problem
        cls,
        directory: str | Path,
        slab: Slab,
        domain: Box,
        start: Field,
        network: Network,
        *,
        slabs: int | Sequence[float],
        overlap: float = 0.0,
    ) -> March:
        """Read a saved march of the same slabs; arguments as those of ``march``.

        Raises:
            CheckpointError: when a slab is missing or damaged, or there are more.
            FingerprintError: when a slab is not that of the problem and the network.
        """
        directory, times = Path(directory), _edges(domain, slabs)
        whole = slab(domain, start)
        done: list[Solution] = []
        for i, end in enumerate(times[1:]):
            problem = _slab_problem(slab, domain, start, times, i, overlap)
            done.append(Solution.load(_folder(directory, i), problem, network))
            start = _end_values(done[-1], end)
        if _folder(directory, len(done)).exists():
            raise CheckpointError(
                f"{directory}: holds more than the {len(done)} slabs that were asked for"
            )
        return cls(whole, done, times)


def march(
    slab: Slab,
    domain: Box,
    start: Field,
    network: Network,
    *,
    slabs: int | Sequence[float],
    overlap: float = 0.0,
    warm: bool = True,
    noise: float = 0.01,
    key: Array | None = None,
    check: bool = True,
    **options: Any,
) -> March:
    """Solve an evolution equation slab by slab of time, each started from the end of the last.

    Where the end of a slab is smooth to rounding, the next begins with it as a sum of Chebyshev
    polynomials of one or two coordinates, so that all slabs cost the same; elsewhere (shocks,
    single precision, three coordinates of space) with the field itself, which evaluates all slabs
    before it, unless the slab takes its own ``interpolated_start``.

    Args:
        slab: ``(domain, start) -> Problem`` on one slab, whose initial condition is ``start``.
        domain: the whole box; its time may be any of its coordinates.
        start: the initial values, a function of a point of which it may ignore the time.
        network: for each slab.
        slabs: how many, of equal length, or the times of all edges.
        overlap: the part of its length by which a slab, but for the last, is solved beyond its end,
            where the next begins: collocation is worst at the very edge.
        warm: whether a slab's first parameters are those of the slab before. That saves steps;
            off, each starts afresh: for ``FourierSeries``, whose parameters then start at zero.
        noise: relative size of the random change of those parameters.
        key: random key; ``jax.random.key(0)`` if not given.
        check: whether to measure residuals on fresh points at the end; see ``March.check``.
        **options: of ``solve``, for each slab; not ``params``, ``phase`` or ``errors_every``.

    Returns:
        A solution on the whole domain.

    Raises:
        ConfigurationError: edges that do not ascend from the domain's first time to its last; a
            domain that is not a box, or has no time.

    >>> import jax.numpy as jnp, physml as pm
    >>> decay = lambda box, start: pm.Problem(
    ...     domain=box, equation=lambda u, z: pm.partial(u, 0)(z) + u(z),
    ...     ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * N(z))
    >>> solution = pm.pinn.march(decay, pm.Box(t=(0, 2)), lambda z: jnp.ones(()),
    ...                          pm.MLP((8,)), slabs=2, points=16, steps=30)
    >>> bool(abs(solution(jnp.array([[2.0]]))[0] - jnp.exp(-2.0)) < 1e-3)
    True
    """
    times = _edges(domain, slabs)
    check_positive("overlap", overlap, or_zero=True)
    if isinstance(network, Mapping):
        raise ConfigurationError(
            f"network: march expects one module, got a dict of {', '.join(network)}; use one "
            "vector-valued network"
        )
    key = jax.random.key(0) if key is None else key
    whole = slab(domain, start)
    done: list[Solution] = []
    for i, end in enumerate(times[1:]):
        own = key_of(key, i)
        problem = _slab_problem(slab, domain, start, times, i, overlap)
        params = _shaken(done[-1].params, noise, key_for(own, "noise")) if done and warm else None
        named = _named(f"slab-{i + 1}", options) | _same_units(done)
        done.append(
            solve(problem, network, params=params, key=key_for(own, "solve"), check=False, **named)
        )
        start = _end_values(done[-1], end)
    solution = March(whole, done, times)
    told = solution.check().warning() if check else None
    if told is not None:
        warnings.warn(f"{whole.name}: {told}", stacklevel=2)
    return solution


def continuation(
    problems: Sequence[Problem], network: Network, *, key: Array | None = None, **options: Any
) -> Solution:
    """Solve problems in turn, each started from the last: a curriculum in some parameter.

    Args:
        problems: from the easy one to the one meant, such as ``[flow(re) for re in (10, 100)]``.
        network: for each.
        key: random key; ``jax.random.key(0)`` if not given.
        **options: of ``solve``, for each problem; not ``params``, ``phase`` or ``errors_every``.

    Returns:
        The solution of the last problem.

    Raises:
        ConfigurationError: for no problem.

    >>> import jax.numpy as jnp, physml as pm
    >>> stiff = lambda k: pm.Problem(domain=pm.Box(x=(0, 1)), ansatz=lambda N, z: 1 + z[0] * N(z),
    ...                              equation=lambda u, z: pm.partial(u, 0)(z) + k * u(z))
    >>> solution = pm.pinn.continuation([stiff(1.0), stiff(4.0)], pm.MLP((8,)), points=32, steps=60)
    >>> bool(abs(solution(jnp.array([[1.0]]))[0] - jnp.exp(-4.0)) < 1e-3)
    True
    """
    if not problems:
        raise ConfigurationError("problems: expected at least one, got none")
    key = jax.random.key(0) if key is None else key
    done: list[Solution] = []
    for i, problem in enumerate(problems):
        named = _named(f"stage-{i + 1}", options) | _same_units(done)
        params = done[-1].params if done else None
        done.append(solve(problem, network, params=params, key=key_of(key, i), **named))
    return done[-1]


def _edges(domain: Box, slabs: int | Sequence[float]) -> list[float]:
    """The times between slabs, with the first and the last."""
    if not isinstance(domain, Box):
        raise ConfigurationError(f"domain: march expects a Box to cut in slabs, got {domain}")
    low, high = domain.times
    if isinstance(slabs, str) or np.ndim(slabs) == 0:
        times = np.linspace(low, high, 1 + max(0, as_whole("slabs", slabs)))
    else:
        times = as_numbers("slabs", slabs)
    ascending = times.ndim == 1 and len(times) > 1 and np.all(np.diff(times) > 0)
    if not ascending or (times[0], times[-1]) != (low, high):
        raise ConfigurationError(
            f"slabs: expected their number or times ascending from {low:g} to {high:g}, got {slabs}"
        )
    return [float(time) for time in times]


def _slab_problem(
    slab: Slab, domain: Box, start: Field, times: Sequence[float], i: int, overlap: float
) -> Problem:
    """The problem on a slab of time, and on what is solved beyond its end."""
    begin, end = times[i], times[i + 1]
    beyond = overlap * (end - begin) if i + 2 < len(times) else 0.0
    return slab(domain.between(begin, min(end + beyond, times[-1])), start)


def _folder(directory: Path, i: int) -> Path:
    return directory / f"slab-{i + 1}"


def _same_units(done: Sequence[Solution]) -> dict[str, Any]:
    """The units of the first, in which parameters mean the same to all."""
    return {"scale": done[0].problem.scales or False} if done else {}


def _named(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of ``solve`` with phases named after a slab, each with checkpoints of its own."""
    for option in ("phase", "params", "errors_every"):
        if option in options:
            raise ConfigurationError(f"{option}: no option here, where problems follow one another")
    given = options.get("warm_up", ())
    phases = [given] if isinstance(given, Phase) else given
    warm_up = [phase._replace(name=f"{name}-{phase.name}") for phase in phases]
    return {**options, "phase": name, "warm_up": warm_up}


def _shaken(params: Any, noise: float, key: Array) -> Any:
    """Each parameter times one plus noise: a start near the last slab's that is not stuck there."""
    flat, unravel = ravel_pytree(params)
    return unravel(flat * (1 + noise * jax.random.normal(key, flat.shape, flat.dtype)))


def _end_values(solution: Solution, end: float) -> Field:
    """The solution at the end of its slab, as a function of a point of the next.

    Where it can, it is a sum of polynomials: else each slab would evaluate all before it.
    """
    field, domain = solution.field, solution.problem.domain
    axis = domain.time_axis
    if domain.dimension == 1:
        values = jnp.asarray(field(jnp.array([end])))
        return lambda z: values
    smooth = chebyshev_interpolant(field, domain, at=end) if isinstance(domain, Box) else None
    return smooth or (lambda z: jnp.asarray(field(z.at[axis].set(end))))
