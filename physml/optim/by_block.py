"""Damped least squares block by block, where the metric of the whole has no others.

    (J_bᵀ J_b + λI) δ_b = (Jᵀr)_b + λ c_b          for each block b of the parameters

The Fisher matrix of ``q(s) = Π q_j(s_j | s₁ … s_{j−1})``, each factor with parameters of its own,
is of this kind: ``E[∂ln q_i ∂ln q_j] = 0`` for ``i ≠ j``. Samples add noise to what vanishes there;
left out, ``k`` parameters of a block want some ``2k`` samples, whatever the number of blocks.

Cost: ``2 n p k`` flops for blocks of ``k`` parameters, and ``p k²/3`` for their Cholesky factors.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import check_unmasked
from physml.errors import ConfigurationError
from physml.lazy_jacobian import DEFAULT_MEMORY, Jacobian
from physml.optim.damped_least_squares import Solve, positive_solve, pulled
from physml.real_parts import ravel_real
from physml.sample_axis import gather


def in_blocks(blocks: Any) -> Solve:
    """Solve ``(J_bᵀ J_b + λI) δ_b = (Jᵀr)_b + λ c_b``: of ``JᵀJ`` the diagonal blocks alone.

    A step of length ``η`` on ``n`` samples of a ``score`` objective, of which ``p`` parameters are
    learned, adds noise of some ``η² p/n`` of what is yet to be gained: choose ``η`` near ``n/p``
    where ``n < p``, below ``2n/p`` in any case.

    Args:
        blocks: the block of each parameter, whole numbers in a pytree like the parameters, such as
            ``LatticeBorder(8).blocks((4, 4))``.

    Returns:
        A solver, for ``natural_gradient(solve=...)``.

    Raises:
        ConfigurationError: blocks that are no whole numbers; when solving, of other parameters, or
            of complex ones.
        ShapeError: masked blocks.

    Source: Amari, Karakida & Oizumi (2019), arXiv:1808.07172 (blocks of the Fisher matrix).

    >>> import jax.numpy as jnp, numpy as np, physml as pm
    >>> objective = pm.least_squares({"line": lambda p, x: x @ p})
    >>> x = jnp.array([[1.0, 1.0, 0.0], [1.0, -1.0, 2.0]])
    >>> of, _ = objective.evaluate(jnp.ones(3), objective.init(jnp.ones(3)), {"line": x})
    >>> step = pm.optim.in_blocks(np.arange(3))(of.jacobian, of.residual, 1e-9)
    >>> np.round(np.asarray(step), 6).tolist()  # each parameter by itself: Jᵀr over |J|²
    [2.0, 0.0, 1.0]
    """
    check_unmasked("blocks", blocks)
    for label in jax.tree.leaves(blocks):
        if not np.issubdtype(np.asarray(label).dtype, np.integer):
            raise ConfigurationError(
                f"blocks: expected whole numbers, got {np.asarray(label).dtype}"
            )
    leaves, tree = jax.tree.leaves(blocks), str(jax.tree.structure(blocks))
    flat = np.concatenate([np.ravel(label) for label in leaves] or [np.zeros(0, int)])
    shapes = [np.shape(label) for label in leaves]
    index, inside = _places(flat)
    many, most = index.shape

    def solve(
        jacobian: Jacobian,
        residual: Array | None,
        damping: Array | float,
        *,
        memory: int = DEFAULT_MEMORY,
        centre: Any = None,
        gradient: Any = None,
    ) -> Any:
        of = jax.tree.leaves(jacobian.params)
        same = str(jax.tree.structure(jacobian.params)) == tree
        if not same or [leaf.shape for leaf in of] != shapes:
            raise ConfigurationError(
                "blocks: expected one of each parameter, in a pytree like the parameters, got "
                f"{len(flat)} of {sum(leaf.size for leaf in of)}"
            )
        if any(jnp.iscomplexobj(leaf) for leaf in of):
            raise ConfigurationError("blocks: expected real parameters, got complex ones")
        jacobian = jacobian.built(memory=memory)
        # The centre is pulled to block by block, below.
        force, unravel = ravel_real(pulled(jacobian, residual, None, gradient))
        if centre is not None:
            force = force + damping * ravel_real(centre)[0]

        def add(grams: Array, rows: Array, _: Any) -> Array:
            def one(block: tuple[Array, Array, Array]) -> Array:
                gram, places, inside = block
                part = rows[:, places] * inside[None]
                return gram + part.T @ part

            # One after another: products of all blocks at once can wait for one another's threads.
            return gather(jax.lax.map(one, (grams, index, inside)))

        grams = jnp.zeros((many, most, most), force.dtype)
        if jacobian.rows is None:
            grams = jacobian.fold(add, grams, memory=memory)
        else:
            for rows in jacobian.rows:
                grams = add(grams, rows, None)
        found = jax.lax.map(
            lambda block: positive_solve(block[0], block[1], damping)[0],
            (grams, force[index] * inside),
        )
        return unravel(jnp.zeros_like(force).at[index].add(found * inside))

    return solve


def _places(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the parameters of each block stand, ``(blocks, most)``, and which of them are any."""
    order = np.argsort(flat, kind="stable")
    _, counts = np.unique(flat, return_counts=True)
    most = int(counts.max(initial=0))
    index, inside = np.zeros((len(counts), most), int), np.zeros((len(counts), most), bool)
    for row, places in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        index[row, : len(places)], inside[row, : len(places)] = places, True
    return index, inside
