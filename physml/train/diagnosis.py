"""What is not finite, and where: asked on the host, once, after a step has failed.

A compiled step only says that something is a NaN or an infinity. The batch it saw is drawn again
from the last good state, and each term is evaluated sample by sample: first its value, then its
derivative by the parameters, then its value a short way down the gradient, for steps whose trials
all failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.lazy_jacobian import Block, Jacobian
from physml.types import Batch, Objective, Sampler, Term

# Such as fifty electrons in three dimensions, and no image.
_READABLE = 150

_LENGTHS = 10.0 ** np.arange(-7, 1)


def whole(objective: Objective, sampler: Sampler, state: Any) -> bool:
    """Whether loss, residual and gradient are finite on the batch of a state's next step."""

    @jax.jit
    def finite(state: Any) -> Array:
        evaluation, _ = objective.evaluate(state.params, state.objective, _batch(sampler, state))
        # A slope that is not finite leaves its mark on Jᵀr even where the residual is zero.
        numbers = (evaluation.loss, evaluation.residual, evaluation.gradient)
        return jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(numbers)]))

    return bool(finite(state))


def largest_residual(objective: Objective, sampler: Sampler, state: Any) -> float:
    """The largest residual, by size, on the batch of a state's next step; 0 where there is none."""

    @jax.jit
    def largest(state: Any) -> Array:
        evaluation, _ = objective.evaluate(state.params, state.objective, _batch(sampler, state))
        residual = evaluation.residual
        return jnp.zeros(()) if residual is None else jnp.max(jnp.abs(residual))

    return float(largest(state))


def culprit(objective: Objective, sampler: Sampler, state: Any) -> str | None:
    """The first term and sample that are not finite on the batch of a state's next step.

    Args:
        objective: its ``terms`` say what to evaluate sample by sample.
        sampler: where the batch comes from.
        state: the last good training state.

    Returns:
        A sentence without its stop, or None where everything is finite, or there are no terms.
    """
    if objective.terms is None:
        return None
    batch = jax.jit(lambda state: _batch(sampler, state))(state)
    terms = objective.terms(batch)
    here = next(_not_finite(terms, state.params), None) or next(
        _no_slope(terms, state.params), None
    )
    if here is not None:
        return here
    evaluation, _ = jax.jit(objective.evaluate)(state.params, state.objective, batch)
    size = sum(float(jnp.sum(jnp.abs(leaf) ** 2)) for leaf in jax.tree.leaves(evaluation.gradient))
    for length in _LENGTHS if size > 0 else ():
        scale = -length / size**0.5
        beyond = jax.tree.map(lambda p, g, s=scale: p + s * g, state.params, evaluation.gradient)
        found = next(_not_finite(terms, beyond), None)
        if found is not None:
            return f"finite here, but {length:g} down the gradient {found}"
    return None


def _batch(sampler: Sampler, state: Any) -> Batch:
    key = jax.random.fold_in(state.key, state.step)
    return sampler.sample(key, state.sampler, state.params)[1]


def _not_finite(terms: dict[str, Term], params: Any) -> Iterator[str]:
    for name, term in terms.items():
        values = jax.jit(jax.vmap(lambda x, row=term.row: row(params, x)))(term.samples)
        yield from _told(name, term, "{value}", np.isfinite(np.asarray(values)))


def _no_slope(terms: dict[str, Term], params: Any) -> Iterator[str]:
    for name, term in terms.items():
        words = "the derivative of {value} by the parameters"
        yield from _told(name, term, words, np.asarray(_finite_rows(term, params)))


def _finite_rows(term: Term, params: Any) -> Array:
    jacobian = Jacobian(params, (Block(term.row, term.samples, jnp.ones(())),))

    def add(finite: Array, rows: Array, index: Array) -> Array:
        return finite.at[index].set(jnp.all(jnp.isfinite(rows), axis=1), mode="drop")

    fold: Callable[[Jacobian], Array] = jax.jit(
        lambda jacobian: jacobian.fold(add, jnp.ones(jacobian.shape[0], bool), memory=2**26)
    )
    return fold(jacobian)


def _told(name: str, term: Term, what: str, finite: np.ndarray) -> Iterator[str]:
    count = int(jax.tree.leaves(term.samples)[0].shape[0])
    bad = np.logical_not(finite.reshape(count, -1).all(axis=1))
    if bad.any():
        index = int(np.argmax(bad))
        sample = jax.tree.map(lambda leaf: _shown(leaf[index]), term.samples)
        yield (
            f"{name}: {what.format(value='the ' + term.value)} is not finite at {bad.sum()} of "
            f"{count} {term.sample}s, such as {term.sample} {index}, {sample}"
        )


def bad_step(
    buffers: Mapping[str, Array], index: int, phase: str, step: int, kept: str, where: str | None
) -> str:
    """What a step that is not finite is refused with.

    Args:
        buffers: metrics of a dispatch.
        index: that of the step in them.
        phase: of the fit.
        step: its number.
        kept: where the state before it is kept, in words.
        where: what ``culprit`` found.
    """
    bad = [n for n, b in buffers.items() if not np.isfinite(np.asarray(b)[index])]
    seen = (
        f"; metrics not finite: {', '.join(bad)}" if bad else "; the new parameters are not finite"
    )
    return refusal(f"step {step} ({phase})", seen + kept, where)


def refusal(when: str, seen: str, where: str | None) -> str:
    """The words in which all that is not finite is refused."""
    return (
        f"{'' if where is None else f'{where}. '}{when} met a NaN or an infinity{seen}. Expected "
        "finite numbers: check the equation where it divides, or takes a logarithm or a root (that "
        "of 0 has no slope), start elsewhere, raise the damping, lower the learning rate or bound "
        "the step (natural_gradient's max_norm)"
    )


def _shown(leaf: Array) -> Any:
    """The numbers of a sample, unless they are too many to read."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf).tolist() if leaf.size <= _READABLE else f"an array {leaf.shape}"
