"""What a problem is stated with: things of the right kind, or an error that names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.pinn.conditions import Condition
from physml.pinn.geometry import Domain
from physml.pinn.user_functions import checked_function
from physml.ranges import check_positive

if TYPE_CHECKING:
    from physml.pinn.problem import Problem


def check_stated(problem: Problem) -> None:
    """Whether domain, equations, conditions, features and the exact solution are such things.

    Raises:
        ConfigurationError: for one that is not.
    """
    if not isinstance(problem.domain, Domain):
        raise ConfigurationError(
            f"domain: expected a region, such as Box(x=(0, 1)), got {problem.domain!r}"
        )
    for name, equation in problem.equations.items():
        checked_function(problem.equation_words(name), equation, ("u", "z"))
    given: Any = problem.conditions
    if isinstance(given, Condition) or not isinstance(given, Sequence):
        raise ConfigurationError(
            f"conditions: expected a list of conditions, [dirichlet(...), ...], got {given!r}"
        )
    for i, condition in enumerate(given):
        if not isinstance(condition, Condition):
            raise ConfigurationError(
                "conditions: expected conditions, as dirichlet, require and measured make them, "
                f"got {condition!r} at index {i}"
            )
    if problem.features is not None:
        checked_function("features", problem.features, ("z",))
    for name, exact in _by_name("exact", problem.exact):
        checked_function(name, exact, ("points",))
    check_positive("reference_error", problem.reference_error, or_zero=True)


def whole_components(given: Any) -> Any:
    """The length of an unknown, or of several by name; None for a scalar.

    Raises:
        ConfigurationError: for one that is no whole number of at least 1.
    """
    if isinstance(given, Mapping):
        return {n: as_whole(f"components: {n}", one, least=1) for n, one in given.items()}
    return None if given is None else as_whole("components", given, least=1)


def _by_name(option: str, given: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(given, Mapping):
        yield from ((f"{option} {name!r}", one) for name, one in given.items())
    elif given is not None:
        yield option, given
