"""Solve a problem: points, residuals and the one loop, put together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import CheckpointError, ConfigurationError
from physml.networks import Constant, NetworkSettings
from physml.optim import OptimizerSettings, gauss_newton
from physml.pinn.collocation import Counts, chosen_points, collocation, first_batch
from physml.pinn.error_curve import ErrorCurve
from physml.pinn.measured_scales import in_own_units
from physml.pinn.named_network import networks_of
from physml.pinn.problem import Network, Problem, residual_rows
from physml.pinn.scales import Scales
from physml.pinn.solution import Solution
from physml.pinn.term_weights import check_weights_of_points
from physml.real_parts import real_type
from physml.sampling import Redraw
from physml.train import (
    FitResult,
    Rule,
    RuleSettings,
    Run,
    checkpoint,
    every,
    fit,
    key_for,
    key_of,
    least_squares,
)
from physml.train.balance import BalanceSettings, balance_of
from physml.train.callbacks import Callback, Every
from physml.train.devices import over_devices
from physml.train.least_squares import Balance
from physml.train.measured import measured_of
from physml.train.phase import begun_by
from physml.train.precision import in_precision, warn_of_single_precision
from physml.train.warm_start import warm_start
from physml.types import Evaluation, Objective, Optimizer, Sampler


class Phase(NamedTuple):
    """An optimizer before the main one, from whose parameters that one starts.

    Attributes:
        optimizer: any optax transformation, or a name as of ``solve``.
        steps: how many.
        precision: 32 to work in single precision, 64 in double; None as the parameters are.
        name: under which its metrics and checkpoints lie in the run.

    >>> import optax, physml as pm
    >>> pm.pinn.Phase(optax.adam(1e-3), 2000).name
    'warm-up'
    """

    optimizer: Optimizer | OptimizerSettings | str
    steps: int
    precision: int | None = None
    name: str = "warm-up"

    def dtype(self, usual: Any) -> Any:
        """The type to work in.

        Raises:
            ConfigurationError: for another precision than 32, 64 or None, or 64 without jax's x64.
        """
        if self.precision not in (None, 32, 64):
            raise ConfigurationError(f"precision: expected 32, 64 or None, got {self.precision}")
        if self.precision == 64 and not jax.config.read("jax_enable_x64"):
            raise ConfigurationError(
                "precision: 64 needs double precision; say "
                'jax.config.update("jax_enable_x64", True) first'
            )
        return usual if self.precision is None else jnp.dtype(f"float{int(self.precision)}")


def solve(
    problem: Problem,
    network: Network | NetworkSettings | str,
    *,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    points: Any = 2048,
    condition_points: Counts | None = None,
    redraw: Redraw | None = None,
    balance: Balance | BalanceSettings | str | None = None,
    warm_up: Phase | Sequence[Phase] = (),
    steps: int = 200,
    params: Any = None,
    key: Array | None = None,
    until: Rule | RuleSettings | str | None = None,
    measure: Mapping[str, Every] | None = None,
    run: Run | None = None,
    phase: str = "train",
    errors_every: int | None = None,
    check: bool = True,
    scale: bool | Scales = True,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    devices: int = 1,
) -> Solution:
    """Solve a differential equation by minimising its residual.

    Args:
        problem: equation, domain, conditions.
        network: a linen module for the unknown, such as ``MLP((20,) * 4)``, ``NetworkSettings`` or
            a name that these offer, such as "siren"; a dict of such for several unknowns.
        optimizer: any optax transformation, ``OptimizerSettings`` or a name that these offer, such
            as "adam"; ``gauss_newton()`` if not given.
        points: collocation points for the equation: how many are drawn, an array ``(n, d)`` of
            one's own, which stay at every step, or both, ``(256, array)``.
        condition_points: points for each condition, one number, or a dict by name of what
            ``points`` takes; a quarter of ``points`` if not given, and down to 64 for integrals of
            many nodes. The solution's ``samples`` tells what each term got.
        redraw: ``by_residual(every)`` or ``uniformly(every)``; fixed points if None.
        balance: a rule for the weights of the terms, such as ``power_rule()``, or its name, such
            as "power".
        warm_up: phases before the main one, such as ``Phase(optax.adam(1e-3), 2000)``.
        steps: optimizer steps, of the main phase.
        params: where to start, such as another solution's; random if not given.
        key: random key, of points and first parameters; ``jax.random.key(0)`` if not given.
        until: a rule that may end the main phase, see ``fit``.
        measure: further metrics of the main phase, ``{name: every(k, f)}`` with ``f`` a function of
            the field ``u``, or of the dict of fields, in the problem's units; see ``fit``.
        run: a run directory for metrics, checkpoints and resume.
        phase: the name under which the main phase's metrics and checkpoints lie in the run; in one
            open run, other problems of that name are numbered.
        errors_every: steps of the main phase between measurements of the error, for
            ``Solution.error_curve``; needs one unknown with an exact solution.
        check: whether to look, at the end, at two further steps, see ``fit``, and at the residual
            on fresh points, and to warn of what is not small there, see ``Solution.check``.
        scale: whether to solve a problem whose numbers are far from 1 in units measured before the
            start: ``u = c + U N``, and rows divided by the sizes of their terms, to which weights
            and losses are then relative. The solution has the problem's units; its parameters
            belong to ``solution.problem``, whose ``scales`` can be given for another.
        callbacks: see ``fit``.
        progress: see ``fit``.
        devices: how many share the points of each term, see ``over_devices``.

    Returns:
        The solution: a function of points, with its history and plots.

    Warns:
        PrecisionWarning: in single precision, once; ``warnings.simplefilter`` silences it.

    Raises:
        ShapeError: network, equation or conditions do not fit one another; points of a term that
            the devices cannot share evenly.
        ConfigurationError: an unknown that nothing involves, a phase's precision, more devices than
            there are; functions that jax cannot trace, points of one's own that lie elsewhere.
        NonFiniteError: a NaN or an infinity; the message names the step, the term and the point.

    >>> import jax.numpy as jnp, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), ansatz=lambda N, z: 1 + z[0] * N(z),
    ...                      equation=lambda u, z: pm.partial(u, 0)(z) - u(z))
    >>> solution = pm.solve(problem, pm.MLP((8,)), points=32, steps=30)
    >>> abs(float(solution(jnp.array([[1.0]]))[0]) - 2.71828) < 1e-3
    True
    """
    key = jax.random.key(0) if key is None else key
    key_params, key_fit = key_for(key, "params"), key_for(key, "fit")
    network = networks_of(problem, network)
    balance = balance_of(balance)
    fresh = problem.initial_params(network, key_params)
    main = Phase(gauss_newton() if optimizer is None else optimizer, steps, None, phase)
    stages = (*([warm_up] if isinstance(warm_up, Phase) else warm_up), main)
    if run is not None and _began_without_units(run, stages):
        scale = False
    problem, faint = in_own_units(problem, network, fresh, scale)
    if faint is not None:
        warnings.warn(f"{problem.name}: {faint}", stacklevel=2)
    if problem.scales is not None:
        fresh = problem.scales.parameters(network, fresh)
    params = fresh if params is None else warm_start(params, fresh)
    rows = residual_rows(problem, network)
    _check_unknowns(rows, problem, network, params, key_fit)
    check_weights_of_points(problem, *chosen_points(problem, points, condition_points))
    objective = least_squares(rows, weights=problem.weights, balance=balance)
    if isinstance(network, Mapping):
        objective = _with_constants(objective, network, problem)
    sampler = collocation(
        problem, network, points=points, condition_points=condition_points, redraw=redraw
    )
    sampler = over_devices(sampler, devices)
    warn_of_single_precision(params, stacklevel=2)
    dtype = real_type(params)
    names = [stage.name for stage in stages]
    for stage in stages:
        stage.dtype(dtype)
        if names.count(stage.name) > 1:
            raise ConfigurationError(
                f"warm_up: two phases named {stage.name!r}; give each a name=... of its own"
            )
    curve = ErrorCurve(problem, network)
    watch: list[Any] = list(callbacks)
    if errors_every is not None:
        curve.check()
        watch.append(every(errors_every, curve.measure))
    result = None
    for i, stage in enumerate(stages):
        # The main phase draws by the key itself, so that a warm-up leaves its points alone.
        sub = key_fit if stage is main else _key_of_warm_up(key, i, run)
        own: dict[str, Any] = {"callbacks": callbacks, "look_beyond": False}
        if stage is main:
            measured = measured_of(measure, lambda params: problem.solution_field(network, params))
            own = {"callbacks": watch, "look_beyond": check, "until": until, "measure": measured}
        own |= {"key": sub, "run": run, "progress": progress}
        result = _train(objective, sampler, stage, params, own)
        params = result.params
    solution = Solution(
        problem, network, params, result=result, error_curve=curve.points, sampler=sampler
    )
    told = solution.check().warning() if check and steps > 0 else None
    if told is not None:
        warnings.warn(f"{problem.name}: {told}", stacklevel=2)
    return solution


def _key_of_warm_up(key: Array, number: int, run: Run | None) -> Array:
    """The key of a warm-up phase.

    In runs of before it was one that the first of them shared with the main phase's steps.
    """
    before = key_of(key_for(key, "fit"), number + 1)
    if run is not None and begun_by(run, before):
        return before
    return key_of(key_for(key, "warm-up"), number)


def _began_without_units(run: Run, stages: Sequence[Phase]) -> bool:
    """Whether an earlier version began a run: its parameters are those of the problem as it is."""
    for folder in (run.checkpoints(stage.name) for stage in stages):
        for step in reversed(checkpoint.steps(folder)):
            try:
                return checkpoint.verified(folder, step).fingerprint is None
            except CheckpointError:
                continue
    return False


def _with_constants(
    objective: Objective, network: Mapping[str, nn.Module], problem: Problem
) -> Objective:
    """Log unknown numbers as ``unknown/NAME``, so that their convergence can be seen."""

    def evaluate(
        inner: Callable[..., Any], params: Any, state: Any, batch: Any
    ) -> tuple[Evaluation, Any]:
        evaluation, state = inner(params, state, batch)
        found = {}
        for name, module in network.items():
            if isinstance(module, Constant):
                value = jnp.asarray(module.apply(params[name], jnp.zeros(())))
                scales = problem.scales
                values = jnp.ravel(value if scales is None else scales.value(name, value))
                for i in range(len(values)):
                    label = f"unknown/{name}" if len(values) == 1 else f"unknown/{name}/{i}"
                    found[label] = values[i]
        return evaluation._replace(metrics=evaluation.metrics | found), state

    return objective._replace(evaluate=Partial(evaluate, objective.evaluate))


def _train(
    objective: Objective,
    sampler: Sampler,
    stage: Phase,
    params: Any,
    options: Mapping[str, Any],
) -> FitResult:
    dtype = real_type(params)
    working = stage.dtype(dtype)
    lowered = sampler if working == dtype else _cast_sampler(sampler, working)
    result = fit(
        objective,
        lowered,
        stage.optimizer,
        in_precision(params, working),
        steps=stage.steps,
        phase=stage.name,
        **options,
    )
    return result._replace(params=in_precision(result.params, dtype))


def _cast_sampler(sampler: Sampler, dtype: Any) -> Sampler:
    def sample(
        draw: Callable[..., Any], key: Array, state: Any, params: Any
    ) -> tuple[Any, Any, dict[str, Array]]:
        state, batch, metrics = draw(key, state, params)
        state, batch, metrics = in_precision((state, batch, metrics), dtype)
        return state, batch, metrics

    return Sampler(
        lambda key, params: in_precision(sampler.init(key, params), dtype),
        Partial(sample, sampler.sample),
    )


def _check_unknowns(
    rows: Mapping[str, Callable[..., Array]],
    problem: Problem,
    network: Network,
    params: Any,
    key: Array,
) -> None:
    """Every unknown of several must change some residual, or nothing would determine it."""
    if not isinstance(network, Mapping):
        return
    batch = first_batch(collocation(problem, network, points=8, condition_points=8), key, params)

    def total(params: Any) -> Array:
        # A linear functional, since squares have no slope where a residual happens to vanish.
        weights = (jnp.cos(1.0 + jnp.arange(8.0)), jnp.arange(1.0, 4.0))
        sums = []
        for name, row in rows.items():
            values = jax.vmap(lambda sample, row=row: row(params, sample))(batch[name])
            flat = jnp.ravel(values)
            sums.append(flat @ jnp.resize(weights[0], flat.shape))
        return jnp.sum(jnp.stack(sums))

    slopes = jax.jit(jax.grad(total))(params)
    for name, slope in slopes.items():
        leaves = jax.tree.leaves(slope)
        if leaves and all(bool(jnp.all(leaf == 0)) for leaf in leaves):
            raise ConfigurationError(
                f"network: no equation and no condition involves the unknown {name!r}; expected "
                f"every one of {', '.join(network)} in some residual"
            )
