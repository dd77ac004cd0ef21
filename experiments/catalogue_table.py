"""Generative models and learning from data: every entry by its recipe, several seeds, in one table.

Claim: what a page of the guide says of an entry holds for seeds that nothing was chosen on.
Expected: free energies and ln Z within their bars of the exact ones, all modes of the ring five of
five, digits told right by 97 to 99%, and so on; the table says what is known beside each. Finished
rows are kept in a JSON file; those that lack are run, each from compiling on.

Run: python experiments/catalogue_table.py generative [--seeds 0 1 2] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

import physml as pm

Found = dict[str, Any]
Told = Callable[[Found], str]


def value(key: str, form: str = ".3g", unit: float = 1.0) -> Told:
    """A number, or several."""

    def told(row: Found) -> str:
        several = row[key] if isinstance(row[key], list) else [row[key]]
        return ", ".join(format(unit * one, form) for one in several)

    return told


def measured(key: str, form: str, error: str | None = None) -> Told:
    """A number with its error bar."""
    bar = error or f"{key}_error"
    return lambda row: f"{row[key]:{form}} ± {row[bar]:.1g}"


def above(key: str, other: str) -> Told:
    """How far a number is from what it should be, with its error bar."""
    return lambda row: f"{row[key] - row[other]:+.1e} ± {row[f'{key}_error']:.0e}"


def of_model(name: str) -> Told:
    """The mean square of free runs of one network of several."""
    return lambda row: f"{row['by_model'][name]['free_mse']:.1e}"


def unbroken(numbers: str) -> str:
    """The same with signs at which no line of a narrow cell ends."""
    return numbers.replace("-", "−").replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


@dataclass(frozen=True)
class Line:
    """A line of the table: what is told, by which numbers, and what is known or stands beside."""

    what: str
    told: Told
    known: Told | str = ""
    by: str = ""

    def beside(self, rows: dict[int, Found]) -> str:
        """What is known: once if it is the same for all seeds, else of each."""
        if isinstance(self.known, str):
            return self.known
        several = [unbroken(self.known(rows[seed])) for seed in sorted(rows)]
        told = ", ".join(several if len({*several}) > 1 else several[:1])
        return f"{self.by}: {told}" if self.by else told


FREE_ENERGY = Line("free energy a site, above exact", above("free_energy", "exact"), "0")
ESS = Line("effective part of samples", value("ess", ".4f"), "1")
DIGITS = Line("accuracy", value("accuracy", ".1%"))

ROWS: dict[str, dict[str, tuple[Line, ...]]] = {
    "generative": {
        "rbm-xor": (Line("largest distance from ¼", value("largest_deviation", ".4f"), "0"),),
        "rbm-xor pcd": (Line("largest distance from ¼", value("largest_deviation", ".4f"), "0"),),
        "bars-and-stripes": (
            Line("KL to the 30 images, nats", value("kl", ".3f"), "0"),
            Line("density on them", value("on_patterns", ".1%"), "100%"),
        ),
        "ising-rbm": (
            Line("KL(model‖machine), nats", value("kl", ".4f"), "0"),
            Line("ln Z above exact", above("log_partition", "exact_log_partition"), "0"),
        ),
        "rbm-digits": (
            Line(
                "ln p of images held out, nats",
                measured("test_log_likelihood", ".2f"),
                value("test_independent", ".2f"),
                "independent pixels",
            ),
        ),
        "energy-ring": (
            Line("total variation", value("distance", ".4f"), "0"),
            Line(
                "ln Z by chains above the grid's", above("log_partition", "grid_log_partition"), "0"
            ),
        ),
        "energy-double-well": (
            Line("total variation", value("distance", ".4f"), "0"),
            Line(
                "ln Z by chains above the grid's", above("log_partition", "grid_log_partition"), "0"
            ),
        ),
        "ising-autoregressive": (
            Line("free energy a site by all states, above exact", value("excess", ".1e"), "0"),
            FREE_ENERGY,
            ESS,
        ),
        "spin-glass": (
            Line("free energy a site by all states, above exact", value("excess", ".1e"), "0"),
            Line("ln Z above exact", above("log_partition", "exact_log_partition"), "0"),
            ESS,
        ),
        "phi4-chain": (
            Line("ln Z above exact", above("log_partition", "exact"), "0"),
            Line(
                "⟨φ²⟩", measured("phi_squared", ".4f"), value("phi_squared_exact", ".6f"), "exact"
            ),
            ESS,
        ),
        "phi4-square": (
            Line("ln Z above exact", above("log_partition", "exact"), "0"),
            Line(
                "⟨φ²⟩", measured("phi_squared", ".4f"), value("phi_squared_exact", ".6f"), "exact"
            ),
            ESS,
        ),
        "double-well-flow": (
            Line("ln Z above exact", above("log_partition", "exact"), "0"),
            Line(
                "weight of the left well",
                measured("left", ".4f"),
                value("left_exact", ".4f"),
                "exact",
            ),
            ESS,
        ),
        "vae-linear": (
            Line("ELBO below the closed form, nats a sample", measured("gap", ".1e"), "0"),
        ),
        "vae-digits": (
            Line("ELBO, nats", measured("elbo", ".1f"), value("alone", ".1f"), "pixels alone"),
            Line("bound by 256 draws, nats", measured("importance_bound", ".1f")),
            Line(
                "classes by 8 latents",
                value("latent_accuracy", ".1%"),
                value("pca_accuracy", ".1%"),
                "8 components",
            ),
        ),
        "gan-ring": (
            Line("modes of five pairs", value("covered", ".0f"), "8"),
            Line("samples within three deviations", value("good_share", ".1%"), "98.9%"),
        ),
        "wgan-gaussians": (
            Line("distance over the mean slope", measured("distance", ".4f"), "1"),
            Line("bare difference", value("difference", ".3f"), "1.05"),
        ),
        "gan-digits": (
            Line(
                "classes that the judge sees, of 2,000",
                value("class_accuracy", ".1%"),
                value("judge_accuracy", ".1%"),
                "held-out images",
            ),
            Line("MMD²", measured("mmd", ".1e"), value("mmd_of_true_images", ".1e"), "true images"),
        ),
        "diffusion-mixture": (
            Line(
                "KL(p‖model), nats",
                measured("kl", ".3f"),
                value("gaussian_kl", ".2f"),
                "one Gaussian",
            ),
            Line("score, from exact", value("score_error", ".1%"), "0"),
            Line(
                "furthest sample of ddpm",
                value("ddpm_furthest", ".2f"),
                value("fresh_furthest", ".2f"),
                "true samples",
            ),
        ),
        "diffusion-digits": (
            Line(
                "bits a pixel of images held out",
                measured("bits_per_dimension", ".3f"),
                value("gaussian_bits_per_dimension", ".3f"),
                "one Gaussian",
            ),
        ),
        "langevin-relaxation": (
            Line("rate of relaxation", measured("rate", ".5f"), value("exact", ".5f"), "gap"),
        ),
    },
    "learn": {
        "breast-cancer": (
            Line(
                "accuracy",
                value("accuracy", ".1%"),
                value("trivial_accuracy", ".1%"),
                "larger class",
            ),
        ),
        "franke": (
            Line("root mean square, polynomial", value("rmse", ".3f")),
            Line("of a network", value("network_rmse", ".3f")),
        ),
        "runge": (
            Line("root mean square, polynomial", value("rmse", ".3f")),
            Line("of a network", value("network_rmse", ".3f")),
        ),
        "ising-energies": (
            Line("error of the couplings, lasso", value("coupling_error", ".1e"), "0"),
            Line("of ridge", value("ridge_coupling_error", ".2f"), "0"),
        ),
        "digits": (Line("accuracy", value("accuracy", ".1%")),),
        "digits cnn": (Line("accuracy", value("accuracy", ".1%")),),
        "mnist-subset": (Line("accuracy, five folds", value("accuracy", ".2%")),),
        "sequence-class": (
            Line(
                "accuracy",
                value("accuracy", ".1%"),
                value("linear_accuracy", ".1%"),
                "linear model",
            ),
        ),
        "ising-phases": (
            Line("T_c by the network", measured("critical_temperature", ".3f"), "2.2692"),
            Line("by Binder's cumulants", measured("binder_temperature", ".3f"), "2.2692"),
        ),
        "ising-coupling": (
            Line(
                "root mean square of J",
                value("rmse", ".4f"),
                value("posterior_rmse", ".4f"),
                "posterior mean",
            ),
            Line("of the energy's best line", value("energy_rmse", ".4f")),
        ),
        "language-model": (
            Line(
                "bits a character, held out",
                value("bits", ".3f"),
                value("trigram_bits", ".3f"),
                "trigrams",
            ),
        ),
        "oscillator-rnn": (
            Line("best, one step", value("rmse", ".1e")),
            Line("mean square of 8 units of time, RNN", of_model("rnn"), of_model("mlp"), "MLP"),
            Line("LSTM", of_model("lstm"), of_model("mlp"), "MLP"),
        ),
        "lorenz-forecast": (
            Line("one step", value("rmse", ".1e")),
            Line(
                "mean square of 8 units of time", value("free_mse", ".1e"), "a course's LSTM: 0.024"
            ),
        ),
        "heat-latent": (
            Line(
                "relative L² by three numbers",
                value("relative_l2", ".3f"),
                value("pca_relative_l2", ".3f"),
                "components",
            ),
        ),
        "poisson-transformer": (
            Line(
                "relative L², fresh sources",
                value("relative_l2", ".1e"),
                value("linear_relative_l2", ".0e"),
                "linear map, 24 points",
            ),
            Line("largest", value("largest_relative_l2", ".1e")),
        ),
        "data-gap": (
            Line("90% bars hold in the gap, NUTS", value("nuts_coverage_gap", ".0%"), "90%"),
            Line("Laplace", value("laplace_coverage_gap", ".0%"), "90%"),
            Line("Gaussian process", value("process_coverage_gap", ".0%"), "90%"),
        ),
        "gp-ode": (
            Line(
                "largest error",
                value("max_error", ".1e"),
                value("trivial_max_error", ".2f"),
                "mean",
            ),
            Line("90% bars hold, kernel known", measured("known_ninety", ".1%"), "90%"),
        ),
        "next-measurement": (
            Line(
                "root mean square", value("rmse", ".3f"), value("random_rmse", ".3f"), "at random"
            ),
        ),
        "nuclear-masses": (
            Line(
                "MeV, a random tenth", value("rmse", ".2f"), value("formula_rmse", ".2f"), "formula"
            ),
            Line(
                "MeV, newest 70",
                value("newest_rmse", ".2f"),
                value("newest_formula_rmse", ".2f"),
                "formula",
            ),
            Line("90% bars hold of the newest", value("newest_coverage", ".0%"), "90%"),
        ),
    },
}
"""By room and entry, or entry and recipe: the lines of the table."""

TITLES = {"generative": "generative models", "learn": "learning from data"}


@dataclass(frozen=True)
class Config:
    """The room, which seeds, and where rows are kept and the page is written."""

    room: str
    seeds: tuple[int, ...] = (0, 1, 2)
    write: Path = Path("docs/results")

    @property
    def kept(self) -> Path:
        """The file of finished rows."""
        return self.write / f"{self.room}.json"


def solve(room: str, name: str, seed: int) -> Found:
    """The numbers of one row, from compiling on."""
    jax.clear_caches()
    entry_name, _, recipe = name.partition(" ")
    entry = getattr(pm, room).catalogue.ENTRIES[entry_name]
    settings = entry.recipe_for(entry.subject, recipe or "default")
    began = time.process_time(), time.perf_counter()
    found = entry.solve(entry.subject, settings, key=jax.random.key(seed)).numbers()
    spent = time.process_time() - began[0], time.perf_counter() - began[1]
    return found | {
        "name": name,
        "seed": seed,
        "processor_seconds": spent[0],
        "wall_seconds": spent[1],
        "date": str(datetime.date.today()),
        "jax": jax.__version__,
    }


def page(room: str, rows: Sequence[Found]) -> str:
    """The table of a room."""
    seeds = sorted({row["seed"] for row in rows})
    dates = sorted({row["date"] for row in rows})
    lines = [
        f"# Results: {TITLES[room]}",
        "",
        f"The page of `python experiments/catalogue_table.py {room}`, which runs what is missing, "
        "each entry by the recipe it has by default or the one that is named; "
        f"{' and '.join(dates)}; one of {os.cpu_count()} CPU cores, float64, "
        f"jax {rows[0]['jax']}. Seconds are those of the processor, compiling and judging "
        "included, without a compilation cache. What is measured, what stands beside it, and "
        "which seeds recipes were chosen on, stands in the guide.",
        "",
        f"| | | {' | '.join(f'seed {seed}' for seed in seeds)} | known, or beside | parameters "
        "| seconds |",
        f"|---|---|{'---|' * len(seeds)}---|---|---|",
    ]
    for name, told in ROWS[room].items():
        own = {row["seed"]: row for row in rows if row["name"] == name}
        if not own:
            continue
        first = own[min(own)]
        label, _, recipe = name.partition(" ")
        shown = f"`{label} --recipe {recipe}`" if recipe else f"`{label}`"
        numbers = f"{first['parameters']:,}"
        seconds = ", ".join(f"{own[seed]['processor_seconds']:.0f}" for seed in sorted(own))
        for line in told:
            cells = [unbroken(line.told(own[seed])) if seed in own else "" for seed in seeds]
            lines.append(
                f"| {shown} | {line.what} | {' | '.join(cells)} | {line.beside(own)} | {numbers} "
                f"| {seconds} |"
            )
            shown = numbers = seconds = ""
    return "\n".join(lines) + "\n"


def main(config: Config) -> str:
    """Run what is missing and write the page."""
    jax.config.update("jax_enable_x64", True)
    rows = json.loads(config.kept.read_text()) if config.kept.exists() else []
    for seed in config.seeds:
        for name, told in ROWS[config.room].items():
            if any((row["name"], row["seed"]) == (name, seed) for row in rows):
                continue
            rows.append(row := solve(config.room, name, seed))
            shown = "; ".join(f"{line.what} {line.told(row)}" for line in told)
            print(f"{name}, seed {seed}, {row['processor_seconds']:.0f} s: {shown}", flush=True)
            config.kept.write_text(json.dumps(rows, indent=1) + "\n")
    text = page(config.room, rows)
    (config.write / f"{config.room}.md").write_text(text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("room", choices=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(Config.seeds))
    parser.add_argument("--write", type=Path, default=Config.write, help="folder of page and rows")
    given = parser.parse_args()
    main(Config(given.room, tuple(given.seeds), given.write))
