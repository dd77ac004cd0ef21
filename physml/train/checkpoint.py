"""Checkpoints: a pytree of arrays saved whole, verified by digest, restored bit for bit.

A checkpoint is a folder named by its step: the arrays in a file, and beside them a manifest with
the name, shape and type of each leaf and the SHA-256 of each file, since a flipped bit or a
silent cast would otherwise go unnoticed. Folders appear under their final name only when whole and
on the disk. One that was damaged since is moved aside, as ``STEP.damaged``, and its steps are done
again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import CheckpointError
from physml.train import array_file, whole_file

FORMAT = 1
"""Version of the layout below a checkpoint's folder."""

_MANIFEST = "manifest.json"
_PARTIAL = re.compile(r"\.partial\.[0-9]{10,}|\.[0-9]{10,}\.partial")  # of earlier versions

# Earlier versions kept a batch that never changes in the state: it is data now, see ``fit``.
_NOW_DATA = ".sampler.batch"

# What to do with what is of another structure: of a run, and of what was saved from one.
_RESUMED = (
    "It belongs to a run with another network, optimizer, sampler or precision: resume with the "
    "settings in config.json; one whose network was another in an earlier version goes on with that"
)
SAVED = "It was saved with another network or precision: load it with those that it was saved with"


class Found(NamedTuple):
    """A checkpoint whose every byte was checked.

    Attributes:
        step: its step.
        path: its folder.
        manifest: what it holds.
    """

    step: int
    path: Path
    manifest: dict[str, Any]

    @property
    def fingerprint(self) -> dict[str, Any] | None:
        """What it was saved with; None where earlier versions saved none."""
        found: dict[str, Any] | None = self.manifest.get("fingerprint")
        return found


class _DamagedError(CheckpointError):
    """Cut, altered or not readable: unlike one of other settings, of no use to anybody."""


def save(
    folder: Path,
    step: int,
    tree: Any,
    *,
    keep: int = 3,
    fingerprint: Mapping[str, Any] | None = None,
) -> Path:
    """Save a pytree of arrays as ``folder/step``, then delete all but the newest ``keep``.

    Args:
        folder: where the checkpoints of one phase lie.
        step: names the checkpoint; one that already stands whole is left as it is.
        tree: arrays and typed random keys.
        keep: how many to leave.
        fingerprint: of what the tree is a state of, plain data, kept in the manifest.

    Returns:
        The checkpoint's folder.

    Raises:
        CheckpointError: when it cannot be written (a full disk); older checkpoints stay.
    """
    folder = Path(folder).absolute()
    final = folder / f"{step:010d}"
    arrays = {name: np.asarray(leaf) for name, leaf in _named_leaves(tree).items()}

    def write(fresh: Path) -> None:
        fresh.mkdir()
        array_file.write(fresh, arrays)
        manifest = {
            "format": FORMAT,
            "step": step,
            "leaves": {name: [list(a.shape), str(a.dtype)] for name, a in arrays.items()},
            "sha256": _digests(fresh),
        } | ({} if fingerprint is None else {"fingerprint": fingerprint})
        document = {
            "manifest": manifest,
            "sha256": hashlib.sha256(_canonical(manifest)).hexdigest(),
        }
        (fresh / _MANIFEST).write_text(json.dumps(document, indent=1, sort_keys=True))

    try:
        if final.exists():
            try:
                _verified_manifest(final)
            except _DamagedError as error:
                warnings.warn(f"{error}; moved to {_move_aside(final).name}", stacklevel=2)
            else:
                return final
        _make(folder)
        whole_file.write(final, write)
    except OSError as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(
            f"checkpoint of step {step} in {folder}: could not be written ({error}). Earlier "
            "checkpoints are untouched; free some space or choose another run directory"
        ) from error
    for old in steps(folder)[:-keep]:
        _remove(folder / f"{old:010d}")
    return final


def clear(folder: Path) -> None:
    """Remove what a process left that was killed while it saved; the caller holds the folder."""
    with contextlib.suppress(OSError):
        for left in [p for p in Path(folder).iterdir() if _PARTIAL.fullmatch(p.name)]:
            whole_file.remove(left)


def steps(folder: Path) -> list[int]:
    """The steps with a checkpoint in a folder, ascending.

    Raises:
        CheckpointError: when the folder cannot be read.
    """
    folder = Path(folder)
    try:
        if not folder.is_dir():
            return []
        names = [p.name for p in folder.iterdir() if _is_step(p.name) and p.is_dir()]
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be read ({error})") from error
    return sorted(int(name) for name in names)


def restore(folder: Path, step: int, like: Any) -> Any:
    """Restore ``folder/step`` into the structure of ``like``, after checking every byte.

    Args:
        folder: where the checkpoints of one phase lie.
        step: which one.
        like: a pytree of the same structure, shapes and types.

    Returns:
        The saved pytree.

    Raises:
        CheckpointError: when it is missing, cut, altered, or of another structure.
    """
    return read(verified(folder, step), like)


def verified(folder: Path, step: int) -> Found:
    """``folder/step``, every byte checked.

    Raises:
        CheckpointError: when it is missing, cut or altered.
    """
    path = Path(folder).absolute() / f"{step:010d}"
    return Found(step, path, _verified_manifest(path))


def read(found: Found, like: Any, *, may_be_new: tuple[str, ...] = (), way: str = _RESUMED) -> Any:
    """The pytree of a checkpoint that ``newest`` found, in the structure of ``like``.

    Args:
        found: the checkpoint.
        like: arrays, or their shapes and types alone.
        may_be_new: last members of the pytree, as ``.name``, of which leaves that are not stored,
            or not alike, are those of ``like``, and of which stored ones may go.
        way: what to do where it is of another structure, for the error.

    Raises:
        CheckpointError: when it is of another structure, or its arrays cannot be read.
    """
    path, leaves = found.path, found.manifest["leaves"]
    expected = {name: [list(a.shape), str(a.dtype)] for name, a in _named_leaves(like).items()}
    described = {n: kind for n, kind in expected.items() if not n[4:].startswith(may_be_new)}
    known = {n: kind for n, kind in leaves.items() if not n[4:].startswith(may_be_new)}
    stored = _stored_names(known, described)
    alike = {name[4:]: name for name in leaves.keys() - known.keys()}
    for name in expected.keys() - described.keys():
        if leaves.get(alike.get(name[4:])) == expected[name]:
            stored[name] = alike[name[4:]]
    for name in [*described, *stored]:
        here, there = expected.get(name), leaves.get(stored.get(name))
        if here != there:
            raise CheckpointError(
                f"checkpoint {path}: leaf {name}: expected {here or 'nothing'}, found "
                f"{there or 'nothing'}. {way}"
            )
    try:
        arrays = array_file.read(path, leaves)
    except Exception as error:
        raise CheckpointError(f"checkpoint {path}: could not be read ({error})") from error

    def rebuild(name: str, leaf: Any) -> Any:
        if name not in stored:
            return leaf
        value = arrays[stored[name]]
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            like_key = jnp.empty((), leaf.dtype) if _is_outline(leaf) else leaf
            return jax.random.wrap_key_data(value, impl=jax.random.key_impl(like_key))
        return jnp.asarray(value)

    leaves = [rebuild(name, leaf) for name, leaf in _leaves_with_names(like)]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def newest(folder: Path) -> Found | None:
    """The newest checkpoint that is whole.

    Each damaged one passed over is told in a warning and moved aside, so that its step can be
    saved again. They stay where no other is whole, lest a run begin anew in silence.

    Args:
        folder: where the checkpoints of one phase lie.

    Returns:
        The checkpoint, or None where there is none.

    Raises:
        CheckpointError: when checkpoints stand there and none of them is whole.
    """
    damaged: list[tuple[Path, _DamagedError]] = []
    for step in reversed(steps(folder)):
        try:
            found = verified(folder, step)
        except _DamagedError as error:
            damaged.append((Path(folder).absolute() / f"{step:010d}", error))
            continue
        for other, why in damaged:
            try:
                done = f"passed over, and moved to {_move_aside(other).name}"
            except OSError as error:  # it is in nobody's way before its step is saved again
                done = f"passed over, and left where it is ({error})"
            warnings.warn(f"{done}: {why}", stacklevel=2)
        return found
    if damaged:
        reasons = "; ".join(str(error) for _, error in damaged)
        raise CheckpointError(f"no checkpoint in {folder} can be used: {reasons}")
    return None


def restore_latest(folder: Path, like: Any) -> tuple[int, Any] | None:
    """Restore the newest checkpoint that is whole: ``newest``, then ``read``.

    Args:
        folder: where the checkpoints of one phase lie.
        like: a pytree of the same structure, shapes and types.

    Returns:
        ``(step, tree)``, or None where there is no checkpoint.

    Raises:
        CheckpointError: when none of them is whole, or the newest is of another structure.
    """
    found = newest(folder)
    return None if found is None else (found.step, read(found, like))


def _leaves_with_names(tree: Any) -> list[tuple[str, Any]]:
    flat, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [
        (
            f"{i:04d}{jax.tree_util.keystr(path)}".replace("/", "|"),
            leaf if _is_outline(leaf) else jnp.asarray(leaf),
        )
        for i, (path, leaf) in enumerate(flat)
    ]


def _named_leaves(tree: Any) -> dict[str, Any]:
    def plain(leaf: Any) -> Any:
        if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return leaf
        data = jax.random.key_data
        return jax.eval_shape(data, leaf) if _is_outline(leaf) else data(leaf)

    return {name: plain(leaf) for name, leaf in _leaves_with_names(tree)}


def _is_outline(leaf: Any) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)


def _stored_names(leaves: Iterable[str], expected: Iterable[str]) -> dict[str, str]:
    """The stored name of each leaf by the name it has now, without what has become data since."""
    known = {name[4:] for name in expected}
    kept = [n for n in sorted(leaves) if n[4:] in known or not n[4:].startswith(_NOW_DATA)]
    return {f"{i:04d}{name[4:]}": name for i, name in enumerate(kept)}


def _is_step(name: str) -> bool:
    return name.isascii() and name.isdigit() and name == f"{int(name):010d}"


def _make(folder: Path) -> None:
    """Make a folder, its name and those of the folders above it on the disk."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        whole_file.settle_names(each.parent)


def _remove(path: Path) -> None:
    """Remove a checkpoint, of which a process that is killed leaves no part under its name."""
    gone = whole_file.partial(path)
    with contextlib.suppress(OSError):
        os.replace(path, gone)
        shutil.rmtree(gone)


def _move_aside(path: Path) -> Path:
    aside, n = path.with_name(f"{path.name}.damaged"), 2
    while aside.exists():
        aside, n = path.with_name(f"{path.name}.damaged-{n}"), n + 1
    os.replace(path, aside)
    return aside


def _canonical(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def _digests(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): hashlib.sha256(whole_file.read_bytes(file)).hexdigest()
        for file in array_file.files(path)
    }


def _verified_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a checkpoint whose every byte was checked.

    Raises:
        CheckpointError: when it is of another format; a ``_DamagedError`` for all else.
    """
    try:
        document = whole_file.read_json(path / _MANIFEST)
        manifest, digest = dict(document["manifest"]), document["sha256"]
        version, files = manifest["format"], dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _DamagedError(f"checkpoint {path}: no readable manifest ({error})") from error
    if hashlib.sha256(_canonical(manifest)).hexdigest() != digest:
        raise _DamagedError(f"checkpoint {path}: the manifest was altered")
    if version != FORMAT:
        raise CheckpointError(f"checkpoint {path}: format {version}, this version reads {FORMAT}")
    try:
        found = _digests(path)
    except OSError as error:
        raise _DamagedError(f"checkpoint {path}: {error}") from error
    wrong = sorted(n for n in found.keys() | files.keys() if found.get(n) != files.get(n))
    if wrong:
        raise _DamagedError(f"checkpoint {path}: cut or altered file(s): {', '.join(wrong)}")
    return manifest
