"""NetKet on a system of the benchmark, with physml's network: rates as one line of JSON."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import netket as nk
import netket.experimental as nkx
import optax
from flax import linen as nn
from vmc_rates import arguments, rate, seconds, system_and_network


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
    system, psi = system_and_network(options.system)
    n, d = system.shape
    cell = getattr(system, "cell", None)
    geometry = (
        nkx.geometry.FreeSpace(d=d)
        if cell is None
        else nkx.geometry.Cell(d=d, L=cell.lengths, pbc=True)
    )
    space = nkx.hilbert.Particle(n, geometry=geometry)
    energy = nk.operator.KineticEnergy(space, mass=1.0) + nk.operator.PotentialEnergy(
        space, lambda x: system.potential_energy(x.reshape(n, d))
    )
    sampler = nk.sampler.MetropolisGaussian(
        space, sigma=0.4, n_chains=options.walkers, sweep_size=options.sweeps
    )
    state = nk.vqs.MCState(
        sampler,
        Batched(psi, system.shape),
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
        "step": seconds(step, 2),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(state.parameters)),
        "about": f"NetKet {nk.__version__}, jax {jax.__version__}",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
