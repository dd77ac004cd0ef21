"""Many steps in one program: a loop whose length is an argument, and which a rule may end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.sharding import Mesh

from physml.errors import ShapeError
from physml.memory import check_program
from physml.train.devices import lying
from physml.train.state import TrainState
from physml.train.until import Rule

LONGEST = 256
"""The most steps of one dispatch, and the length of its buffers."""

_SIZES = "the samples (points, walkers, sweeps), the model's sizes, or the optimizer's"


def compiled(
    step: Callable[[Sequence[Array], TrainState], Any],
    data: Sequence[Array],
    state: TrainState,
    *,
    until: Rule | None,
    mesh: Mesh | None,
    longest: int = LONGEST,
    name: str = "a step",
    lower: str = _SIZES,
) -> Callable[..., tuple[Any, ...]]:
    """Compile a loop of steps.

    The state before a step that is not finite is the last good one, and the state whose metrics
    meet the rule is the one that it judged: either step is not taken.

    Args:
        step: ``(data, state) -> (state, metrics)``.
        data: arrays that are arguments of the program.
        state: of the shapes and types that it keeps.
        until: judged on the metrics of each step, with the state's ``rule`` for its memory.
        mesh: the devices; None for one.
        longest: the most steps of one dispatch, and the length of its buffers.
        name: of a step, for the error.
        lower: what would make it need less memory, for the error.

    Returns:
        ``(data, state, count, heed) -> (state, buffers, advanced, finite, ended)``: up to ``count``
        steps, of which the first ``advanced`` entries of each buffer tell; ``heed`` says whether
        the rule may end it.

    Raises:
        ConfigurationError: for steps that this machine's memory cannot hold.
    """
    step = jax.jit(step)  # traced here for its metrics' shapes, and not again in the loop
    shapes = jax.eval_shape(step, data, state)[1]

    def judged(memory: Any, metrics: dict[str, Array]) -> tuple[Any, Array]:
        if until is None:
            return memory, jnp.bool_(False)
        memory, end = until.update(memory, metrics)
        end = jnp.asarray(end)
        if end.shape != () or end.dtype != bool:
            raise ShapeError(
                f"until: expected (memory, end) with a boolean end of shape (), got {end.dtype} of "
                f"shape {end.shape}"
            )
        return memory, end

    def body(data: Sequence[Array], heed: Array, carry: tuple[Any, ...]) -> tuple[Any, ...]:
        state, buffers, i, _, _ = carry
        new, metrics = step(data, state)
        memory, end = judged(state.rule, metrics)
        new = new._replace(rule=memory)
        finite = jnp.all(jnp.isfinite(metrics["loss"]))
        for leaf in jax.tree.leaves(new.params):
            finite &= jnp.all(jnp.isfinite(leaf))
        # optax's line searches stay where they are if the loss is finite at no length they try.
        for _, error in optax.tree_utils.tree_get_all_with_path(new.optimizer, "decrease_error"):
            finite &= ~jnp.isinf(error)
        end = finite & end & heed
        buffers = {n: buffers[n].at[i].set(metrics[n]) for n in buffers}
        return jax.tree.map(strong, new), buffers, i + finite.astype(i.dtype), finite, end

    def advance(
        data: Sequence[Array], state: TrainState, count: Array, heed: Array
    ) -> tuple[Any, ...]:
        buffers = {name: jnp.zeros((longest, *s.shape), s.dtype) for name, s in shapes.items()}
        carry = (state, buffers, jnp.int32(0), jnp.bool_(True), jnp.bool_(False))
        going = lambda c: (c[2] < count) & c[3] & ~c[4]  # noqa: E731
        return jax.lax.while_loop(going, partial(body, data, heed), carry)

    # The state lies where it lay, step after step; what else comes back, on every device.
    program = jax.jit(advance, **lying(mesh, state, 4))
    compiled = program.lower(data, state, jnp.int32(1), jnp.bool_(True)).compile()
    check_program(name, compiled, lower)

    def dispatch(
        data: Sequence[Array], state: TrainState, count: Array, heed: Array
    ) -> tuple[Any, ...]:
        # The step too many is taken, and the steps before it once more: to choose between a state
        # and the next at each step would copy both, a tenth of a small network's step.
        new, buffers, advanced, finite, ended = compiled(data, state, count, heed)
        if ended or not finite:
            before = jnp.int32(int(advanced) - int(ended))
            new = compiled(data, state, before, jnp.bool_(False))[0]
        return new, buffers, advanced, finite, ended

    return dispatch


def strong(leaf: Any) -> Any:
    """A Python number's weak type would make the first step another program than the second."""
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
    leaf = jnp.asarray(leaf)
    return jax.lax.convert_element_type(leaf, leaf.dtype) if leaf.aval.weak_type else leaf
