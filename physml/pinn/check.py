"""What is left of a residual between the points that were trained on.

A small loss says that the residual is small where training looked, and small beside 1. So it is
measured again on fresh points, several times as many and densest where it is large, and put beside
what the equation is made of at each of them: how it answers when the solution is stretched about
the point along an axis, which gives its terms with derivatives, and when a constant, a slope or a
bend of the solution's own size is added, ``u + u(z) (1, s_i, s_i²)`` with ``s = (x − z)/L``. Where
the residual is not small beside those, it may hold up any solution: one that should grow from
almost nothing, a wave that fades.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus.named_field import NamedField
from physml.pinn.collocation import first_batch
from physml.pinn.problem import Network, Problem, residual_rows
from physml.real_parts import real_type
from physml.types import Batch, Sampler

# Fresh batches for one that was trained on; two more where the residual is large.
_FRESH = 8
_CHUNK = 4096

# A residual is worth a word where it is so many times larger between the points, or not below a
# tenth of the equation's terms at most points though it fell below a tenth of what it was; nothing
# is said of a thousandth of that.
_FACTOR = 10.0
_SMALL = 0.1
_MOST = 0.5
_NEGLIGIBLE = 1e-3


class TermCheck(NamedTuple):
    """The residual of one term; root mean squares over points, vectors by their length.

    Attributes:
        trained: on the points trained on; None where they are not known.
        fresh: on fresh points.
        samples: how many fresh points.
        largest: the largest value met.
        at: where, by coordinate.
        unresolved: the share of fresh points at which the residual is above a tenth of the largest
            of the equation's terms there; None for conditions.
    """

    trained: float | None
    fresh: float
    samples: int
    largest: float
    at: dict[str, float]
    unresolved: float | None

    @property
    def factor(self) -> float:
        """``fresh / trained``; 1 where both vanish or the trained one is not known."""
        if self.trained is None or self.fresh == self.trained:
            return 1.0
        return self.fresh / self.trained if self.trained > 0 else np.inf

    def words(self) -> str:
        """The numbers, where the residual is largest, and how much of the domain is unresolved."""
        known = "" if self.trained is None else f"{self.trained:.1e} on the points trained on, "
        place = ", ".join(f"{name} = {value:.3g}" for name, value in self.at.items())
        told = (
            f"{known}{self.fresh:.1e} on {self.samples} fresh ones, at most {self.largest:.1e} "
            f"near {place}"
        )
        if (self.unresolved or 0.0) > _MOST:
            told += f"; above a tenth of the equation's own terms at {self.unresolved:.0%} of them"
        return told


class Check(NamedTuple):
    """The residuals of all terms, beside their size before training.

    Attributes:
        terms: by name.
        start: the largest root mean square of a term before the first step, 0 if not known; what is
            below a thousandth of it counts as nothing.
    """

    terms: Mapping[str, TermCheck]
    start: float

    @property
    def unseen(self) -> tuple[str, ...]:
        """The terms that are ten times larger between the points, or no number there.

        What is negligible is left out.
        """
        return tuple(
            name
            for name, term in self.terms.items()
            if not np.isfinite(term.fresh)
            or (term.factor > _FACTOR and term.fresh > _NEGLIGIBLE * self.start)
        )

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The equations whose residual fell, but not below their own terms at most points."""
        return tuple(
            name
            for name, term in self.terms.items()
            if (term.unresolved or 0.0) > _MOST
            and (term.trained is not None and term.trained < _SMALL * self.start)
            and term.fresh > _NEGLIGIBLE * self.start
        )

    def words(self) -> str:
        """A line for each term."""
        return "\n".join(f"{name}: {term.words()}" for name, term in self.terms.items())

    def warning(self) -> str | None:
        """What to say of a loss that is small only where training looked; None if all is well."""
        names = dict.fromkeys([*self.unseen, *self.unresolved])
        if not names:
            return None
        told = "; ".join(f"{name}: {self.terms[name].words()}" for name in names)
        cause = (
            "the residual is small on the points trained on and not between them"
            if self.unseen
            else "the residual is small, but not beside the equation's own terms"
        )
        return (
            f"{cause}, so the solution may be wrong: {told}. Give more points, "
            "redraw=by_residual(...), more steps, or slabs of time (march)"
        )

    def numbers(self) -> dict[str, dict[str, Any]]:
        """Plain data, by term."""
        return {
            name: term._asdict() | {"factor": term.factor, "words": term.words()}
            for name, term in self.terms.items()
        }


def check_residuals(
    problem: Problem,
    network: Network,
    params: Any,
    sampler: Sampler,
    trained: Batch | None = None,
    *,
    start: float = 0.0,
    key: Array,
) -> Check:
    """Measure the residual of each term on fresh points.

    Args:
        problem: equation and conditions.
        network: the unknown, or a dict of them.
        params: its parameters.
        sampler: of the points, as ``collocation`` makes it.
        trained: the batch that was trained on, if known.
        start: the largest root mean square of a term before training, if known.
        key: of the fresh points; not that of the training.

    Returns:
        One compiled program's findings.
    """
    dtype = real_type(params)
    evaluate = _compiled(problem, network)

    def values(batch: Batch) -> dict[str, np.ndarray]:
        cast = jax.tree.map(
            lambda leaf: leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf,
            batch,
        )
        return {name: np.asarray(found) for name, found in evaluate(params, cast).items()}

    batches = [first_batch(sampler, sub, params) for sub in jax.random.split(key, _FRESH)]
    fresh = [values(batch) for batch in batches]
    points = {name: np.concatenate([_points(b[name]) for b in batches]) for name in batches[0]}
    found = {name: np.concatenate([f[name] for f in fresh]) for name in fresh[0]}
    closer_points, closer = _closer(problem, points, found, batches[0], values)
    before = None if trained is None else values(trained)
    terms = {}
    for name, rows in found.items():
        own = trained is not None and _same(batches[0][name], trained[name])
        rows = fresh[0][name] if own else rows
        sizes = np.concatenate([rows[:, 0], closer[name]])
        where = np.concatenate([points[name][: len(rows)], closer_points[name]])
        largest = int(np.argmax(np.where(np.isfinite(sizes), sizes, np.inf)))
        at = dict(zip(problem.domain.names, where[largest].tolist(), strict=False))
        terms[name] = TermCheck(
            None if before is None else _rms(before[name][:, 0]),
            _rms(rows[:, 0]),
            len(rows),
            float(sizes[largest]),
            at,
            float(np.mean(rows[:, 0] > _SMALL * rows[:, 1])) if name in problem.equations else None,
        )
    return Check(terms, start)


def _compiled(problem: Problem, network: Network) -> Any:
    """``(params, batch) -> {term: (n, 2)}``: lengths of the residual and of its largest part."""
    rows = residual_rows(problem, network)

    def both(name: str, params: Any, sample: Any) -> Array:
        length = jnp.linalg.norm(jnp.ravel(rows[name](params, sample)))
        if name not in problem.equations:
            return jnp.stack([length, jnp.zeros_like(length)])
        parts = _parts(problem, name, problem.solution_field(network, params), sample)
        return jnp.stack([length, jnp.max(jnp.linalg.norm(parts, axis=0))])

    def evaluate(params: Any, batch: Batch) -> dict[str, Array]:
        return {
            name: jax.lax.map(
                lambda sample, name=name: both(name, params, sample),
                batch[name],
                batch_size=min(_CHUNK, len(jax.tree.leaves(batch[name])[0])),
            )
            for name in rows
        }

    # It runs ten times: compiling fast matters more than a fast program.
    return jax.jit(evaluate, compiler_options={"xla_backend_optimization_level": 0})


def _parts(problem: Problem, name: str, u: Any, z: Array) -> Array:
    """How an equation answers at a point to the changes told above, ``(m, 3k + 1)``.

    Along each axis of up to three; of more, along three fixed diagonals.
    """
    d = problem.domain.dimension
    axes = np.eye(d) if d <= 3 else np.random.default_rng(0).choice([-1.0, 1.0], (3, d))
    lengths = jnp.asarray(problem.domain.upper - problem.domain.lower, z.dtype)
    along = jnp.asarray(axes, z.dtype)

    def changed(stretch: Array, constant: Array, slope: Array, bend: Array) -> Array:
        def about(part: Any) -> Any:
            value = jax.lax.stop_gradient(part(z))

            def field(x: Array) -> Array:
                s = (x - z) / lengths
                size = constant + slope @ (along @ s) + bend @ (along @ s**2)
                return part(x + (stretch @ along) * (x - z)) + size * value

            return NamedField(field, problem.domain)

        field = {n: about(p) for n, p in u.items()} if isinstance(u, Mapping) else about(u)
        value = problem.equations[name](field, z)
        return jnp.ravel(value if problem.scales is None else problem.scales.row(name, value))

    zero = jnp.zeros(len(axes), z.dtype)
    at = (zero, jnp.zeros((), z.dtype), zero, zero)
    answers = jax.jacfwd(changed, argnums=(0, 1, 2, 3))(*at)
    return jnp.concatenate([part.reshape(part.shape[0], -1) for part in answers], axis=1)


def _closer(
    problem: Problem, points: Any, found: Any, like: Batch, values: Any
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Points about the largest residuals, and the residuals there.

    Twice a batch, within half a distance to the next point and then within an eighth of it.
    """
    domain, generator = problem.domain, np.random.default_rng(0)
    places = {name: points[name][:0] for name in found}
    lengths = {name: found[name][:0, 0] for name in found}
    for shrink in (2.0, 8.0):
        batch = dict(like)
        for name in problem.equations:
            here = np.concatenate([points[name], places[name]])
            sizes = np.concatenate([found[name][:, 0], lengths[name]]).astype(np.float64)
            squares = np.where(np.isfinite(sizes), sizes, 0.0) ** 2
            chances = squares / squares.sum() if squares.sum() > 0 else None
            chosen = here[generator.choice(len(here), len(_points(like[name])), p=chances)]
            spacing = (domain.upper - domain.lower) * len(points[name]) ** (-1 / domain.dimension)
            moved = chosen + generator.uniform(-1, 1, chosen.shape) * spacing / shrink
            inside = np.asarray(domain.contains(jnp.asarray(moved)))
            batch[name] = jnp.asarray(np.where(inside[:, None], moved, chosen))
        again = values(batch)
        for name in problem.equations:
            places[name] = np.concatenate([places[name], np.asarray(batch[name])])
            lengths[name] = np.concatenate([lengths[name], again[name][:, 0]])
    return places, lengths


def _points(samples: Any) -> np.ndarray:
    """The points of samples, which may bring values with them."""
    return np.asarray(jax.tree.leaves(samples)[0])


def _same(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    )


def _rms(values: np.ndarray) -> float:
    # Not by squares of the numbers themselves, which underflow for some units.
    largest = float(np.max(np.abs(values)))
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean((values.astype(np.float64) / largest) ** 2)))
