"""Checkpoints survive what disks and people do to them, or say that they did not."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint
import pytest

import physml as pm
from physml.errors import CheckpointError
from physml.train import checkpoint


class State(NamedTuple):
    step: jax.Array
    params: dict
    nothing: tuple
    key: jax.Array


def state(seed: int) -> State:
    weights = jax.random.normal(jax.random.key(seed), (5, 3))
    params = {"w/with slash": weights, "b": jnp.float32(seed), "none": None}
    return State(jnp.int32(seed), params, (), jax.random.key(seed))


def same(a: State, b: State) -> bool:
    raw = lambda x: jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(
        x.dtype == y.dtype and np.asarray(raw(x)).tobytes() == np.asarray(raw(y)).tobytes()
        for x, y in pairs
    )


def arrays(folder):
    """The largest file of arrays: where the numbers are."""
    files = (p for p in (folder / "arrays").rglob("*") if p.is_file())
    return max(files, key=lambda p: p.stat().st_size)


def test_round_trip_is_bit_for_bit(tmp_path):
    checkpoint.save(tmp_path, 3, state(3))
    assert same(checkpoint.restore(tmp_path, 3, state(9)), state(3))


def test_the_newest_few_are_kept(tmp_path):
    for step in range(6):
        checkpoint.save(tmp_path, step, state(step), keep=2)
    assert checkpoint.steps(tmp_path) == [4, 5]
    assert checkpoint.restore_latest(tmp_path, state(0))[0] == 5


def test_nothing_saved_is_none(tmp_path):
    assert checkpoint.restore_latest(tmp_path / "absent", state(0)) is None


def flip_bit(folder):
    path = arrays(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(folder):
    path = arrays(folder)
    path.write_bytes(path.read_bytes()[:-7])


def lose_a_file(folder):
    arrays(folder).unlink()


def lose_the_manifest(folder):
    (folder / "manifest.json").unlink()


def edit_the_manifest(folder):
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    document["manifest"]["step"] = 4
    path.write_text(json.dumps(document))


def empty_the_manifest(folder):
    (folder / "manifest.json").write_text("")


def nest_the_manifest(folder):
    (folder / "manifest.json").write_text("[" * 10**5)


def list_in_the_manifest(folder):
    (folder / "manifest.json").write_text('{"manifest": ["format"], "sha256": 1}')


def make_the_manifest_a_pipe(folder):
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")


def make_the_arrays_a_folder(folder):
    path = arrays(folder)
    path.unlink()
    path.mkdir()


DAMAGES = [
    flip_bit, cut, lose_a_file, lose_the_manifest, edit_the_manifest, empty_the_manifest,
    nest_the_manifest, list_in_the_manifest, make_the_manifest_a_pipe, make_the_arrays_a_folder,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_noticed_and_the_one_before_is_used(tmp_path, damage):
    checkpoint.save(tmp_path, 1, state(1))
    damage(checkpoint.save(tmp_path, 2, state(2)))
    with pytest.raises(CheckpointError, match="0000000002"):
        checkpoint.restore(tmp_path, 2, state(0))
    with pytest.warns(UserWarning, match="passed over"):
        step, restored = checkpoint.restore_latest(tmp_path, state(0))
    assert step == 1 and same(restored, state(1))


@pytest.mark.parametrize("damage", [flip_bit, lose_a_file, empty_the_manifest])
def test_what_was_damaged_is_written_again(tmp_path, damage):
    """The steps since the last whole checkpoint are done once more, not at each resume."""
    taken = []

    def train(run):
        objective = pm.least_squares({"line": lambda slope, x: slope * x - x})
        sampler, update = pm.fixed({"line": jnp.ones(3)}), lambda now: taken.append(now.step)
        return pm.fit(
            objective, sampler, pm.natural_gradient(0.1), jnp.zeros(()), steps=4,
            key=jax.random.key(0), run=run, callbacks=[pm.every(1, update)],
        ).params  # fmt: skip

    run = pm.Run.create(tmp_path / "run", checkpoint_seconds=0.0)
    with run:
        first = train(run)
    damage(run.checkpoints("train") / "0000000004")
    with pm.Run.reopen(tmp_path / "run") as run, pytest.warns(UserWarning, match="moved to"):
        assert train(run) == first
    assert taken == [1, 2, 3, 4, 4]
    with pm.Run.reopen(tmp_path / "run") as run:
        assert train(run) == first
    assert taken == [1, 2, 3, 4, 4]
    assert [p.name for p in run.checkpoints("train").glob("*.damaged*")] == ["0000000004.damaged"]


def test_saving_over_a_damaged_checkpoint_replaces_it(tmp_path):
    for n in range(2):
        cut(checkpoint.save(tmp_path, 2, state(n)))
        with pytest.warns(UserWarning, match="moved to"):
            checkpoint.save(tmp_path, 2, state(9))
        assert same(checkpoint.restore(tmp_path, 2, state(0)), state(9))
    assert len(list(tmp_path.glob("*.damaged*"))) == 2


def test_every_flipped_bit_of_the_arrays_is_noticed(tmp_path):
    folder = checkpoint.save(tmp_path, 1, state(1))
    path = arrays(folder)
    whole = path.read_bytes()
    for position in np.random.default_rng(0).integers(0, len(whole), 20):
        data = bytearray(whole)
        data[position] ^= 1 << int(position % 8)
        path.write_bytes(bytes(data))
        with pytest.raises(CheckpointError, match="altered"):
            checkpoint.restore(tmp_path, 1, state(0))


def test_all_damaged_is_an_error_not_a_fresh_start(tmp_path):
    cut(checkpoint.save(tmp_path, 1, state(1)))
    for _ in range(2):  # nor at the second try
        with pytest.raises(CheckpointError, match="no checkpoint"):
            checkpoint.restore_latest(tmp_path, state(0))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("shape", lambda s: s._replace(params={**s.params, "b": jnp.zeros(2, jnp.float32)})),
        ("dtype", lambda s: s._replace(params={**s.params, "b": jnp.zeros((), jnp.float64)})),
        ("missing leaf", lambda s: s._replace(params={"b": s.params["b"], "none": None})),
        ("extra leaf", lambda s: s._replace(nothing=(jnp.zeros(1),))),
    ],
)
def test_another_structure_is_named(tmp_path, name, change):
    checkpoint.save(tmp_path, 1, state(1))
    with pytest.raises(CheckpointError, match=r"expected .* found"):
        checkpoint.restore(tmp_path, 1, change(state(1)))


@pytest.mark.parametrize("name", ["arrays", "manifest.json"])
def test_a_file_that_cannot_be_read_is_damage_too(tmp_path, monkeypatch, name):
    """The error of the disk went up as it came, though a whole checkpoint stood before."""
    for step in (1, 2):
        checkpoint.save(tmp_path, step, state(step))
    read = Path.read_bytes

    def failing(path):
        if {"0000000002", name} <= set(path.parts):
            raise OSError(5, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.warns(UserWarning, match=r"0000000002\.damaged: .*Input/output error"):
        step, restored = checkpoint.restore_latest(tmp_path, state(0))
    assert step == 1 and same(restored, state(1))


def test_a_damaged_one_that_cannot_be_moved_is_passed_over_where_it_stands(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, 1, state(1))
    cut(checkpoint.save(tmp_path, 2, state(2)))

    def refused(*args):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.warns(UserWarning, match=r"left where it is .*Read-only"):
        assert checkpoint.newest(tmp_path).step == 1
    with pytest.raises(CheckpointError, match=r"step 2 .*Read-only"):
        checkpoint.save(tmp_path, 2, state(2))


def test_types_of_jax_s_own_come_back(tmp_path):
    tree = {"a": jnp.full((2, 1), 1.5, jnp.bfloat16), "b": jnp.ones((), jnp.bfloat16)}
    tree |= {"c": jnp.zeros((0, 3)), "d": jnp.array(True), "e": jnp.ones(2, jnp.complex64)}
    checkpoint.save(tmp_path, 0, tree)
    found = checkpoint.restore(tmp_path, 0, tree)
    for name, leaf in tree.items():
        assert found[name].dtype == leaf.dtype and np.array_equal(found[name], leaf)


def full(*args, **kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("module", "call"),
    [
        (os, "posix_fallocate"),
        (orbax.checkpoint.StandardCheckpointer, "save"),
        (os, "fsync"),
        (os, "replace"),
        (Path, "write_text"),
    ],
)
def test_a_full_disk_keeps_what_is_there(tmp_path, monkeypatch, module, call):
    checkpoint.save(tmp_path, 1, state(1))
    monkeypatch.setattr(module, call, full)
    with pytest.raises(CheckpointError, match="No space left"):
        checkpoint.save(tmp_path, 2, state(2))
    assert checkpoint.steps(tmp_path) == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["0000000001"]


def test_a_folder_that_cannot_be_made_is_named_at_once(tmp_path, capfd):
    """Orbax's threads waited 300 s for it, and logged 116 lines."""
    (tmp_path / "checkpoints").write_text("a file, as on a disk that cannot be written")
    with pytest.raises(CheckpointError, match=r"step 1 .* could not be written"):
        checkpoint.save(tmp_path / "checkpoints" / "train", 1, state(1))
    assert capfd.readouterr() == ("", "")


def test_a_checkpoint_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done, sync, rename = [], os.fsync, os.replace

    def synced(number):
        sync(number)
        done.append(Path(f"/proc/self/fd/{number}").resolve().name)

    def renamed(before, after):
        rename(before, after)
        done.append(f"named {Path(after).name}")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    checkpoint.save(tmp_path / "train", 1, state(1))
    at = done.index("named 0000000001")
    assert {"arrays", "manifest.json", ".partial.0000000001"} <= set(done[:at])
    assert done[at + 1 :] == ["train"], "nor is it told before its name is on the disk"


@pytest.mark.parametrize("name", ["²", "٣", "12", "00000000012", "+000000012", "0000000012x"])
def test_folders_of_other_names_are_no_checkpoints(tmp_path, name):
    checkpoint.save(tmp_path, 1, state(1))
    (tmp_path / name).mkdir()
    assert checkpoint.steps(tmp_path) == [1]


def test_a_half_written_checkpoint_is_not_seen(tmp_path):
    whole = checkpoint.save(tmp_path, 1, state(1))
    shutil.copytree(whole, tmp_path / ".partial.0000000002")
    assert checkpoint.steps(tmp_path) == [1]
    checkpoint.save(tmp_path, 2, state(2))
    assert same(checkpoint.restore(tmp_path, 2, state(0)), state(2))


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    """The folders stayed in 16 of 40 runs that were killed."""
    checkpoint.save(tmp_path, 1, state(1))
    for name in (".partial.0000000002", ".0000000002.partial", ".partial.mine"):
        (tmp_path / name).mkdir()
    checkpoint.clear(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"0000000001", ".partial.mine"}


def test_a_resumed_fit_refuses_another_network(tmp_path):
    def train(width: int, run: pm.Run):
        network = pm.MLP((width,))
        objective = pm.least_squares({"data": lambda p, z: network.apply(p, z)})
        params = network.init(jax.random.key(0), jnp.zeros(1))
        sampler = pm.fixed({"data": jnp.ones((4, 1))})
        pm.fit(
            objective,
            sampler,
            pm.natural_gradient(0.1),
            params,
            steps=2,
            key=jax.random.key(0),
            run=run,
        )

    with pm.Run.create(tmp_path / "run") as run:
        train(4, run)
    with pm.Run.reopen(tmp_path / "run") as run:
        with pytest.raises(CheckpointError, match=r"the parameters .* config\.json"):
            train(5, run)
        train(4, run)  # it stands where it stood
