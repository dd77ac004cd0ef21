"""A Gaussian process on disk: observations and hyperparameters, known again by what it tells."""

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
_ROUNDING = 1e-5

_PROBES = 16


def save(process: GaussianProcess, directory: str | Path) -> Path:
    """See ``GaussianProcess.save``."""
    arrays: dict[str, np.ndarray] = {"starts": process.starts}
    names = [one.noise if isinstance(one.noise, str) else None for one in process.observed]
    for i, one in enumerate(process.observed):
        arrays |= {f"points/{i}": one.points, f"values/{i}": one.values}
        if names[i] is None:
            arrays[f"noise/{i}"] = np.asarray(one.noise)
    arrays |= {"probes": (places := _probes(process)), "answers": _answers(process, places)}
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
    if "probes" in read:  # from version 0.2.2 on
        _check_answers(directory, process, read["probes"], read["answers"])
    return process


def _probes(process: GaussianProcess) -> np.ndarray:
    """Places between the observed ones, some near them, whatever the length of the kernel."""
    every = np.concatenate([one.points for one in process.observed])
    random = np.random.default_rng(0)
    here, there = every[random.integers(len(every), size=(2, _PROBES))]
    part = 0.5 * 10.0 ** -(np.arange(_PROBES) % 4)[:, None]
    return here + part * (there - here)


def _answers(process: GaussianProcess, places: np.ndarray) -> np.ndarray:
    return np.stack([process(places), process.standard_deviation(places)])


def _check_answers(
    directory: str | Path, process: GaussianProcess, places: np.ndarray, answers: np.ndarray
) -> None:
    """Of few observations many kernels have one evidence, and of one operator both signs."""
    prior = np.sqrt([process.kernel(place, place) for place in places]).max()
    for name, told, kept in zip(
        ("mean", "deviation"), _answers(process, places), answers, strict=True
    ):
        bound = _SAME * np.abs(kept).max() + _ROUNDING * prior
        if not np.allclose(told, kept, rtol=0.0, atol=bound, equal_nan=True):
            worst = int(np.argmax(np.abs(told - kept)))
            raise FingerprintError(
                f"{directory}: was saved with the {name} {kept[worst]:.6g} at "
                f"{places[worst].tolist()}, and kernel, operators and mean given give "
                f"{told[worst]:.6g}: give those of the saved process"
            )
