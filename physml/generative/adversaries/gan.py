"""A generator against a critic: samples of a density that nobody writes down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.errors import ConfigurationError, DivergenceError, NonFiniteError
from physml.generative.adversaries.adversarial_pair import AdversarialPair
from physml.generative.adversaries.gan_costs import GanCost, slope, wasserstein
from physml.generative.adversaries.generator_model import GeneratorModel
from physml.generative.adversaries.kept_good import check_average, keeping_good, out_of_bounds
from physml.generative.sample_parts import as_parts, as_samples
from physml.networks import MLP
from physml.networks.as_module import as_module
from physml.optim import OptimizerSettings, optimizer_of
from physml.ranges import check_positive
from physml.sampling import fixed, minibatches, with_noise
from physml.train import Run, any_of, fit, game, key_for
from physml.train.callbacks import Callback
from physml.train.until import Rule
from physml.types import Objective, Optimizer

GENERATOR, CRITIC = "generator", "critic"

_WATCHED = ("loss/generator", "loss/critic", "slope/critic")

_DIFFERENCE = "difference/critic"

_USUAL: dict[str, Any] = {"name": "adam", "learning_rate": 1e-4, "b1": 0.0, "b2": 0.9}


def gan(
    data: Any,
    generator: Any = None,
    critic: Any = None,
    *,
    latent: int = 2,
    cost: GanCost | None = None,
    critic_steps: int = 5,
    conditional: bool = False,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    critic_optimizer: Optimizer | OptimizerSettings | str | None = None,
    size: int | None = 64,
    steps: int = 5000,
    average: float = 1.0,
    limit: float = 1e3,
    params: Any = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> AdversarialPair:
    """Train a generator ``x = G(z)``, ``z ~ N(0, 1)``, against a critic ``D``.

    The two descend costs of their own (``pm.train.game``), the Wasserstein game with a penalty of
    10 and five steps of the critic a step of the generator, if nothing else is said. No loss tells
    how good the samples are: judge them, by ``pm.generative``'s distances and shares.

    Args:
        data: samples ``(n, ...)``, or a ``pm.Dataset``, of a split its training part.
        generator: a module of ``(latent,)``, with outputs of a sample's shape, or flat; two hidden
            layers of 64 if None.
        critic: a module of one sample to one number, ``()``; likewise.
        latent: how many latent numbers.
        cost: ``wasserstein()`` if None; ``non_saturating()``, or your own.
        critic_steps: steps of the critic a step of the generator.
        conditional: whether both are told the class of a sample: one-hot, behind the latent
            numbers and behind the flattened sample.
        optimizer: of the generator, first order; Adam at 1e-4 with b1 = 0, b2 = 0.9 if None. A
            schedule counts the steps of its player, of which the generator has fewer: one rate
            that falls over ``steps`` for both lets the critic stand before the generator does.
        critic_optimizer: of the critic; that of the generator if None.
        size: samples of a step; None for all.
        steps: of the critic; the generator takes one in ``critic_steps`` of them.
        average: steps over which parameters are averaged to sample with; 1 for the last ones.
        limit: where a loss or the critic's root mean square slope is larger, training has diverged.
        params: to begin with, ``{"generator", "critic"}``; the networks' own if None.
        until: a rule that may end training before.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory.
        callbacks: see ``fit``.
        progress: whether to show a line.

    Returns:
        The pair: ``sample``, ``critic``, and a ``Result``.

    Raises:
        DivergenceError: a watched metric out of range, or not finite; the message says which and at
            which step, and the pair of the last good step is the error's ``kept``.
        ShapeError: a critic that is not a scalar, a generator of other outputs.
        NonFiniteError: a NaN or an infinity in the data.
        ConfigurationError: a count out of range, no classes to condition on.

    Sources: Goodfellow et al. (2014), arXiv:1406.2661; Gulrajani et al. (2017), arXiv:1704.00028.

    >>> import jax, numpy as np, physml as pm
    >>> x = 3.0 + np.random.default_rng(0).normal(size=(200, 1))
    >>> found = pm.generative.gan(x, pm.MLP((), outputs=1), pm.MLP((8,)), latent=1, steps=10,
    ...                           progress=False)
    >>> found.sample(jax.random.key(1), 4).shape
    (4, 1)
    """
    steps, latent = as_whole("steps", steps, least=0), as_whole("latent", latent, least=1)
    critic_steps = as_whole("critic_steps", critic_steps, least=1)
    check_average(average)
    check_positive("limit", limit, or_zero=True)
    train, _ = as_parts(data)
    n, shape = len(train), train.inputs.shape[1:]
    if size is not None and not 1 <= (size := as_whole("size", size)) <= n:
        raise ConfigurationError(f"size: expected from 1 to {n} samples, or None, got {size}")
    if conditional and not isinstance(data, Dataset):
        raise ConfigurationError(
            "conditional: expected a pm.Dataset(inputs, labels), got samples without classes"
        )
    numbers = int(np.prod(shape))
    generator = MLP((64, 64), outputs=numbers) if generator is None else generator
    critic = MLP((64, 64)) if critic is None else critic
    model = GeneratorModel(
        as_module("generator", generator),
        as_module("critic", critic),
        latent,
        shape,
        data.classes if conditional else 0,
    )
    key = jax.random.key(0) if key is None else key
    params = jax.jit(model.init)(key_for(key, "params")) if params is None else params
    model.check(params)
    samples, count = as_samples(train, model.classes), n if size is None else size

    def with_draws(key: Array, batch: Any) -> Any:
        key_latent, key_place = jax.random.split(key)
        return {
            **batch,
            "z": jax.random.normal(key_latent, (count, latent)),
            "u": jax.random.uniform(key_place, (count,)),
        }

    played = wasserstein() if cost is None else cost
    if not isinstance(played, GanCost):
        raise ConfigurationError(
            f"cost: expected one such as pm.generative.non_saturating(), got {played!r}"
        )
    mine = optimizer_of(OptimizerSettings(**_USUAL) if optimizer is None else optimizer)
    theirs = mine if critic_optimizer is None else optimizer_of(critic_optimizer)
    turns = optax.multi_transform(
        {
            GENERATOR: optax.conditionally_mask(
                optax.with_extra_args_support(mine), lambda i: i % critic_steps == critic_steps - 1
            ),
            CRITIC: optax.with_extra_args_support(theirs),
        },
        {GENERATOR: GENERATOR, CRITIC: CRITIC},
    )
    rule = out_of_bounds(_WATCHED, limit)

    def pair(params: Any, history: Any, result: Any = None) -> AdversarialPair:
        return AdversarialPair(model, params, played.name, train.inputs[:1000], history, {}, result)

    try:
        result = fit(
            keeping_good(players(model, played), _WATCHED, limit, average),
            with_noise(
                fixed(samples) if size is None else minibatches(samples, size=size), with_draws
            ),
            turns,
            params,
            steps=steps,
            key=key_for(key, "fit"),
            until=rule if until is None else any_of(rule, until),
            run=run,
            callbacks=callbacks,
            progress=progress,
        )
    except NonFiniteError as error:
        if error.state is None:
            raise
        _diverged(str(error), error.state, pair, {}, error)
    history = {name: result.history.get(name, np.zeros(0)) for name in (*_WATCHED, _DIFFERENCE)}
    last = {name: float(told[-1]) for name, told in history.items() if len(told)}
    for name, number in last.items():
        if name in _WATCHED and not abs(number) <= limit:
            step = len(history[name]) - 1
            _diverged(
                f"{name} is {number:.3g} at step {step}, beyond ±{limit:g}",
                result.state,
                pair,
                history,
            )
    good = result.state.objective
    chosen = result.params if average == 1.0 else good.average
    return pair(chosen, history, result)


def players(model: GeneratorModel, cost: GanCost) -> Objective:
    """The game of batches ``{"x", "z", "u"}``, and ``"condition"`` of a conditional model."""

    def of_generator(params: Any, batch: Any) -> Array:
        def one(sample: Any) -> Array:
            drawn = model.generate(params[GENERATOR], sample["z"], sample)
            return cost.generator(model.judge(params[CRITIC], drawn, sample))

        return jnp.mean(jax.vmap(one)(batch))

    def of_critic(params: Any, batch: Any) -> tuple[Array, dict[str, Array]]:
        def one(sample: Any) -> tuple[Array, Array, Array]:
            def critic(x: Array) -> Array:
                return model.judge(params[CRITIC], x, sample)

            drawn = model.generate(params[GENERATOR], sample["z"], sample)
            between = sample["u"] * sample["x"] + (1 - sample["u"]) * drawn
            told = cost.critic(critic, sample["x"], drawn, sample["u"])
            return told, critic(sample["x"]) - critic(drawn), slope(critic, between)

        told, gap, slopes = jax.vmap(one)(batch)
        seen = {"difference": jnp.mean(gap), "slope": jnp.sqrt(jnp.mean(slopes**2))}
        return jnp.mean(told), jax.lax.stop_gradient(seen)

    return game({GENERATOR: of_generator, CRITIC: of_critic})


def _diverged(
    said: str, state: Any, pair: Any, history: Any, cause: Exception | None = None
) -> None:
    """Raise, with the pair of the last good step.

    Raises:
        DivergenceError: always.
    """
    good = state.objective
    error = DivergenceError(
        f"gan: {said}; the pair of step {int(good.good_step)}, the last in bounds, is this error's "
        "kept; lower the learning rate, or raise the penalty"
    )
    error.kept, error.state = pair(good.params, history), state
    raise error from cause
