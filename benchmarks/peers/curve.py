"""What every library's script shares: the command line, the clock and the file of a run."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--problem", choices=("burgers", "poisson-2d"), required=True)
    parser.add_argument("--grid", type=Path, required=True, help="npz: points, exact")
    parser.add_argument("--curve", type=Path, required=True, help="file for the JSON lines")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--budget", type=float, required=True, help="seconds of training")
    parser.add_argument("--target", type=float, default=0.0, help="error at which to stop")
    parser.add_argument("--recipe", choices=("best", "example", "larger-ridge"), default="best")
    return parser.parse_args()


class Curve:
    """Seconds of training against relative L2; the clock stands still while errors are measured.

    The clock starts when this is made: after imports, before anything is built or compiled.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        with np.load(options.grid, allow_pickle=False) as grid:
            self.points, self.exact = grid["points"], grid["exact"]
        self.budget, self.target = options.budget, options.target
        self.file = options.curve.open("w", encoding="utf-8")
        self.begin = time.perf_counter()
        self.measuring = 0.0

    def about(self, *, versions: str, recipe: str) -> None:
        """The first line."""
        print(json.dumps({"versions": versions, "recipe": recipe}), file=self.file, flush=True)

    def record(self, step: int, predict: Callable[[np.ndarray], np.ndarray]) -> bool:
        """A further line; whether the budget is used up or the target reached."""
        now = time.perf_counter()
        seconds = now - self.begin - self.measuring
        difference = np.ravel(predict(self.points)) - self.exact
        error = float(np.linalg.norm(difference) / np.linalg.norm(self.exact))
        line = {"step": step, "seconds": round(seconds, 3), "error": error}
        print(json.dumps(line), file=self.file, flush=True)
        self.measuring += time.perf_counter() - now
        return seconds >= self.budget or error <= self.target
