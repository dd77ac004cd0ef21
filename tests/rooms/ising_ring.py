"""A room of one file: the free energy of an Ising ring by an autoregressive model of two sites."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

import physml as pm
from physml.train import Entry, Trained


@dataclass(frozen=True)
class Ring:
    """An Ising ring with J = 1. Attributes: side: sites; beta: 1/T."""

    side: int = 4
    beta: float = 0.7

    def free_energy(self):
        """``−ln Z`` by the transfer matrix."""
        return -np.log(
            (2 * np.cosh(self.beta)) ** self.side + (2 * np.sinh(self.beta)) ** self.side
        )


@dataclass(frozen=True)
class Recipe:
    """How it is trained."""

    samples: int = 64
    steps: int = 40


def solve(ring, recipe, *, key, run=None, callbacks=()):
    def logits(params, spins, i):  # of spin i, given its left neighbour and the first
        return params[i] @ jnp.array([1.0, spins[i - 1], spins[0], spins[i - 1] * spins[0]])

    def log_q(params, spins):
        each = [spins[i] * (params[0, 0] if i == 0 else logits(params, spins, i)) for i in SITES]
        return jnp.sum(jax.nn.log_sigmoid(2 * jnp.stack(each)))

    def energy(params, spins):
        return -ring.beta * jnp.sum(spins * jnp.roll(spins, 1)) + log_q(params, spins)

    def one(key, params):
        spins, keys = jnp.ones(ring.side), jax.random.split(key, ring.side)
        for i in SITES:
            field = params[0, 0] if i == 0 else logits(params, spins, i)
            up = jax.random.bernoulli(keys[i], jax.nn.sigmoid(2 * field))
            spins = spins.at[i].set(jnp.where(up, 1.0, -1.0))
        return spins

    def sample(key, state, params):
        keys = jax.random.split(key, recipe.samples)
        return state, jax.vmap(one, (0, None))(keys, params), {}

    SITES = range(ring.side)
    sampler = pm.Sampler(lambda key, params: (), sample)
    optimizer = pm.natural_gradient(0.5, damping=1e-3, max_norm=1.0)
    loop = {"steps": recipe.steps, "key": key, "run": run, "callbacks": callbacks}
    start = jnp.full((ring.side, 4), 0.1)
    fit = pm.fit(pm.score(log_q, energy), sampler, optimizer, start, **loop)
    found = float(np.mean(fit.history["loss"][-5:]))
    return Trained(fit, free_energy=found, exact=float(ring.free_energy()))


ENTRY = Entry("ring", "⟨βE + ln q⟩ ≥ −ln Z", "exact", Ring(), {"default": Recipe()}, solve)
