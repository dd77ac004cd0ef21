"""Policies by the natural policy gradient, by Adam on the same objective, and by PPO.

Expected: cart-pole (limit 500) 500 by the natural gradient and by PPO, ten of ten seeds; others
have 490 ± 6 (CleanRL) and 500 (gymnax). Pendulum −149 by PPO, where −137 is the best there is
(pendulum_optimum.py). The linear regulator within 1% of Riccati's cost. Returns of fresh episodes
by the likeliest action; seconds are those of the process, compiling included. Finished rows are
kept in a JSON file.

Run: python experiments/reinforcement_table.py [--names cart-pole-adam] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

import physml as pm

ADAM = pm.optim.OptimizerSettings(name="adam", learning_rate=1e-2)

ROWS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "cart-pole": ("cart-pole", "default", {}, "natural policy gradient"),
    "cart-pole-adam": (
        "cart-pole",
        "default",
        {"optimizer": ADAM, "updates": 400},
        "the same objective by Adam",
    ),
    "cart-pole-ppo": ("cart-pole", "ppo", {}, "PPO"),
    "pendulum": ("pendulum", "default", {}, "PPO"),
    "pendulum-natural": ("pendulum", "natural", {}, "natural policy gradient"),
    "lqr-policy": ("lqr-policy", "default", {}, "natural policy gradient"),
    "two-level": ("two-level", "default", {}, "natural policy gradient"),
}
"""By name: the entry, the recipe, what is other in it, and what it is."""

Found = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """Which rows to make; where they are kept; where page and figure are written."""

    names: tuple[str, ...] = ()
    seed: int = 0
    kept: Path = Path("docs/results/reinforcement.json")
    write: Path | None = None


def solve(name: str, seed: int) -> Found:
    """One row, from compiling on."""
    jax.clear_caches()
    entry_name, recipe_name, changed, what = ROWS[name]
    entry = pm.control.catalogue.ENTRIES[entry_name]
    recipe = replace(entry.recipes[recipe_name], **changed)
    began = [(time.process_time(), time.perf_counter())]
    clock: list[tuple[int, float]] = []

    def tick(update: pm.train.Update) -> None:
        clock.append((update.step, time.process_time() - began[0][0]))

    found = entry.solve(
        entry.subject, recipe, key=jax.random.key(seed), callbacks=[tick], progress=False
    )
    processor, wall = time.process_time() - began[0][0], time.perf_counter() - began[0][1]
    steps = np.array([0, *(step for step, _ in clock)])
    seconds = np.array([clock[0][1], *(second for _, second in clock)])
    every = recipe.epochs * recipe.minibatches
    at = np.interp(every * np.arange(1, len(found.curve) + 1), steps, seconds)
    middle = [None if np.isnan(row).all() else float(np.nanmedian(row)) for row in found.curve]
    return found.numbers() | {
        "name": name,
        "entry": entry_name,
        "what": what,
        "seed": seed,
        "processor_seconds": processor,
        "wall_seconds": wall,
        "training_seconds": float(clock[-1][1] - clock[0][1]),
        "met_an_update": recipe.environments * recipe.length,
        "clock": at.round(3).tolist(),
        "curve": middle,
        "date": str(datetime.date.today()),
        "jax": jax.__version__,
        "bits": 64 if jax.config.read("jax_enable_x64") else 32,
    }


def page(rows: list[Found]) -> str:
    """The table."""
    first = rows[0]
    lines = [
        "# Results: learning to act",
        "",
        "Written by `python experiments/reinforcement_table.py --write docs/results`, "
        f"{first['date']}; 2 busy CPU cores, float{first['bits']}, jax {first['jax']}. Returns of "
        "100 fresh episodes of each seed by the likeliest action (2 of `two-level`, which are "
        "alike), with the standard error over seeds; steps of the environment are those of one "
        "seed; processor seconds are of all seeds "
        "together, judging and compiling included, programs compiled before from jax's cache, and "
        "in brackets those of the steps alone.",
        "",
        "| | method | seeds | return | of each seed | steps | parameters | processor seconds | "
        "wall seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        error = ""
        if row["entry"] == "lqr-policy":
            error = f", {100 * row['largest_error']:.2f}%"
        if row["entry"] == "two-level":
            error = f", {100 * row['energy_error']:.2f}%, F = {row['fidelity']:.5f}"
        lines.append(
            f"| `{row['entry']}` | {row['what']} | {row['seeds']} | {row['mean_return']:.5g} ± "
            f"{row['return_error']:.2g}{error} | "
            + ", ".join(f"{r:.4g}" for r in row["returns"])
            + f" | {row['environment_steps']:,} | {row['parameters']:,} | "
            f"{row['processor_seconds']:.0f} ({row['training_seconds']:.1f}) | "
            f"{row['wall_seconds']:.0f} |"
        )
    lines += [
        "",
        "The percentage of `lqr-policy` is how much more the gain of the worst seed costs than "
        "Riccati's, exactly and in an endless episode; its returns are of starts drawn by chance. "
        "That of `two-level` is the largest distance of `∫u² dt` from `π²/T`, beside the least "
        "fidelity; the best return is −9.830.",
        "",
        "![median return of the seeds in training, against steps and against processor "
        "seconds](reinforcement.png)",
        "",
        "All seeds of a row are drawn from the key of seed 0. Rates, damping and sizes were chosen "
        "on that key by what fresh episodes earned.",
        "",
    ]
    return "\n".join(lines)


def draw(rows: list[Found], path: Path) -> None:
    """Median return in training, against steps and against processor seconds."""
    entries = list(dict.fromkeys(row["entry"] for row in rows))
    with pm.figures.figure(path, len(entries), 2) as axes:
        for line, entry in zip(np.reshape(axes, (-1, 2)), entries, strict=True):
            for row in (row for row in rows if row["entry"] == entry):
                curve = np.array([np.nan if y is None else y for y in row["curve"]])
                met = row["met_an_update"] * np.arange(1, len(curve) + 1)
                line[0].plot(met, curve, label=row["what"])
                seconds = np.array(row["clock"]) - row["clock"][0]
                line[1].plot(seconds, curve, label=row["what"])
                if row["exact"] is not None:
                    for axis in line:
                        axis.set_yscale("symlog", linthresh=abs(row["exact"]))
                        axis.set_ylim(top=0.5 * row["exact"])
                        axis.axhline(row["exact"], color="0.4", linestyle=":", linewidth=1)
            line[0].set(
                xscale="log", xlabel="steps of one seed's worlds", ylabel=f"{entry}: return"
            )
            line[1].set(xlabel="processor seconds, all seeds", ylabel="return")
            line[0].legend(fontsize=7)


def kept(path: Path) -> list[Found]:
    """The rows of a file."""
    return json.loads(path.read_text()) if path.exists() else []


def main(config: Config) -> None:
    """Make what is asked for, keep it, and write the page of all that is kept."""
    rows = kept(config.kept)
    for name in config.names:
        row = solve(name, config.seed)
        print(name, row["mean_return"], row["return_error"], f"{row['processor_seconds']:.0f} s")
        rows = [old for old in kept(config.kept) if old["name"] != name] + [row]
        rows.sort(key=lambda row: list(ROWS).index(row["name"]))
        config.kept.write_text(json.dumps(rows, indent=1) + "\n")
    if config.write is not None:
        (config.write / "reinforcement.md").write_text(page(rows))
        draw(rows, config.write / "reinforcement.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--names", nargs="*", default=[], choices=list(ROWS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kept", type=Path, default=Config.kept)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    main(Config(tuple(given.names), given.seed, given.kept, given.write))
