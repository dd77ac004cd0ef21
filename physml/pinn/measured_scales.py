"""The units of a problem, read off its terms before the start.

The network is replaced by waves ``a φ(z̃)`` of amplitude ``a``. Where a term's answer ``f[a φ] −
f[0]`` grows as large as what it must balance, ``f[0]``, there is the size of the unknown: the
largest over terms. ``S_k`` is the size of term ``k`` at those amplitudes, ``c`` the mean of values
prescribed that vary little. All are powers of two, so that scaling rounds nothing and small changes
of a problem leave its units.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from physml.calculus.named_field import NamedField
from physml.networks import Constant
from physml.pinn.collocation import collocation, first_batch
from physml.pinn.problem import Network, Problem, residual_rows
from physml.pinn.scales import Scales, is_number
from physml.pinn.term_weights import typical
from physml.real_parts import real_type
from physml.train import least_squares
from physml.types import Batch, Field

# Amplitudes tried, in powers of ten.
_DECADES = {64: 30, 32: 15}
_POINTS = 64

# Values prescribed to an unknown are its offset where they vary by less than this share of it.
_VARIATION = 1 / 30

# Below this share of the solution's size a change of it is rounding.
_ROUNDING = 1e-9


class _Waves(nn.Module):
    """``offset + amplitude · φ``, ``φ`` a few plane waves of size one and length about the domain.

    Attributes:
        outputs: as a network's.
        seed: of the waves.
    """

    outputs: int | None
    seed: int

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The value at what a network would see."""
        h = jnp.ravel(jnp.asarray(z))
        shape = () if self.outputs is None else (self.outputs,)
        draw = np.random.default_rng(self.seed)
        waves = draw.normal(size=(h.size, *shape, 4)) * 1.5 / np.sqrt(h.size)
        phases = jnp.asarray(draw.uniform(0, 2 * np.pi, (*shape, 4)), h.dtype)
        phi = jnp.sum(jnp.sin(jnp.tensordot(h, jnp.asarray(waves, h.dtype), 1) + phases), -1)
        amplitude, offset = (
            self.param(name, nn.initializers.zeros, shape, h.dtype)
            for name in ("amplitude", "offset")
        )
        return offset + amplitude * phi / np.sqrt(2.0)


def measured(problem: Problem, network: Network, params: Any, batch: Batch) -> Scales:
    """The units of a problem.

    Args:
        problem: equation and conditions.
        network: the unknown, or a dict of them.
        params: its first parameters.
        batch: some points of each term.

    Returns:
        Units and sizes, powers of two, the same for the same problem.
    """
    # Amplitudes far from the right one may overflow: an infinity is only too large.
    with np.errstate(all="ignore"):
        return _Measurement(problem, network, params, batch).scales()


def in_own_units(
    problem: Problem, network: Network, params: Any, scale: bool | Scales
) -> tuple[Problem, str | None]:
    """The problem in the units it is to be solved in.

    Args:
        problem: equation and conditions.
        network: the unknown, or a dict of them.
        params: its first parameters.
        scale: whether to measure units and take them where the problem's are far from one; or the
            units to take.

    Returns:
        The problem, and what to say of terms too small to count.

    Raises:
        ShapeError: a residual that is neither a number nor a vector of real ones.
    """
    plain = problem.in_units(None)
    if isinstance(scale, Scales):
        return plain.in_units(scale), None
    if not scale:
        return plain, None
    sampler = collocation(plain, network, points=_POINTS, condition_points=_POINTS // 4)
    batch = first_batch(sampler, jax.random.key(0), params)
    objective = least_squares(residual_rows(plain, network))
    jax.eval_shape(objective.evaluate, params, objective.init(params), batch)
    dtype = real_type(params)
    scales = measured(plain, network, params, batch)
    needed = not scales.are_ordinary()
    told = scales.faint(typical(problem, batch), dtype, applied=needed)
    return plain.in_units(scales if needed else None), told


class _Measurement:
    """A problem's terms as functions of the amplitudes of waves, in one compiled program.

    A part is a component of an unknown, ``(name, index)``; unknown numbers keep their guess.
    """

    def __init__(self, problem: Problem, network: Network, params: Any, batch: Batch) -> None:
        several = isinstance(network, Mapping)
        self.networks = dict(network) if isinstance(network, Mapping) else {"": network}
        self.problem = problem
        self.own = own = dict(params) if several else {"": params}
        components: Any = problem.components if several else {"": problem.components}
        ansatz: Any = problem.ansatz if several else {"": problem.ansatz}
        self.free = [n for n, module in self.networks.items() if not isinstance(module, Constant)]
        self.bound = {n for n in self.free if (ansatz or {}).get(n) is not None}
        counts = {n: (components or {}).get(n) for n in self.free}
        self.shape = {n: () if count is None else (count,) for n, count in counts.items()}
        self.parts = [(n, i) for n in self.free for i in np.ndindex(self.shape[n])]
        self.equations = tuple(problem.equations)
        self.dtype = real_type(params)
        reach = _DECADES[int(jnp.finfo(self.dtype).bits)]
        self.decades = np.arange(-reach, reach + 1)
        waves = {n: _Waves(counts[n], seed) for seed, n in enumerate(self.free)}
        probe: Network = self.networks | waves if several else waves[""]
        rows = residual_rows(problem, probe)
        self.terms = tuple(rows)
        some = jax.tree.map(lambda leaf: leaf[:: max(1, len(leaf) // _POINTS)], batch)
        inside = some[self.equations[0]]
        self.data = {c.name for c in problem.conditions if c.data is not None}
        operators = {c.name: c.operator(problem.domain) for c in problem.conditions}
        lower, width = problem.domain.lower, problem.domain.upper - problem.domain.lower

        def answers(case: dict[str, Any]) -> dict[str, Array]:
            given: Any = own | {n: {"params": case[n]} for n in self.free}
            given = given if several else given[""]
            u = problem.solution_field(probe, given)

            # The same waves with nothing built in: no ansatz, no period.
            def bare(n: str) -> Field:
                return NamedField(
                    lambda z: jnp.asarray(
                        waves[n].apply({"params": case[n]}, 2 * (z - lower) / width - 1)
                    ),
                    problem.domain,
                )

            free = {n: bare(n) for n in self.free}
            of: list[tuple[str, Any, Any]] = [
                (name, partial(row, given), some[name]) for name, row in rows.items()
            ]
            of += [
                ("free " + name, partial(operator, u | free if several else free[""]), some[name])
                for name, operator in operators.items()
            ]
            of += [("u " + n, u[n] if several else u, inside) for n in self.free]
            of += [("N " + n, partial(self._network, n), inside) for n in self.free]
            return {
                name: jax.vmap(lambda sample, f=f: jnp.ravel(f(sample)))(samples)
                for name, f, samples in of
            }

        options: Any = {"xla_backend_optimization_level": 0}
        self.program = jax.jit(lambda cases: jax.lax.map(answers, cases), compiler_options=options)

    def _network(self, name: str, z: Array) -> Array:
        """A network as it starts, at a point."""
        return jnp.asarray(self.networks[name].apply(self.own[name], self.problem.embed(z)))

    def collected(self, values: dict[Any, float], name: str) -> np.ndarray:
        """Values by part as one array of an unknown's shape; 0 where not given."""
        shape = self.shape[name]
        return np.reshape([values.get((name, i), 0.0) for i in np.ndindex(shape)], shape)

    def at(self, amplitudes: list[dict[Any, float]], offsets: dict[Any, float]) -> Any:
        """Answers ``{term: (cases, n, m)}`` at amplitudes by part."""
        # As many cases as decades, always: one compiled program.
        padded = amplitudes + amplitudes[-1:] * (len(self.decades) - len(amplitudes))
        cases = {
            n: {
                "amplitude": jnp.asarray([self.collected(a, n) for a in padded], self.dtype),
                "offset": jnp.asarray([self.collected(offsets, n)] * len(padded), self.dtype),
            }
            for n in self.free
        }
        found = self.program(cases)
        return {k: np.asarray(np.real(v), np.float64)[: len(amplitudes)] for k, v in found.items()}

    def scales(self) -> Scales:
        """Units of all unknowns and sizes of all terms."""
        units = self.units({})
        offsets = self.offsets(units)
        if offsets:
            units = self.units(offsets)
        networks = self.at([{}], {})
        offset, unit = {}, {}
        for n, module in self.networks.items():
            if isinstance(module, Constant):
                guess = np.abs(np.asarray(module.value, np.float64))
                unit[n] = _power(np.where((guess > 0) & is_number(module), guess, 1.0))
                offset[n] = np.zeros_like(guess)
                continue
            # A network of the user's may have units of its own.
            own = _size(networks["N " + n])
            unit[n] = self.collected(units, n) / (1.0 if own == 0 or 1e-3 < own < 1e3 else own)
            unit[n] = _power(unit[n])
            offset[n] = unit[n] * np.round(self.collected(offsets, n) / unit[n])
        return Scales(offset, unit, self.sizes(units, offsets))

    def units(self, offsets: dict[Any, float]) -> dict[Any, float]:
        """Amplitudes at which terms balance; an unknown found gives others what to balance."""
        still = self.at([{}], offsets)
        before = {(n, i): _size(still["u " + n][0][:, sum(i)]) for n, i in self.parts}
        built = self.built_in()
        found: dict[Any, float] = {}
        for _ in self.parts:
            base = self.at([found], offsets)
            new = {}
            for part in self.parts:
                if part in found:
                    continue
                tried = self.at([found | {part: 10.0**k} for k in self.decades], offsets)
                crossings = [
                    (name in self.data, crossing)
                    for name in self.terms
                    for i, crossing in self.crossings(tried[name] - base[name], base[name][0])
                    if crossing > _ROUNDING * before[part] and (name, i) not in built
                ]
                if crossings:
                    # Measured values tell most; else the largest, as of a load and an edge.
                    new[part] = max(crossings)[1]
            if not new:
                break
            found |= new
        known = {part: 0 < size < np.inf for part, size in before.items()}
        return {part: before[part] if known[part] else 1.0 for part in self.parts} | found

    def built_in(self) -> set[tuple[str, int]]:
        """Components of conditions that the solution obeys by itself, but for rounding."""
        found = self.at([{}, dict.fromkeys(self.parts, 1.0)], {})
        change = {name: values[1] - values[0] for name, values in found.items()}
        fields = max(_size(change["u " + n]) for n in self.free) if self.free else 0.0
        built = set()
        for name in set(self.terms) - set(self.equations):
            for i in range(change[name].shape[1]):
                free = _size(change["free " + name][:, i])
                if _size(change[name][:, i]) < _ROUNDING * free * fields:
                    built.add((name, i))
        return built

    def crossings(self, answers: np.ndarray, base: np.ndarray) -> list[tuple[int, float]]:
        """Where a component's answer ``(decades, n, m)`` reaches what it balances, ``(n, m)``."""
        made = []
        for i in range(base.shape[1]):
            target = _size(base[:, i])
            sizes = np.array([_size(answer) for answer in answers[:, :, i]])
            above = np.flatnonzero(sizes >= target)
            if target == 0 or not np.isfinite(target) or len(above) == 0 or above[0] == 0:
                continue
            k = int(above[0])
            low, high = sizes[k - 1], sizes[k]
            if low <= 0:
                continue
            share = np.log(target / low) / np.log(high / low) if np.isfinite(high) else 0.0
            made.append((i, float(10.0 ** (self.decades[k - 1] + share))))
        return made

    def offsets(self, units: dict[Any, float]) -> dict[Any, float]:
        """The mean of values that conditions prescribe to an unknown, if they vary little."""
        made = {}
        base = self.at([{}], {})
        for part in self.parts:
            if part[0] in self.bound:
                continue
            unit = units[part]
            once, twice = (self.at([{}], {part: factor * unit}) for factor in (1.0, 2.0))
            values = []
            for name in base:
                if name not in self.terms or name in self.equations:
                    continue
                for i in range(base[name].shape[2]):
                    b, one, two = (found[name][0, :, i] for found in (base, once, twice))
                    slope = np.abs(one - b)
                    linear = np.allclose(two - b, 2 * (one - b), rtol=1e-3, atol=0.0)
                    if linear and slope.min() > 1e-6 * slope.max():
                        values.append(-b / (one - b) * unit)
            together = np.concatenate(values) if values else np.zeros(1)
            mean = float(np.mean(together))
            if float(np.std(together)) < _VARIATION * abs(mean):
                made[part] = mean
        return made

    def sizes(self, units: dict[Any, float], offsets: dict[Any, float]) -> dict[str, np.ndarray]:
        """The largest of a term's answers: to nothing, to each unknown alone, to all of them."""
        cases: list[dict[Any, float]] = [{}, *({part: size} for part, size in units.items()), units]
        found = self.at(cases, offsets)
        built = self.built_in()
        whole = max([*units.values(), *map(abs, offsets.values())], default=1.0)
        made = {}
        for name, values in found.items():
            if name not in self.terms:
                continue
            sizes = []
            for i in range(values.shape[2]):
                own = values[:, :, i]
                changes = [_size(own[0]), *(_size(value - own[0]) for value in own[1:])]
                largest = max((change for change in changes if np.isfinite(change)), default=0.0)
                # A condition that is built in answers by rounding: that is not its size.
                real = largest > 0 and (name, i) not in built
                sizes.append(_power(largest if real else whole))
            made[name] = np.asarray(sizes)
        return made


def _power(size: Any) -> Any:
    """The nearest power of two."""
    return 2.0 ** np.round(np.log2(size))


def _size(values: np.ndarray) -> float:
    """The root mean square of what is finite, without underflow."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    if finite.size == 0:
        return float("inf")
    return largest * float(np.sqrt(np.mean((finite / largest) ** 2))) if largest > 0 else 0.0
