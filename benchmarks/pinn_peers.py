"""Time to an error on Burgers' and Poisson's equation, beside DeepXDE and jinns, in one run.

Each library runs in a process of its own, one at a time, in turn: physml, jinns, DeepXDE, physml, …
with the same problem, network, precision and threads, and one seed a round. The clock starts after
imports, includes compiling, and stands still while errors are measured, on a 201 × 201 grid against
the exact solution. A run ends at the smallest error asked for, or when its budget is used up.

Expected in 100 s on two free cores: on Burgers physml reaches 1e-4 on every seed, jinns sooner or
not at all, by the seed, DeepXDE not; on Poisson DeepXDE's L-BFGS is faster than physml.

Run: python benchmarks/pinn_peers.py --deepxde PYTHON --jinns PYTHON [--write PAGE]
with the interpreters of environments that have `deepxde torch scipy` and `jinns`. It takes half an
hour and more; with `--kept FILE --minutes 8` it stops after so long and the same command goes on.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import physml as pm

PEERS = Path(__file__).parent / "peers"
LEVELS = (1e-2, 1e-3, 1e-4)
PROBLEMS = ("burgers", "poisson-2d")


@dataclass(frozen=True)
class Runner:
    """A library with a recipe: its script and interpreter, its rounds and seconds if not all."""

    label: str
    script: str
    python: str | None
    recipe: str = "best"
    rounds: int | None = None
    problems: tuple[str, ...] = PROBLEMS
    budget: float | None = None


def run(
    runner: Runner, problem: str, grid: Path, seed: int, budget: float, threads: int
) -> tuple[dict, list[dict]]:
    """What a run says of itself, and its curve."""
    with tempfile.TemporaryDirectory() as folder:
        curve = Path(folder) / "curve.jsonl"
        command = [runner.python, str(PEERS / runner.script), "--problem", problem]
        command += ["--grid", str(grid), "--curve", str(curve), "--seed", str(seed)]
        command += ["--budget", str(budget), "--target", str(LEVELS[-1])]
        command += ["--recipe", runner.recipe]
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        done = subprocess.run(
            command,
            env=os.environ | dict.fromkeys(names, str(threads)),
            capture_output=True,
            text=True,
            timeout=2 * budget + 300,
        )
        lines = (
            [json.loads(line) for line in curve.read_text().splitlines()] if curve.exists() else []
        )
        if done.returncode != 0 or len(lines) < 2:
            raise RuntimeError(f"{runner.label}, {problem}: no curve\n{done.stderr[-2000:]}")
        return lines[0], lines[1:]


def seconds_to(curve: list[dict], level: float) -> float:
    """Seconds until the error first was as small; infinite if it never was."""
    return next((line["seconds"] for line in curve if line["error"] <= level), np.inf)


def given(curve: list[dict]) -> float:
    """Seconds until a run ended: what it was given, if it did not get there."""
    return float(curve[-1]["seconds"])


def cell(times: np.ndarray, budget: float) -> str:
    """Median and range of the rounds that got there, and how many did if not all."""
    reached = times[np.isfinite(times)]
    if not len(reached):
        return f"not in {budget:.0f} s"
    shown = f"{np.median(reached):.1f}"
    if len(reached) > 1:
        shown += f" ({reached.min():.1f}–{reached.max():.1f})"
    return shown if len(reached) == len(times) else f"{shown}, {len(reached)} of {len(times)}"


def ratio(theirs: np.ndarray, own: np.ndarray, budget: float) -> str:
    """Median over median; a bound if no round got there, nothing if only some did."""
    if np.isinf(own).any() or 0 < np.isinf(theirs).sum() < len(theirs):
        return "–"
    median = np.median(own)
    if np.isinf(theirs).all():
        return f"> {budget / median:.1f}"
    return f"{np.median(theirs) / median:.1f}"


def main(options: argparse.Namespace) -> str:
    """Run what is not kept yet, as long as there is time for it, and return the page."""
    jinns = "run_jinns.py"
    runners = [
        Runner("physml", "run_physml.py", sys.executable),
        Runner("jinns", jinns, options.jinns),
        Runner("jinns, larger ridge", jinns, options.jinns, "larger-ridge", problems=("burgers",)),
        Runner("DeepXDE, its best here", "run_deepxde.py", options.deepxde),
        # On Burgers as long as it takes to see whether it is thirty times as slow.
        *(
            Runner(
                "DeepXDE, its example",
                "run_deepxde.py",
                options.deepxde,
                "example",
                rounds=1,
                problems=(problem,),
                budget=budget,
            )
            for problem, budget in zip(PROBLEMS, (options.example_budget, None), strict=True)
        ),
    ]
    for runner in runners:
        if runner.python is None:
            print(f"{runner.label}: left out, no interpreter given", flush=True)
    plan = [
        (problem, seed, runner)
        for problem in options.problems
        for seed in range(options.repeats)
        for runner in runners
        if runner.python is not None
        and problem in runner.problems
        and seed < (runner.rounds or np.inf)
    ]
    plan.sort(key=lambda item: item[2].rounds is not None)  # what runs fewer rounds, at the end
    done = {} if options.kept is None else kept(options.kept)
    begin, left = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        for problem, seed, runner in plan:
            name = (problem, runner.label, seed)
            if name in done:
                continue
            # A run takes its budget, and some seconds to start and to measure.
            budget = options.budget if runner.budget is None else runner.budget
            if time.perf_counter() - begin + budget + 15 > 60 * options.minutes:
                left += 1
                continue
            grid = Path(folder) / f"{problem}.npz"
            if not grid.exists():
                exact = pm.pinn.catalogue.PROBLEMS[problem].subject.problem()
                points = exact.domain.grid(201)
                np.savez(grid, points=points, exact=exact.exact(points))
            found = run(runner, problem, grid, seed, budget, options.threads)
            done[name] = found
            if options.kept is not None:
                with options.kept.open("a", encoding="utf-8") as file:
                    print(json.dumps([*name, *found]), file=file)
            times = [seconds_to(found[1], level) for level in LEVELS]
            print(problem, runner.label, seed, times, found[1][-1], flush=True)
    if left:
        print(f"{left} of {len(plan)} runs left for another time", flush=True)
    curves: dict[tuple[str, str], list[list[dict]]] = {}
    abouts: dict[tuple[str, str], dict] = {}
    order = [runner.label for runner in runners]
    place = lambda name: (PROBLEMS.index(name[0]), order.index(name[1]), name[2])
    for name in sorted(done, key=place):
        about, curve = done[name]
        curves.setdefault(name[:2], []).append(curve)
        abouts[name[:2]] = about
    text = page(curves, abouts, options)
    if options.write is not None and not left:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text)
    return text


def kept(file: Path) -> dict[tuple[str, str, int], tuple[dict, list[dict]]]:
    """The runs of earlier calls, by problem, label and seed."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return {(problem, label, seed): (about, curve) for problem, label, seed, about, curve in rows}


def page(curves: dict, abouts: dict, options: argparse.Namespace) -> str:
    """Seconds to each error, ratios, and what ran."""
    lines = [
        "# Beside DeepXDE and jinns",
        "",
        "Written by `python benchmarks/pinn_peers.py --deepxde PYTHON --jinns PYTHON "
        f"--repeats {options.repeats} --budget {options.budget:.0f} --example-budget "
        f"{options.example_budget:.0f} --write "
        f"docs/results/pinn-peers.md`, {datetime.date.today()}; {os.cpu_count()} CPU cores, "
        f"{options.threads} threads each, float64. Seconds from the end of imports, compiling "
        "included, to a relative L2 error on a 201 × 201 grid against the exact solution: median "
        "and range of the seeds that got there, and how many did if not all; the time that a "
        "library takes divided by physml's, where all seeds or none got there.",
        "",
        "| problem | library | seeds | "
        + " | ".join(f"to {level:.0e}" for level in LEVELS)
        + " | ratio to physml | smallest error |",
        "|---|---|---|" + "---|" * (len(LEVELS) + 2),
    ]
    for (problem, label), found in curves.items():
        times = np.array([[seconds_to(curve, level) for level in LEVELS] for curve in found])
        own = np.array(
            [[seconds_to(c, level) for level in LEVELS] for c in curves[problem, "physml"]]
        )
        budget = min(map(given, found))
        ratios = [ratio(*pair, budget) for pair in zip(times.T, own.T, strict=True)]
        best = np.median([min(line["error"] for line in curve) for curve in found])
        cells = " | ".join(cell(column, budget) for column in times.T)
        lines.append(
            f"| {problem} | {label} | {len(found)} | {cells} | {', '.join(ratios)} | {best:.1e} |"
        )
    lines += [
        "",
        "Runs end at 1e-4, so the smallest error is no limit of those that got there.",
        "",
    ]
    for (problem, label), about in abouts.items():
        lines.append(f"- {problem}, {label}: {about['recipe']} ({about['versions']}).")
    lines += [
        "",
        "DeepXDE's best here has physml's hard constraints and network, which its example has not. "
        "Recipes did best in short trials, which are no search: those of physml and DeepXDE on "
        "seed 0, jinns' ridge for Poisson on seeds 0 to 3. Neither of its ridges for Burgers was "
        "the better one on every seed tried, so both are shown.",
    ]
    lines += expected(curves)
    return "\n".join(lines) + "\n"


def expected(curves: dict) -> list[str]:
    """What was hoped for on Burgers, and what came, whatever it is."""
    lines = ["", "Expected of physml on Burgers before anything was measured, and found:", ""]
    claims = (("DeepXDE", LEVELS[0], 30), ("jinns", LEVELS[2], 3))
    for library, level, factor in claims:
        own = [seconds_to(curve, level) for curve in curves.get(("burgers", "physml"), [])]
        lines.append(f"- {factor} times as fast as {library} to {level:.0e}:")
        for (problem, label), found in curves.items():
            if problem != "burgers" or not label.startswith(library) or not own:
                continue
            # A run that did not get there counts with the time it had.
            theirs = [(seconds_to(curve, level), given(curve)) for curve in found]
            pairs = list(zip(theirs, own, strict=False))
            shown = [
                f"{them / us:.2g}" if np.isfinite(them) else f"> {had / us:.2g}"
                for (them, had), us in pairs
                if np.isfinite(us)
            ]
            enough = len(shown) == len(pairs) and all(
                min(them, had) >= factor * us for (them, had), us in pairs
            )
            lines[-1] += f" {label}, by seed, {', '.join(shown) or 'nothing to compare'}"
            lines[-1] += " (shown);" if enough else " (not shown);"
        lines[-1] = lines[-1].rstrip(";") + "."
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deepxde", metavar="PYTHON", help="with deepxde and torch; else left out")
    parser.add_argument("--jinns", metavar="PYTHON", help="with jinns; else left out")
    parser.add_argument("--repeats", type=int, default=3, help="seeds")
    parser.add_argument("--budget", type=float, default=300.0, help="seconds of training a run")
    parser.add_argument("--example-budget", type=float, help="of DeepXDE's example on Burgers")
    parser.add_argument("--threads", type=int, default=2, help="of each process")
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=PROBLEMS)
    parser.add_argument("--kept", type=Path, help="file of finished runs, not run again")
    parser.add_argument("--minutes", type=float, default=np.inf, help="start no run beyond these")
    parser.add_argument("--write", type=Path, help="file for the page, once all runs are done")
    options = parser.parse_args()
    if options.example_budget is None:
        options.example_budget = options.budget
    main(options)
