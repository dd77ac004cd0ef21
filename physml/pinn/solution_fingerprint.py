"""The fingerprint of a saved solution: its field, its domain, its terms, but not its parameters.

Parameters alone say nothing: another activation, domain or ansatz of the same shapes makes another
function of them.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from physml.pinn.collocation import collocation, first_batch
from physml.pinn.problem import Network, Problem, residual_rows
from physml.train.fingerprint import of_programs
from physml.train.program import program


@jax.default_matmul_precision(None)  # of products: it decides on digits, not on what it is
def of_solution(problem: Problem, network: Network, params: Any) -> dict[str, Any]:
    """Of the field at one point, and of each term's residual at one sample.

    Args:
        problem: what was solved.
        network: the linen module, or a dict of them.
        params: its parameters, of which only shapes and types count.

    Returns:
        Plain data, for a manifest.
    """
    domain = problem.domain
    point = jnp.asarray(domain.lower, jnp.result_type(*jax.tree.leaves(params)))

    def field(params: Any, z: Any) -> Any:
        found = problem.solution_field(network, params)
        return {n: part(z) for n, part in found.items()} if isinstance(found, dict) else found(z)

    programs = {
        "the field": program(field, params, point)[0],
        "the region": program(lambda z: domain.contains(z[None]), point)[0],
    }
    few = collocation(problem, network, points=8, condition_points=8)
    batch = first_batch(few, jax.random.key(0), params)
    for name, row in residual_rows(problem, network).items():
        sample = jax.tree.map(lambda leaf: leaf[0], batch[name])
        programs[f"term {name!r}"] = program(row, params, sample)[0]
    bounds = zip(domain.names, domain.lower.tolist(), domain.upper.tolist(), strict=True)
    values = {"the domain": {name: f"{low:g} to {high:g}" for name, low, high in bounds}}
    return of_programs(programs, values)
