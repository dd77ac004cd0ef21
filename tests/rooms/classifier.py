"""A room of one file: two half moons told apart by a perceptron."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

import physml as pm
from physml.train import Entry, Trained


@dataclass(frozen=True)
class Moons:
    """Two half moons. Attributes: noise: of the points."""

    noise: float = 0.1

    def points(self, key, n):
        labels, angle = jnp.arange(n) % 2, jnp.pi * jax.random.uniform(key, (n,))
        x = jnp.stack([jnp.cos(angle), jnp.sin(angle)], 1) * (1 - 2 * labels[:, None])
        shift = jnp.outer(labels, jnp.array([1.0, 0.5]))
        return x + shift + self.noise * jax.random.normal(key, x.shape), labels


@dataclass(frozen=True)
class Recipe:
    """How it is trained."""

    width: int = 8
    steps: int = 40


def solve(moons, recipe, *, key, run=None, callbacks=()):
    network, (data, fresh, first) = pm.MLP((recipe.width,), outputs=2), jax.random.split(key, 3)
    train, test = moons.points(data, 128), moons.points(fresh, 256)
    params = network.init(first, train[0][0])
    optimizer = optax.adam(3e-2)
    loop = {"steps": recipe.steps, "key": key, "run": run, "callbacks": callbacks}
    fit = pm.fit(pm.cross_entropy(network.apply), pm.fixed(train), optimizer, params, **loop)
    told = jnp.argmax(jax.vmap(lambda x: network.apply(fit.params, x))(test[0]), 1)
    return Trained(fit, test_accuracy=float(jnp.mean(told == test[1])))


ENTRY = Entry("moons", "−mean ln p(y | x)", "none", Moons(), {"default": Recipe()}, solve)
