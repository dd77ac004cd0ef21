"""Families of an equation by networks that know it, beside matrices that have seen its solutions.

The coefficient of heat-family and burgers-family becomes a third coordinate of the network, in
which nothing is differentiated: ``u(t, x, log₁₀ κ)`` and ``u(t, x, log₁₀ ν)`` obey the equation at
every point, with the initial value and the ends built in. The networks see no solution; the matrix
models (`physml run heat-family`, `burgers-family`) see 20 of them and no equation. Both are asked
at the same places and coefficients, within the range trained on and beyond it, against exact
solutions.

Expected, mean errors within: 1e-4 (heat) and 2e-5 by the networks, 3e-7 and 7e-9 by the matrices,
in a minute and in ten seconds of processor time.
Source: parameters as coordinates, Sun, Gao, Pan and Wang (2020), doi:10.1016/j.cma.2019.112732;
matrix models, Cook et al. (2025), doi:10.1038/s41467-025-61362-4. Finished rows are kept in a JSON
file.

Run: python experiments/family_pinns.py [--seeds 0 1] [--write docs/results]
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
import jax.numpy as jnp
import numpy as np

import physml as pm

FAMILIES = ("heat-family", "burgers-family")

MODELS = {
    "matrix": "matrix of 4 rows, 20 solutions seen",
    "network": "network of as many numbers, the same solutions",
    "pinn": "network of (t, x, coefficient), the equation on the range",
}
"""By name: what stands in the table."""

Found = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """Which seeds; the network and its training; where finished rows and the page are kept."""

    seeds: tuple[int, ...] = (0, 1)
    widths: tuple[int, ...] = (16, 16, 16)
    points: int = 1024
    redraw: int = 25
    steps: int = 100
    kept: Path = Path("docs/results/family-pinns.json")
    write: Path | None = None


def heat(subject: Any, span: tuple[float, float]) -> pm.Problem:
    """``u_t = κ u_xx`` in units of the time in which ``u`` changes, ``1/(1/T + π²κ)``."""

    def start(z: jax.Array) -> jax.Array:
        k = jnp.arange(1, len(subject.amplitudes) + 1)
        return jnp.asarray(subject.amplitudes) @ jnp.sin(jnp.pi * k * z[1])

    def equation(u: Any, z: jax.Array) -> jax.Array:
        kappa = 10.0 ** z[2]
        rate = 1 / subject.time + jnp.pi**2 * kappa
        return (pm.partial(u, "t")(z) - kappa * pm.partial(u, "x", "x")(z)) / rate

    return pm.Problem(
        domain=pm.Box(t=(0, subject.time), x=(0, 1), log=span),
        equation=equation,
        conditions=[pm.initial(start), pm.dirichlet(0.0, on="x")],
        hard=True,
        name="heat-family",
    )


def burgers(subject: Any, span: tuple[float, float]) -> pm.Problem:
    """``u_t + u u_x = ν u_xx`` from ``−sin πx``, odd in x, so that half of a period will do."""

    def equation(u: Any, z: jax.Array) -> jax.Array:
        u_t, u_x, _ = pm.gradient(u)(z)
        return u_t + u(z) * u_x - 10.0 ** z[2] * pm.partial(u, "x", "x")(z)

    return pm.Problem(
        domain=pm.Box(t=(0, subject.time), x=(0, 1), log=span),
        equation=equation,
        conditions=[pm.initial(lambda z: -jnp.sin(jnp.pi * z[1])), pm.dirichlet(0.0, on="x")],
        hard=True,
        name="burgers-family",
    )


PROBLEMS = {"heat-family": heat, "burgers-family": burgers}


def judged(told: np.ndarray, exact: np.ndarray, logs: np.ndarray, count: int) -> Found:
    """Errors at the first ``count`` coefficients, within, and the others, beyond; the curve."""
    off, order = np.abs(told - exact), np.argsort(logs)
    return {
        "mean_error": float(off[:count].mean()),
        "max_error": float(off[:count].max()),
        "beyond_mean_error": float(off[count:].mean()),
        "beyond_max_error": float(off[count:].max()),
        "curve": [[float(f"{logs[i]:.5g}"), float(f"{off[i].max():.3g}")] for i in order],
    }


def by_matrix(name: str, seed: int) -> list[Found]:
    """The matrix model, and the network of as many numbers that stands beside it in the entry."""
    entry = pm.pmm.catalogue.ENTRIES[name]
    study = entry.solve(entry.subject, entry.recipe, key=jax.random.key(seed))
    numbers, arrays = study.numbers(), study.arrays
    count = len(entry.subject.asked[0])
    own = judged(arrays["fields"], arrays["exact"], arrays["log_coefficient"], count)
    told = {key: numbers[key] for key in ("parameters", "processor_seconds", "seconds")}
    other = {key: numbers[f"network_{key}"] for key in (*own, "parameters") if key != "curve"}
    return [{"model": "matrix", **own, **told}, {"model": "network", **other}]


def by_equation(name: str, seed: int, config: Config) -> Found:
    """The network with the coefficient as a coordinate."""
    subject = pm.pmm.catalogue.ENTRIES[name].subject
    jax.clear_caches()
    began, worked = time.perf_counter(), time.process_time()
    solution = pm.solve(
        PROBLEMS[name](subject, subject.trained),
        pm.MLP(config.widths, kernel_init=pm.networks.orthogonal()),
        optimizer=pm.gauss_newton(ratio=0.3),
        points=config.points,
        redraw=pm.sampling.by_residual(every=config.redraw),
        steps=config.steps,
        key=jax.random.key(seed),
        check=False,
    )
    taken = {
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(solution.params)),
        "processor_seconds": time.process_time() - worked,
        "seconds": time.perf_counter() - began,
    }
    inside, outside = subject.asked
    logs = np.concatenate([inside, outside])
    x, log = np.meshgrid(subject.x, logs)
    points = np.stack([np.full(x.size, subject.time), x.ravel(), log.ravel()], axis=1)
    told = np.asarray(solution(points), float).reshape(x.shape)
    errors = judged(told, subject.fields(logs), logs, len(inside))
    return {"model": "pinn", **errors, **taken, "loss": solution.loss}


def each(rows: Sequence[Found], show: Callable[[Found], str]) -> str:
    """A cell with a value a seed, or one where all seeds have the same."""
    values = [show(row) for row in rows]
    return ", ".join(values if len({*values}) > 1 else values[:1])


def errors(prefix: str) -> Callable[[Found], str]:
    """The mean error, the largest in brackets."""
    return lambda row: f"{row[prefix + 'mean_error']:.1e} ({row[prefix + 'max_error']:.1e})"


def seconds(key: str) -> Callable[[Found], str]:
    """Seconds, where they were measured."""
    return lambda row: f"{row[key]:.0f}" if key in row else ""


def page(rows: Sequence[Found], config: Config) -> str:
    """The table of each family."""
    seeds, dates = sorted({r["seed"] for r in rows}), sorted({r["date"] for r in rows})
    lines = [
        "# Families of an equation: a network that knows it, a matrix that has seen it",
        "",
        f"Written by `python experiments/family_pinns.py --seeds {' '.join(map(str, seeds))} "
        f"--write docs/results`, {' and '.join(dates)}; {os.cpu_count()} busy CPU cores, float64, "
        f"jax {rows[0]['jax']}. Mean error, the largest in brackets, of `u` at one time, at 15 "
        "places and 100 coefficients within the range, 100 beyond it, against exact solutions; by "
        "seed. The equations, ranges and matrices are those of [the guide](../pmm.md). The "
        "networks that know the equation have "
        f"{len(config.widths)} layers of {config.widths[0]} tanh, the coefficient's logarithm as "
        "a third coordinate, initial value and ends built in, and "
        f"{config.steps} Gauss–Newton steps on {config.points} points, drawn anew by the residual "
        f"every {config.redraw}; they see no solution.",
    ]
    for name in FAMILIES:
        lines += [
            "",
            f"## `{name}`",
            "",
            "| | seeds | numbers | within | beyond | processor seconds | wall seconds |",
            "|---|---|---|---|---|---|---|",
        ]
        for model, words in MODELS.items():
            own = [r for r in rows if (r["family"], r["model"]) == (name, model)]
            if not own:
                continue
            own.sort(key=lambda row: row["seed"])
            cells = [
                each(own, lambda row: f"{row['seed']}"),
                each(own, lambda row: f"{row['parameters']}"),
                each(own, errors("")),
                each(own, errors("beyond_")),
                each(own, seconds("processor_seconds")),
                each(own, seconds("seconds")),
            ]
            lines.append(f"| {words} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "![Largest error against the coefficient](family-pinns.png)",
        "",
        "Seed 0; in grey the range of the coefficients seen. The seconds of a matrix are those of "
        "its four starts, with a cache of compiled programs.",
    ]
    return "\n".join(lines) + "\n"


def draw(rows: Sequence[Found], path: Path) -> None:
    """The largest error at a place against the coefficient, a panel for each family."""
    names = {"matrix": "matrix", "pinn": "PINN"}
    with pm.figures.figure(path, 1, len(FAMILIES)) as axes:
        for axis, family in zip(axes, FAMILIES, strict=True):
            subject = pm.pmm.catalogue.ENTRIES[family].subject
            axis.axvspan(*subject.trained, color="0.92")
            for model, label in names.items():
                for row in rows:
                    if (row["family"], row["model"], row["seed"]) == (family, model, 0):
                        axis.semilogy(*np.transpose(row["curve"]), label=label)
            axis.set(xlabel=subject.coefficient, ylabel="largest error at a place", title=family)
        axes[0].legend(fontsize="small")


def main(config: Config) -> str:
    """Run what is missing and return the page."""
    jax.config.update("jax_enable_x64", True)
    rows = json.loads(config.kept.read_text()) if config.kept.exists() else []
    for seed in config.seeds:
        for part in ("pinn", "matrix"):
            for family in FAMILIES:
                done = any(
                    (r["family"], r["model"], r["seed"]) == (family, part, seed) for r in rows
                )
                if done:
                    continue
                if part == "matrix":
                    new = by_matrix(family, seed)
                else:
                    new = [by_equation(family, seed, config)]
                told = {"family": family, "seed": seed, "date": str(datetime.date.today())}
                rows += [told | {"jax": jax.__version__} | row for row in new]
                print(family, seed, part, errors("")(new[0]), errors("beyond_")(new[0]), flush=True)
                config.kept.write_text(json.dumps(rows) + "\n")
    text = page(rows, config)
    if config.write is not None:
        (config.write / "family-pinns.md").write_text(text)
        draw(rows, config.write / "family-pinns.png")
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(Config.seeds))
    parser.add_argument("--kept", type=Path, default=Config.kept, help="file of finished rows")
    parser.add_argument("--write", type=Path, help="folder for page and figure")
    given = parser.parse_args()
    main(Config(tuple(given.seeds), kept=given.kept, write=given.write))
