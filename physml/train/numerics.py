"""A digest of all that decides an entry's numbers, by which a kept figure is known to be stale."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from jax import Array

from physml.train.callbacks import Update
from physml.train.entry import Entry
from physml.train.run import Run

# Steps before those of the objective: they are plain data of the recipe.
_BEFORE = ("warm_up", "pretrain")


class _ReachedError(Exception):
    """The first step was made."""


def numerics(entry: Entry, subject: Any, recipe: Any, key: Array) -> str:
    """What decides the numbers of an entry: programs, data, weights, options, the start.

    One step is made, in a run that is thrown away, for the fingerprint of its fit: another program,
    option, point or random number makes another digest. What is measured after training, and by
    how many steps, is no part of it.

    Args:
        entry: of a catalogue.
        subject: its numbers.
        recipe: how it is solved.
        key: random key.

    Returns:
        Sixteen hexadecimal digits.

    >>> import jax, physml as pm
    >>> entry = pm.pinn.catalogue.ENTRIES["oscillator"]
    >>> key = jax.random.key(0)
    >>> len(pm.train.numerics(entry, entry.subject, entry.recipe, key))
    16
    """

    def stop(update: Update) -> None:
        del update
        raise _ReachedError

    before = {name: 0 for name in _BEFORE if hasattr(recipe, name)}
    with tempfile.TemporaryDirectory() as place, Run.create(place) as run:
        with suppress(_ReachedError):
            entry.solve(
                subject, replace(recipe, steps=1, **before), key=key, run=run, callbacks=[stop]
            )
        found = {phase: _without_rounding(parts["parts"]) for phase, parts in run.begun.items()}
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def _without_rounding(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays by six digits of their projection, since other machines round in other ways."""
    return {
        name: {
            kind: f"{found['projection']:.5e}" if kind == "numbers" else found
            for kind, found in part.items()
        }
        for name, part in parts.items()
    }
