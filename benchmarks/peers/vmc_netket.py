"""NetKet on the dot of six electrons, with physml's network: rates as one line of JSON."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import netket as nk
import netket.experimental as nkx
import optax
from flax import linen as nn
from vmc_rates import arguments, dot_and_network, rate, seconds

jax.config.update("jax_enable_x64", True)


class Batched(nn.Module):
    """NetKet's view of a wave function: ``(n, N d) -> log|ψ|``."""

    psi: nn.Module
    shape: tuple[int, int]

    def __call__(self, x):
        walkers = jnp.atleast_2d(x).reshape(-1, *self.shape)
        log = jax.vmap(lambda y: self.psi(y).log)(walkers)
        return log if x.ndim > 1 else log[0]


def main() -> None:
    """Measure and print."""
    options = arguments()
    dot, psi = dot_and_network()
    n, d = dot.shape
    space = nkx.hilbert.Particle(n, geometry=nkx.geometry.FreeSpace(d=d))
    energy = nk.operator.KineticEnergy(space, mass=1.0) + nk.operator.PotentialEnergy(
        space, lambda x: dot.potential_energy(x.reshape(n, d))
    )
    sampler = nk.sampler.MetropolisGaussian(
        space, sigma=0.4, n_chains=options.walkers, sweep_size=options.sweeps
    )
    state = nk.vqs.MCState(
        sampler,
        Batched(psi, dot.shape),
        n_samples=options.walkers,
        n_discard_per_chain=0,
        seed=options.seed,
        sampler_seed=options.seed,
    )
    driver = nk.driver.VMC_SR(
        energy, optax.sgd(0.05), diag_shift=1e-3, variational_state=state, use_ntk=True
    )

    def sample() -> None:
        state.reset()
        jax.block_until_ready(state.samples)

    def step() -> None:
        driver.run(1, out=(), show_progress=False)
        jax.block_until_ready(state.parameters)

    x = state.samples.reshape(-1, n * d)
    found = {
        "log_psi": rate(lambda: jax.block_until_ready(state.log_value(x)), options),
        "local_energy": rate(
            lambda: jax.block_until_ready(state.local_estimators(energy)), options
        ),
        "sampling": seconds(sample, options.repeats),
        "step": seconds(step, options.repeats),
        "about": f"NetKet {nk.__version__}, jax {jax.__version__}",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
