"""Checkpoints: a pytree of arrays saved whole, verified by digest, restored bit for bit.

A checkpoint is a folder named by its step. Orbax writes the arrays; a manifest beside them holds
the name, shape and type of each leaf and the SHA-256 of each file, since a flipped bit or a
silent cast would otherwise go unnoticed. Folders appear under their final name only when whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from physml.errors import CheckpointError

FORMAT = 1
"""Version of the layout below a checkpoint's folder."""

_MANIFEST = "manifest.json"
_ARRAYS = "arrays"


def save(folder: Path, step: int, tree: Any, *, keep: int = 3) -> Path:
    """Save a pytree of arrays as ``folder/step``, then delete all but the newest ``keep``.

    Args:
        folder: where the checkpoints of one phase lie.
        step: names the checkpoint; one that already stands is left as it is.
        tree: arrays and typed random keys.
        keep: how many to leave.

    Returns:
        The checkpoint's folder.

    Raises:
        CheckpointError: when it cannot be written (a full disk); older checkpoints stay.
    """
    folder = Path(folder).absolute()
    final = folder / f"{step:010d}"
    if final.exists():
        return final
    partial = folder / f".{step:010d}.partial"
    arrays = {name: np.asarray(leaf) for name, leaf in _named_leaves(tree).items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        with ocp.StandardCheckpointer() as writer:
            writer.save(partial / _ARRAYS, arrays)
            writer.wait_until_finished()
        manifest = {
            "format": FORMAT,
            "step": step,
            "leaves": {name: [list(a.shape), str(a.dtype)] for name, a in arrays.items()},
            "sha256": _digests(partial),
        }
        document = {
            "manifest": manifest,
            "sha256": hashlib.sha256(_canonical(manifest)).hexdigest(),
        }
        (partial / _MANIFEST).write_text(json.dumps(document, indent=1, sort_keys=True))
        os.replace(partial, final)
    except Exception as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointError(
            f"checkpoint of step {step} in {folder}: could not be written ({error}). Earlier "
            "checkpoints are untouched; free some space or choose another run directory"
        ) from error
    for old in steps(folder)[:-keep]:
        shutil.rmtree(folder / f"{old:010d}", ignore_errors=True)
    return final


def steps(folder: Path) -> list[int]:
    """The steps with a checkpoint in a folder, ascending."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit() and p.is_dir())


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
    path = Path(folder).absolute() / f"{step:010d}"
    manifest = _verified_manifest(path)
    expected = {name: np.asarray(leaf) for name, leaf in _named_leaves(like).items()}
    described = {name: [list(a.shape), str(a.dtype)] for name, a in expected.items()}
    for name in [*described, *manifest["leaves"]]:
        here, there = described.get(name), manifest["leaves"].get(name)
        if here != there:
            raise CheckpointError(
                f"checkpoint {path}: leaf {name}: expected {here or 'nothing'}, found "
                f"{there or 'nothing'}. It belongs to a run with another network, optimizer, "
                "sampler or precision: resume with the settings in config.json"
            )
    template = {n: jax.ShapeDtypeStruct(a.shape, a.dtype) for n, a in expected.items()}
    try:
        with ocp.StandardCheckpointer() as reader:
            arrays = reader.restore(path / _ARRAYS, template)
    except Exception as error:
        raise CheckpointError(f"checkpoint {path}: could not be read ({error})") from error

    def rebuild(name: str, leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(arrays[name], impl=jax.random.key_impl(leaf))
        return jnp.asarray(arrays[name])

    leaves = [rebuild(name, leaf) for name, leaf in _leaves_with_names(like)]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def restore_latest(folder: Path, like: Any) -> tuple[int, Any] | None:
    """Restore the newest checkpoint that is whole, warning of each damaged one passed over.

    Args:
        folder: where the checkpoints of one phase lie.
        like: a pytree of the same structure, shapes and types.

    Returns:
        ``(step, tree)``, or None where there is no checkpoint.

    Raises:
        CheckpointError: when checkpoints stand there and none of them is whole.
    """
    failures = []
    for step in reversed(steps(folder)):
        try:
            return step, restore(folder, step, like)
        except CheckpointError as error:
            failures.append(str(error))
            warnings.warn(f"passed over: {error}", stacklevel=2)
    if failures:
        raise CheckpointError(f"no checkpoint in {folder} can be used: " + "; ".join(failures))
    return None


def _leaves_with_names(tree: Any) -> list[tuple[str, Any]]:
    flat, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [
        (f"{i:04d}{jax.tree_util.keystr(path)}".replace("/", "|"), jnp.asarray(leaf))
        for i, (path, leaf) in enumerate(flat)
    ]


def _named_leaves(tree: Any) -> dict[str, Any]:
    return {
        name: jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        for name, leaf in _leaves_with_names(tree)
    }


def _canonical(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def _digests(path: Path) -> dict[str, str]:
    files = sorted(f for f in (path / _ARRAYS).rglob("*") if f.is_file())
    return {str(f.relative_to(path)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def _verified_manifest(path: Path) -> dict[str, Any]:
    try:
        document = json.loads((path / _MANIFEST).read_text())
        manifest, digest = document["manifest"], document["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"checkpoint {path}: no readable manifest ({error})") from error
    if hashlib.sha256(_canonical(manifest)).hexdigest() != digest:
        raise CheckpointError(f"checkpoint {path}: the manifest was altered")
    if manifest["format"] != FORMAT:
        raise CheckpointError(
            f"checkpoint {path}: format {manifest['format']}, this version reads {FORMAT}"
        )
    found = _digests(path)
    wrong = sorted(
        n
        for n in found.keys() | manifest["sha256"].keys()
        if found.get(n) != manifest["sha256"].get(n)
    )
    if wrong:
        raise CheckpointError(f"checkpoint {path}: cut or altered file(s): {', '.join(wrong)}")
    return dict(manifest)
