"""physml on a system of the benchmark: rates as one line of JSON."""

from __future__ import annotations

import json
from functools import partial

import jax
from vmc_rates import arguments, rate, seconds, system_and_network, walkers_of

import physml as pm


def main() -> None:
    """Measure and print."""
    options = arguments()
    system, psi = system_and_network(options.system)
    key = jax.random.key(options.seed)
    walkers = walkers_of(system, options)
    params = jax.jit(psi.init)(key, walkers[0])
    log_psi = lambda params, x: psi.apply(params, x).log
    moves = pm.metropolis(
        pm.vmc.log_density(log_psi),
        lambda key: walkers,
        sweeps=options.sweeps,
        width=0.4,
        adapt=False,
    )
    objective = pm.vmc.energy(log_psi, system.local_energy)
    optimizer = pm.natural_gradient(0.05, damping=1e-3)
    log = jax.jit(jax.vmap(log_psi, in_axes=(None, 0)))
    local = jax.jit(partial(pm.vmc.local_energies, system.local_energy, log_psi))
    state = moves.init(key, params)
    draw = jax.jit(moves.sample)
    # Steps of a fit, timed without compiling; its first dispatches too.
    timed = lambda steps: pm.fit(objective, moves, optimizer, params, steps=steps, key=key).seconds
    found = {
        "log_psi": rate(lambda: jax.block_until_ready(log(params, walkers)), options),
        "local_energy": rate(lambda: jax.block_until_ready(local(params, walkers)), options),
        "sampling": seconds(
            lambda: jax.block_until_ready(draw(key, state, params)), options.repeats
        ),
        # DeepQMC's optimizer is another: beside it no step is measured.
        "step": [] if options.system == "lih" else [timed(4) / 4 for _ in range(2)],
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(params)),
        "about": f"physml {pm.__version__}, jax {jax.__version__}",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
