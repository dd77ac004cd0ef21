"""physml on the dot of six electrons: rates as one line of JSON."""

from __future__ import annotations

import json
from functools import partial

import jax
from vmc_rates import arguments, dot_and_network, rate, seconds

import physml as pm

jax.config.update("jax_enable_x64", True)


def main() -> None:
    """Measure and print."""
    options = arguments()
    dot, psi = dot_and_network()
    key = jax.random.key(options.seed)
    walkers = 0.7 * jax.random.normal(key, (options.walkers, *dot.shape))
    params = psi.init(key, walkers[0])
    log_psi = lambda params, x: psi.apply(params, x).log
    moves = pm.metropolis(
        log_psi, lambda key: walkers, sweeps=options.sweeps, width=0.4, adapt=False
    )
    objective = pm.energy(log_psi, dot.local_energy)
    optimizer = pm.natural_gradient(0.05, damping=1e-3)
    log = jax.jit(jax.vmap(log_psi, in_axes=(None, 0)))
    local = jax.jit(partial(pm.local_energies, dot.local_energy, log_psi))
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
        "step": [timed(10) / 10 for _ in range(options.repeats)],
        "about": f"physml {pm.__version__}, jax {jax.__version__}",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
