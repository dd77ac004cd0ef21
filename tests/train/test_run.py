"""Run directories: one process, no silent overwriting, whole files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import physml as pm
from physml.errors import CheckpointError, RunDirectoryError
from physml.train import checkpoint, run_manifest


def test_a_run_stores_its_settings(tmp_path):
    with pm.Run.create(tmp_path / "a" / "b", {"seed": 3}) as run:
        assert run.config == {"seed": 3}
    with pm.Run.reopen(tmp_path / "a" / "b") as run:
        assert run.config == {"seed": 3}


def test_a_standing_run_is_not_overwritten_unasked(tmp_path):
    with pm.Run.create(tmp_path, {"seed": 1}) as run:
        run.append("metrics.jsonl", [{"phase": "train", "step": 0}])
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunDirectoryError, match="already holds a run"):
        pm.Run.create(tmp_path)
    with pm.Run.create(tmp_path, {"seed": 2}, overwrite=True) as run:
        assert run.rows("metrics.jsonl", "train") == []
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_second_holder_is_refused(tmp_path):
    with pm.Run.create(tmp_path):
        with pytest.raises(RunDirectoryError, match="another process"):
            pm.Run.reopen(tmp_path)
        script = f"import physml as pm; pm.Run.reopen({str(tmp_path)!r})"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode == 1 and "RunDirectoryError" in done.stderr
    pm.Run.reopen(tmp_path).close()


def test_no_run_there_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match=r"config\.json"):
        pm.Run.reopen(tmp_path / "absent")
    (tmp_path / "config.json").write_text('{"seed": ')
    with pytest.raises(RunDirectoryError, match=r"config\.json"):
        pm.Run.reopen(tmp_path)


def test_a_path_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="cannot be made"):
        pm.Run.create(tmp_path / "file")


def test_trim_drops_later_steps_later_phases_and_half_lines(tmp_path):
    with pm.Run.create(tmp_path) as run:
        rows = [{"phase": "a", "step": i} for i in range(3)]
        rows += [{"phase": "b", "step": i} for i in range(3)]
        run.append("metrics.jsonl", rows)
        with (tmp_path / "metrics.jsonl").open("a") as file:
            file.write('{"phase": "b", "st')
        run.trim("metrics.jsonl", "b", 2)
        assert [r["step"] for r in run.rows("metrics.jsonl", "b")] == [0, 1]
        run.trim("metrics.jsonl", "a", 1)
        assert [r["step"] for r in run.rows("metrics.jsonl", "a")] == [0]
        assert run.rows("metrics.jsonl", "b") == []


def test_json_has_no_nan(tmp_path):
    with pm.Run.create(tmp_path) as run:
        run.write("result.json", {"a": float("nan"), "b": [1.0, float("inf")]})
    assert json.loads((tmp_path / "result.json").read_text()) == {"a": None, "b": [1.0, None]}


def test_a_read_only_place_is_named(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunDirectoryError, match="Permission denied"):
        pm.Run.create(tmp_path / "run")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with pm.Run.create(tmp_path) as run:
        monkeypatch.setattr(Path, "open", full)
        with pytest.raises(RunDirectoryError, match=r"metrics\.jsonl.*No space left"):
            run.append("metrics.jsonl", [{"phase": "train", "step": 0}])


def everything(folder):
    """Every file and link below a folder, with what it holds."""
    return {
        str(path.relative_to(folder)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


FOREIGN = {
    "a folder of settings and checkpoints": {"config.json": "{}", "checkpoints/best/0001.pt": "w"},
    "results of another program": {"result.json": "{}", "notes.txt": "mine"},
    "metrics alone": {"metrics.jsonl": '{"loss": 1.0}\n'},
    "a lock of another program": {"lock": "4711", "config.json": '{"seed": 1}'},
    "a list of another program": {"physml.json": '{"written": {}}', "config.json": "{}"},
    "words for a list": {"physml.json": "todo", "lock": "", "config.json": '{"physml": 1}'},
}


@pytest.mark.parametrize("overwrite", [False, True], ids=["create", "overwrite"])
@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN)
def test_what_no_run_wrote_is_neither_replaced_nor_deleted(tmp_path, files, overwrite):
    """Overwriting deleted the settings and checkpoints of any folder."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = everything(tmp_path)
    with pytest.raises(RunDirectoryError, match="which no run wrote there"):
        pm.Run.create(tmp_path, overwrite=overwrite)
    with pytest.raises(RunDirectoryError, match="expected a directory that an earlier run made"):
        pm.Run.reopen(tmp_path)
    assert everything(tmp_path) == before


def filled(path):
    """A run with a checkpoint, rows, a result and a figure."""
    run = pm.Run.create(path, {"seed": 1})
    checkpoint.save(run.checkpoints("train"), 3, {"w": np.ones(2)})
    run.append("metrics.jsonl", [{"phase": "train", "step": 0}])
    run.write("result.json", {"loss": 0.0})
    run.add("curve.txt", lambda path: path.write_text("of the run"))
    run.close()


def test_overwriting_deletes_what_the_run_wrote_and_nothing_else(tmp_path):
    filled(tmp_path)
    mine = ("notes.txt", "checkpoints/mine.pt", "checkpoints/train/best.pt", "config.json.bak")
    for name in mine:
        (tmp_path / name).write_text("mine")
    pm.Run.create(tmp_path, {"seed": 2}, overwrite=True).close()
    left = everything(tmp_path)
    assert set(left) == {*mine, "config.json", "physml.json", "lock"}
    assert all(left[name] == b"mine" for name in mine)


def test_a_file_is_added_to_a_run_whole_and_never_over_one_of_others(tmp_path):
    with pm.Run.create(tmp_path) as run:
        (tmp_path / "figure.txt").write_text("mine")
        with pytest.raises(RunDirectoryError, match=r"figure\.txt, which no run wrote"):
            run.add("figure.txt", lambda path: path.write_text("of the run"))
        assert (tmp_path / "figure.txt").read_text() == "mine"

        def half(path):
            path.write_text("hal")
            raise OSError("no space left")

        with pytest.raises(OSError, match="no space"):
            run.add("other.txt", half)
        assert not list(tmp_path.glob("*other*"))
        for text in ("first", "second"):
            run.add("own.txt", lambda path, text=text: path.write_text(text))
        assert (tmp_path / "own.txt").read_text() == "second"


@pytest.mark.parametrize("name", ["config.json", "checkpoints", "metrics.jsonl", "lock"])
def test_links_are_not_followed_out_of_a_run(tmp_path, name):
    outside, path = tmp_path / "outside", tmp_path / "run"
    outside.mkdir()
    filled(outside)
    filled(path)
    (path / name).rename(path / "aside")
    (path / name).symlink_to(outside / name)
    before = everything(tmp_path)
    with pytest.raises(RunDirectoryError, match="link"):
        pm.Run.create(path, overwrite=True)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("begun", ["by the library", "by the command line"])
def test_runs_begun_without_a_list_of_their_files_go_on_and_are_overwritten(tmp_path, begun):
    for path in (tmp_path / "again", tmp_path / "over"):
        filled(path)
        (path / "physml.json").unlink()
        if begun == "by the command line":
            (path / "config.json").write_text('{"physml": "0.1.0"}')
            (path / "solution.png").write_text("drawn")
    with pm.Run.reopen(tmp_path / "again") as run:
        run.add("curve2.txt", lambda path: path.write_text("more"))
    pm.Run.create(tmp_path / "again", overwrite=True).close()
    pm.Run.create(tmp_path / "over", overwrite=True).close()
    for path in (tmp_path / "again", tmp_path / "over"):
        kept = {"config.json", "physml.json", "lock", "curve.txt"}  # the curve was on no list
        assert set(everything(path)) == kept


def test_a_run_without_a_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (pm.Run.create, pm.Run.reopen):
        with pytest.raises(RunDirectoryError, match="expected a name, got an empty one"):
            call("")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["[1]", "null", "{", "[" * 10**5, "1" * 5000, "\x80", ""])
def test_settings_that_are_none_are_named(tmp_path, content):
    pm.Run.create(tmp_path).close()
    (tmp_path / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(RunDirectoryError, match=r"config\.json"):
        pm.Run.reopen(tmp_path)


def test_settings_that_were_altered_are_told(tmp_path):
    pm.Run.create(tmp_path, {"seed": 1}).close()
    (tmp_path / "config.json").write_text('{"seed": 2}')
    with pytest.warns(UserWarning, match=r"config\.json: was altered since the run wrote it"):
        pm.Run.reopen(tmp_path).close()


def test_every_flipped_bit_of_the_list_of_files_is_noticed(tmp_path):
    filled(tmp_path)
    path = tmp_path / "physml.json"
    whole = path.read_bytes()
    names = set(run_manifest.written(tmp_path))
    for bit in range(0, 8 * len(whole), 41):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        found = run_manifest.listed(tmp_path)
        assert not found.names or found.names == names  # of a space nothing depends
    path.write_bytes(whole.replace(b"curve", b"curwe"))
    with pytest.raises(
        RunDirectoryError, match=r"physml\.json.* is damaged .* remove physml\.json"
    ):
        pm.Run.reopen(tmp_path)
    path.unlink()
    pm.Run.reopen(tmp_path).close()


def test_a_file_that_was_altered_is_told_by_its_digest(tmp_path):
    filled(tmp_path)
    assert run_manifest.read(tmp_path, "curve.txt") == b"of the run"
    (tmp_path / "curve.txt").write_text("of the rum")
    with pytest.raises(RunDirectoryError, match=r"curve\.txt: was altered since"):
        run_manifest.read(tmp_path, "curve.txt")


def test_a_folder_in_place_of_a_file_is_found_before_anything_is_deleted(tmp_path):
    """The settings were gone when its deletion failed."""
    filled(tmp_path)
    (tmp_path / "curve.txt").unlink()
    (tmp_path / "curve.txt").mkdir()
    before = everything(tmp_path)
    with pytest.raises(RunDirectoryError, match=r"curve\.txt"):
        pm.Run.create(tmp_path, overwrite=True)
    assert everything(tmp_path) == before
    with pm.Run.reopen(tmp_path) as run, pytest.raises(RunDirectoryError, match=r"curve\.txt"):
        run.add("curve.txt", lambda path: path.write_text("again"))


def test_checkpoints_of_a_phase_behind_a_link_are_not_written_to(tmp_path):
    filled(tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "train").rename(tmp_path / "aside")
    (tmp_path / "run" / "checkpoints" / "train").symlink_to(tmp_path / "aside")
    before = everything(tmp_path)
    with pytest.raises(RunDirectoryError, match="checkpoints/train"):
        pm.Run.create(tmp_path / "run", overwrite=True)
    assert everything(tmp_path) == before


def test_what_cannot_be_deleted_is_named_and_lets_go(tmp_path, monkeypatch):
    filled(tmp_path)

    def refused(*args, **options):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        with pytest.raises(RunDirectoryError, match="Read-only file system"):
            pm.Run.create(tmp_path, overwrite=True)
    pm.Run.reopen(tmp_path).close()


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    filled(tmp_path)

    def killed(path):
        path.mkdir()
        raise KeyboardInterrupt

    with pm.Run.reopen(tmp_path) as run:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("physml.train.whole_file.remove", lambda path: None)
            patch.setattr("physml.train.run.Run._list", lambda *args: None)
            patch.setattr("physml.train.run_manifest.clear", lambda path: None)
            for call in (run.add, run.add_folder):
                with pytest.raises(KeyboardInterrupt):
                    call("result" if call == run.add_folder else "curve.txt", killed)
        listed = run_manifest.listed(tmp_path)
        run._list(listed._replace(names=listed.names | {".partial.result"}))
    (tmp_path / ".partial.mine").write_text("mine")
    assert len(list(tmp_path.glob(".partial.*"))) == 3
    pm.Run.reopen(tmp_path).close()
    assert [p.name for p in tmp_path.glob(".partial.*")] == [".partial.mine"]


def test_an_earlier_result_stands_until_there_is_another(tmp_path):
    """Resuming for more threw it away first."""
    filled(tmp_path)
    with pm.Run.reopen(tmp_path) as run:
        run.add("extra.txt", lambda path: path.write_text("of the first result alone"))
        with run.ask_for_more({"seed": 1, "steps": 9}):
            pass
    assert run_manifest.listed(tmp_path).superseded
    assert json.loads((tmp_path / "result.json").read_text()) == {"loss": 0.0}
    with pm.Run.reopen(tmp_path) as run:
        assert run.config["steps"] == 9
        run.add("curve.txt", lambda path: path.write_text("of the second"))
        run.finish({"loss": 1.0})
    assert not run_manifest.listed(tmp_path).superseded
    assert json.loads(run_manifest.read(tmp_path, "result.json")) == {"loss": 1.0}
    assert run_manifest.read(tmp_path, "curve.txt") == b"of the second"
    assert not (tmp_path / "extra.txt").exists()


@pytest.mark.parametrize("steps", [0, 1])
def test_settings_of_a_run_that_cannot_go_on_are_put_back(tmp_path, steps):
    """A resume for more that failed at a damaged checkpoint had rewritten them."""
    filled(tmp_path)
    with (
        pm.Run.reopen(tmp_path) as run,
        pytest.raises(CheckpointError),
        run.ask_for_more({"seed": 1, "steps": 9}),
    ):
        run.append("metrics.jsonl", [{"phase": "fit", "step": 5, "loss": 0.1}] * steps)
        raise CheckpointError("no readable checkpoint, or a disk that is full")
    assert run_manifest.listed(tmp_path).superseded == bool(steps)
    assert ("steps" in json.loads((tmp_path / "config.json").read_text())) == bool(steps)
    assert json.loads((tmp_path / "result.json").read_text()) == {"loss": 0.0}
