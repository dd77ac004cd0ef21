"""A Gaussian process on disk: its observations and hyperparameters, known again by the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from physml.errors import CheckpointError, FingerprintError
from physml.learn.bayes.covariance import Fixed
from physml.learn.bayes.observed import Observed
from physml.train.study import Study
from physml.types import Field, LocalOperator

if TYPE_CHECKING:
    from physml.learn.bayes.process import GaussianProcess

# Other machines round otherwise, and covariances without noise are singular but for rounding.
_SAME = 1e-3


def save(process: GaussianProcess, directory: str | Path) -> Path:
    """See ``GaussianProcess.save``."""
    arrays: dict[str, np.ndarray] = {"starts": process.starts}
    names = [one.noise if isinstance(one.noise, str) else None for one in process.observed]
    for i, one in enumerate(process.observed):
        arrays |= {f"points/{i}": one.points, f"values/{i}": one.values}
        if names[i] is None:
            arrays[f"noise/{i}"] = np.asarray(one.noise)
    found = {**process.numbers(), "noise_names": names}
    return Study("gaussian-process", found, {}, arrays).save(directory)


def load(
    directory: str | Path,
    kernel: Any,
    operators: tuple[LocalOperator | None, ...],
    mean: Field | None,
) -> GaussianProcess:
    """See ``GaussianProcess.load``."""
    from physml.learn.bayes.process import GaussianProcess

    kept = Study.load(directory)
    if kept.entry != "gaussian-process":
        raise CheckpointError(f"{directory}: expected a Gaussian process, got {kept.entry}")
    names = kept.found["noise_names"]
    if len(operators) != len(names):
        raise CheckpointError(
            f"operators: expected one for each of {len(names)} Observed, None for values of u, "
            f"got {len(operators)}"
        )
    read = kept.arrays
    observed = tuple(
        Observed(
            read[f"points/{i}"],
            read[f"values/{i}"],
            operator,
            read[f"noise/{i}"] if name is None else name,
        )
        for i, (operator, name) in enumerate(zip(operators, names, strict=True))
    )
    hyperparameters = {n: np.asarray(v) for n, v in kept.found["hyperparameters"].items()}
    family = kernel if hyperparameters else Fixed(kernel)
    process = GaussianProcess(family, observed, hyperparameters, mean, read["starts"])
    stored = kept.found["log_evidence"]
    if not abs(process.log_evidence - stored) <= _SAME * (1 + abs(stored)):
        raise FingerprintError(
            f"{directory}: was saved with the log evidence {stored:.6g}, and kernel, operators and "
            f"mean given give {process.log_evidence:.6g}: give those of the saved process"
        )
    return process
