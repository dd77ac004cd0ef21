"""Run directories: one process, no silent overwriting, whole files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import physml as pm
from physml.errors import RunDirectoryError


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
