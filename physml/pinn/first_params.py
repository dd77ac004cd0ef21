"""The parameters that a network starts from in a problem, once its value fits the problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.memory import check_parameters
from physml.networks import FourierSeries
from physml.pinn.named_network import networks_of
from physml.train.precision import in_default_precision

if TYPE_CHECKING:
    from physml.pinn.problem import Network, Problem

_BY_NAME = ("components", "ansatz", "regions", "exact")


def initial_params(problem: Problem, network: Network, key: Array) -> Any:
    """Random parameters of a network, or of several by name; see ``Problem.initial_params``.

    Raises:
        ConfigurationError: where options by name and networks by name do not agree; a
            ``FourierSeries`` whose periodic coordinate is not the last.
        ShapeError: when the network's value does not fit the problem.
    """
    network = networks_of(problem, network)
    if not isinstance(network, Mapping):
        for option in _BY_NAME:
            if isinstance(getattr(problem, option), Mapping):
                raise ConfigurationError(
                    f"{option}: given by name, but the network is one module; expected a dict "
                    "of networks"
                )
        return _initial(problem, network, key, None)
    for option in _BY_NAME:
        _check_names(option, getattr(problem, option), network)
    keys = jax.random.split(key, len(network))
    return {
        name: _initial(problem, module, sub, name)
        for (name, module), sub in zip(network.items(), keys, strict=True)
    }


def _check_names(option: str, given: Any, network: Mapping[str, nn.Module]) -> None:
    if given is None:
        return
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{option}: expected a dict by name, since the unknowns are {', '.join(network)}"
        )
    for name in given:
        if name not in network:
            raise ConfigurationError(
                f"{option}: {name!r} is no unknown; expected some of {', '.join(network)}"
            )


def _initial(problem: Problem, network: nn.Module, key: Array, unknown: str | None) -> Any:
    domain, components = problem.domain, problem.components
    if unknown is not None:
        components = (components or {}).get(unknown)  # type: ignore[union-attr]  # by name
    name = problem.name if unknown is None else f"{problem.name}: {unknown}"
    last = domain.names[-1]
    if isinstance(network, FourierSeries) and (
        last not in problem.periodic_names or problem.features
    ):
        raise ConfigurationError(
            f"network: {name!r}: FourierSeries takes the last two numbers that it sees for the "
            "cosine and sine of a periodic coordinate; expected the domain's last coordinate, "
            f"{last!r}, to be periodic=..., and no features"
        )
    point = jnp.asarray(0.5 * (domain.lower + domain.upper))
    # One program, cheaply compiled since it runs once: half the time of one an operation.
    options: Any = {"xla_backend_optimization_level": 0}
    draw = jax.jit(lambda key: network.init(key, problem.embed(point)), compiler_options=options)
    check_parameters("network", jax.eval_shape(draw, key))
    params = in_default_precision(draw(key))
    expected = () if components is None else (components,)
    value = jax.eval_shape(lambda z: network.apply(params, problem.embed(z)), point)
    got = getattr(value, "shape", type(value).__name__)
    if got != expected:
        outputs = "None" if components is None else str(components)
        raise ShapeError(
            f"network: expected a value of shape {expected} at one point of {name!r}, got "
            f"{got}; an MLP takes outputs={outputs}, a Problem components=..."
        )
    plain: Any = problem.in_units(None)
    if unknown is None:
        field = plain.solution_field(network, params)
    else:
        field = plain.solution_field({unknown: network}, {unknown: params})[unknown]
    made = jax.eval_shape(field, point).shape
    if made != expected:
        raise ShapeError(
            f"ansatz: expected a value of shape {expected} at one point of {name!r}, as the "
            f"network has, got {made}: something in it is broadcast against the network"
        )
    return params
