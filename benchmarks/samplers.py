"""Independent energies a second: all electrons at once, along the drift, or one after another.

Slater–Jastrow states of quantum dots and Slater determinants of the electron gas, as they stand
before training. The samplers are timed in turn, round after round, with frozen widths; the
autocorrelation time of the local energy is measured once for each kind of move. In the gas it is
that of the potential energy, since plane waves have one kinetic energy everywhere.

Expected: from twelve electrons on, one-electron moves with rank-one updates give the most, several
times as many as moves of all electrons.

Run: python benchmarks/samplers.py [--rounds 5] [--write docs/results/samplers.md]
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import physml as pm


class Case(NamedTuple):
    """A state to sample."""

    name: str
    system: Any
    psi: Any

    @property
    def first(self) -> Callable[[jax.Array, int], jax.Array]:
        """First walkers."""
        normal = lambda key, n: jax.random.normal(key, (n, *self.system.shape))
        return self.system.walkers or normal

    def log_psi(self, params: Any, x: jax.Array) -> jax.Array:
        return self.psi.apply(params, x).log

    def energies(self, params: Any, walkers: jax.Array) -> jax.Array:
        """What is correlated, of each walker."""
        if isinstance(self.psi, pm.vmc.Slater):
            return jax.lax.map(self.system.potential_energy, walkers, batch_size=16)
        return pm.vmc.local_energies(self.system.local_energy, self.log_psi, params, walkers)


def cases(electrons: list[str]) -> list[Case]:
    found = []
    for half in (3, 6, 10):
        dot = pm.QuantumDot(n_up=half, n_down=half)
        found.append(Case(f"dot {2 * half}", dot, pm.SlaterJastrow(dot)))
    for half in (7, 27):
        gas = pm.vmc.ElectronGas(n_up=half, n_down=half, rs=2.0)
        found.append(Case(f"gas {2 * half}", gas, pm.vmc.Slater(gas)))
    return [case for case in found if not electrons or case.name in electrons]


def samplers(case: Case) -> dict[str, Callable[..., pm.Sampler]]:
    """What makes each, ``(walkers, **options) -> Sampler``."""
    cell = case.system.cell
    wrap = None if cell is None else cell.wrap

    def make(sampling: Callable[..., pm.Sampler], psi: Any) -> Callable[..., pm.Sampler]:
        return lambda walkers, **options: sampling(
            psi, lambda key: case.first(key, walkers), wrap=wrap, **options
        )

    # With jax 0.10 on two CPU threads the gradients of larger determinants stand still for ever:
    # their batched LAPACK calls wait for one another.
    density = pm.vmc.log_density(case.log_psi)
    drift = {
        "langevin": make(pm.langevin, density),
        "hamiltonian": make(pm.sampling.hamiltonian, density),
    }
    if case.system.shape[0] > 20:
        drift = {}
    return {
        "metropolis": make(pm.metropolis, density),
        **drift,
        "one electron, log ψ anew": make(pm.sampling.metropolis_one_electron, density),
        "one electron, rank one": make(
            pm.sampling.metropolis_one_electron, pm.vmc.one_electron_moves(case.psi)
        ),
    }


def equilibrium(make: Callable[..., pm.Sampler], params: Any, walkers: int, sweeps: int) -> Any:
    """Walkers and width after 100 batches that adapted it."""
    burned = make(walkers, sweeps=sweeps, burn_in=100).init(jax.random.key(1), params)
    return jax.block_until_ready(burned)


def memory(
    case: Case, make: Callable[..., pm.Sampler], params: Any, state: Any, sweeps: int, steps: int
) -> tuple[float, float]:
    """The autocorrelation time of the energy in sweeps, and the acceptance."""
    sampler = make(len(state.walkers), sweeps=sweeps, adapt=False)

    def step(state: Any, key: jax.Array) -> tuple[Any, Any]:
        state, walkers, metrics = sampler.sample(key, state, params)
        return state, (case.energies(params, walkers[:32]), metrics["acceptance"])

    keys = jax.random.split(jax.random.key(2), steps)
    _, (energies, acceptance) = jax.jit(lambda state: jax.lax.scan(step, state, keys))(state)
    tau = pm.sampling.autocorrelation_time(np.asarray(energies, np.float64))
    return sweeps * float(tau), float(jnp.mean(acceptance))


def timed(samplers: dict[str, Any], params: Any, states: Any, rounds: int) -> dict[str, float]:
    """Median seconds of a sweep of all walkers, the samplers in turn."""
    sweeps, calls = 4, {}
    for name, make in samplers.items():
        sampler = make(len(states[name].walkers), sweeps=sweeps, adapt=False)
        calls[name] = jax.jit(sampler.sample)
        jax.block_until_ready(calls[name](jax.random.key(3), states[name], params))
    seconds: dict[str, list[float]] = {name: [] for name in samplers}
    for i in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            jax.block_until_ready(call(jax.random.key(i), states[name], params))
            seconds[name].append((time.perf_counter() - begin) / sweeps)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def rows(case: Case, options: argparse.Namespace) -> list[str]:
    """A line of the table for each sampler."""
    n = case.system.shape[0]
    x = case.first(jax.random.key(0), 1)[0]
    params = jax.jit(case.psi.init)(jax.random.key(0), x)
    made = samplers(case)
    states, taus = {}, {}
    for name, make in made.items():
        if name.endswith("anew"):
            continue
        # About one memory between measurements: few sweeps where each moves far.
        sweeps = {"metropolis": max(1, n // 2), "langevin": max(1, n // 6)}.get(name, 1)
        states[name] = equilibrium(make, params, options.walkers, sweeps)
        taus[name] = memory(case, make, params, states[name], sweeps, options.steps)
    last = list(made)[-1]
    for name in made:  # evaluating log ψ anew gives the same chain
        states.setdefault(name, states[last])
        taus.setdefault(name, taus[last])
    seconds = timed(made, params, states, options.rounds)
    lines, first = [], None
    for name in made:
        tau, acceptance = taus[name]
        rate = options.walkers / seconds[name]
        first = rate / tau if first is None else first
        lines.append(
            f"| {case.name} | {name} | {acceptance:.2f} | {float(f'{rate:.3g}'):,.0f} | {tau:.1f} "
            f"| {float(f'{rate / tau:.3g}'):,.0f} | {rate / tau / first:.1f} |"
        )
        print(lines[-1], flush=True)
    return lines


def main(options: argparse.Namespace) -> str:
    """Measure everything and return the page."""
    cores = len(os.sched_getaffinity(0))
    lines = [
        "# Samplers: independent energies a second",
        "",
        f"Written by `python benchmarks/samplers.py --write docs/results/samplers.md`, "
        f"{datetime.date.today()}; {cores} CPU core{'s' if cores > 1 else ''}, "
        f"{jnp.zeros(()).dtype}, {options.walkers} walkers, widths adapted and then frozen. "
        f"Medians of {options.rounds} rounds of the samplers in turn; τ of the local energy (of "
        f"the gas: of the potential) from {options.steps} measurements of 32 of them. A sweep "
        "moves every electron once, of hamiltonian along a trajectory of ten leapfrogs; walkers "
        "are counted one by one. The chains of all-electron moves are 12 to 16 τ long on the dots, "
        "so their τ, and the factors over them, are good to some tens of percent. Langevin and "
        "hamiltonian are left out above 20 electrons: with jax 0.10.2 on two CPU threads the "
        "gradient of such determinants stood still, its batched LAPACK calls waiting for one "
        "another.",
        "",
        "| system | sampler | acceptance | sweeps a second | τ in sweeps | independent energies a "
        "second | over metropolis |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in cases(options.only):
        lines += rows(case, options)
    text = "\n".join(lines) + "\n"
    if options.write is not None:
        options.write.write_text(text)
    return text


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--walkers", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200, help="measurements of the energy")
    parser.add_argument("--rounds", type=int, default=5, help="of the samplers in turn")
    parser.add_argument("--only", nargs="*", default=[], help='such as "dot 6"')
    parser.add_argument("--write", type=Path, help="file for the page")
    print(main(parser.parse_args()))
