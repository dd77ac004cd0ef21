"""Which phase of a run a fit is: the stored one that it goes on with, or a new one.

A phase is known by its name and its fingerprint. In one open run a name may serve for several
fits, as in a loop: those that differ are numbered, ``train``, ``train-2``, ..., in the order in
which they come, and so found again by the same loop over the reopened run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physml.train import checkpoint, fingerprint
from physml.train.run import Run


def begin(run: Run, phase: str, asked: Mapping[str, Any]) -> tuple[str, checkpoint.Found | None]:
    """Find the place of a fit in a run.

    Args:
        run: open.
        phase: the name that the fit was given.
        asked: its fingerprint.

    Returns:
        The phase's name, with a number where fits of this open run have it already, and the newest
        checkpoint to go on from.

    Raises:
        CheckpointError: when none of its checkpoints is whole.
        FingerprintError: when one that an earlier process left is of another fit.
    """
    name, n = phase, 1
    while name in run.begun and any(fingerprint.compare(asked, run.begun[name])):
        n += 1
        name = f"{phase}-{n}"
    checkpoint.clear(run.checkpoints(name))
    found = checkpoint.newest(run.checkpoints(name))
    if found is not None and name not in run.begun:
        fingerprint.check(
            asked,
            found.fingerprint,
            f"phase {name!r} of {run.directory}",
            "Go on with the settings that it was begun with (those in config.json, for a run of "
            "the command line), or give this fit a phase=... or a run directory of its own",
        )
    run.begun[name] = asked
    return name, found
