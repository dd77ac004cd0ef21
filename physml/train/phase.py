"""Which phase of a run a fit is: the stored one that it goes on with, or a new one.

A phase is known by its name and its fingerprint. In one open run a name may serve for several
fits, as in a loop: those that differ are numbered, ``train``, ``train-2``, ..., in the order in
which they come, and so found again by the same loop over the reopened run. So are those that differ
in a part that makes them others, as measurements of a state that was trained further since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from jax import Array

from physml.errors import CheckpointError
from physml.train import checkpoint, fingerprint
from physml.train.run import Run


def begin(
    run: Run, phase: str, asked: Mapping[str, Any], *, another: Collection[str] = ()
) -> tuple[str, checkpoint.Found | None]:
    """Find the place of a fit in a run.

    Args:
        run: open.
        phase: the name that the fit was given.
        asked: its fingerprint.
        another: parts of it: one that an earlier process left, and that differs in one of these, is
            another, which stays as it is; this one has a number then.

    Returns:
        The phase's name, with a number where others have it already, and the newest checkpoint to
        go on from.

    Raises:
        CheckpointError: when none of its checkpoints is whole.
        FingerprintError: when one that an earlier process left is of another fit.
    """
    name, n = phase, 1
    while True:
        begun = run.begun.get(name)
        if begun is None or not any(fingerprint.compare(asked, begun)):
            checkpoint.clear(run.checkpoints(name))
            found = checkpoint.newest(run.checkpoints(name))
            stored = None if found is None or begun is not None else found.fingerprint
            if stored is None or not _differ(asked, stored, another):
                break
        n += 1
        name = f"{phase}-{n}"
    if found is not None and begun is None:
        fingerprint.check(
            asked,
            found.fingerprint,
            f"phase {name!r} of {run.directory}",
            "Go on with the settings that it was begun with (those in config.json, for a run of "
            "the command line), or give this fit a phase=... or a run directory of its own",
        )
    run.begun[name] = asked
    return name, found


def begun_by(run: Run, key: Array) -> bool:
    """Whether a phase that is kept in a run was begun by a key."""
    seed = fingerprint.seed(key)
    folders = run.directory / "checkpoints"
    for folder in sorted(folders.glob("*/")):
        for step in reversed(checkpoint.steps(folder)):
            try:
                stored = checkpoint.verified(folder, step).fingerprint or {"parts": {}}
            except CheckpointError:
                continue
            if stored["parts"].get("the seed", {}).get("value") == seed:
                return True
            break
    return False


def _differ(here: Mapping[str, Any], there: Mapping[str, Any], parts: Collection[str]) -> bool:
    return any(here["parts"].get(part) != there["parts"].get(part) for part in parts)
