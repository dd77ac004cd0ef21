"""Policies that were learned: what they do, what they are worth, and what they earn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.control.policies.actor_critic import ActorCritic
from physml.control.worlds.action_spaces import Continuous
from physml.control.worlds.environment import Environment, an_action, strict
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.figures import figure
from physml.train import FitResult, Study
from physml.train.named_params import from_named, named

KIND = "learned policy"

_LONGEST = 100_000


class Earned(NamedTuple):
    """What policies earn in fresh episodes, by the likeliest action, without a discount.

    Attributes:
        returns: ``(seeds, episodes)``.
        by_seed: mean of each policy.
        errors: standard error of each of those, of its episodes.
        mean_return: the mean over policies.
        return_error: its standard error: of the spread of policies, of several; of episodes, of
            one.
    """

    returns: np.ndarray
    by_seed: np.ndarray
    errors: np.ndarray
    mean_return: float
    return_error: float


@dataclass(frozen=True, eq=False)
class LearnedPolicy:
    """Policies of one environment, one for each seed; a ``Result``.

    Attributes:
        environment: where they act.
        actor: networks of policy and value.
        params: of all, with a first axis of seeds.
        earned: in fresh episodes.
        curve: mean return in training after each rollout, ``(updates, seeds)``; NaN before an
            episode ended.
        met: steps of the environment of one rollout of one policy.
        exact: the return of the best policy, where it is known.
        told: further numbers by name.
        result: of the fit; None where it was loaded.
    """

    environment: Environment
    actor: ActorCritic
    params: Any
    earned: Earned
    curve: np.ndarray
    met: int
    exact: float | None = None
    told: dict[str, Any] = field(default_factory=dict)
    result: FitResult | None = None

    @classmethod
    def judged(
        cls,
        environment: Environment,
        actor: ActorCritic,
        params: Any,
        *,
        episodes: int,
        key: Array,
        steps_an_update: int,
        met_an_update: int,
        result: FitResult,
    ) -> LearnedPolicy:
        """Policies judged by fresh episodes."""
        earned = earnings(environment, actor, params, key=key, episodes=episodes)
        history, seeds = result.history, len(earned.by_seed)
        names = [f"return/{i}" for i in range(seeds)] if seeds > 1 else ["return"]
        none = np.zeros(0)
        curve = np.stack([history.get(n, none)[::steps_an_update] for n in names], axis=-1)
        return cls(environment, actor, params, earned, curve, met_an_update, result=result)

    @property
    def seeds(self) -> int:
        """How many policies."""
        return len(self.earned.by_seed)

    def policy(self, observation: Any, *, seed: int = 0) -> np.ndarray:
        """The likeliest action at one observation, or at many ``(n, ...)``.

        Raises:
            ShapeError: another shape, masked or complex numbers.
            NonFiniteError: a NaN or an infinity.
            ConfigurationError: no such seed.
        """
        return self._of(self.actor.greedy, observation, seed)

    def value(self, observation: Any, *, seed: int = 0) -> np.ndarray:
        """What the value function expects at one observation, or at many ``(n, ...)``.

        In the units of training: discounted, and times ``reward_scale``.

        Raises:
            ShapeError: another shape, masked or complex numbers.
            NonFiniteError: a NaN or an infinity.
            ConfigurationError: no such seed.
        """
        return self._of(self.actor.worth, observation, seed)

    def evaluate(self, key: Array, episodes: int = 100) -> Earned:
        """What they earn in as many fresh episodes each, by the likeliest action."""
        return earnings(self.environment, self.actor, self.params, key=key, episodes=episodes)

    def _of(self, function: Any, observation: Any, seed: int) -> np.ndarray:
        if not 0 <= as_whole("seed", seed) < self.seeds:
            raise ConfigurationError(f"seed: expected 0 to {self.seeds - 1}, got {seed}")
        given = as_numbers("observation", observation)
        if not np.isfinite(given).all():
            raise NonFiniteError("observation: expected finite numbers, got a NaN or an infinity")
        seen = jnp.asarray(given, jnp.result_type(float))
        shape = _outline(self.environment).shape
        if seen.shape[seen.ndim - len(shape) :] != shape or seen.ndim > len(shape) + 1:
            raise ShapeError(f"observation: expected {shape} or (n, ...), got {seen.shape}")
        params = jax.tree.map(lambda leaf: leaf[seed], self.params)
        one = lambda seen: function(params, seen)  # noqa: E731
        return np.asarray(one(seen) if seen.ndim == len(shape) else jax.vmap(one)(seen))

    def numbers(self) -> dict[str, Any]:
        """Returns are undiscounted sums over an episode."""
        earned = self.earned
        error = None
        if self.exact is not None and self.exact != 0:
            error = abs(earned.mean_return - self.exact) / abs(self.exact)
        return {
            "mean_return": earned.mean_return,
            "return_error": earned.return_error,
            "exact": self.exact,
            "relative_error": error,
            "seeds": self.seeds,
            "returns": earned.by_seed.tolist(),
            "least_return": float(earned.by_seed.min()),
            "episodes": earned.returns.shape[1],
            "environment_steps": self.met * len(self.curve),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)) // self.seeds,
            **self.told,
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        told = self.numbers()
        kind = "policies" if self.seeds > 1 else "episodes"
        said = {
            "return": f"{told['mean_return']:.6g} ± {told['return_error']:.2g}, of {kind}"
            + ("" if self.exact is None else f"; exact {self.exact:.6g}"),
            "of each seed": ", ".join(f"{mean:.5g}" for mean in self.earned.by_seed),
            "judged by": f"{told['episodes']} fresh episodes each, the likeliest action",
            "learned from": f"{told['environment_steps']:,} steps of the environment each",
            "parameters": str(told["parameters"]),
        }
        return said | {name: f"{value:.6g}" for name, value in self.told.items()}

    def plot(self, path: str | Path) -> Path:
        """Save a figure: return against steps of the environment, a line for each seed.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        with figure(path, 1, 2) as (learning, histogram):
            met = self.met * np.arange(1, len(self.curve) + 1)
            for curve in self.curve.T:
                learning.plot(met, curve, linewidth=0.6, alpha=0.6)
            if len(self.curve):
                middle = np.median(self.curve, axis=1)
                learning.plot(met, middle, color="0.1", linewidth=1.4, label="median of seeds")
            if self.exact is not None:
                learning.axhline(self.exact, color="0.4", linewidth=0.8, label="exact")
                # First policies may cost a thousand times as much as the best.
                learning.set_yscale("symlog", linthresh=max(abs(self.exact), 1e-12))
                if self.exact < 0:
                    learning.set_ylim(top=0.0)
            learning.set(xlabel="steps of the environment", ylabel="return in training, by chance")
            learning.legend(fontsize=7)
            histogram.hist(self.earned.returns.ravel(), bins=30)
            histogram.set(xlabel="return, likeliest action", ylabel="fresh episodes")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Keep the parameters and what was found in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = named(self.params) | {
            "curve": self.curve,
            "episodes": self.earned.returns,
            "answers": self._answers(),
        }
        found = {"met": self.met, "exact": self.exact, "told": dict(self.told)}
        return Study(KIND, found, {}, arrays).save(directory)

    @classmethod
    def load(
        cls, directory: str | Path, environment: Environment, actor: ActorCritic
    ) -> LearnedPolicy:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            environment: that they act in.
            actor: with the networks that were trained.

        Raises:
            CheckpointError: it is missing, altered, or of other parameters.
            FingerprintError: of networks with other outputs, or a world of another first step.
        """
        kept = Study.load(directory)
        if kept.entry != KIND:
            raise CheckpointError(f"{directory}: expected a {KIND}, got a {kept.entry}")
        returns = kept.arrays["episodes"]
        seen = jnp.zeros(_outline(environment).shape)
        outline = jax.eval_shape(
            jax.vmap(lambda key: actor.init(key, seen)),
            jax.random.split(jax.random.key(0), len(returns)),
        )
        found = cls(
            environment,
            actor,
            from_named(outline, kept.arrays, directory),
            _summed(returns),
            kept.arrays["curve"],
            int(kept.found["met"]),
            kept.found["exact"],
            dict(kept.found["told"]),
        )
        answers, before = found._answers(), kept.arrays["answers"]
        if answers.shape != before.shape or not np.allclose(answers, before, rtol=1e-4, atol=1e-6):
            raise FingerprintError(
                f"{directory}: networks or environment give other numbers than those that were "
                "saved; expected the same activations, options and world"
            )
        return found

    def _answers(self) -> np.ndarray:
        """Outputs at some observations and a step, to know networks and world again."""
        random = np.random.default_rng(0)
        seen = jnp.asarray(random.normal(size=(4, *_outline(self.environment).shape)))

        def one(params: Any, seen: Array) -> Array:
            output = self.actor.policy.apply(params["policy"], seen)
            return jnp.append(output, self.actor.worth(params, seen))

        outputs = jax.vmap(jax.vmap(one, (None, 0)), (0, None))(self.params, seen)
        key, actions = jax.random.key(0), self.environment.actions
        state, first = self.environment.reset(key)
        action = an_action(actions)
        if isinstance(actions, Continuous):
            action = actions.within(jnp.full(actions.size, 0.3))
        after = strict(self.environment.step(key, state, action))
        parts = [outputs, first, after.observation, after.reward]
        parts += [after.terminated, after.truncated]
        return np.concatenate([np.ravel(np.asarray(part, float)) for part in parts])


def earnings(
    environment: Environment, actor: ActorCritic, params: Any, *, key: Array, episodes: int
) -> Earned:
    """What policies earn in fresh episodes, by the likeliest action; see ``LearnedPolicy``.

    Raises:
        ConfigurationError: fewer than two episodes; one that does not end in 100,000 steps.
        NonFiniteError: a reward that is not finite.
    """
    episodes = as_whole("episodes", episodes, least=2)
    seeds = jax.tree.leaves(params)[0].shape[0]

    @jax.jit
    def play(params: Any, keys: Array) -> tuple[Array, Array]:
        return jax.vmap(jax.vmap(_episode(environment, actor), (None, 0)))(params, keys)

    returns, over = map(np.asarray, play(params, jax.random.split(key, (seeds, episodes))))
    if not over.all():
        raise ConfigurationError(
            f"evaluate: an episode did not end in {_LONGEST:,} steps; expected an environment that "
            "terminates or is truncated"
        )
    if not np.isfinite(returns).all():
        raise NonFiniteError(
            f"evaluate: expected finite returns, got {(~np.isfinite(returns)).sum()} of "
            f"{returns.size} episodes whose rewards are not"
        )
    return _summed(returns)


def _episode(environment: Environment, actor: ActorCritic) -> Any:
    def play(params: Any, key: Array) -> tuple[Array, Array]:
        state, seen = environment.reset(jax.random.fold_in(key, 0))

        def step(carry: tuple[Any, ...]) -> tuple[Any, ...]:
            state, seen, earned, steps, _ = carry
            action = actor.greedy(params, seen)
            after = strict(environment.step(jax.random.fold_in(key, steps + 1), state, action))
            over = after.terminated | after.truncated
            return after.state, after.observation, earned + after.reward, steps + 1, over

        start = (state, seen, jnp.zeros((), jnp.result_type(float)), jnp.zeros((), jnp.int32))
        last = jax.lax.while_loop(
            lambda carry: ~carry[4] & (carry[3] < _LONGEST), step, (*start, jnp.array(False))
        )
        return last[2], last[4]

    return play


def _summed(returns: np.ndarray) -> Earned:
    seeds, episodes = returns.shape
    by_seed = returns.mean(axis=1)
    errors = returns.std(axis=1, ddof=1) / np.sqrt(episodes)
    spread = by_seed.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else errors[0]
    return Earned(returns, by_seed, errors, float(by_seed.mean()), float(spread))


def _outline(environment: Environment) -> Any:
    return jax.eval_shape(environment.reset, jax.random.key(0))[1]
