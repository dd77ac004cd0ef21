"""DeepQMC's FermiNet on LiH, of physml's sizes: rates as one line of JSON."""

from __future__ import annotations

import json
from importlib.metadata import version

import jax
from deepqmc.app import instantiate_ansatz
from deepqmc.sampling.electron_samplers import MetropolisSampler
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from vmc_rates import arguments, rate, seconds, system_and_network

_SIZES = [
    "ansatz.omni_factory.embedding_dim={width}",
    "ansatz.omni_factory.gnn_factory.n_interactions={layers}",
    "ansatz.omni_factory.gnn_factory.two_particle_stream_dim={pairs}",
    "ansatz.n_determinants={determinants}",
]


def main() -> None:
    """Measure and print."""
    options = arguments()
    _, network = system_and_network("lih")
    sizes = {
        "width": network.width,
        "layers": network.iterations,
        "pairs": network.width // 4,
        "determinants": network.determinants,
    }
    with initialize_config_module("deepqmc.conf", version_base=None):
        chosen = compose(
            "config",
            ["hamil=qc_forward_laplacian", "hamil/mol=LiH", "ansatz=ferminet"]
            + [size.format(**sizes) for size in _SIZES],
        )
        hamil = instantiate(chosen.hamil, _convert_="all")
        ansatz = instantiate_ansatz(hamil, instantiate(chosen.ansatz, _convert_="all"))
    key = jax.random.key(options.seed)
    walkers = hamil.init_sample(key, hamil.mol.coords, options.walkers)
    params = ansatz.init(key, walkers[0])
    log = jax.jit(jax.vmap(lambda params, x: ansatz.apply(params, x).log, (None, 0)))
    local = jax.jit(jax.vmap(hamil.local_energy(ansatz.apply), (None, None, 0)))
    sampler = MetropolisSampler(hamil, ansatz.apply)
    state = sampler.init(key, params, options.walkers, hamil.mol.coords)

    @jax.jit
    def draw(key: jax.Array, state: dict) -> dict:
        sweep = lambda state, key: (sampler.sample(key, state, params, hamil.mol.coords)[0], None)
        return jax.lax.scan(sweep, state, jax.random.split(key, options.sweeps))[0]

    found = {
        "log_psi": rate(lambda: jax.block_until_ready(log(params, walkers)), options),
        "local_energy": rate(
            lambda: jax.block_until_ready(local(None, params, walkers)[0]), options
        ),
        "sampling": seconds(lambda: jax.block_until_ready(draw(key, state)), options.repeats),
        "step": [],
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(params)),
        "about": f"DeepQMC {version('deepqmc')}, jax {jax.__version__}",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
