"""Matrix models by their recipes, several seeds each, beside what else gives levels or fields.

Expected, mean errors at values that are not trained on: pairing 3e-8, lipkin 3e-6,
anharmonic-oscillator 4e-2, ising-levels 2e-9, trotter 1e-9, heat-family 4e-7, burgers-family 1e-8,
each with 14 to 164 numbers in half a minute on a free core; published are 7.0e-4 for pairing (4,608
numbers, 294 s) and 1.35e-2 for lipkin (18,432, 8,118 s). Finished rows are kept in a JSON file.

Run: python experiments/pmm_table.py [--seeds 0 1 2] [--write docs/results/pmm.md]
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax

import physml as pm

ROWS: dict[str, tuple[str, dict[str, Any], str]] = {
    "pairing": ("pairing", {}, "7.0e-4, 4,608 numbers, 294 s"),
    "lipkin": ("lipkin", {}, "1.35e-2, 18,432 numbers, 8,118 s"),
    "lipkin, 20": ("lipkin", {"particles": 20}, ""),
    "anharmonic-oscillator": ("anharmonic-oscillator", {}, ""),
    "ising-levels": ("ising-levels", {}, ""),
    "trotter": ("trotter", {}, ""),
    "heat-family": ("heat-family", {}, ""),
    "burgers-family": ("burgers-family", {}, ""),
}
"""By name: the entry, its numbers that are others, and what is published."""

OTHERS = {
    "network_": "network of as many",
    "chebyshev_": "Chebyshev",
    "gaussian_process_": "Gaussian process",
    "eigenvector_continuation_": "eigenvector continuation",
}

Found = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """Which seeds; where finished rows are kept, and where the page is written."""

    seeds: tuple[int, ...] = (0, 1, 2)
    kept: Path = Path("docs/results/pmm.json")
    write: Path | None = None


def solve(name: str, seed: int) -> Found:
    """The numbers of one row, from compiling on."""
    jax.clear_caches()
    entry = pm.pmm.catalogue.ENTRIES[ROWS[name][0]]
    subject = replace(entry.subject, **ROWS[name][1])
    study = entry.solve(subject, entry.recipe, key=jax.random.key(seed))
    told = {"name": name, "seed": seed, "date": str(datetime.date.today()), "jax": jax.__version__}
    return told | study.numbers()


def each(rows: Sequence[Found], show: Callable[[Found], str]) -> str:
    """A cell with a value a seed, or one where all seeds have the same."""
    values = [show(row) for row in rows]
    return ", ".join(values if len({*values}) > 1 else values[:1])


def errors(prefix: str) -> Callable[[Found], str]:
    """The mean error, the largest in brackets; nothing where there is none."""
    return lambda row: (
        f"{row[prefix + 'mean_error']:.1e} ({row[prefix + 'max_error']:.1e})"
        if f"{prefix}mean_error" in row
        else ""
    )


def value(key: str, form: str, unit: float = 1.0) -> Callable[[Found], str]:
    """One number; nothing where there is none."""
    return lambda row: format(unit * row[key], form) if key in row else ""


def beside(prefix: str) -> Callable[[Found], str]:
    """Errors of what stands beside; of `trotter` Richardson's polynomial is that in dt²."""
    own, richardson = errors(prefix), errors("richardson_")
    return lambda row: own(row) or (richardson(row) if prefix == "chebyshev_" else "")


def page(rows: Sequence[Found]) -> str:
    """Both tables."""
    dates = sorted({row["date"] for row in rows})
    lines = [
        "# Results: levels and fields by matrix models",
        "",
        "The page of `python experiments/pmm_table.py --seeds SEED --write docs/results/pmm.md`, "
        "which runs what is missing; of the rows kept so far, the seeds of each in its second "
        f"column, {' and '.join(dates)}; {os.cpu_count()} busy CPU cores, float64, "
        f"jax {rows[0]['jax']}. Mean error, the largest in brackets, at 100 values of the coupling "
        "that are not trained on, against exact diagonalisation; of `trotter` at 16 steps shorter "
        "than any seen, dt = 0 among them; of `heat-family` and `burgers-family` at 15 places and "
        "100 coefficients within the range, against exact solutions; by seed, one value where all "
        "have the same. What was chosen and by which errors stands in "
        "[the guide](../pmm.md). Seconds are those of the emulator alone, its starts, a smaller "
        "matrix and compiling included, without a compilation cache.",
        "",
        "| | seeds | parameters | matrix model | its 90% bar holds, % of levels "
        "| processor seconds | wall seconds | published, mean error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups = {name: [row for row in rows if row["name"] == name] for name in ROWS}
    groups = {name: sorted(own, key=lambda row: row["seed"]) for name, own in groups.items() if own}
    for name, own in groups.items():
        cells = [
            each(own, lambda row: f"{row['seed']}"),
            each(own, lambda row: f"{row['parameters']}"),
            each(own, errors("")),
            each(own, value("inside_90", ".1f", 100.0)),
            each(own, lambda row: f"{row['processor_seconds']:.0f}"),
            each(own, lambda row: f"{row['seconds']:.0f}"),
            ROWS[name][2],
        ]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    head = " | ".join(OTHERS.values())
    lines += [
        "",
        "Published are fits by others of Hamiltonians of the same kind and size, on "
        "another machine; the pairs by another convention of energy. `lipkin, 20` has 20 particles "
        "in place of 200; `anharmonic-oscillator` is asked for beyond the couplings seen, the "
        "others between them, and `trotter` below them: its polynomial is one in dt². Eigenvector "
        "continuation knows the Hamiltonian; all else sees levels or fields alone. The network has "
        "as many parameters as the matrix, the same step, as many starts; beside `trotter` there "
        "is none, and the fields have no Hamiltonian that is continued.",
        "",
        f"| | {head} | their mean alone |",
        "|---|---|---|---|---|---|",
    ]
    for name, own in groups.items():
        cells = [each(own, beside(prefix)) for prefix in OTHERS]
        cells.append(each(own, value("trivial_mean_error", ".1e")))
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    outside = {name: own for name, own in groups.items() if "beyond_mean_error" in own[0]}
    if outside:
        lines += ["", "Fields beyond the range of the coefficients seen:", ""]
        lines += [f"| | matrix model | {head} |", "|---|---|---|---|---|---|"]
    for name, own in outside.items():
        cells = [each(own, errors(f"{prefix}beyond_")) for prefix in ("", *OTHERS)]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(config: Config) -> str:
    """Run what is missing and return the page."""
    jax.config.update("jax_enable_x64", True)
    rows = json.loads(config.kept.read_text()) if config.kept.exists() else []
    for seed in config.seeds:
        for name in ROWS:
            if any((row["name"], row["seed"]) == (name, seed) for row in rows):
                continue
            rows.append(row := solve(name, seed))
            print(name, seed, errors("")(row), f"{row['processor_seconds']:.0f} s", flush=True)
            config.kept.write_text(json.dumps(rows, indent=1) + "\n")
    text = page(rows)
    if config.write is not None:
        config.write.write_text(text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(Config.seeds))
    parser.add_argument("--kept", type=Path, default=Config.kept, help="file of finished rows")
    parser.add_argument("--write", type=Path, help="file for the page")
    given = parser.parse_args()
    main(Config(tuple(given.seeds), given.kept, given.write))
