"""What the correlated electron gas looks like: pair correlation, structure factor, momenta.

Fourteen or 54 electrons at r_s = 2 by message passing, from the run directory of the row in the
table of ground states, sampled again with fresh walkers. Expected: unlike electrons keep apart
too, which in the determinant they do not (g = 1); S(k) lies below that of the determinant, a count
of occupied waves, and at the shortest wave near the plasmon's k²/(2ω_p), ω_p² = 3/r_s³, where S of
the infinite gas begins; n(k) loses a few percent below the edge of the Fermi sphere to the waves
above.

Run: python experiments/electron_gas_structure.py RUN [--snapshots 100] [--write PAGE]
with RUN as `python experiments/vmc_table.py "electron gas (7, 7), r_s = 2" --runs DIR` makes it.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import physml as pm

BINS, SHELLS, EMPTY = 16, 12, 4
# Momenta cost as many evaluations of ψ as electrons of a spin: of every so many snapshots.
APART = 5


def count_of_occupied(gas: pm.vmc.ElectronGas, shells: int) -> tuple[np.ndarray, np.ndarray]:
    """``S(k) = 1 − |occupied q with q + k occupied|/N_σ`` of the Slater determinant, by shells."""
    unit = 2 * np.pi / gas.cell.lengths[0]
    reach = np.stack(np.meshgrid(*[range(-5, 6)] * 3, indexing="ij"), -1).reshape(-1, 3)
    occupied = {tuple(q) for q in np.rint(gas.occupied(gas.n_up) / unit).astype(int)}
    lengths = np.unique(np.sum(reach**2, axis=1))[1 : shells + 1]
    values = []
    for square in lengths:
        waves = [k for k in reach if k @ k == square]
        kept = [sum(tuple(np.add(q, k)) in occupied for q in occupied) for k in waves]
        values.append(1 - np.mean(kept) / len(occupied))
    return unit * np.sqrt(lengths), np.array(values)


class Sampled(NamedTuple):
    """The trained state of a run directory, and fresh walkers of it.

    None of what is drawn needs local energies, so none are computed: between snapshots lie as many
    sweeps as between steps of the training, and the potential energy tells how far to trust them.
    """

    gas: Any
    psi: Callable[[jax.Array], Any]
    walkers: np.ndarray
    potential: pm.sampling.Estimate


def sampled(options: argparse.Namespace) -> Sampled:
    """Parameters from the run, walkers from uniform ones."""
    entry = pm.vmc.SYSTEMS["electron-gas"]
    with pm.Run.reopen(options.run) as opened:
        settings = opened.config["settings"]
        gas = replace(entry.subject, **settings["numbers"])
        wavefunction = entry.recipe.wavefunction.build(gas)
        walkers, sweeps = (settings["recipe"][name] for name in ("walkers", "sweeps"))
        initial = lambda key: gas.walkers(key, walkers)
        log_psi = lambda params, x: wavefunction.apply(params, x).log
        moves = partial(
            pm.metropolis,
            pm.vmc.log_density(log_psi),
            initial,
            sweeps=sweeps,
            width=0.5 * gas.length,
            wrap=gas.cell.wrap,
        )
        params = pm.fit(
            pm.vmc.energy(log_psi, gas.local_energy),
            moves(),
            entry.recipe.optimizer.build(),
            wavefunction.init(jax.random.key(0), initial(jax.random.key(1))[0]),
            steps=options.steps,
            key=jax.random.key(0),
            run=opened,
        ).params

    def draw(adapt: bool, batches: int, state: Any, key: jax.Array) -> tuple[Any, Any]:
        sampler = moves(adapt=adapt)

        def step(state: Any, key: jax.Array) -> tuple[Any, tuple[jax.Array, jax.Array]]:
            state, walkers, _ = sampler.sample(key, state, params)
            return state, (walkers, jax.vmap(gas.potential_energy)(walkers))

        return jax.lax.scan(step, state, jax.random.split(key, batches))

    key_start, key_burn, key_draw = jax.random.split(jax.random.key(7), 3)
    state = moves().init(key_start, params)
    state, _ = jax.jit(partial(draw, True, options.burn_in))(state, key_burn)
    _, (kept, potential) = jax.jit(partial(draw, False, options.snapshots))(state, key_draw)
    return Sampled(
        gas,
        lambda x: wavefunction.apply(params, x),
        np.asarray(kept),
        pm.sampling.estimate(np.asarray(potential, np.float64) / gas.shape[0]),
    )


def main(options: argparse.Namespace) -> str:
    """Measure, and return the page; with a path, written beside its figure."""
    gas, psi, walkers, potential = sampled(options)
    cell, spin = gas.cell, gas.n_up
    pairs = pm.vmc.pair_correlation(walkers, cell, n_up=spin, bins=BINS)
    factor = pm.vmc.structure_factor(walkers, cell, shells=SHELLS)
    momenta = pm.vmc.momentum_distribution(
        psi,
        walkers[::APART],
        cell,
        key=jax.random.key(1),
        particles=spin,
        waves=cell.closed(spin, shells=EMPTY, twist=gas.twist),
        twist=gas.twist,
    )
    filled = len(np.unique(np.round(np.linalg.norm(gas.occupied(spin), axis=1), 9)))
    waves, determinant = count_of_occupied(gas, SHELLS)
    np.testing.assert_allclose(waves, factor.at, rtol=1e-6)
    plasmon = factor.at**2 / (2 * np.sqrt(3 / gas.rs**3))
    shown = lambda found, i: str(
        pm.sampling.Estimate(found.values[i], found.errors[i], 1.0, 1.0, 0.0, 1)
    )
    unlike, like = pairs["unlike"], pairs["like"]
    name = "electron-gas-structure" if options.write is None else options.write.stem
    lines = [
        f"# {2 * spin} electrons in a periodic box: what the gas looks like",
        "",
        "Written by `python experiments/electron_gas_structure.py RUN --snapshots "
        f"{options.snapshots} --burn-in {options.burn_in} --steps {options.steps} --write "
        f"docs/results/{name}.md`, {datetime.date.today()}, from the run of the row ({spin}, "
        f"{spin}), r_s = {gas.rs:g} in the table of ground states, where its energy stands. "
        f"{walkers.shape[1]} fresh walkers; their potential energy is {potential} hartree an "
        f"electron, τ = {potential.tau:.1f} snapshots, split-R̂ = {potential.rhat:.3f}. Errors from "
        "the spread of the walkers' chains.",
        "",
        f"![Pair correlation, structure factor and momentum distribution]({name}.png)",
        "",
        f"- Around an electron, g of unlike ones from 0 to {2 * unlike.at[0]:.2f} bohr is "
        f"{shown(unlike, 0)} (determinant: 1), of like ones {shown(like, 0)}.",
        f"- S at the shortest wave: {shown(factor, 0)}; the determinant alone "
        f"{determinant[0]:.4f}, the plasmon's k²/(2ω_p) {plasmon[0]:.4f}.",
        f"- Occupation of one spin: {shown(momenta, 0)} of k = 0 and "
        f"{shown(momenta, filled - 1)} of the waves at the edge (determinant: 1), "
        f"{shown(momenta, filled)} of those above it (determinant: 0).",
        "",
        "| k (1/bohr) | S(k) | S(k) of the determinant | k²/(2ω_p) |",
        "|---|---|---|---|",
    ]
    for i, k in enumerate(factor.at):
        lines.append(f"| {k:.4f} | {shown(factor, i)} | {determinant[i]:.4f} | {plasmon[i]:.4f} |")
    lines += ["", "| k (1/bohr) | n(k) | n(k) of the determinant |", "|---|---|---|"]
    for i, k in enumerate(momenta.at):
        lines.append(f"| {k:.4f} | {shown(momenta, i)} | {int(i < filled)} |")
    text = "\n".join(lines) + "\n"
    if options.write is not None:
        path = options.write.with_suffix(".png")
        plot(path, gas, pairs, factor, momenta, determinant)
        options.write.write_text(text)
    return text


def plot(
    path: Path, gas: Any, pairs: Any, factor: Any, momenta: Any, determinant: np.ndarray
) -> None:
    """Three panels, the determinant beside the correlated state."""
    with pm.figures.figure(path, 1, 3) as axes:
        for name, found in pairs.items():
            axes[0].errorbar(found.at, found.values, found.errors, label=f"{name} spins")
        axes[0].axhline(1.0, color="k", linewidth=0.5)
        axes[0].set(xlabel="r (bohr)", ylabel="$g(r)$")
        axes[0].legend(fontsize="small", loc="lower right")
        axes[1].errorbar(factor.at, factor.values, factor.errors, fmt="o", label="correlated")
        axes[1].plot(factor.at, determinant, "x", color="k", label="determinant")
        k = np.linspace(0, 1.1, 50)
        axes[1].plot(k, k**2 / (2 * np.sqrt(3 / gas.rs**3)), "--", label=r"$k^2/2\omega_p$")
        axes[1].set(xlabel="k (1/bohr)", ylabel="$S(k)$")
        axes[1].legend(fontsize="small", loc="lower right")
        axes[2].errorbar(momenta.at, momenta.values, momenta.errors, fmt="o", label="correlated")
        fermi = np.linalg.norm(gas.occupied(gas.n_up), axis=1).max()
        free = (momenta.at < fermi + 1e-6).astype(float)
        axes[2].plot(momenta.at, free, "x", color="k", label="determinant")
        axes[2].set(xlabel="k (1/bohr)", ylabel="$n(k)$")
        axes[2].legend(fontsize="small", loc="upper right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="directory of the trained run")
    parser.add_argument("--steps", type=int, default=1200, help="that the run has trained")
    parser.add_argument("--burn-in", type=int, default=200, help="batches of sweeps before")
    parser.add_argument("--snapshots", type=int, default=100, help="batches of sweeps, each kept")
    parser.add_argument("--write", type=Path, help="file for the page; its figure stands beside it")
    print(main(parser.parse_args()))
