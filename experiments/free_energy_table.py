"""The free energy of one Ising model, 4 × 4 at T_c, by six ways: value, error bar, seconds.

Claim: what has ln Z, or samples with their probabilities, knows the free energy to more digits a
second than chains that only have energies. Expected, F/N = −T ln Z/N in units of J: exactly
−2.2013814130 (Kaufman's sum, doi:10.1103/PhysRev.76.1232); the machine of one hidden spin a bond
the same to 1e-9 by its sum over states, within 1e-3 by annealed chains; a machine learned from
200,000 exact samples and an autoregressive network within 1e-4 by the weights of 20,000 samples;
single spins by Metropolis within 1e-3, by integrating the energy from infinite temperature,

    ln Z(β) = N ln 2 − ∫₀^β ⟨E⟩ dβ',

at the nodes of a Gauss–Legendre rule, whose own error is told by the same rule with Kaufman's
energies. A continuous flow, within 1e-3 by the weights of 20,000 samples, draws the field that
couples to the spins (Hubbard, doi:10.1103/PhysRevLett.3.77): with ``K = βA + c`` positive,

    Σ_s exp(½ sᵀKs) = (2π)^(−N/2) ∫ exp(−½‖y‖² + Σ ln 2 cosh ψ_i) dy,      ψ = K^(1/2) y,
    ln Z = ln of it − cN/2.

Error bars are one standard deviation.

Run: python experiments/free_energy_table.py [--seeds 0 1 2] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import physml as pm

G = pm.generative
MODEL = G.Ising(side=4)
SCALE = MODEL.beta * MODEL.sites


@dataclass(frozen=True)
class Config:
    """Seeds, nodes and lengths of the integration, and where the page is written.

    Attributes:
        seeds: each a run of every way.
        nodes: of the rule in β.
        walkers: of Metropolis at a node.
        sweeps: measured of each.
        burn_in: sweeps before.
        write: a folder.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    nodes: int = 8
    walkers: int = 400
    sweeps: int = 250
    burn_in: int = 50
    write: Path | None = None


class Found(NamedTuple):
    """``ln Z`` with its error, and what it took."""

    way: str
    seed: int
    value: float
    error: float
    processor_seconds: float
    seconds: float

    @property
    def free_energy(self) -> float:
        """A site, in J."""
        return -self.value / SCALE

    @property
    def free_energy_error(self) -> float:
        """Of it."""
        return self.error / SCALE


def metropolis(config: Config, key: jax.Array) -> tuple[float, float]:
    """Thermodynamic integration of single spins."""
    x, weights = np.polynomial.legendre.leggauss(config.nodes)
    betas, weights = MODEL.beta * (x + 1) / 2, MODEL.beta * weights / 2
    first = jnp.where(jax.random.bernoulli(key, 0.5, (config.walkers, 4, 4)), 1.0, -1.0)
    sampler = pm.sampling.spin_metropolis(
        lambda beta, s: -beta * MODEL.energy(s), lambda key: first
    )

    @jax.jit
    def energies(beta: jax.Array, key: jax.Array) -> jax.Array:
        def step(state: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
            state, spins, _ = sampler.sample(key, state, beta)
            return state, jax.vmap(MODEL.energy)(spins)

        keys = jax.random.split(key, config.burn_in + config.sweeps)
        return jax.lax.scan(step, first, keys)[1][config.burn_in :]

    told = []
    for i, beta in enumerate(betas):
        found = energies(jnp.asarray(beta), jax.random.fold_in(key, i))
        told.append(pm.sampling.estimate(np.asarray(found)))
    value = MODEL.sites * np.log(2) - weights @ [one.mean for one in told]
    return float(value), float(np.linalg.norm(weights * [one.error for one in told]))


def rule_error(config: Config) -> float:
    """Of ``ln Z``, by the same rule with exact energies."""
    x, weights = np.polynomial.legendre.leggauss(config.nodes)
    betas, weights = MODEL.beta * (x + 1) / 2, MODEL.beta * weights / 2
    energies = [MODEL.sites * pm.ising.kaufman(4, 4, beta).energy for beta in betas]
    value = MODEL.sites * np.log(2) - weights @ energies
    return float(abs(value - (MODEL.log_partition() or 0.0)))


def summed(config: Config, key: jax.Array) -> tuple[float, float]:
    """The exact machine by all states of its visible layer."""
    del config, key
    machine = G.exact_machine(pm.ising.square_couplings(4, 4, MODEL.beta))
    log_z = G.exact_log_partition(machine.network, machine.params, (16,))
    return log_z + machine.log_factor, 0.0


def annealed(config: Config, key: jax.Array) -> tuple[float, float]:
    """The exact machine by annealed importance sampling."""
    del config
    machine = G.exact_machine(pm.ising.square_couplings(4, 4, MODEL.beta))
    found = G.annealed_importance(
        machine.network, machine.params, (16,), chains=1000, levels=1000, key=key
    )
    return found.value + machine.log_factor, found.error


def by_entry(name: str) -> Callable[[Config, jax.Array], tuple[float, float]]:
    """By the default recipe of an entry."""

    def solve(config: Config, key: jax.Array) -> tuple[float, float]:
        del config
        entry = G.catalogue.ENTRIES[name]
        found = entry.solve(MODEL, entry.recipe, key=key, progress=False).numbers()
        return found["log_partition"], found["log_partition_error"]

    return solve


def flowing(config: Config, key: jax.Array) -> tuple[float, float]:
    """A flow of the field whose integral is the sum over spins."""
    del config
    couplings = np.asarray(pm.ising.square_couplings(4, 4, MODEL.beta))
    shift = 0.2 - np.linalg.eigvalsh(couplings)[0]
    values, vectors = np.linalg.eigh(couplings + shift * np.eye(MODEL.sites))
    root = jnp.asarray(vectors * np.sqrt(values) @ vectors.T)

    def log_density(y: jax.Array) -> jax.Array:
        psi = root @ y.ravel()
        return -0.5 * jnp.sum(y**2) + jnp.sum(jnp.logaddexp(psi, -psi))

    velocity = pm.networks.LatticeVelocity(frequencies=4, times=3)
    found = G.flow(
        G.Reals((4, 4), log_density),
        pm.networks.ContinuousFlow(velocity, pm.networks.RungeKutta(10)),
        optimizer=pm.optim.OptimizerSettings(
            name="natural-gradient",
            learning_rate=0.2,
            cosine=60,
            damping=1e-3,
            momentum=0.9,
            max_norm=0.3,
        ).build(),
        training=G.scored,
        size=512,
        steps=60,
        judge=20_000,
        key=key,
        progress=False,
    ).log_partition
    return found.value - MODEL.sites / 2 * (np.log(2 * np.pi) + shift), found.error


WAYS: dict[str, Callable[[Config, jax.Array], tuple[float, float]]] = {
    "exact machine, all states": summed,
    "exact machine, 1,000 annealed chains": annealed,
    "machine learned from 200,000 samples": by_entry("ising-rbm"),
    "autoregressive network": by_entry("ising-autoregressive"),
    "continuous flow of a field": flowing,
    "Metropolis, integrated over β": metropolis,
}


def measured(way: str, config: Config, seed: int) -> Found:
    """A way from compiling on."""
    jax.clear_caches()
    wall, processor = time.perf_counter(), time.process_time()
    value, error = WAYS[way](config, jax.random.key(seed))
    return Found(
        way, seed, value, error, time.process_time() - processor, time.perf_counter() - wall
    )


def page(rows: Sequence[Found], config: Config) -> str:
    """The table."""
    exact = -(MODEL.log_partition() or 0.0) / SCALE
    seeds = sorted({row.seed for row in rows})
    lines = [
        "# Results: one free energy by six ways",
        "",
        f"Written by `python experiments/free_energy_table.py --seeds {' '.join(map(str, seeds))} "
        f"--write docs/results`, {datetime.date.today()}; {os.cpu_count()} busy CPU cores, "
        f"float64, jax {jax.__version__}. The Ising model of 4 × 4 sites at T_c, F/N in J; exactly "
        f"{exact:.10f} (Kaufman's sum). Errors are one standard deviation, and how far a value is "
        "from the exact one stands beside in units of them. Seconds are from compiling on, with "
        "training; a cache of compiled programs shortens them. The rule over β is "
        f"{rule_error(config) / SCALE:.0e} off with exact energies.",
        "",
        "| | seed | F/N | off by | processor seconds | wall seconds |",
        "|---|---|---|---|---|---|",
    ]
    for way in WAYS:
        for row in sorted((r for r in rows if r.way == way), key=lambda r: r.seed):
            off = row.free_energy - exact
            told, sigma = f"{off:+.1e}", row.free_energy_error
            if sigma > 0:
                told += f", {abs(off) / sigma:.1f} σ"
            value = pm.sampling.Estimate(row.free_energy, sigma, 1.0, 1.0, 0.0, 1)
            shown = str(value) if sigma > 0 else f"{row.free_energy:.10f}"
            lines.append(
                f"| {way} | {row.seed} | {shown} | {told} | {row.processor_seconds:.0f} "
                f"| {row.seconds:.0f} |"
            )
    return "\n".join(lines) + "\n"


def main(config: Config) -> Any:
    """Every way by every seed; the rows."""
    jax.config.update("jax_enable_x64", True)
    rows = []
    for seed in config.seeds:
        for way in WAYS:
            rows.append(row := measured(way, config, seed))
            print(row, flush=True)
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        (config.write / "free-energy.md").write_text(page(rows, config))
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(Config.seeds))
    parser.add_argument("--write", type=Path, help="folder for the page")
    given = parser.parse_args()
    main(Config(seeds=tuple(given.seeds), write=given.write))
