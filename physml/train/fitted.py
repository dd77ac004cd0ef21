"""What a fit must tell for error bars: rows, which of them are observations, predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, NonFiniteError, NoRowsError, UnknownNameError
from physml.lazy_jacobian import Jacobian
from physml.train.fit import FitResult
from physml.types import Batch, Objective

Predict = Callable[[Any, Any], Any]
"""``(params, point) -> value``: an array, or a dict of arrays where there are several fields."""


class Fitted(NamedTuple):
    """A fit by least squares and what is predicted from it.

    Attributes:
        result: what ``fit`` returned.
        objective: what was minimised, of ``least_squares``.
        batch: its samples, all of them, as at the last step.
        predict: ``(params, point) -> value``, whose error bars are asked for.
        observe: for each term that holds observations ``(params, point) -> value``, what was
            observed, without its noise. All other terms are constraints. None for an objective of
            one term, whose rows are ``predict`` minus observed values.
        unknown_numbers: by name, ``(params) -> value``.
        units: what a row of a term is divided by, a number or one a component; 1 where absent.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> line = lambda params, x: params["slope"] * x
    >>> objective = pm.least_squares({"data": lambda params, xy: line(params, xy[0]) - xy[1]})
    >>> x = jnp.linspace(0.0, 1.0, 9)
    >>> batch = {"data": (x, 2 * x + 0.1 * jnp.cos(40 * x))}
    >>> result = pm.fit(objective, pm.fixed(batch), pm.gauss_newton(), {"slope": jnp.array(0.0)},
    ...                 steps=5, key=jax.random.key(0))
    >>> bars = pm.posterior(pm.train.Fitted(result, objective, batch, line))
    >>> bars.standard_deviation(jnp.array([0.0, 1.0])).round(3).tolist()
    [0.0, 0.042]
    """

    result: FitResult
    objective: Objective
    batch: Batch
    predict: Predict
    observe: Mapping[str, Predict] | None = None
    unknown_numbers: Mapping[str, Callable[[Any], Any]] = {}
    units: Mapping[str, Any] = {}


@runtime_checkable
class HasRows(Protocol):
    """A result that knows its rows, such as the ``Solution`` of a problem."""

    def fitted(self) -> Fitted:
        """The fit behind it."""


class Part(NamedTuple):
    """The rows of one term: where they stand in the stack, their scale and their components.

    Attributes:
        name: of the term.
        rows: sample by sample, the components of each.
        scale: ``√(w/n)``; or ``(n,)``, where samples have weights of their own.
        components: of a sample.
    """

    name: str
    rows: slice
    scale: Any
    components: int

    @property
    def of_each(self) -> bool:
        """Whether samples have weights of their own."""
        return bool(np.ndim(self.scale))


class Linearised(NamedTuple):
    """Residual and rows at the parameters of a fit, and which of them are observations.

    Attributes:
        residual: ``(n,)`` in float64.
        jacobian: ``(n, p)``.
        parts: one a term, in the order of the stack.
        observed: names of the terms that hold observations.
    """

    residual: np.ndarray
    jacobian: Jacobian
    parts: tuple[Part, ...]
    observed: tuple[str, ...]

    @property
    def observations(self) -> Linearised:
        """The rows that are observations."""
        return self._only(lambda name: name in self.observed)

    @property
    def constraints(self) -> Linearised:
        """The rows that are not."""
        return self._only(lambda name: name not in self.observed)

    def _only(self, wanted: Callable[[str], bool]) -> Linearised:
        blocks, parts, residuals, start = [], [], [], 0
        for block, part in zip(self.jacobian.blocks, self.parts, strict=True):
            if wanted(part.name):
                values = self.residual[part.rows]
                parts.append(part._replace(rows=slice(start, start + len(values))))
                residuals.append(values)
                blocks.append(block)
                start += len(values)
        jacobian = Jacobian(self.jacobian.params, tuple(blocks))
        residual = np.concatenate(residuals) if residuals else np.zeros(0)
        return Linearised(residual, jacobian, tuple(parts), self.observed)


def linearised(fitted: Fitted) -> Linearised:
    """Evaluate the rows of a fit, and refuse what is no least-squares fit of real numbers.

    Raises:
        NoRowsError: an objective without a residual or rows.
        ConfigurationError: one without terms, or whose loss is not half the square of its rows;
            complex parameters; it is not told which term holds observations.
        UnknownNameError: observations of a term that does not exist.
        NonFiniteError: rows that are not finite.
    """
    objective, batch = fitted.objective, fitted.batch
    params, state = fitted.result.params, fitted.result.state.objective
    if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(params)):
        raise ConfigurationError(
            "posterior: expected real parameters, got complex ones; take two real ones for each"
        )
    evaluation, _ = jax.jit(objective.evaluate)(params, state, batch)
    jacobian, residual = evaluation.jacobian, evaluation.residual
    if jacobian is None or residual is None:
        raise NoRowsError(
            "posterior: expected an objective with a residual and rows, as of least_squares, got "
            "one without"
        )
    loss, half = float(evaluation.loss), 0.5 * float(jnp.sum(jnp.square(residual)))
    centred = any(block.centred for block in jacobian.blocks)
    if centred or not np.isclose(loss, half, rtol=1e-4, atol=0.0):
        raise ConfigurationError(
            "posterior: expected a least-squares objective, whose loss is ½|r|² of its rows, got "
            f"the loss {loss:.6g} and ½|r|² = {half:.6g}{', centred rows' if centred else ''}; "
            "energies, entropies and the like have no observations with noise"
        )
    names = [] if objective.terms is None else list(objective.terms(batch))
    if len(names) != len(jacobian.blocks):
        raise ConfigurationError(
            "posterior: expected an objective that names its terms, as least_squares does, got "
            f"{len(names)} names for {len(jacobian.blocks)} blocks of rows"
        )
    observed = _observed(fitted.observe, names)
    parts, start = [], 0
    for name, block in zip(names, jacobian.blocks, strict=True):
        rows = Jacobian(params, (block,)).shape[0]
        scales = np.asarray(block.scale, np.float64)
        if name in observed and not np.all(scales > 0):
            raise ConfigurationError(
                f"posterior: {name}: expected weights > 0 of all observations, got "
                f"{np.sum(scales <= 0)} of {scales.size} that are 0; leave those observations out"
            )
        scale = float(scales.flat[0]) if np.ptp(scales) == 0 else scales
        parts.append(Part(name, slice(start, start + rows), scale, rows // block.samples))
        start += rows
    values = np.asarray(residual, np.float64)
    gradient = np.concatenate([np.ravel(g) for g in jax.tree.leaves(evaluation.gradient)])
    if not (np.isfinite(values).all() and np.isfinite(gradient).all()):
        raise NonFiniteError(
            "posterior: expected finite rows, got a NaN or an infinity among them; train again "
            "from parameters where the residual and its derivatives are finite"
        )
    return Linearised(values, jacobian, tuple(parts), observed)


def _observed(observe: Mapping[str, Predict] | None, names: list[str]) -> tuple[str, ...]:
    if observe is None:
        if len(names) != 1:
            raise ConfigurationError(
                f"posterior: the objective has the terms {', '.join(names)}: expected to be told "
                "which of them hold observations with noise, and what was observed, as "
                f"Fitted(..., observe={{{names[0]!r}: predict}}); the others are constraints"
            )
        return (names[0],)
    for name in observe:
        if name not in names:
            raise UnknownNameError("term", name, names)
    if not observe:
        raise ConfigurationError(
            "posterior: no term holds observations: without data there is no noise, and an exact "
            "equation has no error bars; Solution.check tells how well it is obeyed"
        )
    return tuple(name for name in names if name in observe)
