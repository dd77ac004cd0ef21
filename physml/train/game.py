"""Games as objectives: several players, each with parameters and a cost of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax.tree_util import Partial

from physml.errors import ConfigurationError, ShapeError
from physml.train.cost import OfBatch, evaluate_cost
from physml.types import Batch, Evaluation, Objective


def game(costs: Mapping[str, OfBatch]) -> Objective:
    """Players who each descend their own cost: ``g_k = ∂C_k/∂θ_k``, all at the same parameters.

    A generator against a discriminator is the usual one. The gradient is that of no function: a
    step along it may turn for ever about an equilibrium (``min_x max_y xy`` spirals outwards by
    ``√(1 + η²)`` a step), and there is no value, so line searches and second-order optimizers
    refuse. Who moves how often is the optimizer's business; five steps of the discriminator a step
    of the generator::

        optax.multi_transform(
            {"generator": optax.conditionally_mask(optax.adam(1e-4), lambda i: i % 5 == 4),
             "discriminator": optax.adam(1e-4)},
            {"generator": "generator", "discriminator": "discriminator"})

    Args:
        costs: of each player by name, ``(params, batch) -> ()``, or with a dict of scalars to log,
            where ``params`` is the dict of all players' parameters.

    Returns:
        An objective whose parameters are a dict with the players' names. Its metrics are
        ``loss/NAME`` and what each cost logs, as ``METRIC/NAME``. Its loss is the sum of the costs,
        which nobody minimises (of a zero-sum game it is 0): watch the metrics.

    Raises:
        ConfigurationError: fewer than two players; when traced, a cost that its player's parameters
            cannot change.
        ShapeError: when traced, parameters that are no dict of the players, or a cost that is not
            one real number.

    Source: Goodfellow et al. (2014), arXiv:1406.2661; Mescheder, Geiger and Nowozin (2018),
    arXiv:1801.04406 (which of them converge).

    >>> import jax.numpy as jnp, physml as pm
    >>> product = lambda p, _: p["x"] * p["y"]
    >>> objective = pm.train.game({"x": product, "y": lambda p, _: -product(p, _)})
    >>> evaluation, _ = objective.evaluate({"x": jnp.array(2.0), "y": jnp.array(3.0)}, (), ())
    >>> {name: float(slope) for name, slope in evaluation.gradient.items()}
    {'x': 3.0, 'y': -2.0}
    """
    if len(costs) < 2:
        raise ConfigurationError(
            f"costs: expected at least two players, got {list(costs)}; of one, take cost"
        )
    names = tuple(costs)

    def evaluate(
        costs: tuple[OfBatch, ...], params: Any, state: tuple[()], batch: Batch
    ) -> tuple[Evaluation, tuple[()]]:
        if not isinstance(params, Mapping) or set(params) != set(names):
            got = list(params) if isinstance(params, Mapping) else type(params).__name__
            raise ShapeError(
                f"params: expected a dict of the players {', '.join(names)}, got {got}"
            )
        players = {}
        for name, f in zip(names, costs, strict=True):

            def own(mine: Any, batch: Batch, name: str = name, f: OfBatch = f) -> Any:
                return f({**params, name: mine}, batch)

            players[name] = evaluate_cost(f"cost of {name!r}", own, params[name], batch)
        metrics = {
            f"{metric}/{name}": number
            for name, e in players.items()
            for metric, number in {"loss": e.loss, **e.metrics}.items()
        }
        loss = jnp.sum(jnp.stack([e.loss for e in players.values()]))
        gradient = {name: e.gradient for name, e in players.items()}
        return Evaluation(loss, gradient, None, None, metrics), state

    return Objective(lambda params: (), Partial(evaluate, tuple(costs.values())), None)
