"""What the networks of a problem need of memory, judged before a parameter is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from physml.memory import check_parameters
from physml.pinn.problem import Network, Problem


def check_networks(problem: Problem, network: Network) -> None:
    """Refuse networks whose parameters this machine's memory cannot hold.

    Args:
        problem: whose points they see.
        network: a module, or a dict of several.

    Raises:
        ConfigurationError: with the sum, what the machine has, and what to lower.
    """
    modules = network if isinstance(network, Mapping) else {"network": network}
    seen = problem.embed(jnp.asarray(0.5 * (problem.domain.lower + problem.domain.upper)))
    for name, module in modules.items():
        shapes = jax.eval_shape(module.init, jax.random.key(0), seen)
        check_parameters(name, shapes)
