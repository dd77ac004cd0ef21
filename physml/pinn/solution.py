"""A solution: a function of points that knows its problem, its error and its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import CheckpointError, ConfigurationError, ShapeError
from physml.networks import NetworkSettings
from physml.pinn import plots, report
from physml.pinn.check import Check, check_residuals
from physml.pinn.collocation import as_many_drawn, collocation, first_batch, last_batch
from physml.pinn.conditions.condition import field_of
from physml.pinn.error_curve import ErrorPoint
from physml.pinn.named_network import networks_of
from physml.pinn.problem import Network, Problem
from physml.pinn.scales import SCALES_FILE, Scales
from physml.pinn.solution_errors import SolutionErrors, errors_of, grid_of
from physml.pinn.solution_fingerprint import of_solution
from physml.pinn.solution_rows import fitted
from physml.train import ErrorBars, FitResult, Fitted, checkpoint, fingerprint, posterior
from physml.train.precision import in_default_precision, in_precision_of
from physml.types import Batch, Field, ManyPoints, Sampler

_EVALUATION_CHUNK = 8192


Differentiation = Callable[[Any], Field]
"""``u -> ∂u``, functions of one point, as the operators of ``physml.calculus`` and their sums."""


class Solution(ManyPoints):
    """A trained solution of a problem.

    ``solution(points)`` evaluates at ``(n, d)``, and ``solution.derivative(operator, points)`` its
    derivatives; ``solution.field`` is the function of one point, to be differentiated by the
    operators of ``physml.calculus``. Where a problem has several unknowns, all are dicts by name.

    Attributes:
        problem: what was solved.
        network: the linen module, or a dict of them.
        params: its parameters.
        result: history and times of the training; None for a solution that was loaded.
        error_curve: step, seconds and error as training went on, where ``solve`` measured them.
        sampler: of the points it was trained on, by which ``check`` draws others.
    """

    def __init__(
        self,
        problem: Problem,
        network: Network | NetworkSettings | str,
        params: Any,
        *,
        result: FitResult | None = None,
        error_curve: Sequence[ErrorPoint] = (),
        sampler: Sampler | None = None,
    ) -> None:
        self.problem = problem
        self.network = networks_of(problem, network)
        self.params = params
        self.result = result
        self.error_curve = tuple(error_curve)
        self.sampler = sampler
        self._check: Check | None = None
        self._error_bars: ErrorBars | None = None
        self._evaluate = jax.jit(self._values, static_argnums=(0, 1))

    @property
    def field(self) -> Any:
        """The solution as a function of one point ``(d,)``, or a dict of such functions."""
        return self._field(self.params)

    def _field(self, params: Any) -> Any:
        return self.problem.solution_field(self.network, params)

    def _values(
        self, operator: Differentiation, unknown: str | None, params: Any, points: Any
    ) -> Any:
        fields = self._field(params)
        chosen = fields if unknown is None else field_of("derivative", fields, unknown)
        expected = (
            "operator: expected a function of the solution whose result is a function of one "
            "point, as lambda u: pm.partial(u, 0)"
        )
        try:
            field: Any = operator(chosen)
        except TypeError as error:
            raise ConfigurationError(f"{expected}, got one that fails: {error}") from error
        if isinstance(field, Mapping):
            one = lambda z: {name: part(z) for name, part in field.items()}  # noqa: E731
        elif callable(field):
            one = field
        else:
            raise ConfigurationError(f"{expected}, got one whose result is {field!r}")
        return jax.lax.map(one, points, batch_size=_EVALUATION_CHUNK)

    def __call__(self, points: Any) -> Any:
        """Evaluate at points ``(n, d)``: ``(n,)`` or ``(n, components)``, or a dict of such arrays.

        Raises:
            ShapeError: for points of another dimension.
        """
        return self.derivative(_itself, points)

    def derivative(
        self, operator: Differentiation, points: Any, *, unknown: str | None = None
    ) -> Any:
        """A derivative at many points, some thousands at a time: their memory does not grow with n.

        The operator is compiled once: name it to use it again.

        Args:
            operator: ``u -> ∂u``, such as ``pm.gradient`` or ``lambda u: pm.partial(u, 0)``; it
                gets what an equation gets, the field or a dict of fields by name.
            points: ``(n, d)``.
            unknown: the one it gets, where there are several by name.

        Returns:
            ``(n,)`` + the shape of its value at one point.

        Raises:
            ConfigurationError: an operator whose result is no function; no such unknown.
            ShapeError: for points of another dimension, masked, complex or no numbers.

        >>> import jax.numpy as jnp, physml as pm
        >>> problem = pm.Problem(domain=pm.Box(t=(0, 1), x=(0, 1)), equation=lambda u, z: u(z),
        ...                      ansatz=lambda N, z: z[0] * z[1] ** 2 + 0 * N(z))
        >>> solution = pm.solve(problem, pm.MLP((4,)), points=4, steps=0)
        >>> points = jnp.array([[0.5, 1.0], [0.5, 2.0]])
        >>> solution.derivative(pm.gradient, points).tolist()
        [[1.0, 1.0], [4.0, 2.0]]
        >>> solution.derivative(lambda u: pm.partial(u, 1, 1), points).tolist()
        [1.0, 1.0]
        """
        if not any(isinstance(part, jax.core.Tracer) for part in jax.tree.leaves(points)):
            points = as_numbers("points", points)
        points = jnp.asarray(points, jnp.result_type(*jax.tree.leaves(self.params)))
        if points.ndim != 2 or points.shape[1] != self.problem.domain.dimension:
            raise ShapeError(
                f"points: expected (n, {self.problem.domain.dimension}) for coordinates "
                f"{self.problem.domain.names}, got {points.shape}; solution.field is the function "
                "of one point"
            )
        return self._evaluate(operator, unknown, self.params, points)

    @property
    def loss(self) -> float:
        """The loss at the last step of the training; infinite where it is not known."""
        history = {} if self.result is None else self.result.history
        losses = np.asarray(history.get("loss", []))
        return float(losses[-1]) if len(losses) else np.inf

    def __repr__(self) -> str:
        """The problem, the loss, and what ``check`` found, if it was asked."""
        count = 0 if self.result is None else len(self.result.history.get("loss", ()))
        told = f", loss {self.loss:.2g} after {count} steps" if count else ""
        counts = ", ".join(f"{name} {n}" for name, n in self.samples.items())
        on = f", samples a step: {counts}" if counts else ""
        found = "" if self._check is None else "\n" + self._check.words()
        able = ", ".join(map(repr, self.problem.could_be_built_in))
        advice = f"\n{able}: left to penalties; Problem(hard=True) builds them in" if able else ""
        return f"Solution of {self.problem.name!r}{told}{on}{found}{advice}"

    @property
    def samples(self) -> dict[str, int]:
        """How many samples each term of the loss has at a step: points, data, integrals; by name.

        Nothing for a solution that was loaded.
        """
        if self.sampler is None:
            return {}
        sampler = self.sampler
        batch = jax.eval_shape(
            lambda params: first_batch(sampler, jax.random.key(0), params), self.params
        )
        return {name: len(jax.tree.leaves(part)[0]) for name, part in batch.items()}

    @property
    def batch(self) -> Batch | None:
        """The samples of the last step, by term; None for a solution that was loaded."""
        if self.result is None or self.sampler is None:
            return None
        return last_batch(self.sampler, self.result.state.sampler, self.params)

    @property
    def error_bars(self) -> ErrorBars:
        """Error bars of an inverse problem, computed once; see ``physml.posterior``.

        Raises:
            ConfigurationError: where there are none: no measured values, training that has not
                ended, and what else ``posterior`` refuses.
        """
        if self._error_bars is None:
            self._error_bars = posterior(self)
        return self._error_bars

    def fitted(self) -> Fitted:
        """The fit behind it, for ``physml.posterior``: terms with measured data are observations.

        Raises:
            ConfigurationError: for a solution that was loaded.
        """
        return fitted(self)

    def check(self) -> Check:
        """The residual of each term on fresh points, eight times as many as were trained on.

        A small loss says that the residual is small where training looked. ``solve`` asks this at
        its end and warns of what is ten times larger in between. What no residual tells: a source
        so narrow that no point meets it, and which of several solutions this is.

        Returns:
            For each term the root mean squares on points trained on and on fresh ones, and the
            largest value and its place, looked for where the residual is large.
        """
        if self._check is None:
            sampler = collocation(self.problem, self.network)
            if self.sampler is not None:
                sampler = as_many_drawn(self.problem, self.network, self.samples)
            batch, start, key = None, 0.0, jax.random.key(2027)
            if self.result is not None:
                history = self.result.history
                first = [v[0] for name, v in history.items() if name.startswith("loss/") and len(v)]
                start = float(np.sqrt(2 * max(first, default=0.0)))
                batch = self.batch
            self._check = check_residuals(
                self.problem, self.network, self.params, sampler, batch, start=start, key=key
            )
        return self._check

    def numbers(self) -> dict[str, Any]:
        """Errors, loss and residuals as plain data."""
        return report.numbers(self)

    def words(self) -> dict[str, str]:
        """Errors, loss and residuals for a reader, a line each."""
        return report.words(self)

    def grid(self, unknown: str | None = None) -> np.ndarray:
        """Where errors are reported: a regular grid of the domain, or 10⁵ random points above 3D.

        The grid has 1001, 201² or 41³ points in the bounding box, bounds included; those outside
        the domain are left out, and those where an unknown does not live.

        Args:
            unknown: which one, where there are several by name.

        Returns:
            ``(n, d)``.
        """
        return grid_of(self.problem, unknown)

    def errors(
        self, points: np.ndarray | None = None, *, unknown: str | None = None
    ) -> SolutionErrors:
        """The error against the exact solution, of a complex field in both its parts.

        Args:
            points: ``(n, d)``; the grid of ``grid`` if not given.
            unknown: which one, where there are several by name.

        Raises:
            ConfigurationError: when the problem knows no exact solution of that unknown, or a point
                lies where the unknown does not live.
            ShapeError: an exact solution of another shape than this one, or masked.
            NonFiniteError: an exact solution that is not finite at some point.
        """
        return errors_of(self, points, unknown)

    def save(self, directory: str | Path) -> Path:
        """Save the parameters, verified by digest, to be read by ``Solution.load``.

        Raises:
            CheckpointError: where a solution stands already, or none can be written.
        """
        if checkpoint.steps(Path(directory)):
            raise CheckpointError(
                f"{directory}: already holds a solution; expected a new directory: choose another "
                "or remove it"
            )
        known = of_solution(self.problem, self.network, self.params)
        saved = checkpoint.save(Path(directory), 0, self.params, fingerprint=known)
        if self.problem.scales is not None:
            self.problem.scales.save(Path(directory) / SCALES_FILE)
        return saved

    @classmethod
    def load(
        cls, directory: str | Path, problem: Problem, network: Network | NetworkSettings | str
    ) -> Solution:
        """Read a saved solution of the same problem and network.

        Args:
            directory: that ``save`` wrote.
            problem: as it was solved.
            network: as ``solve`` takes it: a module, ``NetworkSettings``, a name, a dict of such.

        Raises:
            CheckpointError: when it is missing, damaged, or of a network of other shapes.
            FingerprintError: when its field, its domain or a term is not that of the problem and
                the network: another activation, ansatz, coefficient.
        """
        network = networks_of(problem, network)
        found = checkpoint.verified(Path(directory), 0)
        file = Path(directory) / SCALES_FILE
        scales = Scales.load(file) if file.exists() else None
        with in_precision_of(found, f"the solution in {directory}"):
            like = problem.initial_params(network, jax.random.key(0))
            params = checkpoint.read(found, like, way=checkpoint.SAVED)
            problem = problem.in_units(scales)
            fingerprint.check(
                of_solution(problem, network, params),
                found.fingerprint,
                f"the solution in {directory}",
                "Load it with the problem and the network that it was saved with",
            )
        return cls(problem, network, in_default_precision(params))

    def plot(self, path: str | Path) -> Path:
        """Save a figure: each unknown, its error, the loss and error curve, unknown numbers.

        Args:
            path: a file whose ending names the format, such as ``burgers.png``.

        Returns:
            The path.

        Raises:
            ConfigurationError: for more than two coordinates.
            MissingDependencyError: without matplotlib.
        """
        return plots.overview(self, Path(path))

    def plot_slices(self, path: str | Path, **at: Sequence[float]) -> Path:
        """Save a figure of lines: the solution at some values of one coordinate.

        Args:
            path: a file whose ending names the format.
            **at: the coordinate and its values, as ``t=(0.25, 0.5, 0.75)``.

        Returns:
            The path.

        Raises:
            ConfigurationError: unless the problem has two coordinates and one of them is given.
            MissingDependencyError: without matplotlib.
        """
        return plots.slices(self, Path(path), **at)


def _itself(u: Any) -> Any:
    return u
