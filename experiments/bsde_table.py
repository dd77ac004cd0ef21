"""Backward equations in many dimensions against what is known of them exactly, by seed.

Each case is an entry of the catalogue by its default recipe. A row has the value of fresh paths
with its bar, the trained value, the mean over paths that nothing steers, and ``Z ≡ 0``, each by
what it is off.

Expected: the equation of Han, Jentzen and E (2018, doi:10.1073/pnas.1718942115), 4.5902 in a
hundred dimensions, published with 0.17% after 330 s; here 0.001%, and 0.002% and 0.2% where the
control is ten and fifty times as strong; Black, Scholes and Barenblatt's within 0.05%, Allen and
Cahn's within 0.5%, Merton's call within 0.1%.

Run: python experiments/bsde_table.py [--seeds 0 1 2] [--cases hjb-100d] [--write docs/results]
Rows are kept in bsde.json by case and seed, and the page is made of all that are there.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax

import physml as pm

HARD = {"judge": 20_000}
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "hjb-100d": ("hjb-100d", {}, {}),
    "hjb-100d, λ = 10": ("hjb-100d", {"coupling": 10.0}, HARD),
    "hjb-100d, λ = 50": ("hjb-100d", {"coupling": 50.0}, {}),
    "black-scholes-barenblatt": ("black-scholes-barenblatt", {}, HARD),
    "allen-cahn-20d": ("allen-cahn-20d", {}, {}),
    "merton": ("merton", {}, {}),
}


@dataclass(frozen=True)
class Config:
    """Which cases and seeds; where the page goes."""

    cases: tuple[str, ...] = tuple(CASES)
    seeds: tuple[int, ...] = (0,)
    write: Path | None = None


def row(case: str, seed: int) -> dict[str, Any]:
    """One run."""
    name, numbers, options = CASES[case]
    entry = pm.control.catalogue.ENTRIES[name]
    subject = replace(entry.subject, **numbers)
    recipe = replace(entry.recipe_for(subject), **options)
    wall, began = time.perf_counter(), time.process_time()
    found = entry.solve(subject, recipe, key=jax.random.key(seed)).numbers()
    seconds, processor = time.perf_counter() - wall, time.process_time() - began
    return {"case": case, "seed": seed, "seconds": seconds, "processor": processor} | found


def page(rows: list[dict[str, Any]]) -> str:
    """The table of all rows."""
    lines = [
        "# Backward equations",
        "",
        "The page of `python experiments/bsde_table.py --write docs/results`, whose rows are those "
        "of `physml run NAME --seed SEED`; float64, default recipes, of Black, Scholes and "
        "Barenblatt with `--judge 20000`. Seconds are of the processor, compilation included. "
        "*Off* is the value's relative distance from the exact one, in percent, with its bar "
        "(paths, step size and network, added up); beside it the trained value, the mean of paths "
        "without control, and `Z ≡ 0`.",
        "",
        "| case | seed | value | exact | off, % | trained | plain paths | Z ≡ 0 | paths "
        "| processor s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    order = {case: i for i, case in enumerate(CASES)}
    for one in sorted(rows, key=lambda r: (order[r["case"]], r["seed"])):
        bar = 100 * one["value_error"] / one["exact"]
        lines.append(
            f"| {one['case']} | {one['seed']} | {one['value']:.7g} | {one['exact']:.9g} "
            f"| {100 * one['relative_error']:.4f} ± {bar:.4f} "
            f"| {100 * one['trained_relative_error']:.3f} "
            f"| {100 * one['plain_relative_error']:.4f} "
            f"| {100 * one['without_relative_error']:.2f} | {one['paths']} "
            f"| {one['processor']:.0f} |"
        )
    lines += [
        "",
        "The value against the step size, steered paths on common noise (relative to exact, in "
        "percent), with the steps of time in brackets:",
        "",
        "| case | seed | curve |",
        "|---|---|---|",
    ]
    for one in sorted(rows, key=lambda r: (order[r["case"]], r["seed"])):
        points = zip(one["curve_steps"], one["curve"], one["curve_errors"], strict=True)
        shown = ", ".join(
            f"{100 * (value / one['exact'] - 1):.4f} ± {100 * error / one['exact']:.4f} ({steps})"
            for steps, value, error in points
        )
        lines.append(f"| {one['case']} | {one['seed']} | {shown} |")
    missing = [case for case in CASES if case not in {one["case"] for one in rows}]
    if missing:
        lines += ["", f"Not run yet by the default recipe: {'; '.join(missing)}."]
    return "\n".join(lines) + "\n"


def main(config: Config) -> str:
    """Run what is asked for, keep it, and return the page."""
    jax.config.update("jax_enable_x64", True)
    file = None if config.write is None else config.write / "bsde.json"
    rows = json.loads(file.read_text()) if file is not None and file.exists() else []
    for case in config.cases:
        for seed in config.seeds:
            made = row(case, seed)
            rows = [r for r in rows if (r["case"], r["seed"]) != (case, seed)] + [made]
            print(case, seed, made["value"], made["value_error"], made["relative_error"])
            if file is not None:
                file.write_text(json.dumps(rows, indent=1) + "\n")
    text = page(rows)
    if config.write is not None:
        (config.write / "bsde.md").write_text(text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--write", type=Path, help="a folder for the page and its rows")
    arguments = parser.parse_args()
    print(main(Config(tuple(arguments.cases), tuple(arguments.seeds), arguments.write)))
