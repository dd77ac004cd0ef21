"""Networks that are told by their names: each as long as the unknown that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from physml.networks import network_of

if TYPE_CHECKING:
    from physml.pinn.problem import Network, Problem


def networks_of(problem: Problem, network: Any) -> Network:
    """Modules as they are, and those that names or ``NetworkSettings`` stand for.

    Args:
        problem: which tells the length of its unknowns.
        network: of the unknown, or a dict of several.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for what is no module, such as a function.
    """
    components = problem.components
    if isinstance(network, Mapping):
        lengths = components if isinstance(components, Mapping) else {}
        return {
            name: network_of(f"network: {name}", one, outputs=lengths.get(name))
            for name, one in network.items()
        }
    alone = None if isinstance(components, Mapping) else components
    return network_of("network", network, outputs=alone)
